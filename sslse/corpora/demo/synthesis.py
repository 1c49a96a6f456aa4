"""Building blocks of synthetic everyday sounds.

A :class:`Scene` holds what one recording needs (length, sample rate, random numbers) and makes
its raw material: coloured noise, slowly wandering curves, event times, reverberation, talkers.
The functions are the parts without chance: tones, ringing bodies, resonances, moving filters.
Frequencies are in hertz, times in seconds, signals are one-dimensional float64 arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float64]
Numbers = Sequence[float] | npt.NDArray[np.floating[Any]]

# Partials fade out towards this share of the sample rate, to keep clear of aliasing.
_HIGHEST_SHARE = 0.48
_FADE_SHARE = 0.03
# The glottis opens, then closes, in these shares of a cycle; the rest of the cycle it is shut.
_OPENING_SHARE = 0.45
_CLOSING_SHARE = 0.17
# First three formants (Hz) of /i e a o u ə æ/ for an adult male vocal tract.
_VOWELS_HZ = np.array(
    [
        (290, 2250, 2950),
        (430, 2000, 2600),
        (740, 1250, 2500),
        (500, 900, 2450),
        (320, 800, 2300),
        (500, 1450, 2450),
        (660, 1700, 2450),
    ],
    dtype=np.float64,
)
_FORMANT_BANDWIDTHS_HZ = np.array((80.0, 110.0, 160.0, 250.0))
_FORMANT_GAINS = np.array((1.0, 0.8, 0.6, 0.5))
# Share of syllables that begin with a fricative.
_HISSING_SHARE = 0.4


def unit_rms(signal: Signal) -> Signal:
    """Scales a signal to root mean square 1 (a silent one stays silent)."""
    scaled: Signal = signal / max(float(np.sqrt(np.mean(signal**2))), 1e-12)
    return scaled


def mix(*parts: tuple[float, Signal]) -> Signal:
    """Adds signals of one length at levels in dB: the root mean square each gets in the sum."""
    total = np.zeros_like(parts[0][1])
    for level_db, part in parts:
        total += 10 ** (level_db / 20) * unit_rms(part)
    return total


def lay(first: Signal, second: Signal) -> Signal:
    """Adds two sounds that start together; the result is as long as the longer."""
    longer, shorter = (first, second) if first.size >= second.size else (second, first)
    total = longer.copy()
    total[: shorter.size] += shorter
    return total


def convolve(signal: Signal, response: Signal) -> Signal:
    """Convolves by FFT and keeps the signal's length (the tail beyond its end is cut)."""
    size = 1 << (signal.size + response.size - 2).bit_length()
    spectrum = np.fft.rfft(signal, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: signal.size]


def resonate(signal: Signal, sample_rate: int, centres_hz: Numbers, quality: float) -> Signal:
    """Passes a signal through parallel second-order resonances of one quality factor."""
    size = 1 << signal.size.bit_length()
    frequency_hz = np.maximum(np.fft.rfftfreq(size, 1 / sample_rate), 1e-3)
    response = np.zeros(frequency_hz.size, dtype=np.complex128)
    for centre_hz in centres_hz:
        detuning = frequency_hz / centre_hz - centre_hz / frequency_hz
        response += 1 / (1 + 1j * quality * detuning)
    return np.fft.irfft(np.fft.rfft(signal, size) * response, size)[: signal.size]


