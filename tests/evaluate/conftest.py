"""Small packed corpora for tests of evaluations."""

import pytest
import torch

from sslse.api import Recording
from sslse.data.store import Index, Store


def make_store(name, lengths, seed=0):
    draws = torch.Generator().manual_seed(seed + len(name))
    counts = torch.tensor(lengths)
    samples = torch.randint(-9000, 9000, (int(counts.sum()),), generator=draws, dtype=torch.int16)
    index = Index(counts.cumsum(0) - counts, counts, torch.full((len(lengths),), 1 / 32768))
    recordings = [
        Recording(f"{name}{row}", None, "test", speaker="s", kind="k")
        for row in range(len(lengths))
    ]
    return Store(samples, index, recordings, 16000)


@pytest.fixture
def speech():
    return make_store("speech", [4000, 9000, 20000, 7000])


@pytest.fixture
def noise():
    return make_store("noise", [3000, 30000, 8000])


@pytest.fixture
def store_of():
    """Make a store of random samples: name, lengths, seed."""
    return make_store
