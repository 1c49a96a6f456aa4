"""What ``import sslse`` offers: load a model, follow a stream, read and run a recipe."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from sslse.defaults import own_defaults
from sslse.device import choose_device
from sslse.enhance import model
from sslse.enhance.model import Model
from sslse.enhance.stream import Stream
from sslse.errors import RunError
from sslse.recipe import Recipe
from sslse.recipe import load_recipe as read_recipe
from sslse.recipe.model import as_set
from sslse.registry import discover
from sslse.run import Display, run

Device = str | torch.device
Files = Sequence[str | Path]


def load(path: str | Path, *, device: Device = "auto", plugins: Files = ()) -> Model:
    """Load a trained model.

    Args:
        path: a run directory, a bundle, a ``.safetensors`` file, or the name of a shipped model.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, or a torch device.
        plugins: one-file plugins that its network needs.

    Raises:
        RunError: there is no such model, it is damaged, or there is no such device.
        RecipeError: its network needs components that are not installed.
    """
    return model.load(path, device=device, registry=discover(_paths(plugins)))


def stream(
    model: Model | str | Path,
    sample_rate: int,
    channels: int = 1,
    *,
    device: Device = "auto",
    plugins: Files = (),
) -> Stream:
    """Start a stream: chunks of any size, enhanced as they come.

    Args:
        model: that is loaded, or what `load` takes.
        sample_rate: of the sound, in Hz.
        channels: of the sound, each enhanced for itself.
        device: to load it on; a model that is loaded stays where it is.
        plugins: one-file plugins that its network needs.

    Returns:
        ``push`` takes a chunk and gives what is enhanced by now, ``finish`` gives what is left;
        ``latency_ms`` says how long a sample waits.

    Raises:
        RunError, RecipeError: as `load`, or a device for a model that is loaded.
        DataError: no such sample rate or number of channels.
    """
    if not isinstance(model, Model):
        model = load(model, device=device, plugins=plugins)
    elif device != "auto" or plugins:
        raise RunError(
            f"{model.path}: is loaded already; give device and plugins to sslse.load, or the path "
            "in place of the model"
        )
    return model.stream(sample_rate, channels)


def load_recipe(
    recipe: str | Path,
    *,
    data: str | Path | Files = (),
    sets: str | Sequence[str] | Mapping[str, Any] = (),
    plugins: Files = (),
) -> Recipe:
    """Read, compose and check a recipe, as ``sslse run`` does.

    Args:
        recipe: a file, or the name of a packaged recipe.
        data: data profiles laid over it: files, or names of packaged ones.
        sets: options laid over that: ``{"train.epochs": 2}``, or texts ``"train.epochs=2"``.
        plugins: one-file plugins.

    Raises:
        RecipeError: listing every problem with file, line, path and what is possible.
        RegistryError: a plugin of ``plugins`` is missing or broken.
    """
    profiles = [data] if isinstance(data, str | Path) else data
    if isinstance(sets, Mapping):
        texts = [as_set(path, value) for path, value in sets.items()]
    else:
        texts = [sets] if isinstance(sets, str) else [*sets]
    registry = discover(_paths(plugins))
    return read_recipe(str(recipe), registry, data=[str(one) for one in profiles], sets=texts)


@own_defaults()
def run_recipe(
    recipe: Recipe,
    out: str | Path,
    *,
    device: Device = "auto",
    resume: bool = False,
    display: Display | None = None,
    plugins: Files = (),
) -> dict[str, Any]:
    """Train, evaluate and report: what ``sslse run`` does, to the very same numbers.

    In a script, call it below ``if __name__ == "__main__":``. Metrics are computed in processes
    that import the script; ``evaluate.workers: 1`` starts none.

    Args:
        recipe: from `load_recipe`.
        out: the run directory; one that exists is never overwritten.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, or a torch device.
        resume: continue what the directory holds.
        display: shows the run; None: nothing does.
        plugins: one-file plugins that the recipe was loaded with.

    Returns:
        What ``evaluation.json`` holds.

    Raises:
        SslseError: the recipe, the data or the directory cannot be used.
        BrokenOffError: the machine ended it; ``resume`` continues.
        Stopped: a signal ended it; ``resume`` continues.
    """
    files = _paths(plugins)
    threads = torch.get_num_threads()
    try:
        return run(
            recipe,
            discover(files),
            Path(out),
            device=choose_device(device) if isinstance(device, str) else device,
            display=Silence() if display is None else display,
            resume=resume,
            plugin_files=files,
        )
    finally:
        torch.set_num_threads(threads)  # train.threads is the run's, not the caller's


class Silence:
    """Shows nothing of a run."""

    def say(self, text: str) -> None:
        """Show no line."""

    def training(self, line: dict[str, Any], steps: int) -> None:
        """Show no logged line."""

    def evaluating(self, done: int, count: int) -> None:
        """Show no count."""


def _paths(files: Files) -> list[Path]:
    return [Path(one) for one in files]
