"""The trained model as one file: weights as safetensors, with the recipe that built it."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

import sslse
from sslse.api import Decoder, Encoder, Reach
from sslse.atomic import write_whole
from sslse.build import build_network
from sslse.errors import RunError
from sslse.nn.memory import Memory
from sslse.recipe import NetworkRecipe, Recipe
from sslse.registry import Registry

KEY = "sslse"  # of the metadata
GAIN = "gain"


def save_bundle(
    path: Path, encoder: Encoder, decoder: Decoder, recipe: Recipe, *, gain: float = 1.0
) -> None:
    """Write encoder and decoder, and their gain, with the recipe in the file's metadata."""
    state = Enhancer(encoder, decoder, gain).state_dict()
    tensors = {name: value.cpu().clone() for name, value in state.items()}
    # One entry: the library writes several in no fixed order, and equal models give equal files.
    about = json.dumps({"version": sslse.__version__, "recipe": recipe.to_yaml()})
    write_whole(path, save(tensors, metadata={KEY: about}))


class Enhancer(nn.Module):
    """Encoder and decoder, trained: noisy waves (batch, samples) to enhanced ones.

    Args:
        encoder: wave to latent.
        decoder: latent to wave.
        gain: of what the decoder gives (`sslse.calibration`); a buffer, saved with the weights.
    """

    gain: Tensor

    def __init__(self, encoder: Encoder, decoder: Decoder, gain: float = 1.0) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.register_buffer("gain", torch.tensor(gain, dtype=torch.float32))

    @property
    def reach(self) -> Reach | None:
        """The frames of the noisy wave that a frame of the enhanced one depends on; None: all."""
        if self.encoder.reach is None or self.decoder.reach is None:
            return None
        return self.encoder.reach + self.decoder.reach

    @property
    def causal(self) -> bool:
        """Whether `forward` takes a memory."""
        return self.encoder.causal and self.decoder.causal

    def forward(self, noisy: Tensor, memory: Memory | None = None) -> Tensor:
        """Enhance noisy waves; their length is a multiple of the encoder's stride.

        Args:
            noisy: (batch, samples).
            memory: of the stream that they are the next piece of; for a `causal` network only.
        """
        more = () if memory is None else (memory,)
        # Copies: a network that scales its input in place would change the mixture that is scored.
        latent = self.encoder(noisy.clone(), *more)
        enhanced: Tensor = self.decoder(latent, noisy.clone(), *more)
        return enhanced * self.gain


def read_about(path: Path) -> tuple[str, str]:
    """Return the version of sslse that wrote a bundle, and the recipe in it, as YAML.

    Raises:
        RunError: the file is missing, unreadable, or none that sslse has written.
    """
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})[KEY])
        return str(about["version"]), str(about["recipe"])
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise RunError(
            f"{path}: has no recipe in it, so that its network cannot be built; possible: a "
            "model.safetensors that 'sslse run' or 'sslse export' has written"
        ) from error


def load_bundle(
    path: Path, recipe: NetworkRecipe, registry: Registry, device: torch.device
) -> Enhancer:
    """Build the network of a recipe and give it the weights of a bundle.

    Raises:
        RunError: the file is missing, unreadable, or of another network.
    """
    enhancer = Enhancer(*build_network(recipe, registry))
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        tensors.setdefault(GAIN, torch.ones(()))  # of files from before there was one
        enhancer.load_state_dict(tensors)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise _unreadable(path, error) from error
    return enhancer.to(device).eval()


def _unreadable(path: Path, error: Exception) -> RunError:
    message = " ".join(str(error).split())[:300]
    return RunError(f"{path}: cannot be loaded: {message}")
