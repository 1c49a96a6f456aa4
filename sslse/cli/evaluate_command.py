"""``sslse evaluate``."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sslse.cli import completion
from sslse.cli.manual import STOPS, Manual
from sslse.cli.options import (
    common_options,
    device_option,
    find_components,
    overlay_options,
    quieten_ranks,
)

if TYPE_CHECKING:
    from sslse.recipe import Recipe
    from sslse.registry import Registry

A_MODEL = "evaluate MODEL [--manifest FILE] [--data PROFILE] [-o NAME] [--export DIR]"
MIXTURES = "evaluate --manifest FILE --data PROFILE --export DIR"
FILES = "evaluate --enhanced DIR --manifest EXPORTED/manifest.json -o OUT"
DEFAULTS = "quickstart"  # whose metrics and baselines are taken where there is no run
SETTABLE = "evaluate."


@click.command(
    "evaluate",
    cls=Manual,
    reads="MODEL, and the test part of its corpora; or a manifest and the files of --enhanced.",
    writes="Scores (evaluation.json, .csv) and the report into the run, or beside its own into "
    "evaluations/NAME there; of no run into the folder of -o; with --export audio and "
    "manifest.json into DIR.",
    exits=STOPS,
    examples=(
        (
            "on other corpora, into runs/byol/evaluations/timit_nonspeech",
            "sslse evaluate runs/byol --data timit_nonspeech",
        ),
        (
            "with fewer metrics, into runs/byol/evaluations/quick",
            "sslse evaluate runs/byol --set evaluate.metrics=[si_sdr] -o quick",
        ),
        ("a shipped model", "sslse evaluate demo --data librispeech --data demand -o scores"),
        ("the test mixtures as audio", "sslse evaluate runs/byol --export mixtures"),
        (
            "score what another tool made of mixtures/noisy",
            "sslse evaluate --enhanced theirs --manifest mixtures/manifest.json -o scores",
        ),
    ),
)
@click.argument(
    "run",
    metavar="[MODEL]",
    type=click.Path(path_type=Path),
    required=False,
    shell_complete=completion.models,
)
@click.option(
    "--manifest",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Take the test mixtures of this manifest.json instead of those planned for MODEL.",
)
@click.option(
    "--export",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write the test mixtures as audio, clean and noisy, instead of scoring.",
)
@click.option(
    "--enhanced",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Score files that another tool made of exported noisy ones; same names.",
)
@click.option(
    "-o",
    "--out",
    metavar="NAME",
    type=click.Path(path_type=Path),
    help="Name of the evaluation within the run; by default what is asked besides the run, as "
    "--data. With --enhanced and models that are no run: the folder to write.",
)
@overlay_options
@device_option
@common_options
def command(
    run: Path | None,
    manifest: Path | None,
    export: Path | None,
    enhanced: Path | None,
    out: Path | None,
    data: tuple[str, ...],
    sets: tuple[str, ...],
    device: str,
    plugins: tuple[Path, ...],
) -> None:
    """Score the trained model MODEL, again or on other mixtures.

    MODEL is a run directory, a bundle, a .safetensors file or the name of a shipped model. Nothing
    is overwritten but the very same evaluation. Or write test mixtures as audio (--export), or
    score what another tool made of them (--enhanced). Only evaluate.* may be --set.
    """
    if wrong := [one for one in sets if not one.startswith(SETTABLE)]:
        raise click.UsageError(f"--set {wrong[0]}: only {SETTABLE}* can be set here")
    _refuse_combinations(run, manifest, export, enhanced, out, data)
    quieten_ranks()
    registry = find_components(plugins)
    if enhanced is not None and manifest is not None and out is not None:
        recipe = _recipe(DEFAULTS, registry, manifest, data, sets)
        _score_files(recipe, registry, enhanced, manifest, out, plugins)
        return
    if run is None:
        recipe = _recipe(DEFAULTS, registry, manifest, data, sets)
    else:
        recipe = _recipe_of(run, registry, data, sets)
    if manifest is not None:
        recipe = _mixed_as(recipe, manifest)
    if export is not None:
        _export(recipe, registry, manifest, export, whole=run is None, device=device)
    elif run is not None and not _is_run(run):
        _score_model(recipe, registry, run, manifest, out, device, plugins)
    elif run is not None:
        asked = data, sets, None if out is None else str(out)
        _score_run(recipe, registry, run, manifest, asked, device, plugins)


def _refuse_combinations(
    run: Path | None,
    manifest: Path | None,
    export: Path | None,
    enhanced: Path | None,
    out: Path | None,
    data: tuple[str, ...],
) -> None:
    """Refuse what does not go together; each case has one sentence."""
    files, alone = enhanced is not None, run is None
    cases = (
        (files and not alone, "MODEL and --enhanced: give one of them, whose waves to score"),
        (files and export, "--export and --enhanced: first export, then score what was made of it"),
        (files and data, "--data and --enhanced: the exported audio is all that is needed"),
        (files and not manifest, "--enhanced needs --manifest, which --export has written"),
        (files and not out, "--enhanced needs -o, a folder for the scores"),
        (out and export, "-o names scores, and --export writes none"),
        (not files and alone and not manifest, "MODEL is missing: a run directory or a bundle"),
        (
            not files and alone and not export,
            "--manifest alone: give MODEL, or --export, or --enhanced",
        ),
        (
            not files and alone and not data,
            "--export of a manifest without MODEL needs --data, the corpora it was made from",
        ),
    )
    for wrong, sentence in cases:
        if wrong:
            raise click.UsageError(f"{sentence}\npossible: {A_MODEL}\n{MIXTURES}\n{FILES}")
    if run is not None:
        _refuse_place(run, out, data, export)


def _refuse_place(run: Path, out: Path | None, data: tuple[str, ...], export: Path | None) -> None:
    """Refuse a name that is none, and a model that is no run without what a run would tell."""
    from sslse.enhance.model import find_model
    from sslse.evaluate.named import NAME

    if not _is_run(run):
        find_model(run)
        for missing, words in (
            (not data, "--data, the corpora to test it on"),
            (not out and not export, "-o, a folder for the scores"),
        ):
            if missing:
                raise click.UsageError(f"{run}: is no run: give {words}")
    elif out is not None and not NAME.fullmatch(str(out)):
        raise click.UsageError(
            f"-o {out}: is to be the name of an evaluation within {run}; possible: letters, "
            "digits and .,=+-_"
        )


def _is_run(model: Path) -> bool:
    """Tell whether a model is a run directory or a bundle, which has its recipe beside it."""
    return (model / "recipe.yaml").is_file()


def _recipe(
    name: str,
    registry: "Registry",
    manifest: Path | None,
    data: tuple[str, ...],
    sets: tuple[str, ...],
) -> "Recipe":
    """Return a packaged recipe at the manifest's sample rate."""
    from sslse.evaluate.manifest import read_manifest
    from sslse.recipe import load_recipe

    rate = [] if manifest is None else [f"data.sample_rate={read_manifest(manifest).sample_rate}"]
    return load_recipe(name, registry, data=data, sets=[*sets, *rate])


