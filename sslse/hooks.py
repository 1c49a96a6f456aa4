"""The door for plugins: one hook, found through the entry-point group ``sslse``."""

from collections.abc import Callable
from typing import Any, Protocol

import pluggy

GROUP = "sslse"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


class Add(Protocol):
    """Register one component under a kind and a name."""

    def __call__(
        self, kind: str, name: str, target: str | Callable[..., Any], *, summary: str
    ) -> None:
        """Add a component.

        Args:
            kind: one of `sslse.registry.KINDS`.
            name: the name recipes use.
            target: ``"package.module:Name"``, imported on first use; a one-file plugin may pass
                the class itself.
            summary: one line for ``sslse list``.
        """


@hookspec
def sslse_components(add: Add) -> None:
    """Name the components of a plugin by calling ``add`` once for each."""
