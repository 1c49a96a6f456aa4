"""Building blocks for components and plugins."""

from sslse.nn.conformer import ConformerBlock
from sslse.nn.memory import Memory
from sslse.nn.mlp import Mlp
from sslse.nn.queue import Queue
from sslse.nn.sampling import DownsamplingBlock, UpsamplingBlock
from sslse.nn.sinkhorn import sinkhorn
from sslse.nn.teacher import Teacher
from sslse.nn.vectors import spread_frames, unit, vectors

__all__ = [
    "ConformerBlock",
    "DownsamplingBlock",
    "Memory",
    "Mlp",
    "Queue",
    "Teacher",
    "UpsamplingBlock",
    "sinkhorn",
    "spread_frames",
    "unit",
    "vectors",
]
