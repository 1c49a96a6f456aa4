import pytest
import torch

from sslse.errors import OptionError

PACKET = 320


def lost_packets(out):
    packets = out.unflatten(-1, (-1, PACKET))
    lost = (packets == 0).all(-1)
    assert torch.equal((packets == 0).any(-1), lost), "packets are lost wholly"
    return lost


@pytest.mark.parametrize(("rate", "burst"), [(0.05, 1.0), (0.1, 2.0), (0.3, 3.0), (0.5, 1.5)])
def test_rate_and_burst_length_are_those_set(rate, burst, build, draws, noise):
    views = noise(2, 100, 150 * PACKET)
    augmentation = build("packet_loss", rate=[rate, rate], burst=burst)
    lost = lost_packets(augmentation(views, generator=draws()))
    assert lost.float().mean().item() == pytest.approx(rate, rel=0.1)
    begins = lost[..., 1:] & ~lost[..., :-1]
    ends = lost[..., :-1] & ~lost[..., 1:]
    leave = ends.sum() / lost[..., :-1].sum()
    assert 1 / leave.item() == pytest.approx(burst, rel=0.1)
    arrive = begins.sum() / (~lost[..., :-1]).sum()
    assert arrive.item() == pytest.approx(rate / (1 - rate) / burst, rel=0.1)


def test_every_packet_is_lost_alike_often(build, draws, noise):
    views = noise(2, 1000, 10 * PACKET)
    augmentation = build("packet_loss", rate=[0.2, 0.2], burst=4.0)
    share = lost_packets(augmentation(views, generator=draws())).float().mean((0, 1))
    assert (share - 0.2).abs().max() < 0.04


def test_rates_are_drawn_for_each_view(build, draws, noise):
    views = noise(2, 50, 400 * PACKET)
    augmentation = build("packet_loss", rate=[0.0, 0.4], burst=1.0)
    share = lost_packets(augmentation(views, generator=draws())).float().mean(-1)
    assert share.min() < 0.05
    assert share.max() > 0.35
    assert share.std().item() == pytest.approx(0.4 / 12**0.5, rel=0.15)


@pytest.mark.parametrize("samples", [150 * PACKET, 5000])
def test_repeating_gives_the_last_packet_received(samples, build, draws, noise):
    views = noise(2, 6, samples)
    options = {"rate": [0.4, 0.4], "burst": 2.0}
    silent = build("packet_loss", **options)(views, generator=draws())
    repeated = build("packet_loss", conceal="repeat", **options)(views, generator=draws())
    for before, gaps, after in zip(
        views.flatten(0, 1), silent.flatten(0, 1), repeated.flatten(0, 1), strict=True
    ):
        last = torch.zeros(PACKET)
        for begin in range(0, samples, PACKET):
            packet = before[begin : begin + PACKET]
            if gaps[begin : begin + PACKET].any():
                last = packet
            assert torch.equal(after[begin : begin + PACKET], last[: len(packet)])


def test_no_loss_at_rate_zero(build, draws, noise):
    views = noise(2, 50, 50 * PACKET)
    out = build("packet_loss", rate=[0.0, 0.0])(views, generator=draws())
    assert torch.equal(out, views)


def test_bursts_too_short_for_the_rate_are_refused(build):
    with pytest.raises(OptionError, match=r"bursts of 1 packets lose 0\.5 of all at most"):
        build("packet_loss", rate=[0.1, 0.6], burst=1.0)


def test_a_packet_shorter_than_a_sample_is_refused(build):
    with pytest.raises(OptionError, match="shorter than a sample"):
        build("packet_loss", packet_seconds=1e-5)
