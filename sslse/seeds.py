"""Seeds by name: every consumer of randomness has its own stream, whatever the others draw."""

import contextlib
import hashlib
from collections.abc import Iterator

import torch


def derive_seed(seed: int, *names: str | int) -> int:
    """Return a 63-bit seed that depends on the run's seed and the consumer's name."""
    text = "\x1f".join(str(part) for part in (seed, *names))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(device: torch.device | str, seed: int, *names: str | int) -> torch.Generator:
    """Return a generator on a device, seeded for one consumer at one time.

    Draws depend on nothing that went before, so a resumed run draws what it would have drawn.
    """
    return torch.Generator(device=device).manual_seed(derive_seed(seed, *names))


@contextlib.contextmanager
def seeded(seed: int, *names: str | int, device: torch.device | None = None) -> Iterator[None]:
    """Seed torch's global generators within the block and put them back after it.

    For what takes no generator: weight initialisation, dropout.

    Args:
        seed: of the run.
        names: of the consumer.
        device: a CUDA device whose generator is seeded beside the CPU's.
    """
    cuda = [device] if device is not None and device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.default_generator.manual_seed(derive_seed(seed, *names))
        for one in cuda:
            with torch.cuda.device(one):
                torch.cuda.manual_seed(derive_seed(seed, *names))
        yield
