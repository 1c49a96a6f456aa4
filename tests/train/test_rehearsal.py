import copy

import numpy as np
import pytest
import torch

from sslse.api import (
    Augmentation,
    Decoder,
    Encoder,
    Objective,
    Outcome,
    Schedule,
    Weights,
)
from sslse.errors import ContractError, RecipeError
from sslse.prepare import prepare
from sslse.recipe import load_recipe
from sslse.registry import discover
from sslse.train.rehearsal import rehearse_step

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "sets",
    [
        ("objective=normal", "schedule={name: mix, se: 0}"),
        ("objective=normal", "schedule={name: round, period: 2, se: 0}"),
        ("objective=normal", "schedule={name: ramp, se_from: 0, start: 0.5}"),
    ],
)
def test_a_phase_with_nothing_to_train_on_is_refused_before_the_run(tiny, registry, sets):
    with pytest.raises(RecipeError, match=r"schedule: nothing to train on: SE has no weight"):
        prepare(tiny(*sets), registry, CPU, lambda _: None)


def test_a_later_phase_is_tried_too(tiny, registry):
    sets = ("objective=normal", "schedule={name: ramp, se_from: 1, se_to: 0, end: 0.5}")
    with pytest.raises(RecipeError, match="nothing to train on"):
        prepare(tiny(*sets), registry, CPU, lambda _: None)


def test_it_changes_nothing(tiny, registry):
    trainer = prepare(tiny(), registry, CPU, lambda _: None).trainer
    before = copy.deepcopy(trainer.model.state_dict())
    state = torch.get_rng_state()
    rehearse_step(trainer)
    torch.testing.assert_close(trainer.model.state_dict(), before, rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(one.grad is None for one in trainer.model.parameters())


class Given(Objective):
    """Gives an outcome made of the views; draws no noise, keeps no state."""

    def __init__(self, make):
        super().__init__()
        self.make = make

    def forward(self, encoder, views, progress):
        return self.make(views)


class Changes(Objective):
    """Writes to what it is lent after the step."""

    def forward(self, encoder, views, progress):
        return Outcome(views.latent.mean(), carry=views)

    def after_step(self, encoder, carry, progress):
        if carry is not None:
            carry.clean.mul_(2)


class Weighs(Schedule):
    def __init__(self, weights=None, total=None, metrics=None):
        super().__init__()
        self.given, self.total, self.logged = weights or Weights(1.0, 1.0), total, metrics or {}

    def weights(self, progress):
        return self.given

    def combine(self, weights, losses, latent):
        plain = super().combine(weights, losses, latent)
        return plain if self.total is None else self.total(losses, latent)

    def metrics(self):
        return self.logged


class Maps(Augmentation):
    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, views, *, generator):
        return self.change(views)


class Both(Maps):
    applies_to = "both"


class Turned(Encoder):
    """Gives (batch, frames, dim), which has as many numbers."""

    def __init__(self, encoder):
        super().__init__()
        self.inner, self.dim, self.stride = encoder, encoder.dim, encoder.stride

    def forward(self, wave):
        return self.inner(wave).transpose(1, 2)


class Scaled(Turned):
    """Scales its input in place when it does not train."""

    def forward(self, wave):
        return self.inner(wave if self.training else wave.div_(2))


class Deeper(Decoder):
    """Gives (batch, 1, samples)."""

    def __init__(self, decoder):
        super().__init__()
        self.inner = decoder

    def forward(self, latent, noisy):
        return self.inner(latent, noisy).unsqueeze(1)


@pytest.fixture(scope="module")
def prepared(registry, tiny_cache, tiny_sets):
    recipe = load_recipe("quickstart", registry, sets=[*tiny_sets, f"data.cache={tiny_cache}"])
    return prepare(recipe, registry, CPU, lambda _: None).trainer


@pytest.fixture
def trainer(prepared):
    """A trainer whose parts a test may replace."""
    one = copy.copy(prepared)
    one.model, one.augmentations = copy.deepcopy(prepared.model), list(prepared.augmentations)
    return one


OUTCOMES = {
    "its loss passes no gradient to the encoder": [
        lambda views: Outcome(views.latent.detach().mean()),
        lambda views: Outcome(torch.zeros((), requires_grad=True) + views.latent.detach().mean()),
    ],
    "gave torch.Tensor of shape (2,), torch.float32 as loss; possible: a scalar tensor": [
        lambda views: Outcome(views.latent.mean((0, 2, 3))),
    ],
    "gave float 0.5 as loss; possible: a scalar tensor (loss.mean()), or None": [
        lambda views: Outcome(0.5),
    ],
    "possible: an sslse.api.Outcome": [lambda views: views.latent.mean(), lambda views: None],
    "the metric 'spread' is float 0.5; possible: a scalar tensor on cpu, such as loss.detach()": [
        lambda views: Outcome(views.latent.mean(), {"spread": 0.5}),
    ],
    "the metric 'spread' is numpy.float32": [
        lambda views: Outcome(views.latent.mean(), {"spread": np.float32(0.5)}),
    ],
    "the metric 'spread' is torch.Tensor of shape (2,)": [
        lambda views: Outcome(views.latent.mean(), {"spread": torch.zeros(2)}),
    ],
    "its metrics are NoneType None": [lambda views: Outcome(views.latent.mean(), None)],
    "it changes in place what it is lent; possible: a new tensor": [
        lambda views: Outcome(views.latent.mean() + views.noisy.div_(2).mean()),
    ],
}


