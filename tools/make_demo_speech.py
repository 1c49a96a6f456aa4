"""Synthesise the embedded demo speech corpus with espeak-ng.

This is a development-time script: sslse itself never needs espeak-ng. Run it from the root of the
repository, only to regenerate the corpus:

    pip install espeakng-loader soundfile numpy && python tools/make_demo_speech.py

It writes ``<voice>_<nn>.flac`` (16 kHz, mono, 16-bit) for 24 voices times 5 sentences, and
``index.csv``, to ``sslse/corpora/demo/speech`` (or to the folder given with ``--out``). The same
version of espeak-ng gives the same samples on every run (the corpus was made with 1.52.0).
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import itertools
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import espeakng_loader
import numpy as np
import numpy.typing as npt
import soundfile as sf

Audio = npt.NDArray[np.float64]

RATE = 16000
MIN_SECONDS, MAX_SECONDS = 2.1, 4.0
RMS_DB = (-27.5, -20.5)
MAX_PEAK_DB = -1.5
NOISE_DB = -65.0
PAD_SECONDS = 0.05
MAX_TOTAL_BYTES = 5_500_000
OUT = Path(__file__).resolve().parent.parent / "sslse" / "corpora" / "demo" / "speech"
PROBE = "A short check that the voice has really changed."


class Voice(NamedTuple):
    """One synthetic talker: an espeak-ng accent and variant, prosody, and a microphone colour."""

    id: str
    split: str
    accent: str
    variant: str
    pitch: int  # espeak-ng base pitch, 0 to 100
    pitch_range: int  # espeak-ng pitch range, 0 to 100
    speed: int  # words per minute
    low_db: float  # gain of the low shelf (below 200 Hz)
    high_db: float  # gain of the high shelf (above 3 kHz)

    @property
    def espeak_name(self) -> str:
        """The name espeak-ng knows the voice by."""
        return f"{self.accent}+{self.variant}"

    @property
    def sex(self) -> str:
        """The value of the index column."""
        return {"f": "female", "m": "male"}[self.id[0]]


# No accent and no variant of the test voices is used by a training voice.
VOICES = (
    Voice("f01", "train", "en-us", "steph", 50, 60, 172, -4.0, 4.0),
    Voice("f02", "train", "en", "f2", 42, 60, 178, -2.0, 0.0),
    Voice("f03", "train", "en-029", "f3", 52, 50, 182, 1.0, -1.0),
    Voice("f04", "train", "en-us", "f4", 66, 60, 190, -1.0, 2.0),
    Voice("f05", "train", "en-gb-x-gbclan", "f5", 40, 65, 170, 2.0, -2.0),
    Voice("f06", "train", "en", "Annie", 48, 45, 174, -3.0, 1.0),
    Voice("f07", "train", "en-gb-x-gbcwmd", "linda", 55, 75, 180, 0.0, -1.5),
    Voice("f08", "train", "en-us", "belinda", 38, 80, 170, -1.5, 2.5),
    Voice("f09", "train", "en-029", "aunty", 68, 65, 186, 1.5, 0.5),
    Voice("f10", "test", "en-us-nyc", "Andrea", 40, 75, 168, -1.0, 1.0),
    Voice("f11", "test", "en-gb-x-rp", "f1", 62, 60, 174, 0.5, -0.5),
    Voice("f12", "test", "en-gb-scotland", "shelby", 45, 50, 182, -2.5, 1.5),
    Voice("m01", "train", "en-us", "m1", 42, 55, 174, 0.0, 1.0),
    Voice("m02", "train", "en", "m2", 62, 50, 180, -2.0, 2.0),
    Voice("m03", "train", "en-029", "m4", 50, 60, 178, 1.0, 0.0),
    Voice("m04", "train", "en-us", "m5", 55, 55, 186, -1.5, -1.0),
    Voice("m05", "train", "en-gb-x-gbclan", "m6", 70, 50, 168, 2.0, 1.5),
    Voice("m06", "train", "en", "m7", 48, 65, 184, -3.0, 2.5),
    Voice("m07", "train", "en-gb-x-gbcwmd", "ed", 44, 50, 170, -1.0, 4.0),
    Voice("m08", "train", "en-us", "Gene", 42, 55, 172, -0.5, 3.0),
    Voice("m09", "train", "en-029", "Alex", 56, 90, 184, -2.5, 1.0),
    Voice("m10", "test", "en-gb-scotland", "m3", 46, 55, 176, -1.0, 0.5),
    Voice("m11", "test", "en-us-nyc", "Michael", 62, 50, 174, 1.0, 1.5),
    Voice("m12", "test", "en-gb-x-rp", "max", 40, 60, 180, -2.0, -1.0),
)

# Five sentences a voice, in the order of VOICES; all written for this project.
SENTENCES = (
    # f01
    "My sister keeps three yellow umbrellas behind the kitchen door.",
    "We should leave before the afternoon traffic gets any worse.",
    "Could you pass me the small jar of raspberry jam?",
    "The dentist moved our appointment to Thursday at half past four.",
    "Fresh bread always smells better than it tastes.",
    # f02
    "A noisy goose chased the postman down our narrow street.",
    "I forgot to charge my phone before the long drive home.",
    "They painted the garden shed a cheerful shade of blue.",
    "Nobody noticed that the clock had stopped during lunch.",
    "Please wash those muddy boots outside, not in the bath.",
    # f03
    "The children built a huge castle out of cardboard boxes.",
    "Her new job starts on the first Monday in June.",
    "Is there enough cheese left to make another toasted sandwich?",
    "Grandpa told us the same joke twice over breakfast.",
    "The river was so high that the footpath disappeared.",
    # f04
    "Jack measured the window twice and still cut the curtain too short.",
    "You can borrow my bicycle if you fix the front brake first.",
    "The museum opens late on Fridays, and students get in free.",
    "We watched a spider weave its web across the open gate.",
    "Their puppy chewed through another pair of expensive shoes.",
    # f05
    "I would rather walk to town than wait for the bus.",
    "The baker's van breaks down nearly every winter.",
    "Who turned the heating up while I was asleep?",
    "Our neighbours are growing giant pumpkins behind the garage.",
    "Bring a warm jumper, because the hall is always chilly.",
    # f06
    "The train to the coast was cancelled again this morning.",
    "She whistled a cheerful tune while peeling the potatoes.",
    "Put the fragile vase on the highest shelf you can reach.",
    "My uncle repairs old radios in his spare time.",
    "There were seven ducks asleep beside the frozen pond.",
    # f07
    "The soup needs a pinch of pepper and a little more cream.",
    "Why does this drawer never close the way it should?",
    "Two boys were throwing smooth pebbles into the harbour.",
    "I finally finished the book you lent me last spring.",
    "The choir practises in the village school every Wednesday evening.",
    # f08
    "A thick fog covered the valley until late in the morning.",
    "Would you like your coffee with sugar or honey?",
    "The plumber promised that he would be back in an hour.",
    "They usually spend August camping near the lake.",
    "George found his missing glove under the passenger seat.",
    # f09
    "The queue outside the bakery stretches all the way around the corner.",
    "I need a bigger pot for this enormous tomato plant.",
    "Turn the volume down, the baby has just fallen asleep.",
    "We measured the rainfall with an old glass jug.",
    "The judge chose the smallest pony as the overall winner.",
    # f10
    "Every spring the swallows return to the barn roof.",
    "I bought a cheap watch, and it stopped within a week.",
    "The teacher asked us to draw a map of our street.",
    "Do you know which platform the next train leaves from?",
    "My brother is allergic to peanuts, shellfish, and cats.",
    # f11
    "The lift is broken, so we have to use the stairs.",
    "A gentle breeze pushed the little boat towards the shore.",
    "Jenny wrapped the present in yesterday's newspaper and some string.",
    "The vegetables in this shop are fresher than at the market.",
    "I usually answer letters on Sunday, after a long bath.",
    # f12
    "The old bridge was closed for repairs during the summer.",
    "Please remind me to water the plants before we go away.",
    "He poured the pancake batter into a very hot pan.",
    "What time does the pharmacy close on public holidays?",
    "Three tired hikers were sharing a bar of dark chocolate.",
    # m01
    "The mechanic could not explain the strange rattling noise.",
    "We keep our spare blankets in a chest under the bed.",
    "Zoe scored the winning goal with only seconds to go.",
    "Did anyone remember to bring matches for the campfire?",
    "This road floods whenever it rains for more than a day.",
    # m02
    "The library is giving away a hundred damaged novels.",
    "My father grows roses, beans, and very sour gooseberries.",
    "Take the second left after the church with the round tower.",
    "The puzzle is missing a piece right in the middle.",
    "A loud cheer went up when the lights came back on.",
    # m03
    "They argued about the bill for almost twenty minutes.",
    "Charlie burned the toast, so we had cereal instead.",
    "The view from the lighthouse is worth the steep climb.",
    "You must sign both copies and return one by Friday.",
    "A vase of tulips stood on the piano near the window.",
    # m04
    "I heard an owl calling from the woods behind the cottage.",
    "The cashier gave me the wrong change and quickly apologised.",
    "Should we paint the ceiling before or after the walls?",
    "Several farmers sell eggs and honey from a table by the road.",
    "The wind blew my hat over the fence and into the canal.",
    # m05
    "Her voice was hoarse after shouting at the match.",
    "The printer jams each time I use thicker paper.",
    "We are expecting eight guests for dinner on Saturday.",
    "Leave the keys with the woman at the front desk.",
    "A dozen boxes of oranges arrived earlier than planned.",
    # m06
    "The cat jumped from the roof and landed in a wheelbarrow.",
    "I always lose my gloves somewhere between work and home.",
    "How many spoonfuls of flour does the recipe call for?",
    "Their flight was delayed, but nobody seemed to mind much.",
    "The new carpet makes the whole room feel warmer and quieter.",
    # m07
    "My cousin teaches swimming at the pool near the station.",
    "The soup was cold, but the waiter brought us another bowl.",
    "Which of these paths goes down to the beach?",
    "We planted an apple tree when our daughter was born.",
    "The garage door squeaks loudly every time you open it.",
    # m08
    "He put his wallet in the freezer by mistake.",
    "The orchestra rehearses in a former shoe factory.",
    "I think we took a wrong turn at the last roundabout.",
    "Fold the towels neatly and stack them beside the sink.",
    "A young couple bought the house opposite ours.",
    # m09
    "The weather changed so fast that we left our picnic behind.",
    "Can you hear that buzzing sound coming from the fridge?",
    "They serve an excellent mushroom pie at the corner cafe.",
    "My grandmother knits thick woollen socks for all of her nephews.",
    "The ferry crosses the bay six times a day in July.",
    # m10
    "I left my reading glasses on the arm of the sofa.",
    "The boy next door is learning to play the trumpet.",
    "Slice the onions thinly and fry them until they turn golden.",
    "Nothing grows in that corner, because it never gets any sun.",
    "Have you ever tried to put up a tent in the dark?",
    # m11
    "The farmer drove his tractor slowly past our house.",
    "We ran out of milk, so I drank my tea black.",
    "A huge branch fell across the track during the storm.",
    "She chose a grey coat with large wooden buttons.",
    "The shop on the hill sells maps, candles, and birthday cards.",
    # m12
    "Our team finished fourth, which was better than we had hoped.",
    "The moon looked enormous as it rose above the chimney pots.",
    "Whose turn is it to empty the dishwasher tonight?",
    "I washed the car yesterday, and now it is raining.",
    "The youngest girl usually chooses where we go on holiday.",
)

SYNCHRONOUS, DONT_EXIT = 2, 0x8000  # how espeak_Initialize is called
SPEED, PITCH, PITCH_RANGE = 1, 3, 4  # parameter numbers of espeak_SetParameter
CHARS_UTF8, END_PAUSE = 1, 0x1000  # flags of espeak_Synth

SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class Request(NamedTuple):
    """A sentence for espeak-ng, with its default prosody unless told otherwise."""

    text: str
    voice: str
    pitch: int = 50
    pitch_range: int = 50
    speed: int = 175


def say(request: Request) -> Audio:
    """Synthesise one sentence at RATE; the first call in a process, see say_all."""
    lib = ctypes.CDLL(str(espeakng_loader.get_library_path()))
    data = str(espeakng_loader.get_data_path()).encode()
    rate = int(lib.espeak_Initialize(SYNCHRONOUS, 0, data, DONT_EXIT))
    if rate <= 0:
        raise RuntimeError("espeak-ng could not be initialised")
    blocks: list[npt.NDArray[np.int16]] = []

    def collect(samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if samples and count > 0:
            blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = SynthCallback(collect)
    lib.espeak_SetSynthCallback(callback)
    if lib.espeak_SetVoiceByName(request.voice.encode()) != 0:
        raise RuntimeError(f"espeak-ng has no voice {request.voice!r}")
    lib.espeak_SetParameter(SPEED, request.speed, 0)
    lib.espeak_SetParameter(PITCH, request.pitch, 0)
    lib.espeak_SetParameter(PITCH_RANGE, request.pitch_range, 0)
    lib.espeak_ng_SetRandSeed(ctypes.c_long(1))  # breath noise
    text = request.text.encode()
    size = ctypes.c_size_t(len(text) + 1)
    if lib.espeak_Synth(text, size, 0, 0, 0, CHARS_UTF8 | END_PAUSE, None, None) != 0:
        raise RuntimeError(f"espeak-ng could not say {request.text!r}")
    return resample(np.concatenate(blocks) / 32768.0, rate, RATE)


def say_all(requests: Iterable[Request]) -> list[Audio]:
    """Run say for each request, each in a fresh process.

    The library keeps hidden state from one sentence to the next, even over espeak_Terminate; only
    a fresh process gives audio that does not depend on what was said before.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context, max_tasks_per_child=1) as pool:
        return list(pool.map(say, requests))


