"""The trained model as one file: weights as safetensors, with the recipe that built it."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

import sslse
from sslse.api import Decoder, Encoder
from sslse.atomic import write_whole
from sslse.build import build_network
from sslse.errors import RunError
from sslse.recipe import Recipe
from sslse.registry import Registry


def save_bundle(path: Path, encoder: Encoder, decoder: Decoder, recipe: Recipe) -> None:
    """Write encoder and decoder with the recipe in the file's metadata."""
    state = Enhancer(encoder, decoder).state_dict()
    tensors = {name: value.cpu().clone() for name, value in state.items()}
    # One entry: the library writes several in no fixed order, and equal models give equal files.
    about = json.dumps({"version": sslse.__version__, "recipe": recipe.to_yaml()})
    write_whole(path, save(tensors, metadata={"sslse": about}))


class Enhancer(nn.Module):
    """Encoder and decoder, trained: noisy waves (batch, samples) to enhanced ones."""

    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, noisy: Tensor) -> Tensor:
        """Enhance noisy waves; their length is a multiple of the encoder's stride."""
        enhanced: Tensor = self.decoder(self.encoder(noisy), noisy)
        return enhanced


def load_bundle(path: Path, recipe: Recipe, registry: Registry, device: torch.device) -> Enhancer:
    """Build the network of a recipe and give it the weights of a bundle.

    Raises:
        RunError: the file is missing, unreadable, or of another network.
    """
    enhancer = Enhancer(*build_network(recipe, registry))
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        enhancer.load_state_dict(tensors)
    except (OSError, SafetensorError, RuntimeError) as error:
        message = " ".join(str(error).split())[:300]
        raise RunError(f"{path}: cannot be loaded: {message}") from error
    return enhancer.to(device).eval()
