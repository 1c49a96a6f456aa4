"""Take this machine's places out of what goes to others: paths and addresses."""

import re
from typing import Any

from sslse.errors import ExportError
from sslse.recipe import layout

LEFT_OUT = "<left out>"
# A path or address runs to the end of its text: it may have spaces.
_PLACE = re.compile(
    r"(?:^|(?<=[\s=:,;'\"`(\[{<]))(?:~\w*/|~$|/(?=\S)|[A-Za-z]:[\\/]|\\\\|\w[\w+.-]*://).*",
    re.DOTALL,
)
_OPTIONS = ("root", "file")  # of corpora: a place even where it is relative
_CORPORA = (("data", "speech"), ("data", "noise"))
_NETWORK = ("encoder", "decoder")


def without_places(value: Any) -> Any:
    """Replace paths and addresses in the texts of a JSON value, keys included."""
    if isinstance(value, dict):
        return {without_places(key): without_places(one) for key, one in value.items()}
    if isinstance(value, list):
        return [without_places(one) for one in value]
    return _PLACE.sub(LEFT_OUT, value) if isinstance(value, str) else value


def portable_recipe(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a recipe that names no place of this machine.

    The cache folder and the loggers are left out, which change no number; a corpus' path becomes a
    variable, ``${SPEECH_ROOT}``, and so does any other option that holds a place.

    Args:
        plain: as `sslse.recipe.Recipe.plain` gives it.

    Raises:
        ExportError: the network has such an option: it could not be built elsewhere.
    """
    kept = {key: one for key, one in plain.items() if key != "loggers"}
    if isinstance(kept.get("data"), dict):
        kept["data"] = {key: one for key, one in kept["data"].items() if key != "cache"}
    return {key: _portable(one, (key,)) for key, one in kept.items()}


def _portable(value: Any, path: layout.Path) -> Any:
    if isinstance(value, dict):
        return {key: _portable(one, (*path, key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_portable(one, (*path, place)) for place, one in enumerate(value)]
    of_corpus = path[:2] in _CORPORA and path[-1] in _OPTIONS
    if not isinstance(value, str) or not (of_corpus or _PLACE.search(value)):
        return value
    if path[0] in _NETWORK:
        raise ExportError(
            f"{layout.show_path(path)}: {value!r} is a place of this machine, so that the network "
            "could not be built elsewhere; possible: a component whose options hold no path"
        )
    named = path[1:] if path[0] == "data" else path
    return "${" + re.sub(r"\W", "_", "_".join(map(str, named))).upper() + "}"
