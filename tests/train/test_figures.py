import pytest
import torch

from sslse.train.figures import copied, level_db
from sslse.train.step import Examples

DRAWS = torch.Generator().manual_seed(0)
SHAPE = (2, 3, 4000)


@pytest.fixture
def examples():
    clean = torch.randn(*SHAPE, generator=DRAWS)
    noise = 2 * torch.randn(*SHAPE, generator=DRAWS)
    return Examples(clean, clean + noise, torch.arange(3))


@pytest.mark.parametrize("level", [1.0, 0.01])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_copied_is_measured_at_any_level(examples, share, level):
    estimate = level * (examples.clean + share * (examples.noisy - examples.clean))
    assert copied(estimate, examples).item() == pytest.approx(share, abs=1e-4)


def test_a_turned_input_is_a_copy_and_something_else_is_none(examples):
    other = torch.randn(*SHAPE, generator=DRAWS)
    assert copied(-examples.noisy, examples).item() == pytest.approx(1, abs=1e-4)
    assert copied(other * 1e-3 + examples.clean, examples).item() == pytest.approx(0, abs=0.01)


def test_silent_examples_do_not_count(examples):
    examples.clean[:, 0] = 0
    assert copied(examples.noisy, examples).item() == pytest.approx(1, abs=1e-4)
    silent = Examples(examples.clean, examples.clean, examples.utterance)
    assert copied(examples.noisy, silent).isnan()


def test_the_level_is_in_db_relative_to_the_input(examples):
    assert level_db(0.1 * examples.noisy, examples).item() == pytest.approx(-20, abs=1e-3)
    assert level_db(torch.zeros(SHAPE), examples).item() < -100
