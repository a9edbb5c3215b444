"""Everything that a run needs, found and checked before it begins."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from architectures.catalogue.record import Model
from architectures.networks.load import create_classifier
from architectures.networks.network import Network
from convert.formats.regular import sha256
from mappings.errors import AccuracyError
from verify.accuracy.crops import CropCache
from verify.accuracy.device import Device, cores, find_device, keep_freed_memory
from verify.accuracy.hashing import make_manifest
from verify.accuracy.identity import Identity, versions
from verify.accuracy.manifest import Manifest, spread
from verify.accuracy.prediction import Prediction, read_csv
from verify.accuracy.ranks import Ranks
from verify.accuracy.reading import CropMaker, Reader
from verify.accuracy.reducer import exactly_once
from verify.accuracy.task import Task
from verify.datasets import LabelledImages, open_dataset
from verify.graphs.image_classifier import GraphClassifier
from verify.parity.named_model import demand_model
from verify.preprocessing.regimes import check_channels

BATCH = {"cpu": 16, "cuda": 256}
"""Images of a batch, which is a chunk: enough to keep one core's caches, or one GPU, busy."""


@dataclass(frozen=True)
class Prepared:
    """A run that can begin.

    ``positions``: where each image of the manifest stands in the data set; ``workers``: cores of
    this rank; ``against``: the predictions of another run to compare with.
    """

    task: Task
    ranks: Ranks
    device: Device
    network: Network | GraphClassifier
    dataset: LabelledImages
    positions: Sequence[int]
    workers: int
    manifest: Manifest
    identity: Identity
    reader: Reader
    against: Sequence[Prediction] | None


def prepare(task: Task, ranks: Ranks) -> Prepared:
    """Check what is asked, load the network, and hash the images.

    Raises AccuracyError (or another GluonportError) for anything that keeps the run from beginning.
    """
    for path in (task.result, task.predictions):
        if path and not os.access(path.parent, os.W_OK):
            raise AccuracyError(f"{path}: cannot be written: its folder is missing or not writable")
    network = _network(task)
    against = read_csv(task.against) if task.against else None
    device = find_device(task.device, ranks.local_rank, task.precision)
    if device.on_cpu:
        keep_freed_memory()
    check_channels(task.checkpoint, network.in_chans)
    classes = network.num_classes
    dataset = open_dataset(
        task.data,
        labels=task.labels,
        label_names=task.label_names,
        model=task.model,
        num_classes=classes,
    )
    if dataset.problems and not task.allow_incomplete:
        raise AccuracyError(
            f"{dataset.path}: the data set is incomplete, so it gives no number: "
            f"{'; '.join(dataset.problems)}: --allow-incomplete gives one, labelled so"
        )
    positions = spread(len(dataset.entries), task.limit)
    workers = max(1, cores() // ranks.local_world)
    manifest = make_manifest(dataset, positions, ranks, workers, task.cache)
    if task.against and against is not None:
        exactly_once(manifest, against, task.against)
    identity = Identity(
        model=task.model.name,
        checkpoint_sha256=sha256(task.checkpoint),
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
    crops = CropCache(task.cache, task.regime, task.model, task.max_pixels) if task.cache else None
    reader = Reader(dataset, CropMaker(task.regime, task.model, crops, task.max_pixels))
    return Prepared(
        task,
        ranks,
        device,
        network,
        dataset,
        positions,
        workers,
        manifest,
        identity,
        reader,
        against,
    )


def _network(task: Task) -> Network | GraphClassifier:
    """The checkpoint's network. Raises FormatError for a checkpoint that is not the model's."""
    if task.network is not None:
        return task.network
    assert isinstance(task.model, Model)  # only a graph brings a model that its user describes
    demand_model(task.model, task.checkpoint)
    return create_classifier(task.model, task.checkpoint)
