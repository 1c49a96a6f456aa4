import math

import pytest
import torch

from sslse.api import Encoder, Predictor, Progress, Views

VIEWS, BATCH, SAMPLES, STRIDE, DIM = 3, 4, 48, 8, 5


class LinearEncoder(Encoder):
    """Frames through one linear layer, in float64."""

    def __init__(self):
        super().__init__()
        self.dim, self.stride = DIM, STRIDE
        self.layer = torch.nn.Linear(STRIDE, DIM, dtype=torch.float64)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, wave):
        return self.layer(wave.unflatten(-1, (-1, STRIDE))).transpose(1, 2)


class LinearPredictor(Predictor):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(DIM, DIM, dtype=torch.float64)

    def forward(self, latent):
        return self.layer(latent.transpose(1, 2)).transpose(1, 2)


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return LinearEncoder()


@pytest.fixture
def predictor():
    torch.manual_seed(1)
    return LinearPredictor()


@pytest.fixture
def make_views(encoder):
    """Random views, encoded with gradient as the trainer does."""

    def make(views=2, utterance=range(BATCH)):
        batch = len(utterance)
        draws = torch.Generator().manual_seed(2)
        clean = torch.randn(batch, SAMPLES, generator=draws, dtype=torch.float64)
        noise = torch.randn(views, batch, SAMPLES, generator=draws, dtype=torch.float64)
        noisy = clean + noise
        latent = encoder(noisy.flatten(0, 1)).unflatten(0, noisy.shape[:2])
        return Views(clean.expand_as(noisy), noisy, latent, torch.tensor(utterance))

    return make


@pytest.fixture
def progress():
    return Progress(step=0, steps=10, steps_per_epoch=5)


@pytest.fixture
def slow_similarity():
    """The paper's similarity, written in loops over examples and frames."""

    def similarity(p, z, over):
        p, z = p.detach(), z.detach()
        values = []
        for b in range(p.shape[0]):
            pairs = [(p[b].mean(-1), z[b].mean(-1))]
            if over == "frame":
                pairs = [(p[b, :, frame], z[b, :, frame]) for frame in range(p.shape[-1])]
            for x, y in pairs:
                dot = sum(float(u) * float(v) for u, v in zip(x, y, strict=True))
                lengths = sum(float(u) ** 2 for u in x) * sum(float(v) ** 2 for v in y)
                values.append(dot / lengths**0.5)
        return sum(values) / len(values)

    return similarity


@pytest.fixture
def slow_rows():
    """The vectors that a contrastive method compares, view by view: (utterance, unit vector)."""

    def rows(latent, utterance, over, head, frames=None):
        found = []
        for view in latent.detach():
            found.append([])
            for number, crop in zip(utterance.tolist(), view, strict=True):
                places = range(crop.shape[-1]) if frames is None else frames
                columns = [crop[:, place] for place in places]
                for one in columns if over == "frame" else [sum(columns) / len(columns)]:
                    mapped = head(one[None])[0].tolist()
                    length = math.sqrt(sum(value**2 for value in mapped))
                    found[-1].append((number, [value / length for value in mapped]))
        return found

    return rows


@pytest.fixture
def slow_info_nce():
    """Minus the log of the positive's share, in loops; negatives of the same utterance left out."""

    def info_nce(query, key, negatives, temperature):
        def weight(other):
            dot = sum(u * v for u, v in zip(query[1], other[1], strict=True))
            return math.exp(dot / temperature)

        total = weight(key) + sum(weight(one) for one in negatives if one[0] != query[0])
        return -math.log(weight(key) / total)

    return info_nce
