"""The demo corpus's noise: twenty everyday sounds, five recordings each, made in code.

Every kind is a small physical or musical model. Its takes differ in the random numbers and in
the model's parameters (pitch, rate, brightness, density), so that a take never heard in training
is a fair test.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from sslse.corpora.demo import living, things
from sslse.corpora.demo.synthesis import Scene, Signal

SECONDS = 4.0
TAKES = 5

_SEED = 20240607
_PEAK = 0.5


_MAKERS: dict[str, Callable[[Scene], Signal]] = {
    "babble": living.babble,
    "crowd": living.crowd,
    "applause": living.applause,
    "cough": living.cough,
    "machine": things.machine,
    "drill": things.drill,
    "engine": things.engine,
    "hum": things.hum,
    "traffic": things.traffic,
    "train": things.train,
    "siren": things.siren,
    "alarm": things.alarm,
    "bell": things.bell,
    "music": things.music,
    "water": living.water,
    "rain": living.rain,
    "wind": living.wind,
    "birds": living.birds,
    "keyboard": things.keyboard,
    "clatter": things.clatter,
}

KINDS: tuple[str, ...] = tuple(_MAKERS)


def make_noise(kind: str, take: int, sample_rate: int = 16000) -> npt.NDArray[np.float32]:
    """Makes one recording of noise, the same on every call.

    Args:
        kind: One of `KINDS`.
        take: Which recording of the kind, 1 to `TAKES`.
        sample_rate: In Hz.

    Returns:
        Mono samples, `SECONDS` long, with peak 0.5 and nowhere silent.

    Raises:
        ValueError: For a kind or a take there is none of.
    """
    if kind not in _MAKERS:
        raise ValueError(f"unknown noise kind {kind!r}; possible: {', '.join(KINDS)}")
    if take not in range(1, TAKES + 1):
        raise ValueError(f"no take {take!r} of noise {kind!r}; possible: 1 to {TAKES}")
    scene = Scene((KINDS.index(kind), take, _SEED), TAKES, SECONDS, sample_rate)
    sound = _MAKERS[kind](scene)
    # No place is ever quite silent: a faint room tone fills the gaps of intermittent sounds.
    room = scene.noise(60, 2500, -4)
    sound = sound / np.abs(sound).max() + scene.pick(0.004, 0.01) * room
    recording: npt.NDArray[np.float32] = (_PEAK / np.abs(sound).max() * sound).astype(np.float32)
    return recording
