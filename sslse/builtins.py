"""The core's own components, named through the same hook as every plugin's."""

from sslse.hooks import Add, hookimpl


@hookimpl
def sslse_components(add: Add) -> None:
    """Name the core's components."""
    _networks(add)
    add("schedule", "mix", "sslse.schedules.fixed:Mix", summary="CL and SE together throughout")
    add("schedule", "se", "sslse.schedules.fixed:Se", summary="SE alone throughout")
    add(
        "schedule", "round", "sslse.schedules.fixed:Round", summary="CL + SE and SE alone, in turns"
    )
    add(
        "schedule",
        "pretrain",
        "sslse.schedules.fixed:Pretrain",
        summary="CL + SE first, then SE alone",
    )
    add(
        "schedule",
        "ramp",
        "sslse.schedules.ramp:Ramp",
        summary="Both weights move evenly from one value to another",
    )
    add(
        "schedule",
        "uncertainty",
        "sslse.schedules.uncertainty:Uncertainty",
        summary="Adaptive: weights learned as the uncertainty of each loss",
    )
    add(
        "schedule",
        "dwa",
        "sslse.schedules.dynamic_average:DynamicAverage",
        summary="Adaptive: more weight for the loss that falls more slowly",
    )
    add(
        "schedule",
        "gradnorm",
        "sslse.schedules.gradnorm:GradNorm",
        summary="Adaptive: weights learned so that both gradients are equally large",
    )
    add(
        "schedule",
        "balance",
        "sslse.schedules.balance:Balance",
        summary="Adaptive: CL kept in a set proportion to SE",
    )
    add(
        "augmentation",
        "add_noise",
        "sslse.augmentations.add_noise:AddNoise",
        summary="Add a recording of noise to every view at a drawn SNR",
    )
    add(
        "augmentation",
        "reverb",
        "sslse.augmentations.reverb:Reverb",
        summary="Convolve every view with a room's response, simulated or given",
    )
    add(
        "augmentation",
        "babble",
        "sslse.augmentations.babble:Babble",
        summary="Add several talkers of the training speech at a drawn SNR",
    )
    add(
        "augmentation",
        "coloured_noise",
        "sslse.augmentations.coloured_noise:ColouredNoise",
        summary="Add Gaussian noise, white to brown, at a drawn SNR",
    )
    add(
        "augmentation",
        "low_pass",
        "sslse.augmentations.pass_filters:LowPass",
        summary="Take away frequencies above a drawn cutoff, zero phase",
    )
    add(
        "augmentation",
        "high_pass",
        "sslse.augmentations.pass_filters:HighPass",
        summary="Take away frequencies below a drawn cutoff, zero phase",
    )
    add(
        "augmentation",
        "band_pass",
        "sslse.augmentations.pass_filters:BandPass",
        summary="Keep a drawn band of frequencies, zero phase",
    )
    add(
        "augmentation",
        "clipping",
        "sslse.augmentations.clipping:Clipping",
        summary="Cut samples off at a drawn share of the peak",
    )
    add(
        "augmentation",
        "packet_loss",
        "sslse.augmentations.packet_loss:PacketLoss",
        summary="Lose packets in bursts (Gilbert-Elliott)",
    )
    add(
        "augmentation",
        "time_masking",
        "sslse.augmentations.time_masking:TimeMasking",
        summary="Set stretches of time to zero",
    )
    add(
        "augmentation",
        "band_masking",
        "sslse.augmentations.band_masking:BandMasking",
        summary="Take out bands of frequencies, zero phase",
    )
    add(
        "augmentation",
        "gain",
        "sslse.augmentations.gain:Gain",
        summary="Another level, for views and targets",
    )
    add(
        "augmentation",
        "polarity",
        "sslse.augmentations.polarity:Polarity",
        summary="The other sign, for views and targets",
    )
    add(
        "augmentation",
        "speed",
        "sslse.augmentations.speed:Speed",
        summary="Faster or slower speech, for views and targets",
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
        summary="Any tree of audio files, split by folder, list file, pattern or seeded share",
    )
    add(
        "corpus",
        "manifest",
        "sslse.corpora.manifest:Manifest",
        summary="Files, or segments of long files, that a CSV or JSONL table lists",
    )
    add(
        "corpus",
        "voicebank_demand",
        "sslse.corpora.voicebank_demand:VoicebankDemand",
        summary="VoiceBank-DEMAND (Valentini-Botinhao): clean speech, or the noise of its pairs",
    )
    add("metric", "pesq_nb", "sslse.metrics.pesq:PesqNb", summary="PESQ, narrow band (P.862.1)")
    add("metric", "pesq_wb", "sslse.metrics.pesq:PesqWb", summary="PESQ, wide band (P.862.2)")
    add("metric", "stoi", "sslse.metrics.stoi:Stoi", summary="Short-time objective intelligibility")
    add("metric", "estoi", "sslse.metrics.stoi:Estoi", summary="Extended STOI")
    add("metric", "si_sdr", "sslse.metrics.si_sdr:SiSdr", summary="Scale-invariant SDR in dB")
    add(
        "metric",
        "si_sdr_improvement",
        "sslse.metrics.si_sdr:SiSdrImprovement",
        summary="SI-SDR above that of the noisy wave, in dB",
    )
    add("metric", "sdr", "sslse.metrics.sdr:Sdr", summary="SDR of BSS Eval in dB")
    add(
        "metric",
        "segmental_snr",
        "sslse.metrics.segmental_snr:SegmentalSnr",
        summary="Mean over frames of the SNR in dB, limited to [-10, 35]",
    )
    add(
        "metric",
        "lsd",
        "sslse.metrics.lsd:Lsd",
        summary="Log-spectral distance in dB, lower is better",
    )
    add(
        "metric",
        "csig",
        "sslse.metrics.composite:Csig",
        summary="Predicted rating of the speech's distortion, 1 to 5 (Hu and Loizou)",
    )
    add(
        "metric",
        "cbak",
        "sslse.metrics.composite:Cbak",
        summary="Predicted rating of the background, 1 to 5 (Hu and Loizou)",
    )
    add(
        "metric",
        "covl",
        "sslse.metrics.composite:Covl",
        summary="Predicted rating of overall quality, 1 to 5 (Hu and Loizou)",
    )
    add(
        "baseline",
        "log_mmse",
        "sslse.baselines.log_mmse:LogMmse",
        summary="Log-spectral amplitude estimator (Ephraim and Malah), noise tracked by MMSE",
    )
    add(
        "baseline",
        "ratio_mask",
        "sslse.baselines.ratio_mask:RatioMask",
        summary="Ideal ratio mask from the clean wave: what masking magnitudes can reach",
    )
    add(
        "logger",
        "tensorboard",
        "sslse.loggers.tensorboard:TensorBoard",
        summary="Every logged figure as TensorBoard events (extra tensorboard)",
    )


def _networks(add: Add) -> None:
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
    add(
        "encoder",
        "dual_path",
        "sslse.networks.dual_path:DualPathEncoder",
        summary="Convolutions over bands of a spectrum, recurrence over bands and over time",
    )
    add(
        "decoder",
        "dual_path",
        "sslse.networks.dual_path:DualPathDecoder",
        summary="The encoder mirrored: a complex mask on the noisy spectrum",
    )
    add(
        "encoder",
        "fast_enhancer",
        "sslse.networks.fast_enhancer:FastEnhancerEncoder",
        summary="Convolutions over bands, recurrence over time, attention over bands; for streams",
    )
    add(
        "decoder",
        "fast_enhancer",
        "sslse.networks.fast_enhancer:FastEnhancerDecoder",
        summary="The encoder mirrored: a complex mask on the noisy spectrum; for streams",
    )
