"""The sections of check_gpu.py about speed, on images that are already in the machine's memory.

Without a GPU the device is the CPU. A section prints each row as a line of JSON when it has it, and
last all rows with the failures.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from benchmark_accuracy import TIMM, timm_loop
from gpu_answers import Rows

import gluonport
from architectures import find_model
from architectures.catalogue.figure import Regime
from verify.accuracy.device import cores, find_device, keep_freed_memory
from verify.accuracy.fast_path import fast
from verify.accuracy.network_inputs import Inputs
from verify.accuracy.prepare import Prepared, prepare
from verify.accuracy.ranks import Ranks
from verify.accuracy.readers import open_readers
from verify.accuracy.reading import Reader
from verify.accuracy.reducer import collect
from verify.accuracy.runner import Answers, Batches, run
from verify.accuracy.sharing import open_ledger
from verify.accuracy.task import Precision, Task

ROUNDS = {"cuda": 20, "cpu": 1}  # batches of the network alone, after three that are not counted
REGIMES: tuple[Regime, ...] = ("gluon", "timm", "mmpretrain")


def prepared_for(task: dict[str, Any], name: str, regime: Regime, cache: bool = False) -> Prepared:
    folder = Path(task["folder"])
    checkpoint, device = folder / f"{name}.safetensors", task["device"]
    kept = folder / f"cache-{name}" if cache else None
    data = folder / "many"
    asked = Task(find_model(name), checkpoint, regime, data, device=device, cache=kept)
    return prepare(replace(asked, allow_incomplete=True), Ranks())


def decode(task: dict[str, Any], rows: Rows) -> None:
    """Crops a second of each regime's reader, hash and all, from files that were just written."""
    prepared = prepared_for(task, task["models"][0], "gluon")
    few = 200 if task["device"] == "cuda" else 8
    images, positions = prepared.manifest.images, prepared.positions
    fork = multiprocessing.get_context("fork")
    for regime in REGIMES:
        reader = _reader(prepared, regime)
        READING.update(reader=reader, images=images, positions=positions)
        row: dict[str, Any] = {"reader": regime}
        start = time.perf_counter()
        _crops(range(few))
        one = few / (time.perf_counter() - start)
        row["images/s, one core"] = round(one)
        number = min(few * cores(), len(images))
        pools: dict[str, Callable[[], Executor]] = {
            "threads": partial(ThreadPoolExecutor, cores()),
            "processes": partial(ProcessPoolExecutor, cores(), fork),
        }
        for kind, made in pools.items():
            with made() as pool:
                list(pool.map(len, [()] * cores()))
                start = time.perf_counter()
                spans = [range(k, min(k + 16, number)) for k in range(0, number, 16)]
                list(pool.map(_crops, spans))
                rate = number / (time.perf_counter() - start)
            row[f"images/s, {cores()} {kind}"] = round(rate)
        rows.add(**row)


def _reader(prepared: Prepared, regime: Regime) -> Reader:
    """The prepared reader, in another regime."""
    return replace(prepared.reader, maker=replace(prepared.reader.maker, regime=regime))


READING: dict[str, Any] = {}
"""What processes that are forked read; a reader cannot be sent to them."""


def _crops(span: range) -> None:
    for k in span:
        READING["reader"].crop(READING["images"][k], READING["positions"][k])


def _memory(task: dict[str, Any]) -> str:
    """The most memory of the GPU that tensors took since the last call."""
    if task["device"] != "cuda":
        return "-"
    most = torch.cuda.max_memory_allocated() / 2**30
    torch.cuda.reset_peak_memory_stats()
    return f"{most:.1f} GiB"


def alone(
    task: dict[str, Any], name: str, precision: Precision, compiled: bool = False
) -> tuple[float, float]:
    """Images a second of the network alone, its inputs on the device in batches as the command's;
    and the seconds until its first answer."""
    device = find_device(task["device"], 0, precision)
    batch = 256 if task["device"] == "cuda" else 16
    ready = torch.randn(batch, 3, 224, 224).to(device.device, memory_format=torch.channels_last)
    checkpoint = Path(task["folder"], f"{name}.safetensors")
    begun = time.perf_counter()
    forward = fast(gluonport.create_model(name, checkpoint), device, precision, compiled, ready)
    forward(ready)
    first = time.perf_counter() - begun
    for _ in range(2):
        forward(ready)
    rounds = ROUNDS[task["device"]]
    with ThreadPoolExecutor(2) as pool:  # one batch is sent while another computes, as in a run
        start = time.perf_counter()
        list(pool.map(forward, [ready] * rounds))
        rate = rounds * batch / (time.perf_counter() - start)
    return rate, first


