"""A rank's missing chunks: images to batches, batches to predictions, each kept when finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import torch

from convert.formats import Array
from mappings.errors import AccuracyError
from verify.accuracy.fast_path import Forward
from verify.accuracy.ledger import Ledger
from verify.accuracy.manifest import HashedImage
from verify.accuracy.network_inputs import Inputs
from verify.accuracy.prediction import Prediction, best
from verify.accuracy.progress import Progress
from verify.accuracy.readers import AHEAD, Readers
from verify.accuracy.reducer import count


@dataclass(frozen=True)
class Batch:
    """A chunk's images, the indices of those that decode, and these as ``inputs``: float32
    (n, 3, S, S) on the device that computes."""

    images: Sequence[HashedImage]
    decoded: Sequence[int]
    inputs: torch.Tensor


@dataclass(frozen=True)
class Batches:
    """The images of a ledger's chunks; ``positions``: where each image of the manifest stands in
    the data set; ``kept``: batches that were read already, each until it is asked for."""

    ledger: Ledger
    readers: Readers
    positions: Sequence[int]
    inputs: Inputs
    kept: dict[int, Batch] = field(default_factory=dict)

    def read(self, chunk: int) -> Batch:
        """Read, decode and normalise the images of a chunk."""
        if chunk in self.kept:
            return self.kept.pop(chunk)
        span = self.ledger.chunks[chunk]
        images = [self.ledger.manifest.images[k] for k in span]
        positions = [self.positions[k] for k in span]
        with self.readers.crops(images, positions) as crops:
            decoded = [k for k, crop in enumerate(crops) if crop is not None]
            return Batch(images, decoded, self.inputs([crop for crop in crops if crop is not None]))


@dataclass(frozen=True)
class Answers:
    """The predictions of a network, ``forward``, on the chunks of a ledger."""

    batches: Batches
    forward: Forward

    def predict(self, chunk: int) -> list[Prediction]:
        """One prediction for every image of the chunk; without classes if it does not decode."""
        batch = self.batches.read(chunk)
        answers: dict[int, tuple[tuple[int, ...], tuple[float, ...]]] = {}
        if batch.decoded:
            logits: Array = self.forward(batch.inputs).numpy()
            if not np.isfinite(logits).all():
                raise AccuracyError(
                    f"{batch.images[0].path} and the images after it: the network's logits are not "
                    "finite"
                )
            order = best(logits)
            highest = np.take_along_axis(logits, order, axis=1)
            rows = zip(batch.decoded, order.tolist(), highest.tolist(), strict=True)
            answers = {k: (tuple(classes), tuple(values)) for k, classes, values in rows}
        return [
            Prediction(image.path, image.label, *answers.get(k, ((), ())))
            for k, image in enumerate(batch.images)
        ]


def run(answers: Answers, chunks: Sequence[int], workers: int, name: str = "") -> None:
    """Predict ``chunks`` with ``workers`` cores, and keep each finished chunk.

    On a CPU one thread of each core takes a chunk from bytes to predictions. So decoding and
    computing overlap without waiting for each other. For a GPU a few chunks are in hand at once,
    and all cores read the images of each. No result depends on the number of cores.
    ``name`` names this rank if there are several.
    Raises AccuracyError when interrupted; the chunks in hand are finished and kept.
    """
    ledger, on_cpu = answers.batches.ledger, answers.batches.inputs.device.type == "cpu"
    progress = Progress(sum(len(ledger.chunks[chunk]) for chunk in chunks), name)
    in_hand = workers if on_cpu else AHEAD

    def work(chunk: int) -> list[Prediction]:
        predictions = answers.predict(chunk)
        ledger.write(chunk, predictions)
        return predictions

    with ThreadPoolExecutor(in_hand, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            for predictions in _in_turn(pool, work, iter(chunks), in_hand):
                progress.add(count(predictions), len(predictions))
        except KeyboardInterrupt:
            raise AccuracyError(
                f"interrupted: finished chunks are kept in {ledger.folder}; the same command "
                "goes on from there"
            ) from None
        finally:
            progress.end()


def _in_turn(
    pool: ThreadPoolExecutor,
    work: Callable[[int], list[Prediction]],
    chunks: Iterator[int],
    in_hand: int,
) -> Iterator[list[Prediction]]:
    """Results as they come; never more than ``in_hand`` chunks at once."""
    running: set[Future[list[Prediction]]] = {
        pool.submit(work, chunk) for chunk in islice(chunks, in_hand)
    }
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {pool.submit(work, chunk) for chunk in islice(chunks, len(done))}
        for future in done:
            yield future.result()
