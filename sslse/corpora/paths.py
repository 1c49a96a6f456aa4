"""Keys of audio files: paths relative to a corpus's root, found below a folder or in a list.

A key is the same text on every machine: the UTF-8 of the file's name, whatever the locale, with
accents composed (NFC); macOS, zip files and other systems spell them decomposed (NFD).
"""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from sslse.audio import AUDIO_ENDINGS
from sslse.errors import DataError, OptionError
from sslse.wording import show_value

_NAMED_AT_MOST = 5


def user_path(text: str, option: str) -> Path:
    """Return a path with ``~`` and ``~name`` replaced by home folders.

    Raises:
        OptionError: there is no such user, or the system cannot hold or look at such a path.
    """
    try:
        path = Path(text).expanduser()
        path.exists()
    except RuntimeError as error:
        message = f"{show_value(text)} begins with the home of an unknown user"
        raise OptionError(message, option) from error
    except OSError as error:
        raise OptionError(f"{show_value(text)}: {error.strerror}", option) from error
    return path


def is_file(path: Path) -> bool:
    """Tell whether there is such a file; a path the system cannot hold is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def key_of(relative: str, root: Path) -> str:
    """Return the key of a path below a folder, as the system gives it.

    Raises:
        DataError: its bytes are not UTF-8.
    """
    try:
        return composed(os.fsencode(relative).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise DataError(f"{root}: the name {relative!a} is not UTF-8; rename the file") from error


def composed(text: str) -> str:
    """Return a text with accents as one character with their letter (NFC)."""
    return unicodedata.normalize("NFC", text)


def file_of(root: Path, key: str) -> Path:
    """Return the path of a key's file, in whichever spelling of accents it is there."""
    if key.isascii():
        return root / key
    spellings = [unicodedata.normalize(form, key) for form in ("NFC", "NFD")]
    paths = [root / os.fsdecode(one.encode("utf-8")) for one in (key, *spellings)]
    return next((path for path in paths if is_file(path)), None) or _respelled(root, key)


def _respelled(root: Path, key: str) -> Path:
    """Return a key's path part by part, where parts are spelled in more ways than one."""
    path = root
    for part in key.split("/"):
        plain = path / os.fsdecode(part.encode("utf-8"))
        there = path.iterdir() if path.is_dir() and not plain.exists() else ()
        path = next((one for one in there if _reads(one) == part), plain)
    return path


def _reads(path: Path) -> str:
    return composed(os.fsencode(path.name).decode("utf-8", "replace"))


def audio_below(folder: Path, root: Path) -> frozenset[str]:
    """Return the keys of all audio files below a folder of a corpus, hidden ones excepted.

    Raises:
        DataError: there is none, the folder lies outside root, a name is not UTF-8, or two differ
            in how accents are spelled alone.
    """
    folder_key = os.path.relpath(folder, root)
    if not _is_inside(folder_key):
        raise DataError(f"{folder}: lies outside {root}; possible: a folder below it")
    found = [Path(folder_key, path).as_posix() for path in _audio_files(folder)]
    spelled = [key_of(path, root) for path in found]
    keys = frozenset(spelled)
    if len(keys) < len(spelled):
        twice = sorted({key for key in keys if spelled.count(key) > 1})
        raise DataError(
            f"{root}: names of files that differ only in how accents are spelled (NFC and NFD): "
            f"{some(twice)}; remove or rename one of each"
        )
    if not keys:
        endings = ", ".join(sorted(AUDIO_ENDINGS))
        raise DataError(f"{folder}: no audio file in it; looked for {endings}")
    return keys


def audio_listed(list_path: Path, root: Path) -> frozenset[str]:
    """Return the keys a text file lists: a relative path a line, ``#`` begins a comment line.

    Raises:
        DataError: the list is not UTF-8 or empty, or names files that are missing or outside root.
    """
    try:
        lines = [line.strip() for line in list_path.read_text("utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise DataError(
            f"{list_path}: not a text file in UTF-8; a list names one file a line"
        ) from error
    paths = [os.path.normpath(line) for line in lines if line and not line.startswith("#")]
    if not paths:
        raise DataError(f"{list_path}: names no file")
    if outside := [path for path in paths if not _is_inside(path)]:
        raise DataError(
            f"{list_path}: outside {root}: {some(outside)}; possible: paths relative to it"
        )
    if missing := [path for path in paths if not is_file(file_of(root, path))]:
        raise DataError(f"{list_path}: not found below {root}: {some(missing)}")
    return frozenset(composed(Path(path).as_posix()) for path in paths)


def some(names: Sequence[str]) -> str:
    """Name up to five, and say how many more there are."""
    rest = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {rest} more" if rest > 0 else "")


def some_lines(lines: Sequence[str]) -> str:
    """Give up to five lines, and say in a last one how many more there are."""
    rest = len(lines) - _NAMED_AT_MOST
    return "\n".join([*lines[:_NAMED_AT_MOST], *([f"and {rest} more"] if rest > 0 else [])])


def _audio_files(folder: Path) -> Iterator[Path]:
    """Yield paths relative to the folder; links are followed, but no folder is entered twice."""
    entered = {os.path.realpath(folder)}
    for parent, folders, files in os.walk(folder, followlinks=True):
        visible = sorted(name for name in folders if not name.startswith("."))
        folders.clear()
        for name in visible:
            real = os.path.realpath(Path(parent, name))
            if real not in entered:
                entered.add(real)
                folders.append(name)
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in AUDIO_ENDINGS:
                yield Path(parent, name).relative_to(folder)


def _is_inside(relative: str) -> bool:
    path = Path(relative)
    return not path.is_absolute() and path.parts[:1] != ("..",)
