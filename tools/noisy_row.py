"""Score noisy speech under changed conditions, one at a time: why is our noisy row not the paper's?

    python tools/noisy_row.py SPEECH NONSPEECH [TIMIT]

Writes docs/results/noisy_row.csv: a line for each condition, SNR and metric, the mean over
mixtures and a 95 % interval over speakers. Speech is the first test utterance of every test speaker
in docs/results/lists, noise one of the test noises, both cut to 32768 samples, unless the condition
says otherwise. TIMIT is a folder with (some of) its sentences.
"""

import csv
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
from scipy.special import stdtrit

from sslse.api import Corpus, Recording, Samples
from sslse.audio import resample
from sslse.corpora.manifest import Manifest
from sslse.corpora.nonspeech import Nonspeech
from sslse.corpora.timit import Timit
from sslse.evaluate.mixtures import noise_gain
from sslse.metrics.pesq import measure_pesq, raw_narrow_band
from sslse.metrics.si_sdr import si_sdr
from sslse.metrics.stoi import Stoi
from sslse.seeds import derive_seed

RATE = 16000
SNR_DB = (-7.5, -2.5, 2.5, 7.5)
ROOT = Path(__file__).parents[1]
LISTS = ROOT / "docs" / "results" / "lists"
OUT = ROOT / "docs" / "results" / "noisy_row.csv"


@dataclass(frozen=True)
class Sound:
    """A wave at 16 kHz and whose it is."""

    key: str
    speaker: str
    wave: Samples


@dataclass(frozen=True)
class Condition:
    """What is mixed and how it is scored.

    Args:
        name: of the condition.
        speech: utterances.
        noise: recordings.
        samples: length of an example; None: the whole utterance.
        level_db: both waves are scaled so that clean speech has this level, and rounded to 16 bit.
        pesq_rate: in Hz; other than 16000: PESQ alone is measured.
    """

    name: str
    speech: Sequence[Sound]
    noise: Sequence[Sound]
    samples: int | None = 32768
    level_db: float | None = None
    pesq_rate: int = RATE


def sounds(corpus: Corpus, wanted: Callable[[Recording], bool]) -> list[Sound]:
    """Read the wanted recordings of a corpus."""
    found = []
    for one in corpus.recordings():
        if wanted(one):
            wave, rate = corpus.read(one)
            found.append(Sound(one.key, one.speaker, resample(wave, rate, RATE)))
    return found


