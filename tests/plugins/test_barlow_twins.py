import copy
import math
from dataclasses import replace
from itertools import combinations

import pytest
import torch
from sslse_barlow_twins.objective import BarlowTwins

from sslse.api import Context, OptionError, Progress
from sslse.nn import vectors
from sslse.prepare import prepare
from sslse.testing import check_objective

CONTEXT = Context(sample_rate=16000, views=2, batch_size=4, crop=48)
UNIQUE = (0, 1, 2, 3)
REPEATED = (7, 3, 7, 1, 3)


def make(encoder, **options):
    torch.manual_seed(3)
    return BarlowTwins(encoder, CONTEXT, **{"projector": [3], **options}).double()


def standardised(values):
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    return [(value - mean) / math.sqrt(variance + 1e-5) for value in values]


def slow_terms(objective, latent, kept=None):
    """The paper's two terms, the mean over pairs of views, in loops."""
    by_view = []
    for view in latent.detach():
        rows = []
        for crop in view:
            places = range(crop.shape[-1]) if kept is None else kept
            columns = [crop[:, place] for place in places]
            if objective.over == "utterance":
                columns = [sum(columns) / len(columns)]
            rows += [objective.projector(one[None])[0].tolist() for one in columns]
        by_view.append([standardised(channel) for channel in zip(*rows, strict=True)])
    pairs = list(combinations(by_view, 2))
    invariance = redundancy = 0.0
    for one, other in pairs:
        for a, channel in enumerate(one):
            for b, channel_2 in enumerate(other):
                products = [x * y for x, y in zip(channel, channel_2, strict=True)]
                correlation = sum(products) / len(products)
                if a == b:
                    invariance += (1 - correlation) ** 2
                else:
                    redundancy += correlation**2
    return invariance / len(pairs), redundancy / len(pairs)


@pytest.mark.parametrize("over", ["frame", "utterance"])
@pytest.mark.parametrize("views", [2, 3])
@pytest.mark.parametrize("utterance", [UNIQUE, REPEATED])
@pytest.mark.parametrize("projector", [[3], []])
def test_the_loss_is_the_papers(encoder, make_views, progress, over, views, utterance, projector):
    batch = make_views(views, utterance)
    for weight in (0.0, 5e-3, 2.0):
        objective = make(encoder, over=over, projector=projector, redundancy=weight)
        outcome = objective(encoder, batch, progress)
        invariance, redundancy = slow_terms(objective, batch.latent)
        assert outcome.loss.item() == pytest.approx(invariance + weight * redundancy, abs=1e-12)
        assert outcome.metrics["invariance"].item() == pytest.approx(invariance, abs=1e-12)
        assert outcome.metrics["redundancy"].item() == pytest.approx(redundancy, abs=1e-12)
        assert min(invariance, redundancy) > 0.01


def test_the_weight_is_the_papers(encoder):
    assert BarlowTwins(encoder, CONTEXT).redundancy == 5e-3


def test_only_the_steps_frames_are_compared(encoder, make_views):
    objective = make(encoder, frames=2, redundancy=1.0)
    for step, kept in ((0, [0, 3]), (1, [1, 4]), (5, [5, 2])):
        batch = make_views()
        loss = objective(encoder, batch, Progress(step, 10, 5)).loss
        assert loss.item() == pytest.approx(sum(slow_terms(objective, batch.latent, kept)))


@pytest.mark.parametrize("over", ["frame", "utterance"])
@pytest.mark.parametrize("projector", [[8, 3], []])
@pytest.mark.parametrize("weight", [5e-3, 1.0])
def test_it_is_lightlys(encoder, make_views, progress, over, projector, weight):
    theirs_of = pytest.importorskip("lightly.loss").BarlowTwinsLoss(lambda_param=weight)
    objective = make(encoder, over=over, projector=projector, redundancy=weight)
    batch = make_views(2, REPEATED)
    rows, _ = vectors(batch.latent, over=over, utterance=batch.utterance)
    theirs = theirs_of(*objective.projector(rows))
    ours = objective(encoder, batch, progress).loss
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)
    wanted = (batch.latent, *objective.projector.parameters())
    for one, other in zip(
        torch.autograd.grad(ours, wanted), torch.autograd.grad(theirs, wanted), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)


