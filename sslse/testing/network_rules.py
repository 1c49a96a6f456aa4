"""The rules for encoders, decoders and predictors."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sslse.api import Reach
from sslse.nn.memory import Memory
from sslse.seeds import seeded
from sslse.testing.rules import FOUR_RULES, Rule, rule
from sslse.testing.stand_ins import noise, tones
from sslse.testing.states import (
    changes,
    drawers,
    global_random,
    holds,
    loose,
    quiet,
    said_of,
    state_of,
    touched,
)

CONTRACT = "sslse.api"
FRAMES = (8, 9, 33)
NEAR = 1e-4
STEPS, STEPS_OF_DRAWS = 3, 24
BEYOND = 8  # frames more than a reach, to look at
PIECES = (1, 3, 8, 2, 5)  # frames, in turns


@dataclass(frozen=True)
class Part:
    """A module of the network, and how it is used on waves.

    Args:
        module: in training mode.
        inputs: what the module takes for waves (batch, samples).
        shape: what the module should give for waves.
        lent: the encoder it was lent, if any.
    """

    module: nn.Module
    inputs: Callable[[Tensor], tuple[Tensor, ...]]
    shape: Callable[[Tensor], tuple[int, ...]]
    lent: nn.Module | None = None

    def map(self, waves: Tensor) -> Tensor:
        """Map waves (batch, samples) to what the module gives."""
        mapped: Tensor = self.module(*self.inputs(waves))
        return mapped

    @property
    def reach(self) -> Reach | None:
        """The frames that a frame depends on; None: all, or the part does not say."""
        found: Reach | None = getattr(self.module, "reach", None)
        return found

    @property
    def causal(self) -> bool:
        """Whether the module takes a memory."""
        return getattr(self.module, "causal", False)


@dataclass(frozen=True)
class NetworkCase:
    """A component to check.

    Args:
        contract: the class of `sslse.api` it must be of.
        part: constructs it with weights from a seed.
        stride: samples per frame.
        draws: whether it draws from torch's global generator in training, beside its dropout.
    """

    contract: type[nn.Module]
    part: Callable[[int], Part]
    stride: Callable[[], int]
    draws: bool = False

    def waves(self, frames: int = 16, batch: int = 3) -> Tensor:
        """Return noisy tones of so many frames."""
        samples = frames * self.stride()
        return tones(batch, samples) + 0.3 * noise(batch, samples)


@rule("is constructed from wiring by name and options by keyword", see="sslse.options")
def constructs(case: NetworkCase) -> str | None:
    """Construct it twice, with the same weights both times."""
    before = global_random()
    first, second = case.part(0).module, case.part(0).module
    if not isinstance(first, case.contract):
        return f"{type(first).__name__} is no sslse.api.{case.contract.__name__}"
    if drawn := touched(before):
        return f"the constructor moved {drawn[0]} global generator, which no run seeds"
    name = changes(state_of(first), state_of(second))
    return f"two with the same seed differ in {name!r}" if name else None


@rule("uses the lent encoder and never stores it", see=FOUR_RULES)
def borrows(case: NetworkCase) -> str | None:
    """Look for the encoder, also in lists and closures."""
    part = case.part(0)
    name = holds(part.module, part.lent) if part.lent is not None else None
    return f"self.{name} keeps it or a part of it" if name else None


@rule("has a dim and a stride that are whole numbers above 0", see=CONTRACT)
def sized(case: NetworkCase) -> str | None:
    """Look at an encoder's attributes."""
    module = case.part(0).module
    for name in ("dim", "stride"):
        value = getattr(module, name, None)
        if not isinstance(value, int) or value < 1:
            return f"{name} is {value!r}"
    return None


@rule("gives the shape it promises for every whole number of frames", see=CONTRACT)
def shapes(case: NetworkCase) -> str | None:
    """Map waves of several lengths, one and several at once."""
    part = case.part(0)
    for frames in FRAMES:
        for batch in (1, 3):
            waves = case.waves(frames, batch)
            mapped, expected = part.map(waves), part.shape(waves)
            if tuple(mapped.shape) != expected:
                seen = tuple(mapped.shape)
                return f"{tuple(waves.shape)} samples gave {seen} instead of {expected}"
            if mapped.dtype != torch.float32:
                return f"it gave {mapped.dtype}"
    return None


