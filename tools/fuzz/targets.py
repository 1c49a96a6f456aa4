"""What is attacked: each target makes its seeds once, then runs one damaged case after another.

A case returns "accepted" or "refused" (one clear error); whatever else it raises is a finding.
"""

import copy
import hashlib
import io
import json
import os
import random
import resource
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import click.testing
import mutations
import numpy as np
import soundfile
import torch
import yaml

from sslse.audio import read_audio, resample
from sslse.cli import main
from sslse.corpora.folder import Folder
from sslse.corpora.manifest import Manifest
from sslse.errors import DataError, OptionError, RecipeError
from sslse.options import options_of
from sslse.recipe import load_recipe, packaged_recipes
from sslse.recipe.check import check_recipe
from sslse.recipe.reader import read_value
from sslse.registry import KINDS, discover
from sslse.scan.measure import measure

ACCEPTED, REFUSED = "accepted", "refused"
GREATEST_GROWTH_KB = 512 * 1024
RATE = 16000
_SHARED = runpy.run_path(str(Path(__file__).parents[2] / "tests" / "conftest.py"))
_TINY = _SHARED["TINY"]
_FORMATS = (
    *(("WAV", "PCM_16"), ("WAV", "FLOAT"), ("WAV", "IMA_ADPCM"), ("FLAC", "PCM_16")),
    *(("OGG", "VORBIS"), ("OGG", "OPUS"), ("NIST", "PCM_16"), ("NIST", "ULAW"), ("MP3", None)),
    *(("AIFF", "PCM_16"), ("AU", "PCM_16"), ("W64", "PCM_16"), ("RF64", "PCM_16")),
    *(("CAF", "PCM_16"), ("CAF", "ALAC_16")),
)

_ENDINGS = (".wav", ".WAV", ".flac", ".ogg", ".mp3", ".sph", ".aiff", ".raw", ".txt", "")

Case = Callable[[random.Random], str]


def audio(folder: Path) -> Case:
    """Read damaged files whole, in segments, and as a scan does; memory must not grow."""
    seeds = _sounds()
    sphere = next(one for one in seeds if one.startswith(b"NIST_1A"))
    seeds.append(sphere.replace(b"-s3 pcm", b"-s26 pcm,embedded-shorten-v2.00", 1))

    def case(draw: random.Random) -> str:
        path = folder / f"a{draw.choice(('.wav', '.flac', '.ogg', '.mp3', '.sph', '.raw', ''))}"
        path.write_bytes(mutations.damage_bytes(draw, draw.choice(seeds)))
        table = folder / "a.csv"
        start, seconds = draw.choice((("0.05", ""), ("0.01", "0.02"), ("1e9", "1"), ("0", "0.1")))
        table.write_text(f"path,split,start,seconds\n{path.name},train,{start},{seconds}\n")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            outcomes = [_read(path), _segment(table), _measured(path)]
        finally:
            path.unlink()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < GREATEST_GROWTH_KB, f"takes {grown} KB"
        return outcomes[0]

    return case


def _sounds() -> list[bytes]:
    """Return sound files of every kind, as they should be."""
    waves = np.random.default_rng(0).uniform(-0.5, 0.5, (3000, 2))
    return [
        _sound(waves[:, :channels], form, subtype)
        for channels in (1, 2)
        for form, subtype in _FORMATS
    ]


def _sound(waves: np.ndarray, form: str, subtype: str | None, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, waves, rate, format=form, subtype=subtype)
    return file.getvalue()


def enhance(folder: Path) -> Case:
    """Enhance odd and damaged inputs: nothing in them changes, and each that fails is told."""
    model, inputs, out = folder / "model.safetensors", folder / "in", folder / "out"
    _SHARED["save_tiny_model"](model)
    torch.set_num_threads(1)  # tiny tensors are slower on several
    sounds = _sounds()

    def case(draw: random.Random) -> str:
        inputs.mkdir()
        try:
            path = inputs / f"a{draw.choice(_ENDINGS)}"
            if draw.random() < 0.15:
                return _enhance_stream(model, _content(draw, sounds), draw)
            _make_odd(draw, path, sounds)
            given = [path]
            if draw.random() < 0.3:
                given.append(inputs / "good.wav")
                given[-1].write_bytes(sounds[0])
            return _enhance_files(model, given, out)
        finally:
            shutil.rmtree(inputs)
            shutil.rmtree(out, ignore_errors=True)

    return case


