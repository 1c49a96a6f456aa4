"""Building blocks for components and plugins."""

from sslse.nn.conformer import ConformerBlock
from sslse.nn.sampling import DownsamplingBlock, UpsamplingBlock
from sslse.nn.teacher import Teacher

__all__ = ["ConformerBlock", "DownsamplingBlock", "Teacher", "UpsamplingBlock"]
