"""The test mixtures: a list that says exactly what is mixed with what."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sslse.data.mixing import mix_at_snr
from sslse.data.store import Store
from sslse.seeds import generator
from sslse.settings import Evaluate

TRIES = 20


@dataclass(frozen=True)
class Mixture:
    """One test example.

    Args:
        speech: key of the utterance.
        speech_start: its first sample used.
        noise: key of the noise recording.
        noise_start: its first sample used; it is repeated where it is too short.
        snr_db: ratio of mean powers over the example.
        speaker: of the utterance; empty if unknown.
        noise_kind: empty if unknown.
    """

    speech: str
    speech_start: int
    noise: str
    noise_start: int
    snr_db: float
    speaker: str
    noise_kind: str


def plan_mixtures(speech: Store, noise: Store, settings: Evaluate, seed: int) -> list[Mixture]:
    """Mix every test utterance at every SNR, each with a drawn noise at a drawn place.

    A draw depends on the seed, the utterance and the SNR alone, so that leaving out utterances
    or ratios changes no other mixture.
    """
    count = len(speech)
    wanted = min(settings.utterances or count, count)
    rows = [place * count // wanted for place in range(wanted)]
    mixtures = []
    for row in rows:
        utterance = speech.recordings[row]
        room = _room(speech, row, settings.samples)
        draws = generator("cpu", seed, "test speech", utterance.key)
        speech_start = int(torch.randint(room, (), generator=draws))
        for snr_db in settings.snr_db:
            draws = generator("cpu", seed, "test noise", utterance.key, str(float(snr_db)))
            noise_row = int(torch.randint(len(noise), (), generator=draws))
            recording = noise.recordings[noise_row]
            mixtures.append(
                Mixture(
                    speech=utterance.key,
                    speech_start=speech_start,
                    noise=recording.key,
                    noise_start=_audible_start(noise, noise_row, settings.samples, draws),
                    snr_db=float(snr_db),
                    speaker=utterance.speaker,
                    noise_kind=recording.kind,
                )
            )
    return mixtures


def make_mixtures(
    mixtures: Sequence[Mixture], speech: Store, noise: Store, samples: int
) -> tuple[Tensor, Tensor]:
    """Return the clean and the noisy waves of mixtures, each (mixtures, samples)."""
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
    snr_db = torch.tensor([one.snr_db for one in mixtures], device=device)
    return clean, mix_at_snr(clean, noises, snr_db)


def _audible_start(noise: Store, row: int, samples: int, draws: torch.Generator) -> int:
    """Draw where noise starts, again where the crop would be silent; at last its first sound."""
    room = _room(noise, row, samples, loop=True)
    index = torch.tensor(row, device=noise.device)
    for _ in range(TRIES):
        start = torch.randint(room, (), generator=draws).to(noise.device)
        if noise.crops(index, start, samples, loop=True).any():
            return int(start)
    whole = noise.crops(index, torch.zeros_like(index), int(noise.lengths_of(index)))
    return min(int(whole.ne(0).int().argmax()), room - 1)


def _room(store: Store, row: int, samples: int, *, loop: bool = False) -> int:
    """Return how many places a crop can start at."""
    length = int(store.lengths_of(torch.tensor(row, device=store.device)))
    if length < samples:
        return length if loop else 1
    return length - samples + 1
