"""A training step against what the device can do: its arithmetic and its bytes counted.

python benchmarks/ceilings.py [--preset small] [--batch 8] [--device cuda] [--json FILE] [--quick]

The device's ceilings are measured first: operations per second of a large matrix product, and bytes
per second of adding two vectors too large for any cache. Then every operation of the model's own
step (forward, backward, optimizer, momentum encoder) is counted: floating-point operations of
products, and the bytes of what it reads and writes once. An operation cannot be faster than the
greater of both shares allows; the sum over the step is its limit operation by operation, which only
joining operations (compiling) or caches can beat.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from measure import interleave, options, publish, seconds, show, spread, table, wait
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import conv_flop_count, flop_registry, sdpa_flop_count
from train import own_step, prepare_byol

from sslse.device import lowers_precision

PRODUCTS, CONVOLUTIONS, ATTENTION, OTHER = (
    "matrix products",
    "convolutions",
    "attention",
    "everything else",
)
CLASSES = {
    "mm": PRODUCTS,
    "addmm": PRODUCTS,
    "bmm": PRODUCTS,
    "convolution": CONVOLUTIONS,
    "convolution_backward": CONVOLUTIONS,
}
MIB = 1 << 20


def best(work: Callable[[], Any], device: torch.device, rounds: int) -> float:
    """Return the seconds of the fastest call."""
    return min(interleave({"": work}, rounds, device)[""])


def ceilings(
    device: torch.device, dtype: torch.dtype, rounds: int, *, quick: bool
) -> dict[str, float]:
    """Measure operations per second of products and bytes per second of sums."""
    side = 256 if quick else 8192 if device.type == "cuda" else 2048
    one, other = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    product = best(lambda: one @ other, device, rounds)
    length = (1 if quick else 1024 if device.type == "cuda" else 256) * MIB // 4
    left, right, out = (torch.ones(length, device=device) for _ in range(3))
    total = best(lambda: torch.add(left, right, out=out), device, rounds)
    return {"flop_per_second": 2 * side**3 / product, "bytes_per_second": 12 * length / total}


class Count(TorchDispatchMode):
    """Counts and times every operation that runs within it.

    Args:
        limits: see `ceilings`.
        device: waited for after every operation, so that its time is its own.
    """

    def __init__(self, limits: dict[str, float], device: torch.device) -> None:
        super().__init__()
        self._limits, self._device = limits, device
        self.by_class: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation and count it; views cost nothing."""
        results: list[Any] = []
        lap = seconds(lambda: results.append(func(*args, **(kwargs or {}))), self._device)
        out = results[0]
        if func.is_view:
            return out
        flop = _flop(func, args, kwargs or {}, out)
        touched = [one for one in tree_leaves((args, kwargs, out)) if isinstance(one, Tensor)]
        moved = sum(one.numel() * one.element_size() for one in touched)
        name = func.overloadpacket.__name__
        group = ATTENTION if "attention" in name else CLASSES.get(name, OTHER)
        figures = self.by_class[group]
        figures["operations"] += 1
        figures["gflop"] += flop / 1e9
        figures["gigabytes"] += moved / 1e9
        figures["limit_seconds"] += max(
            flop / self._limits["flop_per_second"], moved / self._limits["bytes_per_second"]
        )
        figures["seconds"] += lap
        return out


def _flop(func: Any, args: Any, kwargs: Any, out: Any) -> int:
    """Count the operations of products, convolutions and attention; 0 for everything else."""
    packet = func.overloadpacket
    name = packet.__name__
    if name == "convolution_backward":
        return _convolution_backward(*args[:2], args[2], args[7], args[10])
    if name == "convolution":
        return int(conv_flop_count(args[0].shape, args[1].shape, out.shape, transposed=args[6]))
    if name.endswith("for_cpu"):
        return int(sdpa_flop_count(*(one.shape for one in args[:3])))
    if name.endswith("for_cpu_backward"):
        # Five products of the same size, where the forward pass has two.
        return int(2.5 * sdpa_flop_count(*(one.shape for one in args[1:4])))
    if packet in flop_registry:
        return int(flop_registry[packet](*args, **kwargs, out_val=out))
    return 0


def _convolution_backward(
    gradient: Tensor, wave: Tensor, weight: Tensor, transposed: bool, wanted: list[bool]
) -> int:
    """Count the gradients of input and weight, each as many operations as the forward pass."""
    once = conv_flop_count(wave.shape, weight.shape, gradient.shape, transposed=transposed)
    return int(once) * sum(wanted[:2])


def main() -> None:
    """Measure and print."""
    parser = options(__doc__ or "")
    parser.add_argument("--preset", choices=("paper", "small"), default="paper")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.preset, arguments.batch, arguments.rounds = "small", 2, 2
    prepared = prepare_byol(arguments)
    device = prepared.device
    lower = lowers_precision(prepared.recipe.train.precision, device)
    dtype = torch.bfloat16 if lower else torch.float32
    limits = ceilings(device, dtype, arguments.rounds, quick=arguments.quick)
    step = own_step(prepared, 1)
    laps = interleave({"step": step}, arguments.rounds, device)["step"]
    wait(device)
    with Count(limits, device) as count:
        step()
    print(
        f"ceilings: {limits['flop_per_second'] / 1e9:.4g} GFLOP/s in {dtype}, "
        f"{limits['bytes_per_second'] / 1e9:.3g} GB/s\n"
    )
    names = ("operations", "gflop", "gigabytes", "limit_seconds", "seconds")
    total = {name: sum(one[name] for one in count.by_class.values()) for name in names}
    rows = []
    for group in (PRODUCTS, CONVOLUTIONS, ATTENTION, OTHER, "all"):
        one = total if group == "all" else count.by_class[group]
        share = one["limit_seconds"] / one["seconds"] if one["seconds"] else float("nan")
        cells = [one["operations"], one["gflop"], one["gigabytes"]]
        cells += [1000 * one["limit_seconds"], 1000 * one["seconds"], share]
        rows.append([group, *(show(cell) for cell in cells)])
    head = ["", "operations", "GFLOP", "GB", "limit, ms", "taken, ms", "limit / taken"]
    print(f"{arguments.preset} preset, {arguments.batch} pairs, operation by operation\n")
    print(table(head, rows))
    median = spread(laps)
    milliseconds = {name: 1000 * value for name, value in median.items()}
    print(
        f"\nthe step as it runs: {show(milliseconds)} ms; limit / taken: "
        f"{total['limit_seconds'] / median['median']:.2f}"
    )
    figures = {
        "preset": arguments.preset,
        "batch": arguments.batch,
        "ceilings": limits,
        "by_class": {group: dict(one) for group, one in count.by_class.items()},
        "step_seconds": median,
    }
    publish(arguments, device, figures)


if __name__ == "__main__":
    main()
