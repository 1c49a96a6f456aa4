"""A small problem whose two losses are negative where they are small."""

import math

import pytest
import torch

from sslse.api import Losses, Progress
from sslse.schedules.balance import Balance
from sslse.schedules.dynamic_average import DynamicAverage
from sslse.schedules.gradnorm import GradNorm
from sslse.schedules.uncertainty import Uncertainty

ADAPTIVE = (Uncertainty, DynamicAverage, GradNorm, Balance)
STEPS_PER_EPOCH = 5


class Problem(torch.nn.Module):
    """A latent that should point one way (CL: minus a cosine) and equal a target (SE: in dB)."""

    def __init__(self, *, cl=True):
        super().__init__()
        self.cl = cl
        self.wanted = torch.linspace(1, 2, 8, dtype=torch.float64)
        self.latent = torch.nn.Parameter(torch.tensor([-1.0, 1.0] * 4, dtype=torch.float64))

    def losses(self, noise):
        """Return the losses of a step and the latent that they were computed from."""
        latent = self.latent * (1 + noise)
        cosine = torch.cosine_similarity(latent, self.wanted.flip(0), dim=0)
        power = self.wanted.square().sum()
        distance = (latent - self.wanted).square().sum()
        se = -10 * torch.log10((power + 1e-8 * power) / (distance + 1e-8 * power))
        return Losses(-cosine if self.cl else None, se), latent


class Simulation:
    """Train the problem under a schedule as the trainer would."""

    def __init__(self, schedule, *, cl=True, rate=0.05, steps=40):
        self.schedule = schedule.double()
        self.problem = Problem(cl=cl)
        parameters = [*self.problem.parameters(), *schedule.parameters()]
        self.optimizer = torch.optim.SGD(parameters, lr=rate, momentum=0.9, weight_decay=1e-4)
        self.steps = steps

    def step(self, step):
        """Take a step; return its total and its losses."""
        progress = Progress(step, self.steps, STEPS_PER_EPOCH)
        noise = 0.05 * math.sin(7.0 * step)
        losses, latent = self.problem.losses(noise)
        total = self.schedule.combine(self.schedule.weights(progress), losses, latent)
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        self.optimizer.step()
        with torch.no_grad():
            self.schedule.after_step(losses.detach(), progress)
        return total.detach(), losses.detach()

    def state(self):
        """Return everything that a run would save."""
        parts = (self.schedule, self.problem, self.optimizer)
        return [part.state_dict() for part in parts]

    def load(self, state):
        """Take up a saved state."""
        for part, saved in zip((self.schedule, self.problem, self.optimizer), state, strict=True):
            part.load_state_dict(saved)


@pytest.fixture
def simulate():
    return Simulation


@pytest.fixture(params=ADAPTIVE, ids=lambda one: one.__name__)
def adaptive(request):
    """Each schedule that adapts, as a class."""
    return request.param


@pytest.fixture
def follow():
    """Feed a schedule a table of losses; return the weights after every step."""

    def run(schedule, table, steps_per_epoch=STEPS_PER_EPOCH):
        schedule.double()
        weights = []
        for step, (cl, se) in enumerate(table):
            values = (None if v is None else torch.tensor(v, dtype=torch.float64) for v in (cl, se))
            schedule.after_step(Losses(*values), Progress(step, len(table), steps_per_epoch))
            weights.append(tuple(float(schedule.metrics()[name]) for name in ("cl", "se")))
        return weights

    return run
