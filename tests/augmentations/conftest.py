"""What the tests of augmentations share."""

import pytest
import torch

from sslse.api import Bank, Context
from sslse.options import wiring_of

SAMPLE_RATE = 16000


class Tones(Bank):
    """Recording r is a tone of (r + 1) * 500 Hz, each louder than the last, of 9600 samples."""

    def __init__(self, count):
        self.count = count

    def crops(self, index, start, samples, *, loop=False):
        time = (start.unsqueeze(-1) + torch.arange(samples)) % 9600
        number = index.unsqueeze(-1) + 1
        return 0.1 * number * torch.sin(torch.pi / 16 * number * time)

    def lengths_of(self, index):
        return torch.full_like(index, 9600)


@pytest.fixture(scope="session")
def build(registry):
    """Build an augmentation by name, with options."""

    def make(name, *, sample_rate=SAMPLE_RATE, crop=SAMPLE_RATE, recordings=15, **options):
        target = registry.get("augmentation", name).load()
        bank = Tones(recordings)
        context = Context(sample_rate=sample_rate, views=2, batch_size=8, crop=crop)
        parts = {"context": context, "noise": bank, "speech": bank}
        return target(*[parts[one] for one in wiring_of(target)], **options)

    return make


@pytest.fixture(scope="session")
def draws():
    """Give a generator with a seed."""

    def make(seed=0):
        return torch.Generator().manual_seed(seed)

    return make


@pytest.fixture(scope="session")
def noise(draws):
    """Give white noise (views, batch, samples), about 0.1 strong."""

    def make(*shape, seed=9):
        return 0.1 * torch.randn(*shape, generator=draws(seed))

    return make


@pytest.fixture(scope="session")
def decibels():
    """Give the ratio of mean powers of waves (..., samples) in dB."""

    def measure(above, below):
        return 10 * torch.log10(above.double().square().mean(-1) / below.double().square().mean(-1))

    return measure
