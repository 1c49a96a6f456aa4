"""Barlow Twins as a plugin of sslse."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the plugin's components."""
    add(
        "objective",
        "barlow_twins",
        "sslse_barlow_twins.objective:BarlowTwins",
        summary="Redundancy reduction: channels agree across views, uncorrelated with each other",
    )
