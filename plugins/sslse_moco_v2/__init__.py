"""MoCo v2 as a plugin of sslse."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the plugin's components."""
    add(
        "objective",
        "moco_v2",
        "sslse_moco_v2.objective:MoCoV2",
        summary="Momentum contrast: momentum encoder, negatives from a queue of earlier steps",
    )
