"""A trained model as a folder that others can load: weights, recipe, card, what the run found."""

import json
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save

from sslse.atomic import write_whole
from sslse.bundle import KEY
from sslse.evaluate.results import SUMMARY
from sslse.export.card import card
from sslse.export.subject import Subject
from sslse.run_folder import MATERIAL, MODEL, PROVENANCE, RECIPE

CARD = "README.md"  # what the Hugging Face hub shows


def write_bundle(subject: Subject, folder: Path, licence: str | None) -> None:
    """Fill a folder with a model and what is known about it, without places of this machine.

    Args:
        subject: the model.
        folder: empty.
        licence: an id as the hub has them; None: not stated.
    """
    with safe_open(subject.model.path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    about = json.dumps({"version": subject.version, "recipe": subject.recipe_text})
    write_whole(folder / MODEL, save(tensors, metadata={KEY: about}))
    write_whole(folder / RECIPE, subject.recipe_text)
    write_whole(folder / CARD, card(subject, licence))
    for name, content in (
        (SUMMARY, subject.evaluation),
        (PROVENANCE, subject.provenance),
        (MATERIAL, subject.material),
    ):
        if content is not None:
            text = json.dumps(content, indent=2, ensure_ascii=False)
            write_whole(folder / name, text + "\n")
