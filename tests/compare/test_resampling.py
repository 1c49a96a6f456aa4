"""Intervals and p-values: against loops, and over simulated runs whose difference is known."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from sslse.compare import Entry, Measure, Results, compare
from sslse.compare.comparing import verdict
from sslse.compare.holm import adjust
from sslse.compare.resampling import Draws, estimate, swapped

RESAMPLES = 1000
SHARED = Draws(0, RESAMPLES)
SIGMAS = 3.0  # a share over simulations may lie so many standard deviations from its true value


def slack(share, count):
    return SIGMAS * math.sqrt(share * (1 - share) / count)


def simulate(random, difference, *, speakers=12, seeds=(1, 1), seed_spread=0.0, skewed=False):
    """Draw scores of two systems on utterances, of which those of a speaker are alike.

    Returns:
        Scores of both, each (seeds, mixtures), and the speakers, (mixtures,).
    """
    sizes = random.integers(4, 13, speakers)
    clusters = np.repeat(np.arange(speakers), sizes)
    shared = random.normal(0, 3, len(clusters))
    own = random.exponential(1, speakers) - 1 if skewed else random.normal(0, 1, speakers)
    gain = difference + own[clusters] + random.normal(0, 1, len(clusters))
    ours, theirs = (
        shared
        + random.normal(0, seed_spread, (count, 1))
        + random.normal(0, 0.3, (count, len(clusters)))
        for count in seeds
    )
    return ours + gain, theirs, clusters


def simulations(count, difference, **options):
    """Yield so many estimates; each simulation has resamples of its own."""
    random = np.random.default_rng(1)
    for number in range(count):
        drawn = simulate(random, difference, **options)
        yield estimate(*drawn, Draws(number, RESAMPLES))


CASES = [
    pytest.param({"speakers": 60}, id="many speakers"),
    pytest.param({"speakers": 20}, id="twenty speakers"),
    pytest.param({"speakers": 6}, id="six speakers"),
    pytest.param({"speakers": 3}, id="three speakers"),
    pytest.param({"seeds": (3, 3), "seed_spread": 0.3}, id="three seeds that vary as speakers do"),
    pytest.param({"seeds": (2, 2), "seed_spread": 0.3}, id="two seeds"),
    pytest.param({"seeds": (3, 3), "seed_spread": 0.05}, id="three seeds that hardly vary"),
]


@pytest.mark.parametrize("options", CASES)
def test_the_interval_covers_a_known_difference_at_its_nominal_rate(options):
    count = 600
    found = list(simulations(count, 0.7, **options))
    covered = sum(one.low <= 0.7 <= one.high for one in found) / count
    # Two and three seeds say so little of how seeds vary that it errs to the wide side.
    most = 1.0 if "seeds" in options else 0.95 + slack(0.95, count)
    assert 0.95 - slack(0.95, count) <= covered <= most


@pytest.mark.parametrize("options", CASES)
def test_without_a_difference_it_says_undecided(options):
    count = 600
    found = [verdict("higher", one.value, one.p) for one in simulations(count, 0.0, **options)]
    assert found.count("undecided") / count >= 0.95 - slack(0.95, count)


def test_with_a_large_difference_it_says_which():
    for difference, word in ((3.0, "better"), (-3.0, "worse")):
        found = [verdict("higher", one.value, one.p) for one in simulations(100, difference)]
        assert found.count(word) == 100
        found = [verdict("lower", one.value, one.p) for one in simulations(100, -difference)]
        assert found.count(word) == 100


def test_skew_costs_little_coverage():
    count = 600
    found = simulations(count, 0.7, speakers=20, skewed=True)
    assert sum(one.low <= 0.7 <= one.high for one in found) / count >= 0.91


def crossed(random, *, speakers=30, noises=25, each=4, own=1.0, heard=1.0):
    """Draw gains whose true mean is 0, of speakers under noises, both of which matter."""
    speaker = np.repeat(np.arange(speakers), each)
    noise = random.integers(noises, size=len(speaker))
    gains = own * random.normal(size=speakers)[speaker] + random.normal(size=len(speaker))
    return gains + heard * random.normal(size=noises)[noise], speaker, noise


@pytest.mark.parametrize(
    ("options", "deceived"),
    [
        pytest.param({}, True, id="both matter"),
        pytest.param({"heard": 0.0}, False, id="noises do not matter"),
        pytest.param({"noises": 6}, True, id="six noises"),
        pytest.param({"speakers": 6, "each": 20}, False, id="six speakers"),
    ],
)
def test_the_interval_covers_where_speakers_and_noises_are_drawn(options, deceived):
    """``deceived``: an interval for other speakers alone is then far too narrow."""
    count = 200
    random = np.random.default_rng(11)
    covered = by_speakers = wrong = 0
    for _ in range(count):
        gains, speaker, noise = crossed(random, **options)
        one = estimate(gains[None], np.zeros((1, len(gains))), speaker, SHARED, noises=noise)
        covered += one.low <= 0 <= one.high
        wrong += one.p <= 0.05
        one = estimate(gains[None], np.zeros((1, len(gains))), speaker, SHARED)
        by_speakers += one.low <= 0 <= one.high
    assert 0.95 - slack(0.95, count) <= covered / count
    assert wrong / count <= 0.05 + slack(0.05, count)
    assert (by_speakers / count < 0.85) == deceived


def test_noises_and_speakers_do_not_count_twice_what_is_of_neither():
    """Where every mixture has a speaker and a noise of its own, it is the paired t-test again."""
    random = np.random.default_rng(12)
    gaps, own = random.normal(0.3, 1, (1, 30)), np.arange(30)
    found = estimate(gaps, np.zeros((1, 30)), own, Draws(0, 20000), noises=own[::-1])
    known = stats.ttest_1samp(gaps[0], 0)
    assert found.high - found.value == pytest.approx(
        stats.t.ppf(0.975, 29 / 2) * gaps.std(ddof=1) / math.sqrt(30), rel=0.02
    )
    assert found.p >= known.pvalue


def test_the_simulations_see_what_is_left_out():
    """Told less than there is, of speakers or of seeds, the interval covers too seldom."""
    count = 200
    random = np.random.default_rng(2)
    blind_to_speakers = blind_to_seeds = 0
    for number in range(count):
        ours, theirs, clusters = simulate(random, 0.0, seeds=(3, 3), seed_spread=0.5)
        draws = Draws(number, RESAMPLES)
        one = estimate(ours.mean(0)[None], theirs.mean(0)[None], clusters, draws)
        blind_to_seeds += one.low <= 0 <= one.high
        ours, theirs, clusters = simulate(random, 0.0)
        one = estimate(ours, theirs, np.arange(len(clusters)), draws)
        blind_to_speakers += one.low <= 0 <= one.high
    assert blind_to_seeds / count < 0.88
    assert blind_to_speakers / count < 0.8


def test_holm_keeps_the_error_of_a_family():
    count = 600
    random = np.random.default_rng(3)
    wrong = 0
    for number in range(count):
        draws = Draws(number, RESAMPLES)
        ours, theirs, clusters = simulate(random, 0.0)
        # Six metrics: alike in part, as metrics are.
        p_values = [
            estimate(ours + 2 * random.normal(size=ours.shape), theirs, clusters, draws).p
            for _ in range(6)
        ]
        wrong += min(adjust(p_values)) <= 0.05
    assert wrong / count <= 0.05 + slack(0.05, count)


def simulated_results(random, difference, rows, speakers):
    """Two recipes of two seeds: what is lower by so much in one metric is higher in the other."""
    own = random.normal(0, 1, speakers)[np.array([int(row["speaker"][1:]) for row in rows])]
    shared = random.normal(0, 3, len(rows))
    entries = []
    for label, gain in (("first", 0.0), ("second", difference + own)):
        scores = shared + gain + random.normal(0, 1, (2, len(rows)))
        both = {"up": scores, "down": -scores}
        entries.append(Entry(label, "run", label, (0, 1), (label, label), both))
    measures = (Measure("up", "higher", "", {}), Measure("down", "lower", "", {}))
    mixtures = tuple({key: str(value) for key, value in row.items()} for row in rows)
    return Results(tuple(entries), measures, mixtures, "", 16000, ())


@pytest.mark.statistics
def test_whole_comparisons_of_simulated_runs(make_rows):
    """Interval, words and families as a reader sees them: overall, per SNR, per kind of noise."""
    count = 200
    random = np.random.default_rng(10)
    rows = make_rows(speakers=20)
    covered, told, wrong = 0, 0, dict.fromkeys(("all", "snr_db", "noise_kind"), 0)
    for number in range(count):
        found = compare(simulated_results(random, 1.5, rows, 20), seed=number)
        one = found.difference("second", "up")
        covered += one.low <= 1.5 <= one.high
        told += all(one.verdict == "better" for one in found.differences if one.by == "all")
        assert not any(one.verdict == "worse" for one in found.differences)
        found = compare(simulated_results(random, 0.0, rows, 20), seed=number)
        for by in wrong:
            words = [one.verdict for one in found.differences if one.by == by]
            wrong[by] += any(word != "undecided" for word in words)
    assert 0.95 - slack(0.95, count) <= covered / count
    assert told == count
    for by, families in wrong.items():
        assert families / count <= 0.05 + slack(0.05, count), by


def by_swapping(gaps, clusters):
    """Swap the two systems in every choice of clusters: how often is the sum as large?"""
    names = sorted(set(clusters.tolist()))
    found = []
    for signs in itertools.product((1, -1), repeat=len(names)):
        sign = dict(zip(names, signs, strict=True))
        swapped = [sign[own] * gap for gap, own in zip(gaps, clusters.tolist(), strict=True)]
        found.append(abs(math.fsum(swapped)))
    return sum(one >= abs(math.fsum(gaps)) * (1 - 1e-9) for one in found) / len(found)


@pytest.mark.parametrize("count", [2, 5, 9])
def test_swapping_is_that_of_a_plain_loop_and_of_scipy(count):
    random = np.random.default_rng(8)
    for difference in (0.0, 0.5, 3.0):
        sums = random.normal(difference, 1, count)
        found = swapped(sums, Draws(0))
        assert found == pytest.approx(by_swapping(sums.tolist(), np.arange(count)))
        known = stats.permutation_test(
            (sums,), np.mean, permutation_type="samples", n_resamples=np.inf
        )
        assert found == pytest.approx(known.pvalue)
        assert found >= 2.0 ** (1 - count)


def test_swapping_equal_clusters_has_ties():
    assert swapped(np.array([0.1, 0.1, 0.1, 0.1]), Draws(0)) == 1 / 8
    assert swapped(np.array([0.1, -0.1, 0.1, -0.1]), Draws(0)) == 1
    assert swapped(np.zeros(4), Draws(0)) == 1


@pytest.mark.statistics
def test_few_speakers_of_two_sorts_do_not_deceive_a_family():
    """Where half gains what half loses, far too small p would come of Student's t alone."""
    count = 300
    random = np.random.default_rng(9)
    wrong = wrong_by_t = 0
    for _ in range(count):
        effects = random.choice([-1.0, 1.0], (12, 10)) + 0.1 * random.normal(size=(12, 10))
        zeros, clusters = np.zeros((1, 10)), np.arange(10)
        p_values = [estimate(one[None], zeros, clusters, SHARED).p for one in effects]
        wrong += min(adjust(p_values)) <= 0.05
        wrong_by_t += min(adjust(stats.ttest_1samp(effects, 0, axis=1).pvalue.tolist())) <= 0.05
    assert wrong / count <= 0.05 + slack(0.05, count)
    assert wrong_by_t / count > 0.1


