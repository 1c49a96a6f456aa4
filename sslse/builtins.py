"""The core's own components, named through the same hook as every plugin's."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the core's components."""
    add(
        "encoder",
        "conformer",
        "sslse.encoders:ConformerEncoder",
        summary="Strided convolutions beside framed samples, then conformer blocks (the paper's)",
    )
    add(
        "predictor",
        "conformer",
        "sslse.predictors:ConformerPredictor",
        summary="Conformer blocks on the latent (the paper's)",
    )
    add(
        "decoder",
        "conformer",
        "sslse.decoders:ConformerDecoder",
        summary="The encoder mirrored; optionally adds its output to the noisy input",
    )
    add("schedule", "mix", "sslse.schedules:Mix", summary="CL and SE together throughout")
    add("schedule", "se", "sslse.schedules:Se", summary="SE alone throughout")
    add("schedule", "round", "sslse.schedules:Round", summary="CL + SE and SE alone, in turns")
    add("schedule", "pretrain", "sslse.schedules:Pretrain", summary="CL + SE first, then SE alone")
    add(
        "augmentation",
        "add_noise",
        "sslse.augmentations.add_noise:AddNoise",
        summary="Add a recording of noise to every view at a drawn SNR",
    )
    add(
        "corpus",
        "demo",
        "sslse.corpora.demo:Demo",
        summary="Shipped synthetic speech and generated noise; nothing to download",
    )
    add(
        "corpus",
        "timit",
        "sslse.corpora.timit:Timit",
        summary="TIMIT (LDC93S1), SPHERE or RIFF; the paper's split or the speaker-disjoint one",
    )
    add(
        "corpus",
        "nonspeech",
        "sslse.corpora.nonspeech:Nonspeech",
        summary="100 nonspeech environmental sounds (G. Hu), 75 for training, 25 for testing",
    )
    add(
        "corpus",
        "folder",
        "sslse.corpora.folder:Folder",
        summary="Any tree of audio files, split by folder, list file or seeded share",
    )
    add("metric", "pesq_nb", "sslse.metrics.pesq:PesqNb", summary="PESQ, narrow band (P.862.1)")
    add("metric", "pesq_wb", "sslse.metrics.pesq:PesqWb", summary="PESQ, wide band (P.862.2)")
    add("metric", "stoi", "sslse.metrics.stoi:Stoi", summary="Short-time objective intelligibility")
    add("metric", "estoi", "sslse.metrics.stoi:Estoi", summary="Extended STOI")
    add("metric", "si_sdr", "sslse.metrics.si_sdr:SiSdr", summary="Scale-invariant SDR in dB")
