"""``verify accuracy`` from the task to the result: prepare, run, report."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from convert.formats.appearing import write_text
from convert.formats.records import ACCURACY, read_record, write_record
from mappings.errors import AccuracyError, FormatError
from mappings.words import first_few
from verify.accuracy.fast_path import Forward, fast, plain
from verify.accuracy.holding import holding
from verify.accuracy.network_inputs import Inputs
from verify.accuracy.outcome import Accuracy, accuracy
from verify.accuracy.prediction import TOP, Prediction, to_csv
from verify.accuracy.prepare import Prepared, prepare
from verify.accuracy.progress import say
from verify.accuracy.proof import Proof, prove
from verify.accuracy.ranks import join
from verify.accuracy.readers import open_readers
from verify.accuracy.reducer import collect
from verify.accuracy.runner import Answers, Batches, run
from verify.accuracy.sharing import open_ledger
from verify.accuracy.task import Task
from verify.accuracy.verdict import pair


@dataclass(frozen=True)
class Rate:
    """How many images were read and classified in how many seconds, by so many processes."""

    images: int
    seconds: float
    processes: int


@dataclass(frozen=True)
class FinishedRun:
    """A run that has its result: ``predictions`` of all images in the manifest's order, and
    ``parameters`` of the network.

    ``rate`` is None if no chunk was left to run.
    """

    result: Accuracy
    prepared: Prepared
    predictions: Sequence[Prediction]
    parameters: int
    rate: Rate | None


def measure(task: Task, report: Callable[[FinishedRun], object] | None = None) -> Accuracy | None:
    """The result of a run, also written beside the checkpoint, and the predictions if asked for.

    The result of a part of the data set never replaces one of the whole set. With several ranks,
    rank 0 gets the result and the others None. ``report`` is called once there is a result, while
    the ledger of a run is still there.
    Raises AccuracyError (or another GluonportError) if there is no number.
    """
    ranks = join()
    try:
        prepared = prepare(task, ranks)
        parameters = sum(p.numel() for p in prepared.network.parameters())
        with _ledger_folder(prepared) as folder:
            finished = _run(prepared, folder)
            if finished is None:
                return None
            result = _report(prepared, finished)
            if report:
                report(
                    FinishedRun(result, prepared, finished.predictions, parameters, finished.rate)
                )
            return result
    finally:
        ranks.leave()


@contextmanager
def _ledger_folder(prepared: Prepared) -> Iterator[Path | str]:
    """The ledger's folder; if the task names none, it is removed after a run that succeeded."""
    task, ranks = prepared.task, prepared.ranks
    folder = task.own_ledger / prepared.identity.sha256[:16]
    if task.ledgers:
        yield task.ledgers[0]
    elif ranks.rank != 0:
        yield folder
    else:
        with holding(folder) as hold:
            yield folder
            hold.remove_if_last()


@dataclass(frozen=True)
class Finished:
    """The predictions of all images in the manifest's order, with ``ranks`` classes for each;
    ``proof`` and ``rate`` are None if no chunk was left to run."""

    predictions: Sequence[Prediction]
    ranks: int
    proof: Proof | None
    rate: Rate | None


def _run(prepared: Prepared, folder: Path | str) -> Finished | None:
    """Run this rank's missing chunks; None on all ranks but 0."""
    task, ranks = prepared.task, prepared.ranks
    top = min(TOP, prepared.network.num_classes)
    opened = open_ledger(folder, prepared.identity, prepared.manifest, top, ranks, task.ledgers[1:])
    proof, device = None, prepared.device.device
    left, seconds = 0, 0.0
    if missing := opened.missing():
        left = sum(len(opened.ledger.chunks[chunk]) for chunk in missing)
        batch, workers = prepared.identity.batch_size, prepared.workers
        name = f"rank {ranks.rank}" if ranks.world > 1 else ""
        with open_readers(prepared.reader, device, workers, left, batch) as readers:
            inputs = Inputs(task.regime, task.model, device)
            batches = Batches(opened.ledger, readers, prepared.positions, inputs)
            forward, proof = _proven(prepared, batches, missing)
            begun = time.monotonic()
            run(Answers(batches, forward), missing, workers, name)
            seconds = time.monotonic() - begun
    paces = [pace for pace in ranks.gather((left, seconds)) if pace[0]]
    if not opened.bring_together():
        return None
    rate = Rate(sum(n for n, _ in paces), max(s for _, s in paces), len(paces)) if paces else None
    return Finished(collect(opened.ledger), top, proof, rate)


def _proven(prepared: Prepared, batches: Batches, chunks: Sequence[int]) -> tuple[Forward, Proof]:
    """The network made fast, and its comparison with the plain network on the first chunk that has
    an image that decodes."""
    task, network, device = prepared.task, prepared.network, prepared.device
    side = task.model.input_size
    inputs = torch.zeros(1, 3, side, side)
    for chunk in chunks:
        batches.kept[chunk] = batch = batches.read(chunk)
        if batch.decoded:
            inputs = batch.inputs
            break
    expected = plain(network, device)(inputs)
    forward = fast(network, device, task.precision, task.compiled, inputs)
    proof = prove(expected.numpy(), forward(inputs).numpy(), task.precision)
    if sys.stderr.isatty():
        say(str(proof))
    return forward, proof


def _report(prepared: Prepared, finished: Finished) -> Accuracy:
    """Count, judge, and write the result and the predictions."""
    task, dataset, predictions = prepared.task, prepared.dataset, finished.predictions
    undecoded = [k for k, prediction in enumerate(predictions) if not prediction.decoded]
    if undecoded and not task.allow_incomplete:
        paths = [predictions[k].path for k in undecoded]
        why = prepared.reader.why_not(prepared.positions[undecoded[0]])
        raise AccuracyError(
            f"{dataset.path}: there is no number, since {len(undecoded)} of {len(predictions)} "
            f"images do not decode: {first_few(paths)}: {why}: --allow-incomplete counts the "
            "others, labelled so"
        )
    result = accuracy(
        task,
        prepared.identity,
        dataset,
        predictions,
        prepared.network.num_classes,
        finished.proof,
        None if prepared.against is None else pair(predictions, prepared.against),
    )
    if repeated := prepared.manifest.repeated:
        say(
            f"{dataset.path}: images with the bytes of an earlier image: {repeated} of "
            f"{len(predictions)}; each counts, so check that nothing is there twice"
        )
    if task.predictions:
        write_text(task.predictions, to_csv(predictions, finished.ranks))
    if result.complete or not _has_complete(prepared):
        write_record(task.checkpoint, ACCURACY, result.as_json())
    else:
        say(f"{task.result}: not replaced, since it counts the whole data set")
    return result


def _has_complete(prepared: Prepared) -> bool:
    """Whether the result of a whole data set is there already, for this file and this regime."""
    try:
        found = read_record(prepared.task.checkpoint, ACCURACY)
    except FormatError:
        return False
    same = found.get(ACCURACY.digest) == prepared.identity.checkpoint_sha256
    regime = prepared.identity.regime
    return same and found.get("regime") == regime and found.get("complete") is True
