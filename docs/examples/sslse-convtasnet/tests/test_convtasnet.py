"""Conv-TasNet's contracts, and its filter banks against loops."""

import pytest
import torch
from sslse_convtasnet.decoder import ConvTasNetDecoder
from sslse_convtasnet.encoder import ConvTasNetEncoder

from sslse.api import OptionError
from sslse.registry import discover
from sslse.testing import check_decoder, check_encoder

SMALL = {"dim": 12, "stride": 10, "bottleneck": 8, "hidden": 16, "blocks": 3, "stacks": 2}
WAVE = torch.randn(2, 60, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return ConvTasNetEncoder(**SMALL)


def test_both_are_registered():
    registry = discover()
    assert registry.get("encoder", "convtasnet").load() is ConvTasNetEncoder
    assert registry.get("decoder", "convtasnet").load() is ConvTasNetDecoder


@pytest.mark.parametrize("mask", ["sigmoid", "relu"])
def test_the_encoder_keeps_the_contract(mask):
    check_encoder("convtasnet", mask=mask, **SMALL)


def test_the_decoder_keeps_the_contract(encoder):
    check_decoder("convtasnet", encoder=encoder)
    check_decoder("convtasnet", encoder="conformer")


def test_every_frame_is_a_product_of_filters_and_samples_under_its_mask(encoder):
    weights = encoder.filters.weight.detach().squeeze(1).double()
    frames = []
    for wave in torch.nn.functional.pad(WAVE, (5, 5)).double():
        cuts = [wave[10 * frame : 10 * frame + 20] for frame in range(6)]
        frames.append(torch.stack([weights @ cut for cut in cuts], dim=1))
    features = torch.stack(frames).float()
    mask = encoder.separator(features).squeeze(1)
    assert mask.min() >= 0
    torch.testing.assert_close(encoder(WAVE), features * mask, rtol=1e-4, atol=1e-5)


def test_the_decoder_adds_frames_up_with_overlap(encoder):
    decoder = ConvTasNetDecoder(encoder)
    latent = torch.randn(2, 12, 6, generator=torch.Generator().manual_seed(1))
    weights = decoder.filters.weight.detach().squeeze(1).double()
    expected = torch.zeros(2, 70, dtype=torch.float64)
    for example in range(2):
        for frame in range(6):
            samples = latent[example, :, frame].double() @ weights
            expected[example, 10 * frame : 10 * frame + 20] += samples
    estimate = decoder(latent, WAVE)
    torch.testing.assert_close(estimate.double(), expected[:, 5:65], rtol=1e-4, atol=1e-5)


def test_an_odd_stride_is_refused():
    with pytest.raises(OptionError, match="must be even, not 9") as refused:
        ConvTasNetEncoder(stride=9)
    assert refused.value.option == "stride"
