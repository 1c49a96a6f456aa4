"""SwAV as a plugin of sslse."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the plugin's components."""
    add(
        "objective",
        "swav",
        "sslse_swav.objective:SwAV",
        summary="Swapped assignments: each view predicts the prototypes of the other; no negatives",
    )
