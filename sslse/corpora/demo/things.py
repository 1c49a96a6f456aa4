"""Sounds of machines, vehicles, signals, instruments and things."""

import numpy as np

from sslse.corpora.demo.synthesis import (
    Scene,
    Signal,
    lay,
    mix,
    resonate,
    ringing,
    tone,
    unit_rms,
)


def machine(scene: Scene) -> Signal:
    """A press in a factory hall: strokes on metal, puffs of air, a motor and its gears."""
    stroke_hz = scene.pick(1.6, 4.5)
    strokes = scene.times(stroke_hz, 0.02)
    body_hz = scene.pick(90, 350) * np.array((1, 2.32, 4.25, 6.63, 9.38, 14.2))
    clang = ringing(scene.sample_rate, body_hz, 1 / np.arange(1, 7), 0.09 / np.arange(1, 7) ** 0.5)
    clang = lay(clang, 1.5 * scene.burst(200, 3000, 0.02))
    air = scene.burst(2500, 7000, 0.25 / stroke_hz, 0.02)
    stamping = scene.place(strokes, [clang] * strokes.size)
    hissing = scene.place(strokes + 0.45 / stroke_hz, [air] * strokes.size)
    motor_hz = scene.pick(60, 160) * scene.curve(3, 0.99, 1.01)
    motor = tone(motor_hz, scene.sample_rate, scene.rng.uniform(0.1, 1.0, 14))
    gears = scene.noise(400, 3500, -2) * (1 + 0.8 * tone(motor_hz / 4, scene.sample_rate, (1.0,)))
    mixed = mix((0, stamping), (-8, hissing), (-9, motor), (-10, gears))
    return scene.reverberate(mixed, scene.pick(0.5, 1.5), 0.5)


def drill(scene: Scene) -> Signal:
    """A power drill that meets the wall: whining motor, rattling chuck, brushes."""
    pressed = np.clip(scene.curve(1.5, -1.0, 2.0), 0, 1)
    speed_hz = scene.pick(170, 420) * (1 - 0.25 * pressed) * scene.curve(12, 0.985, 1.015)
    partials = scene.rng.uniform(0.2, 1.0, 30) * np.arange(1, 31) ** -0.5
    whine = tone(speed_hz, scene.sample_rate, partials)
    rattle_cycle = np.cumsum(speed_hz / scene.pick(6, 12)) / scene.sample_rate % 1.0
    hammer = np.exp(-5 * rattle_cycle) * (0.1 + pressed)
    grit = hammer * scene.noise(400, 6000, -2)
    grit += resonate(grit, scene.sample_rate, scene.rng.uniform(500, 4000, 4), 12)
    brushes = scene.noise(3000, 7500) * (1 + 0.5 * tone(speed_hz, scene.sample_rate, (1.0,)))
    return mix((0, whine), (scene.pick(1, 9) - 6, grit), (-15, brushes))


def engine(scene: Scene) -> Signal:
    """A four-cylinder engine, idling and revved: uneven firing through an exhaust."""
    throttle = scene.curve(scene.pick(0.5, 1.5), -0.3, 0.9)
    turn_hz = scene.pick(11, 30) * 2 ** (throttle + scene.curve(8, -0.03, 0.03))
    firing = np.cumsum(2 * turn_hz) / scene.sample_rate
    cylinder = scene.rng.uniform(0.6, 1.0, 4)[firing.astype(np.int64) % 4]
    blow = cylinder * np.exp(-8 * (firing % 1.0))
    exhaust_hz = scene.pick(70, 160) * np.array((1.0, 2.6, 5.1, 9.7))
    boom = resonate(blow - blow.mean(), scene.sample_rate, exhaust_hz, 3)
    boom *= 1 + throttle / 2
    valves = (blow + 0.1) * scene.noise(800, 5000, -3)
    belt = tone(turn_hz * 23.0, scene.sample_rate, (1.0, 0.6, 0.4))
    return mix((0, boom), (-scene.pick(9, 18), valves), (-24, belt))