def speed(task: dict[str, Any], rows: Rows) -> None:
    """The command's loop, from files to counted answers, against the network alone; for the other
    networks in the fastest precision only."""
    for name in task["models"]:
        ceilings: dict[Precision, float] = {}
        all_precisions: list[Precision] = ["float32", "tf32", "bfloat16"]
        precisions = all_precisions if task["device"] == "cuda" else all_precisions[:1]
        for precision in precisions:
            ceilings[precision], _ = alone(task, name, precision)
            row = {"network": name, "what": "the network alone", "precision": precision}
            row |= {"images/s": round(ceilings[precision]), "of the network alone": 1}
            rows.add(**row, memory=_memory(task))
        start = time.perf_counter()
        prepared = prepared_for(task, name, "timm")
        hashing = time.perf_counter() - start
        number = len(prepared.manifest.images)
        row = {"network": name, "what": "preparing, hashing", "precision": "-"}
        rows.add(**row, **_rate(number / hashing, None), memory=_memory(task))
        fastest, first = precisions[-1], name == task["models"][0]
        runs: list[tuple[str, Regime, Precision, bool]] = [
            *(("verify accuracy, timm", "timm", precision, False) for precision in precisions),
            ("verify accuracy, gluon", "gluon", fastest, False),
            ("verify accuracy, filling --cache", "timm", fastest, True),
            ("verify accuracy, warm --cache", "timm", fastest, True),
        ]
        for what, regime, precision, cache in runs if first else runs[len(precisions) - 1 :][:1]:
            own = prepared_for(task, name, "timm", cache=True) if cache else prepared
            rate = _loop(task, name, own, regime, precision)
            row = {"network": name, "what": what, "precision": precision}
            rows.add(**row, **_rate(rate, ceilings[precision]), memory=_memory(task))


def _rate(rate: float, ceiling: float | None) -> dict[str, Any]:
    share = "-" if ceiling is None else round(rate / ceiling, 2)
    return {"images/s": round(rate), "of the network alone": share}


def _loop(
    task: dict[str, Any], name: str, prepared: Prepared, regime: Regime, precision: Precision
) -> float:
    """Images a second between the proof of the fast path and the count."""
    device = find_device(task["device"], 0, precision)
    folder = Path(task["folder"], f"ledger-{time.monotonic_ns()}")
    identity = replace(prepared.identity, precision=precision, regime=regime)
    ledger = open_ledger(folder, identity, prepared.manifest, 5, Ranks()).ledger
    reader = _reader(prepared, regime)
    inputs = Inputs(regime, reader.maker.model, device.device)
    missing, number = ledger.missing(), len(prepared.positions)
    ready = torch.randn(identity.batch_size, 3, 224, 224)
    network = gluonport.create_model(name, prepared.task.checkpoint)
    forward = fast(network, device, precision, False, ready)
    forward(ready)
    with open_readers(
        reader, device.device, prepared.workers, number, identity.batch_size
    ) as readers:
        batches = Batches(ledger, readers, prepared.positions, inputs)
        batches.kept[missing[0]] = batches.read(missing[0])  # as the proof's batch in a run
        start = time.perf_counter()
        run(Answers(batches, forward), missing, prepared.workers)
        counted = collect(ledger)
        seconds = time.perf_counter() - start
    return (len(counted) - len(ledger.chunks[missing[0]])) / seconds


def timm(task: dict[str, Any], rows: Rows) -> None:
    """timm's validate.py for the first network that it has: batches of 256, TF32 and cuDNN's
    benchmark as it sets them on a GPU."""
    folder, device = Path(task["folder"]), task["device"]
    for name in [*filter(TIMM.get, task["models"])][:1]:
        ways = [(4, False), (cores(), False), (cores(), True)]
        for workers, amp in ways if device == "cuda" else ways[1:2]:
            checkpoint = folder / f"{name}.safetensors"
            found = timm_loop(name, checkpoint, folder / "many", device, workers, amp)
            what = f"timm's validate, {workers} workers" + (" (its default)" * (workers == 4))
            row = {"network": name, "what": what}
            row["precision"] = "bfloat16 autocast" if amp else "tf32" if device == "cuda" else "-"
            rate = len(found["top5"]) / found["seconds"]
            rows.add(**row, **_rate(rate, None), memory=_memory(task))


def compiled(task: dict[str, Any], rows: Rows) -> None:
    """The first network alone, compiled."""
    name = task["models"][0]
    for precision in ("bfloat16", "float32") if task["device"] == "cuda" else ("float32",):
        rate, first = alone(task, name, precision, compiled=True)  # type: ignore[arg-type]
        what = f"the network alone, --compile ({first:.0f} s)"
        row = {"network": name, "what": what, "precision": precision}
        rows.add(**row, **_rate(rate, None), memory=_memory(task))


SECTIONS: dict[str, Callable[[dict[str, Any], Rows], None]] = {
    section.__name__: section for section in (decode, speed, timm, compiled)
}


def main() -> None:
    name, task = sys.argv[1], json.loads(sys.argv[2])
    rows = Rows()
    if task["device"] == "cpu":
        keep_freed_memory()
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        SECTIONS[name](task, rows)
    except Exception as error:  # the other sections go on
        rows.failures.append(f"{name}: {type(error).__name__}: {error}")
    print(json.dumps({"rows": rows.rows, "failures": rows.failures}))


if __name__ == "__main__":
    main()
