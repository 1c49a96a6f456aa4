import copy
import itertools
from dataclasses import replace

import pytest
import torch
from sslse_simsiam.objective import SimSiam

from sslse.api import Progress, Schedule, Weights
from sslse.errors import RunError
from sslse.prepare import prepare
from sslse.recipe import load_recipe
from sslse.registry import Component, Plugin, discover
from sslse.train.log import TIMING, read_metrics
from sslse.train.optimizer import learning_rate, make_optimizer

CPU = torch.device("cpu")


def ready(recipe, registry):
    return prepare(recipe, registry, CPU, lambda _: None).trainer


def figures(folder):
    """The logged lines without what depends on the clock."""
    lines = read_metrics(folder / "metrics.jsonl")
    return [{key: value for key, value in one.items() if key not in TIMING} for one in lines]


class KilledError(Exception):
    pass


def killed_after(lines):
    """A watch that stops the run after so many logged lines."""
    seen = itertools.count(1)

    def watch(_):
        if next(seen) == lines:
            raise KilledError

    return watch


OBJECTIVES = discover().names("objective")
SCHEDULES = discover().names("schedule")
SHORT = {
    "round": "{name: round, period: 1}",
    "pretrain": "{name: pretrain, epochs: 1}",
    "ramp": "{name: ramp, start: 0, end: 0.7}",
    "moco_v2": "{name: moco_v2, queue: 512}",
    "swav": "{name: swav, queue: 512, queue_start_epoch: 1}",
}


# One of each kind of state: a teacher, a queue, adapted weights, none.
PROMPT = {("byol", "round"), ("swav", "round"), ("byol", "gradnorm"), ("normal", "round")}


@pytest.mark.parametrize(
    ("objective", "schedule"),
    [
        pytest.param(*pair, marks=() if pair in PROMPT else pytest.mark.training)
        for pair in [
            *((objective, "round") for objective in OBJECTIVES),
            *(("byol", schedule) for schedule in SCHEDULES if schedule != "round"),
        ]
    ],
)
def test_a_killed_run_resumes_to_the_very_same_numbers(
    tiny, registry, tmp_path, objective, schedule
):
    recipe = tiny(
        f"objective={SHORT.get(objective, objective)}",
        f"schedule={SHORT.get(schedule, schedule)}",
        "train.optimizer=sgd",
        "train.decay=none",
        "train.epochs=3",
        "train.log_every=1",
    )
    whole = ready(recipe, registry)
    (tmp_path / "whole").mkdir()
    whole.run(tmp_path / "whole")
    (tmp_path / "cut").mkdir()
    steps = whole.batches.steps_per_epoch
    with pytest.raises(KilledError):
        ready(recipe, registry).run(tmp_path / "cut", killed_after(2 * steps + 1))
    resumed = ready(recipe, registry)
    resumed.run(tmp_path / "cut")
    assert figures(tmp_path / "cut") == figures(tmp_path / "whole")
    assert len(figures(tmp_path / "whole")) == 3 * steps
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name


@pytest.mark.training
def test_adamw_with_warmup_and_cosine_resumes_exactly(tiny, registry, tmp_path):
    recipe = tiny()
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    reference = ready(recipe, registry)
    reference.run(whole)
    for lines in (1, 3, 3):
        with pytest.raises(KilledError):
            ready(recipe, registry).run(cut, killed_after(lines))
    resumed = ready(recipe, registry)
    resumed.run(cut)
    assert figures(cut) == figures(whole)
    for name, value in reference.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name


@pytest.mark.training
def test_another_seed_gives_other_numbers(tiny, registry, tmp_path):
    losses = []
    for seed in (0, 1):
        folder = tmp_path / str(seed)
        folder.mkdir()
        ready(tiny(f"seed={seed}"), registry).run(folder)
        losses.append(figures(folder)[-1]["loss"])
    assert losses[0] != losses[1]


def test_every_method_sees_the_same_mixtures_and_starts_from_the_same_weights(tiny, registry):
    trainers = [ready(tiny(f"objective={name}"), registry) for name in OBJECTIVES]
    for step in (0, 7):
        first, *others = [trainer.examples(step) for trainer in trainers]
        assert first.noisy.shape == first.clean.shape == (2, 24, 1024)
        assert not torch.equal(first.noisy[0], first.noisy[1])
        for other in others:
            assert torch.equal(first.clean, other.clean)
            assert torch.equal(first.noisy, other.noisy)
    first, *rest = [trainer.model.encoder.state_dict() for trainer in trainers]
    for state in rest:
        torch.testing.assert_close(state, first, rtol=0, atol=0)


def test_building_and_training_leave_the_global_random_state_alone(tiny, registry):
    state = torch.get_rng_state()
    ready(tiny(), registry).step(0)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("schedule", "objective_calls", "decoder_calls"),
    [("{name: mix, se: 0}", 1, 0), ("se", 0, 1), ("mix", 1, 1)],
)
def test_a_loss_of_weight_zero_is_not_computed(
    tiny, registry, monkeypatch, schedule, objective_calls, decoder_calls
):
    trainer = ready(tiny(f"schedule={schedule}"), registry)
    counted = {}
    for part in ("encoder", "decoder", "objective"):
        module = getattr(trainer.model, part)
        forward = module.forward
        counted[part] = 0

        def counting(*arguments, _part=part, _forward=forward):
            counted[_part] += 1
            return _forward(*arguments)

        monkeypatch.setattr(module, "forward", counting)
    trainer.step(0)
    assert counted == {"encoder": 1, "decoder": decoder_calls, "objective": objective_calls}


