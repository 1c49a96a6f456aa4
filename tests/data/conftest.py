import pytest
import torch

from sslse.api import Recording
from sslse.data.store import Index, Store


@pytest.fixture
def make_store():
    """Pack given lengths; sample k of recording r is 100 r + k (int16), scaled by 1."""

    def make(*lengths, parts=None, device=None):
        samples = torch.cat(
            [
                100 * row + torch.arange(length, dtype=torch.int16)
                for row, length in enumerate(lengths)
            ]
        ).to(torch.int16)
        counts = torch.tensor(lengths)
        index = Index(counts.cumsum(0) - counts, counts, torch.ones(len(lengths)))
        parts = parts or ["train"] * len(lengths)
        recordings = [Recording(f"r{row}", None, part) for row, part in enumerate(parts)]
        return Store(samples, index, recordings, 16000, device)

    return make
