"""Each rule for loggers catches the one that breaks it."""

import json
import random
import threading
from pathlib import Path

import pytest

from sslse.api import Context, Logger, NonNegativeInt
from sslse.testing import check_logger
from sslse.testing.logger import LOGGER_RULES


class Good(Logger):
    """Write one file of lines, without those that come again."""

    def __init__(self, *, digits: NonNegativeInt = 3) -> None:
        self.digits = digits

    def start(self, folder, recipe, step):
        self.path = folder / "lines" / "lines.jsonl"
        self.path.parent.mkdir(exist_ok=True)
        kept = self.path.read_text().splitlines() if self.path.is_file() else []
        kept = [line for line in kept if json.loads(line)["step"] <= step]
        self.path.write_text("".join(f"{line}\n" for line in kept))

    def log(self, line):
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def finish(self, summary, status):
        self.log({"step": -1, "status": status})


class NoLogger:
    def log(self, line):
        pass


class Wired(Good):
    def __init__(self, context: Context, /) -> None:
        pass


class WritesAtOnce(Good):
    def __init__(self) -> None:
        Path("runs.db").touch()


class ThreadAtOnce(Good):
    def __init__(self) -> None:
        threading.Thread(target=threading.Event().wait, args=(1,), daemon=True).start()


class NeedsLoss(Good):
    def log(self, line):
        print(line["loss"])


class NeedsScores(Good):
    def scores(self, line):
        self.log({name: float(value) for name, value in line.items()})


class WritesWhereItIs(Good):
    def start(self, folder, recipe, step):
        super().start(folder, recipe, step)
        Path("mine").mkdir()


class WritesBesideTheModel(Good):
    def finish(self, summary, status):
        (self.path.parents[1] / "mine.json").write_text(json.dumps(summary))


class AddsToTheScores(Good):
    def scores(self, line):
        with (self.path.parents[1] / "scores.jsonl").open("a") as file:
            file.write("\n")


class StartsOnce(Good):
    def start(self, folder, recipe, step):
        (folder / "lines").mkdir()
        super().start(folder, recipe, step)


class NeedsSummary(Good):
    def finish(self, summary, status):
        self.log({"step": -1} | summary["mean"]["enhanced"])


class NeverEnds(Good):
    def start(self, folder, recipe, step):
        super().start(folder, recipe, step)
        threading.Thread(target=threading.Event().wait, args=(1,)).start()


class DrawsAName(Good):
    def start(self, folder, recipe, step):
        super().start(folder, recipe, step)
        self.name = random.random()


BROKEN = {
    "is constructed from options": (NoLogger, Wired),
    "does nothing before start": (WritesAtOnce, ThreadAtOnce),
    "takes every line": (NeedsLoss, NeedsScores),
    "writes into a folder of its own": (WritesWhereItIs, WritesBesideTheModel, AddsToTheScores),
    "goes on with the log": (StartsOnce,),
    "ends however the run ended": (NeedsSummary, NeverEnds),
    "draws from no global": (DrawsAName,),
}


@pytest.mark.parametrize(
    ("rule", "target"), [(rule, one) for rule, all_ in BROKEN.items() for one in all_]
)
def test_a_broken_one_is_caught_by_its_rule(rule, target, monkeypatch):
    monkeypatch.setattr("sslse.testing.logger.SECONDS", 0.1)
    with pytest.raises(AssertionError, match=rule) as caught:
        check_logger(target)
    assert str(caught.value).startswith(f"logger {target.__module__}:{target.__name__}: ")


def test_every_rule_has_its_offender():
    for one in LOGGER_RULES:
        assert sum(rule in one.text for rule in BROKEN) == 1, one.text


def test_a_good_one_passes():
    check_logger(Good, digits=2)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_tensorboard_passes():
    check_logger("tensorboard")
