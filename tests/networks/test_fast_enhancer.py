"""Networks with recurrence over time and attention over bands."""

import pytest
import torch

from sslse.api import Context
from sslse.build import count_parameters
from sslse.bundle import Enhancer
from sslse.errors import OptionError
from sslse.networks.fast_enhancer import FastEnhancerDecoder, FastEnhancerEncoder
from sslse.nn.memory import Memory
from sslse.testing import check_decoder, check_encoder

CONTEXT = Context(sample_rate=16000, views=2, batch_size=4, crop=4096)
TINY = {
    "linear_bands": 2,
    "erb_bands": 1,
    "channels": 4,
    "convolutions": 1,
    "width": 4,
    "heads": 2,
    "blocks": 1,
}
TINY_ENCODER = {"hop": 16, **TINY}


def tiny(**options):
    """Make an encoder and a decoder whose last layer is not zero."""
    torch.manual_seed(0)
    encoder = FastEnhancerEncoder(CONTEXT, **TINY_ENCODER, **options)
    decoder = FastEnhancerDecoder(encoder, CONTEXT, **TINY, **options)
    torch.nn.init.normal_(decoder.higher.weight)
    return encoder.eval(), decoder.eval()


@pytest.fixture
def wave():
    return 0.1 * torch.randn(2, 512, generator=torch.Generator().manual_seed(0))


def test_those_that_look_ahead_keep_the_contract():
    check_encoder("fast_enhancer", **TINY_ENCODER, causal=False)
    check_decoder("fast_enhancer", encoder=tiny()[0], **TINY, causal=False)


def test_the_default_sizes():
    encoder = FastEnhancerEncoder(CONTEXT)
    decoder = FastEnhancerDecoder(encoder, CONTEXT)
    assert (encoder.dim, encoder.stride) == (24 * 40, 256)
    assert 100_000 < count_parameters(encoder) + count_parameters(decoder) < 250_000
    wave = torch.randn(1, 2560)
    with torch.no_grad():
        assert encoder(wave).shape == (1, 960, 10)
        torch.testing.assert_close(decoder(encoder(wave), wave), wave)  # the last layer is zero


def test_it_follows_the_level_of_its_input(wave):
    encoder, decoder = tiny()
    latent, louder = encoder(wave), encoder(30 * wave)
    torch.testing.assert_close(louder, latent, rtol=1e-3, atol=1e-3)
    enhanced = decoder(latent, wave)
    assert (enhanced - wave).abs().mean() > 0.01
    torch.testing.assert_close(decoder(louder, 30 * wave), 30 * enhanced, rtol=1e-3, atol=1e-3)


def test_bands_lie_one_after_the_other_in_the_latent(wave):
    encoder, _ = tiny()
    made = []
    encoder.blocks[-1].register_forward_hook(lambda _module, _given, x: made.append(x))
    apart = encoder(wave).unflatten(1, (-1, TINY["width"]))
    torch.testing.assert_close(apart, made[0].permute(0, 2, 3, 1))


@torch.no_grad()
def test_a_stream_is_enhanced_as_the_whole(wave):
    enhancer, memory = Enhancer(*tiny()).eval(), Memory()
    assert enhancer.causal
    pieces = [enhancer(one, memory) for one in wave.split([16, 160, 16, 320], -1)]
    torch.testing.assert_close(torch.cat(pieces, -1), enhancer(wave), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "option", "message"),
    [
        ({"hop": 18}, "hop", "must be a multiple of 4, not 18"),
        ({"heads": 3}, "width", "must be a multiple of the 3 heads, not 4"),
    ],
)
def test_sizes_that_cannot_work_are_refused(options, option, message):
    with pytest.raises(OptionError, match=message) as caught:
        FastEnhancerEncoder(CONTEXT, **{**TINY_ENCODER, **options})
    assert caught.value.option == option


def test_a_decoder_that_does_not_fit_the_encoder_is_refused():
    message = "3 bands of 6 channels are 18; the encoder's latent has 12"
    with pytest.raises(OptionError, match=message) as caught:
        FastEnhancerDecoder(tiny()[0], CONTEXT, **{**TINY, "width": 6})
    assert caught.value.option == "width"
