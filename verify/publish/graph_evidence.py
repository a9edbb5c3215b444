"""The evidence about exactly one checkpoint that came from a graph, before it is published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

from architectures.catalogue.evaluated import OwnClassifier
from architectures.catalogue.packaged_graph import graph_index
from architectures.graph.operator import Dims
from architectures.graph.plan import Plan
from convert.formats.graph_checkpoint import GraphCheckpoint, open_graph_checkpoint
from convert.formats.records import ACCURACY, GRAPH, PARITY, PROVENANCE
from convert.formats.shaped import shaped
from mappings.errors import AccuracyError, PublishError
from verify.accuracy.outcome import Accuracy
from verify.accuracy.read_back import read_back
from verify.graphs.image_classifier import dataset_of
from verify.parity.graphs.graph_outputs import output_names
from verify.parity.result import Parity
from verify.publish.converted import Provenance, StatedConversion, file_name, readable
from verify.publish.demand import DemandedRecord
from verify.publish.graph_parity_record import read_graph_parity


@dataclass(frozen=True)
class GraphEvidence:
    """A checkpoint that came from a graph, with what is known of it.

    ``digests`` are the sha256 of its tensors, computed from the file. ``accuracy`` is None with
    a reason, ``without_accuracy``.
    """

    checkpoint: GraphCheckpoint
    converted: StatedConversion
    parity: Parity
    digests: Mapping[str, str]
    accuracy: Accuracy | None
    without_accuracy: str | None

    @property
    def path(self) -> Path:
        return self.checkpoint.checkpoint.path

    @cached_property
    def sha256(self) -> str:
        return self.checkpoint.checkpoint.files[0].sha256()

    @cached_property
    def plan(self) -> Plan:
        return self.checkpoint.plan()

    @property
    def inputs(self) -> list[tuple[str, Dims | None]]:
        """The name and the shape of each input, as far as it is known."""
        plan = self.plan
        return [(plan.graph.nodes[taken.node].name, taken.shape) for taken in plan.inputs]

    @property
    def outputs(self) -> list[tuple[str, Dims | None]]:
        """The name and the shape of each output, as far as it is known."""
        return list(zip(output_names(self.plan.graph), self.plan.output_shapes, strict=True))

    @property
    def network(self) -> Mapping[str, Any]:
        """What is known of the network of the zoo that its provenance names; empty if it names
        none."""
        packaged = self.checkpoint.provenance.get("packaged_graph")
        named = packaged.get("network") if isinstance(packaged, dict) else None
        return graph_index().get(named, {}) if isinstance(named, str) else {}

    @property
    def task(self) -> str | None:
        """What the network was made for, if that is known."""
        return self.network.get("task")

    @property
    def preprocessing(self) -> Mapping[str, Any] | None:
        """What was done to its images before, if that is known."""
        return self.network.get("preprocessing")

    @property
    def dtype(self) -> str:
        """The precisions of its tensors."""
        tensors = self.checkpoint.checkpoint.tensors
        return ", ".join(sorted({str(tensor.dtype) for tensor in tensors if tensor.shape}))


def gather_graph(path: Path, without_accuracy: str | None) -> GraphEvidence:
    """Gather the evidence that lies beside a checkpoint.

    Raises PublishError if a record is missing, failed, contradicts itself or is about another file,
    with the command that makes it.
    """
    checkpoint = open_graph_checkpoint(path)
    digest = checkpoint.checkpoint.files[0].sha256()
    digests = {tensor.name: tensor.sha256() for tensor in checkpoint.checkpoint.tensors}
    remedy = f"convert graph {path} --from SOURCE --force"
    record = DemandedRecord.read(path, PROVENANCE, remedy)
    record.check_about(digest, GRAPH)
    converted = read_conversion(record, checkpoint, digests)
    remedy = f"verify parity graph --checkpoint {path}"
    judged = DemandedRecord.read(path, PARITY, remedy)
    judged.check_about(digest, GRAPH)
    parity = read_graph_parity(judged)
    return GraphEvidence(
        checkpoint,
        converted,
        replace(parity, checkpoint=None),
        digests,
        _accuracy(path, digest, checkpoint.classes, without_accuracy),
        None if without_accuracy is None else readable(without_accuracy),
    )


def parameters_of(checkpoint: GraphCheckpoint) -> int:
    """How many numbers of a network are trained; gammas that are fixed at 1 count too."""
    plan = checkpoint.plan()
    tensors = checkpoint.by_name(plan)
    return sum(prod(tensors[name].shape) for name in plan.trained)


def read_conversion(
    record: DemandedRecord, checkpoint: GraphCheckpoint, digests: Mapping[str, str]
) -> StatedConversion:
    """The conversion that a provenance describes. Raises PublishError for one of another file."""
    try:
        found = shaped(Provenance, record.values)
    except ValueError as error:
        raise record.malformed(error) from None
    if found.source_sha256 is None:
        raise record.refuse("the sha256 of the source is missing")
    if found.tensor_sha256 != digests:
        raise record.refuse("the digests of the tensors are not those of the checkpoint")
    plan = checkpoint.plan()
    stated = {
        "tensors": (found.tensors, len(digests)),
        "parameters": (found.parameters, parameters_of(checkpoint)),
        "num_classes": (found.num_classes, plan.num_classes),
    }
    for name, (says, has) in stated.items():
        if says != has:
            raise record.refuse(f"the record says {name} {says}, but the checkpoint has {has}")
    return StatedConversion.of(found, found.source_sha256)


def _accuracy(path: Path, digest: str, classes: int, reason: str | None) -> Accuracy | None:
    remedy = f"verify accuracy graph {path} --data PATH"
    otherwise = ", or say why it is missing with --without-accuracy REASON"
    try:
        record = DemandedRecord.read(path, ACCURACY, remedy, otherwise)
        record.check_about(digest, GRAPH)
    except PublishError:
        if reason is None:
            raise
        return None
    if reason is not None:
        return None
    try:
        found = read_back(record.values, nobodys(classes), classes)
    except ValueError as error:
        raise record.malformed(error) from None
    except AccuracyError as error:
        raise record.refuse(f"the record contradicts itself: {error}") from None
    if not found.complete:
        raise record.refuse(f"the accuracy is not complete ({found.verdict.why})")
    return replace(found, data=file_name(found.data) or "images", against=None)


def nobodys(classes: int) -> OwnClassifier:
    """A classifier of which nothing is published, with that many classes."""
    return OwnClassifier(GRAPH, dataset_of(classes), 0, None, 1.0)
