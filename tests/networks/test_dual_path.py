"""Networks with recurrence over bands and over time."""

import pytest
import torch

from sslse.api import Context
from sslse.build import build_network, count_parameters
from sslse.errors import OptionError
from sslse.networks.dual_path import DualPathDecoder, DualPathEncoder
from sslse.recipe import load_recipe
from sslse.testing import check_decoder, check_encoder

CONTEXT = Context(sample_rate=16000, views=2, batch_size=4, crop=4096)
TINY = {"linear_bands": 5, "erb_bands": 4, "channels": [2, 4], "units": 3, "blocks": 1}
TINY_ENCODER = {"hop": 16, **TINY}


def tiny(awake=True, **options):
    """Make an encoder and a decoder; awake, the last layer is not zero."""
    torch.manual_seed(0)
    encoder = DualPathEncoder(CONTEXT, **TINY_ENCODER, **options)
    decoder = DualPathDecoder(encoder, CONTEXT, **TINY, **options)
    if awake:
        torch.nn.init.normal_(decoder.convolutions[-1].convolution.weight)
    return encoder.eval(), decoder.eval()


@pytest.fixture
def wave():
    return 0.1 * torch.randn(2, 512, generator=torch.Generator().manual_seed(0))


def test_causal_ones_keep_the_contract():
    check_encoder("dual_path", **TINY_ENCODER, causal=True)
    check_decoder("dual_path", encoder=tiny()[0], **TINY, causal=True)


def test_the_default_sizes():
    encoder = DualPathEncoder(CONTEXT)
    decoder = DualPathDecoder(encoder, CONTEXT)
    assert (encoder.dim, encoder.stride) == (33 * 32, 256)
    assert 100_000 < count_parameters(encoder) + count_parameters(decoder) < 250_000
    wave = torch.randn(1, 2560)
    with torch.no_grad():
        assert encoder(wave).shape == (1, 1056, 10)
        assert decoder(encoder(wave), wave).shape == wave.shape


@pytest.mark.parametrize("bands", [(5, 4), (6, 4), (17, 0), (1, 1)])
def test_any_number_of_bands_comes_back(bands, wave):
    sizes = {**TINY, "linear_bands": bands[0], "erb_bands": bands[1]}
    encoder = DualPathEncoder(CONTEXT, hop=16, **sizes)
    decoder = DualPathDecoder(encoder, CONTEXT, **sizes)
    assert decoder(encoder(wave), wave).shape == wave.shape


@pytest.mark.parametrize("causal", [False, True])
def test_it_starts_at_the_noisy_wave(wave, causal):
    encoder, decoder = tiny(awake=False, causal=causal)
    torch.testing.assert_close(decoder(encoder(wave), wave), wave, rtol=0, atol=1e-6)


def test_it_follows_the_level_of_its_input(wave):
    encoder, decoder = tiny()
    latent, louder = encoder(wave), encoder(30 * wave)
    torch.testing.assert_close(louder, latent, rtol=1e-3, atol=1e-3)
    enhanced = decoder(latent, wave)
    assert (enhanced - wave).abs().mean() > 0.01
    torch.testing.assert_close(decoder(louder, 30 * wave), 30 * enhanced, rtol=1e-3, atol=1e-3)
    encoder, _ = tiny(normalize=False)
    assert not torch.allclose(encoder(30 * wave), encoder(wave), atol=1e-2)


def test_bands_lie_one_after_the_other_in_the_latent(wave):
    encoder, _ = tiny()
    maps = []
    encoder.blocks[-1].register_forward_hook(lambda _module, _given, made: maps.append(made))
    apart = encoder(wave).unflatten(1, (-1, TINY["channels"][-1]))
    torch.testing.assert_close(apart, maps[0].permute(0, 2, 3, 1))


@pytest.mark.parametrize("option", ["band_kernel", "time_kernel"])
def test_even_kernels_are_refused(option):
    with pytest.raises(OptionError, match="must be odd, not 4") as caught:
        DualPathEncoder(CONTEXT, **TINY_ENCODER, **{option: 4})
    assert caught.value.option == option


def test_a_decoder_that_does_not_fit_the_encoder_is_refused():
    message = "3 bands of 6 channels are 18; the encoder's latent has 12"
    with pytest.raises(OptionError, match=message) as caught:
        DualPathDecoder(tiny()[0], CONTEXT, **{**TINY, "channels": [2, 6]})
    assert caught.value.option == "channels"


@torch.no_grad()
@pytest.mark.export
def test_a_compiled_one_gives_the_same(wave):
    encoder, _ = tiny()
    expected = encoder(wave)
    encoder.compile(backend="eager")
    torch.testing.assert_close(encoder(wave), expected)


@torch.no_grad()
def test_bfloat16_is_near_float32(wave):
    encoder, decoder = tiny()
    expected = decoder(encoder(wave), wave)
    with torch.autocast("cpu", torch.bfloat16):
        lowered = decoder(encoder(wave), wave)
    assert lowered.dtype == torch.float32
    most = 0.03 * float(expected.abs().max())
    torch.testing.assert_close(lowered, expected, rtol=0, atol=most)


@torch.no_grad()
def test_the_last_frame_is_masked_to_its_end(wave):
    encoder, decoder = tiny(awake=False)
    decoder.convolutions[-1].convolution.bias[0] = -0.75
    torch.testing.assert_close(decoder(encoder(wave), wave), 0.25 * wave)


@pytest.mark.parametrize(
    ("preset", "family"),
    [("dual_path", "dual_path"), ("tiny", "dual_path"), ("fast_enhancer", "fast_enhancer")],
)
def test_the_presets_say_every_size_and_build(registry, preset, family):
    recipe = load_recipe("normal", registry, sets=[f"preset={preset}", "data.noise=demo"])
    encoder, decoder = build_network(recipe, registry)
    assert recipe.encoder.name == recipe.decoder.name == family
    assert 50_000 < count_parameters(encoder) + count_parameters(decoder) < 250_000
