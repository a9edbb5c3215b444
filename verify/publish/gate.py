"""The gate: the evidence about exactly this file that must exist before it is published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

from architectures import Model
from architectures.catalogue.figure import Figure, Unbound, Undecided
from architectures.catalogue.nearest import misfits
from architectures.catalogue.record import RGB, STATISTICS
from convert.formats import Checkpoint, open_checkpoint
from convert.formats.records import ACCURACY, PARITY, PROVENANCE
from convert.formats.regular import digest, open_regular, sha256
from convert.formats.shaped import shaped
from mappings.errors import AccuracyError, FormatError, PublishError
from mappings.shapes import open_sizes
from mappings.words import counted
from verify.accuracy.outcome import Accuracy
from verify.accuracy.read_back import read_back
from verify.parity.result import Parity
from verify.publish.converted import Provenance, StatedConversion, file_name, readable
from verify.publish.demand import DemandedRecord
from verify.publish.figures import percent
from verify.publish.parity_record import read_parity


@dataclass(frozen=True)
class WeightsFile:
    """What a checkpoint of ``model`` holds, all of it computed from the file's bytes.

    ``sha256`` is the file's and ``digests`` are the tensors', in hex; ``size`` is in bytes;
    ``parameters`` do not include BatchNorm's statistics.
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
    def read(cls, model: Model, path: Path) -> WeightsFile:
        """Read a safetensors file that has exactly the model's tensors.

        Raises PublishError for another checkpoint and for synthetic weights, and FormatError for a
        file that is not a checkpoint.
        """
        from verify.publish.unpublishable import is_synthetic

        checkpoint = open_checkpoint(path)
        if checkpoint.format != "safetensors":
            raise PublishError(
                f"{path}: the file is {checkpoint.format}; expected safetensors: "
                f"make it with 'convert {model.name} OUT.safetensors --from {path}'"
            )
        num_classes = _fit(model, checkpoint)
        if is_synthetic(model, checkpoint):
            raise PublishError(
                f"{path}: the file holds synthetic weights, which are never published: "
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
    """Weights with the evidence of their conversion, parity and accuracy, ready to be published.

    If ``accuracy`` is None, ``without_accuracy`` says why. ``as_published`` says whether the
    weights were converted from the checkpoint that the catalogue names.
    """

    weights: WeightsFile
    as_published: bool
    converted: StatedConversion
    parity: Parity
    accuracy: Accuracy | None
    without_accuracy: str | None

    @property
    def model(self) -> Model:
        return self.weights.model

    @property
    def reproduced(self) -> bool:
        """Whether the accuracy is the one that was published for the model."""
        return self.accuracy is not None and self.accuracy.verdict.reproduced is True

    @property
    def of_published_data(self) -> bool:
        """Whether the classes are those of the data set of the published weights."""
        return self.as_published or self.reproduced

    @property
    def default_class_names(self) -> tuple[str, ...] | None:
        """The class names to use if the publisher gives none: those of the published data set (None
        for ImageNet, whose names clients know), or the indices if the data set is unknown."""
        if self.of_published_data:
            return self.model.dataset.class_names
        return tuple(map(str, range(self.weights.num_classes)))

    @property
    def figure(self) -> Figure | None:
        """The published figure that the accuracy reproduces."""
        return self.accuracy.published if self.accuracy and self.reproduced else None

    @property
    def undecided(self) -> Undecided | Unbound | None:
        """The published figures of which one is the model's and it is not known which; None if the
        classes are not those of the published weights."""
        same = self.weights.num_classes == self.model.num_classes
        return self.model.undecided if same else None


def pass_gate(model: Model, path: Path, without_accuracy: str | None = None) -> Gathered:
    """Gather the evidence that lies beside a checkpoint.

    Raises PublishError if a record is missing, failed, contradicts itself, or is about another file
    or model, with the command that makes it; FormatError for a file that is not a checkpoint.
    """
    weights = WeightsFile.read(model, path)
    provenance, source_sha256 = _provenance(weights)
    return Gathered(
        weights=weights,
        as_published=_is_published(model, provenance, source_sha256),
        converted=StatedConversion.of(provenance, source_sha256),
        parity=_parity(weights),
        accuracy=_accuracy(weights, without_accuracy),
        without_accuracy=None if without_accuracy is None else readable(without_accuracy),
    )


def _convert(model: Model, path: Path) -> str:
    return f"convert {model.name} {path} --from SOURCE --force"


def _fit(model: Model, checkpoint: Checkpoint) -> int:
    """The class count of a checkpoint that has exactly the model's tensors, and takes RGB images: a
    release says how its images are prepared, and no regime prepares others."""
    shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}
    if wrong := misfits(shapes, model):
        raise PublishError(
            f"{checkpoint.path}: the file is not a {model.name}: {counted(len(wrong), 'tensor')} "
            f"missing, unknown or of another shape, the first {wrong[0]!r}: see 'gluonport inspect'"
        )
    if not model.has_classifier(shapes):
        raise PublishError(
            f"{checkpoint.path}: the file is a {model.name} without its classifier, and only whole "
            f"networks are published: convert a checkpoint with one, without --no-classifier"
        )
    sizes = open_sizes((shapes[name], shape) for name, shape in model.shapes.items())
    if sizes["channels"] != RGB:
        channels = counted(sizes["channels"], "channel")
        raise PublishError(
            f"{checkpoint.path}: the network takes images of {channels}, but a release needs a "
            f"network for RGB images, since no regime prepares others: share the converted file "
            f"instead"
        )
    return sizes["classes"]


