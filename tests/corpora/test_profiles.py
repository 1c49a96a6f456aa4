"""Data profiles, each on a small tree of the layout its data set is published in."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from sslse.build import build_component
from sslse.cli import main
from sslse.errors import DataError
from sslse.recipe import load_recipe, packaged_recipes

LIBRISPEECH = [
    f"{subset}/{speaker}/{chapter}/{speaker}-{chapter}-{utterance:04}.flac"
    for subset, speakers in (
        ("train-clean-100", (19, 26)),
        ("train-clean-360", (14, 16)),
        ("dev-clean", (84,)),
        ("test-clean", (61, 121)),
    )
    for speaker in speakers
    for chapter in (speaker + 100, speaker + 200)
    for utterance in range(2)
]
DNS_SPEECH = [
    f"book_{book:05}_chp_0009_reader_{reader:05}_{piece}{end}.wav"
    for book, reader in enumerate((6709, 8011, 7, 2603, 112, 5, 17, 9))
    for piece, end in enumerate(("", "_seg_1", "_seg_2"))
]
DNS_NOISE = [
    *(f"door_Freesound_validated_{source}_{n}.wav" for source in range(11, 17) for n in range(3)),
    *(f"breath_spit_Freesound_validated_{source}_9.wav" for source in range(11, 14)),
    *(f"{video}.wav" for video in ("-0BQdzcum73Y", "7J3kchZ5UAg", "_zRhCXaEYN6", "a1b")),
]
FREESOUND = re.compile("validated_([0-9]+)_")
MUSAN = [
    *(f"noise/free-sound/noise-free-sound-{n:04}.wav" for n in range(12)),
    *(f"noise/sound-bible/noise-sound-bible-{n:04}.wav" for n in range(8)),
    *(f"music/fma/music-fma-{n:04}.wav" for n in range(5)),
    *(f"speech/librivox/speech-librivox-{n:04}.wav" for n in range(5)),
]
ESC50 = [
    f"audio/{fold}-{fold}0{clip}-{take}-{target}.wav"
    for fold in range(1, 6)
    for clip, target in ((1, 0), (2, 49))
    for take in "AB"
]
DEMAND = [
    f"{environment}/ch{channel:02}.wav"
    for environment in (
        *("DKITCHEN", "DLIVING", "DWASHING", "NFIELD", "NPARK", "NRIVER", "OHALLWAY", "OMEETING"),
        *("OOFFICE", "PCAFETER", "PRESTO", "PSTATION", "SCAFE", "SPSQUARE", "STRAFFIC", "TBUS"),
        *("TCAR", "TMETRO"),
    )
    for channel in range(1, 17)
]
VOICEBANK = [
    *(
        f"{w}_trainset_28spk_wav/{u}.wav"
        for w in ("clean", "noisy")
        for u in ("p226_001", "p227_1")
    ),
    *(f"{wave}_testset_wav/p232_001.wav" for wave in ("clean", "noisy")),
]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    """Take away what the user's own environment may say."""
    for name in (
        *("LIBRISPEECH_TRAIN", "LIBRISPEECH_TEST", "MUSAN_PARTS", "VOICEBANK_DEMAND_HELD_OUT"),
        *("SPEAKER_PATTERN",),
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Give a function that makes empty files and names their root in a variable."""

    def make(variable, files, name="root"):
        for file in files:
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).touch()
        monkeypatch.setenv(variable, str(tmp_path / name))

    return make


@pytest.fixture
def listed(registry):
    """Give a function that lists a side's recordings by part, as a run with profiles would."""

    def recordings(side, *profiles):
        recipe = load_recipe("quickstart", registry, data=profiles)
        corpus = build_component(getattr(recipe, side), registry, {})
        found = corpus.recordings()
        return [[one for one in found if one.part == part] for part in ("train", "test")]

    return recordings


def keys(recordings):
    return {one.key for one in recordings}


def speakers(recordings):
    return Counter(one.speaker for one in recordings)


def kinds(recordings):
    return Counter(one.kind for one in recordings)


class TestLibrispeech:
    def test_its_subsets_are_the_parts(self, tree, listed):
        tree("LIBRISPEECH_ROOT", LIBRISPEECH)
        train, test = listed("speech", "librispeech")
        assert speakers(train) == {"19": 4, "26": 4}
        assert speakers(test) == {"61": 4, "121": 4}
        assert all(one.key.startswith("train-clean-100/") for one in train)
        assert all(one.key.startswith("test-clean/") for one in test)

    def test_variables_choose_other_subsets(self, tree, listed, monkeypatch):
        tree("LIBRISPEECH_ROOT", LIBRISPEECH)
        monkeypatch.setenv("LIBRISPEECH_TRAIN", "train-clean-100|train-clean-360")
        monkeypatch.setenv("LIBRISPEECH_TEST", "dev-clean")
        train, test = listed("speech", "librispeech")
        assert set(speakers(train)) == {"19", "26", "14", "16"}
        assert set(speakers(test)) == {"84"}

    def test_a_missing_subset_is_said(self, tree, listed):
        tree("LIBRISPEECH_ROOT", [name for name in LIBRISPEECH if "test" not in name])
        with pytest.raises(DataError, match=r"the test pattern .*test-clean.* is found in none"):
            listed("speech", "librispeech")


class TestDnsChallenge:
    @pytest.mark.parametrize(
        ("speech", "noise"),
        [("clean_fullband/read_speech", "noise_fullband"), ("clean", "noise")],
    )
    def test_readers_and_sources_are_in_one_part(self, tree, listed, speech, noise):
        tree("DNS_ROOT", [f"{speech}/{name}" for name in DNS_SPEECH])
        tree("DNS_ROOT", [f"{noise}/{name}" for name in DNS_NOISE])
        tree("DNS_ROOT", ["clean_fullband/german_speech/x.wav", "dev_testset/y.wav"])
        train, test = listed("speech", "dns_challenge")
        assert len(train) + len(test) == len(DNS_SPEECH)
        assert len(speakers(train)) == 7
        assert len(speakers(test)) == 1
        assert not speakers(train).keys() & speakers(test).keys()
        train, test = listed("noise", "dns_challenge")
        assert len(train) + len(test) == len(DNS_NOISE)
        assert test
        sources = [
            {match[1] for one in part if (match := FREESOUND.search(one.key))}
            for part in (train, test)
        ]
        assert len(sources[0] | sources[1]) == 6
        assert not sources[0] & sources[1]
        assert kinds([*train, *test]) == {"door": 18, "breath_spit": 3, "": 4}
        assert set(speakers([*train, *test])) == {""}


class TestMusan:
    def test_its_noise_alone_is_taken(self, tree, listed):
        tree("MUSAN_ROOT", MUSAN)
        train, test = listed("noise", "musan")
        assert (len(train), len(test)) == (18, 2)
        assert kinds([*train, *test]) == {"noise/free-sound": 12, "noise/sound-bible": 8}
        assert not keys(train) & keys(test)

    def test_music_can_be_added(self, tree, listed, monkeypatch):
        tree("MUSAN_ROOT", MUSAN)
        monkeypatch.setenv("MUSAN_PARTS", "noise|music")
        train, test = listed("noise", "musan")
        assert len(train) + len(test) == 25


@pytest.mark.parametrize("above", ["", "ESC-50-master/"])
def test_esc50_is_tested_on_its_fifth_fold(tree, listed, above):
    tree("ESC50_ROOT", [above + name for name in ESC50])
    train, test = listed("noise", "esc50")
    assert (len(train), len(test)) == (16, 4)
    assert all("/5-" in one.key for one in test)
    assert kinds(train) == {"0": 8, "49": 8}
    assert kinds(test) == {"0": 2, "49": 2}


@pytest.mark.parametrize("above", ["", "48k/"])
def test_demand_holds_out_environments(tree, listed, above):
    tree("DEMAND_ROOT", [above + name for name in DEMAND])
    train, test = listed("noise", "demand")
    assert set(kinds(test)) == {"DLIVING", "OOFFICE", "SCAFE", "SPSQUARE", "TBUS"}
    assert len(kinds(train)) == 13
    assert not kinds(train).keys() & kinds(test).keys()
    assert {*kinds(train).values(), *kinds(test).values()} == {1}
    assert all(one.key.endswith("/ch01.wav") for one in [*train, *test])


@pytest.mark.parametrize("side", ["speech", "noise"])
@pytest.mark.parametrize(
    ("held_out", "test"),
    [("", "testset/p232_001"), ("test", "testset/p232_001"), ("validation", "trainset/p226_001")],
)
def test_voicebank_demand(tree, listed, side, held_out, test, monkeypatch):
    tree("VOICEBANK_DEMAND_ROOT", VOICEBANK)
    monkeypatch.setenv("VOICEBANK_DEMAND_HELD_OUT", held_out)
    found = listed(side, "voicebank_demand")
    assert [keys(part) for part in found] == [{"trainset/p227_1"}, {test}]
    wave = {"speech": "clean", "noise": "noisy"}[side]
    assert found[0][0].source.parent.name == f"{wave}_trainset_28spk_wav"


def test_manifest(tree, listed, tmp_path, monkeypatch):
    for side in ("speech", "noise"):
        tree("UNUSED", ["a.wav", "b.wav"], side)
        table = f"path,split,speaker\na.wav,train,{side}1\nb.wav,test,{side}2\n"
        (tmp_path / side / "list.csv").write_text(table, encoding="utf-8")
        monkeypatch.setenv(f"{side.upper()}_MANIFEST", f"{tmp_path}/{side}/list.csv")
    for side in ("speech", "noise"):
        train, test = listed(side, "manifest")
        assert speakers(train) == {f"{side}1": 1}
        assert speakers(test) == {f"{side}2": 1}


def test_folders(tree, listed):
    tree("SPEECH_ROOT", [f"{who}_{n}.wav" for who in "abcdef" for n in range(5)], "speech")
    tree("NOISE_ROOT", [f"{n}.wav" for n in range(8)], "noise")
    train, test = listed("speech", "folders")
    assert set(speakers([*train, *test])) == set("abcdef")
    assert not speakers(train).keys() & speakers(test).keys()
    train, test = listed("noise", "folders")
    assert (len(train), len(test)) == (6, 2)


class TestTogether:
    def test_speech_of_one_and_noise_of_another(self, tree, listed):
        tree("LIBRISPEECH_ROOT", LIBRISPEECH, "l")
        tree("DEMAND_ROOT", DEMAND, "d")
        for profiles in (("librispeech", "demand"), ("demand", "librispeech")):
            assert len(speakers(listed("speech", *profiles)[0])) == 2
            assert len(kinds(listed("noise", *profiles)[0])) == 13

    def test_on_the_command_line(self, monkeypatch):
        monkeypatch.setenv("LIBRISPEECH_ROOT", "/speech")
        monkeypatch.setenv("DEMAND_ROOT", "/noise")
        profiles = ("--data", "librispeech", "--data", "demand")
        result = CliRunner().invoke(main, ["show", "recipe", "byol", *profiles])
        assert result.exit_code == 0, result.output
        data = yaml.safe_load(result.stdout)["data"]
        assert (data["speech"]["root"], data["noise"]["root"]) == ("/speech", "/noise")

    def test_the_later_of_two_noises_wins_with_none_of_the_firsts_options(self, tree, listed):
        tree("ESC50_ROOT", ESC50, "e")
        tree("MUSAN_ROOT", MUSAN, "m")
        tree("DEMAND_ROOT", DEMAND, "d")
        assert listed("noise", "demand", "esc50", "musan") == listed("noise", "musan")
        assert listed("noise", "musan", "esc50", "demand") == listed("noise", "demand")

    def test_the_other_side_stays_the_recipes(self, tree, listed, registry):
        tree("MUSAN_ROOT", MUSAN)
        assert load_recipe("quickstart", registry, data=["musan"]).speech.name == "demo"


def test_every_profile_is_tested_and_documented():
    tested = {
        *("librispeech", "dns_challenge", "musan", "esc50", "demand", "voicebank_demand"),
        *("manifest", "folders"),
        *("demo", "timit_nonspeech"),  # whose corpora have their own tests
    }
    profiles = {path.stem for path in (packaged_recipes() / "data").glob("*.yaml")}
    assert profiles == tested
    guide = (Path(__file__).parents[2] / "docs" / "guide.md").read_text("utf-8")
    assert {name for name in profiles if f"\n| `{name}` | " in guide} == profiles