def test_gradients_reach_the_encoder_through_every_view_and_the_projector(
    encoder, make_views, progress
):
    objective = make(encoder, over="utterance", projector=[6, 3])
    batch = make_views(3)
    batch.latent.retain_grad()
    objective(encoder, batch, progress).loss.backward()
    # An offset of a channel does not matter, so a last bias has no gradient.
    for module in (encoder, objective.projector):
        assert all(one.grad.abs().sum() > 0 for one in module.parameters() if one.dim() > 1)
    assert batch.latent.grad.abs().amax((2, 3)).min() > 0


def test_level_and_offset_of_a_channel_do_not_matter_but_copies_of_it_do(
    encoder, make_views, progress
):
    objective = make(encoder, projector=[])
    batch = make_views()
    expected = objective(encoder, batch, progress).loss
    changed = 100 * batch.latent * torch.tensor([1.0, 2, -3, 4, 5])[:, None] + 7
    loss = objective(encoder, replace(batch, latent=changed), progress).loss
    torch.testing.assert_close(loss, expected, rtol=1e-3, atol=0)
    copies = batch.latent[:, :, :1].expand_as(batch.latent)
    redundancy = objective(encoder, replace(batch, latent=copies), progress).metrics["redundancy"]
    agreement = slow_terms(objective, copies[:, :, :1])[0]
    assert redundancy.item() == pytest.approx(20 * (1 - math.sqrt(agreement)) ** 2)


@pytest.mark.parametrize("over", ["frame", "utterance"])
def test_a_collapsed_latent_has_the_whole_loss_and_a_finite_gradient(
    encoder, make_views, progress, over
):
    objective = make(encoder, projector=[], over=over)
    batch = make_views()
    flat = torch.ones_like(batch.latent).requires_grad_()
    loss = objective(encoder, replace(batch, latent=flat), progress).loss
    assert loss.item() == 5
    (gradient,) = torch.autograd.grad(loss, flat)
    assert gradient.isfinite().all()


def test_statistics_stay_in_float32_under_autocast(encoder, make_views, progress):
    batch = make_views()
    batch = replace(batch, latent=batch.latent.detach().float())
    objective = make(encoder, projector=[]).float()
    expected = objective(encoder, batch, progress).loss
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(objective(encoder, batch, progress).loss, expected)
    low = replace(batch, latent=batch.latent.bfloat16())
    assert objective(encoder, low, progress).loss.dtype == torch.float32


def test_one_utterance_has_no_variance_over_utterances(encoder):
    alone = replace(CONTEXT, batch_size=1)
    with pytest.raises(OptionError, match=r"^utterance needs a train\.batch_size of 2 or more$"):
        BarlowTwins(encoder, alone, over="utterance")
    BarlowTwins(encoder, alone, over="frame")


def test_views_must_be_in_time_for_frames_only(encoder):
    assert make(encoder, over="frame").frame_level
    assert not make(encoder, over="utterance").frame_level


def test_forward_changes_no_state_and_the_encoder_is_not_kept(encoder, make_views, progress):
    objective = make(encoder)
    before = copy.deepcopy(objective.state_dict())
    objective(encoder, make_views(), progress)
    torch.testing.assert_close(objective.state_dict(), before, rtol=0, atol=0)
    assert all(module is not encoder for module in objective.modules())


@pytest.mark.parametrize("options", [{"over": "utterance"}, {"projector": [], "frames": 3}])
def test_it_keeps_the_contract_with_every_option(options):
    check_objective("barlow_twins", **options)


@pytest.mark.training
@pytest.mark.parametrize("over", ["frame", "utterance"])
def test_sixty_steps_of_training_make_the_views_agree(tiny, registry, over):
    noise = "augmentations=[{name: add_noise, snr_db: [20]}]"
    options = f"objective={{name: barlow_twins, over: {over}, projector: [32, 32, 32]}}"
    sets = (noise, "schedule={name: mix, se: 0}", "train.batch_size=12", "train.epochs=16")
    recipe = tiny(options, *sets)
    trainer = prepare(recipe, registry, torch.device("cpu"), lambda _: None).trainer
    outputs = [trainer.step(step)[0] for step in range(60)]
    losses = torch.stack([one.losses.cl.detach() for one in outputs])
    assert losses.isfinite().all()
    assert losses[-10:].mean() < 0.7 * losses[0]
    assert outputs[-1].metrics["invariance"] < outputs[0].metrics["invariance"]
