"""Recordings packed as int16 for random access."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from sslse.api import Bank, Recording
from sslse.data.shards import InMemory, Shards
from sslse.data.silence import SoundingPlaces

RESIDENT_SHARE = 0.5


@dataclass(frozen=True)
class Index:
    """Where each recording lies in the packed samples.

    Args:
        starts: first sample of each recording, int64 (recordings,).
        lengths: in samples, int64 (recordings,).
        scales: factor from int16 to the recording's own level, float32 (recordings,).
        silences: recording, first sample and the one after the last of each stretch of digital
            silence, int64 (stretches, 3), in order; None: there is none.
        offsets: the mean's share of each recording's power, float32 (recordings,); None: unknown.
    """

    starts: Tensor
    lengths: Tensor
    scales: Tensor
    silences: Tensor | None = None
    offsets: Tensor | None = None

    def to(self, device: torch.device) -> "Index":
        """Move to a device what is needed there to cut crops."""
        return Index(self.starts.to(device), self.lengths.to(device), self.scales.to(device))

    def select(self, rows: Sequence[int]) -> "Index":
        """Keep some recordings, in order."""
        chosen = torch.tensor(rows, dtype=torch.int64)
        silences, offsets = self.silences, self.offsets
        if silences is not None:
            new_row = torch.full((len(self.lengths),), -1).index_put_(
                (chosen,), torch.arange(len(chosen))
            )
            silences = torch.cat([new_row[silences[:, :1]], silences[:, 1:]], -1)
            silences = silences[silences[:, 0] >= 0]
        if offsets is not None:
            offsets = offsets[chosen]
        return Index(
            self.starts[chosen], self.lengths[chosen], self.scales[chosen], silences, offsets
        )


class Store(Bank):
    """Packed recordings; the samples are on a CUDA device where they fit, else in their shards.

    Args:
        samples: in shards, or int16 (all samples,).
        index: one row a recording.
        recordings: what the rows are, in the same order.
        sample_rate: in Hz.
        device: where crops are wanted.
        mean_removed: whether each recording's mean was subtracted.
    """

    def __init__(
        self,
        samples: Shards | Tensor,
        index: Index,
        recordings: Sequence[Recording],
        sample_rate: int,
        device: torch.device | None = None,
        *,
        mean_removed: bool = False,
    ) -> None:
        if isinstance(samples, Tensor) and samples.device.type == "cpu":
            samples = Shards([InMemory(samples.numpy())], on_disk=False)
        self.samples = samples
        self.recordings = list(recordings)
        self.sample_rate = sample_rate
        self.device = device or torch.device("cpu")
        self.mean_removed = mean_removed
        self.count = len(self.recordings)
        self._index = index
        self._device_index = index.to(self.device)
        self._places: dict[tuple[int, bool], SoundingPlaces] = {}

    def __len__(self) -> int:
        return self.count

    @property
    def seconds(self) -> float:
        """Duration of all recordings together."""
        return int(self._index.lengths.sum()) / self.sample_rate

    @property
    def silent_share(self) -> float:
        """Share of the duration that is stretches of digital silence."""
        if self._index.silences is None:
            return 0.0
        _, first, end = self._index.silences.unbind(-1)
        return int((end - first).sum()) / int(self._index.lengths.sum())

    @property
    def offsets(self) -> Tensor:
        """The mean's share of each recording's power, float32 (recordings,); 0 if unknown."""
        return torch.zeros(self.count) if self._index.offsets is None else self._index.offsets

    @property
    def is_resident(self) -> bool:
        """Whether the samples are in the memory of a CUDA device."""
        return isinstance(self.samples, Tensor)

    @property
    def is_slow(self) -> bool:
        """Whether crops keep a step waiting: for a disk, or for the way to a CUDA device."""
        if isinstance(self.samples, Tensor):
            return False
        if self.device.type == "cuda":
            return True
        return self.samples.on_disk and self.samples.bytes > RESIDENT_SHARE * _memory()

    def part(self, part: Literal["train", "test"]) -> "Store":
        """Return the recordings of one part; the packed samples are shared."""
        rows = [row for row, one in enumerate(self.recordings) if one.part == part]
        chosen = [self.recordings[row] for row in rows]
        index = self._index.select(rows)
        return self._like(self.samples, index, chosen, self.device)

    def to(self, device: torch.device) -> "Store":
        """Give crops on a device; the samples move there if at most half its memory is needed."""
        samples = self.samples
        if device.type == "cuda" and isinstance(samples, Shards):
            free, _ = torch.cuda.mem_get_info(device)
            if samples.bytes <= RESIDENT_SHARE * free:
                samples = samples.load(device)
        return self._like(samples, self._index, self.recordings, device)

    def _like(
        self,
        samples: Shards | Tensor,
        index: Index,
        recordings: Sequence[Recording],
        device: torch.device,
    ) -> "Store":
        rate, removed = self.sample_rate, self.mean_removed
        return Store(samples, index, recordings, rate, device, mean_removed=removed)

    def crops(self, index: Tensor, start: Tensor, samples: int, *, loop: bool = False) -> Tensor:
        """See `sslse.api.Bank.crops`."""
        if isinstance(self.samples, Shards):
            return self._read(self.samples, index, start, samples, loop=loop)
        table = self._device_index
        lengths = table.lengths[index].unsqueeze(-1)
        positions = start.unsqueeze(-1) + torch.arange(samples, device=self.device)
        if loop:
            positions = positions % lengths
        inside = positions < lengths
        where = table.starts[index].unsqueeze(-1) + torch.where(inside, positions, 0)
        scale = torch.where(inside, table.scales[index].unsqueeze(-1), 0.0)
        return self.samples[where] * scale

    def _read(
        self, shards: Shards, index: Tensor, start: Tensor, samples: int, *, loop: bool
    ) -> Tensor:
        """Copy crops out of the shards, row by row: a copy costs less than a gather's indices."""
        rows = index.cpu()
        first = start.cpu().expand(rows.shape)
        flat = rows.reshape(-1)
        starts, lengths = self._index.starts[flat], self._index.lengths[flat]
        packed = torch.empty(
            (len(flat), samples), dtype=torch.int16, pin_memory=self.device.type == "cuda"
        )
        shards.cut(
            starts.numpy(), lengths.numpy(), first.reshape(-1).numpy(), packed.numpy(), loop=loop
        )
        packed = packed.to(self.device, non_blocking=True).reshape(*rows.shape, samples)
        # Twice as fast as the product of two types, to the same bits.
        return packed.to(torch.float32).mul_(self._device_index.scales[index].unsqueeze(-1))

    def lengths_of(self, index: Tensor) -> Tensor:
        """See `sslse.api.Bank.lengths_of`."""
        return self._device_index.lengths[index]

    def starts(self, index: Tensor, share: Tensor, samples: int, *, loop: bool = False) -> Tensor:
        """See `sslse.api.Bank.starts`."""
        key = samples, loop
        if key not in self._places:
            silences = self._index.silences
            self._places[key] = SoundingPlaces.of(
                self._index.lengths,
                torch.zeros(0, 3, dtype=torch.int64) if silences is None else silences,
                samples,
                loop=loop,
                device=self.device,
            )
        return self._places[key].starts(index, share)


def _memory() -> int:
    """Return the bytes of this machine's memory."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on every system
        return 0
