"""Examine an installation: what works, what is missing, what to do."""

import importlib.metadata
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sslse.errors import RegistryError, SslseError
from sslse.registry import SLOW_ADVICE, Component, Plugin, discover

OK, NOTE, PROBLEM = "ok", "note", "PROBLEM"
PYTHON = (3, 11)
EXTRAS = {"report": ("jinja2", "matplotlib"), "tensorboard": ("tensorboard",)}
TORCH = "pip install 'torch>=2.11,<2.15' 'torchaudio==2.11.0'"
METRICS = "pip install --force-reinstall --no-deps pesq pystoi"
SOUNDFILE = "pip install --force-reinstall --no-deps soundfile"
SSLSE = "pip install --force-reinstall --no-deps sslse"
_GIB, _MIB = 2**30, 2**20


@dataclass(frozen=True)
class Finding:
    """One thing examined.

    Args:
        mark: ``ok``, ``note`` or ``PROBLEM``.
        subject: what was examined.
        text: what was found.
        advice: what to do; empty where nothing is to be done.
    """

    mark: str
    subject: str
    text: str
    advice: str = ""


Check = Callable[[], Iterator[Finding]]


def examine(plugin_files: Sequence[Path] = ()) -> Iterator[Finding]:
    """Examine everything; a check that fails itself is a problem and hides no other.

    Args:
        plugin_files: one-file plugins to examine beside the installed ones.
    """
    checks: tuple[tuple[str, Check, str], ...] = (
        ("Python", _python, SSLSE),
        ("torch", _torch, TORCH),
        ("torchaudio", _torchaudio, TORCH),
        ("CUDA", _cuda, TORCH),
        ("soundfile", _soundfile, SOUNDFILE),
        ("metrics", _metrics, METRICS),
        ("extras", _extras, SSLSE),
        ("cache", _cache, SSLSE),
        ("plugins", lambda: _plugins(plugin_files), SSLSE),
    )
    for subject, check, advice in checks:
        try:
            yield from check()
        except SslseError as error:
            yield Finding(PROBLEM, subject, str(error))
        except Exception as error:  # noqa: BLE001 - whatever is broken must not hide the rest
            text = " ".join(str(error).split())
            yield Finding(PROBLEM, subject, f"{type(error).__name__}: {text}", advice)


def _python() -> Iterator[Finding]:
    version = sys.version_info[:3]
    text = ".".join(str(part) for part in version)
    if version < PYTHON:
        least = ".".join(str(part) for part in PYTHON)
        yield Finding(PROBLEM, "Python", text, f"install Python {least} or newer")
    else:
        yield Finding(OK, "Python", text)


def _torch() -> Iterator[Finding]:
    import torch

    yield Finding(OK, "torch", str(torch.__version__))


def _torchaudio() -> Iterator[Finding]:
    import numpy as np

    from sslse.audio import resample

    resample(np.zeros(100, np.float32), 8000, 16000)
    yield Finding(OK, "torchaudio", importlib.metadata.version("torchaudio"))


def _cuda() -> Iterator[Finding]:
    import torch

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    for number in range(count):
        device = torch.cuda.get_device_properties(number)
        memory = f"{device.total_memory / _GIB:.0f} GiB"
        yield Finding(OK, "CUDA", f"cuda:{number} {device.name}, {memory}")
    if count:
        return
    text = "none: runs use the CPU, which is fine for the small preset"
    if caught:
        reason = " ".join(str(caught[0].message).split())
        yield Finding(NOTE, "CUDA", text, f"torch says why: {reason}")
    else:
        yield Finding(NOTE, "CUDA", text)


def _soundfile() -> Iterator[Finding]:
    import soundfile

    library = soundfile.__libsndfile_version__
    yield Finding(OK, "soundfile", f"{soundfile.__version__} with libsndfile {library}")


def _metrics() -> Iterator[Finding]:
    """Score a pair of waves whose scores are known."""
    from sslse.evaluate.scoring import score
    from sslse.golden import EXPECTED, SAMPLE_RATE, golden_metrics, golden_pair

    clean, noisy = golden_pair()
    scores = score(golden_metrics(), clean, noisy, noisy, SAMPLE_RATE)
    right = []
    for name, (expected, tolerance) in EXPECTED.items():
        value = scores.values[name]
        if abs(value - expected) <= tolerance:
            right.append(f"{name} {value:.3f}")
            continue
        reason = scores.reasons.get(name, f"{value:.4f} where {expected:.4f} is expected")
        yield Finding(PROBLEM, f"metric {name}", reason, f"scores mean nothing: {METRICS}")
    if right:
        yield Finding(OK, "metrics", f"as expected: {', '.join(right)}")


def _extras() -> Iterator[Finding]:
    for extra, packages in EXTRAS.items():
        found, missing = [], []
        for package in packages:
            try:
                found.append(f"{package} {importlib.metadata.version(package)}")
            except importlib.metadata.PackageNotFoundError:
                missing.append(package)
        if missing:
            text = f"optional, not installed: {', '.join(missing)}"
            yield Finding(NOTE, f"extra {extra}", text, f"pip install 'sslse[{extra}]'")
        else:
            yield Finding(OK, f"extra {extra}", ", ".join(found))


def _cache() -> Iterator[Finding]:
    from sslse.data.packing import cache_folder

    folder = cache_folder(None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "name another folder in the environment variable SSLSE_CACHE"
        text = f"{folder}: cannot be written: {error.strerror}"
        yield Finding(PROBLEM, "cache", text, advice)
        return
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    yield Finding(OK, "cache", f"{folder}, {size / _MIB:.0f} MiB")


def _plugins(files: Sequence[Path]) -> Iterator[Finding]:
    """Discover plugins and import every component they name."""
    try:
        registry = discover(files)
    except RegistryError as error:
        yield Finding(PROBLEM, "plugin", str(error))
        registry = discover()
    by_plugin: dict[Plugin, list[Component]] = {}
    for component in registry.components.values():
        by_plugin.setdefault(component.plugin, []).append(component)
    for plugin, components in by_plugin.items():
        unusable = []
        for component in components:
            try:
                component.load()
            except RegistryError as error:
                unusable.append(str(error))
        for reason in unusable:
            yield Finding(PROBLEM, f"plugin {plugin}", reason, _mend(plugin))
        if not unusable:
            count = len(components)
            text = "1 component" if count == 1 else f"{count} components"
            if seconds := registry.slow.get(plugin):
                text += f"; took {seconds:.1f} s to import, in every command"
                yield Finding(NOTE, f"plugin {plugin}", text, SLOW_ADVICE)
            else:
                yield Finding(OK, f"plugin {plugin}", text)
    for one in registry.broken:
        yield Finding(PROBLEM, f"plugin {one.plugin}", one.reason, _mend(one.plugin))


def _mend(plugin: Plugin) -> str:
    owner = plugin.distribution
    if not plugin.version:
        return f"mend {owner}"
    return f"pip install --upgrade {owner}; or do without: pip uninstall {owner}"
