"""A tiny trained run, and what is exported from models."""

import pytest
from click.testing import CliRunner

from sslse.cli import main
from sslse.export.subject import read_subject


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory, tiny_cache, tiny_sets):
    """Train a tiny run once; give its directory."""
    more = (f"data.cache={tiny_cache}", "train.epochs=1")
    looks = ("encoder.context=8", "decoder.context=8")
    sets = [part for one in (*tiny_sets, *looks, *more) for part in ("--set", one)]
    folder = tmp_path_factory.mktemp("exported") / "run"
    ended = CliRunner().invoke(main, ["run", "quickstart", *sets, "--out", str(folder)])
    assert ended.exit_code == 0, ended.output
    return folder


@pytest.fixture
def subject(tiny_models, registry):
    return read_subject(tiny_models["context"], registry)
