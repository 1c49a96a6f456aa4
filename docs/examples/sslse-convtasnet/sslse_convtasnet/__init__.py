"""Conv-TasNet as a plugin of sslse."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the plugin's components."""
    add(
        "encoder",
        "convtasnet",
        "sslse_convtasnet.encoder:ConvTasNetEncoder",
        summary="Torchaudio's Conv-TasNet: learned filters under a mask of dilated convolutions",
    )
    add(
        "decoder",
        "convtasnet",
        "sslse_convtasnet.decoder:ConvTasNetDecoder",
        summary="Conv-TasNet's synthesis filters, added up with overlap",
    )
