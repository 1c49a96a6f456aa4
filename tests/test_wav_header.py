"""Headers of WAV streams: what programs write into pipes is read, all else is told."""

import io
import struct

import numpy as np
import pytest
import soundfile

from sslse.errors import DataError
from sslse.pcm import ENCODINGS
from sslse.wav_header import UNKNOWN, make_header, read_header

POSSIBLE = "possible: WAV of PCM with 8, 16, 24 or 32 bits or floating point with 32 or 64"


def wav(subtype="PCM_16", container="WAV", channels=2, frames=100, endian="FILE"):
    file = io.BytesIO()
    waves = np.random.default_rng(0).uniform(-1, 1, (frames, channels))
    soundfile.write(file, waves, 22050, subtype, endian, container)
    return file.getvalue()


def header_of(content):
    return read_header(io.BytesIO(content))


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_encoding_is_read(container, subtype):
    content = wav(subtype, container)
    stream = io.BytesIO(content)
    header = read_header(stream)
    assert (header.sample_rate, header.channels) == (22050, 2)
    samples = header.encoding.decode(stream.read(header.length), 2)
    read, _ = soundfile.read(io.BytesIO(content), dtype="float32")
    np.testing.assert_array_equal(samples.T, read)


def test_the_most_significant_byte_may_come_first():
    header = header_of(wav(endian="BIG"))
    assert header.encoding == ENCODINGS["s16be"]
    assert header.written().startswith(b"RIFX\xff\xff\xff\xffWAVEfmt \0\0\0\x10")


@pytest.mark.parametrize("size", [0, UNKNOWN])
def test_an_unknown_length_lasts_until_the_end(size):
    content = wav()
    place = content.index(b"data") + 4
    content = content[:place] + struct.pack("<I", size) + content[place + 4 :]
    assert header_of(content).length is None


@pytest.mark.parametrize("name", ["u8", "s16le", "s24le", "s32le", "f32le", "f64le"])
@pytest.mark.parametrize("frames", [50, 51])
def test_a_header_is_read_by_soundfile(name, frames):
    header = make_header(ENCODINGS[name], 44100, 1)
    samples = np.linspace(-0.5, 0.5, frames, dtype=np.float32)[None]
    content = header.encoding.encode(samples)
    for length in (None, len(content)):
        whole = header.written(length) + content
        read, rate = soundfile.read(io.BytesIO(whole), dtype="float32")
        assert rate == 44100
        np.testing.assert_allclose(read, samples[0], atol=0.01)
    assert header_of(header.written(len(content))) == (
        type(header)(header.encoding, 44100, 1, header.about, len(content))
    )


def test_the_format_is_given_back_as_it_came():
    header = header_of(wav("PCM_24", "WAVEX", channels=6))
    again = header_of(header.written())
    assert again.about == header.about
    assert len(again.about) == 40


def chunk(tag=1, channels=1, rate=8000, frame=2, bits=16):
    about = struct.pack("<HHIIHH", tag, channels, rate, 0, frame, bits)
    return b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + about + b"data\0\0\0\0"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty (0 bytes)"),
        (b"fLaC" + bytes(20), f"begins with {b'fLaC' + bytes(8)!r}, which is no WAV; {POSSIBLE}, "),
        (b"RIFF\0\0\0\0AVI " + bytes(20), "which is no WAV"),
        (b"RIFF\0\0\0\0WAVE", "ends before its first sample"),
        (b"RIFF\0\0\0\0WAVELIST\xff\xff\xff\x7fabc", "ends before its first sample"),
        (b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd", "has no 'fmt ' chunk before its samples, so that "),
        (b"RIFF\0\0\0\0WAVEfmt \2\0\0\0abdata\0\0\0\0", "has a 'fmt ' chunk of 2 bytes, where 16"),
        (chunk(channels=0), "has 0 channels; possible: 1 to 1024"),
        (chunk(channels=1025), "has 1025 channels; possible: 1 to 1024"),
        (
            chunk(tag=7, bits=8, frame=1),
            "holds encoding 0x0007 of 8 bits in 1 bytes for 1 channels",
        ),
        (chunk(bits=64, frame=8), "holds encoding 0x0001 of 64 bits in 8 bytes for 1 channels"),
        (chunk(bits=24, frame=4), "holds encoding 0x0001 of 24 bits in 4 bytes for 1 channels"),
        (chunk(tag=3, bits=16), "holds encoding 0x0003 of 16 bits in 2 bytes for 1 channels"),
        (chunk(channels=3), "holds encoding 0x0001 of 16 bits in 2 bytes for 3 channels"),
        (chunk(rate=999), "says 999 Hz; possible: 1000 to 768000 Hz"),
        (chunk(rate=2**32 - 1), "says 4294967295 Hz; possible: 1000 to 768000 Hz"),
    ],
)
def test_what_cannot_be_read_is_told(content, message):
    with pytest.raises(DataError) as caught:
        header_of(content)
    assert message in str(caught.value)