@pytest.mark.parametrize(
    ("said", "make"), [(said, make) for said, makes in OUTCOMES.items() for make in makes]
)
def test_an_objective_that_breaks_its_contract_is_refused(trainer, said, make):
    trainer.model.objective = Given(make)
    with pytest.raises(ContractError) as refused:
        rehearse_step(trainer)
    assert said in str(refused.value)
    assert refused.value.part == "objective"


def test_what_after_step_changes_in_place_is_refused(trainer):
    trainer.augmentations = [("own", Both(lambda views: views.clone()))]
    trainer.model.objective = Changes()
    with pytest.raises(ContractError, match="changes in place what it is lent") as refused:
        rehearse_step(trainer)
    assert refused.value.part == "objective"


def test_an_objective_without_a_loss_or_with_a_frozen_encoder_may_train(trainer):
    trainer.model.objective = Given(lambda views: Outcome(None))
    trainer.model.schedule = Weighs()
    rehearse_step(trainer)
    trainer.model.encoder.requires_grad_(False)
    trainer.model.objective = Given(lambda views: Outcome(views.latent.mean()))
    rehearse_step(trainer)


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (Weighs((1.0, 1.0)), "weights() gave tuple (1.0, 1.0); possible: sslse.api.Weights of two"),
        (Weighs(Weights(np.float32(1), 1.0)), "weights() gave sslse.api.Weights Weights(cl=np"),
        (
            Weighs(Weights(torch.ones(()), 1.0)),
            "weights() gave sslse.api.Weights Weights(cl=tensor",
        ),
        (Weighs(Weights(-1.0, 1.0)), "weights() gave sslse.api.Weights Weights(cl=-1.0, se=1.0)"),
        (Weighs(Weights(1.0, float("nan"))), "two finite numbers, none below 0"),
        (Weighs(total=lambda losses, _: 1.0), "combine() gave float 1.0; possible: a scalar"),
        (Weighs(total=lambda _, latent: latent), "combine() gave torch.Tensor of shape (2, 2, "),
        (Weighs(total=lambda losses, _: losses.se.mul_(2)), "it changes in place what it is lent"),
        (Weighs(metrics={"cl": 0.5}), "the metric 'cl' is float 0.5; possible: a scalar tensor"),
    ],
)
def test_a_schedule_that_breaks_its_contract_is_refused(trainer, schedule, said):
    trainer.model.schedule = schedule
    with pytest.raises(ContractError) as refused:
        rehearse_step(trainer)
    assert said in str(refused.value)
    assert refused.value.part == "schedule"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda views: views[..., 1:], "gave the shape (2, 24, 1023); possible: (2, 24, 1024)"),
        (lambda views: views[0], "gave the shape (24, 1024); possible: (2, 24, 1024)"),
        (lambda views: views.double(), "gave waves of torch.float64; possible: torch.float32, as"),
        (lambda views: views.numpy(), "gave numpy.ndarray of shape (2, 24, 1024), float32; poss"),
        (
            lambda views: views.mul_(2),
            "it changes in place what it is lent; possible: a new tensor",
        ),
    ],
)
def test_an_augmentation_that_breaks_its_contract_is_refused(trainer, change, said):
    trainer.augmentations.append(("own", Maps(change)))
    with pytest.raises(ContractError) as refused:
        rehearse_step(trainer)
    assert said in str(refused.value)
    assert refused.value.part == f"augmentations[{len(trainer.augmentations) - 1}]"


@pytest.mark.parametrize(
    ("part", "wrap", "said"),
    [
        ("encoder", Turned, "forward() gave the shape (4, 32, 8); possible: (4, 8, 32)"),
        ("encoder", Scaled, "it changes in place what it is lent"),
        ("decoder", Deeper, "forward() gave the shape (4, 1, 1024); possible: (4, 1024)"),
    ],
)
def test_a_network_that_breaks_its_contract_is_refused(trainer, part, wrap, said):
    setattr(trainer.model, part, wrap(getattr(trainer.model, part)))
    with pytest.raises(ContractError) as refused:
        rehearse_step(trainer)
    assert said in str(refused.value)
    assert refused.value.part == part


PLUGIN = """
from sslse.api import Augmentation, Objective, Outcome, hookimpl

class Detached(Objective):
    def forward(self, encoder, views, progress):
        return Outcome(views.latent.detach().square().mean())

class Short(Augmentation):
    def forward(self, views, *, generator):
        return views[..., 1:]

@hookimpl
def sslse_components(add):
    add("objective", "detached", Detached, summary="No gradient")
    add("augmentation", "short", Short, summary="A sample less")
"""


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        (
            "objective=detached",
            "objective: detached of plugin own ({file}) breaks its contract: its",
        ),
        (
            "augmentations=[add_noise, short]",
            "augmentations[1]: short of plugin own ({file}) breaks its contract: forward() gave",
        ),
    ],
)
def test_the_plugin_is_named(tmp_path, tiny_sets, tiny_cache, setting, said):
    file = tmp_path / "own.py"
    file.write_text(PLUGIN)
    found = discover([file])
    sets = [*tiny_sets, f"data.cache={tiny_cache}", setting]
    with pytest.raises(RecipeError) as refused:
        prepare(load_recipe("quickstart", found, sets=sets), found, CPU, lambda _: None)
    assert said.format(file=file) in str(refused.value)


def test_networks_may_be_called_by_keyword(trainer):
    class Named(Objective):
        def forward(self, encoder, views, progress):
            return Outcome(encoder(wave=views.noisy[0]).mean())

    trainer.model.objective = Named()
    rehearse_step(trainer)