def hum(scene: Scene) -> Signal:
    """Appliances: a mains transformer, a fan's blades and the air they move."""
    mains_hz = scene.pick(47, 63) * np.ones(scene.count)
    buzz = tone(mains_hz, scene.sample_rate, scene.rng.uniform(0, 1, 24) / np.arange(1, 25) ** 0.8)
    beat = tone(2.004 * mains_hz - 0.7, scene.sample_rate, (1.0, 0.5, 0.2, 0.2))
    blade_hz = scene.pick(130, 600) * scene.curve(1.5, 0.995, 1.005)
    fan = tone(blade_hz, scene.sample_rate, (1.0, 0.5, 0.3, 0.25, 0.1, 0.1))
    air = scene.noise(120, scene.pick(500, 4000), -3) * scene.curve(6, 0.8, 1.0)
    return mix((0, buzz), (-4, beat), (scene.pick(1, 8) - 10, fan), (-scene.pick(3, 15), air))


def traffic(scene: Scene) -> Signal:
    """A street: a distant rumble, cars that pass (tyres and motor), a horn."""
    time = scene.time()
    parts = 0.15 * scene.noise(40, 350, -4) * scene.curve(2, 0.6, 1.0)
    road_hz = scene.pick(700, 1500)
    for passing in scene.times(scene.pick(0.5, 1.4), 0.4):
        width = scene.pick(0.25, 0.8)
        away = (time - passing) / width
        near = scene.rng.uniform(0.5, 1.0) / (1 + away**2)
        tyres = scene.noise(200, road_hz, -2) + near**2 * scene.noise(road_hz, 4 * road_hz)
        motor_hz = scene.rng.uniform(55, 120) * (1 - 0.05 * np.tanh(away))
        motor = tone(motor_hz, scene.sample_rate, scene.rng.uniform(0.2, 1, 12))
        parts += near * (0.5 * tyres + 0.4 * unit_rms(motor))
    blow = (np.abs(time - scene.rng.uniform(0.6, 3.4)) < scene.pick(0.12, 0.45)).astype(np.float64)
    horn_hz = scene.pick(330, 480) * np.ones(scene.count)
    reed = 1 / np.arange(1, 16) ** 0.5
    horn = tone(horn_hz, scene.sample_rate, reed) + tone(1.26 * horn_hz, scene.sample_rate, reed)
    return scene.reverberate(parts + scene.pick(0.01, 0.15) * blow * horn, 0.9, 0.25)


def train(scene: Scene) -> Signal:
    """Inside a train: rumble, pairs of wheels over rail joints, squealing flanges."""
    speed_hz = scene.pick(0.9, 2.4)
    joints = scene.times(speed_hz, 0.03)
    rail_hz = scene.pick(70, 160) * np.array((1, 2.1, 3.4, 5.6, 11.0))
    decays = (0.05, 0.04, 0.03, 0.02, 0.01)
    thud = ringing(scene.sample_rate, rail_hz, (1, 0.8, 0.5, 0.4, 0.2), decays)
    thud = lay(thud, scene.burst(600, 3000, 0.012))
    axles = np.concatenate([joints, joints + 0.22 / speed_hz])
    clacks = scene.place(axles, [scene.rng.uniform(0.6, 1.0) * thud for _ in axles])
    rumble = scene.noise(35, 300, -5) * scene.curve(5, 0.6, 1.0)
    rolling = scene.noise(300, scene.pick(900, 2500), -3) * scene.curve(1.5, 0.4, 1.0)
    squeal_hz = scene.pick(1800, 3600) * scene.curve(6, 0.98, 1.02)
    squeal = tone(squeal_hz, scene.sample_rate, (1.0, 0.4, 0.2)) * scene.curve(40, 0.3, 1.0)
    squeal *= np.maximum(scene.curve(1.2, -1.0, 1.0), 0)
    mixed = mix((0, rumble), (0, clacks), (-7, rolling), (-scene.pick(14, 30), squeal))
    return scene.reverberate(mixed, 0.5, 0.3)


