import pytest
import torch

from sslse.api import Recording
from sslse.data.store import Index, Store


@pytest.fixture
def pack():
    """Pack waves in [-1, 1) as a store: give (key, wave) pairs, speakers and kinds by key."""

    def make(waves, speakers=(), kinds=()):
        samples = torch.cat([(32767 * wave).round().to(torch.int16) for wave in waves.values()])
        counts = torch.tensor([len(wave) for wave in waves.values()])
        index = Index(counts.cumsum(0) - counts, counts, torch.full((len(waves),), 1 / 32768))
        recordings = [
            Recording(
                key,
                None,
                "test",
                speaker=dict(speakers).get(key, ""),
                kind=dict(kinds).get(key, ""),
            )
            for key in waves
        ]
        return Store(samples, index, recordings, 16000)

    return make


@pytest.fixture
def hiss():
    """White noise of a length, another for every seed."""

    def make(length, seed=0):
        draws = torch.Generator().manual_seed(seed)
        return 0.2 * torch.randn(length, generator=draws).clamp(-4, 4)

    return make
