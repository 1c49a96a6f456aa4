"""SimSiam as a plugin of sslse."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the plugin's components."""
    add(
        "objective",
        "simsiam",
        "sslse_simsiam.objective:SimSiam",
        summary="Simple siamese: stop-gradient alone, no negatives, no momentum encoder",
    )
