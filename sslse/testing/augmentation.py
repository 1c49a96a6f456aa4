"""`check_augmentation`: what an augmentation promises the trainer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Generator, Tensor

from sslse.api import Augmentation
from sslse.testing.construct import Target, construct, find, make_context
from sslse.testing.rules import FOUR_RULES, hold, rule
from sslse.testing.stand_ins import bank, noise, tones
from sslse.testing.states import changes, global_random, loose, state_of, touched

CONTRACT = "sslse.api.Augmentation"
SHAPES = ((2, 4, 4096), (3, 1, 4096), (2, 7, 3333))
OUT_OF_TIME = 32  # samples by which delays of views may differ: less than a frame


def check_augmentation(target: Target, /, **options: Any) -> None:
    """Hold an augmentation against the contract of `sslse.api.Augmentation`.

    As ``noise`` and ``speech`` it is given eight short recordings each, some shorter than a view.

    Args:
        target: the class, or the name it is registered under.
        **options: of the augmentation, as a recipe would say them.

    Raises:
        AssertionError: a rule is broken.
        RegistryError: no augmentation of that name is installed.
    """
    label, component = find("augmentation", target)
    hold(label, AugmentationCase(component, options), AUGMENTATION_RULES)


@dataclass(frozen=True)
class AugmentationCase:
    """An augmentation to check."""

    target: Callable[..., Any]
    options: Mapping[str, Any]

    @cached_property
    def usual(self) -> Augmentation:
        """The augmentation for views of the first shape."""
        return self.make(SHAPES[0])

    @cached_property
    def twin(self) -> Augmentation:
        """Another of the same."""
        return self.make(SHAPES[0])

    def make(self, shape: tuple[int, int, int]) -> Augmentation:
        """Construct the augmentation for views of a shape."""
        parts = {"context": make_context(*shape), "noise": bank(0), "speech": bank(100)}
        augmentation: Augmentation = construct(self.target, self.options, parts)
        return augmentation


def views_of(shape: tuple[int, int, int]) -> Tensor:
    """Return the same tones in all views, expanded as the trainer does."""
    return tones(*shape[1:]).expand(shape)


def seed(number: int) -> Generator:
    """Return a generator."""
    return Generator().manual_seed(number)


@rule("is constructed from wiring by name and options by keyword", see="sslse.options")
def constructs(case: AugmentationCase) -> str | None:
    """Construct it twice."""
    before = global_random()
    first, second = case.usual, case.twin
    if not isinstance(first, Augmentation):
        return f"{type(first).__name__} is no sslse.api.Augmentation"
    if drawn := touched(before):
        return f"the constructor moved {drawn[0]} global generator, which no run seeds"
    if name := changes(state_of(first), state_of(second)):
        return f"two with the same seed differ in {name!r}"
    if first.applies_to not in ("noisy", "both"):
        return f"applies_to is {first.applies_to!r}, not 'noisy' or 'both'"
    return None if isinstance(first.aligned, bool) else "aligned is no bool"


@rule("keeps no state, neither parameters nor persistent buffers", see=CONTRACT)
def stateless(case: AugmentationCase) -> str | None:
    """Look at the state, and at what changes from call to call."""
    augmentation = case.usual
    if kept := list(augmentation.state_dict()):
        return f"{kept[0]!r} is state"
    augmentation(views_of(SHAPES[0]), generator=seed(0))
    before = state_of(augmentation)
    augmentation(views_of(SHAPES[0]), generator=seed(1))
    if name := changes(before, state_of(augmentation)):
        return f"a call changed {name!r}"
    name = loose(augmentation)
    return f"self.{name} holds a tensor that does not move to a device" if name else None


@rule("keeps shape, type and device of the views, of any size", see=CONTRACT)
def shapes(case: AugmentationCase) -> str | None:
    """Map views of odd sizes, expanded as the trainer does."""
    for shape in SHAPES:
        views = views_of(shape)
        augmentation = case.usual if shape == SHAPES[0] else case.make(shape)
        mapped = augmentation(views, generator=seed(0))
        if mapped.shape != views.shape:
            return f"{shape} became {tuple(mapped.shape)}"
        if mapped.dtype != views.dtype or mapped.device != views.device:
            return f"{views.dtype} became {mapped.dtype} on {mapped.device}"
    return None


@rule("gives finite waves, also of silence and of very soft and loud waves", see=CONTRACT)
def finite(case: AugmentationCase) -> str | None:
    """Map waves of several levels with several draws."""
    augmentation = case.usual
    partly = views_of(SHAPES[0]).clone()
    partly[:, :, : SHAPES[0][2] // 2] = 0
    waves = {"silence": torch.zeros(SHAPES[0]), "half-silent waves": partly}
    waves |= {f"waves at {level:g}": level * views_of(SHAPES[0]) for level in (1e-6, 1, 100)}
    for name, views in waves.items():
        for number in range(4):
            if not bool(augmentation(views, generator=seed(number)).isfinite().all()):
                return f"{name} gave infinity or NaN"
    return None


@rule("takes every draw from the generator: the same seed gives the same waves", see=FOUR_RULES)
def draws(case: AugmentationCase) -> str | None:
    """Map with the same seed three times, other calls and global seeds between."""
    augmentation, views = case.usual, views_of(SHAPES[0])
    before = global_random()
    first = augmentation(views, generator=seed(0))
    if moved := touched(before):
        return f"it moved {moved[0]} global generator"
    augmentation(views_of(SHAPES[0]).flip(1), generator=seed(1))
    second = augmentation(views, generator=seed(0))
    third = case.twin(views, generator=seed(0))
    if not torch.equal(first, second):
        return "a call between two with the same seed changed the second"
    return None if torch.equal(first, third) else "another of the same gives other waves"


@rule("leaves its input as it is", see=CONTRACT)
def pure(case: AugmentationCase) -> str | None:
    """Compare the input before and after."""
    views = views_of(SHAPES[0]).clone()
    before = views.clone()
    for number in range(4):
        case.usual(views, generator=seed(number))
    return None if torch.equal(views, before) else "the input was changed in place"


@rule("draws nothing that depends on the samples where applies_to is 'both'", see=CONTRACT)
def same_draws(case: AugmentationCase) -> str | None:
    """Compare how far the generator moved for quiet, loud and other waves."""
    augmentation = case.usual
    if augmentation.applies_to != "both":
        return None
    views = views_of(SHAPES[0])
    waves = (views, torch.zeros_like(views), noise(*views.shape), 10 * views.flip(-1))
    for number in range(4):
        ends = []
        for one in waves:
            generator = seed(number)
            augmentation(one, generator=generator)
            ends.append(generator.get_state())
        if not all(torch.equal(ends[0], end) for end in ends[1:]):
            return "clean and noisy waves would get other draws"
    return None


@rule("keeps the views of an utterance in time with each other where aligned is True", see=CONTRACT)
def in_time(case: AugmentationCase) -> str | None:
    """Find by correlation how far every view of one white noise was moved."""
    augmentation, shape = case.usual, SHAPES[0]
    if not augmentation.aligned:
        return None
    sound = noise(*shape[1:])
    for number in range(8):
        delays = delays_of(augmentation(sound.expand(shape), generator=seed(number)), sound)
        for one, other in delays.T.tolist():
            if abs(one - other) > OUT_OF_TIME:
                return f"one view lies {abs(one - other)} samples behind the other"
    return None


AUGMENTATION_RULES = (
    constructs,
    stateless,
    shapes,
    finite,
    draws,
    pure,
    same_draws,
    in_time,
)


def delays_of(views: Tensor, sound: Tensor) -> Tensor:
    """Return by how many samples each view lies behind the sound, (views, batch)."""
    samples = sound.shape[-1]
    spectra = torch.fft.rfft(views, 2 * samples) * torch.fft.rfft(sound, 2 * samples).conj()
    place = torch.fft.irfft(spectra, 2 * samples).abs().argmax(-1)
    return torch.where(place >= samples, place - 2 * samples, place)
