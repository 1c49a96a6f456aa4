"""Sounds of people, weather and animals."""

import numpy as np

from sslse.corpora.demo.synthesis import (
    Scene,
    Signal,
    lay,
    mix,
    moving_filter,
    resonate,
    ringing,
    tone,
)


def babble(scene: Scene) -> Signal:
    """Several people talking at once in a room."""
    talkers = round(scene.pick(5, 9))
    rate_hz = scene.pick(3.5, 5.5)
    voices = np.zeros(scene.count)
    for number in range(talkers):
        high = (number + scene.rng.integers(2)) % 2
        pitch_hz = scene.rng.uniform(165, 250) if high else scene.rng.uniform(85, 140)
        tract = scene.rng.uniform(1.08, 1.22) if high else scene.rng.uniform(0.93, 1.05)
        voice = scene.voice(pitch_hz, tract, rate_hz * scene.rng.uniform(0.85, 1.15), 0.25)
        voices += scene.rng.uniform(0.5, 1.0) * voice
    return scene.reverberate(voices, scene.pick(0.25, 0.7), 0.4)


def crowd(scene: Scene) -> Signal:
    """A cheering stadium: a roar that swells, shouts and whistles in it."""
    colour_hz = scene.pick(500, 1100)
    roar = resonate(
        scene.noise(150, 5000, -4), scene.sample_rate, (colour_hz, 2.1 * colour_hz, 2900), 2.5
    )
    roar *= scene.curve(1.2, 0.3, 1.0) * scene.curve(11, 0.7, 1.0)
    shouts = np.zeros(scene.count)
    for _ in range(5):
        shouts += scene.voice(scene.rng.uniform(230, 480), 1.1, scene.pick(1.2, 2.5), 0.3)
    whistle_hz = scene.pick(1700, 3000) * 2 ** scene.curve(4, -0.15, 0.15)
    whistle = tone(whistle_hz, scene.sample_rate, (1.0, 0.1))
    whistle *= np.maximum(scene.curve(1.5, -1.0, 1.0), 0)
    near = scene.pick(2.0, 9.0)
    mixed = mix((0, roar), (near - 5, shouts), (near - 20, whistle))
    return scene.reverberate(mixed, scene.pick(0.7, 1.8), 1.0)


def applause(scene: Scene) -> Signal:
    """Many people clapping, each with a rhythm and with hands of their own."""
    claps = np.zeros(scene.count)
    rate_hz = scene.pick(2.8, 5.0)
    brightness = scene.pick(0.7, 1.5)
    for _ in range(round(scene.pick(6, 40))):
        hollow_hz = brightness * scene.rng.uniform(700, 2200)
        clap = scene.burst(0.6 * hollow_hz, 1.7 * hollow_hz, scene.rng.uniform(0.004, 0.012))
        times = scene.times(rate_hz * scene.rng.uniform(0.8, 1.25), 0.12)
        level = scene.rng.uniform(0.15, 1.0) * scene.rng.uniform(0.6, 1.0, times.size)
        claps += scene.place(times, [gain * clap for gain in level])
    return scene.reverberate(claps, scene.pick(0.4, 1.4), 0.8)


def cough(scene: Scene) -> Signal:
    """Fits of coughing: a burst of breath, a throat's resonances, some voice at the end."""
    times = scene.times(scene.pick(1.8, 3.2), 0.35)
    length = scene.pick(0.035, 0.08)
    breath, throat = [], []
    for _ in times:
        gain = scene.rng.uniform(0.4, 1.0)
        breath.append(gain * scene.burst(300, 5000, length, 0.004))
        fold_hz = np.linspace(1.0, 0.6, round(5 * length * scene.sample_rate))
        fold_hz *= scene.rng.uniform(180, 320)
        voiced = tone(fold_hz, scene.sample_rate, [number**-0.7 for number in range(1, 30)])
        throat.append(gain * voiced * np.hanning(voiced.size) ** 2)
    rough = scene.place(times + 0.04, throat) * scene.curve(60, 0.1, 1.0)
    source = scene.place(times, breath) + 0.1 * scene.pick(0.3, 2.0) * rough
    tract = scene.pick(0.85, 1.3)
    coughs = resonate(source, scene.sample_rate, (620 * tract, 1500 * tract, 2700 * tract), 4)
    return scene.reverberate(coughs + 0.1 * source, 0.4, 0.15)


