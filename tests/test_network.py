import pytest
import torch

from sslse.api import Reach
from sslse.build import count_parameters
from sslse.bundle import Enhancer
from sslse.decoders import ConformerDecoder
from sslse.encoders import ConformerEncoder
from sslse.errors import OptionError
from sslse.nn.memory import Memory
from sslse.predictors import ConformerPredictor

SMALL = {"hidden": 16, "head_dim": 4, "heads": 2, "blocks": 1}


def small_encoder(**options):
    return ConformerEncoder(dim=8, channels=[4, 6], **SMALL, **options)


@pytest.fixture
def wave():
    return 0.1 * torch.randn(2, 2048, generator=torch.Generator().manual_seed(0))


def test_the_papers_shapes():
    encoder = ConformerEncoder()
    predictor, decoder = ConformerPredictor(encoder), ConformerDecoder(encoder)
    wave = torch.randn(1, 16384)
    with torch.no_grad():
        latent = encoder(wave)
        assert latent.shape == (1, 128, 256)
        assert predictor(latent).shape == latent.shape
        assert decoder(latent, wave).shape == wave.shape
    assert (encoder.dim, encoder.stride) == (128, 64)
    assert len(encoder.blocks.blocks) == 4
    assert len(predictor.blocks.blocks) == 2
    assert count_parameters(encoder) == 1_343_648


def test_one_view_does_not_see_another(wave):
    encoder = small_encoder()
    torch.testing.assert_close(encoder(wave)[:1], encoder(wave[:1]))


def test_a_residual_decoder_starts_at_the_noisy_wave(wave):
    encoder = small_encoder()
    decoder = ConformerDecoder(encoder, channels=[6, 4], residual=True, **SMALL)
    torch.testing.assert_close(decoder(encoder(wave), wave), wave)
    plain = ConformerDecoder(encoder, channels=[6, 4], **SMALL)
    assert (plain(encoder(wave), wave) - wave).abs().mean() > 0.01


@pytest.mark.parametrize("residual", [True, False])
def test_the_network_follows_the_level_of_its_input(wave, residual):
    encoder = small_encoder()
    decoder = ConformerDecoder(encoder, channels=[6, 4], residual=residual, **SMALL)
    if residual:
        torch.nn.init.normal_(decoder.frames.weight)
    enhanced = decoder(encoder(wave), wave)
    louder = decoder(encoder(30 * wave), 30 * wave)
    torch.testing.assert_close(louder, 30 * enhanced, rtol=1e-3, atol=1e-3)


def test_normalize_can_be_switched_off(wave):
    encoder = small_encoder(normalize=False)
    assert not torch.allclose(encoder(30 * wave), encoder(wave), atol=1e-3)


def test_silence_is_encoded_finitely():
    encoder = small_encoder()
    decoder = ConformerDecoder(encoder, channels=[6, 4], **SMALL)
    silence = torch.zeros(1, 1024)
    assert decoder(encoder(silence), silence).isfinite().all()


@pytest.mark.parametrize(
    ("options", "option", "message"),
    [
        ({"kernel": 8}, "kernel", "must be odd, not 8"),
        ({"frame_kernel": 2}, "frame_kernel", "must be odd, not 2"),
        ({"factors": [4, 3, 4]}, "factors", "must be even, not 3"),
        ({"factors": [4, 4]}, "channels", "2 factors need 1 channels between their blocks, not 2"),
    ],
)
def test_sizes_that_cannot_work_are_refused(options, option, message):
    with pytest.raises(OptionError, match=message) as caught:
        small_encoder(**options)
    assert caught.value.option == option


def test_a_decoder_that_does_not_fit_the_encoder_is_refused():
    with pytest.raises(
        OptionError, match="their product is 128; the encoder has 64 samples per frame"
    ):
        ConformerDecoder(small_encoder(), channels=[6, 4], factors=[8, 4, 4], **SMALL)


def near(*, causal, context=5, kernel=3, **options):
    """Make an encoder and a decoder that look at some frames, with weights that do something."""
    torch.manual_seed(0)
    looks = {"context": context, "causal": causal, "kernel": kernel, **SMALL, **options}
    encoder = ConformerEncoder(dim=8, channels=[4, 6], **looks)
    decoder = ConformerDecoder(encoder, channels=[6, 4], residual=True, **looks)
    for parameter in decoder.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.1)
    return encoder.eval(), decoder.eval()


def moved(network, inputs, frame, frames):
    """List the frames that change with one frame of all inputs, counted from it."""
    changed = [one.clone() for one in inputs]
    for one in changed:
        one.view(*one.shape[:-1], frames, -1)[..., frame, :] += 0.5
    far = (network(*changed) - network(*inputs)).abs().unflatten(-1, (frames, -1))
    far = far.amax((*range(far.ndim - 2), -1)) > 0
    return [int(one) - frame for one in far.nonzero()]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("normalize", [False, True])
@torch.no_grad()
def test_a_frame_changes_those_within_reach_alone(causal, normalize):
    encoder, decoder = (one.double() for one in near(causal=causal, normalize=normalize))
    frames = 100
    wave = 0.1 * torch.randn(1, frames * encoder.stride).double()
    for network, inputs in ((encoder, (wave,)), (decoder, (encoder(wave), wave))):
        before, after = network.reach.before, network.reach.after
        assert before < 35
        assert after == (0 if causal else before)
        for frame in (0, 50, frames - 1):
            seen = moved(network, inputs, frame, frames)
            assert 0 in seen
            assert min(seen) >= -after
            assert max(seen) <= before


@pytest.mark.parametrize(
    ("causal", "encoder_reach", "decoder_reach"),
    [(False, Reach(29, 29), Reach(24, 24)), (True, Reach(30, 0), Reach(25, 0))],
)
def test_the_reach_adds_up(causal, encoder_reach, decoder_reach):
    encoder, decoder = near(causal=causal)
    assert (encoder.reach, encoder.causal) == (encoder_reach, causal)
    assert (decoder.reach, decoder.causal) == (decoder_reach, causal)
    enhancer = Enhancer(encoder, decoder)
    assert enhancer.reach == encoder_reach + decoder_reach
    assert enhancer.causal == causal


def test_without_context_everything_is_in_reach():
    encoder = small_encoder()
    decoder = ConformerDecoder(encoder, channels=[6, 4], **SMALL)
    assert (encoder.reach, decoder.reach) == (None, None)
    assert Enhancer(encoder, decoder).reach is None
    assert not Enhancer(encoder, decoder).causal


@torch.no_grad()
def test_a_causal_network_in_pieces_gives_what_it_gives_for_the_whole(wave):
    enhancer = Enhancer(*near(causal=True)).eval()
    memory = Memory()
    cuts = [64 * frames for frames in (1, 2, 12, 1, 16)]
    joined = torch.cat([enhancer(one, memory) for one in wave.split(cuts, -1)], -1)
    torch.testing.assert_close(joined, enhancer(wave), rtol=0, atol=1e-5)


def test_causal_without_context_is_refused():
    message = "needs context, the frames before its own that a frame may look at"
    for make in (small_encoder, lambda **options: ConformerDecoder(small_encoder(), **options)):
        with pytest.raises(OptionError, match=message) as caught:
            make(causal=True)
        assert caught.value.option == "causal"
