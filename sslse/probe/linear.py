"""Linear probes: ridge regression and multinomial logistic regression, both in float64."""

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor, nn

PENALTIES = (1e2, 1e1, 1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
WORSE_IN_A_ROW = 2
HELD_SHARE = 0.25
_ITERATIONS = 200

Fitted = Callable[[Tensor], Tensor]


def probe_number(train: Tensor, target: Tensor, held: Tensor, test: Tensor) -> tuple[Tensor, float]:
    """Predict a number; the penalty is that with the least squared error on the held-out part.

    Args:
        train: features, float64 (items, features).
        target: float64 (items,).
        held: which items choose the penalty, bool (items,); then all are fitted.
        test: features to predict from, (test items, features).

    Returns:
        Predictions (test items,), and the penalty.
    """

    def loss(fitted: Fitted) -> Tensor:
        return (fitted(train[held]) - target[held]).square().mean()

    def fit(x: Tensor, y: Tensor, penalty: float, _: Parameters | None) -> Parameters:
        return ridge(x, y, penalty)

    penalty = _best_penalty(fit, train[~held], target[~held], loss)
    scaled = Scaling(train)
    weight, bias = ridge(scaled(train), target, penalty)
    return scaled(test) @ weight + bias, penalty


def probe_class(
    train: Tensor, labels: Tensor, held: Tensor, test: Tensor, *, classes: int
) -> tuple[Tensor, float]:
    """Predict a class; the penalty is that with the least cross-entropy on the held-out part.

    Args:
        train: features, float64 (items, features).
        labels: int64 (items,), below ``classes``.
        held: which items choose the penalty, bool (items,); then all are fitted.
        test: features to predict from, (test items, features).
        classes: how many there are.

    Returns:
        Predicted classes, int64 (test items,), and the penalty.
    """

    def loss(fitted: Fitted) -> Tensor:
        return nn.functional.cross_entropy(fitted(train[held]), labels[held])

    def fit(x: Tensor, y: Tensor, penalty: float, start: Parameters | None) -> Parameters:
        return logistic(x, y, penalty, classes=classes, start=start)

    penalty = _best_penalty(fit, train[~held], labels[~held], loss)
    scaled = Scaling(train)
    weight, bias = logistic(scaled(train), labels, penalty, classes=classes)
    return (scaled(test) @ weight + bias).argmax(-1), penalty


Parameters = tuple[Tensor, Tensor]


class Scaling:
    """Standardise features by the mean and deviation of those given first.

    A feature that does not vary becomes 0.
    """

    def __init__(self, features: Tensor) -> None:
        self._mean = features.mean(0)
        deviation = features.std(0, correction=0)
        varies = deviation > torch.finfo(features.dtype).eps * self._mean.abs().clamp_min(1e-12)
        self._factor = torch.where(varies, 1 / deviation.where(varies, 1.0), 0.0)

    def __call__(self, features: Tensor) -> Tensor:
        """Map (items, features) to the same shape."""
        return (features - self._mean) * self._factor


def ridge(features: Tensor, target: Tensor, penalty: float) -> Parameters:
    """Minimise mean squared error + penalty * |weight|^2 in closed form; the bias is free.

    Returns:
        Weight (features,) and bias ().
    """
    mean, bias = features.mean(0), target.mean()
    centred = features - mean
    gram = centred.T @ centred / len(features)
    gram.diagonal().add_(penalty)
    weight = torch.linalg.solve(gram, centred.T @ (target - bias) / len(features))
    return weight, bias - mean @ weight


def logistic(
    features: Tensor,
    labels: Tensor,
    penalty: float,
    *,
    classes: int,
    start: Parameters | None = None,
) -> Parameters:
    """Minimise mean cross-entropy + penalty / 2 * |weight|^2 by L-BFGS; the bias is free.

    Returns:
        Weight (features, classes) and bias (classes,).
    """
    begin = start or (features.new_zeros(features.shape[1], classes), features.new_zeros(classes))
    weight, bias = (one.clone().requires_grad_() for one in begin)
    optimizer = torch.optim.LBFGS(
        [weight, bias],
        max_iter=_ITERATIONS,
        tolerance_grad=1e-6,
        tolerance_change=1e-12,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def closure() -> float:
        optimizer.zero_grad()
        fit = nn.functional.cross_entropy(features @ weight + bias, labels)
        loss = fit + penalty / 2 * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()


def hold_out(groups: Sequence[str], strata: Sequence[str], draws: Generator) -> Tensor:
    """Choose the training items that choose the penalty: whole groups, a quarter of each stratum.

    A stratum with one group holds out none; if none is held out at all, a quarter of the items is.

    Args:
        groups: of every item: its utterance, say.
        strata: of every item, the same within a group: what must not lose all its groups.
        draws: decides.

    Returns:
        bool (items,).
    """
    members: dict[str, list[str]] = {}
    for stratum, group in sorted(set(zip(strata, groups, strict=True))):
        members.setdefault(stratum, []).append(group)
    held: set[str] = set()
    for names in members.values():
        count = max(1, round(HELD_SHARE * len(names))) if len(names) > 1 else 0
        order = torch.randperm(len(names), generator=draws).tolist()
        held.update(names[place] for place in order[:count])
    if held:
        return torch.tensor([group in held for group in groups])
    count = max(1, round(HELD_SHARE * len(groups)))
    chosen = torch.zeros(len(groups), dtype=torch.bool)
    chosen[torch.randperm(len(groups), generator=draws)[:count]] = True
    return chosen


def _best_penalty(
    fit: Callable[[Tensor, Tensor, float, Parameters | None], Parameters],
    features: Tensor,
    target: Tensor,
    loss: Callable[[Fitted], Tensor],
) -> float:
    """Fit at every penalty, strongest first, each from the one before; return that of least loss.

    Stops where two in a row are worse than the best: weaker ones overfit more, and take longest.
    """
    scaled = Scaling(features)
    losses: dict[float, float] = {}
    best = PENALTIES[0]
    found: Parameters | None = None
    for place, penalty in enumerate(PENALTIES):
        found = fit(scaled(features), target, penalty, found)
        losses[penalty] = float(loss(_predictor(scaled, found)))
        if losses[penalty] < losses[best]:
            best = penalty
        if place - PENALTIES.index(best) >= WORSE_IN_A_ROW:
            break
    return best


def _predictor(scaled: Scaling, found: Parameters) -> Fitted:
    weight, bias = found
    return lambda features: scaled(features) @ weight + bias
