"""``verify accuracy`` from what is asked to the result."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from architectures.networks.load import create_classifier
from architectures.networks.network import Network
from convert.formats.appearing import write_text
from convert.formats.records import ACCURACY, read_record
from mappings.errors import AccuracyError, FormatError
from mappings.words import first_few
from verify.accuracy.crops import CropCache
from verify.accuracy.device import Device, cores, find_device, keep_freed_memory
from verify.accuracy.fast_path import fast, plain
from verify.accuracy.hashing import make_manifest
from verify.accuracy.holding import holding
from verify.accuracy.identity import Identity, file_sha256, versions
from verify.accuracy.manifest import Manifest, spread
from verify.accuracy.outcome import Accuracy, accuracy
from verify.accuracy.prediction import TOP, Prediction, read_csv, to_csv
from verify.accuracy.progress import say
from verify.accuracy.proof import Proof, prove
from verify.accuracy.ranks import Ranks, join
from verify.accuracy.reading import Reader
from verify.accuracy.reducer import collect, exactly_once
from verify.accuracy.runner import Answers, run
from verify.accuracy.sharing import open_ledger
from verify.accuracy.task import Task
from verify.accuracy.verdict import pair
from verify.datasets import LabelledImages, open_dataset
from verify.parity.named_model import demand_model
from verify.preprocessing.regimes import check_channels

BATCH = {"cpu": 16, "cuda": 256}
"""Images of a batch, which is a chunk: what keeps one core's caches, or one GPU's units, busy."""


def measure(task: Task) -> Accuracy | None:
    """The result, and the predictions where they were asked for. It is left beside the checkpoint;
    that of a part of the data set takes the place of no complete one.

    Among several ranks only rank 0 has it; the others get None.
    Raises AccuracyError (or another GluonportError) where there is no number.
    """
    ranks = join()
    try:
        return _measure(task, ranks)
    finally:
        ranks.leave()


def _measure(task: Task, ranks: Ranks) -> Accuracy | None:
    for path in (task.result, task.predictions):
        if path and not os.access(path.parent, os.W_OK):
            raise AccuracyError(f"{path}: cannot be written: its folder is missing or not writable")
    demand_model(task.model, task.checkpoint)
    against = read_csv(task.against) if task.against else None
    device = find_device(task.device, ranks.local_rank, task.precision)
    if device.on_cpu:
        keep_freed_memory()
    network = create_classifier(task.model, task.checkpoint)
    check_channels(task.checkpoint, network.in_chans)
    classes = network.num_classes
    dataset = open_dataset(task.data, labels=task.labels, model=task.model, num_classes=classes)
    if dataset.problems and not task.allow_incomplete:
        raise AccuracyError(
            f"{dataset.path}: no number of a set that is not whole: "
            f"{'; '.join(dataset.problems)}: --allow-incomplete gives one, labelled so"
        )
    positions = spread(len(dataset.entries), task.limit)
    workers = max(1, cores() // ranks.local_world)
    manifest = make_manifest(dataset, positions, ranks, workers, task.cache)
    if task.against and against is not None:
        exactly_once(manifest, against, task.against)
    identity = Identity(
        model=task.model.name,
        checkpoint_sha256=file_sha256(task.checkpoint),
        regime=task.regime,
        manifest_sha256=manifest.sha256,
        images=len(manifest.images),
        batch_size=task.batch_size or BATCH.get(device.device.type, 32),
        max_pixels=task.max_pixels,
        precision=task.precision,
        compiled=task.compiled,
        device=device.kind,
        versions=versions(),
    )
    found = Found(task, ranks, device, network, dataset, positions, workers, manifest, identity)
    if task.ledgers:
        return _count(found, task.ledgers[0], against)
    folder = task.own_ledger / identity.sha256[:16]
    if ranks.rank != 0:
        return _count(found, folder, against)
    with holding(folder) as hold:
        result = _count(found, folder, against)
        hold.remove_if_last()
        return result


@dataclass(frozen=True)
class Found:
    """What a run is about, found before it begins; ``positions`` are those of the images of the
    manifest in the data set."""

    task: Task
    ranks: Ranks
    device: Device
    network: Network
    dataset: LabelledImages
    positions: Sequence[int]
    workers: int
    manifest: Manifest
    identity: Identity


def _count(found: Found, folder: Path, against: Sequence[Prediction] | None) -> Accuracy | None:
    """Do what is missing in the ledger ``folder``, count, and leave the result."""
    task, ranks, dataset = found.task, found.ranks, found.dataset
    classes = found.network.num_classes
    held = open_ledger(
        folder, found.identity, found.manifest, min(TOP, classes), ranks, task.ledgers[1:]
    )
    cache = CropCache(task.cache, task.regime, task.model, task.max_pixels) if task.cache else None
    reader = Reader(dataset, task.regime, task.model, cache, task.max_pixels)
    proof = None
    if missing := held.missing():
        answers = Answers(held.ledger, reader, found.positions)
        proof = _prove(answers, missing, found.network, found.device, task)
        run(answers, missing, found.workers, f"rank {ranks.rank}" if ranks.world > 1 else "")
    if not held.bring_together():
        return None
    predictions = collect(held.ledger)
    undecoded = [k for k, prediction in enumerate(predictions) if not prediction.decoded]
    if undecoded and not task.allow_incomplete:
        paths = [predictions[k].path for k in undecoded]
        raise AccuracyError(
            f"{dataset.path}: no number, since {len(undecoded)} of {len(predictions)} images do "
            f"not decode: {first_few(paths)}: {reader.why_not(found.positions[undecoded[0]])}: "
            "--allow-incomplete counts the others, labelled so"
        )
    paired = None if against is None else pair(predictions, against)
    result = accuracy(task, found.identity, dataset, predictions, classes, proof, paired)
    if task.predictions:
        write_text(task.predictions, to_csv(predictions, held.ledger.classes))
    if result.complete or not _has_complete(task, found.identity):
        write_text(task.result, json.dumps(result.as_json(), indent=1) + "\n")
    else:
        say(f"{task.result}: not replaced, since it counts the whole data set")
    return result


def _has_complete(task: Task, identity: Identity) -> bool:
    """Whether a result of a whole data set stands there, of this file and this regime."""
    try:
        found = read_record(task.checkpoint, ACCURACY)
    except FormatError:
        return False
    same = found.get(ACCURACY.digest) == identity.checkpoint_sha256
    return same and found.get("regime") == identity.regime and found.get("complete") is True


def _prove(
    answers: Answers, chunks: Sequence[int], network: Network, device: Device, task: Task
) -> Proof:
    """Make the network fast, and hold it against itself as it was, on the first chunk that has an
    image that decodes."""
    found = (answers.inputs(chunk)[2] for chunk in chunks)
    side = task.model.input_size
    inputs = next((x for x in found if len(x)), torch.zeros(1, 3, side, side))
    expected = plain(network, device)(inputs)
    answers.forward = fast(network, device, task.precision, task.compiled, inputs)
    proof = prove(expected.numpy(), answers.forward(inputs).numpy(), task.precision)
    if sys.stderr.isatty():
        say(str(proof))
    return proof