def resample(x: Audio, rate_in: int, rate_out: int, half_width: int = 32) -> Audio:
    """Polyphase resampling with a Kaiser-windowed sinc, cut off a little below Nyquist."""
    common = int(np.gcd(rate_in, rate_out))
    up, down = rate_out // common, rate_in // common
    cutoff = 0.96 * min(1.0, up / down)
    reach = int(np.ceil(half_width / cutoff))  # input samples either side
    positions = np.arange(-(-len(x) * up // down)) * down
    base, phase = positions // up, positions % up
    offsets = np.arange(-reach, reach + 1)
    distance = offsets[None, :] - np.arange(up)[:, None] / up
    inside = np.clip(1.0 - (distance / (reach + 1)) ** 2, 0.0, None)
    kernels = cutoff * np.sinc(cutoff * distance) * np.i0(9.0 * np.sqrt(inside)) / np.i0(9.0)
    kernels /= kernels.sum(axis=1, keepdims=True)
    padded = np.pad(x, reach + 1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)[base + 1]
    resampled: Audio = np.einsum("nk,nk->n", windows, kernels[phase])
    return resampled


def trim(x: Audio) -> Audio:
    """Leave PAD_SECONDS of quiet before the first and after the last audible 5 ms frame."""
    frame, pad = RATE // 200, int(PAD_SECONDS * RATE)
    count = len(x) // frame
    power = np.mean(x[: count * frame].reshape(count, frame) ** 2, axis=1)
    audible = np.flatnonzero(power > power.max() * 1e-5)
    padded = np.pad(x, pad)  # sample i of x is sample i + pad of padded
    return padded[audible[0] * frame : (audible[-1] + 1) * frame + 2 * pad]


def colour(x: Audio, low_db: float, high_db: float) -> Audio:
    """Microphone-like colour: a 60 Hz high-pass, a low shelf and a high shelf, without delay."""
    size = 2 ** int(np.ceil(np.log2(2 * len(x))))
    freq = np.fft.rfftfreq(size, 1.0 / RATE)
    low = 1.0 / (1.0 + (freq / 200.0) ** 2)
    high = 1.0 - 1.0 / (1.0 + (freq / 3000.0) ** 2)
    high_pass = freq**4 / (freq**4 + 60.0**4)
    gain = high_pass * 10.0 ** ((low_db * low + high_db * high) / 20.0)
    return np.fft.irfft(np.fft.rfft(x, size) * gain, size)[: len(x)]


def noise_floor(count: int, seed: int) -> Audio:
    """Quiet, dull room noise at NOISE_DB relative to full scale."""
    white = np.random.default_rng(seed).standard_normal(count)
    freq = np.fft.rfftfreq(count, 1.0 / RATE)
    noise = np.fft.irfft(np.fft.rfft(white) / (1.0 + freq / 500.0), count)
    level = 10.0 ** (NOISE_DB / 20.0) / rms(noise)
    return np.asarray(level * noise)


def rms(x: Audio) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(x**2)))


