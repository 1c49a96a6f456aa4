"""An objective that compares utterances is refused a corpus in which there is but one."""

import numpy as np
import pytest
import soundfile
import torch

from sslse.errors import RecipeError
from sslse.prepare import prepare

CPU = torch.device("cpu")


@pytest.fixture
def alone(tmp_path):
    """A corpus with one training utterance, as a --set text."""
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
        wave = 0.1 * np.random.default_rng(len(part)).standard_normal(16000)
        soundfile.write(tmp_path / part / f"{part}.wav", wave, 16000)
    return f"data.speech={{name: folder, root: '{tmp_path}', train: train, test: test}}"


@pytest.mark.parametrize(
    "objective",
    [
        ("objective=simclr",),
        ("objective=moco_v2", "objective.queue=64"),
        ("objective=barlow_twins", "objective.over=utterance"),
        ("objective=swav", "objective.over=utterance"),
    ],
)
def test_no_negative_and_no_statistics_are_refused(tiny, registry, alone, objective):
    recipe = tiny(alone, "train.crops_per_utterance=8", *objective)
    with pytest.raises(RecipeError) as caught:
        prepare(recipe, registry, CPU, lambda _: None)
    name = recipe.objective.name
    assert str(caught.value).endswith(
        f"objective: {name} as set here compares utterances with each other, at least 2 of them, "
        "but the training part of the speech has 1; its loss would teach nothing"
    )


def test_what_compares_frames_or_views_alone_trains_on_one(tiny, registry, alone):
    recipe = tiny(alone, "train.crops_per_utterance=8", "objective=byol")
    assert prepare(recipe, registry, CPU, lambda _: None).trainer.steps
