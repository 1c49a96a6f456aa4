"""Each rule for encoders, decoders and predictors catches the one that breaks it."""

import random

import pytest
import torch
from torch import nn

from sslse.api import Decoder, Encoder, PositiveInt, Predictor, Reach
from sslse.encoders import ConformerEncoder
from sslse.nn.memory import with_past
from sslse.testing import check_decoder, check_encoder, check_predictor
from sslse.testing.network_rules import ENCODER_RULES, NETWORK_RULES


class Good(Encoder):
    """Two convolutions."""

    def __init__(self, *, dim: PositiveInt = 8) -> None:
        super().__init__()
        self.dim, self.stride = dim, 16
        self.frames = nn.Conv1d(1, dim, 16, stride=16)
        self.mix = nn.Conv1d(dim, dim, 3, padding=1)

    def forward(self, wave):
        return self.mix(torch.tanh(self.frames(wave.unsqueeze(1))))


class Recurrent(Good):
    """Torch's recurrent layers keep a list of their weights beside the registered ones."""

    def __init__(self, *, dim: PositiveInt = 8) -> None:
        super().__init__(dim=dim)
        self.time = nn.GRU(dim, dim, batch_first=True)

    def forward(self, wave):
        return self.time(super().forward(wave).transpose(1, 2))[0].transpose(1, 2)


class GoodDecoder(Decoder):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__()
        self.sound = nn.ConvTranspose1d(encoder.dim, 1, encoder.stride, stride=encoder.stride)

    def forward(self, latent, noisy):
        return noisy + self.sound(latent).squeeze(1)


class GoodPredictor(Predictor):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__()
        self.map = nn.Conv1d(encoder.dim, encoder.dim, 1)

    def forward(self, latent):
        return self.map(latent)


class NoEncoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.dim, self.stride = 8, 16


class GlobalConstructor(Good):
    def __init__(self) -> None:
        super().__init__()
        random.random()


class NoDim(Good):
    def __init__(self) -> None:
        super().__init__()
        del self.dim


class FractionalStride(Good):
    def __init__(self) -> None:
        super().__init__()
        self.dim = 8.0


class OneFrameMore(Good):
    def forward(self, wave):
        return nn.functional.pad(super().forward(wave), (0, 1))


class HalfPrecision(Good):
    def forward(self, wave):
        return super().forward(wave).bfloat16()


class Normalizes(Good):
    def forward(self, wave):
        return super().forward(wave / wave.square().mean(-1, keepdim=True).sqrt())


class RootOfSilence(Good):
    def forward(self, wave):
        level = self.frames(wave.unsqueeze(1)) - self.frames.bias[:, None]
        return super().forward(wave) + level.square().mean((1, 2), keepdim=True).sqrt()


class Unused(Good):
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(3, 3)


class CountsCalls(Good):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, wave):
        self.calls += 1
        return super().forward(wave)


class Jitters(Good):
    def forward(self, wave):
        return super().forward(wave) + (0.1 * torch.rand(()) if self.training else 0)


class LayerDrop(nn.Module):
    """Leaves the inner layer out in half of the steps."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return x if self.training and torch.rand(()) < 0.5 else x + self.inner(x)


class DropsLayers(Good):
    def __init__(self) -> None:
        super().__init__()
        self.drop = LayerDrop(nn.Conv1d(self.dim, self.dim, 1))

    def forward(self, wave):
        return self.drop(super().forward(wave))


class InPlace(Good):
    def forward(self, wave):
        return super().forward(wave if self.training else wave.mul_(0.5))


class BatchStatistics(Good):
    def forward(self, wave):
        latent = super().forward(wave)
        return latent - latent.mean(0, keepdim=True)


class LooseWindow(Good):
    def __init__(self) -> None:
        super().__init__()
        self.window = torch.hann_window(16)


class ForgetsScale(Good):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.rand(()), persistent=False)

    def forward(self, wave):
        return super().forward(wave) * self.scale


class NoCopy(Good):
    def __deepcopy__(self, memo):
        raise TypeError("cannot be copied")


class NearSighted(Good):
    """Its kernel of three frames looks at those beside each."""

    reach = Reach(0, 1)


class FarLevel(Good):
    reach = Reach(1, 1)

    def forward(self, wave):
        return super().forward(wave / (1 + wave.square().mean(-1, keepdim=True)))


class GoodCausal(Encoder):
    """The second convolution looks at two frames before."""

    causal = True
    reach = Reach(2, 0)

    def __init__(self, *, dim: PositiveInt = 8) -> None:
        super().__init__()
        self.dim, self.stride = dim, 16
        self.frames = nn.Conv1d(1, dim, 16, stride=16)
        self.mix = nn.Conv1d(dim, dim, 3)

    def past(self, latent, memory):
        return with_past(self.mix, latent, 2, memory)

    def forward(self, wave, memory=None):
        return self.mix(self.past(torch.tanh(self.frames(wave.unsqueeze(1))), memory))


class TakesNoMemory(Good):
    causal = True
    reach = None


class SaysAfter(GoodCausal):
    reach = Reach(2, 1)


class ForgetsThePast(GoodCausal):
    def past(self, latent, memory):
        return super().past(latent, None)


class RemembersTooLittle(GoodCausal):
    def past(self, latent, memory):
        return nn.functional.pad(with_past(self.mix, latent, 1, memory), (1, 0))


class OneMemoryForAll(GoodCausal):
    def past(self, latent, memory):
        if memory is None:
            return super().past(latent, None)
        before = vars(self).get("before", torch.zeros(*latent.shape[:2], 2))
        joined = torch.cat([before, latent], -1)
        vars(self)["before"] = joined[..., -2:]
        return joined


class GoodCausalDecoder(GoodDecoder):
    """Begins at zero, so that what it remembers is not seen before it is trained."""

    causal = True
    reach = Reach(2, 0)

    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.mix = nn.Conv1d(encoder.dim, encoder.dim, 3)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)

    def forward(self, latent, noisy, memory=None):
        return super().forward(self.mix(with_past(self.mix, latent, 2, memory)), noisy)


class ForgetfulDecoder(GoodCausalDecoder):
    def forward(self, latent, noisy, memory=None):
        return super().forward(latent, noisy)


class FarDecoder(GoodDecoder):
    """Looks at the noisy wave's level."""

    reach = Reach(0, 0)

    def forward(self, latent, noisy):
        return super().forward(latent, noisy) * noisy.square().mean(-1, keepdim=True)


