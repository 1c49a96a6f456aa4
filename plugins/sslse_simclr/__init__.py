"""SimCLR as a plugin of sslse."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the plugin's components."""
    add(
        "objective",
        "simclr",
        "sslse_simclr.objective:SimCLR",
        summary="Simple contrastive learning: negatives from the batch, no momentum encoder",
    )
