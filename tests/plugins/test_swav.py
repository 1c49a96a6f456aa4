import copy
import math
from dataclasses import replace
from itertools import permutations

import pytest
import torch
from sslse_swav.objective import SwAV

from sslse.api import Context, OptionError, Progress
from sslse.nn import vectors
from sslse.prepare import prepare
from sslse.testing import check_objective

UNIQUE = (0, 1, 2, 3)
REPEATED = (7, 3, 7, 1, 3)
FIRST, LATER = (Progress(step, steps=40, steps_per_epoch=5) for step in (4, 24))


def make(encoder, views=2, **options):
    torch.manual_seed(3)
    context = Context(sample_rate=16000, views=views, batch_size=4, crop=48)
    given = {"projector": [3], "prototypes": 6, "freeze_epochs": 0, **options}
    return SwAV(encoder, context, **given).double()


def units(count, seed=0):
    """Unit vectors as `make`'s projector gives them, (count, 3)."""
    draws = torch.Generator().manual_seed(seed)
    rows = torch.randn(count, 3, generator=draws, dtype=torch.float64)
    return rows / rows.norm(dim=-1, keepdim=True)


@pytest.fixture
def slow_loss(slow_rows, slow_sinkhorn):
    """The paper's loss in loops; ``earlier`` holds the queue's vectors of each view."""

    def loss(objective, batch, earlier, kept=None):
        prototypes = objective.prototypes.tolist()

        def scores(one):
            return [sum(x * c for x, c in zip(one, row, strict=True)) for row in prototypes]

        rows = slow_rows(batch.latent, batch.utterance, objective.over, objective.projector, kept)
        by_view = [[scores(one) for _, one in view] for view in rows]
        losses = []
        for i, j in permutations(range(len(by_view)), 2):
            codes = slow_sinkhorn(by_view[i] + [scores(one) for one in earlier[i]])
            for code, seen in zip(codes, by_view[j], strict=False):
                weights = [math.exp(score / objective.temperature) for score in seen]
                shares = [math.log(one / sum(weights)) for one in weights]
                losses.append(-sum(q * p for q, p in zip(code, shares, strict=True)))
        return sum(losses) / len(losses)

    return loss


@pytest.mark.parametrize("over", ["frame", "utterance"])
@pytest.mark.parametrize("views", [2, 3])
@pytest.mark.parametrize("utterance", [UNIQUE, REPEATED])
@pytest.mark.parametrize("queued", [0, 3, 9])
def test_the_loss_is_the_papers(encoder, make_views, slow_loss, over, views, utterance, queued):
    options = {"queue": 7, "queue_start_epoch": 4} if queued else {}
    objective = make(encoder, views, over=over, **options)
    earlier = [units(queued, seed) for seed in range(views)]
    if queued:
        objective.queue.push(torch.cat(earlier, 1), torch.arange(queued))
    batch = make_views(views, utterance)
    expected = slow_loss(objective, batch, [one[-7:].tolist() for one in earlier])
    loss = objective(encoder, batch, LATER).loss
    assert loss.item() == pytest.approx(expected, abs=1e-12)
    if queued:
        without = slow_loss(objective, batch, [[]] * views)
        assert abs(without - expected) > 1e-6
        before = objective(encoder, batch, FIRST).loss
        assert before.item() == pytest.approx(without, abs=1e-12)


def test_only_the_steps_frames_are_compared(encoder, make_views, slow_loss):
    objective = make(encoder, frames=2)
    for step, kept in ((0, [0, 3]), (1, [1, 4]), (5, [5, 2])):
        batch = make_views()
        loss = objective(encoder, batch, Progress(step, 10, 5)).loss
        expected = slow_loss(objective, batch, [[], []], kept)
        assert loss.item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("over", ["frame", "utterance"])
