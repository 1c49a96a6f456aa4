"""Compare a reproduction's runs, draw their curves, and write its page, tables and figures."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sslse.atomic import write_whole
from sslse.compare import Comparison, compare, load_results
from sslse.curves import read_course, write_curves
from sslse.errors import SslseError
from sslse.reproduce.page import FIGURES, TABLES, About, Found, page
from sslse.reproduce.tables import as_csv, cells
from sslse.sweep.plan import Member

PAGE = "README.md"
FOLDER = "figures"
BASES = ("byol", "simsiam")
Say = Callable[[str], None]


def write_page(about: About, say: Say) -> Path | None:
    """Write page, tables and figures into the folder of the plan.

    Args:
        about: what was run.
        say: told what is written, and what cannot be.

    Returns:
        The page; None where no run on all data can be compared.
    """
    folder = about.plan.folder
    main = _compared(about, about.evaluated(low_data=False), "normal", say)
    if main is None:
        say("no report: no run is evaluated")
        return None
    members = [*about.evaluated(low_data=False), *about.evaluated(low_data=True)]
    folders = [about.plan.run_folder(one) for one in members]
    found = Found(
        members=tuple(members),
        main=main,
        rounds=tuple(_rounds(about, say)),
        pretrained=_pretrained(about, say),
        low_data=_compared(about, about.evaluated(low_data=True), "low_data_normal", say),
        courses=tuple(read_course(one) for one in folders),
        figures=_figures(folders, folder, say),
    )
    write_whole(folder / TABLES, as_csv(cells(main)))
    write_whole(folder / PAGE, page(about, found))
    say(f"{folder / PAGE}\n{folder / TABLES}\n{folder / FOLDER}")
    return folder / PAGE


def _compared(
    about: About, members: Sequence[Member], reference: str, say: Say
) -> Comparison | None:
    """Compare runs with the reference, where it is there; None where they cannot be."""
    if not members:
        return None
    labels = {one.label for one in members}
    try:
        results = load_results([about.plan.run_folder(one) for one in members])
        return compare(results, baseline=reference if reference in labels else None)
    except SslseError as error:
        say(f"no comparison: {error}")
        return None


def _rounds(about: About, say: Say) -> Iterator[Comparison]:
    """Compare the runs of one objective in rounds with the one where CL stays."""
    for base in BASES:
        members = [
            one
            for one in about.evaluated(low_data=False)
            if one.label == base or one.label.startswith(f"{base}_round")
        ]
        labels = {one.label for one in members}
        if base in labels and len(labels) > 1 and (found := _compared(about, members, base, say)):
            yield found


def _pretrained(about: About, say: Say) -> Comparison | None:
    """Compare SimSiam, removed for good, with SimSiam in rounds."""
    wanted = ("simsiam_round", "simsiam_pretrain")
    members = [one for one in about.evaluated(low_data=False) if one.label in wanted]
    if {one.label for one in members} != set(wanted):
        return None
    return _compared(about, members, wanted[0], say)


def _figures(folders: Sequence[Path], root: Path, say: Say) -> dict[int, list[str]]:
    """Draw the paper's figures, over epochs and over time; return their paths from the page."""
    written: dict[int, list[str]] = {}
    for number, (arrangement, _) in FIGURES.items():
        for x in ("epoch", "seconds"):
            try:
                paths = write_curves(
                    folders, root / FOLDER, x=x, arrangement=arrangement, say=lambda _: None
                )
            except SslseError as error:
                say(f"no figure {number}: {error}")
                break
            names = [path.relative_to(root).as_posix() for path in paths]
            written.setdefault(number, []).extend(names)
    return written
