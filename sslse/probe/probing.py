"""Probe a trained run, beside its untrained encoder and other runs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from sslse.api import Encoder
from sslse.build import build_network, open_material
from sslse.bundle import load_bundle
from sslse.device import describe_device
from sslse.errors import RunError
from sslse.evaluate.results import read_summary
from sslse.probe.bootstrap import CONFIDENCE, RESAMPLES
from sslse.probe.linear import HELD_SHARE, PENALTIES
from sslse.probe.mixtures import SNR_DB, Sources
from sslse.probe.protocol import Watch, measure
from sslse.probe.results import write_probed
from sslse.provenance import versions
from sslse.recipe import Recipe
from sslse.registry import Registry
from sslse.report import REPORT, write_report
from sslse.run_folder import MODEL, differences, read_recipe

THIS = "this run"
UNTRAINED = "untrained"
# Entries of these sections that decide no sample of a mixture.
WITHOUT_EFFECT = ("data.cache", "data.strict")


def probe_run(
    folder: Path,
    registry: Registry,
    device: torch.device,
    *,
    against: Sequence[Path] = (),
    seed: int = 0,
    mixtures: int = 1000,
    say: Callable[[str], None] = lambda _: None,
    watch: Watch = lambda _done, _all: None,
) -> dict[str, Any]:
    """Ask what a run's latent knows; write ``probe.json`` and the report.

    Args:
        folder: the run directory, trained.
        registry: the installed components.
        device: to encode on.
        against: other runs with the same data, rate and test length, each a row beside this one.
        seed: of splits, mixtures and resamples; not the run's, so that runs can be compared.
        mixtures: to fit each probe on.
        say: takes lines for the user.
        watch: told how many waves are encoded, of how many.

    Returns:
        What ``probe.json`` holds.

    Raises:
        RunError: a run is not one, is not trained to its end, is given twice, or has other data.
        DataError: a corpus is unusable.
    """
    recipe = read_recipe(folder, registry)
    encoders = {THIS: _trained(folder, recipe, registry, device)}
    encoders[UNTRAINED] = build_network(recipe, registry)[0].to(device).eval()
    recipes = {THIS: recipe}
    for other in against:
        name = _name(other, encoders)
        recipes[name] = read_recipe(other, registry)
        _refuse_other_data(folder, recipe, other, recipes[name])
        encoders[name] = _trained(other, recipes[name], registry, device)
    material = open_material(recipe, registry, device, say)
    settings = recipe.evaluate
    sources = Sources(
        material.test_speech, material.test_noise, settings.samples, settings.batch_size
    )
    figures = measure(encoders, sources, settings, seed=seed, mixtures=mixtures, watch=watch)
    probed = {
        "encoders": {
            name: {"recipe": one.name, "objective": one.objective.name, "seed": one.seed}
            for name, one in {THIS: recipe, UNTRAINED: recipe, **recipes}.items()
        },
        "figures": figures,
        "settings": {
            "seed": seed,
            "mixtures": mixtures,
            "samples": settings.samples,
            "sample_rate": recipe.data.sample_rate,
            "snr_db": list(SNR_DB),
            "penalties": list(PENALTIES),
            "held_share": HELD_SHARE,
            "resamples": RESAMPLES,
            "confidence": CONFIDENCE,
        },
        "packages": versions(),
        "device": describe_device(device),
    }
    write_probed(folder, probed)
    if read_summary(folder) is None:
        say(f"note: no {REPORT}: {folder} is not evaluated; 'sslse evaluate' writes it")
    else:
        write_report(folder, say)
    return probed


def _trained(folder: Path, recipe: Recipe, registry: Registry, device: torch.device) -> Encoder:
    if not (folder / MODEL).is_file():
        raise RunError(f"{folder}: has no {MODEL}: it is not trained to its end; use --resume")
    return load_bundle(folder / MODEL, recipe, registry, device).encoder


def _name(folder: Path, taken: dict[str, Encoder]) -> str:
    """Name an encoder by its run directory, told apart from the two names that are fixed."""
    name = f"{folder}/" if str(folder) in (THIS, UNTRAINED) else str(folder)
    if name in taken:
        raise RunError(f"--against {folder}: is given twice")
    return name


def _refuse_other_data(folder: Path, recipe: Recipe, other: Path, others: Recipe) -> None:
    """Refuse a run whose test mixtures would be others, or not its own.

    Raises:
        RunError: the recipes differ in what decides mixtures.
    """
    found = [
        f"  {path}: {one!r} there, {another!r} here"
        for path, one, another in differences(_mixed_by(others), _mixed_by(recipe))
        if path not in WITHOUT_EFFECT
    ]
    if found:
        raise RunError(
            f"{other}: cannot be compared with {folder}, it has other mixtures; it differs in\n"
            + "\n".join(found)
        )


def _mixed_by(recipe: Recipe) -> dict[str, Any]:
    plain = recipe.plain()
    settings = {name: plain["evaluate"][name] for name in ("samples", "snr_db")}
    return {"data": plain["data"], "evaluate": settings}
