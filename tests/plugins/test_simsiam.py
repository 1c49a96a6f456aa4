from dataclasses import replace

import pytest
import torch
from sslse_simsiam.objective import SimSiam


@pytest.mark.parametrize("over", ["frame", "utterance"])
def test_the_loss_is_the_papers(encoder, predictor, make_views, progress, slow_similarity, over):
    views = make_views()
    loss = SimSiam(predictor, over=over)(encoder, views, progress).loss
    z1, z2 = views.latent
    p1, p2 = predictor(z1), predictor(z2)
    expected = -(slow_similarity(p1, z2, over) + slow_similarity(p2, z1, over)) / 2
    assert loss.item() == pytest.approx(expected, abs=1e-12)


def test_the_target_passes_no_gradient(encoder, predictor, make_views, progress):
    """With the target's branch frozen by hand, the gradient is the same."""
    views = make_views()
    objective = SimSiam(predictor)
    (whole,) = torch.autograd.grad(objective(encoder, views, progress).loss, views.latent)
    online = views.latent.detach().requires_grad_()
    p = predictor(online.flatten(0, 1)).unflatten(0, online.shape[:2])
    z = views.latent.detach()
    similarity = torch.nn.functional.cosine_similarity
    loss = -(similarity(p[0], z[1], dim=1).mean() + similarity(p[1], z[0], dim=1).mean()) / 2
    (through_predictor,) = torch.autograd.grad(loss, online)
    torch.testing.assert_close(whole, through_predictor)
    assert whole.abs().sum() > 0


def test_swapping_the_views_does_not_change_the_loss(encoder, predictor, make_views, progress):
    views = make_views()
    swapped = replace(views, noisy=views.noisy.flip(0), latent=views.latent.flip(0))
    objective = SimSiam(predictor)
    torch.testing.assert_close(
        objective(encoder, swapped, progress).loss, objective(encoder, views, progress).loss
    )