def siren(scene: Scene) -> Signal:
    """An emergency vehicle's siren, from slow wail to fast yelp, in a street."""
    sweep = np.sin(2 * np.pi * (scene.pick(0.25, 3.5) * scene.time() + scene.rng.uniform()))
    # Between a sine (wail) and almost a square wave (two tones).
    hardness = scene.pick(0.5, 6.0)
    sweep = np.tanh(hardness * sweep) / np.tanh(hardness)
    low_hz, width_octaves = scene.pick(450, 800), scene.pick(0.4, 1.4)
    frequency_hz = low_hz * 2 ** (width_octaves * (sweep + 1) / 2)
    partials = scene.rng.uniform(0.1, 0.6, 10)
    partials[0] = 1.0
    horn = tone(frequency_hz, scene.sample_rate, partials) * scene.curve(0.7, 0.4, 1.0)
    street = scene.noise(50, 700, -4) * scene.curve(2, 0.5, 1.0)
    echoing = scene.reverberate(horn, scene.pick(0.6, 1.6), 0.3)
    return mix((0, echoing), (-scene.pick(10, 20), street))


def alarm(scene: Scene) -> Signal:
    """An electronic beeper: gated square waves of two pitches."""
    beat = scene.time() / scene.pick(0.16, 0.6) + scene.rng.uniform()
    step = scene.pick(1.02, 1.6)
    pitch_hz = scene.pick(650, 2600) * np.where(beat % 2 < 1, 1.0, step)
    # Groups of beeps with a rest after them: three sound, the fourth is left out.
    share = scene.pick(0.35, 0.75)
    sounding = (beat % 1 < share) & (beat % 4 < scene.pick(2.5, 5.0))
    edge = np.hanning(round(0.006 * scene.sample_rate) + 2)
    gate = np.convolve(sounding, edge / edge.sum(), mode="same")
    square = [1.0, 0.1, 0.4, 0.1, 0.25, 0.05, 0.15, 0.05, 0.1]
    beeps = gate * tone(pitch_hz, scene.sample_rate, square)
    return scene.reverberate(beeps, scene.pick(0.25, 1.0), scene.pick(0.05, 0.3))


def bell(scene: Scene) -> Signal:
    """Bells rung in turn: the partials of a church bell, from great to hand-held."""
    ratios = np.array((0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 2.66, 3.01, 4.17, 5.43, 6.8))
    strengths = np.array((0.5, 0.7, 0.8, 0.4, 1.0, 0.4, 0.4, 0.5, 0.35, 0.25, 0.15))
    strike_hz = scene.pick(220, 1000)
    length = scene.pick(0.25, 1.1)
    bells = []
    for interval in (0, 2, 4, 7):
        modes_hz = strike_hz * 2 ** (interval / 12) * ratios * scene.rng.uniform(0.997, 1.003, 11)
        sound = ringing(scene.sample_rate, modes_hz, strengths, length * ratios**-0.8)
        bells.append(lay(sound, scene.burst(1500, 6000, 0.006)))
    times = scene.times(scene.pick(1.0, 4.0), 0.1)
    rung = [scene.rng.uniform(0.5, 1.0) * bells[scene.rng.integers(4)] for _ in times]
    return scene.reverberate(scene.place(times, rung), 1.2, 0.15)


