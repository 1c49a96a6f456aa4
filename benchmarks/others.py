"""The other ways to train, each in a process of its own, so that none has another's settings."""

import contextlib
import copy
import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from measure import seconds
from networks import Job
from plain_script import PlainScript

from sslse.device import choose_device
from sslse.prepare import Prepared, prepare
from sslse.recipe import Recipe, load_recipe
from sslse.registry import Registry, discover

CLOSE = 1e-3
UTTERANCES = 90  # that train, of the shipped corpus
READY, MISSING = "ready", "missing"


def recipe_of(arguments: Any, registry: Registry) -> Recipe:
    """Return BYOL as published, at the size asked for."""
    steps = (arguments.rounds + 2) * arguments.block
    sets = [
        f"preset={arguments.preset}",
        f"train.batch_size={arguments.batch}",
        f"train.log_every={arguments.block}",
        f"train.crops_per_utterance={1 + steps * arguments.batch // UTTERANCES}",
        "train.epochs=2",
        # The others' turns count for the clock of checkpoints too.
        f"train.checkpoint_seconds={60 * len(arguments.variants)}",
        f"train.threads={arguments.threads}",
        "train.compile=true" if arguments.compile else "train.compile=false",
        "evaluate.metrics=[si_sdr]",
    ]
    sets += [f"train.crop={arguments.crop}"] if arguments.crop else []
    sets += ["encoder.blocks=1", "train.crop=1024"] if arguments.quick else []
    return load_recipe("byol", registry, sets=sets)


@contextlib.contextmanager
def in_its_own_process(
    name: str, arguments: Any, folder: Path
) -> Iterator[Callable[[], float] | None]:
    """Start a script; give what takes a block of its steps and returns the seconds.

    Args:
        name: ``c`` or ``d``.
        arguments: of the benchmark.
        folder: holds ``speech/`` and ``noise/``.

    Gives None where a package of it is missing.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, name, arguments, folder))
    process.start()
    there.close()

    def take_turn() -> float:
        here.send(True)
        lap: float = here.recv()
        return lap

    try:
        state, words = here.recv()
        if state == MISSING:
            print(f"{name} is left out: not installed ({words})")
        yield take_turn if state == READY else None
    except EOFError as error:
        raise SystemExit(f"{name} has ended by itself") from error
    finally:
        with contextlib.suppress(OSError):
            here.send(False)
        process.join()


def _serve(connection: Connection, name: str, arguments: Any, folder: Path) -> None:
    torch.set_num_threads(arguments.threads)
    device = choose_device(arguments.device)
    registry = discover()
    arguments.compile = False
    with mock.patch("sslse.prepare.keep_memory"):  # a script of the usual kind knows nothing of it
        prepared = prepare(recipe_of(arguments, registry), registry, device, lambda _: None)
    torch.set_float32_matmul_precision("highest")  # as torch has it by itself
    speech, noise = (sorted((folder / part).glob("*.wav")) for part in ("speech", "noise"))
    job = Job(prepared, speech, noise, arguments.workers, arguments.block)
    length = arguments.batch * (arguments.rounds + 2) * (arguments.block + 2)
    block: Callable[[], float | None]
    if name == "c":
        script = PlainScript(job, length)
        check_same_loss(prepared, script)
        block = script.block
    else:
        try:
            from lightning_script import LightningScript
        except ImportError as error:
            connection.send((MISSING, str(error)))
            return
        block = LightningScript(job, length).block
    connection.send((READY, ""))
    while connection.recv():
        own_lap: list[float | None] = []
        lap = seconds(lambda to=own_lap: to.append(block()), device)  # type: ignore[misc]
        connection.send(lap if own_lap[0] is None else own_lap[0])


def check_same_loss(prepared: Prepared, script: PlainScript) -> None:
    """Refuse to compare with a script that trains something else."""
    trainer = prepared.trainer
    examples, progress = trainer.examples(0), trainer.progress(0)
    weights = trainer.model.schedule.weights(progress)
    with torch.no_grad(), torch.autocast(prepared.device.type, enabled=False):
        model = copy.deepcopy(trainer.model)
        model.precision = "float32"
        expected = float(model(examples, weights, progress).total)
        found = float(script.loss((examples.clean[0], *examples.noisy)))
    if abs(expected - found) > CLOSE * max(1.0, abs(expected)):
        raise SystemExit(f"the plain script's loss is {found}, not {expected}")
