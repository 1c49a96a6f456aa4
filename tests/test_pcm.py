"""Encodings of raw samples: as soundfile reads and writes them; rounded, and never wrapped."""

import numpy as np
import pytest
import soundfile

from sslse.pcm import ENCODINGS, to_integers

ALL = pytest.mark.parametrize("name", ENCODINGS)


def subtype(encoding):
    if encoding.kind == "f":
        return {4: "FLOAT", 8: "DOUBLE"}[encoding.size]
    return "PCM_U8" if encoding.kind == "u" else f"PCM_{8 * encoding.size}".replace("_8", "_S8")


@ALL
def test_samples_are_what_soundfile_reads_and_writes(tmp_path, name):
    encoding = ENCODINGS[name]
    samples = np.random.default_rng(0).uniform(-1, 1, (3, 500)).astype(np.float32)
    content = encoding.encode(samples)
    assert len(content) == 1500 * encoding.size
    (tmp_path / "a.raw").write_bytes(content)
    read, _ = soundfile.read(
        tmp_path / "a.raw",
        dtype="float32",
        samplerate=8000,
        channels=3,
        format="RAW",
        subtype=subtype(encoding),
        endian="BIG" if encoding.big else "LITTLE",
    )
    np.testing.assert_array_equal(encoding.decode(content, 3), read.T)
    step = 0 if encoding.kind == "f" else 2.0 ** (1 - 8 * encoding.size)
    np.testing.assert_allclose(read.T, samples, atol=step + 1e-7)


@ALL
def test_what_is_read_is_written_as_it_was(name):
    encoding = ENCODINGS[name]
    content = encoding.encode(np.linspace(-1, 1, 999, dtype=np.float32)[None])
    assert encoding.encode(encoding.decode(content, 1)) == content


@ALL
def test_too_loud_samples_do_not_wrap(name):
    encoding = ENCODINGS[name]
    loud = encoding.decode(encoding.encode(np.array([[-9, -1, 0, 1, 9]], np.float32)), 1)[0]
    assert loud[2] == 0
    if encoding.kind == "f":
        assert list(loud) == [-9, -1, 0, 1, 9]
    else:
        assert list(loud[:2]) == [-1, -1]
        assert loud[3] == loud[4] == np.float32(1 - 2.0 ** (1 - 8 * encoding.size))


def test_whole_numbers_are_rounded():
    samples = np.array([0.49, 0.51, -0.49, -0.51, 1.4], np.float32) / 128
    assert list(to_integers(samples, 8)) == [0, 1, 0, -1, 1]


def test_beyond_float32_is_infinite():
    content = np.array([1e300]).tobytes()
    assert np.isinf(ENCODINGS["f64le"].decode(content, 1)).all()