def _make_odd(draw: random.Random, path: Path, sounds: list[bytes]) -> None:
    """Make something that is no ordinary sound file, or that is."""
    match draw.randrange(12):
        case 0:
            path.mkdir()
            if draw.random() < 0.7:
                (path / f"b{draw.choice(_ENDINGS)}").write_bytes(_content(draw, sounds))
        case 1:
            os.mkfifo(path)
        case 2:
            path.symlink_to(draw.choice(("nowhere", path.name, "/dev/null", "/dev/zero")))
        case 3:
            (path.parent / "linked").write_bytes(draw.choice(sounds))
            path.symlink_to("linked")
        case 4:
            pass  # nothing there
        case _:
            path.write_bytes(_content(draw, sounds))


def _content(draw: random.Random, sounds: list[bytes]) -> bytes:
    """Return the bytes of a file: sound as it is, odd, cut, damaged, or none."""
    sound = draw.choice(sounds)
    kind = draw.randrange(10)
    if kind < 4:
        return _odd_sound(draw)
    if kind < 8:
        return mutations.damage_bytes(draw, sound)
    return sound if kind == 8 else sound[: draw.randrange(len(sound))]


def _odd_sound(draw: random.Random) -> bytes:
    frames = draw.choice((1, 2, 100, 3000))
    match draw.randrange(4):
        case 0:
            return draw.choice(
                (b"", b"\0", b"RIFF", b"no sound at all\n" * 99, draw.randbytes(999))
            )
        case 1:
            bad = draw.choice((np.nan, np.inf, -np.inf, 1e37, 3e38, 1e-42, 40.0))
            waves = np.full((frames, 2), 0.1)
            waves[draw.randrange(frames)] = bad
            form = draw.choice(("WAV", "AIFF", "AU", "CAF", "W64", "RF64"))
            return _sound(waves, form, draw.choice(("FLOAT", "DOUBLE")))
        case 2:
            channels = draw.choice((3, 8, 32, 256))
            waves = np.full((min(frames, 100), channels), 0.1)
            return _sound(waves, draw.choice(("WAV", "WAVEX", "AU")), "PCM_16")
        case _:
            rates = (1, 10, 999, 1000, 1001, 7919, 44101, 96_000, 384_000, 768_000, 768_001)
            rate = draw.choice((*rates, 2**31 - 1))
            return _sound(np.full((frames, 1), 0.1), "WAV", "PCM_16", rate)


def _enhance_files(model: Path, given: list[Path], out: Path) -> str:
    before = _bytes_below(given[0].parent)
    line = ["enhance", str(model), *map(str, given), "-o", str(out), "--device", "cpu"]
    outcome, said = _ended(line)
    assert _bytes_below(given[0].parent) == before, "an input changed"
    told = [one for one in said.stderr.splitlines() if one.strip()]
    assert bool(told) == (outcome == REFUSED), said.output
    if said.exit_code == 1:
        assert all(one.startswith(str(given[0].parent)) for one in told), said.stderr
        done = [one for one in said.stdout.splitlines() if " -> " in one]
        assert len(told) + len(done) == len(given), said.output  # each input has its line
    written = [one for one in out.rglob("*") if one.is_file()]
    for path in written:
        assert not path.name.endswith(".partial"), path
        source = next(one for one in given[0].parent.rglob(path.name) if one.is_file())
        was, now = soundfile.info(source), soundfile.info(path)
        for fact in ("format", "subtype", "endian", "samplerate", "channels"):
            assert getattr(was, fact) == getattr(now, fact), fact
    return outcome


def _enhance_stream(model: Path, content: bytes, draw: random.Random) -> str:
    raw = ["--raw", draw.choice(("s16le,16000,1", "u8,8000,3", "f32be,44100,2", "s24le,16000,9"))]
    line = ["enhance", str(model), "-", *(raw if draw.random() < 0.3 else []), "--device", "cpu"]
    outcome, said = _ended(line, content)
    assert len(said.stderr.splitlines()) == 1, said.stderr
    return outcome


