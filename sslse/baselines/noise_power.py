"""Follow the power of the noise in a noisy wave."""

import numpy as np

from sslse.baselines.stft import Powers

SPEECH_SNR = 10 ** (15 / 10)  # a priori SNR of speech where there is any
NOISE_KEPT = 0.8
PROBABILITY_KEPT = 0.9
MOST_PROBABLE = 0.99
QUIET_SHARE = 0.1
LEAST_SHARE = 1e-12  # of the wave's mean power: stands for the noise where there is none


def noise_power(powers: Powers) -> Powers:
    """Estimate the power of the noise, window by window, from that of speech and noise.

    The estimator of Gerkmann and Hendriks (2012, doi:10.1109/TASL.2011.2180896): where speech is
    probable the estimate stays, where not it follows the power,
    ``N <- 0.8 N + 0.2 (p N + (1 - p) Y)`` with the probability of speech
    ``p = 1 / (1 + (1 + x) exp(-Y / N * x / (1 + x)))``, ``x`` = 15 dB. A probability that stays
    high is held at 0.99, so that the estimate cannot get stuck.

    Their beginning, the mean of windows known to be without speech, does not exist in a crop; here
    it is the power that a tenth of the windows stay below, divided by the tenth's place in the
    exponential distribution that the power of noise has.

    Args:
        powers: (windows, frequencies).

    Returns:
        Powers above 0, of the same shape.
    """
    least = powers.mean() * LEAST_SHARE + np.finfo(np.float64).tiny
    noise = np.quantile(powers, QUIET_SHARE, axis=0) / -np.log1p(-QUIET_SHARE)
    noise = np.maximum(noise, least)
    lasting = np.full_like(noise, 0.5)
    found = np.empty_like(powers)
    for number, power in enumerate(powers):
        exponent = np.minimum(power / noise, 1e3) * SPEECH_SNR / (1 + SPEECH_SNR)
        speech = 1 / (1 + (1 + SPEECH_SNR) * np.exp(-exponent))
        lasting = PROBABILITY_KEPT * lasting + (1 - PROBABILITY_KEPT) * speech
        stuck = lasting > MOST_PROBABLE
        speech = np.where(stuck, np.minimum(speech, MOST_PROBABLE), speech)
        seen = speech * noise + (1 - speech) * power
        noise = np.maximum(NOISE_KEPT * noise + (1 - NOISE_KEPT) * seen, least)
        found[number] = noise
    return found
