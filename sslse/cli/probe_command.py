"""``sslse probe``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sslse.cli.manual import Manual
from sslse.cli.options import common_options, device_option, find_components

if TYPE_CHECKING:
    from rich.table import Table


@click.command(
    "probe",
    cls=Manual,
    reads="RUN, those of --against, and the test part of their corpora.",
    writes="probe.json and report.html in RUN.",
    examples=(
        ("beside the same encoder, untrained", "sslse probe runs/byol"),
        ("beside other runs", "sslse probe runs/byol --against runs/normal --against runs/simsiam"),
        ("quick, with wide intervals", "sslse probe runs/byol --mixtures 100"),
    ),
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--against",
    metavar="RUN",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Another trained run, with the same data; may be given several times.",
)
@click.option(
    "--mixtures",
    default=1000,
    show_default=True,
    type=click.IntRange(min=16),
    help="Mixtures to fit each probe on; half as many test it.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Of splits and mixtures; runs compare where it is the same.",
)
@device_option
@common_options
def command(
    run: Path,
    against: tuple[Path, ...],
    mixtures: int,
    seed: int,
    device: str,
    plugins: tuple[Path, ...],
) -> None:
    """Ask what the latent of the trained run directory RUN knows.

    Linear probes for noise kind, SNR and speaker, and clean-to-noisy retrieval, each beside the
    untrained encoder. Writes probe.json and the report into RUN.
    """
    registry = find_components(plugins)

    from sslse.cli.console import Console
    from sslse.cli.display import make_display
    from sslse.device import choose_device
    from sslse.probe.probing import probe_run
    from sslse.probe.results import PROBE, unusable_probes

    with make_display() as display:
        probed = probe_run(
            run,
            registry,
            choose_device(device),
            against=against,
            seed=seed,
            mixtures=mixtures,
            say=display.say,
            watch=display.encoding,
        )
    console = Console()
    console.print(probe_table(probed))
    for line in unusable_probes(probed):
        console.print(f"not measured: {line}", style="yellow", markup=False, soft_wrap=True)
    console.print(str(run / PROBE), highlight=False, soft_wrap=True)


def probe_table(probed: dict[str, Any]) -> "Table":
    """Lay out every encoder's figures, narrow enough for 80 columns."""
    from rich.box import SIMPLE
    from rich.markup import escape
    from rich.table import Table

    from sslse.probe.results import probed_lines

    table = Table(
        title="What the latent knows",
        caption="difference: this run minus the other, 95 % interval",
        box=SIMPLE,
        padding=0,
        collapse_padding=True,
    )
    table.add_column("probe")
    table.add_column("encoder", overflow="fold")
    for name in ("score", "95 % interval", "difference"):
        table.add_column(name, justify="right")
    for lines in probed_lines(probed):
        for line in lines:
            cells = (line.probe, line.encoder, line.score, line.interval, line.difference)
            table.add_row(*(escape(one) for one in cells), end_section=line is lines[-1])
    return table
