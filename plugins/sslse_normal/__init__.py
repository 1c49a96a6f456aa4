"""Normal, the paper's baseline, as a plugin of sslse."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the plugin's components."""
    add(
        "objective",
        "normal",
        "sslse_normal.objective:Normal",
        summary="No contrastive loss: the enhancement loss alone, on the same views",
    )