def moving_filter(
    signal: Signal, sample_rate: int, gain_at: Callable[[Signal, Signal], Signal]
) -> Signal:
    """Filters with a magnitude response that changes from frame to frame (32 ms frames).

    Args:
        signal: What to filter.
        sample_rate: In Hz.
        gain_at: Gives the gains, shape (frames, bins), for frame centres in seconds, shape
            (frames, 1), and frequencies in Hz, shape (1, bins).

    Returns:
        The filtered signal, as long as the input.
    """
    hop = max(1, round(0.008 * sample_rate))
    size = 4 * hop
    window = np.hanning(size + 1)[:-1]
    padded = np.pad(signal, (size, size + hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * window
    first_sample = np.arange(len(frames), dtype=np.float64)[:, None] * hop
    centre_seconds = (first_sample - size / 2) / sample_rate
    gains = gain_at(
        centre_seconds, np.asarray(np.fft.rfftfreq(size, 1 / sample_rate), np.float64)[None, :]
    )
    frames = np.fft.irfft(np.fft.rfft(frames) * gains, size) * window
    result = np.zeros((len(frames) + 3, hop))
    for quarter in range(4):
        result[quarter : quarter + len(frames)] += frames[:, quarter * hop : (quarter + 1) * hop]
    # Hann squared at a quarter hop adds up to 1.5.
    return result.ravel()[size : size + signal.size] / 1.5


def tone(frequency_hz: Signal, sample_rate: int, amplitudes: Numbers) -> Signal:
    """A harmonic tone that follows a frequency curve.

    Args:
        frequency_hz: The fundamental at every sample.
        sample_rate: In Hz.
        amplitudes: Of the harmonics 1, 2, 3, ...; those beyond the audible band are left out.
    """
    fundamental = np.exp(2j * np.pi * np.cumsum(frequency_hz) / sample_rate)
    harmonic = np.ones_like(fundamental)
    result = np.zeros(frequency_hz.size)
    for number, amplitude in enumerate(amplitudes, start=1):
        harmonic *= fundamental
        room_hz = _HIGHEST_SHARE * sample_rate - number * frequency_hz
        if room_hz.max() <= 0:
            break
        audible = np.clip(room_hz / (_FADE_SHARE * sample_rate), 0.0, 1.0)
        result += amplitude * audible * harmonic.imag
    return result


def ringing(
    sample_rate: int, modes_hz: Numbers, amplitudes: Numbers, decays_seconds: Numbers
) -> Signal:
    """A struck body: a sum of decaying sines (decay: time to fall to 1/e), 4 s at most."""
    longest = min(4.0, 7 * max(decays_seconds))
    time = np.arange(round(longest * sample_rate) + 1) / sample_rate
    result = np.zeros(time.size)
    for mode_hz, amplitude, decay in zip(modes_hz, amplitudes, decays_seconds, strict=True):
        if mode_hz < _HIGHEST_SHARE * sample_rate:
            heard = time[: round(7 * decay * sample_rate) + 1]
            sine = np.sin(2 * np.pi * mode_hz * heard)
            result[: heard.size] += amplitude * np.exp(-heard / decay) * sine
    return result


def glottal_pulses(pitch_hz: Signal, sample_rate: int) -> Signal:
    """Derivative of Rosenberg's glottal flow: slow opening, quick closing, then closed."""
    cycle = (np.cumsum(pitch_hz) / sample_rate) % 1.0
    opening = np.sin(np.pi * cycle / _OPENING_SHARE) / _OPENING_SHARE
    since_open = (cycle - _OPENING_SHARE) / _CLOSING_SHARE
    closing = np.where(since_open < 1, -np.sin(np.pi / 2 * since_open) / _CLOSING_SHARE, 0.0)
    return np.where(cycle < _OPENING_SHARE, opening, closing)


class Scene:
    """One recording in the making: its length, its sample rate and its random numbers.

    Attributes:
        sample_rate: In Hz.
        seconds: Length of the recording.
        count: Length in samples.
        rng: The recording's own random numbers.
    """

    def __init__(
        self, seed: tuple[int, int, int], takes: int, seconds: float, sample_rate: int
    ) -> None:
        """Opens the scene of one take.

        Args:
            seed: Number of the kind, number of the take (from 1), a constant.
            takes: How many takes the kind has.
            seconds: Length.
            sample_rate: In Hz.
        """
        kind, self._take, constant = seed
        self._takes = takes
        self.sample_rate = sample_rate
        self.seconds = seconds
        self.count = round(seconds * sample_rate)
        self.rng = np.random.default_rng(seed)
        # All takes of a kind draw the same numbers from this one: it deals them their shares.
        self._dealer = np.random.default_rng((kind, constant))

    def pick(self, low: float, high: float) -> float:
        """A physical parameter, on a logarithmic scale; every take gets a range of its own."""
        share = int(self._dealer.permutation(self._takes)[self._take - 1])
        position = (share + self.rng.uniform(0.15, 0.85)) / self._takes
        return float(low * (high / low) ** position)

    def time(self) -> Signal:
        """The time of every sample, in seconds."""
        return np.arange(self.count) / self.sample_rate

    def noise(
        self, low_hz: float, high_hz: float, tilt_db: float = 0.0, seconds: float | None = None
    ) -> Signal:
        """Gaussian noise of unit root mean square between two soft band edges.

        Args:
            low_hz: Lower edge (12 dB per octave below it).
            high_hz: Upper edge (12 dB per octave above it).
            tilt_db: Slope of the spectrum within the band, in dB per octave.
            seconds: Length; the whole recording unless told.
        """
        count = self.count if seconds is None else max(8, round(seconds * self.sample_rate))
        frequency_hz = np.maximum(np.fft.rfftfreq(count, 1 / self.sample_rate), 1.0)
        gain = (frequency_hz / 1000) ** (tilt_db / 6.02)
        gain /= np.sqrt((1 + (low_hz / frequency_hz) ** 4) * (1 + (frequency_hz / high_hz) ** 4))
        real, imaginary = self.rng.standard_normal((2, frequency_hz.size))
        return unit_rms(np.fft.irfft((real + 1j * imaginary) * gain, count))

    def burst(
        self, low_hz: float, high_hz: float, decay_seconds: float, rise_seconds: float = 0.001
    ) -> Signal:
        """A puff of noise that rises and decays exponentially, with peak near 1."""
        puff = self.noise(low_hz, high_hz, seconds=7 * (decay_seconds + rise_seconds))
        time = np.arange(puff.size) / self.sample_rate
        envelope = (1 - np.exp(-time / rise_seconds)) * np.exp(-time / decay_seconds) / 3
        return np.asarray(puff * envelope)

    def curve(self, rate_hz: float, low: float, high: float) -> Signal:
        """A smooth random walk between two values, with `rate_hz` turning points a second."""
        knots = self.rng.uniform(low, high, int(self.seconds * rate_hz) + 3)
        position = self.time() * rate_hz + self.rng.uniform()
        index = position.astype(np.int64)
        rest = position - index
        walk: Signal = knots[index] + np.diff(knots)[index] * rest**2 * (3 - 2 * rest)
        return walk

    def times(self, rate_hz: float, irregularity: float) -> Signal:
        """Times of events in seconds; irregularity 0.02 is a clock, 1 is pure chance."""
        shape = irregularity**-2
        gaps = self.rng.gamma(shape, 1 / (shape * rate_hz), int(2 * self.seconds * rate_hz) + 12)
        times = np.cumsum(gaps) - gaps[0] * self.rng.uniform()
        within: Signal = times[times < self.seconds]
        return within

    def place(self, times: Iterable[float], sounds: Iterable[Signal]) -> Signal:
        """Adds each sound to an empty recording at its time; what runs past the end is cut."""
        result = np.zeros(self.count)
        for seconds, sound in zip(times, sounds, strict=True):
            start = int(seconds * self.sample_rate)
            if 0 <= start < self.count:
                part = sound[: self.count - start]
                result[start : start + part.size] += part
        return result

    def reverberate(self, signal: Signal, decay_seconds: float, wet: float) -> Signal:
        """Adds a diffuse tail of noise that falls by 60 dB in `decay_seconds`.

        Args:
            signal: The dry sound.
            decay_seconds: Reverberation time.
            wet: Energy of the tail as a share of that of the direct sound.
        """
        tail = self.noise(150, 3500, seconds=decay_seconds)
        tail *= 10 ** (-3 * np.arange(tail.size) / tail.size)
        tail *= np.sqrt(wet / np.sum(tail**2))
        tail[0] += 1.0
        return convolve(signal, tail)

    def voice(self, pitch_hz: float, tract: float, rate_hz: float, pauses: float) -> Signal:
        """A talker: glottal pulses and hiss through formants that move from vowel to vowel.

        Args:
            pitch_hz: Mean fundamental frequency.
            tract: Formant frequencies relative to an adult male's.
            rate_hz: Syllables a second.
            pauses: Probability that a word is left out (one word: two syllables).
        """
        centre = np.concatenate([[0.0], self.times(rate_hz, 0.3), [self.seconds]])
        count = centre.size
        spoken = np.repeat(self.rng.uniform(size=count // 2 + 1) >= pauses, 2)[:count]
        level = spoken * self.rng.uniform(0.4, 1.0, count)
        edge = (centre[1:] + centre[:-1]) / 2
        knots = np.sort(np.concatenate([centre, edge]))
        loudness = np.zeros(knots.size)
        loudness[::2] = level
        loudness[1::2] = self.rng.uniform(0.02, 0.5, edge.size) * np.minimum(level[1:], level[:-1])
        time = self.time()
        pitch = pitch_hz * 2 ** (self.curve(2.5, -0.3, 0.3) + self.curve(9, -0.02, 0.02))
        breath = 0.15 * self.rng.standard_normal(self.count)
        source = glottal_pulses(pitch, self.sample_rate) + breath
        source *= np.interp(time, knots, loudness)
        formants = np.column_stack(
            [_VOWELS_HZ[self.rng.integers(len(_VOWELS_HZ), size=count)], np.full(count, 3500.0)]
        )

        def gain_at(seconds: Signal, frequency_hz: Signal) -> Signal:
            gain = np.zeros((seconds.size, frequency_hz.size))
            for number in range(formants.shape[1]):
                track = tract * np.interp(seconds, centre, formants[:, number])
                offset = (frequency_hz - track) / _FORMANT_BANDWIDTHS_HZ[number]
                gain += _FORMANT_GAINS[number] / np.sqrt(1 + 4 * offset**2)
            # Lips radiate high frequencies better.
            return gain * (1 + frequency_hz / 1500)

        voiced = unit_rms(moving_filter(source, self.sample_rate, gain_at))
        hissing = edge[(self.rng.uniform(size=edge.size) < _HISSING_SHARE) & (level[1:] > 0)]
        puffs = [
            self.rng.uniform(1, 4) * self.burst(self.rng.uniform(2500, 5000), 7500, 0.03, 0.02)
            for _ in hissing
        ]
        return voiced + self.place(hissing - 0.04, puffs)