def _bytes_below(folder: Path) -> dict[Path, str]:
    files = [one for one in folder.rglob("*") if one.is_file() and not one.is_symlink()]
    return {one: hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def _read(path: Path) -> str:
    try:
        samples, rate = read_audio(path)
        samples = resample(samples, rate, RATE)
    except DataError:
        return REFUSED
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert samples.size
    assert np.isfinite(samples).all()
    return ACCEPTED


def _segment(table: Path) -> str:
    corpus = Manifest(file=str(table))
    (recording,) = corpus.recordings()
    try:
        samples, _ = corpus.read(recording)
    except DataError:
        return REFUSED
    assert samples.size
    assert np.isfinite(samples).all()
    return ACCEPTED


def _measured(path: Path) -> str:
    try:
        measure(path, path.name)
    except DataError:
        return REFUSED
    return ACCEPTED


def recipes(folder: Path) -> Case:
    """Read damaged recipes; what is accepted must survive being written and read."""
    registry = discover()
    shipped = packaged_recipes()
    texts = [path.read_text(encoding="utf-8") for path in sorted(shipped.rglob("*.yaml"))]
    resolved = [load_recipe(name, registry) for name in ("quickstart", "byol_augmented", "swav")]
    trees = [one.plain() for one in resolved]
    texts += [one.to_yaml() for one in resolved]
    for one in ("data", "presets"):
        shutil.copytree(shipped / one, folder / one)

    def case(draw: random.Random) -> str:
        kind = draw.random()
        if kind < 0.4:
            text = mutations.damage_text(draw, draw.choice(texts))
        elif kind < 0.8:
            tree = mutations.damage_tree(draw, copy.deepcopy(draw.choice(trees)))
            text = yaml.safe_dump(tree, allow_unicode=draw.random() < 0.5)
        else:
            text = mutations.damage_text(draw, draw.choice(trees_as_json))
        content = text.encode("utf-8", "surrogatepass")
        if draw.random() < 0.15:
            content = mutations.damage_bytes(draw, content)
        path = folder / "case.yaml"
        path.write_bytes(content)
        try:
            recipe = load_recipe(str(path), registry)
        except RecipeError:
            return REFUSED
        again = check_recipe(read_value(recipe.to_yaml(), "again"), registry)
        assert again.plain() == recipe.plain()
        return ACCEPTED

    trees_as_json = [json.dumps(one, indent=1) for one in trees]
    return case


def tables(folder: Path) -> Case:
    """List and read what damaged manifests and list files say."""
    for name in ("a.wav", "b.wav"):
        (folder / "sub").mkdir(exist_ok=True)
        soundfile.write(folder / "sub" / name, np.ones(RATE) / 2, RATE)
    rows = [
        {
            "path": f"sub/{name}.wav",
            "split": split,
            "speaker": "ann",
            "start": start,
            "seconds": 0.2,
        }
        for name, split, start in (("a", "train", 0.1), ("a", "test", 0.5), ("b", "train", 0.0))
    ]
    table = ",".join(rows[0]) + "\n"
    table += "".join(",".join(str(one) for one in row.values()) + "\n" for row in rows)
    listed = "# parts\nsub/a.wav\n\nsub/b.wav\n"
    (folder / "test.txt").write_text("sub/b.wav\n")

    def corpus(draw: random.Random) -> Manifest | Folder:
        kind = draw.randrange(5)
        if kind == 0:
            (folder / "list.txt").write_bytes(_damaged(draw, listed))
            return Folder(root=str(folder), train="list.txt", test="test.txt")
        if kind == 1:
            names = ("root", "include", "test_pattern", "speaker", "kind", "group", "train", "test")
            options = {name: draw.choice(mutations.ODD_TEXTS) for name in draw.sample(names, 2)}
            return Folder(**{"root": str(folder), **options})
        if kind == 2:
            (folder / "list.csv").write_bytes(_damaged(draw, table))
            return Manifest(file=str(folder / "list.csv"))
        if kind == 3:
            lines = [json.dumps(mutations.damage_tree(draw, dict(row))) for row in rows]
            (folder / "list.jsonl").write_text("\n".join(lines))
        else:
            lines = [json.dumps(row) for row in rows]
            (folder / "list.jsonl").write_bytes(_damaged(draw, "\n".join(lines)))
        return Manifest(file=str(folder / "list.jsonl"))

    def case(draw: random.Random) -> str:
        try:
            made = corpus(draw)
            for recording in made.recordings():
                assert recording.source is not None
                assert recording.source.resolve().is_relative_to(folder.resolve())
                made.read(recording)
        except (DataError, OptionError):
            return REFUSED
        return ACCEPTED

    return case


def arguments(folder: Path) -> Case:
    """Give the command line odd arguments; a full run directory stops what is right."""
    (folder / "full").mkdir()
    (folder / "full" / "something").touch()
    registry = discover()
    parts = ("encoder", "decoder", "objective", "schedule", "data.speech", "augmentations.0")
    sections = ("train", "evaluate", "data")
    recipe = load_recipe("quickstart", registry)
    names = [f"train.{one.name}" for one in options_of(type(recipe.train))]
    paths = (*parts, *sections, *names, "preset", "name", "seed", "views", "extends", "")

    def odd(draw: random.Random) -> str:
        text = draw.choice((*mutations.ODD_TEXTS, *map(json.dumps, mutations.ODD_VALUES)))
        return text.replace("\0", "\udcff").replace("\ud800", "\udcff")  # what a shell can give

    def setting(draw: random.Random) -> str:
        path = draw.choice(paths)
        if draw.random() < 0.3:
            path += "." + draw.choice(("name", "tau", "0", "-1", "99", odd(draw)))
        return f"{path}{draw.choice(('=', '=', '=', '', '=='))}{odd(draw)}"

    def line(draw: random.Random) -> list[str]:
        kind = draw.randrange(10)
        if kind < 6:
            given = ["run", draw.choice(("quickstart", "quickstart", "byol", odd(draw)))]
            given += ["--out", "full"]
            for _ in range(draw.randrange(4)):
                given += ["--set", setting(draw)]
            if draw.random() < 0.3:
                given += ["--data", draw.choice(("demo", "folders", odd(draw)))]
            return given
        if kind < 8:
            shown = draw.choice((*KINDS, "recipe", odd(draw)))
            known = registry.names(shown) if shown in KINDS else ["byol"]
            return ["show", shown, draw.choice((*known, odd(draw)))]
        command = draw.choice(("evaluate", "probe", "list", "data", "run", "check", odd(draw)))
        return [command, *(odd(draw) for _ in range(draw.randrange(3)))]

    def case(draw: random.Random) -> str:
        return _exit(line(draw))

    return case


def builds(folder: Path) -> Case:
    """Build what tiny recipes with odd options describe, all that `check` does."""
    registry = discover()
    sets = [*_TINY, f"data.cache={folder}"]
    tree = load_recipe("quickstart", registry, sets=sets).plain()
    tree["data"]["cache"] = str(folder / "cache")

    def case(draw: random.Random) -> str:
        changed = copy.deepcopy(tree)
        part = draw.choice([key for key, one in changed.items() if isinstance(one, dict)])
        options = [key for key in changed[part] if not isinstance(changed[part][key], dict)]
        for key in draw.sample(options, min(2, len(options))):
            value = changed[part][key]
            if isinstance(value, bool | str) or value is None or draw.random() < 0.3:
                value = draw.choice(mutations.ODD_TEXTS)  # no great numbers: memory is another test
            elif isinstance(value, list):
                value = draw.choice((value * 2, value[:1], [*value, 0], [1e9, -1e9], []))
            else:
                value = draw.choice((0, 1, 2, 3, value + 1, value * 2, 0.5, 1e-300, -value))
            changed[part][key] = value
        (folder / "case.yaml").write_text(yaml.safe_dump(changed), "utf-8", "surrogateescape")
        return _exit(["check", str(folder / "case.yaml"), "--device", "cpu"])

    return case


def runs(folder: Path) -> Case:
    """Damage one file of a run directory, then evaluate, resume or probe it."""
    sets = [*_TINY, f"data.cache={folder / 'cache'}"]
    given = [part for one in sets for part in ("--set", one)]
    whole = folder / "whole"
    said = click.testing.CliRunner().invoke(
        main, ["run", "quickstart", *given, "--out", str(whole)]
    )
    assert said.exit_code == 0, said.output
    assert _exit(["probe", str(whole), "--mixtures", "16"]) == ACCEPTED
    files = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())

    def case(draw: random.Random) -> str:
        copied = folder / "copied"
        shutil.copytree(whole, copied)
        file = copied / draw.choice(files)
        file.write_bytes(_damaged(draw, file.read_bytes()))
        command = draw.randrange(4)
        try:
            if command == 0:
                return _exit(["evaluate", str(copied), "--device", "cpu"])
            if command == 1:
                return _exit(["probe", str(copied), "--mixtures", "16", "--device", "cpu"])
            if command == 2:
                (copied / "evaluation.json").unlink()
            else:
                (copied / "model.safetensors").unlink()
            return _exit(["run", "quickstart", *given, "--out", str(copied), "--resume"])
        finally:
            shutil.rmtree(copied)

    return case


