"""Enhanced waves that wait to be scored, kept on the disk so that no kill loses their scores."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sslse.api import Samples
from sslse.atomic import write_whole

FOLDER = "unscored"
_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Enhanced:
    """What the model made of the mixtures at a step.

    Args:
        step: steps taken.
        seconds: of training until then.
        waves: (mixtures, samples), float32.
    """

    step: int
    seconds: float
    waves: Samples


class Unscored:
    """One file a step; it stays until its scores are written.

    Args:
        folder: of the files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, enhanced: Enhanced) -> None:
        """Keep the waves of a step.

        Raises:
            OSError: the file cannot be written; the error names it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        about = {"seconds": repr(enhanced.seconds)}
        write_whole(self._path(enhanced.step), save({"waves": enhanced.waves}, metadata=about))

    def remove(self, step: int) -> None:
        """Drop the waves of a step."""
        self._path(step).unlink(missing_ok=True)

    def steps(self) -> list[int]:
        """List the steps whose waves are kept, in their order."""
        names = [path.stem for path in self._folder.glob(f"*{_SUFFIX}")]
        return sorted(int(name) for name in names if name.isdigit())

    def read(self, step: int) -> Enhanced | None:
        """Return the waves of a step; None where the file is damaged."""
        try:
            with safe_open(self._path(step), framework="numpy") as file:
                waves: Samples = np.asarray(file.get_tensor("waves"), np.float32)
                return Enhanced(step, float(file.metadata()["seconds"]), waves)
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None

    def _path(self, step: int) -> Path:
        return self._folder / f"{step}{_SUFFIX}"
