"""Say before a long run how long it will take."""

import copy
import time

from sslse import ranks
from sslse.seeds import seeded
from sslse.train.trainer import Trainer

PROBE = 4


def estimate_seconds(trainer: Trainer) -> float:
    """Return the seconds a whole training takes on a CPU.

    Measures a small batch on a copy of the model and scales it; changes neither the model nor any
    random stream.
    """
    model = copy.deepcopy(trainer.model)
    progress = trainer.progress(0)
    examples = trainer.examples(0).head(PROBE)
    weights = model.schedule.weights(progress)
    laps = []
    for _ in range(3):
        started = time.monotonic()
        with seeded(0):
            total = model(examples, weights, progress).total
        total.backward()
        laps.append(time.monotonic() - started)
        model.zero_grad(set_to_none=True)
    share = trainer.batches.batch_size / ranks.world() / len(examples.utterance)
    return min(laps) * share * trainer.steps
