"""Spectral losses against their formulas, written out in loops over float64 numbers."""

import cmath
import math

import pytest
import torch

from sslse.spectral_losses import RESOLUTIONS, multi_resolution_stft, spectral


def waves(count=3, samples=150):
    draws = torch.Generator().manual_seed(0)
    clean = torch.randn(count, samples, generator=draws, dtype=torch.float64)
    return 0.7 * clean + 0.5 * torch.randn(count, samples, generator=draws).double(), clean


def slow_stft(wave, frame, hop, window):
    """List the bins of every frame; zeros lie around the wave, the window in mid-frame."""
    hann = [0.5 - 0.5 * math.cos(2 * math.pi * n / window) for n in range(window)]
    side = (frame - window) // 2
    padded = [0.0] * (frame // 2) + wave + [0.0] * (frame // 2)
    frames = []
    for first in range(0, len(padded) - frame + 1, hop):
        cut = padded[first + side : first + side + window]
        frames.append(
            [
                (
                    cut,
                    hann,
                    [cmath.exp(-2j * math.pi * k * (n + side) / frame) for n in range(window)],
                )
                for k in range(frame // 2 + 1)
            ]
        )
    return frames


def bins(wave, frame, hop, window, root=False):
    return [
        [
            sum(x * (math.sqrt(h) if root else h) * turn for x, h, turn in zip(*one, strict=True))
            for one in bin_
        ]
        for bin_ in slow_stft(wave, frame, hop, window)
    ]


@pytest.mark.parametrize("normalize", [True, False])
def test_spectral_equals_the_formula(normalize):
    estimate, clean = waves()
    p, a = 0.4, 0.2
    expected = []
    for one, other in zip(estimate.tolist(), clean.tolist(), strict=True):
        level = math.sqrt(sum(x * x for x in other) / len(other)) if normalize else 1.0
        found = bins([x / level for x in one], 16, 8, 16, root=True)
        wanted = bins([x / level for x in other], 16, 8, 16, root=True)
        terms = []
        for frame, frame_hat in zip(wanted, found, strict=True):
            for s, s_hat in zip(frame, frame_hat, strict=True):
                without = (abs(s) ** p - abs(s_hat) ** p) ** 2
                phased = cmath.rect(abs(s) ** p, cmath.phase(s)) - cmath.rect(
                    abs(s_hat) ** p, cmath.phase(s_hat)
                )
                terms.append((1 - a) * without + a * abs(phased) ** 2)
        expected.append(sum(terms) / len(terms))
    value = spectral(
        estimate, clean, window=16, hop=8, power=p, complex_share=a, normalize=normalize
    )
    assert value.tolist() == pytest.approx(expected, rel=1e-6)


def test_multi_resolution_equals_the_formula():
    estimate, clean = waves()
    resolutions = [(16, 5, 12), (8, 4, 8)]
    expected = []
    for one, other in zip(estimate.tolist(), clean.tolist(), strict=True):
        sums = 0.0
        for sizes in resolutions:
            found = [abs(x) for frame in bins(one, *sizes) for x in frame]
            wanted = [abs(x) for frame in bins(other, *sizes) for x in frame]
            pairs = list(zip(wanted, found, strict=True))
            convergence = math.sqrt(
                sum((s - s_hat) ** 2 for s, s_hat in pairs) / sum(s**2 for s in wanted)
            )
            logarithmic = sum(abs(math.log(s) - math.log(s_hat)) for s, s_hat in pairs) / len(pairs)
            sums += convergence + logarithmic
        expected.append(sums / len(resolutions))
    value = multi_resolution_stft(estimate, clean, resolutions=resolutions)
    assert value.tolist() == pytest.approx(expected, rel=1e-6)


def test_the_papers_resolutions():
    assert RESOLUTIONS == ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))


@pytest.mark.parametrize("loss", [spectral, multi_resolution_stft])
def test_every_crop_has_a_value_of_its_own(loss):
    estimate, clean = waves(6, 4000)
    values = loss(estimate.view(2, 3, -1), clean.view(2, 3, -1))
    assert values.shape == (2, 3)
    torch.testing.assert_close(values[1, 2], loss(estimate[5:], clean[5:])[0])
    assert (values > 0).all()
    torch.testing.assert_close(loss(clean, clean), torch.zeros(6).double(), rtol=0, atol=1e-5)


@pytest.mark.parametrize("loss", [spectral, multi_resolution_stft])
@pytest.mark.parametrize("estimate_level", [0.0, 1e-20, 1.0])
@pytest.mark.parametrize("clean_level", [0.0, 1e-20, 1.0])
def test_they_are_finite_with_finite_gradients_for_silence(loss, clean_level, estimate_level):
    clean = clean_level * torch.sin(torch.arange(2000.0))[None]
    estimate = (estimate_level * torch.cos(torch.arange(2000.0)))[None].requires_grad_()
    value = loss(estimate, clean)
    value.sum().backward()
    assert value.isfinite().all()
    assert estimate.grad.isfinite().all()


def test_spectral_sees_the_level_of_the_estimate_but_not_of_the_crop():
    estimate, clean = waves(2, 4000)
    torch.testing.assert_close(spectral(10 * estimate, 10 * clean), spectral(estimate, clean))
    assert (spectral(0.1 * clean, clean) > 0.1).all()


@pytest.mark.parametrize("loss", [spectral, multi_resolution_stft])
def test_bfloat16_is_raised(loss):
    estimate, clean = (one.bfloat16() for one in waves(2, 4000))
    value = loss(estimate, clean)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(estimate.float(), clean.float()))
