"""A step's forward on several processes."""

import warnings
from collections.abc import Callable
from dataclasses import replace

from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sslse import ranks
from sslse.api import Progress, Weights
from sslse.train.step import Examples, Step, StepOutput

Forward = Callable[[Examples, Weights, Progress], StepOutput]


def in_parallel(model: Step) -> Forward:
    """Return the step's forward, whose backward averages the gradients over ranks.

    Parameters and buffers become those of rank 0, in every step too the buffers of encoder and
    decoder, which may count what they see. Those of objective and schedule need not be sent: what
    writes them (``after_step``) is given the same on every rank. A parameter that no loss of a
    step uses is looked for in every step, as phases of a schedule come and go; it has no gradient,
    as in one process.

    Args:
        model: on its device.
    """
    if ranks.world() == 1:
        return model
    for buffer in model.buffers():
        ranks.share(buffer)
    with warnings.catch_warnings():
        # Newer releases of torch have another name for it, which older ones do not know.
        warnings.filterwarnings("ignore", ".*broadcast_buffers", FutureWarning)
        wrapped = DistributedDataParallel(
            _Total(model), broadcast_buffers=False, find_unused_parameters=True
        )
    counted = [*model.encoder.buffers(), *model.decoder.buffers()]

    def forward(examples: Examples, weights: Weights, progress: Progress) -> StepOutput:
        for buffer in counted:
            ranks.share(buffer)
        total, sealed = wrapped(examples, weights, progress)
        output: StepOutput = sealed.output
        return replace(output, total=total)

    return forward


class _Sealed:
    """Hides tensors: a parameter counts as used where the total depends on it, nothing else."""

    def __init__(self, output: StepOutput) -> None:
        self.output = output


class _Total(nn.Module):
    def __init__(self, model: Step) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, examples: Examples, weights: Weights, progress: Progress
    ) -> tuple[Tensor, _Sealed]:
        output: StepOutput = self.model(examples, weights, progress)
        return output.total, _Sealed(output)
