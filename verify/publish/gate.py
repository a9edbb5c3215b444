"""The gate: what must be known of exactly this file before it may be published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from architectures import Model
from architectures.catalogue.figure import Figure, Undecided
from architectures.catalogue.nearest import misfits
from architectures.catalogue.record import RGB, STATISTICS
from convert.formats import Checkpoint, open_checkpoint
from convert.formats.regular import digest, open_regular, sha256
from convert.formats.shaped import shaped
from mappings.errors import AccuracyError, FormatError, PublishError
from mappings.parts import is_classifiers
from mappings.shapes import open_sizes
from mappings.words import counted
from verify.accuracy.outcome import Accuracy
from verify.accuracy.read_back import read_back
from verify.parity.result import Parity
from verify.publish.converted import Converted, Provenance, file_name, readable
from verify.publish.demand import Record
from verify.publish.figures import percent
from verify.publish.parity_record import read_parity


@dataclass(frozen=True)
class Weights:
    """What a checkpoint of ``model`` itself holds: everything here is computed from its bytes.

    ``sha256`` is the file's and ``digests`` are the tensors', in hex; ``size`` is in bytes;
    ``parameters`` leave BatchNorm's statistics out.
    """

    model: Model
    path: Path
    sha256: str
    size: int
    num_classes: int
    parameters: int
    dtype: str
    digests: dict[str, str]

    @classmethod
    def read(cls, model: Model, path: Path) -> Weights:
        """Read a safetensors file that has the model's tensors, all and no others.

        Raises PublishError for another checkpoint and for synthetic weights, and FormatError for a
        file that is no checkpoint.
        """
        from verify.publish.unpublishable import is_synthetic

        checkpoint = open_checkpoint(path)
        if checkpoint.format != "safetensors":
            raise PublishError(
                f"{path}: is {checkpoint.format}, expected safetensors: "
                f"make it with 'convert {model.name} OUT.safetensors --from {path}'"
            )
        num_classes = _fit(model, checkpoint)
        if is_synthetic(model, checkpoint):
            raise PublishError(
                f"{path}: holds synthetic weights, which are never published: "
                f"convert a trained checkpoint with '{_convert(model, path)}'"
            )
        tensors = checkpoint.tensors
        return cls(
            model=model,
            path=path,
            sha256=sha256(path),
            size=path.stat().st_size,
            num_classes=num_classes,
            parameters=sum(prod(t.shape) for t in tensors if not t.name.endswith(STATISTICS)),
            dtype=", ".join(sorted({str(t.dtype) for t in tensors if t.shape})),
            digests={tensor.name: tensor.sha256() for tensor in tensors},
        )


@dataclass(frozen=True)
class Gathered:
    """Weights with the evidence of their conversion, parity and accuracy, fit to be published.

    ``accuracy`` is None where ``without_accuracy`` says why. ``as_published`` tells whether they
    were converted from the checkpoint that the catalogue names.
    """

    weights: Weights
    as_published: bool
    converted: Converted
    parity: Parity
    accuracy: Accuracy | None
    without_accuracy: str | None

    @property
    def model(self) -> Model:
        return self.weights.model

    @property
    def reproduced(self) -> bool:
        """Whether its accuracy is the published one of its model."""
        return self.accuracy is not None and self.accuracy.verdict.reproduced is True

    @property
    def of_published_data(self) -> bool:
        """Whether its classes are those of the data set of the published weights."""
        return self.as_published or self.reproduced

    @property
    def default_labels(self) -> tuple[str, ...] | None:
        """The class names where none are given: those of the published data set, None for
        ImageNet's, which clients know themselves; else the indices, since nothing is known."""
        if self.of_published_data:
            return self.model.dataset.class_names
        return tuple(map(str, range(self.weights.num_classes)))

    @property
    def figure(self) -> Figure | None:
        """The published figure that its accuracy reproduces."""
        return self.accuracy.published if self.accuracy and self.reproduced else None

    @property
    def undecided(self) -> Undecided | None:
        """Published figures that may be its own or another's; None where its classes are not those
        of the published weights."""
        same = self.weights.num_classes == self.model.num_classes
        return self.model.undecided if same else None


def pass_gate(model: Model, path: Path, without_accuracy: str | None = None) -> Gathered:
    """Gather the evidence that stands beside a checkpoint.

    Raises PublishError where any is missing, failed, contradicts itself, or is of another file or
    model, with the command that makes it; FormatError for a file that is no checkpoint.
    """
    weights = Weights.read(model, path)
    provenance, source_sha256 = _provenance(weights)
    return Gathered(
        weights=weights,
        as_published=_is_published(model, provenance, source_sha256),
        converted=Converted.of(provenance, source_sha256),
        parity=_parity(weights),
        accuracy=_accuracy(weights, without_accuracy),
        without_accuracy=None if without_accuracy is None else readable(without_accuracy),
    )


