"""How long the proof of a network takes, beside PyTorch's own way and beside the physical limit.

    uv run scripts/benchmark_parity.py [NAME...] [--rounds N] [--json FILE]

The contenders take turns in one run, on the same network, weights and images:

    gluonport   everything that ``verify parity NAME`` does after its imports: weights, network,
                float64 and float32 answers with a digest of every layer, and the verdict
    PyTorch     the network alone in both precisions, all images at once, channels-last in float64,
                on PyTorch's own threads; no weights are made, nothing is digested or compared
    limit       the network's multiplications in both precisions at the rate of torch's product of
                matrices, 1024 x 1024, one on each core

Printed are wall time, processor time and the ratio of wall times. On a busy machine the processor
time is the steadier figure. ``--all`` takes every network that has a table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from architectures import MODELS, Model, find_model
from verify.accuracy.device import cores
from verify.parity.compare import load, synthetic_state, verify_architecture
from verify.parity.workers import workers
from verify.reference.inputs import reference_inputs

NAMES = ("resnet50_v1", "gluon_seresnext101_64x4d", "mobilenetv2_1.0", "densenet121")
SIDE, TIMES = 1024, 12
Seconds = tuple[float, float]  # of wall time and of processor time


def timed(work: Callable[[], object]) -> Seconds:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def ours(model: Model) -> None:
    verdict = verify_architecture(model)
    assert verdict.passed, verdict.failure()


def alone(network: torch.nn.Module, inputs: torch.Tensor) -> None:
    with torch.inference_mode():
        network.to(torch.float64, memory_format=torch.channels_last)  # type: ignore[call-overload]
        network(inputs.double())
        network.to(torch.float32, memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        network(inputs)


def products(operations: int) -> Seconds:
    """What as many operations take in both precisions, as products of matrices."""
    wall = processor = 0.0
    for precision in (torch.float64, torch.float32):
        a, b = (torch.randn(SIDE, SIDE, dtype=precision) for _ in range(2))
        with workers() as pool:
            list(pool.map(a.mm, [b] * cores()))
            found = timed(lambda a=a, b=b, pool=pool: list(pool.map(a.mm, [b] * TIMES)))  # type: ignore[misc]
        share = operations / (TIMES * 2 * SIDE**3)
        wall, processor = wall + found[0] * share, processor + found[1] * share
    return wall, processor


def race(model: Model, rounds: int) -> dict[str, list[Seconds]]:
    inputs = torch.from_numpy(reference_inputs(model))
    network = load(model, synthetic_state(model), model.num_classes)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(inputs)
    found: dict[str, list[Seconds]] = {"gluonport": [], "PyTorch": [], "limit": []}
    for _ in range(rounds):
        found["gluonport"].append(timed(lambda: ours(model)))
        found["PyTorch"].append(timed(lambda: alone(network, inputs)))
        found["limit"].append(products(counter.get_total_flops()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    parser.add_argument("--all", action="store_true", help="every network that has a table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, metavar="FILE", help="leave every number here")
    arguments = parser.parse_args()
    models = MODELS if arguments.all else [find_model(name) for name in arguments.names]
    results, total = {}, dict.fromkeys(("gluonport", "PyTorch", "limit"), (0.0, 0.0))
    print("| network | contender | wall, s | processor, s | gluonport takes |")
    print("|---|---|---:|---:|---:|")
    for model in models:
        found = results[model.name] = race(model, arguments.rounds)
        middle = {
            name: tuple(statistics.median(kind) for kind in zip(*times, strict=True))
            for name, times in found.items()
        }
        for name, (wall, processor) in middle.items():
            ratio = middle["gluonport"][0] / wall
            print(f"| {model.name} | {name} | {wall:.2f} | {processor:.2f} | {ratio:.2f} x |")
            total[name] = (total[name][0] + wall, total[name][1] + processor)
    for name, (wall, processor) in total.items():
        ratio = total["gluonport"][0] / wall
        print(f"| all {len(models)} | {name} | {wall:.2f} | {processor:.2f} | {ratio:.2f} x |")
    print(f"load {os.getloadavg()[0]:.1f} on {cores()} cores, torch {torch.__version__}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
