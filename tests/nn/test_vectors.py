import pytest
import torch

from sslse.nn import spread_frames, unit, vectors


@pytest.fixture
def latent():
    """(views 2, batch 3, dim 4, frames 5)."""
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))


UTTERANCE = torch.tensor([8, 2, 8])


def test_every_frame_is_a_row_with_its_utterance(latent):
    rows, utterance = vectors(latent, over="frame", utterance=UTTERANCE)
    assert rows.shape == (2, 15, 4)
    for crop in range(3):
        for frame in range(5):
            place = crop * 5 + frame
            assert torch.equal(rows[:, place], latent[:, crop, :, frame])
            assert utterance[place] == UTTERANCE[crop]


def test_the_mean_over_frames_is_the_row_of_an_utterance(latent):
    rows, utterance = vectors(latent, over="utterance", utterance=UTTERANCE)
    assert torch.equal(rows, latent.mean(-1))
    assert torch.equal(utterance, UTTERANCE)


@pytest.mark.parametrize(("frames", "count"), [(256, 8), (10, 3), (7, 5), (6, 6), (4, 1)])
def test_kept_frames_are_spread_and_every_frame_has_its_turn(frames, count):
    seen = torch.zeros(frames, dtype=torch.int64)
    for step in range(frames):
        kept = spread_frames(torch.arange(frames), count, step)
        assert len(set(kept.tolist())) == count
        gaps = kept.sort().values.diff(append=kept.min()[None] + frames)
        assert gaps.max() - gaps.min() <= 1
        seen[kept] += 1
    assert seen.tolist() == [count] * frames


def test_all_frames_are_kept_where_there_are_no_more(latent):
    for count in (5, 6, None):
        assert torch.equal(spread_frames(latent, count, 3), latent)


def test_every_view_keeps_the_same_frames(latent):
    assert torch.equal(spread_frames(latent, 2, 4), latent[..., [4, 1]])


def test_unit_vectors_are_as_precise_as_float32_at_least():
    for given, expected in (("bfloat16", "float32"), ("float32", "float32"), ("float64",) * 2):
        row = torch.tensor([[3.0, -4.0]], dtype=getattr(torch, given))
        scaled = unit(row)
        assert scaled.dtype == getattr(torch, expected)
        torch.testing.assert_close(scaled, torch.tensor([[0.6, -0.8]], dtype=scaled.dtype))
