"""VICReg as a plugin of sslse."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the plugin's components."""
    add(
        "objective",
        "vicreg",
        "sslse_vicreg.objective:VICReg",
        summary="Invariance, variance and covariance of the latents: no predictor, no copy",
    )
