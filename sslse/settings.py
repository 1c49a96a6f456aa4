"""What a recipe may set besides components; as everywhere, the signature is the schema."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Interval, MinLen

from sslse.errors import OptionError
from sslse.options import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt


@dataclass(frozen=True, kw_only=True)
class General:
    """The recipe's own entries.

    Args:
        name: of the run and its directory; the recipe file's stem unless given.
        seed: every random draw of the run follows from it.
        views: noisy views per utterance.
        preset: a file of ``recipes/presets`` whose entries lie beneath the recipe's own.
    """

    name: Annotated[str, MinLen(1)]
    seed: NonNegativeInt = 0
    views: Annotated[int, Interval(ge=2, le=16)] = 2
    preset: str | None = None


@dataclass(frozen=True, kw_only=True)
class Data:
    """How corpora become training material.

    Args:
        sample_rate: in Hz; everything is resampled to it once.
        swap: train on the test parts and test on the training parts (the paper's low-data
            experiment).
        strict: stop at unusable files instead of leaving them out with a report.
        remove_mean: subtract each recording's mean (a DC offset), which signal-to-noise ratios
            count as sound although nobody hears it; digital silence stays silent. The test
            mixtures' ``manifest.json`` says so.
        cache: folder for packed corpora; None means the user's cache folder.
    """

    sample_rate: Annotated[int, Interval(ge=8000, le=48000)] = 16000
    swap: bool = False
    strict: bool = False
    remove_mean: bool = False
    cache: str | None = None


@dataclass(frozen=True, kw_only=True)
class Train:
    """The training loop.

    Args:
        epochs: passes over the training utterances.
        batch_size: utterances per step; each appears in every view. Where the corpus holds fewer
            crops than this, the batch is the whole corpus. ``auto``: the largest power of two, at
            most 4096, that a CUDA device has memory for; the run's ``recipe.yaml`` has the number.
        accumulate: encoder and decoder take the batch in so many slices, one after the other, so
            that less of it lies in memory at a time; the price is a second forward pass. Losses
            are over the whole batch all the same.
        crop: samples per training example.
        crops_per_utterance: random crops taken of each utterance in an epoch.
        optimizer: ``sgd`` (the paper's) or ``adamw``.
        learning_rate: peak learning rate.
        warmup_steps: steps over which the learning rate rises linearly to its peak.
        decay: ``none`` keeps the learning rate, ``cosine`` lowers it to zero over the run.
        momentum: of SGD; AdamW has its own (0.9, 0.999).
        weight_decay: L2 for SGD, decoupled for AdamW.
        clip_norm: gradients are scaled down to this L2 norm; None leaves them.
        zero_mean: remove the means before SI-SDR (Le Roux et al. 2018).
        log_every: steps between lines of ``metrics.jsonl``.
        on_collapse: where latents or outputs collapse (`sslse.train.monitor` has the limits),
            ``warn`` says so once and goes on, ``stop`` ends the run.
        gradient_cosine_every: steps between measurements of the cosine between the gradients of
            CL and SE on the encoder, each the price of two backward passes; None: never.
        nonfinite_steps: a step whose loss or gradient is not finite is skipped; so many on end
            stop the run.
        checkpoint_seconds: least time between two saved states; 0 saves with every line of
            ``metrics.jsonl``.
        precision: of encoder, decoder and predictor in a step; losses, statistics and the moving
            averages are in float32 always. ``auto``: ``bfloat16`` (autocast, and TF32 for what
            stays) on a CUDA device that has it, else ``float32``.
        compile: compile encoders, decoder and predictor with `torch.compile`; the first step
            takes a minute or more.
        threads: CPU threads of torch; None leaves its own choice. Sums depend on it in their last
            bits: a run on a CPU resumes to the very same numbers with as many threads.
    """

    epochs: PositiveInt = 400
    batch_size: PositiveInt | Literal["auto"] = 256
    accumulate: PositiveInt = 1
    crop: Annotated[int, Ge(1024)] = 16384
    crops_per_utterance: PositiveInt = 1
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: PositiveFloat = 0.05
    warmup_steps: NonNegativeInt = 0
    decay: Literal["none", "cosine"] = "none"
    momentum: Annotated[float, Interval(ge=0, lt=1)] = 0.9
    weight_decay: NonNegativeFloat = 1e-4
    clip_norm: PositiveFloat | None = None
    zero_mean: bool = True
    log_every: PositiveInt = 10
    on_collapse: Literal["warn", "stop"] = "warn"
    gradient_cosine_every: PositiveInt | None = None
    nonfinite_steps: PositiveInt = 5
    checkpoint_seconds: NonNegativeFloat = 60.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    compile: bool = False
    threads: PositiveInt | None = None

    @property
    def utterances(self) -> int:
        """The batch size as a number.

        Raises:
            OptionError: it is ``auto``, and no number has taken its place yet.
        """
        if self.batch_size == "auto":
            raise OptionError("train.batch_size: auto is not known yet; possible: a number")
        return self.batch_size


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """The test mixtures and what is measured on them.

    Args:
        snr_db: every test utterance is mixed at each of these.
        seed: decides which noise is mixed with which utterance, and where both begin; not the
            recipe's, so that runs of several seeds are tested on the same mixtures.
        samples: length of a test example.
        utterances: use this many test utterances, spread evenly over the list; None means all.
        batch_size: mixtures enhanced at once.
        workers: processes that compute metrics and baselines, for each rank; None means one per
            core, divided among the ranks of a machine.
        every: epochs between scores of some of the test mixtures during training, in
            ``scores.jsonl``: for curves, nothing is chosen by them; None: never.
        every_utterances: test utterances they are of, spread evenly over those that are used.
    """

    snr_db: Annotated[list[float], MinLen(1)]
    seed: NonNegativeInt = 0
    samples: Annotated[int, Ge(4096)] = 32768
    utterances: PositiveInt | None = None
    batch_size: PositiveInt = 32
    workers: PositiveInt | None = None
    every: PositiveInt | None = None
    every_utterances: PositiveInt = 20
