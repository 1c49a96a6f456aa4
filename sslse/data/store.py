"""Recordings packed into one int16 tensor for random access."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from sslse.api import Bank, Recording

RESIDENT_SHARE = 0.5


@dataclass(frozen=True)
class Index:
    """Where each recording lies in the packed samples.

    Args:
        starts: first sample of each recording, int64 (recordings,).
        lengths: in samples, int64 (recordings,).
        scales: factor from int16 to the recording's own level, float32 (recordings,).
    """

    starts: Tensor
    lengths: Tensor
    scales: Tensor

    def to(self, device: torch.device) -> "Index":
        """Move it to a device."""
        return Index(self.starts.to(device), self.lengths.to(device), self.scales.to(device))

    def select(self, rows: Sequence[int]) -> "Index":
        """Keep some recordings."""
        chosen = torch.tensor(rows, dtype=torch.int64)
        return Index(self.starts[chosen], self.lengths[chosen], self.scales[chosen])


class Store(Bank):
    """Packed recordings; the samples are on the device where they fit, else memory-mapped.

    Args:
        samples: int16 (all samples,).
        index: one row a recording.
        recordings: what the rows are, in the same order.
        sample_rate: in Hz.
        device: where crops are wanted.
    """

    def __init__(
        self,
        samples: Tensor,
        index: Index,
        recordings: Sequence[Recording],
        sample_rate: int,
        device: torch.device | None = None,
    ) -> None:
        self.samples = samples
        self.recordings = list(recordings)
        self.sample_rate = sample_rate
        self.device = device or torch.device("cpu")
        self.count = len(self.recordings)
        self._index = index
        self._device_index = index.to(self.device)

    def __len__(self) -> int:
        return self.count

    @property
    def seconds(self) -> float:
        """Duration of all recordings together."""
        return int(self._index.lengths.sum()) / self.sample_rate

    def part(self, part: Literal["train", "test"]) -> "Store":
        """Return the recordings of one part; the packed samples are shared."""
        rows = [row for row, one in enumerate(self.recordings) if one.part == part]
        chosen = [self.recordings[row] for row in rows]
        index = self._index.select(rows)
        return Store(self.samples, index, chosen, self.sample_rate, self.device)

    def to(self, device: torch.device) -> "Store":
        """Give crops on a device; the samples move there if at most half its memory is needed."""
        samples = self.samples
        if device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(device)
            if samples.numel() * samples.element_size() <= RESIDENT_SHARE * free:
                samples = samples.to(device)
        return Store(samples, self._index, self.recordings, self.sample_rate, device)

    def crops(self, index: Tensor, start: Tensor, samples: int, *, loop: bool = False) -> Tensor:
        """See `sslse.api.Bank.crops`."""
        table = self._device_index
        lengths = table.lengths[index].unsqueeze(-1)
        positions = start.unsqueeze(-1) + torch.arange(samples, device=self.device)
        if loop:
            positions = positions % lengths
        inside = positions < lengths
        where = table.starts[index].unsqueeze(-1) + torch.where(inside, positions, 0)
        packed = self.samples[where.to(self.samples.device)].to(self.device)
        scale = torch.where(inside, table.scales[index].unsqueeze(-1), 0.0)
        return packed * scale

    def lengths_of(self, index: Tensor) -> Tensor:
        """See `sslse.api.Bank.lengths_of`."""
        return self._device_index.lengths[index]
