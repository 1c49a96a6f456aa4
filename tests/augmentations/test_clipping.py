import pytest
import torch

from sslse.errors import OptionError


def test_the_threshold_is_the_drawn_share_of_the_peak(build, draws, noise):
    views = noise(2, 300, 4000)
    out = build("clipping", threshold_db=[-18.0, -6.0])(views, generator=draws())
    peak, threshold = views.abs().amax(-1), out.abs().amax(-1)
    level_db = 20 * torch.log10(threshold / peak)
    assert -18.001 < level_db.min() < -17.8
    assert -6.2 < level_db.max() < -5.999
    clipped = views.abs() > threshold.unsqueeze(-1)
    assert torch.equal(out[~clipped], views[~clipped])
    torch.testing.assert_close(
        out[clipped], (views.sign() * threshold.unsqueeze(-1))[clipped], rtol=1e-6, atol=0
    )


def test_the_clipped_share_of_a_sine_is_that_of_the_formula(build, draws):
    sine = torch.sin(2 * torch.pi * torch.arange(16000) / 160.0).expand(1, 1, -1)
    out = build("clipping", threshold_db=[-6.0, -6.0])(sine, generator=draws())
    threshold = 10 ** (-6 / 20)
    expected = 1 - 2 / torch.pi * torch.asin(torch.tensor(threshold)).item()
    share = (out.abs() > threshold * 0.9999).float().mean().item()
    assert share == pytest.approx(expected, abs=0.02)


def test_a_threshold_above_the_peak_is_refused(build):
    with pytest.raises(OptionError, match="above 0 dB, the peak, nothing is clipped"):
        build("clipping", threshold_db=[-6.0, 3.0])
