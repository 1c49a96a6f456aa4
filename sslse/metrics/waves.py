"""Waves as metrics take them: in double precision, and such that a score can mean something."""

import numpy as np
import numpy.typing as npt

Wave = npt.NDArray[np.float64]


def checked(
    clean: npt.ArrayLike, estimate: npt.ArrayLike, called: str = "estimate"
) -> tuple[Wave, Wave]:
    """Return both waves in double precision.

    Args:
        clean: (samples,).
        estimate: (samples,).
        called: what to call the second wave in a message.

    Raises:
        ValueError: they are no waves of one length, or one is empty, constant or not finite.
    """
    waves = np.asarray(clean, np.float64), np.asarray(estimate, np.float64)
    for name, wave in zip(("clean wave", called), waves, strict=True):
        if wave.ndim != 1:
            raise ValueError(f"the {name} must have one dimension, not {wave.ndim}")
        if not wave.size:
            raise ValueError(f"the {name} is empty")
        if not np.isfinite(wave).all():
            raise ValueError(f"the {name} is not finite")
        if wave.max() == wave.min():
            raise ValueError(f"the {name} is constant")
    if len(waves[0]) != len(waves[1]):
        lengths = f"{len(waves[0])} and {len(waves[1])}"
        raise ValueError(f"the clean wave and the {called} differ in length: {lengths} samples")
    return waves
