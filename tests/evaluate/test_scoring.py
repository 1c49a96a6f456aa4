import numpy as np
import pytest

from sslse.evaluate.scoring import Scorer, score
from sslse.metrics.si_sdr import SiSdr


@pytest.mark.processes
@pytest.mark.parametrize("workers", [1, 2])
def test_scores_are_the_same_in_this_process_and_in_workers(workers):
    draws = np.random.default_rng(0)
    clean = draws.standard_normal(8000).astype(np.float32)
    noisy = clean + draws.standard_normal(8000).astype(np.float32)
    silent = np.zeros_like(clean)
    scorer = Scorer([("si_sdr", {"zero_mean": True})], 16000, workers=workers)
    try:
        first, second = scorer.submit(clean, np.stack([noisy, silent])).result()
    finally:
        scorer.close()
    assert first == score({"si_sdr": SiSdr()}, clean, noisy, noisy, 16000)
    assert abs(first.values["si_sdr"]) < 1
    assert np.isnan(second.values["si_sdr"])
    assert second.reasons == {"si_sdr": "the estimate is silent"}
