"""Self-supervised methods for speech enhancement, assembled from plugins.

Importing this package imports no torch: discovery and ``sslse list`` answer at once. What it offers
to Python is in `sslse.front`, which is imported when one of its names is first used.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = ["__version__", "load", "load_recipe", "run_recipe", "stream"]

if TYPE_CHECKING:
    from sslse.front import load, load_recipe, run_recipe, stream
else:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from sslse import front

        return getattr(front, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
