import copy
from dataclasses import replace
from itertools import permutations

import pytest
import torch
from sslse_simclr.objective import SimCLR

from sslse.api import Context, OptionError, Progress
from sslse.prepare import prepare

CONTEXT = Context(sample_rate=16000, views=2, batch_size=4, crop=48)
UNIQUE = (0, 1, 2, 3)
REPEATED = (7, 3, 7, 1, 3)


def make(encoder, **options):
    torch.manual_seed(3)
    return SimCLR(encoder, CONTEXT, **{"projector": [6, 3], **options}).double()


@pytest.mark.parametrize("over", ["frame", "utterance"])
@pytest.mark.parametrize("views", [2, 3])
@pytest.mark.parametrize("utterance", [UNIQUE, REPEATED])
@pytest.mark.parametrize(("frames", "step"), [(None, 0), (2, 4)])
def test_the_loss_is_the_papers(
    encoder, make_views, slow_rows, slow_info_nce, over, views, utterance, frames, step
):
    objective = make(encoder, over=over, frames=frames, temperature=0.3)
    batch = make_views(views, utterance)
    loss = objective(encoder, batch, Progress(step, 10, 5)).loss
    kept = None if frames is None or over == "utterance" else [4, 1]
    rows = slow_rows(batch.latent, batch.utterance, over, objective.projector, kept)
    losses = [
        slow_info_nce(query, key, rows[i] + rows[j], 0.3)
        for i, j in permutations(range(views), 2)
        for query, key in zip(rows[i], rows[j], strict=True)
    ]
    assert loss.item() == pytest.approx(sum(losses) / len(losses), abs=1e-12)


@pytest.mark.parametrize("temperature", [0.07, 0.5])
@pytest.mark.parametrize("over", ["frame", "utterance"])
def test_with_one_vector_per_utterance_it_is_lightlys(encoder, make_views, over, temperature):
    ntxent = pytest.importorskip("lightly.loss").NTXentLoss(temperature=temperature)
    objective = make(encoder, over=over, frames=1, temperature=temperature)
    batch = make_views(2, range(9))
    rows = batch.latent[..., 0] if over == "frame" else batch.latent.mean(-1)
    expected = ntxent(*objective.projector(rows))
    loss = objective(encoder, batch, Progress(0, 10, 5)).loss
    torch.testing.assert_close(loss, expected, rtol=0, atol=1e-6)
    ours, theirs = (
        torch.autograd.grad(one, batch.latent, retain_graph=True)[0] for one in (loss, expected)
    )
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_only_the_steps_frames_are_compared(encoder, make_views):
    objective = make(encoder, frames=2)
    for step, kept in ((0, [0, 3]), (1, [1, 4]), (5, [2, 5])):
        batch = make_views()
        loss = objective(encoder, batch, Progress(step, 10, 5)).loss
        (gradient,) = torch.autograd.grad(loss, batch.latent)
        assert gradient.abs().sum((0, 1, 2)).nonzero().flatten().tolist() == kept


def test_gradients_reach_the_encoder_through_every_view_and_the_projector(
    encoder, make_views, progress
):
    objective = make(encoder, over="utterance")
    batch = make_views(3)
    batch.latent.retain_grad()
    objective(encoder, batch, progress).loss.backward()
    assert all(one.grad.abs().sum() > 0 for one in encoder.parameters())
    assert all(one.grad.abs().sum() > 0 for one in objective.projector.parameters())
    assert batch.latent.grad.abs().amax((2, 3)).min() > 0


def test_the_order_of_views_and_of_crops_does_not_matter(encoder, make_views, progress):
    objective = make(encoder)
    batch = make_views(3, REPEATED)
    order = torch.tensor([3, 0, 4, 2, 1])
    other = replace(batch, latent=batch.latent.flip(0)[:, order], utterance=batch.utterance[order])
    torch.testing.assert_close(
        objective(encoder, other, progress).loss, objective(encoder, batch, progress).loss
    )


@pytest.mark.parametrize("over", ["frame", "utterance"])
def test_an_utterance_alone_in_its_batch_has_no_loss_and_no_gradient(
    encoder, make_views, progress, over
):
    batch = make_views(2, (5, 5, 5))
    outcome = make(encoder, over=over)(encoder, batch, progress)
    assert outcome.loss.item() == 0
    (gradient,) = torch.autograd.grad(outcome.loss, batch.latent)
    assert torch.equal(gradient, torch.zeros_like(gradient))
    assert outcome.metrics["masked"].item() == 1


def test_metrics_count_what_is_found_and_what_is_masked(encoder, make_views, progress):
    objective = make(encoder, projector=[], over="utterance")
    batch = make_views(2, REPEATED)
    corners = torch.eye(5, dtype=torch.float64)[:, :, None].expand(2, -1, -1, 2).clone()
    metrics = objective(encoder, replace(batch, latent=corners), progress).metrics
    assert metrics["accuracy"].item() == 1
    assert metrics["masked"].item() == pytest.approx(4 / 20)
    corners[1, 3] = corners[1, 1]  # utterance 1 now looks like 3 in one view
    metrics = objective(encoder, replace(batch, latent=corners), progress).metrics
    # Of 5 queries in either direction: crop 3 misses both times, and the crops of utterance 3
    # tie with it where they meet it, which is no hit.
    assert metrics["accuracy"].item() == pytest.approx(6 / 10)


def test_similarities_stay_in_float32_under_autocast(encoder, make_views, progress):
    batch = make_views()
    batch = replace(batch, latent=batch.latent.detach().float())
    objective = SimCLR(encoder, CONTEXT, projector=[])
    expected = objective(encoder, batch, progress).loss
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(objective(encoder, batch, progress).loss, expected)
    low = replace(batch, latent=batch.latent.bfloat16())
    assert objective(encoder, low, progress).loss.dtype == torch.float32


def test_a_batch_of_one_has_no_negatives(encoder):
    with pytest.raises(OptionError, match=r"^negatives need a train\.batch_size of 2 or more$"):
        SimCLR(encoder, replace(CONTEXT, batch_size=1))


def test_views_must_be_in_time_for_frames_only(encoder):
    assert make(encoder, over="frame").frame_level
    assert not make(encoder, over="utterance").frame_level


def test_forward_changes_no_state_and_the_encoder_is_not_kept(encoder, make_views, progress):
    objective = make(encoder)
    before = copy.deepcopy(objective.state_dict())
    objective(encoder, make_views(), progress)
    torch.testing.assert_close(objective.state_dict(), before, rtol=0, atol=0)
    assert all(module is not encoder for module in objective.modules())


@pytest.mark.training
def test_sixty_steps_of_training_find_the_positives(tiny, registry):
    """With CL alone and little noise; by chance 1 in 177 would be found."""
    noise = "augmentations=[{name: add_noise, snr_db: [20]}]"
    sets = (noise, "schedule={name: mix, se: 0}", "train.batch_size=12", "train.epochs=16")
    recipe = tiny("objective=simclr", *sets)
    trainer = prepare(recipe, registry, torch.device("cpu"), lambda _: None).trainer
    outputs = [trainer.step(step)[0] for step in range(60)]
    losses = torch.stack([one.losses.cl.detach() for one in outputs])
    assert losses.isfinite().all()
    assert losses[-5:].mean() < 0.25 * losses[0]
    assert outputs[-1].metrics["accuracy"] > 0.9
