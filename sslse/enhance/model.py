"""A trained model, to be used: enhance waves, encode them, follow a stream."""

from pathlib import Path

import numpy as np
import torch

from sslse.bundle import Enhancer, load_bundle, read_about
from sslse.defaults import own_defaults
from sslse.device import choose_device
from sslse.enhance.pieces import LEAST_FRAMES
from sslse.enhance.rates import Resampling
from sslse.enhance.stream import Stream
from sslse.enhance.waves import Wave, as_given, to_rows
from sslse.errors import DataError, RunError
from sslse.recipe import NetworkRecipe, check_network
from sslse.recipe.reader import read_text
from sslse.registry import Registry, did_you_mean, discover
from sslse.run_folder import MODEL

PACKAGED = Path(__file__).parents[1] / "models"
ENDING = ".safetensors"
ROWS_AT_ONCE = 16


class Model:
    """A trained encoder and decoder.

    Args:
        enhancer: both, in evaluation mode.
        recipe: what decides the network.
        path: the file it was loaded from.

    Attributes:
        sample_rate: that the network works at, in Hz; other rates are resampled.
    """

    def __init__(self, enhancer: Enhancer, recipe: NetworkRecipe, path: Path) -> None:
        self.enhancer = enhancer
        self.recipe = recipe
        self.path = path
        self.sample_rate = recipe.data.sample_rate

    @property
    def causal(self) -> bool:
        """Whether a stream is enhanced frame by frame."""
        return self.enhancer.causal

    def enhance(self, wave: Wave, sample_rate: int) -> Wave:
        """Enhance waves of any length, each for itself.

        Args:
            wave: (samples,) or (..., samples), floating point, in about [-1, 1].
            sample_rate: theirs, in Hz.

        Returns:
            The same shape, type, precision and device.

        Raises:
            DataError: no floating point, samples that are not finite, a shape that looks like
                (samples, channels), or no such sample rate.
        """
        rows = to_rows(wave)
        enhanced = np.empty_like(rows)
        for first in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[first : first + ROWS_AT_ONCE]
            stream = self.stream(sample_rate, len(some))
            parts = [stream.push(some), stream.finish()]
            enhanced[first : first + ROWS_AT_ONCE] = np.concatenate(parts, axis=1)
        return as_given(enhanced.reshape(wave.shape), wave)

    @own_defaults()
    @torch.no_grad()  # not inference_mode: its tensors train nothing that is put on top
    def encode(self, wave: Wave, sample_rate: int) -> Wave:
        """Give the latents of whole waves: the encoder alone, as a feature extractor.

        Args:
            wave: (samples,) or (..., samples), floating point; resampled to the model's rate,
                silence fills the last frame and waves of fewer than eight.
            sample_rate: theirs, in Hz.

        Returns:
            (..., dim, frames), of the same type, precision and device; a frame has
            ``enhancer.encoder.stride`` samples at ``sample_rate`` of the model.

        Raises:
            DataError: no samples, no floating point, or samples that are not finite.
        """
        rows = to_rows(wave)
        if not rows.size:
            raise DataError(f"a wave of shape {tuple(wave.shape)} has no samples to encode")
        resampled = Resampling(sample_rate, self.sample_rate, len(rows)).push(rows, last=True)
        encoder = self.enhancer.encoder
        frames = -(-resampled.shape[-1] // encoder.stride)
        more = max(frames, LEAST_FRAMES) * encoder.stride - resampled.shape[-1]
        padded = torch.tensor(np.pad(resampled, ((0, 0), (0, more))))
        latent = encoder(padded.to(next(encoder.parameters()).device))[..., :frames].cpu()
        return as_given(latent.reshape(*wave.shape[:-1], *latent.shape[1:]).numpy(), wave)

    def stream(self, sample_rate: int, channels: int = 1) -> Stream:
        """Start a stream: chunks of any size, enhanced as they come.

        Args:
            sample_rate: of the sound, in Hz.
            channels: of the sound, each enhanced for itself.

        Raises:
            DataError: no such sample rate or number of channels.
        """
        return Stream(self.enhancer, self.sample_rate, sample_rate, channels)


def packaged_models() -> list[str]:
    """Return the names of the models that are shipped."""
    return sorted(path.stem for path in PACKAGED.glob(f"*{ENDING}"))


def find_model(text: str | Path) -> Path:
    """Return the file of a model: a run or bundle folder, a ``.safetensors`` file, a shipped name.

    Raises:
        RunError: there is none.
    """
    path = Path(text)
    if path.is_file():
        return path
    if (path / MODEL).is_file():
        return path / MODEL
    if str(text) in packaged_models():
        return PACKAGED / f"{text}{ENDING}"
    kinds = ["a run directory", "a bundle", f"a {ENDING} file", *packaged_models()]
    possible = f"{', '.join(kinds[:-1])} or {kinds[-1]}"
    if path.is_dir():
        raise RunError(
            f"{path}: has no {MODEL}: no bundle, and no run that is trained to its end; possible: "
            f"{possible}"
        )
    near = did_you_mean(str(text), packaged_models())
    raise RunError(f"{text}: no such model{near} (possible: {possible})")


@own_defaults()
def load(
    path: str | Path, *, device: str | torch.device = "auto", registry: Registry | None = None
) -> Model:
    """Load a trained model.

    Args:
        path: a run directory, a bundle, a ``.safetensors`` file, or the name of a shipped model
            (``demo``, ``demo_streaming``).
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, or a torch device.
        registry: the components; None discovers those that are installed.

    Raises:
        RunError: there is no such model, or it is damaged.
        RecipeError: its network needs components that are not installed.
    """
    file = find_model(path)
    _, text = read_about(file)
    components = discover() if registry is None else registry
    recipe = check_network(read_text(text, f"{file}: recipe"), components)
    place = choose_device(device) if isinstance(device, str) else device
    return Model(load_bundle(file, recipe, components, place), recipe, file)
