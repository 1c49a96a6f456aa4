"""What the tests of metrics share."""

import numpy as np
import pytest

from sslse.golden import golden_pair
from sslse.registry import discover


@pytest.fixture(scope="session")
def pair():
    """Give clean and noisy waves whose scores are known."""
    return golden_pair()


@pytest.fixture(scope="module")
def noise(pair):
    """Give the noise of the pair, of the same power as its speech."""
    clean, noisy = (wave.astype(np.float64) for wave in pair)
    noise = noisy - clean
    return noise * np.sqrt((clean @ clean) / (noise @ noise))


@pytest.fixture(scope="session")
def every_metric():
    """Give every metric that ships, with its defaults, by name."""
    registry = discover()
    return {one.name: one.load()() for one in registry.of_kind("metric")}


@pytest.fixture(scope="session")
def framed():
    """Cut a wave into 30 ms Hann frames in loops, as Loizou's composite.m counts them."""

    def cut(wave, rate):
        length = int(np.floor(0.03 * rate + 0.5))
        hop = length // 4
        window = [0.5 * (1 - np.cos(2 * np.pi * n / (length + 1))) for n in range(1, length + 1)]
        count = int(len(wave) / hop - length / hop)
        return [
            [w * float(x) for w, x in zip(window, wave[i * hop : i * hop + length], strict=True)]
            for i in range(count)
        ]

    return cut
