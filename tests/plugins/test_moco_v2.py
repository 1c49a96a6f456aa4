import copy
from dataclasses import replace

import pytest
import torch
from sslse_moco_v2.objective import MoCoV2

from sslse.api import Progress
from sslse.prepare import prepare

UNIQUE = (0, 1, 2, 3)
REPEATED = (7, 3, 7, 1, 3)
NOW = Progress(0, 10, 5)


def make(encoder, *, moved=True, **options):
    """Make an objective whose copies have moved away from what they were copied from."""
    torch.manual_seed(3)
    objective = MoCoV2(encoder, **{"projector": [6, 3], "queue": 20, **options}).double()
    if moved:
        with torch.no_grad():
            for copied in (objective.teacher, objective.teacher_projector):
                for parameter in copied.parameters():
                    parameter.add_(0.3)
    return objective


def units(count, dim, seed=4):
    rows = torch.randn(
        count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    return torch.nn.functional.normalize(rows, dim=-1)


def pairs_of(views, symmetric):
    first = range(views) if symmetric else range(1)
    return [(i, j) for i in first for j in range(views) if i != j]


@pytest.mark.parametrize("over", ["frame", "utterance"])
@pytest.mark.parametrize("views", [2, 3])
@pytest.mark.parametrize("utterance", [UNIQUE, REPEATED])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("held", [0, 7, 20, 33])
def test_the_loss_is_the_papers(
    encoder, make_views, slow_rows, slow_info_nce, over, views, utterance, symmetric, held
):
    objective = make(encoder, over=over, frames=2, symmetric=symmetric, temperature=0.3)
    earlier, numbers = units(held, 3), torch.arange(held) % 9
    objective.queue.push(earlier, numbers)
    batch = make_views(views, utterance)
    loss = objective(encoder, batch, Progress(4, 10, 5)).loss
    kept = [4, 1] if over == "frame" else None
    z_teacher = torch.stack([objective.teacher(wave) for wave in batch.noisy])
    q = slow_rows(batch.latent, batch.utterance, over, objective.projector, kept)
    k = slow_rows(z_teacher, batch.utterance, over, objective.teacher_projector, kept)
    newest = list(zip(numbers.tolist(), earlier.tolist(), strict=True))[-20:]
    if not newest:
        newest = [key for view in (k if symmetric else k[1:]) for key in view]
    losses = [
        slow_info_nce(query, key, newest, 0.3)
        for i, j in pairs_of(views, symmetric)
        for query, key in zip(q[i], k[j], strict=True)
    ]
    assert loss.item() == pytest.approx(sum(losses) / len(losses), abs=1e-12)


@pytest.mark.parametrize("over", ["frame", "utterance"])
def test_with_other_utterances_in_the_queue_it_is_lightlys(encoder, make_views, over):
    """One query a crop, a full queue."""
    theirs = pytest.importorskip("lightly.loss").NTXentLoss(0.2, memory_bank_size=(20, 3))
    objective = make(encoder, over=over, frames=1, symmetric=False)
    objective.queue.push(units(20, 3), torch.arange(100, 120))
    theirs.memory_bank.bank = objective.queue.vectors.clone()
    batch = make_views(2, range(9))
    rows = batch.latent[0, ..., 0] if over == "frame" else batch.latent[0].mean(-1)
    z_teacher = objective.teacher(batch.noisy[1])
    keys = z_teacher[..., 0] if over == "frame" else z_teacher.mean(-1)
    expected = theirs(objective.projector(rows), objective.teacher_projector(keys))
    outcome = objective(encoder, batch, NOW)
    torch.testing.assert_close(outcome.loss, expected, rtol=0, atol=1e-6)
    gradients = [
        torch.autograd.grad(one, batch.latent, retain_graph=True)[0]
        for one in (outcome.loss, expected)
    ]
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-6)
    objective.after_step(encoder, outcome.carry, NOW)
    torch.testing.assert_close(objective.queue.vectors, theirs.memory_bank.bank)


@pytest.mark.parametrize(("symmetric", "keys"), [(True, [0, 1, 2]), (False, [1, 2])])
def test_the_keys_are_queued_after_the_step_over_the_oldest(encoder, make_views, symmetric, keys):
    objective = make(encoder, over="utterance", symmetric=symmetric)
    batch = make_views(3, REPEATED)
    expected, numbers = [], []
    for _ in range(4):
        k = objective.teacher_projector(objective.teacher(batch.noisy[keys].flatten(0, 1)).mean(-1))
        expected += torch.nn.functional.normalize(k, dim=-1)
        numbers += REPEATED * len(keys)
        outcome = objective(encoder, batch, NOW)
        objective.after_step(encoder, outcome.carry, NOW)
        queue = objective.queue
        place, held = int(queue.place), min(len(numbers), 20)
        assert place == len(numbers) % 20
        assert int(queue.filled.sum()) == held
        slots = torch.arange(place - held, place) % 20
        torch.testing.assert_close(queue.vectors[slots], torch.stack(expected[-held:]))
        assert queue.utterance[slots].tolist() == numbers[-held:]


def test_the_first_step_takes_its_own_keys_for_the_queue(encoder, make_views):
    """As it would if they had been queued before, and only then."""
    objective = make(encoder)
    batch = make_views(2, REPEATED)
    first = objective(encoder, batch, NOW)
    objective.queue.push(*first.carry)
    again = objective(encoder, batch, NOW)
    assert first.metrics["queue_filled"].item() == 0
    assert first.loss.item() > 0.1
    whole = make(encoder, queue=len(first.carry[1]))
    whole.queue.push(*first.carry)
    torch.testing.assert_close(whole(encoder, batch, NOW).loss, first.loss)
    assert again.loss.item() < first.loss.item()  # the 20 newest only


