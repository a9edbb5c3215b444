"""``verify accuracy`` from what is asked to the result."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Sequence

import click
import torch

from architectures.load import create
from architectures.network import Network
from convert.formats.appearing import write_text
from verify.accuracy.crops import CropCache
from verify.accuracy.device import Device, cores, find_device, keep_freed_memory
from verify.accuracy.errors import AccuracyError, folded
from verify.accuracy.hashing import make_manifest
from verify.accuracy.identity import Identity, file_sha256, versions
from verify.accuracy.manifest import spread
from verify.accuracy.network import fast, plain
from verify.accuracy.prediction import TOP, read_csv, to_csv
from verify.accuracy.proof import Proof, prove
from verify.accuracy.ranks import Ranks, join
from verify.accuracy.reading import Reader
from verify.accuracy.reducer import collect, exactly_once
from verify.accuracy.result import Accuracy, accuracy
from verify.accuracy.runner import Answers, run
from verify.accuracy.sharing import open_ledger
from verify.accuracy.task import Task
from verify.accuracy.verdict import pair
from verify.datasets import open_dataset
from verify.named_model import demand_model
from verify.preprocessing.regimes import check_channels

BATCH = {"cpu": 16, "cuda": 256}
"""Images of a batch, which is a chunk: what keeps one core's caches, or one GPU's units, busy."""


def measure(task: Task) -> Accuracy | None:
    """The result, left beside the checkpoint, with the predictions where they were asked for.

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
            raise AccuracyError(f"{path}: cannot be written: its folder is none to write in")
    demand_model(task.model, task.checkpoint)
    against = read_csv(task.against) if task.against else None
    device = find_device(task.device, ranks.local_rank, task.precision)
    if device.on_cpu:
        keep_freed_memory()
    network = create(task.model, task.checkpoint)
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
        precision=task.precision,
        compiled=task.compiled,
        device=device.kind,
        versions=versions(),
    )
    folder = task.ledgers[0] if task.ledgers else task.own_ledger / identity.sha256[:16]
    held = open_ledger(folder, identity, manifest, min(TOP, classes), ranks, task.ledgers[1:])
    proof = None
    if missing := held.missing():
        cache = CropCache(task.cache, task.regime, task.model) if task.cache else None
        answers = Answers(held.ledger, Reader(dataset, task.regime, task.model, cache), positions)
        proof = _prove(answers, missing, network, device, task)
        run(answers, missing, workers, f"rank {ranks.rank}" if ranks.world > 1 else "")
    if not held.bring_together():
        return None
    predictions = collect(held.ledger)
    undecoded = tuple(p.path for p in predictions if not p.decoded)
    if undecoded and not task.allow_incomplete:
        raise AccuracyError(
            f"{dataset.path}: no number, since {len(undecoded)} of {len(predictions)} images do "
            f"not decode: {folded(undecoded)}: --allow-incomplete counts the others, labelled so"
        )
    paired = None if against is None else pair(predictions, against)
    result = accuracy(task, identity, dataset, predictions, classes, proof, paired)
    if task.predictions:
        write_text(task.predictions, to_csv(predictions, held.ledger.classes))
    write_text(task.result, json.dumps(result.as_json(), indent=1) + "\n")
    if not task.ledgers:
        shutil.rmtree(task.own_ledger, ignore_errors=True)
    return result


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
        click.echo(proof, err=True)
    return proof
