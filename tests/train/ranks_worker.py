"""What one of several ranks does in test_ranks.py: ``python ranks_worker.py JOB.json``."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import torch

from sslse import ranks
from sslse.api import Weights
from sslse.cli.main import main
from sslse.errors import SslseError
from sslse.nn import Mlp
from sslse.prepare import prepare
from sslse.recipe import load_recipe
from sslse.registry import discover
from sslse.train.trainer import Trainer

CPU = torch.device("cpu")
REGISTRY = discover()


class KilledError(Exception):
    pass


def make_trainer(sets):
    return prepare(load_recipe("quickstart", REGISTRY, sets=sets), REGISTRY, CPU, print).trainer


def curve(trainer, steps):
    """Take steps; return every step's scalars, the weights, and what the first step looked like."""
    lines, looks = [], None
    for step in range(steps):
        output, scalars = trainer.step(step)
        lines.append({name: value.detach() for name, value in scalars.items()})
        looks = looks or output.gathered()
    kept = {
        "latent": looks.latent,
        "utterance": looks.examples.utterance,
        "noisy": looks.examples.noisy,
    }
    weights = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    return {"lines": lines, "weights": weights, **kept}


def gradients(waves):
    """Losses that compare all rows: per rank of its own rows, and the same on every rank."""
    found = {}
    for name in ("own rows", "all rows", "batch norm"):
        torch.manual_seed(0)
        mlp = Mlp([5, 7, 3], batch_norm=True).double()
        layer = torch.nn.Linear(5, 5).double()
        mine = layer(ranks.own(waves))
        if name == "batch norm":
            loss = mlp(mine).square().mean() + mlp(mine)[:, 0].exp().mean()
        else:
            everyone = ranks.gather(mine)
            rows = mine if name == "own rows" else everyone
            loss = (rows @ everyone.T).logsumexp(-1).mean()
        total = ranks.mean(loss)
        total.backward()
        found[name] = (
            total.detach(),
            ranks.mean(layer.weight.grad),
            ranks.mean(mlp.layers[0].weight.grad) if name == "batch norm" else None,
        )
    return found


def stopping(lines):
    seen = []

    def watch(line):
        seen.append(line)
        if len(seen) == lines:
            raise KilledError

    return watch


def train(job):
    results = {
        name: curve(make_trainer(sets), job["steps"]) for name, sets in job["curves"].items()
    }
    results["gradients"] = gradients(torch.tensor(job["waves"], dtype=torch.float64))
    results["unmoved"] = unmoved(make_trainer(job["curves"]["byol"]))
    try:
        make_trainer(job["uneven"])
    except SslseError as error:
        results["uneven"] = str(error)
    try:
        make_trainer(job["resumed"]).run(Path(job["folder"]), stopping(2), print)
    except KilledError:
        results["stopped"] = True
    return results


def unmoved(trainer):
    """Whether a step without CL leaves the predictor where it is, after steps with CL."""
    predictor = trainer.model.objective.predictor
    for step in range(2):
        trainer.step(step)
    before = [one.clone() for one in predictor.parameters()]
    trainer.model.schedule.weights = lambda _: Weights(0.0, 1.0)
    trainer.step(2)
    return all(
        torch.equal(one, now) for one, now in zip(before, predictor.parameters(), strict=True)
    )


def wait_for_the_late():
    os.environ["MASTER_PORT"] = str(JOB["late_port"])
    gave_up = Path(JOB["out"]) / "gave_up"
    try:
        with ranks.joined(CPU, seconds=5):
            if ranks.rank():
                while not gave_up.exists():
                    time.sleep(0.01)
            else:
                ranks.mean(torch.zeros(()))
    except SslseError as error:
        gave_up.touch()
        return str(error)
    return None


def run_until_one_dies():
    take = Trainer.step

    def step(self, number, **options):
        if number == JOB["dies_at"] and ranks.rank() == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return take(self, number, **options)

    Trainer.step = step
    main(JOB["arguments"])


if __name__ == "__main__":
    torch.set_num_threads(1)
    JOB = json.loads(Path(sys.argv[1]).read_text())
    if "arguments" in JOB:
        run_until_one_dies()
    with ranks.joined(CPU):
        found = train(JOB)
    found["late"] = wait_for_the_late()
    torch.save(found, Path(JOB["out"]) / f"{ranks.rank()}.pt")
    os._exit(0)  # the second group is broken
