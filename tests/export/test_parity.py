"""What does not give the same is refused, with how much and where."""

import numpy as np
import pytest

from sslse.errors import ExportError
from sslse.export.parity import MOST, verify
from sslse.export.program import trace


def test_the_model_itself_passes(subject):
    lengths = set()

    def enhance(noisy):
        lengths.add(noisy.shape)
        return subject.model.enhance(noisy, 16000)

    assert verify(subject, enhance) == 0
    samples = {one for _, one in lengths}
    assert {rows for rows, _ in lengths} == {1, 3}
    assert min(samples) == 1
    assert max(samples) == 64000
    assert any(one % subject.stride for one in samples)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda wave: wave * (1 + 5 * MOST), r"differs from 'sslse enhance' by \d\.\de-04 of the"),
        (lambda wave: wave * np.nan, "by nan of the peak, at row 0, sample 0 of 1 x 1 samples"),
        (lambda wave: wave[:, :-1], r"gives \(1, 0\) for 1 x 1 samples"),
        (lambda wave: 1 / 0, "fails on 1 x 1 samples: division by zero"),
    ],
)
def test_anything_else_is_refused(subject, change, message):
    with pytest.raises(ExportError, match=message):
        verify(subject, lambda noisy: change(subject.model.enhance(noisy, 16000)))


@pytest.mark.export
def test_a_network_that_cannot_be_traced_is_refused(subject, monkeypatch, capfd):
    decoder = subject.model.enhancer.decoder
    monkeypatch.setattr(decoder, "forward", lambda latent, noisy: noisy * float(latent.sum()))
    with pytest.raises(ExportError) as caught:
        trace(subject)
    message = str(caught.value)
    assert "encoder 'conformer' with decoder 'conformer' cannot be exported: " in message
    assert "possible: --to bundle, which takes any network" in message
    assert len(message) < 800
    assert capfd.readouterr() == ("", "")