def _recipe_of(
    run: Path, registry: "Registry", data: tuple[str, ...], sets: tuple[str, ...]
) -> "Recipe":
    """Return a run's recipe, with other corpora where they are given.

    For a model that is no run, a packaged one at the model's sample rate.
    """
    from sslse.recipe import load_recipe
    from sslse.run_folder import RECIPE, read_recipe

    if not _is_run(run):
        from sslse.bundle import read_about
        from sslse.enhance.model import find_model
        from sslse.recipe import check_network
        from sslse.recipe.reader import read_text

        file = find_model(run)
        network = check_network(read_text(read_about(file)[1], f"{file}: recipe"), registry)
        rate = f"data.sample_rate={network.data.sample_rate}"
        return load_recipe(DEFAULTS, registry, data=data, sets=[rate, *sets])
    if not data and not sets:
        return read_recipe(run, registry)
    own = f"data.sample_rate={read_recipe(run, registry).data.sample_rate}"
    return load_recipe(str(run / RECIPE), registry, data=data, sets=[own, *sets])


def _mixed_as(recipe: "Recipe", manifest: Path) -> "Recipe":
    """Return a recipe whose recordings are read as the manifest's mixtures were made of them."""
    from sslse.evaluate.manifest import read_manifest

    removed = read_manifest(manifest).remove_mean
    return replace(recipe, data=replace(recipe.data, remove_mean=removed))


