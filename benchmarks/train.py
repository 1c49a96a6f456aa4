"""A training step of BYOL beside the enhancement loss: sslse and three other ways.

python benchmarks/train.py [--preset small] [--batch 256] [--device cuda] [--json FILE] [--quick]

a: the model's own step (forward, backward, optimizer, momentum encoder) on tensors that are on the
   device already: the limit.
b: the whole step of `sslse run`: crop, mix, model, logging, monitoring, checkpoints.
c: a plain script: DataLoader workers that read files and mix in numpy, eager float32.
d: Lightning with lightly's BYOL parts and audiomentations' noise, the same files and loader.

The four take turns, a block of steps each, so that what else the machine does meets all alike. b
is the outer loop: `Trainer.run` itself, which the others interrupt after a block. c and d are
processes of their own, with torch's own settings.
"""

import copy
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from measure import options, publish, ratio, seconds, show, spread, table
from networks import write_files
from others import UTTERANCES, in_its_own_process, recipe_of

from sslse.device import choose_device, usable_cores
from sslse.prepare import Prepared, compile_networks, prepare
from sslse.recipe import load_recipe
from sslse.registry import discover
from sslse.train.optimizer import make_optimizer

NAMES = {
    "a": "a: the model's own step",
    "b": "b: sslse run",
    "c": "c: plain script",
    "d": "d: Lightning, lightly, audiomentations",
}


class Enough(Exception):  # noqa: N818 - no error: it ends the outer loop
    """All rounds are measured."""


def prepare_byol(arguments: Any) -> Prepared:
    """Return a run of BYOL whose steps have as many pairs as asked for."""
    torch.set_num_threads(arguments.threads)
    registry = discover()
    sets = [
        f"preset={arguments.preset}",
        f"train.batch_size={arguments.batch}",
        f"train.crops_per_utterance={1 + arguments.batch // UTTERANCES}",
        f"train.threads={arguments.threads}",
        f"train.compile={str(getattr(arguments, 'compile', False)).lower()}",
        "evaluate.metrics=[si_sdr]",
    ]
    sets += ["encoder.blocks=1", "train.crop=1024"] if arguments.quick else []
    recipe = load_recipe("byol", registry, sets=sets)
    return prepare(recipe, registry, choose_device(arguments.device), lambda _: None)


def own_step(prepared: Prepared, steps: int) -> Callable[[], None]:
    """Return (a): steps of a copy of the model on examples that stay where they are."""
    trainer = prepared.trainer
    model = copy.deepcopy(trainer.model).train()
    if prepared.recipe.train.compile:  # which a copy is not
        compile_networks(model)
    optimizer = make_optimizer(model.parameters(), prepared.recipe.train)
    examples, progress = trainer.examples(0), trainer.progress(0)
    weights = model.schedule.weights(progress)
    clip_norm = prepared.recipe.train.clip_norm

    def step() -> None:
        output = model(examples, weights, progress)
        optimizer.zero_grad(set_to_none=True)
        output.total.backward()
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
        optimizer.step()
        with torch.no_grad():
            model.objective.after_step(model.encoder, output.carry, progress)

    def block() -> None:
        for _ in range(steps):
            step()

    return block


@dataclass
class Outer:
    """What (b), the outer loop, does after every logged line: let the others take their turn.

    Args:
        others: a block of each of the others; it returns its seconds, or None to be timed.
        rounds: that count; one more comes before them.
        block: steps.
        device: of the model.
    """

    others: dict[str, Callable[[], float | None]]
    rounds: int
    block: int
    device: torch.device
    laps: dict[str, list[float]] = field(default_factory=dict)
    _began: tuple[int, float] = (0, 0.0)
    _warm: bool = False

    def watch(self, line: dict[str, Any]) -> None:
        """See a logged line of the training."""
        steps = line["step"] - self._began[0]
        if steps < self.block:
            return
        taken = (time.perf_counter() - self._began[1]) / steps
        laps = {"b": taken}
        for name, work in self.others.items():
            result: list[float | None] = []
            around = seconds(lambda work=work, to=result: to.append(work()), self.device)  # type: ignore[misc]
            lap = around if result[0] is None else result[0]
            laps[name] = lap / self.block
        if self._warm:
            for name, lap in laps.items():
                self.laps.setdefault(name, []).append(lap)
            if len(self.laps["b"]) == self.rounds:
                raise Enough
        self._warm = True
        self._began = line["step"], time.perf_counter()


def measure(arguments: Any, folder: Path) -> tuple[dict[str, list[float]], Prepared]:
    """Run the variants in turn."""
    registry = discover()
    device = choose_device(arguments.device)
    prepared = prepare(recipe_of(arguments, registry), registry, device, lambda _: None)
    write_files(prepared.material.train_speech, folder / "speech")
    write_files(prepared.material.train_noise, folder / "noise")
    others: dict[str, Callable[[], float | None]] = {}
    if "a" in arguments.variants:
        others["a"] = own_step(prepared, arguments.block)
    with ExitStack() as held:
        for name in sorted({"c", "d"} & set(arguments.variants)):
            if turn := held.enter_context(in_its_own_process(name, arguments, folder)):
                others[name] = turn
        outer = Outer(others, arguments.rounds, arguments.block, device)
        run = folder / "run"
        run.mkdir()
        try:
            prepared.trainer.run(run, watch=outer.watch, say=lambda _: None)
        except Enough:
            return outer.laps, prepared
    raise SystemExit("the training ended before all rounds were measured")


def memory_share(device: torch.device) -> float | None:
    """Return the most of a CUDA device's memory that was in use at a time, by a and b together."""
    if device.type != "cuda":
        return None
    _, whole = torch.cuda.mem_get_info(device)
    return torch.cuda.max_memory_reserved(device) / whole


def main() -> None:
    """Measure and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--preset", choices=("paper", "small"), default="paper")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--crop", type=int, help="samples; the preset's own unless given")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--block", type=int, default=10, help="steps between two turns")
    parser.add_argument("--workers", type=int, default=usable_cores(), help="of DataLoaders")
    parser.add_argument("--compile", action="store_true", help="train.compile for a and b")
    parser.add_argument("--variants", default="abcd")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.preset, arguments.batch, arguments.rounds, arguments.block = "small", 2, 1, 2
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        laps, prepared = measure(arguments, Path(folder))
    batch, device = prepared.trainer.batches.batch_size, prepared.device
    figures = {}
    for name in sorted(laps):
        figures[name] = {
            "seconds_per_step": spread(laps[name]),
            "pairs_per_second": spread([batch / lap for lap in laps[name]]),
            "b_is_faster_by": ratio(laps[name], laps["b"]),
            "laps": laps[name],
        }
    rows = [
        [NAMES[name], *(show(value) for value in list(figure.values())[:3])]  # type: ignore[arg-type]
        for name, figure in figures.items()
    ]
    print(f"{arguments.preset} preset, {batch} pairs a step, {arguments.rounds} rounds\n")
    print(table(["", "s/step: median (quartiles)", "pairs/s", "its time / b's time"], rows))
    about = {"preset": arguments.preset, "batch": batch, "crop": prepared.recipe.train.crop}
    about["memory_share"] = memory_share(device)
    publish(arguments, device, about | {"rounds": arguments.rounds, "figures": figures})


if __name__ == "__main__":
    main()
