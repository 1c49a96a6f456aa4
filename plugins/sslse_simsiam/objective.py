"""The SimSiam objective."""

from typing import Literal

from sslse.api import Encoder, Objective, Outcome, Predictor, Progress, Views
from sslse.losses import similarity_across_views


class SimSiam(Objective):
    """Predict the latent of one view from the latent of another, gradients stopped at the target.

    Chen and He 2020, arXiv:2011.10566::

        L_cl = -( sim(p1, sg(z2)) + sim(p2, sg(z1)) ) / 2,   p = predictor(z),  z = encoder(x)

    Deviations from that paper: no projector; the enhancement paper's predictor in place of an MLP.
    More than two views: the mean over all ordered pairs.

    Args:
        predictor: trained with the objective.
        over: compare frame by frame, or the means over frames (``utterance``).
    """

    def __init__(
        self, predictor: Predictor, /, *, over: Literal["frame", "utterance"] = "frame"
    ) -> None:
        super().__init__()
        self.predictor = predictor
        self.over = over
        self.frame_level = over == "frame"

    def forward(self, encoder: Encoder, views: Views, progress: Progress) -> Outcome:  # noqa: ARG002
        """Compute the loss over all ordered pairs of views."""
        predicted = self.predictor(views.latent.flatten(0, 1)).unflatten(0, views.latent.shape[:2])
        target = views.latent.detach()
        return Outcome(-similarity_across_views(predicted, target, over=self.over))
