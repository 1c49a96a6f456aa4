"""Is it collapsing? Thresholds on the logged figures, in plain words, once each."""

from dataclasses import dataclass
from typing import Any, Literal

from sslse.api import Progress
from sslse.losses import Over

LASTING = 5
SETTLING = 0.05


@dataclass(frozen=True)
class Rule:
    """A figure that must not stay beyond a limit.

    Args:
        figure: its name in ``metrics.jsonl``.
        limit: of it.
        below: whether lower values are the bad ones, else higher.
        words: what it means.
        needs: the loss without which the figure says nothing.
        share: of the run from which the rule holds.
        over: the vectors the limit is for; None where it does not matter.
    """

    figure: str
    limit: float
    below: bool
    words: str
    needs: Literal["cl", "se"] = "cl"
    share: float = SETTLING
    over: Over | None = None

    def broken(self, line: dict[str, Any], progress: Progress) -> bool:
        """Tell whether a logged line is beyond the limit."""
        value = line.get(self.figure)
        if value is None or self.needs not in line or progress.fraction < self.share:
            return False
        return bool(value < self.limit if self.below else value > self.limit)


ONE_WAY = "all latents point nearly the same way: the contrastive loss has collapsed"

# Means over frames lie close together before training, and a healthy run needs time to part them.
RULES = (
    Rule("latent/std", 0.15, below=True, over="frame", words=ONE_WAY),
    Rule("latent/std", 0.1, below=True, over="utterance", share=0.5, words=ONE_WAY),
    Rule(
        "latent/rank",
        1.5,
        below=True,
        over="frame",
        words="the latents fill hardly more than one direction: the contrastive loss has collapsed",
    ),
    Rule(
        "objective/prototype_use",
        0.05,
        below=True,
        words="hardly any prototype is used: the assignments have collapsed",
    ),
    Rule(
        "objective/undecided",
        0.98,
        below=False,
        share=0.25,
        words="all prototypes are predicted alike: the contrastive loss says nothing",
    ),
    Rule(
        "objective/masked",
        0.98,
        below=False,
        words="batches hold hardly anything but crops of one utterance: there are no negatives",
    ),
    Rule(
        "output/level_db",
        -60.0,
        below=True,
        needs="se",
        words="the outputs are nearly silent beside the inputs",
    ),
    Rule(
        "output/copied",
        0.98,
        below=False,
        needs="se",
        share=0.5,
        words="the input is copied to the output: nothing of the noise is removed",
    ),
)


class Monitor:
    """Warn once where a rule is broken for several logged lines on end.

    It knows only the lines it has seen: a resumed run shows it the earlier ones again.

    Args:
        over: the vectors that the figures of the latent are of.
    """

    def __init__(self, over: Over) -> None:
        self._lasting = {rule: 0 for rule in RULES if rule.over in (over, None)}
        self._warned: set[Rule] = set()

    def check(self, line: dict[str, Any], progress: Progress) -> dict[str, str]:
        """Return new warnings about a line of ``metrics.jsonl``, by figure.

        Args:
            line: as logged.
            progress: of its step.
        """
        found = {}
        for rule in self._lasting:
            self._lasting[rule] = self._lasting[rule] + 1 if rule.broken(line, progress) else 0
            if self._lasting[rule] == LASTING and rule not in self._warned:
                self._warned.add(rule)
                side = "below" if rule.below else "above"
                found[rule.figure] = (
                    f"is {line[rule.figure]:.3g} ({side} {rule.limit:g} for {LASTING} logged "
                    f"lines): {rule.words}"
                )
        return found
