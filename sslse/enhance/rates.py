"""Change the sample rate of a wave that comes in pieces."""

from numbers import Integral

import numpy as np
import soxr

from sslse.api import Samples
from sslse.errors import DataError

QUALITY = "HQ"  # errors at -120 dB; "VHQ" holds back half as much sound again


class Resampling:
    """Resample by soxr; two waves of the same samples give the same, however they are cut.

    Args:
        rate: of what comes, in Hz.
        target_rate: of what is given, in Hz.
        channels: their number.

    Raises:
        DataError: a rate or a number of channels that there cannot be.
    """

    def __init__(self, rate: int, target_rate: int, channels: int) -> None:
        for name, value in (("sample_rate", rate), ("channels", channels)):
            if not isinstance(value, Integral) or value < 1:
                unit = " of Hz" if name == "sample_rate" else ""
                raise DataError(f"{name}: takes a whole number{unit} above 0, not {value!r}")
        self._channels = channels
        self._stream = None
        if rate != target_rate:
            self._stream = soxr.ResampleStream(
                rate, target_rate, channels, dtype="float32", quality=QUALITY
            )

    def push(self, wave: Samples, *, last: bool = False) -> Samples:
        """Take the next samples (channels, samples); give those that are ready.

        Args:
            wave: at the first rate.
            last: nothing comes after it, so that all is given.
        """
        if self._stream is None:
            return wave
        columns = np.ascontiguousarray(wave.T, dtype=np.float32)
        resampled: Samples = self._stream.resample_chunk(columns, last=last)
        return resampled.reshape(-1, self._channels).T
