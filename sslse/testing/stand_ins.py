"""Small stand-ins for the parts that a component asks for, and sounds to try it on."""

import math

import torch
from torch import Tensor, nn

from sslse.api import Bank, Encoder, Predictor, Recording
from sslse.data.store import Index, Store

SAMPLE_RATE = 16000
PARTIALS = 6
LENGTHS = (9000, 700, 4096, 5001, 2048, 8192, 64, 6000)


class SmallEncoder(Encoder):
    """Two convolutions: 64 samples a frame, 16 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.dim, self.stride = 16, 64
        self.frames = nn.Conv1d(1, self.dim, self.stride, stride=self.stride, bias=False)
        self.mix = nn.Conv1d(self.dim, self.dim, 1)

    def forward(self, wave: Tensor) -> Tensor:
        """Map (batch, samples) to (batch, dim, samples // stride)."""
        latent: Tensor = self.mix(torch.tanh(10 * self.frames(wave.unsqueeze(1))))
        return latent


class SmallPredictor(Predictor):
    """Two pointwise convolutions."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv1d(dim, 32, 1), nn.GELU(), nn.Conv1d(32, dim, 1))

    def forward(self, latent: Tensor) -> Tensor:
        """Map (batch, dim, frames) to the same shape."""
        predicted: Tensor = self.layers(latent)
        return predicted


def tones(batch: int, samples: int, seed: int = 0) -> Tensor:
    """Return waves (batch, samples) of harmonic tones, each with its pitch and rhythm."""
    draws = torch.Generator().manual_seed(seed)
    pitch = 100 + 200 * torch.rand(batch, 1, 1, generator=draws)
    phase = 2 * math.pi * torch.rand(batch, PARTIALS, 1, generator=draws)
    order = torch.arange(1, PARTIALS + 1).view(-1, 1)
    time = torch.arange(samples) / SAMPLE_RATE
    sound = (torch.sin(2 * math.pi * order * pitch * time + phase) / order).sum(1)
    beat = 5 + 15 * torch.rand(batch, 1, generator=draws)
    return 0.1 * sound * (1 + 0.8 * torch.sin(2 * math.pi * beat * time))


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Return white noise."""
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def bank(
    seed: int, lengths: tuple[int, ...] = (9000, 700, 4096, 5001, 2048, 8192, 64, 6000)
) -> Bank:
    """Return packed recordings of noise and tones in turns, some shorter than a crop."""
    sounds = [
        (noise(one, seed=seed + place) if place % 2 else tones(1, one, seed + place)[0])
        for place, one in enumerate(lengths)
    ]
    index = Index(
        torch.tensor([0, *lengths[:-1]]).cumsum(0),
        torch.tensor(lengths),
        torch.full((len(lengths),), 1 / 32768),
    )
    packed = (32767 * torch.cat(sounds).clamp(-1, 1)).to(torch.int16)
    recordings = [Recording(str(place), None, "train") for place in range(len(lengths))]
    return Store(packed, index, recordings, SAMPLE_RATE)
