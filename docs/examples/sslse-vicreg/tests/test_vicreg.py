"""VICReg against loops over the paper's formulas."""

import math
from itertools import combinations

import pytest
import torch
from sslse_vicreg.objective import VICReg
from torch import nn

from sslse.api import Context, OptionError, Progress, Views
from sslse.testing import check_objective

VIEWS, BATCH, DIM, FRAMES = 3, 5, 4, 6
CONTEXT = Context(sample_rate=16000, views=VIEWS, batch_size=BATCH, crop=FRAMES)
NOW = Progress(step=0, steps=1, steps_per_epoch=1)


def loss_of(objective, latent):
    wave = torch.zeros(VIEWS, BATCH, FRAMES)
    views = Views(wave, wave, latent, torch.arange(BATCH))
    return objective(nn.Identity(), views, NOW).loss


def draw(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def examples(latent, over):
    """List a view's examples as lists of channels, in float64."""
    rows = [list(zip(*one, strict=True)) for one in latent.double().tolist()]
    if over == "frame":
        return [frame for frames in rows for frame in frames]
    return [[sum(channel) / FRAMES for channel in zip(*frames, strict=True)] for frames in rows]


def covariance(rows, a, b):
    mean_a, mean_b = (sum(row[one] for row in rows) / len(rows) for one in (a, b))
    return sum((row[a] - mean_a) * (row[b] - mean_b) for row in rows) / (len(rows) - 1)


def reference(latent, weights, over):
    by_view = [examples(one, over) for one in latent]
    pairs = list(combinations(by_view, 2))
    total = 0.0
    for pair in pairs:
        squares = [
            (p - q) ** 2 for x, y in zip(*pair, strict=True) for p, q in zip(x, y, strict=True)
        ]
        total += weights[0] * sum(squares) / len(squares)
        for rows in pair:
            for a in range(DIM):
                deviation = math.sqrt(covariance(rows, a, a) + 1e-4)
                total += weights[1] * max(0.0, 1 - deviation) / DIM
                for b in range(DIM):
                    if a != b:
                        total += weights[2] * covariance(rows, a, b) ** 2 / DIM
    return total / len(pairs)


@pytest.mark.parametrize("over", ["frame", "utterance"])
@pytest.mark.parametrize("weights", [(25, 25, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_loss_is_the_papers(over, weights):
    latent = draw(VIEWS, BATCH, DIM, FRAMES) * torch.linspace(0.3, 1.5, DIM)[:, None]
    names = ("invariance", "variance", "covariance")
    objective = VICReg(CONTEXT, **dict(zip(names, weights, strict=True)), over=over)
    expected = reference(latent, weights, over)
    assert expected > 0.01
    assert float(loss_of(objective, latent)) == pytest.approx(expected, rel=1e-6)


def test_default_weights_are_the_papers():
    objective = VICReg(CONTEXT)
    assert (objective.invariance, objective.variance, objective.covariance) == (25, 25, 1)


def test_gradients_reach_the_encoder_through_every_view():
    encoder = nn.Conv1d(1, DIM, 1)
    waves = draw(VIEWS * BATCH, 1, FRAMES)
    latent = encoder(waves).unflatten(0, (VIEWS, BATCH))
    latent.retain_grad()
    loss_of(VICReg(CONTEXT), latent).backward()
    assert encoder.weight.grad.abs().min() > 0
    assert latent.grad.abs().amax((1, 2, 3)).min() > 0


def test_collapse_costs_more_than_spread_out_views_that_agree():
    spread = draw(1, 64, DIM, FRAMES).expand(VIEWS, -1, -1, -1)
    collapsed = torch.ones(VIEWS, 64, DIM, FRAMES)
    assert float(loss_of(VICReg(CONTEXT), spread)) < 5
    assert float(loss_of(VICReg(CONTEXT), collapsed)) == pytest.approx(2 * 25 * 0.99)


def test_statistics_stay_in_float32_under_autocast():
    latent = draw(VIEWS, BATCH, DIM, FRAMES)
    expected = loss_of(VICReg(CONTEXT), latent)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(loss_of(VICReg(CONTEXT), latent), expected)


def test_one_utterance_has_no_variance_over_utterances():
    alone = Context(sample_rate=16000, views=2, batch_size=1, crop=FRAMES)
    with pytest.raises(OptionError, match=r"^utterance needs a train\.batch_size of 2 or more$"):
        VICReg(alone, over="utterance")
    VICReg(alone, over="frame")


@pytest.mark.parametrize("over", ["frame", "utterance"])
def test_it_keeps_the_contract(over):
    check_objective("vicreg", over=over)
