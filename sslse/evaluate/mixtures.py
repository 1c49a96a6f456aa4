"""The test mixtures: a list that says exactly what is mixed with what."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from sslse.api import Samples
from sslse.data.store import Store
from sslse.seeds import generator
from sslse.settings import Evaluate

TRIES = 20
DIGEST_BYTES = 16
AT_ONCE = 32


@dataclass(frozen=True)
class Mixture:
    """One test example: ``noisy = clean + gain * noise`` in float32, each operation rounded.

    Args:
        speech: key of the utterance.
        speech_start: its first sample used.
        noise: key of the noise recording.
        noise_start: its first sample used; it is repeated where it is too short.
        snr_db: ratio of mean powers over the example.
        gain: factor of the noise, a float32 value; 0 where speech or noise is silent.
        speaker: of the utterance; empty if unknown.
        noise_kind: empty if unknown.
        clean: `wave_digest` of the clean wave.
        noisy: `wave_digest` of the noisy wave.
    """

    speech: str
    speech_start: int
    noise: str
    noise_start: int
    snr_db: float
    gain: float
    speaker: str
    noise_kind: str
    clean: str
    noisy: str


def wave_digest(wave: Samples) -> str:
    """Return the BLAKE2b digest (16 bytes) of a wave's samples as little-endian float32."""
    samples = wave.astype("<f4").tobytes()
    return hashlib.blake2b(samples, digest_size=DIGEST_BYTES).hexdigest()


def plan_mixtures(speech: Store, noise: Store, settings: Evaluate) -> list[Mixture]:
    """Mix every test utterance at every SNR, each with a drawn noise at a drawn place.

    A draw depends on the settings' seed, the utterance and the SNR alone, so that leaving out
    utterances or ratios changes no other mixture.
    """
    count = len(speech)
    wanted = min(settings.utterances or count, count)
    rows = [place * count // wanted for place in range(wanted)]
    mixtures = []
    for row in rows:
        utterance = speech.recordings[row]
        draws = generator("cpu", settings.seed, "test speech", utterance.key)
        speech_start = _audible_start(speech, row, settings.samples, draws, loop=False)
        for snr_db in settings.snr_db:
            names = ("test noise", utterance.key, str(float(snr_db)))
            draws = generator("cpu", settings.seed, *names)
            noise_row = int(torch.randint(len(noise), (), generator=draws))
            recording = noise.recordings[noise_row]
            mixtures.append(
                Mixture(
                    speech=utterance.key,
                    speech_start=speech_start,
                    noise=recording.key,
                    noise_start=_audible_start(
                        noise, noise_row, settings.samples, draws, loop=True
                    ),
                    snr_db=float(snr_db),
                    gain=0.0,
                    speaker=utterance.speaker,
                    noise_kind=recording.kind,
                    clean="",
                    noisy="",
                )
            )
    return [one for part in _portions(mixtures) for one in _mixed(part, speech, noise, settings)]


def make_mixtures(
    mixtures: Sequence[Mixture], speech: Store, noise: Store, samples: int
) -> tuple[Tensor, Tensor]:
    """Return the clean and the noisy waves of mixtures, each (mixtures, samples).

    The very same samples on every device: no sum is involved, and no fused multiply-add.
    """
    clean, noises = _crops(mixtures, speech, noise, samples)
    gains = [one.gain for one in mixtures]
    gain = torch.tensor(gains, dtype=torch.float32, device=speech.device).unsqueeze(-1)
    return clean, clean + gain * noises


def _mixed(
    mixtures: Sequence[Mixture], speech: Store, noise: Store, settings: Evaluate
) -> Iterator[Mixture]:
    """Fill in gains and digests."""
    clean, noises = (one.cpu().numpy() for one in _crops(mixtures, speech, noise, settings.samples))
    for mixture, target, sound in zip(mixtures, clean, noises, strict=True):
        gain = noise_gain(target, sound, mixture.snr_db)
        noisy = target + gain * sound
        yield replace(
            mixture, gain=float(gain), clean=wave_digest(target), noisy=wave_digest(noisy)
        )


def noise_gain(speech: Samples, noise: Samples, snr_db: float) -> np.float32:
    """Return the factor that brings noise to an SNR; 0 where speech or noise is silent.

    Squares are exact in float64 and added one after the other, so that no processor's way of
    adding changes the result.
    """
    wanted, unwanted = (np.cumsum(np.square(one, dtype=np.float64))[-1] for one in (speech, noise))
    if not wanted or not unwanted:
        return np.float32(0)
    return np.float32(np.sqrt(wanted / unwanted) * 10 ** (-snr_db / 20))


def _crops(
    mixtures: Sequence[Mixture], speech: Store, noise: Store, samples: int
) -> tuple[Tensor, Tensor]:
    """Return the clean waves and, unscaled, the noises, each (mixtures, samples)."""
    device = speech.device

    def rows(store: Store, keys: list[str]) -> Tensor:
        by_key = {one.key: row for row, one in enumerate(store.recordings)}
        return torch.tensor([by_key[key] for key in keys], device=device)

    def starts(values: list[int]) -> Tensor:
        return torch.tensor(values, device=device)

    clean = speech.crops(
        rows(speech, [one.speech for one in mixtures]),
        starts([one.speech_start for one in mixtures]),
        samples,
    )
    noises = noise.crops(
        rows(noise, [one.noise for one in mixtures]),
        starts([one.noise_start for one in mixtures]),
        samples,
        loop=True,
    )
    return clean, noises


def _portions(mixtures: Sequence[Mixture]) -> Iterator[Sequence[Mixture]]:
    return (mixtures[first : first + AT_ONCE] for first in range(0, len(mixtures), AT_ONCE))


def _audible_start(
    store: Store, row: int, samples: int, draws: torch.Generator, *, loop: bool
) -> int:
    """Draw where a crop starts, again where it would be silent; at last the first sound."""
    room = _room(store, row, samples, loop=loop)
    index = torch.tensor(row, device=store.device)
    for _ in range(TRIES):
        start = torch.randint(room, (), generator=draws).to(store.device)
        if store.crops(index, start, samples, loop=loop).any():
            return int(start)
    whole = store.crops(index, torch.zeros_like(index), int(store.lengths_of(index)))
    return min(int(whole.ne(0).int().argmax()), room - 1)


def _room(store: Store, row: int, samples: int, *, loop: bool) -> int:
    """Return how many places a crop can start at."""
    length = int(store.lengths_of(torch.tensor(row, device=store.device)))
    if length < samples:
        return length if loop else 1
    return length - samples + 1