def water(scene: Scene) -> Signal:
    """A brook: many ringing bubbles, each rising in pitch, over turbulent hiss."""
    times = scene.times(scene.pick(40, 160), 1.0)
    pitch_hz = scene.pick(450, 1300)
    bubbles = []
    for _ in times:
        bubble_hz = pitch_hz * 2 ** scene.rng.normal(0.0, 0.7)
        # Small bubbles ring higher and die sooner.
        decay_seconds = scene.rng.uniform(4, 12) / bubble_hz
        time = np.arange(round(6 * decay_seconds * scene.sample_rate)) / scene.sample_rate
        phase = bubble_hz * time * (1 + scene.rng.uniform(0, 0.15) * time / decay_seconds)
        loud = scene.rng.exponential() * np.exp(-time / decay_seconds)
        bubbles.append(loud * np.sin(2 * np.pi * phase))
    # What splashes hisses: the louder the bubbles around, the louder the hiss.
    ringing_bubbles = scene.place(times, bubbles)
    puff = np.hanning(round(0.08 * scene.sample_rate))
    splash = np.convolve(np.abs(ringing_bubbles)[::16], puff[::16], mode="same")
    hiss = scene.noise(500, 6000, -3) * np.repeat(splash, 16)[: scene.count]
    return mix((0, ringing_bubbles), (-scene.pick(5, 15), hiss))


def rain(scene: Scene) -> Signal:
    """Rain on a roof: a wash of far drops, single near ones, water in the gutter."""
    surface_hz = scene.pick(700, 2500)
    wash = scene.noise(400, 6500, scene.pick(1, 5) - 6) * scene.curve(1.5, 0.5, 1.0)
    drops = np.zeros(scene.count)
    for _ in range(8):
        body_hz = surface_hz * scene.rng.uniform(0.6, 3.0, 3)
        decays = scene.rng.uniform(0.001, 0.008, 3)
        drop = ringing(scene.sample_rate, body_hz, (1.0, 0.7, 0.5), decays)
        splash = scene.burst(1500, 7000, 0.002)
        drop = lay(drop, splash)
        times = scene.times(scene.pick(3, 40), 1.0)
        drops += scene.place(times, [gain * drop for gain in scene.rng.exponential(1, times.size)])
    gutter = resonate(scene.noise(100, 900), scene.sample_rate, (260, 430), 6)
    return mix((0, wash), (scene.pick(1, 10) - 3, drops), (-14, gutter * scene.curve(9, 0.2, 1.0)))


def wind(scene: Scene) -> Signal:
    """Gusts: low buffeting, and a howl whose pitch follows the strength of the wind."""
    gust = scene.curve(scene.pick(0.6, 1.8), 0.15, 1.0)
    howl_hz, width_hz = scene.pick(280, 900), scene.pick(40, 140)
    time = scene.time()

    def howl_gain(seconds: Signal, frequency_hz: Signal) -> Signal:
        strength = np.interp(seconds, time, gust)
        centre_hz = howl_hz * (0.6 + 0.7 * strength)
        first = 1 / (1 + ((frequency_hz - centre_hz) / width_hz) ** 2)
        second = 0.3 / (1 + ((frequency_hz - 2.3 * centre_hz) / (2 * width_hz)) ** 2)
        return np.asarray(strength**1.5 * (first + second))

    howl = moving_filter(scene.noise(80, 6000, -1), scene.sample_rate, howl_gain)
    buffets = scene.noise(25, 160, -4) * gust**2 * scene.curve(9, 0.1, 1.0)
    leaves = scene.noise(1500, 6000) * gust**3 * scene.curve(14, 0.3, 1.0)
    return mix((0, buffets), (scene.pick(1, 9) - 7, howl), (-scene.pick(14, 26), leaves))


def birds(scene: Scene) -> Signal:
    """A few birds, each repeating a song of its own: sliding whistles and trills."""
    songs = np.zeros(scene.count)
    register = scene.pick(0.7, 1.25)
    for _ in range(round(scene.pick(2, 5))):
        chirps = []
        for _ in range(scene.rng.integers(2, 6)):
            seconds = scene.rng.uniform(0.04, 0.2)
            time = np.arange(round(seconds * scene.sample_rate)) / scene.sample_rate
            shape = np.linspace(0, 1, time.size) ** scene.rng.uniform(0.5, 2)
            slide = scene.rng.uniform(-0.6, 0.6) * shape
            trill = 0.08 * np.sin(2 * np.pi * scene.rng.uniform(15, 60) * time)
            pitch_hz = register * scene.rng.uniform(2300, 4800) * 2 ** (slide + trill)
            chirp = tone(pitch_hz, scene.sample_rate, (1.0, 0.08)) * np.hanning(time.size) ** 0.6
            chirps += [scene.rng.uniform(0.4, 1.0) * chirp, np.zeros(time.size // 3)]
        song = scene.rng.uniform(0.3, 1.0) * np.concatenate(chirps)
        times = scene.times(scene.pick(0.8, 1.8), 0.4)
        songs += scene.place(times, [song] * times.size)
    forest = scene.noise(200, 5000, -4) * scene.curve(2, 0.6, 1.0)
    return mix((0, scene.reverberate(songs, 0.9, 0.15)), (-scene.pick(14, 24), forest))