def _convert(model: Model, path: Path) -> str:
    return f"convert {model.name} {path} --from SOURCE --force"


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


def _provenance(weights: Weights) -> tuple[Provenance, str]:
    """The provenance of the weights, and the sha256 of their source."""
    model = weights.model
    record = Record.read(weights.path, "provenance", _convert(model, weights.path))
    try:
        found = shaped(Provenance, record.values)
    except ValueError as error:
        raise record.malformed(error) from None
    if found.synthetic:
        raise record.refuse("says that the weights are synthetic, which are never published")
    record.demand("target_sha256", weights.sha256, model.name)
    if found.mapping_sha256 not in {table.digest for _, table in model.dialects}:
        raise record.refuse(f"names another table than {model.name} has today")
    if found.source_sha256 is None:
        raise record.refuse("has no sha256 of the source")
    if found.tensor_sha256 != weights.digests:
        raise record.refuse("has other digests of the tensors than the checkpoint")
    stated = {
        "tensors": (found.tensors, len(weights.digests)),
        "parameters": (found.parameters, weights.parameters),
        "num_classes": (found.num_classes, weights.num_classes),
        "in_chans": (found.in_chans, RGB),
        "dtype": (found.dtype, "keep" if found.dtype == "keep" else weights.dtype),
    }
    for name, (says, has) in stated.items():
        if says != has:
            raise record.refuse(f"says {name} {says}, the checkpoint has {has}")
    return found, found.source_sha256


def _parity(weights: Weights) -> Parity:
    model, path = weights.model, weights.path
    remedy = f"verify parity {model.name} --checkpoint {path}"
    record = Record.read(path, "parity", remedy)
    record.demand("checkpoint_sha256", weights.sha256, model.name)
    try:
        parity = read_parity(record.values, model, len(weights.digests))
    except ValueError as error:
        raise record.malformed(error) from None
    except PublishError as error:
        raise record.refuse(str(error)) from None
    if not parity.passed:
        failed = [criterion.name for criterion in parity.criteria if not criterion.passed]
        raise PublishError(f"{path}: parity failed ({', '.join(failed)}): see '{remedy}'")
    return replace(parity, checkpoint=None)


def _accuracy(weights: Weights, reason: str | None) -> Accuracy | None:
    """The result of 'verify accuracy' without what only this machine knows; None where there is a
    reason for none, and none that failed."""
    model, path = weights.model, weights.path
    remedy = f"verify accuracy {model.name} {path} --data PATH"
    try:
        otherwise = ", or say why there is none with --without-accuracy REASON"
        record = Record.read(path, "accuracy", remedy, otherwise)
        record.demand("checkpoint_sha256", weights.sha256, model.name)
    except PublishError:
        if reason is None:
            raise
        return None
    try:
        found = read_back(record.values, model, weights.num_classes)
    except ValueError as error:
        raise record.malformed(error) from None
    except AccuracyError as error:
        raise record.refuse(f"contradicts itself: {error}") from None
    reproduced = found.verdict.reproduced
    if not found.complete and reason is None:
        raise record.refuse(f"is not complete ({found.verdict.why})")
    if reproduced is False or reason is None:
        _check_reproduced(found, weights, remedy)
    public = replace(found, data=file_name(found.data) or "images", against=None)
    return public if reason is None else None


def _check_reproduced(found: Accuracy, weights: Weights, remedy: str) -> None:
    """Demand the published figure where there is one for the network. Raises PublishError."""
    reproduced, model = found.verdict.reproduced, weights.model
    nothing_published = weights.num_classes != model.num_classes or not model.source.figures
    if reproduced or (reproduced is None and nothing_published):
        return
    figure = found.published
    published = f"{figure.top1} % is published" if figure else "nothing is published of that"
    published = model.undecided.note if model.undecided else published
    what = "failed" if reproduced is False else "is compared with nothing"
    raise PublishError(
        f"{weights.path}: accuracy {what}: top-1 {percent(found.count.top1, found.count.images)} % "
        f"in the regime {found.identity.regime!r}, {published}: see '{remedy}'"
    )


def _is_published(model: Model, record: Provenance, source_sha256: str) -> bool:
    """Whether the source is the published checkpoint, by the hash that the catalogue has of it."""
    source = model.source
    if not source.sha1:
        prefix = Path(source.url or "").stem.rpartition("-")[2]
        return bool(prefix) and source_sha256.startswith(prefix)
    try:
        with open_regular(record.source) as file:
            return digest(file) == source_sha256 and digest(file, "sha1") == source.sha1
    except FormatError:
        return source.url is not None and record.source_url == source.url
