"""The ledger with millions of images and a thousand ranks, simulated: no network and no images.

    uv run python scripts/simulate_scale.py --images 14000000 --ranks 1000 --folder /dev/shm/ledger

The ranks run one after another in this process, on one folder. Every tenth rank is killed half way
and started again. Then every chunk is counted. It prints what docs/scale.md says: the processor's
seconds in each stage, the most memory, the most files in the folder at once, and its bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import resource
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from convert.formats.limits import MAX_PIXELS
from verify.accuracy.identity import Identity
from verify.accuracy.ledger import Ledger
from verify.accuracy.manifest import SIZE, HashedEntries, HashedImage, Manifest
from verify.accuracy.prediction import Prediction
from verify.accuracy.ranks import Ranks
from verify.accuracy.reducer import collect, count
from verify.accuracy.sharing import SharedLedger
from verify.datasets import Entry

TIMES: dict[str, float] = {}


@contextmanager
def timed(stage: str) -> Iterator[None]:
    begun = time.process_time()
    try:
        yield
    finally:
        TIMES[stage] = TIMES.get(stage, 0) + time.process_time() - begun


def manifest(images: int) -> Manifest:
    """The manifest of images that do not exist; their hashes are those of their numbers."""
    with timed("manifest"):
        entries = [Entry(f"n{k % 1000:08}/{k:09}.JPEG", k % 1000, None) for k in range(images)]
        hashes = (hashlib.sha256(k.to_bytes(8)).digest() for k in range(images))
        records = b"".join(digest + k.to_bytes(SIZE, "little") for k, digest in enumerate(hashes))
        made = Manifest(HashedEntries(entries, records))
        assert made.sha256
        return made


def answers(images: Sequence[HashedImage], first: int) -> list[Prediction]:
    """One answer for each image; three of four are right."""
    return [
        Prediction(
            image.path,
            image.label,
            tuple((image.label + (k % 4 == 0) + j) % 1000 for j in range(5)),
            tuple(12.5 - j - (k % 97) / 128 for j in range(5)),
        )
        for k, image in enumerate(images, first)
    ]


def run_rank(rank: SharedLedger, half: bool = False) -> None:
    """Write the missing chunks of a rank, or the first half of them."""
    ledger = rank.ledger
    missing = rank.missing()
    for chunk in missing[: len(missing) // 2] if half else missing:
        span = ledger.chunks[chunk]
        ledger.write(chunk, answers(ledger.manifest.images[span.start : span.stop], span.start))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1_400_000)
    parser.add_argument("--ranks", type=int, default=100)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm/gluonport-scale"))
    options = parser.parse_args()
    images, world = options.images, options.ranks
    whole = manifest(images)
    identity = Identity(
        model="simulated",
        checkpoint_sha256="0" * 64,
        regime="gluon",
        manifest_sha256=whole.sha256,
        images=images,
        batch_size=options.batch_size,
        max_pixels=MAX_PIXELS,
        precision="float32",
        compiled=False,
        device="none",
        versions={},
    )
    most = 0

    def opened(rank: int) -> SharedLedger:
        with timed("opening, all ranks"):
            return SharedLedger(
                Ledger(options.folder, identity, whole, 5, world), Ranks(rank, world)
            )

    try:
        for rank in range(world):
            if rank % 10 == 0:
                with timed("chunks"):
                    run_rank(opened(rank), half=True)
            again = opened(rank)
            with timed("chunks"):
                run_rank(again)
                again.ledger.pack(again.own)
            if rank % 50 == 0 or rank == world - 1:
                most = max(most, len(os.listdir(options.folder)))
        first = opened(0)
        with timed("resume: nothing missing"):
            assert first.ledger.missing() == []
        with timed("reducer"):
            found = collect(first.ledger)
            counted = count(found)
        assert (counted.images, counted.top1) == (images, images - len(range(0, images, 4)))
        size = sum(entry.stat().st_size for entry in os.scandir(options.folder))
        files = len(os.listdir(options.folder))
    finally:
        shutil.rmtree(options.folder, ignore_errors=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{options.folder}, Python {platform.python_version()}")
    print(f"{images:,} images, {world:,} ranks, {len(whole.chunks(options.batch_size)):,} chunks")
    for stage, seconds in TIMES.items():
        print(f"  {stage:26}{seconds:10.1f} s {1e6 * seconds / images:8.2f} us an image")
    print(f"  {'memory':26}{peak / 1e9:10.2f} GB{peak / images:8.0f} bytes an image")
    print(f"  {'files, most and at the end':26}{most:10,} {files:8,}")
    print(f"  {'folder':26}{size / 1e9:10.2f} GB{size / images:8.0f} bytes an image")


if __name__ == "__main__":
    main()
