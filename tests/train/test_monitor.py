from sslse.api import Progress
from sslse.train.monitor import LASTING, RULES, Monitor


def shown(lines, rule=RULES[0], *, step=50):
    """What a fresh monitor says about each of some lines."""
    monitor = Monitor(rule.over or "frame")
    return [monitor.check(line, Progress(step, 100, 10)) for line in lines]


def bad_and_good():
    for rule in RULES:
        beyond = -0.01 * abs(rule.limit) if rule.below else 0.01 * abs(rule.limit)
        yield (
            rule,
            {rule.needs: 0.0, rule.figure: rule.limit + beyond},
            {rule.needs: 0.0, rule.figure: rule.limit - beyond},
        )


def test_every_rule_warns_once_after_several_lines_and_names_its_figure():
    for rule, bad, _ in bad_and_good():
        said = shown([bad] * 3 * LASTING, rule)
        assert [index for index, one in enumerate(said) if one] == [LASTING - 1]
        assert list(said[LASTING - 1]) == [rule.figure]
        assert rule.words in said[LASTING - 1][rule.figure]


def test_a_good_line_between_starts_the_count_anew():
    for rule, bad, good in bad_and_good():
        assert not any(shown([*[bad] * (LASTING - 1), good] * 3, rule))


def test_nothing_is_said_while_the_run_settles_or_the_loss_has_no_weight():
    for rule, bad, _ in bad_and_good():
        early = int(rule.share * 100) - 1
        assert not any(shown([bad] * 2 * LASTING, rule, step=early))
        assert not any(shown([{rule.figure: bad[rule.figure]}] * 2 * LASTING, rule))


def test_figures_that_are_missing_or_no_numbers_say_nothing():
    assert not any(shown([{"cl": 0.0, "se": 0.0}] * 2 * LASTING))
    nan = {rule.figure: float("nan") for rule in RULES}
    assert not any(shown([{"cl": 0.0, "se": 0.0} | nan] * 2 * LASTING))
