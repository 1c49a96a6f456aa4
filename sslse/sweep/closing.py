"""What a sweep says at its end: the comparison of its runs, and what failed."""

from collections.abc import Callable, Sequence
from typing import Literal

from sslse.atomic import write_whole
from sslse.compare import compare, load_results, write_text
from sslse.errors import SslseError
from sslse.sweep.plan import Plan
from sslse.sweep.running import Outcome, is_evaluated

FILES: tuple[tuple[Literal["markdown", "csv", "json"], str], ...] = (
    ("markdown", "comparison.md"),
    ("csv", "comparison.csv"),
    ("json", "comparison.json"),
)

Say = Callable[[str], None]


def close_sweep(plan: Plan, outcomes: Sequence[Outcome], say: Say) -> bool:
    """Compare the runs that are evaluated, and say which failed.

    Args:
        plan: of the sweep; the comparison is written into its folder.
        outcomes: of this call.
        say: takes tables and lines.

    Returns:
        Whether no run failed.
    """
    folders = [plan.run_folder(one) for one in plan.members]
    evaluated = [folder for folder in folders if is_evaluated(folder)]
    if evaluated:
        try:
            comparison = compare(load_results(evaluated))
            say(write_text(comparison, "terminal").rstrip("\n"))
            for form, name in FILES:
                write_whole(plan.folder / name, write_text(comparison, form))
                say(str(plan.folder / name))
        except SslseError as error:
            say(f"no comparison: {error}")
    return tell_failed(outcomes, say)


def tell_failed(outcomes: Sequence[Outcome], say: Say) -> bool:
    """Say which runs failed; tell whether none did."""
    failed = [one for one in outcomes if one.fault]
    if failed:
        say(f"{len(failed)} of {len(outcomes)} runs failed; the same command tries them again:")
        for one in failed:
            say(f"  {one.member.name}: {one.fault}")
    return not failed
