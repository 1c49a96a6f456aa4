"""``sslse data``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sslse.cli.manual import Manual, ManualGroup
from sslse.cli.options import debug_option

if TYPE_CHECKING:
    from rich.table import Table

    from sslse.scan import Survey

NAMED = 10


@click.group(
    "data",
    cls=ManualGroup,
    examples=(
        ("what is in a folder", "sslse data scan /data/speech"),
        ("and list what is usable", "sslse data scan /data/noise -o noise.csv"),
    ),
)
@debug_option
def command() -> None:
    """Look at audio files before training on them."""


@command.command(
    "scan",
    cls=Manual,
    reads="Every audio file below FOLDER, whole.",
    writes="The manifest of -o, and nothing else.",
    examples=(
        ("hours, rates, levels, copies, what is unusable", "sslse data scan /data/speech"),
        (
            "a manifest whose test part holds a fifth of the recordings",
            "sslse data scan /data/noise -o noise.csv --test-share 0.2",
        ),
        (
            "divide no speaker; here the name up to the last '_'",
            "sslse data scan /data/speech -o speech.csv --speaker '([^/_]+)_[^/]*$'",
        ),
    ),
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the usable files as a manifest (.csv or .jsonl); never overwrites.",
)
@click.option(
    "--test-share",
    type=click.FloatRange(0, 1),
    default=0.1,
    show_default=True,
    help="Share of the manifest's recordings that is its test part.",
)
@click.option(
    "--speaker",
    metavar="PATTERN",
    help="Regular expression that finds the speaker in a path; the split divides no speaker. "
    "Without it: as in LibriSpeech, TIMIT, VCTK or DNS, where all paths are named so.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the split.")
@debug_option
def scan_command(
    folder: Path, output: Path | None, test_share: float, speaker: str | None, seed: int
) -> None:
    """Report what the audio files below FOLDER are like, and list them for the corpus 'manifest'.

    Silent, too short and unreadable files and second copies of the same samples are reported and
    left out of the manifest.
    """
    from sslse.cli.console import Console
    from sslse.corpora.layouts import LAYOUTS, guess_layout
    from sslse.scan import Split, find, place_below, refuse_target, write_manifest

    keys = find(folder)
    layout = guess_layout(keys) if speaker is None else None
    split = Split(test_share, LAYOUTS[layout] if layout else speaker, seed)
    speakers = set(split.speakers(keys).values())
    if output is not None:
        refuse_target(output)
    survey = _scan(folder, keys)
    if survey.seconds:
        Console().print(_table(survey))
    for line in _findings(survey):
        click.echo(line)
    click.echo(_about_speakers(len(speakers), layout))
    if output is not None:
        train, test = write_manifest(output, folder, survey.usable, split)
        click.echo(f"{output}: {train} recordings for training, {test} for testing")
        if place_below(folder, output) is None:
            click.echo(
                f"{output}: paths are relative to {folder}; the corpus takes 'root: {folder}' "
                f"(--data manifest: SPEECH_MANIFEST_ROOT={folder}, or NOISE_MANIFEST_ROOT)"
            )


def _about_speakers(count: int, layout: str | None) -> str:
    """Say whether speakers are known, and how."""
    if not count:
        return (
            "speakers: unknown, so that a split may have one in both parts; of speech, name them: "
            "--speaker PATTERN"
        )
    how = f"found as in {layout}; --speaker PATTERN finds others" if layout else "by --speaker"
    return f"speakers: {count} ({how})"


def _scan(folder: Path, keys: list[str]) -> "Survey":
    """Scan with a progress bar where there is a terminal."""
    from rich.progress import Progress

    from sslse.cli.console import Console
    from sslse.scan import scan

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("reading", total=len(keys))
        return scan(folder, keys, lambda done: bar.update(task, completed=done))


def _table(survey: "Survey") -> "Table":
    from rich.table import Table
    from rich.text import Text

    count = len(survey.seconds)
    table = Table(title=Text(str(survey.folder)), show_header=False)
    shortest, median, longest = survey.lengths
    rows = [
        ("files", f"{count} readable, {survey.total_seconds / 3600:.2f} h"),
        ("rates", _shares(survey.rates, "Hz")),
        ("channels", _shares(survey.channels, "")),
        ("lengths", f"{shortest:.2f} s to {longest:.2f} s, median {median:.2f} s"),
    ]
    if levels := survey.levels:
        low, middle, high = levels
        rows.append(("levels", f"{low:.1f} to {high:.1f} dBFS (RMS), median {middle:.1f} dBFS"))
    silent_share = survey.silent_seconds / survey.total_seconds
    rows += [
        ("silent frames", f"{silent_share:.1%} of the time is below -60 dBFS"),
        ("silent files", f"{len(survey.silent)}, {survey.digitally_silent} of them all zero"),
        ("too short", f"{len(survey.short)} under 0.1 s"),
        ("clipped", f"{len(survey.clipped)} files, {sum(survey.clipped.values())} places"),
        ("DC offset", f"{len(survey.offsets)} files whose mean is over a tenth of their power"),
        ("copies", f"{survey.copied} files with the samples of another"),
        ("unreadable", f"{len(survey.unreadable)} files"),
        ("usable", f"{len(survey.usable)} of {survey.found} files"),
    ]
    for name, text in rows:
        table.add_row(name, text)
    return table


def _shares(counts: dict[int, int], unit: str) -> str:
    from sslse.scan import shares

    return ", ".join(f"{value} {unit}".strip() + f" ({count})" for value, count in shares(counts))


def _findings(survey: "Survey") -> list[str]:
    """Name what should be looked at, a few of each kind."""
    copies = [f"{first} = {' = '.join(keys)}" for first, keys in survey.copies.items()]
    clipped = sorted(survey.clipped, key=lambda key: -survey.clipped[key])
    offsets = sorted(survey.offsets, key=lambda key: -abs(survey.offsets[key]))
    lines = _named("unreadable", [f"{one.key}: {one.reason}" for one in survey.unreadable])
    lines += _named("same samples", copies)
    lines += _named("silent", survey.silent)
    lines += _named("too short", survey.short)
    lines += _named("clipped", [f"{key} ({survey.clipped[key]})" for key in clipped])
    means = [f"{key} (mean {survey.offsets[key]:.3f})" for key in offsets]
    return lines + _named("DC offset, which data.remove_mean takes away", means)


def _named(title: str, items: list[str]) -> list[str]:
    rest = len(items) - NAMED
    more = [f"  and {rest} more"] if rest > 0 else []
    return [f"{title}:", *(f"  {one}" for one in items[:NAMED]), *more] if items else []
