"""Watch components while a step is tried: what they give, and that they change nothing lent."""

import contextlib
import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from sslse.api import Outcome, Views, Weights
from sslse.errors import ContractError
from sslse.wording import show_kind

Inputs = tuple[Any, ...]


@contextlib.contextmanager
def watched(parts: Iterable[tuple[str, nn.Module]]) -> Iterator[None]:
    """Refuse, within the block, what the calls of some modules must not give or change.

    Args:
        parts: modules, each with its place in a recipe.

    Raises:
        ContractError: naming the part.
    """
    with contextlib.ExitStack() as held:
        for part, module in parts:
            for handle in _hooks(part, module):
                held.callback(handle.remove)
        yield


@contextlib.contextmanager
def unchanged(part: str, lent: Iterable[Any]) -> Iterator[None]:
    """Refuse that the block changes tensors in place.

    Raises:
        ContractError: naming the part that did.
    """
    tensors = [one for one in lent if isinstance(one, Tensor)]
    before = _versions(tensors)
    yield
    _refuse_changes(part, tensors, before)


def check_weights(weights: Any) -> None:
    """Refuse what a schedule's `weights` must not give.

    Raises:
        ContractError: it is no `Weights` of two finite numbers, none below 0.
    """
    pair = (weights.cl, weights.se) if isinstance(weights, Weights) else ()
    for one in pair or (weights,):
        plain = isinstance(one, int | float) and not isinstance(one, bool)
        if not plain or not math.isfinite(one) or one < 0:
            raise ContractError(
                f"weights() gave {show_kind(weights)}; possible: sslse.api.Weights of two finite "
                "numbers, none below 0, each an int or a float",
                "schedule",
            )


def check_scalars(part: str, scalars: Any, device: torch.device) -> None:
    """Refuse metrics that cannot be logged.

    Raises:
        ContractError: they are no dict of scalar tensors on the device, by text.
    """
    if not isinstance(scalars, dict) or not all(isinstance(name, str) for name in scalars):
        raise ContractError(
            f"its metrics are {show_kind(scalars)}; possible: a dict of scalar tensors by text",
            part,
        )
    for name, value in scalars.items():
        if fault := _fault_of_scalar(value, device):
            raise ContractError(
                f"the metric {name!r} is {fault}; possible: a scalar tensor on {device}, such as "
                "loss.detach()",
                part,
            )


def _hooks(part: str, module: nn.Module) -> Iterator[Any]:
    """Register what looks at each call of a module; yield the handles."""
    before: list[list[int]] = []

    def enter(_: nn.Module, given: Inputs, named: dict[str, Any]) -> None:
        before.append(_versions(_tensors((*given, *named.values()))))

    def leave(one: nn.Module, given: Inputs, named: dict[str, Any], output: Any) -> None:
        inputs = (*given, *named.values())
        _refuse_changes(part, _tensors(inputs), before.pop())
        if fault := _fault_of_output(part, one, inputs, output):
            raise ContractError(f"forward() gave {fault}", part)
        if isinstance(output, Outcome):
            views = next(one for one in inputs if isinstance(one, Views))
            check_scalars(part, output.metrics, views.latent.device)

    yield module.register_forward_pre_hook(enter, with_kwargs=True)
    yield module.register_forward_hook(leave, with_kwargs=True)


def _fault_of_output(part: str, module: Any, inputs: Inputs, output: Any) -> str:
    """Say what is wrong with what a module gave."""
    if part == "encoder":
        batch, samples = inputs[0].shape
        return _fault_of_tensor(output, (batch, module.dim, samples // module.stride), inputs[0])
    if part == "decoder":
        return _fault_of_tensor(output, tuple(inputs[1].shape), inputs[1])
    if part == "predictor":
        return _fault_of_tensor(output, tuple(inputs[0].shape), inputs[0])
    if part.startswith("augmentations"):
        views = inputs[0]
        fault = _fault_of_tensor(output, tuple(views.shape), views)
        same = fault or output.dtype == views.dtype
        return fault if same else f"waves of {output.dtype}; possible: {views.dtype}, as they came"
    return _fault_of_outcome(output)


def _fault_of_tensor(given: Any, shape: tuple[int, ...], like: Tensor) -> str:
    if not isinstance(given, Tensor) or not given.is_floating_point():
        return f"{show_kind(given)}; possible: a tensor of floats of shape {shape}"
    if tuple(given.shape) != shape:
        return f"the shape {tuple(given.shape)}; possible: {shape}"
    if given.device != like.device:
        return f"a tensor on {given.device}; possible: on {like.device}"
    return ""


def _fault_of_outcome(outcome: Any) -> str:
    if not isinstance(outcome, Outcome):
        return f"{show_kind(outcome)}; possible: an sslse.api.Outcome"
    loss = outcome.loss
    if loss is None:
        return ""
    if not isinstance(loss, Tensor) or loss.dim() or not loss.is_floating_point():
        return f"{show_kind(loss)} as loss; possible: a scalar tensor (loss.mean()), or None"
    return ""


def _fault_of_scalar(value: Any, device: torch.device) -> str:
    if not isinstance(value, Tensor) or value.dim() or value.is_complex():
        return show_kind(value)
    return "" if value.device == device else f"a tensor on {value.device}"


def _tensors(inputs: Inputs) -> list[Tensor]:
    """Return the tensors a module was called with, those of views among them."""
    found: list[Tensor] = []
    for one in inputs:
        if isinstance(one, Views):
            found += [one.clean, one.noisy, one.latent, one.utterance]
        elif isinstance(one, Tensor):
            found.append(one)
    return found


def _versions(tensors: Iterable[Tensor]) -> list[int]:
    """Return how often each was written to in place."""
    return [one._version for one in tensors]  # noqa: SLF001 - autograd's own count


def _refuse_changes(part: str, tensors: Iterable[Tensor], before: list[int]) -> None:
    if _versions(tensors) != before:
        raise ContractError(
            "it changes in place what it is lent; possible: a new tensor, such as "
            "wave = wave / peak in place of wave /= peak",
            part,
        )