def _damaged(draw: random.Random, content: str | bytes) -> bytes:
    """Damage the lines of a text, or the bytes of anything."""
    if isinstance(content, bytes):
        text = content.decode("utf-8", "surrogateescape")
        if draw.random() < 0.5:
            return mutations.damage_bytes(draw, content)
        return mutations.damage_text(draw, text).encode("utf-8", "surrogatepass")
    changed = mutations.damage_text(draw, content).encode("utf-8", "surrogatepass")
    return mutations.damage_bytes(draw, changed) if draw.random() < 0.3 else changed


def _exit(line: list[str]) -> str:
    """Run a command line; it must end with 0, 1 or 2 and no traceback."""
    return _ended(line)[0]


def _ended(line: list[str], given: bytes = b"") -> tuple[str, click.testing.Result]:
    result = click.testing.CliRunner().invoke(main, line, input=given)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise RuntimeError(f"sslse {line}") from result.exception
    assert result.exit_code in (0, 1, 2), f"exit code {result.exit_code}: {line}"
    assert "Traceback" not in result.output, line
    return (REFUSED if result.exit_code else ACCEPTED), result


TARGETS: dict[str, Callable[[Path], Case]] = {
    one.__name__: one for one in (audio, enhance, recipes, tables, arguments, builds, runs)
}
