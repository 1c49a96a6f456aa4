"""`check_encoder`, `check_decoder` and `check_predictor`: what the network's parts promise."""

import copy
from typing import Any

from torch import Tensor

from sslse.api import Decoder, Encoder, Predictor
from sslse.testing.construct import Target, construct, find, make_context
from sslse.testing.network_rules import ENCODER_RULES, NETWORK_RULES, NetworkCase, Part
from sslse.testing.rules import hold
from sslse.testing.stand_ins import SmallEncoder


def check_encoder(target: Target, /, *, draws: bool = False, **options: Any) -> None:
    """Hold an encoder against the contract of `sslse.api.Encoder`.

    Waves have at least eight frames.

    Args:
        target: the class, or the name it is registered under.
        draws: whether it draws from torch's global generator in training, as layer drop does; the
            trainer seeds that for every step. Dropout modules need no such word.
        **options: of the encoder, as a recipe would say them.

    Raises:
        AssertionError: a rule is broken.
        RegistryError: no encoder of that name is installed.
    """
    label, component = find("encoder", target)

    def make(seed: int) -> Encoder:
        encoder: Encoder = construct(component, options, {"context": make_context()}, seed)
        return encoder

    def part(seed: int) -> Part:
        encoder = make(seed)

        def shape(waves: Tensor) -> tuple[int, ...]:
            return (len(waves), encoder.dim, waves.shape[-1] // encoder.stride)

        return Part(encoder, lambda waves: (waves,), shape)

    hold(label, NetworkCase(Encoder, part, lambda: make(0).stride, draws), ENCODER_RULES)


def check_decoder(
    target: Target, /, *, encoder: Target | Encoder, draws: bool = False, **options: Any
) -> None:
    """Hold a decoder against the contract of `sslse.api.Decoder`.

    Args:
        target: the class, or the name it is registered under.
        encoder: whose latents it decodes: a made one, which is copied, or a class or name.
        draws: whether it draws from torch's global generator in training, as layer drop does; the
            trainer seeds that for every step. Dropout modules need no such word.
        **options: of the decoder, as a recipe would say them.

    Raises:
        AssertionError: a rule is broken.
        RegistryError: no component of that name is installed.
    """
    label, component = find("decoder", target)
    lent = _encoder(encoder)

    def part(seed: int) -> Part:
        parts = {"context": make_context(), "encoder": lent}
        decoder: Decoder = construct(component, options, parts, seed)
        return Part(
            decoder,
            lambda waves: (lent(waves).detach(), waves),
            lambda waves: tuple(waves.shape),
            lent,
        )

    hold(label, NetworkCase(Decoder, part, lambda: lent.stride, draws), NETWORK_RULES)


def check_predictor(target: Target, /, *, draws: bool = False, **options: Any) -> None:
    """Hold a predictor against the contract of `sslse.api.Predictor`.

    Args:
        target: the class, or the name it is registered under.
        draws: whether it draws from torch's global generator in training, as layer drop does; the
            trainer seeds that for every step. Dropout modules need no such word.
        **options: of the predictor, as a recipe would say them.

    Raises:
        AssertionError: a rule is broken.
        RegistryError: no predictor of that name is installed.
    """
    label, component = find("predictor", target)
    lent = _encoder(SmallEncoder)
    dim, stride = lent.dim, lent.stride

    def part(seed: int) -> Part:
        parts = {"context": make_context(), "encoder": lent}
        predictor: Predictor = construct(component, options, parts, seed)
        return Part(
            predictor,
            lambda waves: (lent(waves).detach(),),
            lambda waves: (len(waves), dim, waves.shape[-1] // stride),
            lent,
        )

    hold(label, NetworkCase(Predictor, part, lambda: stride, draws), NETWORK_RULES)


def _encoder(encoder: Target | Encoder) -> Encoder:
    if not isinstance(encoder, Encoder):
        _, component = find("encoder", encoder)
        made: Encoder = construct(component, {}, {"context": make_context()})
        return made.eval()
    return copy.deepcopy(encoder).eval()
