"""One run: fix what it is about, do this rank's missing chunks, count on rank 0."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice

import numpy as np
import torch

from convert.formats import Array
from mappings.errors import AccuracyError
from verify.accuracy.fast_path import Forward
from verify.accuracy.ledger import Ledger
from verify.accuracy.manifest import Image
from verify.accuracy.prediction import Prediction, best
from verify.accuracy.progress import Progress
from verify.accuracy.reading import Reader
from verify.accuracy.reducer import count
from verify.preprocessing import normalise


class Answers:
    """A network's predictions of the chunks of a ledger; ``forward`` is the network."""

    forward: Forward

    def __init__(self, ledger: Ledger, reader: Reader, positions: Sequence[int]) -> None:
        """``positions``: where each image of the manifest stands in the data set."""
        self.ledger, self.reader, self.positions = ledger, reader, positions

    def inputs(self, chunk: int) -> tuple[list[Image], list[int], torch.Tensor]:
        """A chunk's images, which of them decode, and those as float32 (n, 3, S, S)."""
        span = self.ledger.chunks[chunk]
        images = [self.ledger.manifest.images[k] for k in span]
        crops = [
            self.reader.crop(image, self.positions[k])
            for k, image in zip(span, images, strict=True)
        ]
        decoded = [k for k, crop in enumerate(crops) if crop is not None]
        side = self.reader.model.input_size
        pixels = np.empty((len(decoded), side, side, 3), np.uint8)
        for row, crop in enumerate(crop for crop in crops if crop is not None):
            pixels[row] = crop
        values = normalise(pixels, self.reader.regime, self.reader.model)
        return images, decoded, torch.from_numpy(values)

    def predict(self, chunk: int) -> list[Prediction]:
        """One prediction for every image of the chunk, without classes where it does not decode."""
        images, decoded, inputs = self.inputs(chunk)
        answers: dict[int, tuple[tuple[int, ...], tuple[float, ...]]] = {}
        if decoded:
            logits: Array = self.forward(inputs).numpy()
            if not np.isfinite(logits).all():
                raise AccuracyError(
                    f"{images[0].path} and those after it: the network's logits are not finite"
                )
            for row, k in enumerate(decoded):
                order = best(logits[row : row + 1])[0]
                answers[k] = tuple(order.tolist()), tuple(logits[row, order].tolist())
        return [
            Prediction(image.path, image.label, *answers.get(k, ((), ())))
            for k, image in enumerate(images)
        ]


def run(answers: Answers, chunks: Sequence[int], workers: int, name: str = "") -> None:
    """Predict ``chunks`` by ``workers`` threads of one core each, keeping each when it is finished.

    One thread takes a chunk from bytes to predictions, so that decoding and computing overlap
    without waiting for each other, and no result depends on how many there are.
    ``name`` is this rank's, where there are others.
    Raises AccuracyError when interrupted; chunks in hand are finished and kept.
    """
    ledger = answers.ledger
    progress = Progress(sum(len(ledger.chunks[chunk]) for chunk in chunks), name)

    def work(chunk: int) -> list[Prediction]:
        predictions = answers.predict(chunk)
        ledger.write(chunk, predictions)
        return predictions

    with ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            for predictions in _in_turn(pool, work, iter(chunks), workers):
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
    workers: int,
) -> Iterator[list[Prediction]]:
    """Results as they come; only as many chunks are in hand as there are workers."""
    running: set[Future[list[Prediction]]] = {
        pool.submit(work, chunk) for chunk in islice(chunks, workers)
    }
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {pool.submit(work, chunk) for chunk in islice(chunks, len(done))}
        for future in done:
            yield future.result()
