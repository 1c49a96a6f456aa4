import math

import pytest
import torch

from sslse.losses import (
    cosine_similarity,
    negative_si_sdr,
    si_sdr,
    similarity_across_views,
)


def orthogonal_pair(samples=4000):
    """A zero-mean wave and an equally strong one without any correlation to it."""
    time = torch.arange(samples, dtype=torch.float64) / samples
    return torch.sin(2 * math.pi * 40 * time), torch.sin(2 * math.pi * 170 * time)


@pytest.mark.parametrize("ratio_db", [-20.0, -7.5, 0.0, 3.0, 40.0])
def test_si_sdr_of_orthogonal_noise_is_the_ratio_of_powers(ratio_db):
    clean, noise = orthogonal_pair()
    estimate = clean + noise * 10 ** (-ratio_db / 20)
    assert si_sdr(estimate, clean).item() == pytest.approx(ratio_db, abs=1e-3)


def test_si_sdr_equals_the_formula_written_out_in_loops():
    draws = torch.Generator().manual_seed(1)
    clean = torch.randn(3, 200, generator=draws, dtype=torch.float64) + 0.3
    estimate = 0.5 * clean + torch.randn(3, 200, generator=draws, dtype=torch.float64)
    for zero_mean in (True, False):
        expected = []
        for pair in zip(clean.tolist(), estimate.tolist(), strict=True):
            means = [sum(wave) / len(wave) if zero_mean else 0.0 for wave in pair]
            s, s_hat = (
                [value - mean for value in wave] for wave, mean in zip(pair, means, strict=True)
            )
            a = sum(x * y for x, y in zip(s_hat, s, strict=True)) / sum(x * x for x in s)
            wanted = sum((a * x) ** 2 for x in s)
            unwanted = sum((a * x - y) ** 2 for x, y in zip(s, s_hat, strict=True))
            expected.append(10 * math.log10(wanted / unwanted))
        assert si_sdr(estimate, clean, zero_mean=zero_mean).tolist() == pytest.approx(
            expected, abs=1e-5
        )


def test_si_sdr_sees_neither_scale_nor_sign_nor_offset():
    clean, noise = orthogonal_pair()
    estimate = clean + 0.3 * noise
    value = si_sdr(estimate, clean)
    torch.testing.assert_close(si_sdr(-7 * estimate, clean), value)
    torch.testing.assert_close(si_sdr(estimate + 0.5, clean), value)
    assert si_sdr(estimate + 0.5, clean, zero_mean=False) < value - 3


@pytest.mark.parametrize("estimate_level", [0.0, 1e-20, 1.0])
@pytest.mark.parametrize("clean_level", [0.0, 1e-20, 1.0])
def test_si_sdr_is_finite_with_finite_gradients_for_silence(clean_level, estimate_level):
    clean = clean_level * torch.sin(torch.arange(500.0))[None]
    estimate = (estimate_level * torch.cos(torch.arange(500.0)))[None].requires_grad_()
    loss = negative_si_sdr(estimate[None], clean)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(estimate.grad).all()


def test_silent_targets_do_not_count_in_the_enhancement_loss():
    clean = torch.stack([torch.sin(torch.arange(500.0)), torch.zeros(500)])
    noise = torch.randn(2, 2, 500, generator=torch.Generator().manual_seed(0))
    both = negative_si_sdr(clean + noise, clean)
    first = negative_si_sdr((clean + noise)[:, :1], clean[:1])
    torch.testing.assert_close(both, first)


@pytest.mark.parametrize("over", ["frame", "utterance"])
def test_cosine_similarity_equals_slow_loops(over):
    draws = torch.Generator().manual_seed(2)
    p, z = torch.randn(2, 3, 4, 5, 6, generator=draws, dtype=torch.float64).unbind()
    total, count = 0.0, 0
    for i in range(3):
        for b in range(4):
            frames = range(6) if over == "frame" else [slice(None)]
            for frame in frames:
                x, y = p[i, b, :, frame], z[i, b, :, frame]
                if over == "utterance":
                    x, y = x.mean(-1), y.mean(-1)
                dot = sum(u * v for u, v in zip(x.tolist(), y.tolist(), strict=True))
                total += dot / math.sqrt(
                    sum(u * u for u in x.tolist()) * sum(v * v for v in y.tolist())
                )
                count += 1
    assert cosine_similarity(p, z, over=over).item() == pytest.approx(total / count, abs=1e-12)


def test_similarity_across_views_takes_every_ordered_pair_once():
    draws = torch.Generator().manual_seed(3)
    p, z = torch.randn(2, 3, 2, 4, 5, generator=draws, dtype=torch.float64).unbind()
    pairs = [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]
    expected = sum(cosine_similarity(p[i], z[j]) for i, j in pairs) / 6
    torch.testing.assert_close(similarity_across_views(p, z), expected)
