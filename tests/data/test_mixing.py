import pytest
import torch

from sslse.data.mixing import mix_at_snr


@pytest.mark.parametrize("snr_db", [-30.0, -7.5, 0.0, 12.5, 30.0])
@pytest.mark.parametrize("level", [1e-4, 0.1, 30.0])
def test_measured_ratio_is_the_asked_one(snr_db, level):
    draws = torch.Generator().manual_seed(0)
    speech = 0.05 * torch.randn(4, 16384, generator=draws)
    noise = level * torch.randn(4, 16384, generator=draws)
    added = mix_at_snr(speech, noise, torch.full((4,), snr_db)).double() - speech.double()
    measured = 10 * torch.log10(speech.double().square().mean(-1) / added.square().mean(-1))
    torch.testing.assert_close(
        measured, torch.full((4,), snr_db, dtype=torch.float64), atol=0.01, rtol=0
    )


def test_silence_of_either_leaves_the_speech_unchanged():
    wave = torch.sin(torch.arange(1000.0))
    silence = torch.zeros(1000)
    torch.testing.assert_close(mix_at_snr(wave, silence, torch.tensor(0.0)), wave)
    torch.testing.assert_close(mix_at_snr(silence, wave, torch.tensor(0.0)), silence)


def test_each_pair_has_its_own_ratio():
    speech = torch.ones(2, 8)
    noise = torch.ones(2, 8)
    mixed = mix_at_snr(speech, noise, torch.tensor([0.0, 20.0]))
    torch.testing.assert_close(mixed, torch.tensor([2.0, 1.1])[:, None].expand(2, 8))


def test_the_result_may_overwrite_the_noise():
    draws = torch.Generator().manual_seed(0)
    speech, noise = (torch.randn(2, 3, 500, generator=draws) for _ in range(2))
    snr_db = torch.tensor([[-10.0, 0.0, 10.0], [5.0, -5.0, 20.0]])
    expected = mix_at_snr(speech, noise, snr_db)
    assert mix_at_snr(speech, noise, snr_db, out=noise) is noise
    assert torch.equal(noise, expected)