@pytest.mark.parametrize("held", [0, 20])
def test_without_keys_of_other_utterances_there_is_no_loss_and_no_gradient(
    encoder, make_views, held
):
    objective = make(encoder)
    objective.queue.push(units(held, 3), torch.full((held,), 5))
    batch = make_views(2, (5, 5, 5))
    outcome = objective(encoder, batch, NOW)
    assert outcome.loss.item() == 0
    (gradient,) = torch.autograd.grad(outcome.loss, batch.latent)
    assert torch.equal(gradient, torch.zeros_like(gradient))
    assert outcome.metrics["masked"].item() == 1
    assert objective(encoder, make_views(2, (5, 6, 5)), NOW).loss.item() > 0


def test_without_cl_the_copies_follow_and_the_queue_is_emptied(encoder, make_views):
    objective = make(encoder, momentum=0.9)
    objective.after_step(encoder, objective(encoder, make_views(), NOW).carry, NOW)
    assert objective.queue.filled.any()
    followed = [(objective.teacher, encoder), (objective.teacher_projector, objective.projector)]
    before = [copy.deepcopy(teacher.module.state_dict()) for teacher, _ in followed]
    objective.after_step(encoder, None, NOW)
    for (teacher, online), old in zip(followed, before, strict=True):
        for name, parameter in teacher.module.named_parameters():
            expected = 0.9 * old[name] + 0.1 * online.state_dict()[name]
            torch.testing.assert_close(parameter.detach(), expected)
    assert not objective.queue.filled.any()


def test_gradients_reach_encoder_and_projector_but_not_the_copies(encoder, make_views):
    objective = make(encoder)
    objective.queue.push(units(20, 3), torch.arange(100, 120))
    batch = make_views(3)
    batch.latent.retain_grad()
    objective(encoder, batch, NOW).loss.backward()
    assert all(one.grad.abs().sum() > 0 for one in encoder.parameters())
    assert all(one.grad.abs().sum() > 0 for one in objective.projector.parameters())
    assert batch.latent.grad.abs().amax((1, 2, 3)).min() > 0
    trained = {
        name.split(".")[0] for name, one in objective.named_parameters() if one.requires_grad
    }
    assert trained == {"projector"}


def test_copies_start_equal(encoder):
    objective = make(encoder, moved=False)
    followed = [(objective.teacher, encoder), (objective.teacher_projector, objective.projector)]
    for teacher, online in followed:
        pairs = zip(teacher.module.parameters(), online.parameters(), strict=True)
        assert all(torch.equal(copied, original) for copied, original in pairs)


def test_metrics_count_what_is_found_and_what_is_masked(encoder, make_views):
    objective = make(encoder, projector=[], over="utterance", moved=False)
    batch = make_views(2, REPEATED)
    # The key of view 2 itself, queued for another utterance, ties with the positive: no hit.
    keys = objective.teacher(batch.noisy[1]).mean(-1)
    keys = torch.nn.functional.normalize(keys, dim=-1)
    objective.queue.push(-units(1, 5), torch.tensor([3]))
    objective.queue.push(keys[:1], torch.tensor([50]))
    metrics = make_metrics(objective, encoder, batch)
    assert metrics["queue_filled"] == pytest.approx(2 / 20)
    assert metrics["masked"] == pytest.approx(2 / 10)
    far = replace(batch, utterance=torch.full((5,), 3))
    objective.queue.clear()
    objective.queue.push(units(6, 5), torch.full((6,), 3))
    assert make_metrics(objective, encoder, far)["accuracy"] == 1


def make_metrics(objective, encoder, batch):
    metrics = objective(encoder, batch, NOW).metrics
    assert not any(one.requires_grad for one in metrics.values())
    return {name: one.item() for name, one in metrics.items()}


def test_similarities_stay_in_float32_under_autocast(encoder, make_views):
    objective = MoCoV2(encoder, projector=[], queue=20)
    objective.queue.push(units(20, 5), torch.arange(100, 120))
    batch = make_views()
    batch = replace(batch, latent=batch.latent.detach().float())
    expected = objective(encoder, batch, NOW).loss
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(objective(encoder, batch, NOW).loss, expected)


def test_views_must_be_in_time_for_frames_only(encoder):
    assert make(encoder, over="frame").frame_level
    assert not make(encoder, over="utterance").frame_level


def test_forward_changes_no_state_and_the_encoder_is_not_kept(encoder, make_views):
    objective = make(encoder)
    before = copy.deepcopy(objective.state_dict())
    objective(encoder, make_views(), NOW)
    torch.testing.assert_close(objective.state_dict(), before, rtol=0, atol=0)
    assert all(module is not encoder for module in objective.modules())


@pytest.mark.training
def test_sixty_steps_of_training_find_the_positives(tiny, registry):
    """With CL alone and little noise; by chance 1 in 385 would be found."""
    noise = "augmentations=[{name: add_noise, snr_db: [20]}]"
    sets = (noise, "schedule={name: mix, se: 0}", "train.batch_size=12", "train.epochs=16")
    recipe = tiny("objective={name: moco_v2, queue: 384, momentum: 0.9}", *sets)
    trainer = prepare(recipe, registry, torch.device("cpu"), lambda _: None).trainer
    outputs = [trainer.step(step)[0] for step in range(60)]
    losses = torch.stack([one.losses.cl.detach() for one in outputs])
    assert losses.isfinite().all()
    assert losses[-5:].mean() < 0.7 * losses[:3].mean()
    assert outputs[-1].metrics["accuracy"] > 0.8
