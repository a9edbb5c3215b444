"""The gate: what must be known of exactly this file before it may be published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from architectures import Model
from architectures.figure import Figure, Undecided
from architectures.nearest import misfits
from architectures.record import RGB
from convert.formats import Checkpoint, open_checkpoint
from mappings.parts import is_classifiers
from mappings.shapes import open_sizes
from mappings.words import counted
from verify.publish.errors import PublishError
from verify.publish.figures import percent
from verify.publish.record import Record
from verify.result import Parity

JUDGED = {"values", "inputs", "structure", "arithmetic", "evidence", "layers"}


@dataclass(frozen=True)
class Gathered:
    """A checkpoint of ``model`` with the records of its conversion, parity and accuracy.

    ``accuracy`` is None where ``without_accuracy`` says why. ``sha256`` is the file's, in hex.
    ``as_published`` tells whether it was converted from the checkpoint that the catalogue names.
    """

    model: Model
    path: Path
    sha256: str
    size: int
    num_classes: int
    dtype: str
    as_published: bool
    provenance: Mapping[str, Any]
    parity: Parity
    accuracy: Mapping[str, Any] | None
    without_accuracy: str | None

    @property
    def reproduced(self) -> bool:
        """Whether its accuracy is the published one of its model."""
        return self.accuracy is not None and self.accuracy["reproduced"] is True

    @property
    def of_published_data(self) -> bool:
        """Whether its classes are those of the data set of the published weights."""
        return self.as_published or self.reproduced

    @property
    def figure(self) -> Figure | None:
        """The published figure that its accuracy reproduces."""
        if self.accuracy is None or not self.reproduced:
            return None
        regime = self.accuracy["regime"]
        return self.model.figure(regime)

    @property
    def undecided(self) -> Undecided | None:
        """Published figures that may be its own or another's; None where its classes are not those
        of the published weights."""
        return self.model.undecided if self.num_classes == self.model.num_classes else None


def pass_gate(model: Model, path: Path, without_accuracy: str | None = None) -> Gathered:
    """Gather the evidence that stands beside a checkpoint.

    Raises PublishError where any is missing, failed, or of another file or model, with the command
    that makes it; FormatError for a file that is no checkpoint.
    """
    from verify.publish.synthetic import is_synthetic

    checkpoint = open_checkpoint(path)
    convert = f"convert {model.name} {path} --from SOURCE --force"
    if checkpoint.format != "safetensors":
        raise PublishError(
            f"{path}: is {checkpoint.format}, expected safetensors: "
            f"make it with 'convert {model.name} OUT.safetensors --from {path}'"
        )
    num_classes = _fit(model, checkpoint)
    if is_synthetic(model, checkpoint):
        raise PublishError(
            f"{path}: holds synthetic weights, which are never published: "
            f"convert a trained checkpoint with '{convert}'"
        )
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    provenance = _provenance(model, path, checkpoint, digest, convert)
    return Gathered(
        model=model,
        path=path,
        sha256=digest,
        size=path.stat().st_size,
        num_classes=num_classes,
        dtype=", ".join(sorted({str(t.dtype) for t in checkpoint.tensors if t.shape})),
        as_published=_is_published(model, provenance),
        provenance=provenance,
        parity=_parity(model, path, digest),
        accuracy=_accuracy(model, path, digest, num_classes, without_accuracy),
        without_accuracy=without_accuracy,
    )


def _fit(model: Model, checkpoint: Checkpoint) -> int:
    """The class count of a checkpoint that has the model's tensors, all and no others, and takes
    RGB images: a release states how its images are prepared, which no regime says of others."""
    shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}
    if wrong := misfits(shapes, model):
        raise PublishError(
            f"{checkpoint.path}: is no {model.name}: {counted(len(wrong), 'tensor')} missing, "
            f"unknown or of another shape, the first {wrong[0]!r}: 'gluonport inspect' says "
            f"what it is"
        )
    if not any(is_classifiers(name) for name in shapes):
        raise PublishError(
            f"{checkpoint.path}: is {model.name} without its classifier: only whole networks are "
            f"published: convert a checkpoint that has one, without --no-classifier"
        )
    sizes = open_sizes((shapes[name], shape) for name, shape in model.shapes.items())
    if sizes["channels"] != RGB:
        channels = counted(sizes["channels"], "channel")
        raise PublishError(
            f"{checkpoint.path}: takes images of {channels}, and a release is of a network for "
            f"RGB, since no regime says how other images are prepared: share the converted file "
            f"itself"
        )
    return sizes["classes"]


def _provenance(
    model: Model, path: Path, checkpoint: Checkpoint, digest: str, remedy: str
) -> Mapping[str, Any]:
    record = Record.read(path, "provenance", remedy)
    if record.values.get("synthetic") is not False:
        raise record.refuse("says that the weights are synthetic, which are never published")
    record.demand("target_sha256", digest, model.name)
    if record.values.get("mapping_sha256") not in {t.digest for _, t in model.dialects}:
        raise record.refuse(f"names another table than {model.name} has today")
    if not _is_digest(record.values.get("source_sha256")):
        raise record.refuse("has no sha256 of the source")
    digests = {
        tensor.name: hashlib.sha256(tensor.array().tobytes()).hexdigest()
        for tensor in checkpoint.tensors
    }
    if record.values.get("tensor_sha256") != digests:
        raise record.refuse("has other digests of the tensors than the checkpoint")
    return record.values


def _parity(model: Model, path: Path, digest: str) -> Parity:
    remedy = f"verify parity {model.name} --checkpoint {path}"
    record = Record.read(path, "parity", remedy)
    record.demand("checkpoint_sha256", digest, model.name)
    try:
        parity = Parity.from_json(record.values)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise record.refuse("is no record of parity") from None
    if not parity.passed or record.values.get("passed") is not True:
        failed = [criterion.name for criterion in parity.criteria if not criterion.passed]
        raise PublishError(f"{path}: parity failed ({', '.join(failed)}): see '{remedy}'")
    if missing := JUDGED - {criterion.name for criterion in parity.criteria}:
        raise record.refuse(f"did not judge {', '.join(sorted(missing))}")
    return parity


def _accuracy(
    model: Model, path: Path, digest: str, num_classes: int, reason: str | None
) -> Mapping[str, Any] | None:
    """The record of accuracy; None where there is a reason for none, and none that failed."""
    remedy = f"verify accuracy {model.name} {path} --data PATH"
    try:
        otherwise = ", or say why there is none with --without-accuracy REASON"
        record = Record.read(path, "accuracy", remedy, otherwise)
        record.demand("checkpoint_sha256", digest, model.name)
        counts = record.counts("images", "top1_correct", "top5_correct")
        if counts is None or record.values.get("complete") is not True or not counts[0]:
            raise record.refuse("is not complete")
        images, top1, top5 = counts
        if not top1 <= top5 <= images:
            raise record.refuse(f"counts {top1} and {top5} right of {images}, which cannot be")
    except PublishError:
        if reason is None:
            raise
        return None
    reproduced, regime = record.values.get("reproduced"), record.values.get("regime")
    nothing_published = num_classes != model.num_classes or not model.source.figures
    if reproduced is True or (reproduced is None and nothing_published):
        return record.values if reason is None else None
    figure, undecided = model.figure(str(regime)), model.undecided
    published = f"{figure.top1} % is published" if figure else "nothing is published of that"
    published = undecided.note if undecided else published
    raise PublishError(
        f"{path}: accuracy {'failed' if reproduced is False else 'is compared with nothing'}: "
        f"top-1 {percent(top1, images)} % in the regime {regime!r}, {published}: see '{remedy}'"
    )


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _is_published(model: Model, provenance: Mapping[str, Any]) -> bool:
    """Whether the source is the published checkpoint, by the hash that the catalogue has of it."""
    source, digest = model.source, str(provenance["source_sha256"])
    if source.sha1:
        file = Path(str(provenance.get("source")))
        if not file.is_file():
            return source.url is not None and provenance.get("source_url") == source.url
        data = file.read_bytes()
        same = hashlib.sha256(data).hexdigest() == digest
        return same and hashlib.sha1(data).hexdigest() == source.sha1
    prefix = Path(source.url or "").stem.rpartition("-")[2]
    return bool(prefix) and digest.startswith(prefix)