def test_parameters_without_a_loss_are_not_moved_by_old_momentum(tiny, registry):
    recipe = tiny("train.optimizer=sgd", "schedule={name: round, period: 1}")
    trainer = ready(recipe, registry)
    per_epoch = trainer.batches.steps_per_epoch
    for step in range(per_epoch):
        trainer.step(step)
    predictor = trainer.model.objective.predictor
    before = copy.deepcopy(predictor.state_dict())
    trainer.step(per_epoch)
    torch.testing.assert_close(predictor.state_dict(), before, rtol=0, atol=0)
    for step in range(per_epoch + 1, 2 * per_epoch + 1):
        trainer.step(step)
    name = next(iter(before))
    assert not torch.equal(predictor.state_dict()[name], before[name])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_starts_a_parameter_whose_first_gradient_comes_late(tiny, momentum):
    train = tiny("train.optimizer=sgd", f"train.momentum={momentum}", "train.weight_decay=0").train
    early, late = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    optimizer = make_optimizer([early, late], train)
    plain = torch.optim.SGD([copy.deepcopy(late)], lr=train.learning_rate, momentum=momentum)
    (expected,) = plain.param_groups[0]["params"]
    early.sum().backward()
    optimizer.step()
    assert torch.equal(late, torch.ones(3))
    for _ in range(3):
        for one, stepper in ((late, optimizer), (expected, plain)):
            stepper.zero_grad()
            one.square().sum().backward()
            stepper.step()
    torch.testing.assert_close(late, expected)


def test_the_momentum_encoder_follows_in_phases_without_cl_too(tiny, registry):
    trainer = ready(tiny("schedule=se"), registry)
    teacher = trainer.model.objective.teacher
    before = copy.deepcopy(teacher.state_dict())
    trainer.step(0)
    assert any(not torch.equal(teacher.state_dict()[name], before[name]) for name in before)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_state(tiny, registry, tmp_path):
    trainer = ready(tiny("train.learning_rate=1e30", "train.warmup_steps=0"), registry)
    with pytest.raises(RunError, match=r"not finite at step \d+, .*; start another run"):
        trainer.run(tmp_path)


def test_a_state_of_another_model_is_refused(tiny, registry, tmp_path):
    ready(tiny("train.epochs=1"), registry).run(tmp_path)
    with pytest.raises(RunError, match="cannot be resumed"):
        ready(tiny("encoder.dim=12"), registry).run(tmp_path)


def test_the_loss_falls(tiny, registry, tmp_path):
    recipe = tiny("train.epochs=20", "objective=normal", "schedule=se", "train.learning_rate=5e-3")
    ready(recipe, registry).run(tmp_path)
    losses = [line["se"] for line in figures(tmp_path)]
    assert sum(losses[-6:]) / 6 < sum(losses[:6]) / 6 - 0.5


def test_learning_rate_over_time(tiny):
    train = tiny("train.learning_rate=0.1", "train.warmup_steps=4", "train.decay=cosine").train

    def rate(step):
        return learning_rate(train, Progress(step, 100, 10))

    assert rate(0) == pytest.approx(0.025)
    assert rate(50) == pytest.approx(0.05)
    assert rate(99) < 0.001
    flat = tiny("train.decay=none", "train.warmup_steps=0", "train.learning_rate=0.1").train
    assert {learning_rate(flat, Progress(step, 100, 10)) for step in (0, 50, 99)} == {0.1}


class Adaptive(Schedule):
    """Weights CL by a running mean of the losses' ratio, kept in a buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("ratio", torch.ones(()))

    def weights(self, progress):
        return Weights(1.0, 0.1)

    def combine(self, weights, losses, latent):
        return self.ratio * losses.cl + weights.se * losses.se

    def after_step(self, losses, progress):
        assert not losses.cl.requires_grad
        self.ratio = 0.9 * self.ratio + 0.1 * losses.cl.abs() / losses.se.abs()


class Dropping(SimSiam):
    """Draws from torch's global generator, as dropout does."""

    def forward(self, encoder, views, progress):
        kept = torch.nn.functional.dropout(views.latent, 0.5)
        return super().forward(encoder, replace(views, latent=kept), progress)


@pytest.fixture
def extended():
    found = discover()
    plugin = Plugin("test", "test", "0")
    found.accept(
        plugin,
        [
            Component("schedule", "adaptive", Adaptive, "", plugin),
            Component("objective", "dropping", Dropping, "", plugin),
        ],
    )
    return found


@pytest.mark.training
@pytest.mark.parametrize("sets", [("schedule=adaptive",), ("objective=dropping",)])
def test_adaptive_schedules_and_dropout_train_and_resume_exactly(
    tiny, extended, tmp_path, tiny_cache, tiny_sets, sets
):
    cache = f"data.cache={tiny_cache}"
    recipe = load_recipe("quickstart", extended, sets=[*tiny_sets, cache, *sets])
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    ready(recipe, extended).run(whole)
    torch.rand(7)
    with pytest.raises(KilledError):
        ready(recipe, extended).run(cut, killed_after(3))
    ready(recipe, extended).run(cut)
    assert figures(cut) == figures(whole)