@dataclass
class Clip:
    """One finished file of the corpus."""

    voice: Voice
    number: int
    text: str
    samples: npt.NDArray[np.int16]

    @property
    def name(self) -> str:
        """The file name."""
        return f"{self.voice.id}_{self.number:02d}.flac"


def check_voices() -> None:
    """Make sure that each accent and each variant really changes the sound."""
    names = sorted({v.accent for v in VOICES} | {v.espeak_name for v in VOICES})
    # espeak-ng accepts an unknown variant and ignores it; the comparison must notice that.
    *heard, first, ignored = say_all(Request(PROBE, v) for v in [*names, "en-us", "en-us+nosuch"])
    assert np.array_equal(first, ignored), "identical voices must give identical audio"
    for i, j in itertools.combinations(range(len(names)), 2):
        same = np.array_equal(heard[i], heard[j])
        assert not same, f"voices {names[i]} and {names[j]} sound the same"
    assert len({v.espeak_name for v in VOICES}) == len(VOICES) == 24
    for field in ("accent", "variant"):
        train, test = (
            {getattr(v, field) for v in VOICES if v.split == split} for split in ("train", "test")
        )
        assert not train & test, f"an {field} is in both splits"


def make_clip(index: int, raw: Audio) -> Clip:
    """Trim, colour and level one synthesised sentence."""
    voice, text = VOICES[index // 5], SENTENCES[index]
    speech = colour(trim(raw), voice.low_db, voice.high_db)
    # Spread the levels evenly over the corpus (47 and 120 have no common divisor).
    level = RMS_DB[0] + (RMS_DB[1] - RMS_DB[0]) * (index * 47 % len(SENTENCES)) / len(SENTENCES)
    gain = 10.0 ** (level / 20.0) / rms(speech)
    gain = min(gain, 10.0 ** (MAX_PEAK_DB / 20.0) / float(np.abs(speech).max()))
    mixed = gain * speech + noise_floor(len(speech), index)
    # FLAC stores the two unused low bits for free; their rounding is far below the noise floor.
    samples = (4.0 * np.round(mixed * 8192.0)).astype(np.int16)
    clip = Clip(voice, index % 5 + 1, text, samples)
    seconds = len(samples) / RATE
    assert MIN_SECONDS <= seconds <= MAX_SECONDS, f"{clip.name} lasts {seconds:.2f} s: {text}"
    assert np.abs(mixed).max() < 10.0 ** (-1.0 / 20.0), f"{clip.name} is too loud"
    return clip


def check_texts() -> None:
    """Make sure that no sentence occurs twice or has an odd length."""
    assert len(SENTENCES) == 5 * len(VOICES)
    plain = {"".join(c for c in text.lower() if c.isalpha()) for text in SENTENCES}
    assert len(plain) == len(SENTENCES), "a sentence occurs twice"
    for text in SENTENCES:
        assert 7 <= len(text.split()) <= 13, f"not 7 to 13 words: {text}"


def requests() -> Iterator[Request]:
    """The sentences of the corpus, each with its voice."""
    for index, text in enumerate(SENTENCES):
        v = VOICES[index // 5]
        yield Request(text, v.espeak_name, v.pitch, v.pitch_range, v.speed)


def main() -> None:
    """Check the plan, synthesise everything, and write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to")
    out: Path = parser.parse_args().out
    check_texts()
    check_voices()
    clips = [make_clip(index, raw) for index, raw in enumerate(say_all(requests()))]

    out.mkdir(parents=True, exist_ok=True)
    for clip in clips:
        sf.write(out / clip.name, clip.samples, RATE, subtype="PCM_16", compression_level=1.0)
    with (out / "index.csv").open("w", newline="", encoding="utf-8") as f:
        writer = csv.writer(f, lineterminator="\n")
        writer.writerow(["file", "voice", "sex", "split", "espeak_voice", "text"])
        for c in clips:
            v = c.voice
            writer.writerow([c.name, v.id, v.sex, v.split, v.espeak_name, c.text])

    total = sum((out / clip.name).stat().st_size for clip in clips)
    assert total <= MAX_TOTAL_BYTES, f"{total} bytes is too much"
    for split in ("train", "test"):
        seconds = sum(len(c.samples) for c in clips if c.voice.split == split) / RATE
        print(f"{split}: {sum(c.voice.split == split for c in clips)} files, {seconds:.1f} s")
    print(f"{total} bytes in {out}")


if __name__ == "__main__":
    main()
