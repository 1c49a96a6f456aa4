"""A pair of waves whose scores are known, to see whether installed metrics give them."""

import random

import numpy as np

from sslse.api import Metric, Samples
from sslse.metrics.composite import Cbak, Covl, Csig
from sslse.metrics.lsd import Lsd
from sslse.metrics.pesq import PesqNb, PesqWb
from sslse.metrics.sdr import Sdr
from sslse.metrics.segmental_snr import SegmentalSnr
from sslse.metrics.si_sdr import SiSdr, SiSdrImprovement
from sslse.metrics.stoi import Estoi, Stoi

SAMPLE_RATE = 16000
SNR_DB = 5.0
SPEECH = ("f02_02", "m05_03")

# Scores of the pair and how far they may be off: measured with pesq 0.0.4 and pystoi 0.4.1, except
# SI-SDR, which is the SNR, since the noise is orthogonal to the speech, and its improvement.
EXPECTED = {
    "pesq_nb": (2.0018, 0.01),
    "pesq_wb": (1.3370, 0.01),
    "stoi": (0.9273, 0.002),
    "estoi": (0.7352, 0.002),
    "si_sdr": (SNR_DB, 0.01),
    "si_sdr_improvement": (0.0, 1e-9),
    "sdr": (5.0104, 0.001),
    "segmental_snr": (0.1197, 0.001),
    "lsd": (5.1804, 0.001),
    "csig": (2.8641, 0.01),
    "cbak": (1.9079, 0.01),
    "covl": (2.0209, 0.01),
}


def golden_metrics() -> dict[str, Metric]:
    """Return the metrics the scores are known of, by name."""
    return {
        "pesq_nb": PesqNb(),
        "pesq_wb": PesqWb(),
        "stoi": Stoi(),
        "estoi": Estoi(),
        "si_sdr": SiSdr(),
        "si_sdr_improvement": SiSdrImprovement(),
        "sdr": Sdr(),
        "segmental_snr": SegmentalSnr(),
        "lsd": Lsd(),
        "csig": Csig(),
        "cbak": Cbak(),
        "covl": Covl(),
    }


def golden_pair() -> tuple[Samples, Samples]:
    """Return clean and noisy waves: two demo sentences, and noise generated in plain Python.

    Python's uniform numbers are the same in every release; a leaky sum of them rumbles like wind.

    Raises:
        DataError: the demo speech was not installed.
    """
    from sslse.corpora.demo import Demo

    corpus = Demo(content="speech")
    recordings = {one.key: one for one in corpus.recordings()}
    clean = np.concatenate([corpus.read(recordings[key])[0] for key in SPEECH])
    speech = clean - clean.mean(dtype=np.float64)
    noise = _rumble(len(clean))
    noise -= noise.mean()
    noise -= (noise @ speech) / (speech @ speech) * speech
    gain = np.sqrt((speech @ speech) / (noise @ noise)) * 10 ** (-SNR_DB / 20)
    return clean, (clean + gain * noise).astype(np.float32)


def _rumble(samples: int) -> np.ndarray:
    draws = random.Random(0)
    noise = np.empty(samples)
    level = 0.0
    for position in range(samples):
        level = 0.99 * level + draws.random() - 0.5
        noise[position] = level
    return noise
