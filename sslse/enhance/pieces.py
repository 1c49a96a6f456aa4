"""A long wave through a network in pieces, with constant memory."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from sslse.bundle import Enhancer
from sslse.nn.memory import Memory

PIECE_SECONDS = 8.0
EXACT_FACTOR = 3  # a piece to what lies beside it, which is computed twice
# Of a network that looks at the whole wave: what it sees beside a piece, and half a cross-fade.
BESIDE_SECONDS, FADE_SECONDS = 1.0, 0.5
LEAST_FRAMES = 8  # that every encoder takes


class Engine(Protocol):
    """Takes a wave in pieces of any length and gives the enhanced one, as long as it."""

    def push(self, wave: Tensor) -> Tensor:
        """Take the next samples (rows, samples); give what is enhanced by now, (rows, samples)."""

    def finish(self) -> Tensor:
        """Give what is left."""

    @property
    def latency(self) -> int:
        """How many samples come, at most, from one on until it is given."""


def make_engine(enhancer: Enhancer, sample_rate: int) -> Engine:
    """Return the engine that fits a network.

    A causal network goes on where it stood, and gives each frame as soon as it is there. Any other
    sees overlapping pieces: with as much beside each as its frames depend on, so that they fit
    together exactly; or, where its frames depend on the whole wave, `BESIDE_SECONDS`, with
    cross-fades.

    Args:
        enhancer: the network, in evaluation mode.
        sample_rate: that it works at, in Hz.
    """
    stride = enhancer.encoder.stride
    if enhancer.causal:
        return Frames(enhancer, longest=_frames(PIECE_SECONDS, sample_rate, stride) * stride)
    piece = _frames(PIECE_SECONDS, sample_rate, stride) * stride
    if enhancer.reach is not None:
        before, after = enhancer.reach.before * stride, enhancer.reach.after * stride
        piece = max(piece, EXACT_FACTOR * (before + after))
        return Pieces(enhancer, stride, piece=piece, before=before, after=after)
    beside = _frames(BESIDE_SECONDS, sample_rate, stride) * stride
    fade = round(FADE_SECONDS * sample_rate)
    return Pieces(enhancer, stride, piece=piece, before=beside, after=beside, fade=fade)


def _frames(seconds: float, sample_rate: int, stride: int) -> int:
    return max(1, round(seconds * sample_rate / stride))


class Pieces:
    """Enhance piece by piece, each with what lies beside it.

    Where the pieces lie depends on the wave alone, not on how it comes: the result is the same for
    any way of cutting it.

    Args:
        enhance: maps (rows, samples), a multiple of ``stride``, to the same shape.
        stride: samples per frame.
        piece: samples enhanced at a time; a multiple of ``stride``.
        before: samples before a piece that the network sees; a multiple of ``stride``.
        after: samples after it.
        fade: half the length of the cross-fade between two pieces, at most ``before`` and
            ``after``; 0 for none.
    """

    def __init__(
        self,
        enhance: Callable[[Tensor], Tensor],
        stride: int,
        *,
        piece: int,
        before: int,
        after: int,
        fade: int = 0,
    ) -> None:
        self._enhance = enhance
        self._stride = stride
        self._piece, self._before, self._after, self._fade = piece, before, after, fade
        self._held = torch.zeros(0, 0)  # samples from the place self._first on
        self._first = 0
        self._next = 0  # where the next piece begins
        self._fading: Tensor | None = None  # the end of the last piece, (rows, 2 * fade)

    @property
    def latency(self) -> int:
        """How many samples come, at most, from one on until it is given."""
        return self._piece + self._after + self._fade

    def push(self, wave: Tensor) -> Tensor:
        """Take the next samples; give the pieces that are complete."""
        self._held = torch.cat([self._held, wave], -1) if self._end else wave
        given = [wave[..., :0]]
        while self._end >= self._next + self._piece + self._after:
            given.append(self._go_on(self._next + self._piece, last=False))
        return torch.cat(given, -1)

    def finish(self) -> Tensor:
        """Give the last piece."""
        return self._go_on(self._end, last=True) if self._end else self._held

    @property
    def _end(self) -> int:
        return self._first + self._held.shape[-1]

    def _go_on(self, end: int, *, last: bool) -> Tensor:
        """Enhance up to a place; give what no later piece changes."""
        begin = max(0, self._next - self._before)
        seen = self._held[..., begin - self._first :]
        seen = seen if last else seen[..., : end + self._after - begin]
        enhanced = _whole_frames(self._enhance, seen, self._stride)
        enhanced = enhanced[..., max(0, self._next - self._fade) - begin :]
        if not last:
            enhanced = enhanced[..., : end + self._fade - max(0, self._next - self._fade)]
        if self._fading is not None:
            enhanced = _fade(self._fading, enhanced)
        if self._fade and not last:
            self._fading = enhanced[..., -2 * self._fade :]
            enhanced = enhanced[..., : -2 * self._fade]
        self._next = end
        drop = max(0, end - self._before) - self._first
        self._held, self._first = self._held[..., drop:].clone(), self._first + drop
        return enhanced


def _fade(old: Tensor, new: Tensor) -> Tensor:
    """Let the end of one piece pass into the beginning of the next."""
    length = old.shape[-1]
    rising = (torch.arange(length, device=new.device) + 0.5) / length
    mixed = new[..., :length] * rising + old * (1 - rising)
    return torch.cat([mixed, new[..., length:]], -1)


class Frames:
    """Enhance frame by frame with a causal network.

    Args:
        enhancer: the network.
        longest: samples taken at once at most, so that memory stays bounded.
    """

    def __init__(self, enhancer: Enhancer, *, longest: int) -> None:
        self._enhancer = enhancer
        self._longest = longest
        self._stride = enhancer.encoder.stride
        self._memory = Memory()
        self._held = torch.zeros(0, 0)  # samples of a frame that is not complete

    @property
    def latency(self) -> int:
        """How many samples come, at most, from one on until it is given: those of a frame."""
        return self._stride

    def push(self, wave: Tensor) -> Tensor:
        """Take the next samples; give the frames that are complete."""
        held = torch.cat([self._held, wave], -1) if self._held.numel() else wave
        whole = held.shape[-1] - held.shape[-1] % self._stride
        self._held = held[..., whole:]
        pieces = [
            held[..., cut : min(cut + self._longest, whole)]
            for cut in range(0, whole, self._longest)
        ]
        given = [self._enhancer(one, self._memory) for one in pieces]
        return torch.cat([wave[..., :0], *given], -1)

    def finish(self) -> Tensor:
        """Give the frame that is not complete."""
        if not self._held.shape[-1]:
            return self._held
        return _whole_frames(lambda x: self._enhancer(x, self._memory), self._held, self._stride, 1)


def _whole_frames(
    enhance: Callable[[Tensor], Tensor], wave: Tensor, stride: int, least: int = LEAST_FRAMES
) -> Tensor:
    """Enhance samples that may end within a frame; silence fills it."""
    samples = wave.shape[-1]
    wanted = max(-(-samples // stride), least) * stride
    return enhance(torch.nn.functional.pad(wave, (0, wanted - samples)))[..., :samples]