@pytest.mark.parametrize("views", [2, 3])
@pytest.mark.parametrize("queued", [0, 9])
def test_it_is_lightlys(encoder, make_views, over, views, queued):
    swav_loss = pytest.importorskip("lightly.loss").SwaVLoss()
    options = {"queue": queued, "queue_start_epoch": 0} if queued else {}
    objective = make(encoder, views, over=over, projector=[8, 3], prototypes=5, **options)
    batch = make_views(views, REPEATED)
    rows, _ = vectors(batch.latent, over=over, utterance=batch.utterance)
    u = objective.projector(rows)
    scores = list((u / u.norm(dim=-1, keepdim=True)) @ objective.prototypes.T)
    queue_scores = None
    if queued:
        earlier = [units(queued, seed) for seed in range(views)]
        objective.queue.push(torch.cat(earlier, 1), torch.arange(queued))
        queue_scores = [one @ objective.prototypes.T for one in earlier]
    theirs = swav_loss(scores, [], queue_scores).squeeze()
    ours = objective(encoder, batch, LATER).loss
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    wanted = (batch.latent, objective.prototypes)
    for one, other in zip(
        torch.autograd.grad(ours, wanted), torch.autograd.grad(theirs, wanted), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_the_assignments_pass_no_gradient(encoder, make_views):
    """With the assignments taken beforehand, the gradient is the same."""
    objective = make(encoder, projector=[])
    batch = make_views()
    online = batch.latent.detach().requires_grad_()
    rows, _ = vectors(online, over="frame", utterance=batch.utterance)
    scores = torch.nn.functional.normalize(rows, dim=-1) @ objective.prototypes.T
    codes = objective._codes(scores.detach(), LATER)
    expected = -(codes.flip(0) * (scores / 0.1).log_softmax(-1)).sum(-1).mean()
    wanted = torch.autograd.grad(expected, (online, objective.prototypes))
    loss = objective(encoder, batch, LATER).loss
    for one, other in zip(
        torch.autograd.grad(loss, (batch.latent, objective.prototypes)), wanted, strict=True
    ):
        torch.testing.assert_close(one, other)
        assert one.abs().sum() > 0


@pytest.mark.parametrize("freeze_epochs", [0, 1, 3])
def test_frozen_prototypes_get_no_gradient_but_the_encoder_does(encoder, make_views, freeze_epochs):
    objective = make(encoder, freeze_epochs=freeze_epochs, over="utterance")
    for step in (0, 4, 5, 14, 15):
        batch = make_views(3)
        batch.latent.retain_grad()
        objective.prototypes.grad = None
        objective(encoder, batch, Progress(step, 40, 5)).loss.backward()
        assert batch.latent.grad.abs().amax((2, 3)).min() > 0
        assert all(one.grad.abs().sum() > 0 for one in objective.projector.parameters())
        assert (objective.prototypes.grad is None) == (step // 5 < freeze_epochs)


def test_prototypes_have_length_one_from_the_start_and_after_every_step(encoder, make_views):
    objective = make(encoder)
    ones = torch.ones(6, dtype=torch.float64)
    torch.testing.assert_close(objective.prototypes.norm(dim=-1), ones)
    with torch.no_grad():
        objective.prototypes.mul_(torch.arange(1.0, 7)[:, None])
        direction = objective.prototypes / objective.prototypes.norm(dim=-1, keepdim=True)
        objective.after_step(encoder, None, FIRST)
    torch.testing.assert_close(objective.prototypes, direction)


@pytest.mark.parametrize("progress", [FIRST, LATER])
def test_the_queue_keeps_every_views_newest_vectors_and_is_emptied_without_cl(
    encoder, make_views, progress
):
    objective = make(encoder, views=2, over="utterance", queue=6)
    batch = make_views(2, REPEATED)
    mapped = objective.projector(batch.latent.detach().mean(-1)).detach()
    u = mapped / mapped.norm(dim=-1, keepdim=True)
    carry = objective(encoder, batch, progress).carry
    with torch.no_grad():
        objective.after_step(encoder, carry, progress)
        objective.after_step(encoder, carry, progress)
    # Slots 0 to 4 were written first; then 5, and 0 to 3 anew.
    expected = [u[:, crop] for crop in (1, 2, 3, 4, 4, 0)]
    torch.testing.assert_close(objective.queue.vectors, torch.stack(expected).flatten(1))
    assert objective.queue.utterance.tolist() == [3, 7, 1, 3, 3, 7]
    with torch.no_grad():
        objective.after_step(encoder, None, progress)
    assert not objective.queue.filled.any()


def test_prototype_use_tells_spread_from_collapse(encoder, make_views):
    objective = make(encoder, projector=[], prototypes=5, over="utterance")
    with torch.no_grad():
        objective.prototypes.copy_(torch.eye(5))
    batch = make_views(2, range(5))

    def use(nearest):
        latent = torch.eye(5, dtype=torch.float64)[nearest][:, :, None].expand(2, -1, -1, 3)
        return objective(encoder, replace(batch, latent=latent), LATER).metrics["prototype_use"]

    assert use([0, 1, 2, 3, 4]).item() == pytest.approx(1)
    assert use([2] * 5).item() == pytest.approx(1 / 5)
    entropy = -(3 * math.log(3 / 5) + 2 * math.log(2 / 5)) / 5
    assert use([0, 0, 0, 1, 1]).item() == pytest.approx(math.exp(entropy) / 5)


def test_prototype_use_is_a_share_of_what_the_vectors_can_use(encoder, make_views):
    objective = make(encoder, projector=[], prototypes=100, over="utterance")
    batch = make_views(2, (0, 1))
    with torch.no_grad():
        objective.prototypes[:4] = torch.nn.functional.normalize(
            batch.latent.mean(-1), dim=-1
        ).flatten(0, 1)
    assert objective(encoder, batch, LATER).metrics["prototype_use"].item() == pytest.approx(1)


def test_undecided_tells_a_sure_prediction_from_a_uniform_one(encoder, make_views):
    objective = make(encoder, projector=[], prototypes=4, over="utterance", temperature=0.02)
    with torch.no_grad():
        objective.prototypes.copy_(torch.eye(5)[:4])
    batch = make_views(2, range(5))

    def undecided(nearest):
        latent = torch.eye(5, dtype=torch.float64)[nearest][:, :, None].expand(2, -1, -1, 3)
        return objective(encoder, replace(batch, latent=latent), LATER).metrics["undecided"]

    assert undecided([4] * 5).item() == pytest.approx(1)
    assert undecided([0, 1, 2, 3, 3]).item() == pytest.approx(1 / 4)


def test_scores_stay_in_float32_under_autocast(encoder, make_views):
    batch = make_views()
    batch = replace(batch, latent=batch.latent.detach().float())
    options = {"projector": [], "queue": 6, "queue_start_epoch": 0}
    objective = make(encoder, **options).float()
    with torch.no_grad():
        objective.after_step(encoder, objective(encoder, batch, LATER).carry, LATER)
    expected = objective(encoder, batch, LATER).loss
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(objective(encoder, batch, LATER).loss, expected)
    low = replace(batch, latent=batch.latent.bfloat16())
    assert objective(encoder, low, LATER).loss.dtype == torch.float32


def test_one_utterance_needs_no_assignment(encoder):
    alone = Context(sample_rate=16000, views=2, batch_size=1, crop=48)
    with pytest.raises(OptionError, match=r"^utterance needs a train\.batch_size of 2 or more$"):
        SwAV(encoder, alone, over="utterance")
    SwAV(encoder, alone, over="frame")


def test_views_must_be_in_time_for_frames_only(encoder):
    assert make(encoder, over="frame").frame_level
    assert not make(encoder, over="utterance").frame_level


def test_forward_changes_no_state_and_the_encoder_is_not_kept(encoder, make_views):
    objective = make(encoder, queue=4, queue_start_epoch=0)
    before = copy.deepcopy(objective.state_dict())
    objective(encoder, make_views(), LATER)
    torch.testing.assert_close(objective.state_dict(), before, rtol=0, atol=0)
    assert all(module is not encoder for module in objective.modules())


@pytest.mark.parametrize(
    "options",
    [
        {"over": "utterance", "prototypes": 16},
        {"queue": 50, "queue_start_epoch": 0, "frames": 3},
        {"projector": []},
    ],
)
def test_it_keeps_the_contract_with_every_option(options):
    check_objective("swav", freeze_epochs=0, **options)


@pytest.mark.training
def test_sixty_steps_of_training_find_prototypes(tiny, registry):
    """With CL alone and little noise; prototypes that tell nothing give log(prototypes)."""
    noise = "augmentations=[{name: add_noise, snr_db: [20]}]"
    options = "objective={name: swav, prototypes: 32, freeze_epochs: 2}"
    sets = (noise, "schedule={name: mix, se: 0}", "train.batch_size=12", "train.epochs=16")
    recipe = tiny(options, *sets)
    trainer = prepare(recipe, registry, torch.device("cpu"), lambda _: None).trainer
    prototypes = trainer.model.objective.prototypes
    frozen = 2 * trainer.batches.steps_per_epoch
    losses, moved = [], []
    for step in range(60):
        before = prototypes.detach().clone()
        output, _ = trainer.step(step)
        losses.append(output.losses.cl.detach())
        moved.append(float((prototypes.detach() - before).abs().max()))
    assert torch.stack(losses).isfinite().all()
    assert losses[0] > 0.8 * math.log(32)
    assert sum(losses[-5:]) / 5 < 0.4 * math.log(32)
    assert output.metrics["prototype_use"] > 0.5
    assert max(moved[:frozen]) < 1e-6
    assert min(moved[frozen:]) > 1e-4