def test_resamples_are_those_of_a_plain_loop():
    """Draw clusters one by one, list their mixtures, take the mean; the same for seeds."""
    random = np.random.default_rng(4)
    ours, theirs, clusters = simulate(random, 0.4, speakers=5, seeds=(3, 2), seed_spread=0.5)
    draws = Draws(7, 200)
    gaps = (ours.mean(0) - theirs.mean(0)).tolist()
    parts = {"speakers": [], "ours": [], "theirs": []}
    for row in range(200):
        items = []
        for cluster, times in enumerate(draws.counts(5, 0)[row].astype(int)):
            items += times * [
                gap for gap, own in zip(gaps, clusters, strict=True) if own == cluster
            ]
        shift = math.fsum(items) / len(items) - math.fsum(gaps) / len(gaps)
        parts["speakers"].append(math.sqrt(5 / 4) * shift)
        for name, side, scores in (("ours", 1, ours), ("theirs", 2, theirs)):
            seeds = len(scores)
            means = [math.fsum(one) / len(one) for one in scores.tolist()]
            drawn = []
            for mean, times in zip(means, draws.counts(seeds, side)[row].astype(int), strict=True):
                drawn += times * [mean]
            shift = math.fsum(drawn) / seeds - math.fsum(means) / seeds
            parts[name].append(math.sqrt(seeds / (seeds - 1)) * shift)
    sizes = np.bincount(clusters)
    own_degrees = (sizes.sum() ** 2 / (sizes**2).sum() - 1, 2, 1)
    variances = [np.var(one) for one in parts.values()]
    degrees = sum(variances) ** 2 / sum(
        variance**2 / own for variance, own in zip(variances, own_degrees, strict=True)
    )
    found = estimate(ours, theirs, clusters, draws)
    error = math.sqrt(sum(variances))
    reach = stats.t.ppf(0.975, degrees) * error
    assert found.value == pytest.approx(np.mean(gaps))
    assert (found.high - found.value, found.value - found.low) == pytest.approx((reach, reach))
    by_t = 2 * stats.t.sf(abs(found.value) / error, degrees)
    assert found.p == pytest.approx(max(by_t, by_swapping(gaps, clusters)))


