"""The site builds without a warning, leads nowhere wrong, and needs no network."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from sslse.cli.main import COMMANDS

pytestmark = pytest.mark.docs

pytest.importorskip("material", reason="needs mkdocs-material: pip install 'sslse[docs]'")

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / ".mkdocs.yml"
LOADING = {("script", "src"), ("link", "href"), ("img", "src"), ("audio", "src"), ("source", "src")}
LOADING |= {("iframe", "src"), ("video", "src"), ("object", "data")}


def build(target, config=CONFIG):
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(target)],
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        cwd=target.parent,
        capture_output=True,
        text=True,
        check=False,
    )


class PageOf(HTMLParser):
    """Collects what a built page links to, loads, and can be linked to."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.anchors = [], [], set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif (tag, name) in LOADING and value:
                self.loads.append(value)
            elif (tag, name) == ("a", "href") and value:
                self.links.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    target = tmp_path_factory.mktemp("site") / "built"
    ended = build(target)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "WARNING" not in ended.stdout + ended.stderr
    return target


@pytest.fixture(scope="module")
def pages(site):
    found = {path: PageOf(path) for path in site.rglob("*.html")}
    assert len(found) > 30
    return found


def test_every_page_is_in_the_navigation(pages, site):
    front = pages[site / "index.html"]
    reached = {(site / unquote(urlsplit(link).path)).resolve() for link in front.links}
    written = [
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "decisions").glob("*.md"),
        *(ROOT / "docs" / "examples").glob("*/README.md"),
    ]
    assert len(written) > 35
    for page in written:
        built = site / page.relative_to(ROOT / "docs").with_suffix(".html")
        built = built.with_name("index.html") if page.name == "README.md" else built
        assert built.resolve() in reached | {(site / "index.html").resolve()}, page


def test_links_anchors_and_pictures_are_there(pages, site):
    wrong = []
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or path.name == "404.html":
                continue
            target = path
            if parts.path:
                target = Path(os.path.normpath(path.parent / unquote(parts.path)))
                target = target / "index.html" if target.is_dir() else target
            if not target.is_relative_to(site) or not target.is_file():
                wrong.append(f"{path.relative_to(site)}: {link}")
            elif target in pages and parts.fragment:
                anchor_is_there = unquote(parts.fragment) in pages[target].anchors
                wrong += [] if anchor_is_there else [f"{path.relative_to(site)}: {link}"]
    assert not wrong


def test_nothing_is_loaded_from_elsewhere(pages, site):
    for path, page in pages.items():
        for load in page.loads:
            assert not urlsplit(load).netloc, f"{path}: {load}"
    for sheet in site.rglob("*.css"):
        for address in re.findall(r"url\(([^)]*)\)", sheet.read_text("utf-8")):
            assert address.strip("'\"").startswith(("data:", "#")) or "//" not in address


def test_files_of_the_repository_are_shown(pages, site):
    guide = pages[site / "guide.html"]
    assert "repository/sslse/train/monitor.py.html" in guide.links
    shown = (site / "repository" / "sslse" / "train" / "monitor.py.html").read_text("utf-8")
    assert "Is it collapsing?" in shown


def test_the_help_of_every_command_is_a_section(pages, site):
    assert set(COMMANDS) <= pages[site / "commands.html"].anchors
    assert "data-scan" in pages[site / "commands.html"].anchors
    text = (site / "commands.html").read_text("utf-8")
    assert "Usage: sslse run [OPTIONS] RECIPE\n" in text
    assert "Usage: sslse data scan [OPTIONS] FOLDER\n" in text
    assert "-h, --help" in text


def test_the_search_knows_the_pages(site):
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    found = {one["location"].partition("#")[0] for one in index["docs"]}
    assert {"guide.html", "troubleshooting.html", "changelog.html"} <= found
    assert not [one for one in found if one.startswith("repository/")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[a](guide.md#no-such-part)", "does not contain an anchor '#no-such-part'"),
        ("[a](nowhere.md)", "contains a link 'nowhere.md'"),
        ("![a](nowhere.png)", "contains a link 'nowhere.png'"),
    ],
)
def test_a_wrong_link_stops_the_build(text, said, tmp_path):
    """Build two pages with the settings of the site, one of them wrong."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text(f"# One\n\n{text}\n", encoding="utf-8")
    (docs / "guide.md").write_text("# Two\n", encoding="utf-8")
    settings = CONFIG.read_text("utf-8")
    nav = settings[settings.index("nav:") : settings.index("exclude_docs:")]
    own = settings.replace(nav, "nav: [index.md, guide.md]\n")
    own = own.replace("hooks: [tools/site_hooks.py]\n", "")
    config = tmp_path / "mkdocs.yml"
    config.write_text(own, encoding="utf-8")
    ended = build(tmp_path / "built", config)
    assert ended.returncode != 0
    assert said in ended.stdout + ended.stderr
