import math

import pytest

from sslse.schedules.dynamic_average import DynamicAverage

TABLE = [(-0.1 - 0.08 * (step % 9), 9.0 - 1.3 * step) for step in range(30)]


def test_a_case_by_hand(follow):
    """Heights 0.8, 0.4 and 40, 36: ratios 0.5 and 0.9; e^0.25 = 1.28403, e^0.45 = 1.56831."""
    table = [(-0.2, 10.0), (-0.6, 6.0), (-0.9, 0.0)]
    weights = follow(DynamicAverage(cl=1.0, se=1.0), table, steps_per_epoch=1)
    assert weights[0] == (1.0, 1.0)
    assert weights[1] == pytest.approx((0.900332, 1.099668), abs=1e-6)


def test_the_first_two_epochs_have_the_plain_weights(follow):
    weights = follow(DynamicAverage(cl=2.0, se=0.3), TABLE, steps_per_epoch=4)
    assert weights[:7] == [(2.0, 0.3)] * 7  # the eighth step ends the second epoch
    assert weights[7] != (2.0, 0.3)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_against_lists_of_epoch_means(follow, temperature):
    per_epoch = 3
    schedule = DynamicAverage(
        cl=2.0, se=0.3, temperature=temperature, cl_floor=-1.5, se_floor=-35.0
    )
    weights = follow(schedule, TABLE, steps_per_epoch=per_epoch)
    epochs = [TABLE[start : start + per_epoch] for start in range(0, len(TABLE), per_epoch)]
    means = [
        (sum(cl + 1.5 for cl, _ in one) / per_epoch, sum(se + 35.0 for _, se in one) / per_epoch)
        for one in epochs
    ]
    for number in range(2, len(epochs)):
        ratios = [new / old for new, old in zip(means[number - 1], means[number - 2], strict=True)]
        powers = [math.exp(ratio / temperature) for ratio in ratios]
        expected = (2.0 * 2 * powers[0] / sum(powers), 0.3 * 2 * powers[1] / sum(powers))
        for step in range(per_epoch):  # after_step of the step before gave this step's weights
            assert weights[number * per_epoch + step - 1] == pytest.approx(expected)


def test_the_factors_sum_to_two(follow):
    for cl, se in follow(DynamicAverage(cl=1.0, se=1.0), TABLE):
        assert cl + se == pytest.approx(2.0)
