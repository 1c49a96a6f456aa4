import math

import pytest
import torch

from sslse import latents

DRAWS = torch.Generator().manual_seed(0)


def randn(*shape):
    return torch.randn(*shape, generator=DRAWS)


def test_frames_and_means_become_vectors_and_rows_of_views_stay_pairs():
    latent = randn(2, 3, 4, 5)
    frames = latents.sample(latent, "frame")
    assert frames.shape == (2, 15, 4)
    torch.testing.assert_close(frames[1, 7], latent[1, 1, :, 2])
    means = latents.sample(latent, "utterance")
    torch.testing.assert_close(means[0, 2], latent[0, 2].mean(-1))


@pytest.mark.parametrize(("batch", "frames"), [(8, 128), (256, 256), (512, 256), (4, 1000)])
def test_many_vectors_are_thinned_out_evenly_over_crops_and_times(batch, frames):
    crop, time = torch.meshgrid(torch.arange(batch), torch.arange(frames), indexing="ij")
    latent = torch.stack([crop, time], 1).float().expand(2, -1, -1, -1)
    rows = latents.sample(latent, "frame")
    assert rows.shape == (2, latents.ROWS, 2)
    assert torch.equal(rows[0], rows[1])
    crops, times = rows[0].unbind(-1)
    assert (torch.bincount(crops.long(), minlength=batch) - latents.ROWS / batch).abs().max() < 1
    shares = torch.histc(times, 8, 0, frames) / latents.ROWS
    assert (shares - 1 / 8).abs().max() < 0.02
    assert len(times.unique()) > 0.6 * min(frames, latents.ROWS)


def test_many_means_are_thinned_out_evenly():
    latent = torch.arange(4.0 * latents.ROWS).view(1, -1, 1, 1).expand(2, -1, -1, 3)
    rows = latents.sample(latent, "utterance")
    assert rows[0].flatten().tolist() == list(range(0, 4 * latents.ROWS, 4))


def test_spread_vectors_and_collapsed_ones_are_told_apart():
    apart = randn(2, 500, 32)
    one = (randn(32) * torch.ones(2, 500, 1)) * randn(2, 500, 1).abs()
    assert latents.spread(apart).item() == pytest.approx(1, abs=0.02)
    assert latents.spread(one).item() == pytest.approx(0, abs=1e-5)
    assert latents.uniformity(one).item() == pytest.approx(0, abs=1e-5)
    assert latents.uniformity(apart).item() < -3.5


@pytest.mark.parametrize("rank", [1, 3, 8])
def test_rankme_is_the_number_of_equally_used_directions(rank):
    rows = 8 * 5
    directions = torch.linalg.qr(randn(16, 16)).Q[:rank]
    used = torch.eye(rank)[torch.arange(rows) % rank] @ directions
    if rows % rank:
        used = used[: rows // rank * rank]
    vectors = used.unsqueeze(0).expand(2, -1, -1)
    assert latents.effective_rank(vectors).item() == pytest.approx(rank, rel=1e-3)


def test_alignment_and_uniformity_are_those_of_loops():
    vectors = randn(3, 6, 4)
    units = (vectors / vectors.norm(dim=-1, keepdim=True)).double()
    pairs = [(0, 1), (0, 2), (1, 2)]
    apart = [
        sum(float(((units[i, r] - units[j, r]) ** 2).sum()) for r in range(6)) / 6 for i, j in pairs
    ]
    assert latents.alignment(vectors).item() == pytest.approx(sum(apart) / 3, rel=1e-5)
    values = []
    for view in units:
        potentials = [
            math.exp(-2 * float(((view[r] - view[s]) ** 2).sum()))
            for r in range(6)
            for s in range(r)
        ]
        values.append(math.log(sum(potentials) / len(potentials)))
    assert latents.uniformity(vectors).item() == pytest.approx(sum(values) / 3, rel=1e-5)
