"""Where a training step's time goes: its kernels on a GPU, its operations on a CPU.

python benchmarks/kernels.py [--preset small] [--batch 8] [--compile] [--json FILE] [--quick]

Profiles the model's own step of `benchmarks/train.py`. "busy" is the time of all kernels over the
time of the step: below 1, the device waits for launches.
"""

from typing import Any

import torch
from measure import interleave, options, publish, show, spread, table, wait
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile
from train import own_step, prepare_byol

SHOWN = 25


def profiled(step: Any, steps: int, device: torch.device) -> list[dict[str, Any]]:
    """Return name, calls and milliseconds a step of every kernel or operation, longest first."""
    on_cuda = device.type == "cuda"
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * on_cuda
    with profile(activities=activities) as found:
        for _ in range(steps):
            step()
        wait(device)
    wanted = DeviceType.CUDA if on_cuda else DeviceType.CPU
    figures = [
        {
            "name": one.key,
            "calls": one.count / steps,
            "milliseconds": (one.self_device_time_total if on_cuda else one.self_cpu_time_total)
            / 1000
            / steps,
        }
        for one in found.key_averages()
        if one.device_type == wanted
    ]
    return sorted(figures, key=lambda figure: -figure["milliseconds"])


def main() -> None:
    """Measure and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--preset", choices=("paper", "small"), default="paper")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--compile", action="store_true", help="train.compile")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.preset, arguments.batch, arguments.rounds = "small", 2, 2
    prepared = prepare_byol(arguments)
    device, step = prepared.device, own_step(prepared, 1)
    laps = interleave({"step": step}, arguments.rounds, device)["step"]
    kernels = profiled(step, arguments.rounds, device)
    total = sum(one["milliseconds"] for one in kernels)
    median = spread([1000 * lap for lap in laps])
    rows = [
        [
            one["name"][:80].replace("|", "/"),
            f"{one['calls']:g}",
            show(one["milliseconds"]),
            f"{one['milliseconds'] / total:.1%}",
        ]
        for one in kernels[:SHOWN]
    ]
    rows.append(["all", f"{sum(one['calls'] for one in kernels):g}", show(total), "100%"])
    print(f"{arguments.preset} preset, {arguments.batch} pairs; the step: {show(median)} ms\n")
    print(table(["", "calls a step", "ms a step", "share"], rows))
    print(f"\nbusy: {total / median['median']:.2f}")
    figures = {"preset": arguments.preset, "batch": arguments.batch, "compile": arguments.compile}
    publish(arguments, device, figures | {"step_milliseconds": median, "kernels": kernels})


if __name__ == "__main__":
    main()
