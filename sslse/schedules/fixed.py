"""The paper's schedules: weights that hold for whole epochs."""

from sslse.api import (
    NonNegativeFloat,
    OptionError,
    PositiveFloat,
    PositiveInt,
    Progress,
    Schedule,
    Weights,
)


def mixed(cl: float, se: float, option: str = "se") -> Weights:
    """Return the weights of a phase with both losses.

    Args:
        cl: weight of the contrastive loss.
        se: weight of the enhancement loss.
        option: what the second weight is called.

    Raises:
        OptionError: both are 0.
    """
    if not cl and not se:
        raise OptionError("both losses have weight 0: nothing to train on", option)
    return Weights(cl, se)


class Mix(Schedule):
    """Train with ``cl * L_cl + se * L_se`` throughout.

    Args:
        cl: weight of the contrastive loss.
        se: weight of the enhancement loss beside it (paper: 0.1).
    """

    def __init__(self, *, cl: NonNegativeFloat = 1.0, se: NonNegativeFloat = 0.1) -> None:
        super().__init__()
        self._mix = mixed(cl, se)

    def weights(self, progress: Progress) -> Weights:  # noqa: ARG002 - the contract's argument
        """Return the same weights at any time."""
        return self._mix


class Se(Schedule):
    """Train with the enhancement loss alone (the paper's Normal).

    Args:
        se: its weight (reading: 1.0).
    """

    def __init__(self, *, se: PositiveFloat = 1.0) -> None:
        super().__init__()
        self._se = Weights(0.0, se)

    def weights(self, progress: Progress) -> Weights:  # noqa: ARG002 - the contract's argument
        """Return the same weights at any time."""
        return self._se


class Round(Schedule):
    """Switch between both losses and the enhancement loss alone, starting with both.

    Args:
        period: epochs between switches (paper: 50; "round (100 s)" is read as 100).
        cl: weight of the contrastive loss in the mixed phase.
        se: weight of the enhancement loss beside it.
        se_alone: weight of the enhancement loss in the other phase.
    """

    def __init__(
        self,
        *,
        period: PositiveInt = 50,
        cl: NonNegativeFloat = 1.0,
        se: NonNegativeFloat = 0.1,
        se_alone: PositiveFloat = 1.0,
    ) -> None:
        super().__init__()
        self._period = period
        self._phases = (mixed(cl, se), Weights(0.0, se_alone))

    def weights(self, progress: Progress) -> Weights:
        """Return the weights of the phase this epoch lies in."""
        return self._phases[progress.epoch // self._period % 2]


class Pretrain(Schedule):
    """Both losses for the first epochs, then the enhancement loss alone.

    Args:
        epochs: of the first phase (paper: 50).
        cl: weight of the contrastive loss in the first phase.
        se: weight of the enhancement loss beside it.
        se_alone: weight of the enhancement loss afterwards.
    """

    def __init__(
        self,
        *,
        epochs: PositiveInt = 50,
        cl: NonNegativeFloat = 1.0,
        se: NonNegativeFloat = 0.1,
        se_alone: PositiveFloat = 1.0,
    ) -> None:
        super().__init__()
        self._epochs = epochs
        self._first = mixed(cl, se)
        self._then = Weights(0.0, se_alone)

    def weights(self, progress: Progress) -> Weights:
        """Return the weights of the phase this epoch lies in."""
        return self._first if progress.epoch < self._epochs else self._then
