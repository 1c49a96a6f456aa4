"""What several test modules share."""

import math
import os

# One thread a process, also in those a test starts: tiny tensors are slower on several, and the
# processes of `pytest -n` would take each other's cores. Set before numpy and torch are imported.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from click.testing import CliRunner

from sslse.build import build_network
from sslse.bundle import save_bundle
from sslse.cli import main
from sslse.recipe import load_recipe
from sslse.registry import discover

TINY = (
    "encoder.dim=8",
    "encoder.channels=[4, 4]",
    "encoder.hidden=8",
    "encoder.head_dim=4",
    "encoder.heads=2",
    "encoder.blocks=1",
    "predictor.hidden=8",
    "predictor.head_dim=4",
    "predictor.heads=2",
    "decoder.channels=[4, 4]",
    "decoder.hidden=8",
    "decoder.head_dim=4",
    "decoder.heads=2",
    "decoder.blocks=1",
    "train.batch_size=24",
    "train.crop=1024",
    "train.crops_per_utterance=1",
    "train.epochs=4",
    "train.log_every=2",
    "train.checkpoint_seconds=0",
    "train.warmup_steps=2",
    "train.threads=1",
    "evaluate.utterances=2",
    "evaluate.snr_db=[0]",
    "evaluate.samples=8192",
    "evaluate.metrics=[si_sdr]",
    "evaluate.workers=1",
)


_SPEC = importlib.util.spec_from_file_location("tiers", Path(__file__).with_name("tiers.py"))
_tiers = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_tiers)


@pytest.fixture(scope="session")
def tiers():
    """Give the module that divides the tests into tiers."""
    return _tiers


def pytest_configure(config):
    _tiers.declare(config)


def pytest_report_header(config):
    return _tiers.said(config)


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(config, items):
    _tiers.divide(config, items)


@pytest.fixture(scope="session", autouse=True)
def nothing_by_the_clock():
    """Switch off what a busy machine would make happen: lines of progress, help by processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sslse.cli.display.PLAIN_SECONDS", math.inf)
        patch.setattr("sslse.data.packer.SAY_SECONDS", math.inf)
        patch.setattr("sslse.data.reading.ALONE_SECONDS", math.inf)
        patch.setattr("sslse.sweep.running.TELL_SECONDS", math.inf)
        yield


@pytest.fixture(scope="session")
def real_audio() -> Path:
    """Give the folder with timit/, nonspeech/ and speech/; skip where there is none."""
    folder = os.environ.get("SSLSE_REAL_AUDIO")
    if not folder:
        pytest.skip("needs real audio: SSLSE_REAL_AUDIO does not name its folder")
    return Path(folder)


@pytest.fixture(scope="session")
def registry():
    return discover()


@pytest.fixture(scope="session")
def tiny_cache(tmp_path_factory):
    """Give the folder of packed corpora, one for all processes: making the noise takes longest."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared_cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def tiny(registry, tiny_cache):
    """A quickstart recipe small enough to train within a second."""

    def make(*sets):
        cache = f"data.cache={tiny_cache}"
        return load_recipe("quickstart", registry, sets=[*TINY, cache, *sets])

    return make


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny tensors are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_sets():
    """The ``--set`` texts that make quickstart tiny."""
    return TINY


@pytest.fixture(scope="session")
def start_here():
    """Run a sweep's members in this process: in one of their own they would import torch first."""

    def start(command, log, threads):
        result = CliRunner().invoke(main, command[command.index("sslse") + 1 :])
        log.write_text(f"{result.output}{result.exception or ''}\n")
        code = result.exit_code
        return SimpleNamespace(returncode=code, poll=lambda: code, wait=lambda: code)

    return start


@pytest.fixture(scope="session")
def slow_sinkhorn():
    """SwAV's assignment in loops over float64 numbers, the matrix kept between the scalings."""

    def assign(scores, iterations=3, epsilon=0.05):
        shares = [[math.exp(score / epsilon) for score in row] for row in scores]
        for _ in range(iterations):
            sums = [sum(column) for column in zip(*shares, strict=True)]
            shares = [[x / total for x, total in zip(row, sums, strict=True)] for row in shares]
            shares = [[x / sum(row) for x in row] for row in shares]
        return shares

    return assign


FAST = ("encoder.factors=[8, 4, 4]", "decoder.factors=[4, 4, 8]")  # fewer frames
LOOKS = {
    "global": (),
    "context": ("encoder.context=8", "decoder.context=8"),
    "causal": (
        *("encoder.context=8", "decoder.context=8"),
        *("encoder.causal=true", "decoder.causal=true"),
    ),
}


def save_tiny_model(path, looks="context"):
    """Write a tiny model that changes what it is given; ``looks`` is a key of ``LOOKS``."""
    registry = discover()
    recipe = load_recipe("quickstart", registry, sets=[*TINY, *FAST, *LOOKS[looks]])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder, decoder = build_network(recipe, registry)
        for layer in (decoder.frames, decoder.up[-1].convolution):  # zero: it gives what it takes
            torch.nn.init.normal_(layer.weight, std=0.1)
    save_bundle(path, encoder, decoder, recipe)


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory):
    """Files of tiny models, by how far their networks look."""
    folder = tmp_path_factory.mktemp("models")
    files = {looks: folder / f"{looks}.safetensors" for looks in LOOKS}
    for looks, file in files.items():
        save_tiny_model(file, looks)
    return files