def _score_run(
    recipe: "Recipe",
    registry: "Registry",
    run: Path,
    manifest: Path | None,
    asked: tuple[tuple[str, ...], tuple[str, ...], str | None],
    device: str,
    plugins: tuple[Path, ...],
) -> None:
    from sslse import ranks
    from sslse.build import open_material
    from sslse.cli.display import make_display, show_results
    from sslse.device import choose_device
    from sslse.evaluate.evaluation import measures_of
    from sslse.evaluate.manifest import plan_manifest, read_manifest
    from sslse.evaluate.named import choose_folder, default_name
    from sslse.evaluate.verify import verify
    from sslse.run import evaluate_run
    from sslse.run_lock import locked

    wanted = None if manifest is None else read_manifest(manifest)
    measures = measures_of(recipe, registry, plugins)
    data, sets, name = asked
    with (
        make_display() as display,
        ranks.joined(choose_device(device)) as own_device,
        locked(run) if ranks.main() else contextlib.nullcontext(),
    ):
        with ranks.main_first():
            material = open_material(recipe, registry, own_device, display.say)
        if wanted is not None:
            verify(wanted, material.test_speech, material.test_noise, str(manifest))
        into = choose_folder(
            run,
            name,
            default_name(data, sets, wanted),
            manifest=wanted
            or plan_manifest(material.test_speech, material.test_noise, recipe.evaluate),
            metrics=measures.metrics,
            baselines=measures.baselines,
        )
        summary = evaluate_run(
            recipe,
            registry,
            run,
            material,
            display=display,
            manifest=wanted,
            plugin_files=plugins,
            into=into,
        )
    if ranks.main():
        show_results(summary, into)


def _score_model(
    recipe: "Recipe",
    registry: "Registry",
    model: Path,
    manifest: Path | None,
    out: Path | None,
    device: str,
    plugins: tuple[Path, ...],
) -> None:
    """Score a model that is no run, into a folder."""
    from sslse import ranks
    from sslse.build import open_material
    from sslse.cli.display import make_display, show_results
    from sslse.device import choose_device
    from sslse.enhance.model import load
    from sslse.evaluate.evaluation import measures_of
    from sslse.evaluate.manifest import read_manifest
    from sslse.evaluate.named import refuse_overwriting
    from sslse.evaluate.verify import verify
    from sslse.run import evaluate_model
    from sslse.run_lock import locked

    into = out or Path()
    wanted = None if manifest is None else read_manifest(manifest)
    refuse_overwriting(into)
    measures_of(recipe, registry, plugins)  # refused before a corpus is packed
    with (
        make_display() as display,
        ranks.joined(choose_device(device)) as own_device,
        locked(into) if ranks.main() else contextlib.nullcontext(),
    ):
        with ranks.main_first():
            material = open_material(recipe, registry, own_device, display.say)
        if wanted is not None:
            verify(wanted, material.test_speech, material.test_noise, str(manifest))
        summary = evaluate_model(
            load(model, device=own_device, registry=registry),
            recipe,
            registry,
            material,
            into,
            display=display,
            manifest=wanted,
            plugin_files=plugins,
        )
    if ranks.main():
        show_results(summary, into)


def _export(
    recipe: "Recipe",
    registry: "Registry",
    manifest: Path | None,
    folder: Path,
    *,
    whole: bool,
    device: str,
) -> None:
    """Export mixtures: of any part of the corpora where there is no run that was trained on one."""
    from sslse.build import open_corpora, open_material
    from sslse.cli.display import make_display
    from sslse.device import choose_device
    from sslse.evaluate.export import export
    from sslse.evaluate.manifest import FILE, plan_manifest, read_manifest
    from sslse.evaluate.verify import verify

    with make_display() as display:
        place = choose_device(device)
        if whole:
            stores = open_corpora(recipe, registry, place, display.say)
            speech, noise = stores["speech"], stores["noise"]
        else:
            material = open_material(recipe, registry, place, display.say)
            speech, noise = material.test_speech, material.test_noise
        if manifest is None:
            wanted = plan_manifest(speech, noise, recipe.evaluate)
        else:
            wanted = read_manifest(manifest)
            verify(wanted, speech, noise, str(manifest))
        export(wanted, speech, noise, folder)
    click.echo(f"{folder / FILE}: {len(wanted.mixtures)} mixtures in clean/ and noisy/")


def _score_files(
    recipe: "Recipe",
    registry: "Registry",
    enhanced: Path,
    manifest: Path,
    out: Path,
    plugins: tuple[Path, ...],
) -> None:
    from sslse.cli.display import make_display, show_results
    from sslse.evaluate.evaluation import measures_of
    from sslse.evaluate.external import evaluate_files
    from sslse.provenance import describe_scoring
    from sslse.run_lock import locked

    measures = measures_of(recipe, registry, plugins)
    provenance = describe_scoring(recipe, registry)
    with locked(out), make_display() as display:
        summary = evaluate_files(
            enhanced, manifest, measures, out, provenance=provenance, watch=display.evaluating
        )
    show_results(summary, out)