@rule("is finite, with its gradient, also on silence and loud waves", see=CONTRACT)
def finite(case: NetworkCase) -> str | None:
    """Map silence and waves of several levels, and go back."""
    part = case.part(0)
    for level in (0.0, 1e-6, 1.0, 100.0):
        part.module.zero_grad()
        mapped = part.map(level * case.waves())
        if not bool(mapped.isfinite().all()):
            return f"waves at {level:g} times their level gave infinity or NaN"
        mapped.square().mean().backward()  # type: ignore[no-untyped-call]
        for name, one in part.module.named_parameters():
            if one.grad is not None and not bool(one.grad.isfinite().all()):
                return f"waves at {level:g} times their level gave {name!r} a gradient that is not"
    return None


@rule("passes a gradient to every parameter that trains", see=FOUR_RULES)
def gradients(case: NetworkCase) -> str | None:
    """Look at every gradient over some steps; a layer may begin at zero, or be left out of some."""
    part = case.part(0)
    own = {name: one for name, one in part.module.named_parameters() if one.requires_grad}
    optimizer = torch.optim.SGD([*own.values(), nn.Parameter(torch.zeros(()))], lr=0.01)
    reached: set[str] = set()
    waves = case.waves()
    target = noise(*part.shape(waves))
    for step in range(STEPS_OF_DRAWS if case.draws else STEPS):
        optimizer.zero_grad()
        with seeded(0, "step", step):
            mapped = part.map(waves)
        (mapped - target).square().mean().backward()  # type: ignore[no-untyped-call]
        reached |= {name for name, one in own.items() if one.grad is not None and one.grad.any()}
        optimizer.step()
    missed = [name for name in own if name not in reached]
    return f"{missed[0]!r} gets none" if missed else None


@rule("gives the same for the same waves in evaluation, and changes no state by it", see=CONTRACT)
@torch.no_grad()
def repeats(case: NetworkCase) -> str | None:
    """Map the same waves twice."""
    part = case.part(0)
    part.module.eval()
    part.map(case.waves())
    state, moved = state_of(part.module), global_random()
    first = part.map(case.waves())
    if drawn := touched(moved):
        return f"it moved {drawn[0]} global generator"
    if name := changes(state, state_of(part.module)):
        return f"it changed {name!r}"
    return None if torch.equal(first, part.map(case.waves())) else "the second time differs"


@rule("draws from no global random generator, dropout modules apart", see=FOUR_RULES)
@torch.no_grad()
def draws(case: NetworkCase) -> str | None:
    """Watch the generators in training mode, without dropout."""
    part = case.part(0)
    quiet(part.module)
    before = global_random()
    with drawers(part.module) as found:
        part.map(case.waves())
    allowed = {"torch's"} if case.draws else set()
    moved = [one for one in touched(before) if one not in allowed]
    if not moved:
        return None
    part.module.eval()
    before = global_random()
    part.map(case.waves())
    return f"it moved {said_of(found, moved[0], in_evaluation=moved[0] in touched(before))}"


@rule("leaves the waves as they are", see=CONTRACT)
@torch.no_grad()
def pure(case: NetworkCase) -> str | None:
    """Compare what it is given before and after, in training and in evaluation."""
    part = case.part(0)
    for mode in (True, False):
        part.module.train(mode)
        inputs = part.inputs(case.waves())
        given = [one.clone() for one in inputs]
        part.module(*given)
        if not all(torch.equal(one, other) for one, other in zip(inputs, given, strict=True)):
            return f"it changes its input in place in {'training' if mode else 'evaluation'}"
    return None


@rule("maps every wave by itself in evaluation, whatever else is in the batch", see=CONTRACT)
@torch.no_grad()
def independent(case: NetworkCase) -> str | None:
    """Map waves together, and one of them alone and beside loud noise."""
    part = case.part(0)
    part.module.eval()
    waves = case.waves()
    together = part.map(waves)[:1]
    others = torch.cat([waves[:1], noise(*waves[1:].shape, seed=9) * 20])
    scale = float(together.abs().max()) or 1.0
    for name, mapped in (("alone", part.map(waves[:1])), ("others", part.map(others)[:1])):
        far = float((mapped - together).abs().max()) / scale
        if far > NEAR:
            seen = "alone it differs" if name == "alone" else "other waves beside it change it"
            return f"{seen} by {far:.2g} of its size"
    return None


