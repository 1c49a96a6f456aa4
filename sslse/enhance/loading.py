"""What a process needs to load the model."""

from dataclasses import dataclass
from pathlib import Path

from sslse.enhance.model import Model, load
from sslse.registry import Registry, discover


@dataclass(frozen=True)
class ModelSource:
    """Where a model comes from; a process is given this and not the model.

    Args:
        name: as of `sslse.enhance.model.load`.
        device: to compute on.
        plugins: one-file plugins.
    """

    name: str
    device: str = "auto"
    plugins: tuple[Path, ...] = ()

    def load(self, registry: Registry | None = None) -> Model:
        """Load it.

        Args:
            registry: the components; None discovers them.

        Raises:
            SslseError: it cannot be loaded.
        """
        return load(self.name, device=self.device, registry=registry or discover(self.plugins))