@pytest.mark.parametrize("things", [2, 6, 40])
def test_draws_are_with_replacement_and_even(things):
    counts = Draws(0, 4000).counts(things, 0)
    assert (counts.sum(1) == things).all()
    # Multinomial: mean 1, variance 1 - 1 / things.
    assert np.abs(counts.mean(0) - 1).max() < 5 * math.sqrt(1 / 4000)
    assert counts.var(0).mean() == pytest.approx(1 - 1 / things, rel=0.1)


def test_what_is_drawn_is_decided_by_seed_number_and_kind():
    draws = Draws(0, 100)
    assert (draws.counts(6, 0) == Draws(0, 100).counts(6, 0)).all()
    for other in (Draws(1, 100).counts(6, 0), draws.counts(6, 1), draws.counts(6, 2)):
        assert (draws.counts(6, 0) != other).any()


def test_single_mixtures_give_the_paired_t_test():
    random = np.random.default_rng(5)
    ours, theirs = random.normal(0.3, 1, (1, 30)), random.normal(0, 1, (1, 30))
    found = estimate(ours, theirs, np.arange(30), Draws(0, 20000))
    known = stats.ttest_rel(ours[0], theirs[0])
    low, high = known.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.01)
    assert found.p == pytest.approx(known.pvalue, rel=0.1)


