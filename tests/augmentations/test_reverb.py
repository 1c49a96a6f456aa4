import numpy as np
import pytest
import soundfile
import torch

from sslse.augmentations.rooms import reverberation_time
from sslse.errors import OptionError


@pytest.fixture
def folder(tmp_path, draws):
    """Give three responses: late, negative, and at another rate."""
    decay = torch.exp(-torch.arange(2000) / 300)
    for number, (delay, gain, rate) in enumerate([(37, 0.5, 16000), (0, -0.3, 16000)]):
        tail = 0.1 * torch.randn(2000, generator=draws(number)) * decay
        response = torch.cat([torch.zeros(delay), torch.ones(1), tail]) * gain
        soundfile.write(tmp_path / f"{number}.wav", response.numpy(), rate, subtype="FLOAT")
    slow = np.zeros(4800, dtype=np.float32)
    slow[960] = 0.7
    soundfile.write(tmp_path / "2.wav", slow, 48000, subtype="FLOAT")
    return tmp_path


def test_is_the_convolution_with_a_drawn_response(build, draws, noise):
    augmentation = build("reverb", rooms=3)
    responses = augmentation._responses
    views = noise(2, 12, 3000)
    out = augmentation(views, generator=draws())
    seen = set()
    for view, wet in zip(views.flatten(0, 1), out.flatten(0, 1), strict=True):
        slow = [np.convolve(view.double(), one.double())[:3000] for one in responses]
        errors = [np.abs(wet.numpy() - one).max() for one in slow]
        assert min(errors) < 1e-5
        seen.add(int(np.argmin(errors)))
    assert seen == {0, 1, 2}


def test_the_direct_path_is_at_lag_zero_with_gain_one(build):
    responses = build("reverb", rooms=20)._responses
    assert (responses[:, 0] == 1.0).all()
    assert (responses[:, 1:].abs() < 1.0).all()


def test_reverberation_times_are_within_the_range(build):
    augmentation = build("reverb", rooms=12, rt60=[0.2, 0.5])
    times = [
        reverberation_time(one[: int(one.nonzero().max()) + 1], 16000)
        for one in augmentation._responses
    ]
    assert min(times) > 0.17
    assert max(times) < 0.57


def test_rooms_follow_their_seed_and_nothing_else(build):
    first = build("reverb", rooms=2)._responses
    torch.manual_seed(5)
    assert torch.equal(build("reverb", rooms=2)._responses, first)
    assert not torch.equal(build("reverb", rooms=2, room_seed=1)._responses, first)


def test_responses_are_cut_to_the_crop(build):
    assert build("reverb", rooms=2, crop=1024)._responses.shape == (2, 1024)


def test_given_responses_begin_with_their_direct_path(folder, build):
    responses = build("reverb", impulse_responses=str(folder))._responses
    assert responses.shape[0] == 3
    torch.testing.assert_close(responses[:, 0], torch.ones(3))
    written = [soundfile.read(folder / f"{number}.wav")[0] for number in (0, 1)]
    for row, (response, delay) in enumerate(zip(written, (37, 0), strict=True)):
        expected = torch.from_numpy(response[delay:] / response[delay]).float()
        torch.testing.assert_close(responses[row, : len(expected)], expected)
        assert not responses[row, len(expected) :].any()
    assert responses[2, 1:].abs().max() < 0.3, "resampled: one pulse, band-limited"


@pytest.mark.parametrize("missing", ["folder", "files"])
def test_a_folder_without_responses_is_refused(missing, tmp_path, build):
    path = tmp_path / "none" if missing == "folder" else tmp_path
    wanted = "no such folder" if missing == "folder" else "no audio file in it"
    with pytest.raises(OptionError, match=wanted) as caught:
        build("reverb", impulse_responses=str(path))
    assert caught.value.option == "impulse_responses"


def test_all_faulty_files_are_named_at_once(folder, build):
    (folder / "broken.wav").write_text("no audio")
    soundfile.write(folder / "silent.wav", np.zeros(100), 16000)
    with pytest.raises(OptionError, match=r"2 of 5 files: .*broken\.wav.*silent\.wav: is silent"):
        build("reverb", impulse_responses=str(folder))


def test_a_room_too_small_is_refused(build):
    with pytest.raises(OptionError, match="more than 1 m are needed"):
        build("reverb", height_m=[0.9, 3.0])


@pytest.mark.parametrize(
    "options",
    [
        {"rt60": [0.01, 0.01]},
        {"rt60": [0.015, 0.015]},
        {"rt60": [0.15, 0.2], "side_m": [30.0, 60.0], "height_m": [10.0, 15.0]},
    ],
)
def test_a_room_that_cannot_decay_so_fast_is_refused(build, options):
    with pytest.raises(OptionError, match=r"a room of .* m cannot be given 0\.\d\d s"):
        build("reverb", **options)
