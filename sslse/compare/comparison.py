"""What a comparison found, as plain values."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sslse.compare.results import By, Measure

# Of methods; or, where a run is one training seed, of these trained models alone.
Verdict = Literal["better", "worse", "model better", "model worse", "undecided"]
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Row:
    """A row of the tables.

    Args:
        label: unique among the rows.
        kind: the noisy waves, a baseline, a run, or figures the paper gives.
        name: of the recipe, the baseline or the folder.
        seeds: of the runs in it.
        folders: where the scores come from.
    """

    label: str
    kind: Literal["noisy", "baseline", "run", "paper"]
    name: str
    seeds: tuple[int, ...] = ()
    folders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mean:
    """A mean over mixtures, and over the seeds of a run.

    Args:
        label: of the row.
        metric: its name.
        by: ``all``, ``snr_db`` or ``noise_kind``.
        group: which SNR or kind; empty for all.
        value: None where there is no score.
        spread: standard deviation of the seeds' means; None below two seeds.
        mixtures: how many count; None in the paper's rows.
        failed: scores of this row that failed, of all seeds; None in the paper's rows.
    """

    label: str
    metric: str
    by: By
    group: str
    value: float | None
    spread: float | None = None
    mixtures: int | None = None
    failed: int | None = None


@dataclass(frozen=True)
class Difference:
    """A row's mean minus the reference's, over the same mixtures.

    Args:
        label: of the row.
        metric: its name.
        by: ``all``, ``snr_db`` or ``noise_kind``.
        group: which SNR or kind; empty for all.
        value: None where there is no score.
        low: end of the 95 % interval; None where there is one cluster or none.
        high: the other end.
        p: of no difference; None as the interval is.
        p_holm: adjusted for all differences with the same ``by``.
        verdict: in words; ``model better`` and ``model worse`` where a run has one training seed.
        mixtures: how many count.
        left_out: mixtures of the group that do not count, as a row has no score there.
        clusters: speakers, or utterances, among them.
        noises: noise recordings among them.
    """

    label: str
    metric: str
    by: By
    group: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float
    verdict: Verdict
    mixtures: int
    left_out: int
    clusters: int
    noises: int = 0


@dataclass(frozen=True)
class Comparison:
    """All of it.

    Args:
        rows: noisy, baselines, runs, each followed by the paper's figures where wanted.
        metrics: compared.
        means: of every row, metric and group.
        differences: of every other run from the reference.
        reference: its label; empty where there is no difference to tell.
        mixtures: test mixtures, counted or not.
        clustered_by: ``speaker``, ``utterance`` where speakers are unknown, or both.
        clusters: how many.
        manifest: digest of the mixtures.
        sample_rate: in Hz.
        confidence: of the intervals.
        resamples: of the bootstrap.
        seed: of the bootstrap.
        notes: what a reader should know, one sentence each.
        noises: how many noise recordings.
    """

    rows: tuple[Row, ...]
    metrics: tuple[Measure, ...]
    means: tuple[Mean, ...]
    differences: tuple[Difference, ...]
    reference: str
    mixtures: int
    clustered_by: str
    clusters: int
    manifest: str
    sample_rate: int
    confidence: float
    resamples: int
    seed: int
    notes: tuple[str, ...]
    noises: int = 0

    def groups(self, by: By) -> list[str]:
        """Return the groups there are means of, in their order."""
        return list(dict.fromkeys(one.group for one in self.means if one.by == by))

    def mean(self, label: str, metric: str, by: By = "all", group: str = "") -> Mean | None:
        """Return one mean, None where there is none such."""
        return self._means_by_key.get((label, metric, by, group))

    def difference(
        self, label: str, metric: str, by: By = "all", group: str = ""
    ) -> Difference | None:
        """Return one difference, None where there is none such."""
        return self._differences_by_key.get((label, metric, by, group))

    @cached_property
    def _means_by_key(self) -> dict[Key, Mean]:
        return {(one.label, one.metric, one.by, one.group): one for one in self.means}

    @cached_property
    def _differences_by_key(self) -> dict[Key, Difference]:
        return {(one.label, one.metric, one.by, one.group): one for one in self.differences}