def test_more_mixtures_of_the_same_speakers_tell_hardly_more():
    random = np.random.default_rng(6)
    own = random.normal(size=8)
    widths = []
    for each in (5, 50):
        clusters = np.repeat(np.arange(8), each)
        gaps = own[clusters] + random.normal(0, 0.1, len(clusters))
        found = estimate(gaps[None], np.zeros((1, len(gaps))), clusters, Draws(0))
        widths.append(found.high - found.low)
    assert widths[1] == pytest.approx(widths[0], rel=0.1)


def test_one_speaker_with_most_mixtures_makes_it_less_sure():
    random = np.random.default_rng(7)
    gaps = random.normal(size=(1, 400))
    even, uneven = np.arange(400) // 40, np.minimum(np.arange(400) // 8, 9)[::-1]
    widths = []
    for clusters in (even, uneven):
        one = estimate(gaps, np.zeros((1, 400)), clusters, Draws(0))
        assert one.clusters == 10
        widths.append(one.high - one.low)
    assert widths[1] > 1.3 * widths[0]


def test_nothing_to_resample():
    ours = np.array([[1.0, 2.0, 4.0]])
    one = estimate(ours, ours - 1, np.array([3, 3, 3]), Draws(0))
    assert one.value == 1
    assert math.isnan(one.low)
    assert math.isnan(one.p)
    same = estimate(ours, ours, np.array([1, 2, 3]), Draws(0))
    assert (same.low, same.high, same.p) == (0, 0, 1)
