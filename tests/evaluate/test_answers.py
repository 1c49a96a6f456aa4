"""What metrics and baselines are lent stays as it is; what they give is taken as plain values."""

import json
import math

import numpy as np
import pytest
import torch
from torch import nn

from sslse.api import Baseline, Metric
from sslse.build import build_baselines, build_metrics
from sslse.bundle import Enhancer
from sslse.errors import ContractError, RecipeError
from sslse.evaluate.answers import contract_of, estimate_of, score_of
from sslse.evaluate.evaluation import Measures, evaluate, rehearse
from sslse.evaluate.known_scores import FOLDER
from sslse.evaluate.scoring import score
from sslse.metrics.segmental_snr import SegmentalSnr
from sslse.metrics.si_sdr import SiSdr
from sslse.recipe import load_recipe
from sslse.registry import discover

RATE = 16000
DRAWS = np.random.default_rng(0)
CLEAN = (0.1 * DRAWS.standard_normal(RATE)).astype(np.float32)
NOISY = CLEAN + (0.1 * DRAWS.standard_normal(RATE)).astype(np.float32)
ESTIMATE = (CLEAN + 0.2 * NOISY).astype(np.float32)


class Given(Metric):
    """Gives what it is told to, after writing into the waves of the places it is told."""

    def __init__(self, value=1.0, spoils=(), contract=None):
        self.value, self.spoils = value, spoils
        self.about = {"package": "here"} if contract is None else contract

    def score(self, *waves_and_rate):
        for place in self.spoils:
            waves_and_rate[place][...] /= np.abs(waves_and_rate[place]).max()
        return self.value

    def contract(self):
        return self.about


class Spoiling(Baseline):
    def __init__(self, place=None, given=None):
        self.place, self.given = place, given

    def estimate(self, noisy, clean, sample_rate):
        if self.place is not None:
            (noisy, clean)[self.place][:] = 0
        return 0.5 * noisy if self.given is None else self.given

    def contract(self):
        return {}


@pytest.mark.parametrize(("place", "name"), [(0, "clean wave"), (1, "estimate"), (2, "noisy wave")])
def test_a_metric_that_writes_into_a_wave_changes_no_other_score_and_has_none(place, name):
    after = SegmentalSnr()
    alone = score({"after": after}, CLEAN, ESTIMATE, NOISY, RATE)
    both = score({"loud": Given(spoils=[place]), "after": after}, CLEAN, ESTIMATE, NOISY, RATE)
    assert both.values["after"] == alone.values["after"]
    assert math.isnan(both.values["loud"])
    assert both.reasons["loud"].startswith(f"score() changes the {name} it is lent; possible: a")


def test_a_baseline_that_writes_into_a_wave_has_no_estimate():
    for place, name in enumerate(("noisy wave", "clean wave")):
        noisy, clean = NOISY.copy(), CLEAN.copy()
        with pytest.raises(ContractError, match=f"estimate.. changes the {name} it is lent"):
            estimate_of(Spoiling(place), noisy, clean, RATE)
        assert np.array_equal(noisy, NOISY)
        assert np.array_equal(clean, CLEAN)


def test_what_a_baseline_keeps_and_writes_to_later_is_not_its_estimate():
    kept = 0.5 * NOISY
    estimate = estimate_of(Spoiling(given=kept), NOISY, CLEAN, RATE)
    kept[:] = 0
    assert np.array_equal(estimate, 0.5 * NOISY)


@pytest.fixture
def measured(tiny, tmp_path, store_of):
    """Evaluate four mixtures with two metrics, of which the first may be an offender."""
    recipe = tiny(
        f"data.cache={tmp_path}", "evaluate.metrics=[lsd, si_sdr]", "evaluate.baselines=[]"
    )
    speech, noise = store_of("speech", [9000] * 2), store_of("noise", [9000])

    def run(first, monkeypatch):
        built = {"lsd": first, "si_sdr": SiSdr()}
        monkeypatch.setattr("sslse.evaluate.scoring._Bench._some", lambda _, names: built)
        return evaluate(torch.tanh, speech, noise, Measures(recipe, built, {}))

    return run


def test_the_score_of_one_that_writes_never_reaches_the_cache(measured, tmp_path, monkeypatch):
    results = measured(Given(spoils=[1]), monkeypatch)
    files = [json.loads(path.read_text()) for path in (tmp_path / FOLDER).iterdir()]
    assert len(files) == 1
    assert sorted(files[0]["scores"].values()) == sorted(
        row.score("noisy", "si_sdr") for row in results.rows
    )


def test_a_network_that_writes_into_its_input_leaves_the_mixture_as_it_is():
    class InPlace(nn.Module):
        def forward(self, *waves):
            return waves[-1].div_(2)

    noisy = torch.ones(2, 64)
    enhanced = Enhancer(InPlace(), InPlace())(noisy)
    assert torch.equal(noisy, torch.ones(2, 64))
    assert torch.equal(enhanced, torch.full((2, 64), 0.5))


