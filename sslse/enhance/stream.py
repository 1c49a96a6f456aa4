"""Sound that comes in chunks of any size, enhanced as it comes."""

from functools import cache
from typing import Any

import numpy as np
import torch

from sslse.api import Samples
from sslse.bundle import Enhancer
from sslse.defaults import own_defaults
from sslse.enhance.pieces import make_engine
from sslse.enhance.rates import Resampling
from sslse.enhance.waves import Wave, as_given, to_samples
from sslse.errors import DataError

AT_ONCE = 2**20  # values taken from a chunk at a time
TRIED_SECONDS = 1.0


class Stream:
    """Enhance sound while it comes; every channel for itself.

    The chunks together give as many samples as came in, and the same whatever their sizes. A model
    that is causal gives each frame as soon as it is there; any other waits for a piece of several
    seconds (`sslse.enhance.pieces`).

    Args:
        enhancer: the network, in evaluation mode, on the device to compute on.
        model_rate: the sample rate it works at, in Hz.
        sample_rate: of the sound, in Hz; it is resampled to the model's and back.
        channels: of the sound.

    Raises:
        DataError: a sample rate or a number of channels that there cannot be.
    """

    @own_defaults()
    def __init__(
        self, enhancer: Enhancer, model_rate: int, sample_rate: int, channels: int = 1
    ) -> None:
        self._to_model = Resampling(sample_rate, model_rate, channels)
        self._back = Resampling(model_rate, sample_rate, channels)
        self._engine = make_engine(enhancer, model_rate)
        self._device = next(enhancer.parameters()).device
        self._channels = channels
        self._kind: Any = np.zeros((channels, 0), np.float32)  # the latest chunk, without samples
        self._taken = self._given = 0
        self._finished = False
        self._latency = self._engine.latency / model_rate
        if sample_rate != model_rate:
            self._latency += _filter_seconds(sample_rate, model_rate)
            self._latency += _filter_seconds(model_rate, sample_rate)

    @property
    def latency_seconds(self) -> float:
        """How long after a sample came its enhanced one is given, at most, without computing."""
        return self._latency

    @property
    def latency_ms(self) -> float:
        """The same in milliseconds."""
        return 1000 * self.latency_seconds

    def push(self, wave: Wave) -> Wave:
        """Take the next samples and give what is enhanced by now.

        Args:
            wave: (channels, samples), or (samples,) of one channel: an array or a tensor, floating
                point, of any length.

        Returns:
            The same type, precision, device and channels; often fewer samples, or none.

        Raises:
            DataError: other channels, no floating point, samples that are not finite, or the
                stream is finished. The chunk is then not taken.
        """
        if self._finished:
            raise DataError("the stream is finished; start another one for more sound")
        samples = to_samples(wave)
        rows = samples[np.newaxis] if samples.ndim == 1 and self._channels == 1 else samples
        if rows.shape[:-1] != (self._channels,):
            raise DataError(
                f"a chunk of shape {tuple(wave.shape)} in a stream of ({self._channels}, any "
                "number of samples)"
            )
        self._kind = wave[..., :0].clone() if isinstance(wave, torch.Tensor) else wave[..., :0]
        given: Wave = self._as_it_came(self._push(rows))
        return given

    def finish(self) -> Any:
        """Give what is left, so that as many samples were given as came.

        Returns:
            Of the type, precision, device and shape of the latest chunk; (channels, 0) float32
            where none came, and no samples the second time.
        """
        return self._as_it_came(self._rest())

    @own_defaults()
    @torch.inference_mode()
    def _push(self, rows: Samples) -> Samples:
        self._taken += rows.shape[-1]
        size = max(1, AT_ONCE // self._channels)
        cuts = range(0, rows.shape[-1], size)
        given = [self._through(rows[:, cut : cut + size], last=False) for cut in cuts]
        return self._counted(np.concatenate([rows[:, :0], *given], axis=1))

    @own_defaults()
    @torch.inference_mode()
    def _rest(self) -> Samples:
        nothing = np.zeros((self._channels, 0), np.float32)
        if self._finished:
            return nothing
        self._finished = True
        given = self._through(nothing, last=True) if self._taken else nothing
        missing = self._taken - self._given - given.shape[-1]
        return self._counted(np.pad(given, ((0, 0), (0, max(0, missing)))))

    def _as_it_came(self, rows: Samples) -> Any:
        """Give rows the kind of the latest chunk."""
        return as_given(rows if self._kind.ndim > 1 else rows[0], self._kind)

    def _through(self, wave: Samples, *, last: bool) -> Samples:
        at_model = self._to_model.push(wave, last=last)
        enhanced = self._engine.push(torch.tensor(at_model, device=self._device))
        if last:
            enhanced = torch.cat([enhanced, self._engine.finish()], -1)
        return self._back.push(enhanced.cpu().numpy(), last=last)

    def _counted(self, given: Samples) -> Samples:
        """Count what is given; never give more than came."""
        given = given[:, : self._taken - self._given]
        self._given += given.shape[-1]
        return given


@cache
def _filter_seconds(rate: int, target_rate: int) -> float:
    """Return how much sound resampling holds back at most, by trying it.

    How much it has given depends on how much has come, and on nothing else.
    """
    resampling = Resampling(rate, target_rate, 1)
    chunk = np.zeros((1, max(1, rate // 1000)), np.float32)
    taken = given = behind = 0.0
    while taken < TRIED_SECONDS:
        taken += chunk.shape[-1] / rate
        behind = max(behind, taken - given)  # as if all of the chunk came before any is given
        given += resampling.push(chunk).shape[-1] / target_rate
    return behind
