"""The report in a real browser: Chromium, driven by Playwright, without a network.

``SSLSE_SCREENSHOTS=FOLDER`` writes screenshots of the last test's run there, and
``SSLSE_REPORT_RUN=RUN`` names another run directory for it than the tiny one it trains.
"""

import io
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.compare import compare, load_results
from sslse.report import write_comparison, write_report

pytestmark = pytest.mark.browser

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="needs the extra browser: pip install 'sslse[browser]'"
)

CHROMIUM = os.environ.get("SSLSE_CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
TOLERANCE_SECONDS = 0.05
# Lets a test hear what the page plays.
LISTEN = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode) {
    window.ear ??= new AnalyserNode(this.context, { fftSize: 2048, smoothingTimeConstant: 0 });
    connect.call(this, window.ear);
  }
  return connect.call(this, target, ...rest);
};
window.loudest = () => {
  const levels = new Float32Array(window.ear.frequencyBinCount);
  window.ear.getFloatFrequencyData(levels);
  const top = levels.indexOf(Math.max(...levels));
  return (top * window.ear.context.sampleRate) / window.ear.fftSize;
};
"""
POSITION = "number => Number(document.querySelector(`#example-${number} input[type=range]`).value)"


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium, or SSLSE_CHROMIUM=PATH")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def opened(browser):
    """Open pages; fail where one complains, asks something, or wants anything from elsewhere."""
    problems, contexts = [], []

    def open_page(path, viewport=DESKTOP, **options):
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        address = path.resolve().as_uri()

        def requested(request):
            if not request.url.startswith((address, "data:")):
                problems.append(f"asks for {request.url}")

        def said(message):
            if message.type in ("error", "warning"):
                problems.append(message.text)

        page.on("request", requested)
        page.on("console", said)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(f"asks {dialog.message}"))
        if options.get("java_script_enabled", True):
            page.add_init_script(LISTEN)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture(scope="module")
def report(tmp_path_factory, made):
    folder = made.write_run(tmp_path_factory.mktemp("browser") / "run")
    write_report(folder, pytest.fail)
    return folder / "report.html"


def position(page, number=1):
    return page.evaluate(POSITION, number)


def until(page, expression):
    """Wait for what becomes true; the page itself may not evaluate text, so the test asks."""
    while not page.evaluate(expression):
        page.wait_for_timeout(10)


def play(page, number=1):
    page.locator(f"#example-{number} .play").click()
    until(page, f"({POSITION})({number}) > 0.1")


def hears(page, hertz):
    until(page, f"Math.abs(window.loudest() - {hertz}) < 40")


def test_a_player_plays_and_pauses(opened, report, made):
    page = opened(report)
    play(page)
    hears(page, made.tones["noisy"])
    page.get_by_role("button", name="Pause").click()
    paused = position(page)
    page.wait_for_timeout(100)
    assert 0.1 < paused == position(page) < made.seconds
    page.locator("#example-1 input[type=range]").fill(f"{made.seconds - 0.2}")
    page.locator("#example-1 .play").click()
    until(page, f"({POSITION})(1) == {made.seconds}")
    assert page.get_by_role("button", name="Pause").count() == 0
    page.locator("#example-1 .play").click()
    until(page, f"({POSITION})(1) < 1")


def when_and_where(page):
    """Return the time of the sound that is played and the position, both of the same frame."""
    return page.evaluate(
        f"""() => new Promise((done) => requestAnimationFrame(
            () => done([window.ear.context.currentTime, ({POSITION})(1)])
        ))"""
    )


def test_switching_keeps_position_and_goes_on(opened, report, made):
    page = opened(report)
    play(page)
    for name, key in (("clean", None), ("enhanced", "2"), ("noisy", "1")):
        before = when_and_where(page)
        if key:
            page.locator("#example-1 input[type=radio]").first.press(key)
        else:
            page.locator("#example-1 label", has_text=name).click()
        hears(page, made.tones[name])
        after = when_and_where(page)
        passed, moved = (one - other for one, other in zip(after, before, strict=True))
        assert moved == pytest.approx(passed, abs=TOLERANCE_SECONDS)
        assert page.locator("#example-1.playing").count() == 1


def test_switching_while_it_pauses_changes_no_position(opened, report):
    page = opened(report)
    slider = page.locator("#example-1 input[type=range]")
    slider.fill("0.75")
    page.locator("#example-1 label", has_text="clean").click()
    assert position(page) == 0.75
    assert page.locator("#example-1 .playing").count() == 0
    assert page.locator("#example-1 .heard img").get_attribute("alt") == "Spectrogram, clean"


def test_one_player_plays_at_a_time(opened, report):
    page = opened(report)
    play(page, 1)
    play(page, 2)
    assert page.locator(".playing").count() == 1
    assert page.locator("#example-2.playing").count() == 1


def test_a_click_on_a_spectrogram_goes_there(opened, report, made):
    page = opened(report)
    picture = page.locator("#example-2 .picture").nth(1)
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert position(page, 2) == pytest.approx(made.seconds / 2, abs=TOLERANCE_SECONDS)
    assert page.locator("#example-2 input[type=radio]").nth(1).is_checked()


def test_the_keyboard_does_it_all(opened, report, made):
    page = opened(report)
    button = page.locator("#example-1 .play")
    button.focus()
    page.keyboard.press("Space")
    until(page, f"({POSITION})(1) > 0.1")
    page.keyboard.press("Space")
    assert page.locator(".playing").count() == 0
    page.keyboard.press("Tab")
    before = position(page)
    page.keyboard.press("ArrowRight")
    assert position(page) == pytest.approx(before + 0.2, abs=0.011)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    assert page.locator("#example-1 input[type=radio]").nth(1).is_checked()
    page.keyboard.press("3")
    assert page.locator("#example-1 input[type=radio]").nth(2).is_checked()
    page.keyboard.press("Space")
    hears(page, made.tones["clean"])


def test_what_has_the_focus_is_seen(opened, report):
    page = opened(report)
    seen = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        if page.evaluate("document.activeElement === document.body"):
            break
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
        seen += 1
    assert seen > 30


def column(page, table, number):
    cells = page.locator(table).locator(f"tbody tr > :nth-child({number})")
    return [" ".join(one.split()) for one in cells.all_inner_texts()]


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_tables_sort(opened, report, by):
    page = opened(report)
    table = "section:has(#results) table >> nth=0"
    head = page.locator(table).locator("thead th").nth(1)

    def sort():
        if by == "mouse":
            head.get_by_role("button").click()
        else:
            head.get_by_role("button").press("Enter")
        return head.get_attribute("aria-sort"), column(page, table, 2)

    assert head.get_attribute("aria-sort") == "none"
    assert sort() == ("ascending", ["0.00", "1.513", "2.00"])
    assert sort() == ("descending", ["2.00", "1.513", "0.00"])
    first = page.locator(table).locator("thead th").nth(0)
    first.get_by_role("button").click()
    assert [one.split()[0] for one in column(page, table, 1)] == ["lsd", "pesq_nb", "si_sdr"]
    assert head.get_attribute("aria-sort") == "none"


def test_what_has_no_score_goes_last_both_ways(opened, report):
    page = opened(report)
    page.locator("section:has(#per-noise) summary").nth(0).click()
    table = "section:has(#per-noise) table >> nth=0"
    button = page.locator(table).locator("thead th").nth(1).get_by_role("button")
    for _ in range(2):
        button.click()
        assert column(page, table, 2) == ["1.512", "no score"]


@pytest.mark.smoke
def test_hostile_names_are_shown_as_text(opened, report, made):
    page = opened(report)
    assert page.locator("h1").inner_text() == made.hostile
    assert made.hostile in page.locator("#example-1").inner_text()
    assert made.script in page.locator("#example-1").inner_text()
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("script").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_both_schemes(opened, report, scheme):
    page = opened(report, PHONE, color_scheme=scheme)
    for one in page.locator("summary").all():
        one.click()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    small = page.evaluate(
        "[...document.querySelectorAll('.play, summary, nav a')]"
        ".filter((one) => one.getBoundingClientRect().height < 24).length"
    )
    assert small == 0


def channel(value):
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def luminance(colour):
    """Relative luminance of a colour, after WCAG 2.2."""
    red, green, blue = (channel(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(*colours):
    dark, light = sorted(luminance(one) for one in colours)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out(opened, report, scheme):
    page = opened(report, color_scheme=scheme)
    style = "name => getComputedStyle(document.documentElement).getPropertyValue(name)"
    colour = {
        name: page.evaluate(style, f"--{name}")
        for name in (
            *("page", "surface", "text", "quiet", "accent", "on-accent", "good", "bad"),
            *(f"tint-{number}" for number in range(4)),
            *(f"series-{number}" for number in range(8)),
        )
    }
    assert (luminance(colour["page"]) > 0.5) == (scheme == "light")
    for ground in ("page", "surface"):
        for name in ("text", "quiet", "accent", "good", "bad"):
            assert contrast(colour[name], colour[ground]) >= 4.5, (name, ground)
    assert contrast(colour["accent"], colour["on-accent"]) >= 4.5
    for number in range(8):
        assert contrast(colour[f"series-{number}"], colour["page"]) >= 3
    for number in range(4):
        assert contrast(colour["accent"], colour[f"tint-{number}"]) >= 3


def test_without_scripts_the_browsers_own_players_are_there(opened, report):
    page = opened(report, java_script_enabled=False)
    assert page.locator("audio:visible").count() == 9
    assert page.locator(".play:visible").count() == 0
    assert page.locator("input:visible").count() == 0


def test_a_comparison_plays_and_fits_a_phone(opened, report, made, tmp_path):
    other = made.write_run(tmp_path / "other", f"other {made.hostile}", tau=0.5)
    comparison = compare(load_results([report.parent, other]))
    write_comparison(tmp_path, comparison, pytest.fail)
    page = opened(tmp_path / "report.html", PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    labels = page.locator("#example-1 figcaption").all_inner_texts()
    names = ["noisy", made.hostile, f"other {made.hostile}", "clean"]
    assert [one.split("\n")[0].strip() for one in labels] == names
    play(page)
    page.keyboard.press("4")
    hears(page, made.tones["clean"])
    page.keyboard.press("3")
    hears(page, made.tones["enhanced"])
    head = page.locator("section:has(#differences) th", has_text="difference").first
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"


def test_what_cannot_be_decoded_leaves_the_browsers_own_players(opened, report):
    page = opened(report)
    refuse = "BaseAudioContext.prototype.decodeAudioData = () => Promise.reject(new Error('no'));"
    page.evaluate(f"() => {{ {refuse} }}")
    page.locator("#example-1 .play").click()
    page.locator("#example-1 audio").first.wait_for(state="visible")
    assert page.locator("#example-1 .play:visible").count() == 0
    assert page.locator("#example-2 .play:visible").count() == 1


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_cache, tiny_sets):
    """The report of a trained and evaluated run."""
    folder = tmp_path_factory.mktemp("trained") / "quickstart"
    if given := os.environ.get("SSLSE_REPORT_RUN"):
        shutil.copytree(given, folder, ignore=shutil.ignore_patterns("*.pt", "run.lock"))
        write_report(folder, pytest.fail)
        return folder / "report.html"
    sets = (*tiny_sets, f"data.cache={tiny_cache}", "evaluate.utterances=6")
    chosen = [part for text in sets for part in ("--set", text)]
    done = CliRunner().invoke(main, ["run", "quickstart", "--out", str(folder), *chosen])
    assert done.exit_code == 0, done.output
    return folder / "report.html"


# A whole report is too long for a picture: these sections show what it is like.
SHOWN = {"phone": ("results", "listen"), "desktop": ("results", "per-snr", "listen")}
SHOWN_EXAMPLE = 3


def save_picture(page, path):
    """Write what is shown of a report, in few colours and so in few bytes."""
    from PIL import Image  # of matplotlib; needed for nothing else

    shown = ", ".join(f"#{one}" for one in SHOWN[path.stem.removeprefix("report_")])
    hidden = f"main > section:not(:has({shown})), footer, .example:not(#example-{SHOWN_EXAMPLE})"
    page.add_style_tag(content=f"{hidden} {{ display: none }}")
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    few = picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


@pytest.mark.parametrize(
    ("name", "viewport", "scheme", "scale"),
    [("phone", PHONE, "dark", 2), ("desktop", DESKTOP, "light", 1)],
)
def test_the_report_of_a_run_on_phone_and_desktop(opened, trained, name, viewport, scheme, scale):
    page = opened(trained, viewport, color_scheme=scheme, device_scale_factor=scale)
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    assert page.locator(".example").count() >= 3
    whole = "[...document.images].every((one) => one.complete && one.naturalWidth > 30)"
    assert page.evaluate(whole)
    play(page, SHOWN_EXAMPLE)
    page.keyboard.press("2")
    assert page.locator(f"#example-{SHOWN_EXAMPLE} input[type=radio]").nth(1).is_checked()
    if folder := os.environ.get("SSLSE_SCREENSHOTS"):
        until(page, f"({POSITION})({SHOWN_EXAMPLE}) > 0.8")
        page.keyboard.press("Space")
        save_picture(page, Path(folder) / f"report_{name}.png")