@pytest.mark.parametrize(
    "value",
    [
        2,
        2.0,
        np.float32(2),
        np.float64(2),
        np.int64(2),
        np.array(2.0),
        torch.tensor(2),
        torch.tensor(2.0, requires_grad=True),
        torch.tensor(2.0, dtype=torch.bfloat16),
    ],
)
def test_any_number_is_taken_as_a_float(value):
    taken = score_of(Given(value), CLEAN, ESTIMATE, NOISY, RATE)
    assert type(taken) is float
    assert taken == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "bool True"),
        (np.bool_(True), "numpy.bool"),
        (torch.tensor(True), "torch.Tensor tensor(True)"),
        (None, "NoneType None"),
        ("2.0", "str '2.0'"),
        ([2.0], "list [2.0]"),
        (np.array([2.0]), "numpy.ndarray of shape (1,), float64"),
        (np.complex64(2), "numpy.complex64"),
        (np.zeros(RATE), "numpy.ndarray of shape (16000,), float64"),
    ],
)
def test_what_is_no_number_is_no_score(value, shown):
    found = score({"it": Given(value)}, CLEAN, ESTIMATE, NOISY, RATE)
    assert math.isnan(found.values["it"])
    assert found.reasons["it"].startswith(f"score() gave {shown}")
    assert found.reasons["it"].endswith("; possible: one number, a float")


def test_a_contract_is_taken_as_plain_values():
    given = {
        "a": np.float32(0.5),
        "b": np.arange(2),
        "c": (torch.tensor(1), None, True),
        "d": {"e": np.str_("text")},
    }
    plain = {"a": 0.5, "b": [0, 1], "c": [1, None, True], "d": {"e": "text"}}
    assert json.loads(json.dumps(contract_of(Given(contract=given)), allow_nan=False)) == plain


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ([], "contract() gave list []; possible: a dict"),
        ({"a": {"b": [0, {1}]}}, "contract()['a']['b'][1] is set {1}, which JSON cannot hold"),
        ({"a": np.float32("inf")}, "contract()['a'] is numpy.float32 "),
        ({"a": {1: 2}}, "contract()['a'] is dict {1: 2}, which JSON cannot hold"),
    ],
)
def test_a_contract_that_json_cannot_hold_is_refused(contract, said):
    with pytest.raises(ContractError) as refused:
        contract_of(Given(contract=contract))
    assert str(refused.value).startswith(said)


PLUGIN = """
from sslse.api import Baseline, Metric, hookimpl

class Own(Metric):
    {attribute}

    def score(self, clean, estimate, noisy, sample_rate):
        {score}

    def contract(self):
        return {contract}

class Half(Baseline):
    {oracle}

    def estimate(self, noisy, clean, sample_rate):
        {estimate}

    def contract(self):
        return {{}}

@hookimpl
def sslse_components(add):
    add("metric", "own", Own, summary="A metric")
    add("baseline", "half", Half, summary="A baseline")
"""
GOOD = {
    "attribute": "unit = ''",
    "score": "return 1.0",
    "contract": "{'version': '1'}",
    "oracle": "oracle = False",
    "estimate": "return 0.5 * noisy",
}


@pytest.mark.parametrize(
    ("wrong", "path", "said"),
    [
        ({}, "", ""),
        ({"score": "raise ValueError('not of this one')"}, "", ""),
        ({"score": "estimate /= 2; return 1.0"}, "metrics", "score() changes the estimate"),
        (
            {"score": "return clean > 0"},
            "metrics",
            "score() gave numpy.ndarray of shape (8192,), bool",
        ),
        ({"score": "return True"}, "metrics", "score() gave bool True"),
        ({"contract": "{'a': object}"}, "metrics", "contract()['a'] is type <class 'object'>"),
        ({"attribute": "range = 0"}, "metrics", "range is 0, not a least and a greatest number"),
        ({"oracle": "oracle = 'no'"}, "baselines", "oracle is 'no', neither True nor False"),
        (
            {"estimate": "noisy *= 2; return noisy"},
            "baselines",
            "estimate() changes the noisy wave",
        ),
        ({"estimate": "return noisy[1:]"}, "baselines", "the estimate has the shape (8191,), not"),
        (
            {"estimate": "return (noisy * 9).astype(int)"},
            "baselines",
            "estimate() gave numpy.ndarray of shape (8192,)",
        ),
    ],
)
def test_what_breaks_its_contract_is_refused_before_the_training(
    wrong, path, said, tmp_path, tiny_sets, store_of
):
    file = tmp_path / "own.py"
    file.write_text(PLUGIN.format(**GOOD | wrong))
    registry = discover([file])
    sets = [*tiny_sets, "evaluate.metrics=[si_sdr, own]", "evaluate.baselines=[half]"]
    recipe = load_recipe("quickstart", registry, sets=sets)

    def prepared():
        built = build_metrics(recipe, registry), build_baselines(recipe, registry)
        rehearse(Measures(recipe, *built), store_of("speech", [9000]), store_of("noise", [9000]))

    if not said:
        prepared()
        return
    with pytest.raises(RecipeError) as refused:
        prepared()
    (problem,) = refused.value.problems
    place, name = ("metrics[1]", "own") if path == "metrics" else ("baselines[0]", "half")
    assert problem.path == f"evaluate.{place}"
    assert problem.message.startswith(f"{name} of plugin own ({file}) breaks its contract: {said}")