class StoringDecoder(GoodDecoder):
    def __init__(self, encoder: Encoder, /) -> None:
        super().__init__(encoder)
        self.encoder = encoder


class ShortDecoder(GoodDecoder):
    def forward(self, latent, noisy):
        return super().forward(latent, noisy)[..., :-1]


class TimeFirst(GoodPredictor):
    def forward(self, latent):
        return super().forward(latent).transpose(1, 2)


BROKEN = {
    "is constructed from wiring": (NoEncoder, GlobalConstructor),
    "has a dim and a stride": (NoDim, FractionalStride),
    "gives the shape": (OneFrameMore, HalfPrecision),
    "is finite": (Normalizes, RootOfSilence),
    "passes a gradient": (Unused,),
    "gives the same for the same": (CountsCalls,),
    "draws from no global": (Jitters, DropsLayers),
    "leaves the waves": (InPlace,),
    "maps every wave by itself": (BatchStatistics,),
    "depends on no frame beyond": (NearSighted, FarLevel),
    "gives for a stream in pieces": (
        TakesNoMemory,
        SaysAfter,
        ForgetsThePast,
        RemembersTooLittle,
        OneMemoryForAll,
    ),
    "saved state": (LooseWindow, ForgetsScale, NoCopy),
}


@pytest.mark.parametrize(
    ("rule", "target"), [(rule, one) for rule, all_ in BROKEN.items() for one in all_]
)
def test_a_broken_encoder_is_caught_by_its_rule(rule, target):
    with pytest.raises(AssertionError, match=rule) as caught:
        check_encoder(target)
    assert str(caught.value).startswith(f"encoder {target.__module__}:{target.__name__}: ")


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        ("never stores it", StoringDecoder),
        ("gives the shape", ShortDecoder),
        ("depends on no frame beyond", FarDecoder),
        ("gives for a stream in pieces", ForgetfulDecoder),
    ],
)
def test_a_broken_decoder_is_caught_by_its_rule(rule, target):
    with pytest.raises(AssertionError, match=rule):
        check_decoder(target, encoder=Good)


def test_a_broken_predictor_is_caught_by_its_rule():
    with pytest.raises(AssertionError, match="gives the shape"):
        check_predictor(TimeFirst)


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        (
            NearSighted,
            r"Reach\(before=0, after=1\) is said, but a frame changes one that is 1 later",
        ),
        (SaysAfter, r"it says causal, but Reach\(before=2, after=1\) looks ahead"),
        (TakesNoMemory, "it raised TypeError: "),
        (
            DropsLayers,
            r"moved torch's in 'drop' \(LayerDrop\), in training mode alone, as layer drop",
        ),
        (DropsLayers, "; say draws=True if it is to draw"),
        (InPlace, "it changes its input in place in evaluation"),
        (ForgetsThePast, "the pieces differ from the whole by "),
    ],
)
def test_it_says_what_it_saw(target, seen):
    with pytest.raises(AssertionError, match=seen):
        check_encoder(target)


def test_layers_that_are_dropped_pass_where_that_is_said():
    check_encoder(DropsLayers, draws=True)


def test_every_rule_has_its_offender():
    texts = {one.text for one in (*ENCODER_RULES, *NETWORK_RULES)}
    for text in texts:
        assert sum(rule in text for rule in (*BROKEN, "never stores it")) == 1, text


def test_good_ones_pass():
    check_encoder(Good, dim=5)
    check_encoder(Recurrent)
    check_encoder(GoodCausal)
    check_decoder(GoodCausalDecoder, encoder=GoodCausal)
    check_decoder(GoodDecoder, encoder=Good(dim=5))
    check_decoder("conformer", encoder="conformer", blocks=1)
    near = {"context": 5, "blocks": 1, "hidden": 8, "head_dim": 4, "heads": 2}
    for causal in (False, True):
        check_encoder("conformer", dim=8, channels=[4, 6], **near, causal=causal)
        encoder = ConformerEncoder(dim=8, channels=[4, 6], **near, causal=causal)
        decoder = {"channels": [6, 4], "residual": True, **near, "causal": causal}
        check_decoder("conformer", encoder=encoder, **decoder)
    check_predictor(GoodPredictor)
