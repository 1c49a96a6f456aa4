"""The trained model as one file: weights as safetensors, with the recipe that built it."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

import sslse
from sslse.api import Decoder, Encoder
from sslse.build import build_network
from sslse.errors import RunError
from sslse.recipe import Recipe
from sslse.registry import Registry


def save_bundle(path: Path, encoder: Encoder, decoder: Decoder, recipe: Recipe) -> None:
    """Write encoder and decoder with the recipe in the file's metadata."""
    tensors = {
        f"{part}.{name}": value.detach().cpu().contiguous()
        for part, module in (("encoder", encoder), ("decoder", decoder))
        for name, value in module.state_dict().items()
    }
    partial = path.with_name(f"{path.name}.partial")
    metadata = {"sslse": sslse.__version__, "recipe": recipe.to_yaml()}
    save_file(tensors, partial, metadata=metadata)
    partial.replace(path)


def load_bundle(
    path: Path, recipe: Recipe, registry: Registry, device: torch.device
) -> tuple[Encoder, Decoder]:
    """Build the network of a recipe and give it the weights of a bundle.

    Raises:
        RunError: the file is missing, unreadable, or of another network.
    """
    encoder, decoder = build_network(recipe, registry)
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        for part, module in (("encoder", encoder), ("decoder", decoder)):
            prefix = f"{part}."
            state = {
                name.removeprefix(prefix): value
                for name, value in tensors.items()
                if name.startswith(prefix)
            }
            module.load_state_dict(state)
    except (OSError, SafetensorError, RuntimeError) as error:
        message = " ".join(str(error).split())[:300]
        raise RunError(f"{path}: cannot be loaded: {message}") from error
    return encoder.to(device), decoder.to(device)