@rule("is the same when its saved state is loaded, and when it is copied", see=FOUR_RULES)
@torch.no_grad()
def resumes(case: NetworkCase) -> str | None:
    """Load the state into a fresh one; copy it; look for what is not in the state."""
    part, fresh = case.part(0), case.part(1)
    with seeded(0):
        part.map(case.waves())
    if name := loose(part.module):
        return f"self.{name} holds a tensor or module that is neither saved nor moved to a device"
    fresh.module.load_state_dict(part.module.state_dict())
    for one in (part, fresh):
        one.module.eval()
    if not torch.allclose(part.map(case.waves()), fresh.map(case.waves()), rtol=NEAR, atol=NEAR):
        return "a fresh one with the saved state differs"
    name = changes(state_of(part.module), state_of(copy.deepcopy(part.module)))
    return f"the copy differs in {name!r}" if name else None


@rule("depends on no frame beyond its reach, where it has one", see=CONTRACT)
@torch.no_grad()
def reaches(case: NetworkCase) -> str | None:
    """Change the first frame, the last and one between, each for itself, in every input."""
    part = case.part(0)
    reach = part.reach
    if reach is None:
        return None
    _awake(part.module).eval()
    frames = reach.before + 1 + reach.after + BEYOND
    inputs = part.inputs(case.waves(frames))
    mapped = _framed(part.module(*inputs), frames)
    scale = float(mapped.abs().max()) or 1.0
    for frame in (0, reach.after + BEYOND // 2, frames - 1):
        changed = [one.clone() for one in inputs]
        for one in changed:
            _framed(one, frames)[..., frame, :] += noise(*_framed(one, frames)[..., 0, :].shape)
        far = (_framed(part.module(*changed), frames) - mapped).abs() / scale
        moved = [int(one) for one in (far.amax((*range(far.ndim - 2), -1)) > NEAR).nonzero()]
        beyond = [one - frame for one in moved if not -reach.after <= one - frame <= reach.before]
        if beyond:
            side = "earlier" if beyond[0] < 0 else "later"
            most = abs(beyond[0] if beyond[0] < 0 else beyond[-1])
            return f"{reach} is said, but a frame changes one that is {most} {side}"
    return None


@rule("gives for a stream in pieces what it gives for the whole, where it is causal", see=CONTRACT)
@torch.no_grad()
def streams(case: NetworkCase) -> str | None:
    """Follow two streams at once, each with a memory of its own."""
    part = case.part(0)
    if not part.causal:
        return None
    reach = part.reach
    if reach is not None and reach.after:
        return f"it says causal, but {reach} looks ahead"
    _awake(part.module).eval()
    frames = sum(PIECES) + BEYOND + (0 if reach is None else reach.before)
    waves = case.waves(frames)
    wholes = [part.inputs(one) for one in (waves, 2 * waves.roll(1, 0))]
    memories = [Memory() for _ in wholes]
    given: list[list[Tensor]] = [[] for _ in wholes]
    first = number = 0
    while first < frames:
        end = min(first + PIECES[number % len(PIECES)], frames)
        for whole, memory, pieces in zip(wholes, memories, given, strict=True):
            cut = [_framed(one, frames)[..., first:end, :].flatten(-2) for one in whole]
            pieces.append(part.module(*cut, memory))
        first, number = end, number + 1
    for whole, pieces in zip(wholes, given, strict=True):
        mapped, joined = part.module(*whole), torch.cat(pieces, -1)
        if joined.shape != mapped.shape:
            return f"the pieces give {tuple(joined.shape)}, the whole {tuple(mapped.shape)}"
        far = float((joined - mapped).abs().max()) / (float(mapped.abs().max()) or 1.0)
        if far > NEAR:
            return f"the pieces differ from the whole by {far:.2g} of its size"
    return None


def _framed(x: Tensor, frames: int) -> Tensor:
    """View (..., n frames) as (..., frames, n)."""
    return x.view(*x.shape[:-1], frames, -1)


def _awake(module: nn.Module) -> nn.Module:
    """Give weights that begin at zero values: what they multiply would not be seen."""
    for one in module.parameters():
        if not one.any():
            one.copy_(noise(*one.shape))
    return module


NETWORK_RULES: tuple[Rule[NetworkCase], ...] = (
    constructs,
    borrows,
    shapes,
    finite,
    gradients,
    repeats,
    draws,
    pure,
    independent,
    reaches,
    streams,
    resumes,
)
ENCODER_RULES: tuple[Rule[NetworkCase], ...] = (constructs, sized, *NETWORK_RULES[2:])
