"""BYOL as a plugin of sslse."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the plugin's components."""
    add(
        "objective",
        "byol",
        "sslse_byol.objective:BYOL",
        summary="Bootstrap your own latent: momentum encoder, no negatives",
    )
