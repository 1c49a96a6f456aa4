import torch


def test_a_share_is_turned_upside_down(build, draws, noise):
    views = noise(2, 500, 50)
    out = build("polarity", draw="view", probability=0.25)(views, generator=draws())
    turned = (out == -views).all(-1)
    assert torch.equal(out, torch.where(turned.unsqueeze(-1), -views, views))
    assert 0.2 < turned.float().mean() < 0.3
    assert (turned[0] != turned[1]).any()


def test_the_views_of_an_utterance_are_turned_together(build, draws, noise):
    views = noise(3, 500, 50)
    turned = (build("polarity")(views, generator=draws()) == -views).all(-1)
    assert torch.equal(turned, turned[:1].expand(3, -1))
    assert 0.4 < turned.float().mean() < 0.6