def _provenance(weights: WeightsFile) -> tuple[Provenance, str]:
    """The provenance of the weights, and the sha256 of their source."""
    model = weights.model
    record = DemandedRecord.read(weights.path, PROVENANCE, _convert(model, weights.path))
    try:
        found = shaped(Provenance, record.values)
    except ValueError as error:
        raise record.malformed(error) from None
    if found.synthetic:
        raise record.refuse(
            "the record says that the weights are synthetic, which are never published"
        )
    record.check_about(weights.sha256, model.name)
    if found.mapping_sha256 not in {table.digest for _, table in model.dialects}:
        raise record.refuse(f"the digest of the mapping is not that of {model.name} today")
    if found.source_sha256 is None:
        raise record.refuse("the sha256 of the source is missing")
    if found.tensor_sha256 != weights.digests:
        raise record.refuse("the digests of the tensors are not those of the checkpoint")
    stated = {
        "tensors": (found.tensors, len(weights.digests)),
        "parameters": (found.parameters, weights.parameters),
        "num_classes": (found.num_classes, weights.num_classes),
        "in_chans": (found.in_chans, RGB),
        "dtype": (found.dtype, "keep" if found.dtype == "keep" else weights.dtype),
    }
    for name, (says, has) in stated.items():
        if says != has:
            raise record.refuse(f"the record says {name} {says}, but the checkpoint has {has}")
    return found, found.source_sha256


def _parity(weights: WeightsFile) -> Parity:
    model, path = weights.model, weights.path
    remedy = f"verify parity {model.name} --checkpoint {path}"
    record = DemandedRecord.read(path, PARITY, remedy)
    record.check_about(weights.sha256, model.name)
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


def _accuracy(weights: WeightsFile, reason: str | None) -> Accuracy | None:
    """The result of 'verify accuracy', without what is private to this machine; None if there is a
    reason not to publish one. Raises PublishError for a result that failed, even with a reason."""
    model, path = weights.model, weights.path
    remedy = f"verify accuracy {model.name} {path} --data PATH"
    try:
        otherwise = ", or say why it is missing with --without-accuracy REASON"
        record = DemandedRecord.read(path, ACCURACY, remedy, otherwise)
        record.check_about(weights.sha256, model.name)
    except PublishError:
        if reason is None:
            raise
        return None
    try:
        found = read_back(record.values, model, weights.num_classes)
    except ValueError as error:
        raise record.malformed(error) from None
    except AccuracyError as error:
        raise record.refuse(f"the record contradicts itself: {error}") from None
    reproduced = found.verdict.reproduced
    if not found.complete and reason is None:
        raise record.refuse(f"the accuracy is not complete ({found.verdict.why})")
    if reproduced is False or reason is None:
        _check_reproduced(found, weights, remedy)
    public = replace(found, data=file_name(found.data) or "images", against=None)
    return public if reason is None else None


def _check_reproduced(found: Accuracy, weights: WeightsFile, remedy: str) -> None:
    """Check that a published figure, if the network has one, is reproduced. Raises PublishError."""
    reproduced, model = found.verdict.reproduced, weights.model
    nothing_published = weights.num_classes != model.num_classes or not model.source.figures
    if reproduced or (reproduced is None and nothing_published):
        return
    figure = found.published
    published = f"{figure.top1} % is published" if figure else "no figure is published for it"
    published = model.undecided.note if model.undecided else published
    what = "failed" if reproduced is False else "cannot be compared"
    raise PublishError(
        f"{weights.path}: the accuracy {what}: top-1 is "
        f"{percent(found.count.top1, found.count.images)} % in the regime "
        f"{found.identity.regime!r}, and {published}: see '{remedy}'"
    )


def _is_published(model: Model, record: Provenance, source_sha256: str) -> bool:
    """Whether the source is the published checkpoint, by the hash in the catalogue."""
    source = model.source
    if not source.sha1:
        prefix = Path(source.url or "").stem.rpartition("-")[2]
        return bool(prefix) and source_sha256.startswith(prefix)
    try:
        with open_regular(record.source) as file:
            return digest(file) == source_sha256 and digest(file, "sha1") == source.sha1
    except FormatError:
        return source.url is not None and record.source_url == source.url
