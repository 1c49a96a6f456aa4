"""The BYOL objective."""

from typing import Any, Literal

from sslse.api import Encoder, Fraction, Objective, Outcome, Predictor, Progress, Views
from sslse.losses import similarity_across_views
from sslse.nn import Teacher


class BYOL(Objective):
    """Predict a momentum encoder's latent of one view from the online latent of another.

    Grill et al. 2020, arXiv:2006.07733::

        L_cl = -( sim(p1, sg(z2')) + sim(p2, sg(z1')) ) / 2
        p = predictor(encoder(x)),  z' = encoder'(x)
        theta' <- tau theta' + (1 - tau) theta, after every optimizer step

    Deviations from that paper: the negative cosine in place of the squared distance of unit
    vectors (which is ``2 + 2 L_cl``), no projector, a fixed tau; from the enhancement paper: none.
    More than two views: the mean over all ordered pairs. The momentum encoder follows in phases
    without CL too, so that it is not out of date when CL returns.

    Args:
        encoder: lent; copied once as the momentum encoder.
        predictor: trained with the objective.
        tau: momentum of the copy (paper: 0.99).
        over: compare frame by frame, or the means over frames (``utterance``).
    """

    def __init__(
        self,
        encoder: Encoder,
        predictor: Predictor,
        /,
        *,
        tau: Fraction = 0.99,
        over: Literal["frame", "utterance"] = "frame",
    ) -> None:
        super().__init__()
        self.predictor = predictor
        self.teacher = Teacher(encoder)
        self.tau = tau
        self.over = over
        self.frame_level = over == "frame"

    def forward(self, encoder: Encoder, views: Views, progress: Progress) -> Outcome:  # noqa: ARG002
        """Compute the loss over all ordered pairs of views."""
        predicted = self.predictor(views.latent.flatten(0, 1)).unflatten(0, views.noisy.shape[:2])
        target = self.teacher(views.noisy.flatten(0, 1)).unflatten(0, views.noisy.shape[:2])
        return Outcome(-similarity_across_views(predicted, target, over=self.over))

    def after_step(self, encoder: Encoder, carry: Any, progress: Progress) -> None:  # noqa: ARG002
        """Let the momentum encoder follow."""
        self.teacher.follow(encoder, self.tau)
