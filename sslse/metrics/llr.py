"""Log-likelihood ratio of linear predictors, a part of the composite measures."""

import numpy as np

from sslse.metrics.frames import least_share, loizou_frames
from sslse.metrics.waves import Wave

TELEPHONE = 10000  # Hz, below which a predictor has ten coefficients
_SINGULAR = 1e-12  # of the energy: what is left beside it is rounding


def llr(clean: Wave, estimate: Wave, sample_rate: int) -> float:
    """Return the log-likelihood ratio (Hu and Loizou 2008): 0 or more, lower is better.

    By how much the estimate's linear predictor predicts the clean frame worse than the frame's
    own, as a logarithm; mean over the least 95 % of the frames. The predictors have order 16,
    below 10 kHz order 10. Frames in which the clean wave is digital silence are left out.

    Raises:
        ValueError: there is no whole frame, or all are silent.
    """
    order = 10 if sample_rate < TELEPHONE else 16
    lags = autocorrelations(loizou_frames(clean, sample_rate), order)
    _, own_error = predictors(lags)
    theirs, _ = predictors(autocorrelations(loizou_frames(estimate, sample_rate), order))
    heard = lags[:, 0] > 0
    if not heard.any():
        raise ValueError("all whole frames of the clean wave are silent")
    place = np.arange(order + 1)
    matrices = lags[:, np.abs(place[:, None] - place)]
    error = np.einsum("fi,fij,fj->f", theirs, matrices, theirs)
    # The frame's own predictor is the best there is: what is below it is rounding.
    ratios = np.maximum(error[heard] / own_error[heard], 1.0)
    return least_share(np.log(ratios))


def autocorrelations(framed: Wave, order: int) -> Wave:
    """Return the autocorrelation of each frame at the lags 0 to ``order``."""
    samples = framed.shape[-1]
    lags = [
        np.einsum("fn,fn->f", framed[:, : samples - lag], framed[:, lag:])
        for lag in range(order + 1)
    ]
    return np.stack(lags, axis=-1)


def predictors(lags: Wave) -> tuple[Wave, Wave]:
    """Return the prediction-error filters (frames, order + 1) and their error energies.

    Levinson-Durbin; it stops where a frame is predicted perfectly. The filter of silence is 1.
    """
    filters = np.zeros_like(lags)
    filters[:, 0] = 1.0
    error = lags[:, 0].copy()
    for place in range(1, lags.shape[-1]):
        reach = np.einsum("fi,fi->f", filters[:, :place], lags[:, place:0:-1])
        goes_on = error > _SINGULAR * lags[:, 0]
        reflection = np.divide(-reach, error, out=np.zeros_like(error), where=goes_on)
        filters[:, 1 : place + 1] += reflection[:, None] * filters[:, place - 1 :: -1].copy()
        error *= 1 - reflection**2
    return filters, error
