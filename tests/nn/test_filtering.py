import torch

from sslse.nn.filtering import HopFilter
from sslse.nn.memory import Memory
from sslse.nn.spectrum import Spectrum

HOP, FRAMES = 8, 5


def windows_and_wave():
    wave = torch.randn(2, FRAMES * HOP, generator=torch.Generator().manual_seed(0))
    return Spectrum(HOP).windows(wave), wave


def test_no_change_gives_the_wave_and_a_gain_is_a_gain():
    windows, wave = windows_and_wave()
    change = torch.zeros(2, FRAMES, HOP + 1, 2)
    torch.testing.assert_close(HopFilter(HOP)(windows, change), wave)
    change[..., 0] = -0.75
    obtained = HopFilter(HOP)(windows, change)
    torch.testing.assert_close(obtained[:, HOP:], 0.25 * wave[:, HOP:])
    assert obtained[0, 0] == wave[0, 0]  # before the beginning the mask is 1


def test_a_delay_is_a_delay():
    windows, wave = windows_and_wave()
    turn = torch.exp(-1j * torch.pi * torch.arange(HOP + 1) / HOP * 3)  # three samples
    change = torch.view_as_real(turn - 1).expand(2, FRAMES, -1, -1).contiguous()
    obtained = HopFilter(HOP)(windows, change)[:, 2 * HOP :].unflatten(-1, (-1, HOP))
    wanted = wave.roll(3, -1)[:, 2 * HOP :].unflatten(-1, (-1, HOP))
    torch.testing.assert_close(obtained[..., 3:], wanted[..., 3:])


def test_a_mask_fades_into_the_next():
    windows, wave = windows_and_wave()
    change = torch.zeros(2, FRAMES, HOP + 1, 2)
    change[:, 2:, :, 0] = 1.0
    filter_ = HopFilter(HOP)
    gain = filter_(windows, change) / wave
    expected = torch.cat([torch.ones(2 * HOP), 1 + filter_.rising, torch.full((2 * HOP,), 2.0)])
    torch.testing.assert_close(gain, expected.expand(2, -1), rtol=1e-3, atol=1e-3)


def test_a_stream_gives_what_the_whole_gives():
    windows, _ = windows_and_wave()
    change = torch.randn(2, FRAMES, HOP + 1, 2, generator=torch.Generator().manual_seed(1))
    filter_, memory = HopFilter(HOP), Memory()
    cuts = [1, 3, 1]
    pieces = zip(windows.split(cuts, 1), change.split(cuts, 1), strict=True)
    joined = torch.cat([filter_(*one, memory) for one in pieces], -1)
    torch.testing.assert_close(joined, filter_(windows, change))
