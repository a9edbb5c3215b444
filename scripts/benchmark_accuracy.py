"""Images per second of ``verify accuracy``, of timm's validate loop and of MXNet, on one machine.

    uv run scripts/benchmark_accuracy.py [--models NAME...] [--images N] [--rounds N] [--json FILE]

Every contender has the same images (crops of the packaged photographs, JPEGs of about ImageNet's
size in a class-folder tree) and the same synthetic weights, and runs in a process of its own; they
take turns. Timed is the loop over all images, from file to the five best classes:

    gluonport   the command's own reader, fast network and ledger, in timm's and Gluon's regime
    warm cache  the same with every crop in --cache
    ceiling     the fast network alone on inputs that are ready, as many workers
    timm        validate.py's loop: ImageDataset, create_loader, loss and accuracy, its defaults
                (batch 256, 4 workers)
    MXNet       benchmark_accuracy_mxnet.py: GluonCV's verify_pretrained.py (batch 32, 4 workers)

Then the five best classes are compared with those of the original of the same regime.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import gluonport
from architectures import find_model
from verify.datasets.expectation import wordnet_ids

MODELS = ("gluon_resnext50_32x4d", "gluon_seresnext50_32x4d")
TIMM = {"gluon_resnext50_32x4d": "resnext50_32x4d", "gluon_seresnext50_32x4d": "seresnext50_32x4d"}
PHOTOGRAPHS = Path("verify", "reference", "images").resolve()
MXNET = Path(__file__).with_name("benchmark_accuracy_mxnet.py")
OURS = ("gluonport, timm", "gluonport, gluon", "warm cache", "ceiling")
Answer = dict[str, Any]


def make_images(tree: Path, number: int) -> None:
    """Crops of the photographs, 500 x 375 pixels, quality 90, in 50 classes."""
    random = np.random.RandomState(0)
    photographs = [Image.open(p).convert("RGB") for p in sorted(PHOTOGRAPHS.glob("*.jpg"))]

    def make(k: int, box: tuple[int, int, int, int]) -> None:
        cut = photographs[k % len(photographs)].crop(box).resize((500, 375))
        folder = tree / wordnet_ids()[k % 50]
        folder.mkdir(parents=True, exist_ok=True)
        cut.save(folder / f"{k:06}.jpg", quality=90)

    boxes = []
    for k in range(number):
        photograph, share = photographs[k % len(photographs)], random.uniform(0.5, 0.9)
        width, height = (int(side * share) for side in photograph.size)
        left = random.randint(photograph.width - width)
        top = random.randint(photograph.height - height)
        boxes.append((left, top, left + width, top + height))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(make, range(number), boxes))


def gluonport_loop(contender: str, name: str, checkpoint: Path, tree: Path, cache: Path) -> Answer:
    """One of OURS: what ``verify accuracy`` does between its start and its count."""
    import torch

    from convert.formats.limits import MAX_PIXELS
    from verify.accuracy.crops import CropCache
    from verify.accuracy.device import cores, find_device, keep_freed_memory
    from verify.accuracy.fast_path import fast
    from verify.accuracy.hashing import make_manifest
    from verify.accuracy.identity import Identity
    from verify.accuracy.ledger import Ledger
    from verify.accuracy.network_inputs import Inputs
    from verify.accuracy.prepare import BATCH
    from verify.accuracy.ranks import Ranks
    from verify.accuracy.readers import InThisProcess
    from verify.accuracy.reading import CropMaker, Reader
    from verify.accuracy.reducer import collect
    from verify.accuracy.runner import Answers, Batches, run
    from verify.datasets import open_dataset

    model, device = find_model(name), find_device("cpu", 0, "float32")
    keep_freed_memory()
    dataset = open_dataset(tree, model=model)
    positions = range(len(dataset.entries))
    manifest = make_manifest(dataset, positions, Ranks(), cores(), None)
    identity = Identity(
        model=name,
        checkpoint_sha256="",
        regime="",
        manifest_sha256=manifest.sha256,
        images=len(positions),
        batch_size=BATCH["cpu"],
        max_pixels=MAX_PIXELS,
        precision="float32",
        compiled=False,
        device="",
        versions={},
    )
    regime = "gluon" if contender == "gluonport, gluon" else "timm"
    crops = CropCache(cache, "timm", model, MAX_PIXELS) if contender == "warm cache" else None
    with tempfile.TemporaryDirectory(dir=cache.parent) as folder:
        ledger = Ledger(Path(folder, "ledger"), identity, manifest, 5)
        readers = InThisProcess(Reader(dataset, CropMaker(regime, model, crops, MAX_PIXELS)))
        batches = Batches(ledger, readers, positions, Inputs(regime, model))
        network = gluonport.create_model(name, checkpoint)
        ready = batches.read(0).inputs
        answers = Answers(batches, fast(network, device, "float32", False, ready))
        answers.forward(ready)
        if contender == "ceiling":
            rounds = len(ledger.chunks)
            with ThreadPoolExecutor(
                cores(), initializer=torch.set_num_threads, initargs=(1,)
            ) as pool:
                start = time.perf_counter()
                list(pool.map(answers.forward, [ready] * rounds))
                seconds = time.perf_counter() - start
            return {"seconds": seconds * len(positions) / (rounds * len(ready)), "top5": {}}
        start = time.perf_counter()
        run(answers, range(len(ledger.chunks)), cores())
        predictions = collect(ledger)
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "top5": {p.path: list(p.classes) for p in predictions}}


def timm_loop(
    name: str,
    checkpoint: Path,
    tree: Path,
    device: str = "cpu",
    workers: int = 4,
    amp: bool = False,
) -> Answer:
    """timm's validate.py, its loop and defaults, without its log; on a GPU as it sets one up.

    ``amp``: with its ``--amp --amp-dtype bfloat16 --channels-last``.
    """
    from contextlib import nullcontext

    import timm
    import torch
    from safetensors.torch import load_file
    from timm.data import ImageDataset, create_loader, resolve_data_config
    from timm.utils import AverageMeter, accuracy

    network = timm.create_model(f"{TIMM[name]}.gluon_in1k", pretrained=False).eval()
    network.load_state_dict(load_file(checkpoint))
    network, on_gpu = network.to(device), device != "cpu"
    if on_gpu:
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    if amp:
        network = network.to(memory_format=torch.channels_last)
    context = torch.autocast(device, torch.bfloat16) if amp else nullcontext()
    config = resolve_data_config({}, model=network)
    dataset = ImageDataset(str(tree))
    loader = create_loader(
        dataset,
        input_size=config["input_size"],
        batch_size=256,
        use_prefetcher=on_gpu,
        interpolation=config["interpolation"],
        mean=config["mean"],
        std=config["std"],
        num_workers=workers,
        crop_pct=config["crop_pct"],
        crop_mode=config["crop_mode"],
        device=torch.device(device),
    )
    criterion, meters = torch.nn.CrossEntropyLoss(), [AverageMeter() for _ in range(3)]
    classes: list[list[int]] = []
    with torch.inference_mode():
        warm = torch.zeros(256 if on_gpu else 16, *config["input_size"], device=device)
        with context:
            network(warm.contiguous(memory_format=torch.channels_last) if amp else warm)
        start = time.perf_counter()
        for inputs, targets in loader:
            if amp:
                inputs = inputs.contiguous(memory_format=torch.channels_last)
            with context:
                logits = network(inputs)
            values = criterion(logits, targets), *accuracy(logits, targets, topk=(1, 5))
            for meter, value in zip(meters, values, strict=True):
                meter.update(value.item(), len(inputs))
            classes += logits.topk(5).indices.tolist()
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "top5": dict(zip(dataset.filenames(), classes, strict=True))}


def child(contender: str, name: str, folder: Path, images: int) -> Answer:
    """Run one contender in a process of its own."""
    checkpoint, params, tree = (folder / f"{name}.safetensors", folder / f"{name}.params", "images")
    if contender == "MXNet":
        source = find_model(name).source.name
        command = ["uv", "run", "--quiet", "--script", str(MXNET), source, str(params)]
        command += [str(folder / tree), "32", "4"]
    else:
        command = [sys.executable, __file__, "--child", contender, name, str(checkpoint)]
        command += [str(folder / tree), str(folder / "cache"), "--images", str(images)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: {contender}: {done.stderr.strip()}")
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


def race(name: str, folder: Path, images: int, rounds: int) -> dict[str, Any]:
    """Images per second of each contender, and how many images have the original's classes."""
    checkpoint = folder / f"{name}.safetensors"
    gluonport.convert(name, checkpoint, source="synthetic")
    gluonport.convert(name, folder / f"{name}.params", source=checkpoint)
    contenders = (*OURS, "timm", "MXNet")
    child("warm cache", name, folder, images)
    rates: dict[str, list[float]] = {contender: [] for contender in contenders}
    answers: dict[str, Answer] = {}
    for _ in range(rounds):
        for contender in contenders:
            answers[contender] = child(contender, name, folder, images)
            rates[contender].append(images / answers[contender]["seconds"])
            print(f"{name}, {contender}: {rates[contender][-1]:.2f} images/s", file=sys.stderr)
    same = {}
    for ours, theirs in (("gluonport, timm", "timm"), ("gluonport, gluon", "MXNet")):
        a, b = answers[ours]["top5"], answers[theirs]["top5"]
        assert a.keys() == b.keys()
        same[theirs] = sum(a[path] == b[path] for path in a)
    return {"model": name, "images": images, "rates": rates, "same_top5": same}


def table(results: list[dict[str, Any]]) -> str:
    lines = ["| model | contender | images/s | range | gluonport is |", "|---|---|---:|---:|---:|"]
    for result in results:
        rates = result["rates"]
        for contender, values in rates.items():
            middle = statistics.median(values)
            ours = rates["gluonport, gluon" if contender == "MXNet" else "gluonport, timm"]
            ours = rates["warm cache"] if contender == "ceiling" else ours
            lines.append(
                f"| {result['model']} | {contender} | {middle:.2f} | {min(values):.2f} - "
                f"{max(values):.2f} | {statistics.median(ours) / middle:.2f} x |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write every figure there")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        contender, name, *paths = options.child
        checkpoint, tree, cache = map(Path, paths)
        if contender == "timm":
            answer = timm_loop(name, checkpoint, tree)
        else:
            answer = gluonport_loop(contender, name, checkpoint, tree, cache)
        print(json.dumps(answer))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_images(folder / "images", options.images)
        results = [race(name, folder, options.images, options.rounds) for name in options.models]
    print(table(results))
    for result in results:
        same = ", ".join(f"{name} {number}" for name, number in result["same_top5"].items())
        print(f"{result['model']}: same five classes, of {result['images']} images: {same}")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
