"""The baseline without a contrastive loss."""

from sslse.api import Encoder, Objective, Outcome, Progress, Views


class Normal(Objective):
    """Add nothing to the enhancement loss; the paper's baseline.

    It sees the same noisy views per utterance as every other method, so that all are trained on
    the same number of mixtures.
    """

    frame_level = False

    def forward(self, encoder: Encoder, views: Views, progress: Progress) -> Outcome:  # noqa: ARG002
        """Return no loss."""
        return Outcome(None)
