"""What a corpus plugin may give, and that its options decide what is trained on."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sslse.api import Corpus, Recording
from sslse.build import open_corpora
from sslse.corpora.folder import Folder
from sslse.data.door import list_recordings, read_recording
from sslse.data.packing import cache_key, open_store
from sslse.errors import ContractError, RecipeError
from sslse.recipe import load_recipe
from sslse.registry import discover

PLUGIN = """
import numpy as np
from sslse.api import Corpus, PositiveFloat, Recording, hookimpl

class Tones(Corpus):
    def __init__(self, *, seconds: PositiveFloat = 1.0, channels: int = 1) -> None:
        self.seconds, self.channels = seconds, channels

    def recordings(self):
        return [Recording(part, None, part) for part in ("train", "test")]

    def read(self, recording):
        wave = np.sin(np.arange(int(16000 * self.seconds)) / 9).astype(np.float32)
        return (wave if self.channels == 1 else np.stack([wave, wave], 1)), 16000

@hookimpl
def sslse_components(add):
    add("corpus", "tones", Tones, summary="Tones")
"""
WAVE = np.sin(np.arange(16000) / 9).astype(np.float32)


class Given(Corpus):
    """Gives what it is told to."""

    def __init__(self, given=None, listed=None):
        self.given = (WAVE, 16000) if given is None else given
        self.listed = [Recording("a", None, "train")] if listed is None else listed

    def recordings(self):
        return self.listed

    def read(self, recording):
        return self.given


@pytest.fixture
def seconds_of(tmp_path):
    """Open the tones with options of a recipe; return how long they are."""
    file = tmp_path / "tones.py"
    file.write_text(PLUGIN)
    registry = discover([file])

    def opened(options):
        sets = [f"data.noise={options}", f"data.cache={tmp_path / 'cache'}"]
        recipe = load_recipe("quickstart", registry, sets=sets)
        return open_corpora(recipe, registry, torch.device("cpu"))["noise"].seconds / 2

    return opened


def test_a_corpus_that_makes_its_samples_is_packed_again_for_other_options(seconds_of):
    assert seconds_of("tones") == 1
    assert seconds_of("{name: tones, seconds: 5}") == 5
    assert seconds_of("{name: tones, seconds: 1}") == 1


def test_where_files_are_read_as_they_are_another_choice_of_files_packs_nothing_again(tmp_path):
    made, files = Given(), Folder(root=str(tmp_path))
    keys = [
        {cache_key(one, made.recordings(), 16000, {"share": share}) for share in (0.1, 0.2)}
        for one in (made, files)
    ]
    assert [len(one) for one in keys] == [2, 1]


def test_two_channels_are_refused_with_plugin_recording_and_cure(seconds_of):
    with pytest.raises(RecipeError) as refused:
        seconds_of("{name: tones, channels: 2}")
    (problem,) = refused.value.problems
    assert problem.path == "data.noise"
    assert problem.message.startswith("tones of plugin tones (")
    assert problem.message.endswith(
        "tones.py) breaks its contract: read() of recording 'train' gave samples of shape "
        "(16000, 2); possible: one channel, (samples,), such as the channels' mean: "
        "samples.mean(1)"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((np.stack([WAVE, WAVE]), 16000), "shape (2, 16000); possible: one channel, (samples,)"),
        ((WAVE[:, None], 16000), r"samples.mean(1)"),
        ((np.float32(0.5), 16000), "as samples; possible: a numpy array"),
        (((32767 * WAVE).astype(np.int16), 16000), "samples of int16; possible: float32 in about"),
        (
            (torch.from_numpy(WAVE), 16000),
            "torch.Tensor of shape (16000,), torch.float32 as samples; possible: a numpy array",
        ),
        ((WAVE.tolist(), 16000), "... as samples; possible: a numpy array"),
        ((WAVE, 16000.0), "the rate 16000.0; possible: a whole number of Hz"),
        ((WAVE, True), "the rate True; possible: a whole number of Hz"),
        ((WAVE, 16), "the rate 16 Hz; possible: 1000 to 768000 Hz"),
        (WAVE, "of shape (16000,), float32, not a tuple of samples and rate"),
        ((WAVE, 16000, "x"), "..., not a tuple of samples and rate"),
    ],
)
def test_what_is_no_wave_with_its_rate_is_refused(tmp_path, given, said):
    with pytest.raises(ContractError) as refused:
        open_store(Given(given), 16000, tmp_path, label="x")
    assert str(refused.value).startswith("read() of recording 'a' gave ")
    assert said in str(refused.value)


def test_any_floats_and_any_whole_rate_will_do():
    samples, rate = read_recording(Given((WAVE.astype(float), np.int64(8000))), None)
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, WAVE)
    assert type(rate) is int
    assert rate == 8000


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ([], "gave none"),
        (["a.wav"], "gave str 'a.wav', not an sslse.api.Recording (place 0)"),
        (2 * [Recording("a", None, "train")], "gave the key 'a' twice; keys are unique"),
        ([Recording("", None, "train")], "without a key"),
        ([Recording("a", None, "dev")], "part is 'dev'; possible: train, test"),
        ([Recording("a", "a.wav", "train")], "source is 'a.wav', neither a pathlib.Path nor None"),
        ([Recording("a", None, "train", speaker=7)], "speaker is 7, not text"),
        ([Recording("a", Path("a"), "test", kind=None)], "kind is None, not text"),
    ],
)
def test_what_is_no_list_of_recordings_is_refused(listed, said):
    with pytest.raises(ContractError) as refused:
        list_recordings(Given(listed=listed))
    assert said in str(refused.value)
