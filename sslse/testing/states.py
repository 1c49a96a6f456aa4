"""What a component must leave as it was: its state, and the global random generators."""

import contextlib
import random
from collections.abc import Iterator, Mapping
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

DEEPEST = 4


def state_of(module: nn.Module) -> dict[str, Any]:
    """Copy what a module keeps: parameters, buffers, plain numbers, sizes of containers.

    Running statistics of torch's own normalisation layers are left out: training does not read
    them.
    """
    state: dict[str, Any] = {}
    for path, one in module.named_modules():
        kept = {} if isinstance(one, _NormBase) else dict(one.named_buffers(recurse=False))
        kept |= one.named_parameters(recurse=False)
        state |= {_join(path, name): tensor.detach().clone() for name, tensor in kept.items()}
        for name, value in _own(one):
            if isinstance(value, bool | int | float | str):
                state[_join(path, name)] = value
            elif isinstance(value, list | dict | set):
                state[_join(path, name)] = len(value)
    return state


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
    """Name the first entry of a state that is not as it was."""
    for name in dict.fromkeys([*before, *after]):
        if name not in before or name not in after:
            return name
        old, new = before[name], after[name]
        if not (_same(old, new) if isinstance(old, Tensor) else old == new):
            return name
    return None


def loose(module: nn.Module) -> str | None:
    """Name a tensor or module kept on a module without being registered there.

    A list of what is registered is none: torch's recurrent layers keep one of their weights.
    """
    for path, one in module.named_modules():
        registered = {id(part) for part in (*one.parameters(), *one.buffers(), *one.modules())}
        for name, value in _own(one):
            items = value.values() if isinstance(value, dict) else value
            held = [value, *items] if isinstance(value, list | tuple | set | dict) else [value]
            if any(isinstance(x, Tensor | nn.Module) and id(x) not in registered for x in held):
                return _join(path, name)
    return None


def holds(module: nn.Module, lent: nn.Module) -> str | None:
    """Name the attribute by which a module keeps another, or a part of it."""
    wanted = {id(one) for one in (*lent.modules(), *lent.parameters())}
    for path, one in module.named_modules():
        if id(one) in wanted:
            return str(path)
        kept = [*one.named_parameters(recurse=False), *_own(one)]
        for name, value in kept:
            if any(id(part) in wanted for part in _reachable(value)):
                return _join(path, name)
    return None


def quiet(module: nn.Module) -> nn.Module:
    """Switch dropout off, which draws from the generator that the trainer seeds every step."""
    for one in module.modules():
        if isinstance(one, _DropoutNd):
            one.eval()
    return module


def global_random() -> dict[str, Any]:
    """Copy the states of the global random generators."""
    numpys: Any = np.random.get_state(legacy=False)  # noqa: NPY002 - it is what is watched
    inner = numpys["state"]
    return {
        "torch's": torch.random.get_rng_state(),
        "Python's": random.getstate(),
        "numpy's": (inner["key"].tobytes(), inner["pos"], numpys["gauss"]),
    }


def touched(before: Mapping[str, Any]) -> list[str]:
    """Name the global random generators that are not as they were."""
    after = global_random()
    return [name for name in before if changes({name: before[name]}, {name: after[name]})]


@contextlib.contextmanager
def drawers(module: nn.Module) -> Iterator[list[str]]:
    """List the modules whose forward moves a global generator within the block, inner ones first.

    Args:
        module: it and all modules in it are watched.
    """
    found: list[str] = []
    before: list[dict[str, Any]] = []

    def enter(*_: Any) -> None:
        before.append(global_random())

    with contextlib.ExitStack() as held:
        for path, one in module.named_modules():

            def leave(layer: nn.Module, *_: Any, path: str = path) -> None:
                if touched(before.pop()):
                    found.append(f"{path or 'forward'!r} ({type(layer).__name__})")

            held.callback(one.register_forward_pre_hook(enter).remove)
            held.callback(one.register_forward_hook(leave).remove)
        yield found


def said_of(found: list[str], moved: str, *, in_evaluation: bool) -> str:
    """Say what drew, when, and how a kit is told that this is meant.

    Args:
        found: by `drawers`.
        moved: the generator.
        in_evaluation: whether it is moved in evaluation mode too.
    """
    where = f" in {found[0]}" if found else ""
    if moved != "torch's":
        return f"{moved}{where}, which no run seeds"
    when = "" if in_evaluation else ", in training mode alone, as layer drop does"
    return f"{moved}{where}{when}; say draws=True if it is to draw"


def _own(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that the module's class has set, torch's own left out."""
    internal = vars(nn.Module())
    return ((name, value) for name, value in vars(module).items() if name not in internal)


def _reachable(value: Any, depth: int = 0) -> Iterator[Any]:
    yield value
    if depth == DEEPEST:
        return
    inside: list[Any] = []
    if isinstance(value, list | tuple | set):
        inside = list(value)
    elif isinstance(value, dict):
        inside = list(value.values())
    elif isinstance(value, partial):
        inside = [value.func, *value.args, *value.keywords.values()]
    elif isinstance(value, MethodType):
        inside = [value.__self__]
    elif isinstance(value, FunctionType):
        inside = [cell.cell_contents for cell in value.__closure__ or ()]
    for one in inside:
        yield from _reachable(one, depth + 1)


def _same(old: Tensor, new: Tensor) -> bool:
    """Tell whether all values are the same; NaN is the same as NaN."""
    if old.shape != new.shape or old.dtype != new.dtype:
        return False
    return bool(torch.isclose(old, new, rtol=0, atol=0, equal_nan=True).all())


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
