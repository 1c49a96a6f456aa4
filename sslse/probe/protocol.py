"""What a latent knows, measured by linear probes and by retrieval.

A probe is a linear model on frozen latents. That a simple model finds a fact there says that the
encoder kept the fact in reach; how much of that is learned shows only beside the same encoder
untrained, whose random features carry a good deal already. The protocol:

- Material: the test parts of the run's corpora, of which the encoder heard nothing. Mixtures are
  as long as those of the evaluation (``evaluate.samples``), at SNRs drawn evenly over -10 to 10 dB.
  They are drawn once and every encoder gets the very same ones.
- Noise kind: classes are the kinds the corpus knows; a recording of unknown kind is a class of its
  own. Both sides have the same recordings, the first half for training and the second for testing,
  under different utterances. It asks which of these noises is heard, not what a never heard noise
  would be called.
- SNR: other utterances and other noise recordings on either side.
- Speaker: other utterances of the same speakers on either side (two halves of the utterance where
  a speaker has one only), under other crops of the noises.
- Retrieval: of every utterance one clean crop, and the same crop in noise at each SNR of the
  evaluation. A hit is where, by cosine between means over frames, the noisy latent nearest to the
  clean one is of the same utterance, among all candidates at that SNR. Nothing is fitted.
- Features: mean and standard deviation of each channel over frames, standardised on the training
  side. Ridge regression for SNR, multinomial logistic regression for classes. A quarter of the
  training side chooses the penalty: of its utterances, of each speaker where there are two, or of
  its noise recordings for SNR. All of it is fitted then, and the test side is used once.
- Classes are equally frequent; chance is 1 / classes, and ``majority`` the share of the test items
  that the most frequent training class would get right.
- Intervals: 95 % of bootstrap resamples of test utterances (for SNR and retrieval of noise
  recordings too, crossed), the fitted probe and the candidates held fixed. They do not cover what
  another split or another training seed would change, and where all items agree (no hit at all)
  they have no width. Differences are between the same items.
"""

from collections.abc import Callable
from typing import Any

from sslse.api import Encoder
from sslse.probe.decoding import SPLITS, TITLES, Planned, decode, plan_probe
from sslse.probe.estimates import unusable
from sslse.probe.mixtures import Sources
from sslse.probe.retrieval import count_waves, plan_retrieval, retrieve
from sslse.probe.splits import FEWEST, UnusableProbeError
from sslse.settings import Evaluate

Watch = Callable[[int, int], None]


def measure(
    encoders: dict[str, Encoder],
    sources: Sources,
    settings: Evaluate,
    *,
    seed: int,
    mixtures: int,
    watch: Watch = lambda _done, _all: None,
) -> dict[str, Any]:
    """Probe several encoders on the same mixtures.

    Args:
        encoders: by name, frozen and on the sources' device; the first is compared with the others.
        sources: test parts of the corpora.
        settings: its SNRs are those of the retrieval.
        seed: of every draw.
        mixtures: to fit each probe on, half as many to test it (4 and 2 of each class where that
            is more); retrieval has at most as many candidates as a probe has test mixtures.
        watch: told how many waves are encoded, of how many.

    Returns:
        The figures by name, as plain values; ``values`` is None where the material does not allow
        one, with the ``reason``.
    """
    figures: dict[str, Any] = {}
    plans: dict[str, Planned] = {}
    for name in SPLITS:
        try:
            plans[name] = plan_probe(name, sources, seed, mixtures)
        except UnusableProbeError as error:
            figures[name] = unusable(TITLES[name], str(error))
    candidates = min(max(mixtures // 2, FEWEST), len(sources.speech))
    rows = plan_retrieval(sources, settings, candidates, seed)
    count = sum(len(one) for one in plans.values()) + count_waves(rows)
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        watch(done, count)

    for name, plan in plans.items():
        figures[name] = decode(plan, encoders, sources, advance)
    ordered = {name: figures[name] for name in SPLITS}
    return ordered | retrieve(rows, encoders, sources, seed, advance)
