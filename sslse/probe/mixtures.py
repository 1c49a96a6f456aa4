"""The mixtures of one side of a probe: drawn once, the same for every encoder."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Generator, Tensor

from sslse.data.mixing import mix_at_snr
from sslse.data.store import Store
from sslse.probe.splits import Side, Stretch, UnusableProbeError

SNR_DB = (-10.0, 10.0)
TRIES = 20


@dataclass(frozen=True)
class Sources:
    """Where the waves come from, and in what portions.

    Args:
        speech: utterances.
        noise: noises.
        samples: length of a mixture.
        batch_size: mixtures made at once.
    """

    speech: Store
    noise: Store
    samples: int
    batch_size: int


@dataclass(frozen=True)
class Mixtures:
    """Mixtures of a side, one a row of every tensor; all on the CPU.

    Args:
        side: what they are made of.
        speech: which stretch, (mixtures,).
        speech_start: where in it the crop starts.
        noise: which stretch.
        noise_start: where in it the crop starts; it goes round where the stretch is too short.
        snr_db: ratio of mean powers.
        silent: draws left out, because no crop with a sound in it was found.
    """

    side: Side
    speech: Tensor
    speech_start: Tensor
    noise: Tensor
    noise_start: Tensor
    snr_db: Tensor
    silent: int = 0

    def __len__(self) -> int:
        return len(self.snr_db)

    @property
    def utterances(self) -> list[str]:
        """The utterance of every mixture."""
        return [self.side.speech[one].key for one in self.speech.tolist()]

    @property
    def noises(self) -> list[str]:
        """The noise recording of every mixture."""
        return [self.side.noise[one].key for one in self.noise.tolist()]

    @property
    def speech_labels(self) -> list[str]:
        """The label of the speech of every mixture."""
        return [self.side.speech[one].label for one in self.speech.tolist()]

    @property
    def noise_labels(self) -> list[str]:
        """The label of the noise of every mixture."""
        return [self.side.noise[one].label for one in self.noise.tolist()]

    def select(self, rows: Tensor) -> "Mixtures":
        """Keep some mixtures."""
        return replace(
            self,
            speech=self.speech[rows],
            speech_start=self.speech_start[rows],
            noise=self.noise[rows],
            noise_start=self.noise_start[rows],
            snr_db=self.snr_db[rows],
        )


def draw_mixtures(sources: Sources, side: Side, count: int, draws: Generator) -> Mixtures:
    """Draw mixtures at SNRs spread evenly at random over `SNR_DB`.

    Labels take turns, and so do the stretches of a label. A crop without a sound is drawn again,
    20 times at most.

    Raises:
        UnusableProbeError: every mixture is without speech or without noise.
    """
    speech = take_turns([one.label for one in side.speech], count, draws)
    noise = take_turns([one.label for one in side.noise], count, draws)
    low, high = SNR_DB
    snr_db = low + (high - low) * torch.rand(count, generator=draws, dtype=torch.float64)
    zeros = torch.zeros(count, dtype=torch.int64)
    mixtures = Mixtures(side, speech, zeros, noise, zeros, snr_db)
    silent = torch.ones(count, dtype=torch.bool)
    for _ in range(TRIES):
        again = (
            _starts(side.speech, speech, sources.samples, loop=False, draws=draws),
            _starts(side.noise, noise, sources.samples, loop=True, draws=draws),
        )
        mixtures = replace(
            mixtures,
            speech_start=torch.where(silent, again[0], mixtures.speech_start),
            noise_start=torch.where(silent, again[1], mixtures.noise_start),
        )
        silent = _silent(sources, mixtures)
        if not silent.any():
            return mixtures
    if silent.all():
        raise UnusableProbeError("every crop of speech or of noise is silent")
    kept = mixtures.select((~silent).nonzero().squeeze(-1))
    return replace(kept, silent=int(silent.sum()))


def make_waves(sources: Sources, mixtures: Mixtures) -> Iterator[Tensor]:
    """Yield the noisy waves in portions, (batch, samples) each."""
    for part in _portions(sources, mixtures):
        speech, noise = _crops(sources, part)
        yield mix_at_snr(speech, noise, part.snr_db.to(speech))


def crop_stretches(
    store: Store,
    stretches: Sequence[Stretch],
    which: Tensor,
    start: Tensor,
    samples: int,
    *,
    loop: bool,
) -> Tensor:
    """Cut crops that hold no sample from outside their stretch.

    Args:
        store: of the recordings.
        stretches: to choose from.
        which: number of the stretch, (crops,).
        start: first sample, counted from the stretch's own, (crops,).
        samples: length of a crop.
        loop: past the stretch's end comes its beginning, not silence.

    Returns:
        Waves, (crops, samples), on the store's device.
    """
    chosen = [stretches[one] for one in which.tolist()]
    table = torch.tensor([(one.row, one.first, one.length) for one in chosen])
    row, first, length = table.to(store.device).unsqueeze(-1).unbind(1)
    start = start.to(store.device).unsqueeze(-1)
    positions = start + torch.arange(samples, device=store.device)
    waves = store.crops(row.squeeze(-1), (first + start).squeeze(-1), samples)
    if not loop:
        return torch.where(positions < length, waves, 0.0)
    # Past the end everything lies in the beginning, as long as a crop: one more read, not many.
    beginning = store.crops(row.squeeze(-1), first.squeeze(-1), samples)
    again = (positions % length).clamp(max=samples - 1)
    return torch.where(positions < length, waves, beginning.gather(1, again))


def take_turns(labels: Sequence[str], count: int, draws: Generator) -> Tensor:
    """Choose items so that labels are equally frequent, and the items of a label too.

    Returns:
        Numbers of items, int64 (count,).
    """
    members: dict[str, list[int]] = {}
    for number, label in enumerate(labels):
        members.setdefault(label, []).append(number)
    queues = [
        [items[place] for place in torch.randperm(len(items), generator=draws).tolist()]
        for items in members.values()
    ]
    rounds = -(-count // len(queues))
    chosen = (
        queues[place][turn % len(queues[place])]
        for turn in range(rounds)
        for place in torch.randperm(len(queues), generator=draws).tolist()
    )
    return torch.tensor(list(itertools.islice(chosen, count)))


def _starts(
    stretches: Sequence[Stretch], which: Tensor, samples: int, *, loop: bool, draws: Generator
) -> Tensor:
    length = torch.tensor([one.length for one in stretches])[which]
    short = length if loop else torch.ones_like(length)
    room = torch.where(length < samples, short, length - samples + 1)
    share = torch.rand(len(which), generator=draws, dtype=torch.float64)
    return (share * room).long()


def _portions(sources: Sources, mixtures: Mixtures) -> Iterator[Mixtures]:
    for first in range(0, len(mixtures), sources.batch_size):
        last = min(first + sources.batch_size, len(mixtures))
        yield mixtures.select(torch.arange(first, last))


def _crops(sources: Sources, part: Mixtures) -> tuple[Tensor, Tensor]:
    side, samples = part.side, sources.samples
    speech = crop_stretches(
        sources.speech, side.speech, part.speech, part.speech_start, samples, loop=False
    )
    noise = crop_stretches(
        sources.noise, side.noise, part.noise, part.noise_start, samples, loop=True
    )
    return speech, noise


def _silent(sources: Sources, mixtures: Mixtures) -> Tensor:
    found = [
        torch.stack([one.any(-1) for one in _crops(sources, part)]).all(0).cpu()
        for part in _portions(sources, mixtures)
    ]
    return ~torch.cat(found)
