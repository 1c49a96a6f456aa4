"""Mixing at a signal-to-noise ratio: sslse, torchaudio's add_noise, audiomentations.

python benchmarks/mix.py [--json FILE] [--device cuda] [--quick]
"""

import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import torch
from measure import interleave, options, publish, ratio, show, spread, table
from torch import Tensor

from sslse.data.mixing import mix_at_snr
from sslse.device import choose_device

SAMPLE_RATE = 16000
SNR_DB = 5.0
TOLERANCE = 1e-4


def per_example(folder: Path, noise: Tensor) -> Callable[[Tensor], Tensor] | None:
    """Return audiomentations' mixing of a batch, example by example; None without the package.

    Each noise is a file of exactly the example's length, kept in memory by the package after its
    first use, so that what is timed is the mixing.
    """
    try:
        from audiomentations import AddBackgroundNoise
    except ImportError:
        return None
    transforms = []
    for row, wave in enumerate(noise.cpu().numpy()):
        path = folder / f"{row}.wav"
        soundfile.write(path, wave, SAMPLE_RATE, subtype="FLOAT")
        transforms.append(
            AddBackgroundNoise(sounds_path=path, min_snr_db=SNR_DB, max_snr_db=SNR_DB, p=1.0)
        )

    def mix(speech: Tensor) -> Tensor:
        waves = speech.numpy()
        mixed = [
            one(wave, sample_rate=SAMPLE_RATE) for one, wave in zip(transforms, waves, strict=True)
        ]
        return torch.from_numpy(np.stack(mixed))

    return mix


def main() -> None:
    """Measure and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--samples", type=int, default=16384)
    parser.add_argument("--rounds", type=int, default=25)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.batch, arguments.samples, arguments.rounds = 8, 2048, 3
    torch.set_num_threads(arguments.threads)
    device = choose_device(arguments.device)
    draws = torch.Generator().manual_seed(0)
    shape = arguments.batch, arguments.samples
    speech, noise = (0.1 * torch.randn(shape, generator=draws) for _ in range(2))
    there = speech.to(device), noise.to(device), torch.full((shape[0],), SNR_DB, device=device)
    # Training mixes into its crops of noise; here, again and again into the same.
    own = there[1].clone()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torchaudio.functional import add_noise

        calls: dict[str, Callable[[], Tensor]] = {
            "sslse": lambda: mix_at_snr(*there),
            "sslse, into the noise": lambda: mix_at_snr(there[0], own, there[2], out=own),
            "torchaudio add_noise": lambda: add_noise(*there),
        }
        examples = per_example(Path(folder), noise)
        if examples:
            calls["audiomentations, on the CPU"] = lambda: examples(speech)
        expected = mix_at_snr(*there).cpu()
        for name, call in calls.items():
            error = float((call().cpu() - expected).abs().max())
            if not error < TOLERANCE:
                raise SystemExit(f"{name} gives another result: it differs by {error:g}")
        calls["the sum of the two waves"] = lambda: there[0] + there[1]
        laps = interleave(calls, arguments.rounds, device)
    milliseconds = {name: [1000 * one for one in values] for name, values in laps.items()}
    figures = {
        name: {"milliseconds": spread(values), "times_sslse": ratio(values, milliseconds["sslse"])}
        for name, values in milliseconds.items()
    }
    rows = [[name, *(show(value) for value in figure.values())] for name, figure in figures.items()]
    if not examples:
        rows.append(["audiomentations", "not installed", ""])
    print(f"{shape[0]} pairs of {shape[1]} samples, equal results within {TOLERANCE:g}\n")
    print(table(["", "ms: median (quartiles)", "times sslse's"], rows))
    publish(arguments, device, {"shape": shape, "rounds": arguments.rounds, "figures": figures})


if __name__ == "__main__":
    main()
