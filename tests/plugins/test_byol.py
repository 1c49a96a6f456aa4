import copy

import pytest
import torch
from sslse_byol.objective import BYOL


@pytest.mark.parametrize("over", ["frame", "utterance"])
def test_the_loss_is_the_papers(encoder, predictor, make_views, progress, slow_similarity, over):
    objective = BYOL(encoder, predictor, over=over)
    with torch.no_grad():
        for parameter in objective.teacher.parameters():
            parameter.add_(0.3)
    views = make_views()
    loss = objective(encoder, views, progress).loss
    p1, p2 = (predictor(views.latent[view]) for view in range(2))
    z1, z2 = (objective.teacher(views.noisy[view]) for view in range(2))
    expected = -(slow_similarity(p1, z2, over) + slow_similarity(p2, z1, over)) / 2
    assert loss.item() == pytest.approx(expected, abs=1e-12)


def test_three_views_give_the_mean_over_all_ordered_pairs(
    encoder, predictor, make_views, progress, slow_similarity
):
    objective = BYOL(encoder, predictor)
    views = make_views(3)
    p = [predictor(latent) for latent in views.latent]
    z = [objective.teacher(wave) for wave in views.noisy]
    pairs = [(i, j) for i in range(3) for j in range(3) if i != j]
    expected = -sum(slow_similarity(p[i], z[j], "frame") for i, j in pairs) / 6
    assert objective(encoder, views, progress).loss.item() == pytest.approx(expected, abs=1e-12)


def test_gradients_reach_encoder_and_predictor_but_not_the_teacher(
    encoder, predictor, make_views, progress
):
    objective = BYOL(encoder, predictor)
    objective(encoder, make_views(), progress).loss.backward()
    assert all(one.grad.abs().sum() > 0 for one in encoder.parameters())
    assert all(one.grad.abs().sum() > 0 for one in predictor.parameters())
    assert all(one.grad is None for one in objective.teacher.parameters())
    assert not any(one.requires_grad for one in objective.teacher.parameters())


def test_the_teacher_starts_as_a_copy_and_follows(encoder, predictor, progress):
    objective = BYOL(encoder, predictor, tau=0.9)
    before = copy.deepcopy(encoder.layer.weight.detach())
    torch.testing.assert_close(objective.teacher.module.layer.weight, encoder.layer.weight)
    with torch.no_grad():
        encoder.layer.weight.add_(1.0)
        encoder.calls.add_(1.0)
    after = encoder.layer.weight.detach()
    objective.after_step(encoder, None, progress)
    expected = 0.9 * before + 0.1 * after
    torch.testing.assert_close(objective.teacher.module.layer.weight.detach(), expected)
    assert objective.teacher.module.calls == 1.0


def test_forward_changes_no_state_and_the_encoder_is_not_kept(
    encoder, predictor, make_views, progress
):
    objective = BYOL(encoder, predictor)
    before = copy.deepcopy(objective.state_dict())
    objective(encoder, make_views(), progress)
    torch.testing.assert_close(objective.state_dict(), before)
    assert all(module is not encoder for module in objective.modules())
