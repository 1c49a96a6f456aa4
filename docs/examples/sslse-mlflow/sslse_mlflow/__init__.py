"""MLflow as a plugin of sslse."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the plugin's components."""
    add(
        "logger",
        "mlflow",
        "sslse_mlflow.logger:MLflow",
        summary="Figures, scores and recipe of a run in MLflow, local or on a server",
    )