def music(scene: Scene) -> Signal:
    """A small band: bass, chords, a tune and a drum; plucked or sustained."""
    beat_seconds, sustain_seconds = 60 / scene.pick(85, 160), scene.pick(0.12, 0.7)
    key_hz, tilt = scene.pick(98, 185), scene.pick(0.8, 2.0)
    scale = np.array((0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19, 21, 23, 24))
    times: list[float] = []
    notes: list[Signal] = []

    def play(beat: float, degree: int, octave: int, beats: float, gain: float) -> None:
        hold = round(beats * beat_seconds * scene.sample_rate)
        frequency_hz = np.full(hold, key_hz * 2 ** (octave + scale[degree] / 12))
        note = tone(frequency_hz, scene.sample_rate, [gain * n**-tilt for n in range(1, 13)])
        time = np.arange(hold) / scene.sample_rate
        closing = np.minimum(1, (time[-1] - time) / 0.03)
        notes.append(note * np.minimum(1, time / 0.008) * np.exp(-time / sustain_seconds) * closing)
        times.append(beat * beat_seconds)

    for beat in range(int(scene.seconds / beat_seconds) + 1):
        if beat % 2 == 0:
            root = int(scene.rng.choice((0, 3, 4, 5)))
            play(beat, root, -1, 2, 1.0)
            for third in (0, 2, 4):
                play(beat, root + third, 0, 2, 0.4)
        for half in (0.0, 0.5):
            play(beat + half, root + int(scene.rng.choice((0, 2, 4, 5, 6))), 1, 0.5, 0.6)
            notes.append((0.3 + half) * scene.burst(2500, 7000, 0.015))
            times.append((beat + half) * beat_seconds)
    return scene.reverberate(scene.place(times, notes), 0.8, 0.15)


def keyboard(scene: Scene) -> Signal:
    """Typing: every key knocks twice, down and up, on a desk that booms."""
    clack_hz = scene.pick(1100, 3200)
    desk_hz = scene.pick(110, 320)
    desk = ringing(scene.sample_rate, (desk_hz, 2.7 * desk_hz), (1.0, 0.5), (0.02, 0.012))
    desk *= scene.pick(0.15, 0.7)
    strokes: list[Signal] = []
    times = scene.times(scene.pick(4.5, 10), 0.55)
    for _ in times:
        key_hz = clack_hz * scene.rng.uniform(0.8, 1.25)
        knock = 2 * scene.burst(0.7 * key_hz, 2.2 * key_hz, scene.rng.uniform(0.004, 0.009))
        strokes.append(scene.rng.uniform(0.4, 1.0) * lay(desk, knock))
    releases = times + scene.rng.uniform(0.05, 0.12, times.size)
    typed = scene.place(times, strokes) + 0.35 * scene.place(releases, strokes[::-1])
    typed = scene.reverberate(typed, 0.3, 0.2)
    fan = scene.noise(80, 900, -4)
    return mix((0, typed), (-scene.pick(16, 26), fan))


def clatter(scene: Scene) -> Signal:
    """Dishes and cutlery: bright ringing bodies that hit and bounce."""
    times: list[float] = []
    hits: list[Signal] = []
    register, length = scene.pick(0.6, 1.6), scene.pick(0.025, 0.12)
    dishes = []
    for _ in range(7):
        modes_hz = register * scene.rng.uniform(700, 2600) * np.array((1, 1.73, 2.55, 3.9, 5.3))
        decays = length * scene.rng.uniform(0.5, 1.5, 5) / np.array((1, 1.2, 1.5, 2, 3))
        dishes.append(ringing(scene.sample_rate, modes_hz, scene.rng.uniform(0.2, 1, 5), decays))
    for start in scene.times(scene.pick(3, 8), 0.9):
        dish = dishes[scene.rng.integers(len(dishes))]
        gap, gain, seconds = scene.rng.uniform(0.03, 0.14), scene.rng.uniform(0.3, 1.0), start
        for _ in range(scene.rng.integers(1, 6)):
            times.append(seconds)
            hits.append(gain * lay(dish, scene.burst(1000, 6500, 0.005)))
            seconds, gap, gain = seconds + gap, 0.7 * gap, 0.6 * gain
    return scene.reverberate(scene.place(times, hits), scene.pick(0.3, 0.8), 0.2)