def mixtures(condition: Condition) -> Iterator[tuple[str, float, Samples, Samples]]:
    """Yield speaker, SNR, clean and noisy wave; draws depend on the utterance and the SNR alone."""
    for one in condition.speech:
        clean = crop(one.wave, condition.samples or len(one.wave), place(one.key, "speech"))
        for snr_db in SNR_DB:
            drawn = place(one.key, f"noise {snr_db}")
            sound = condition.noise[int(drawn * len(condition.noise))]
            wave = sound.wave
            if len(wave) < len(clean):
                wave = np.tile(wave, -(-len(clean) // len(wave)))
            noise = crop(wave, len(clean), place(one.key, f"start {snr_db}"))
            noisy = clean + noise_gain(clean, noise, snr_db) * noise
            if condition.level_db is None:
                yield one.speaker, snr_db, clean, noisy
            else:
                factor = 10 ** (condition.level_db / 20) / np.sqrt(np.mean(clean**2))
                yield one.speaker, snr_db, sixteen_bit(clean * factor), sixteen_bit(noisy * factor)


def place(*names: str) -> float:
    """Return a number in [0, 1) drawn by names."""
    return float(np.random.default_rng(derive_seed(0, *names)).random())


def crop(wave: Samples, samples: int, where: float) -> Samples:
    """Cut a wave, or append silence."""
    start = int(where * (max(0, len(wave) - samples) + 1))
    cut = wave[start : start + samples]
    return np.pad(cut, (0, samples - len(cut)))


def sixteen_bit(wave: Samples) -> Samples:
    """Round to 16 bits and clip."""
    return np.clip(np.round(wave * 32768) / 32768, -1, 1).astype(np.float32)


def scores(condition: Condition, clean: Samples, noisy: Samples) -> Iterator[tuple[str, float]]:
    """Yield the metrics, PESQ also without P.862.1's mapping; what fails is told and left out."""
    waves = [resample(one, RATE, condition.pesq_rate) for one in (clean, noisy)]
    with told(condition.name):
        pesq = measure_pesq(waves[0], waves[1], condition.pesq_rate, "nb")
        yield "pesq_nb", pesq
        yield "pesq_raw", raw_narrow_band(pesq)
    if condition.pesq_rate == RATE:
        with told(condition.name):
            yield "stoi", Stoi().score(clean, noisy, noisy, RATE)
        yield "si_sdr", si_sdr(clean.astype(float), noisy.astype(float), zero_mean=True)


@contextmanager
def told(name: str) -> Iterator[None]:
    """Tell a failure of a package instead of stopping at it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the packages raise many kinds
        print(f"{name}: failed: {error!r}")


def lines(condition: Condition) -> Iterator[dict[str, object]]:
    """Score a condition; yield its lines of the table."""
    found: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for speaker, snr_db, clean, noisy in mixtures(condition):
        for metric, value in scores(condition, clean, noisy):
            for group in (f"{snr_db:g}", ""):
                found.setdefault((group, metric), []).append((speaker, value))
    for (group, metric), values in found.items():
        by_speaker: dict[str, list[float]] = {}
        for speaker, value in values:
            by_speaker.setdefault(speaker, []).append(value)
        means = [mean(one) for one in by_speaker.values()]
        half = float(stdtrit(len(means) - 1, 0.975)) * stdev(means) / math.sqrt(len(means))
        middle = mean(value for _, value in values)
        yield {
            "condition": condition.name,
            "snr_db": group,
            "metric": metric,
            "mean": f"{middle:.4f}",
            "low": f"{middle - half:.4f}",
            "high": f"{middle + half:.4f}",
            "mixtures": len(values),
            "speakers": len(means),
        }


def conditions(speech_root: Path, noise_root: Path, timit_root: Path | None) -> list[Condition]:
    """Return the conditions, the matrix's own first."""
    listed = Manifest(file=str(LISTS / "speech.csv"), root=str(speech_root))
    by_speaker: dict[str, Sound] = {}
    for one in sounds(listed, lambda one: one.part == "test"):
        by_speaker.setdefault(one.speaker, one)
    noises = Manifest(file=str(LISTS / "noise.csv"), root=str(noise_root))
    noise = sounds(noises, lambda one: one.part == "test")
    ours = Condition("as in the matrix", list(by_speaker.values()), noise)
    training = sounds(noises, lambda one: one.part == "train")
    names = {one.key.partition(".")[0] for one in noise}
    slowed = sounds(Nonspeech(root=str(noise_root), true_rate=16000), lambda one: one.key in names)
    found = [
        ours,
        replace(ours, name="PESQ at 8 kHz", pesq_rate=8000),
        replace(ours, name="whole utterances", samples=None),
    ]
    if timit_root is not None:
        timit = sounds(Timit(root=str(timit_root)), lambda _: True)
        found.append(replace(ours, name="TIMIT sentences", speech=timit))
    found += [
        replace(ours, name="noise at 16 kHz unchanged", noise=slowed),
        replace(ours, name="speech at -37 dBFS and 16 bit", level_db=-37.0),
        replace(ours, name="the 75 training noises", noise=training),
    ]
    return found


def main(roots: Sequence[Path]) -> None:
    """Write the table; conditions that are in it are left alone."""
    there = OUT.read_text(encoding="utf-8") if OUT.is_file() else ""
    for condition in conditions(roots[0], roots[1], roots[2] if len(roots) > 2 else None):
        if f"\n{condition.name}," in there:
            continue
        found = list(lines(condition))
        with OUT.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(found[0]), lineterminator="\n")
            if not file.tell():
                writer.writeheader()
            writer.writerows(found)
        print(condition.name)


if __name__ == "__main__":
    main([Path(one) for one in sys.argv[1:]])
