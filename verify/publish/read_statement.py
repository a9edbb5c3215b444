"""Reads the statement of a release: its shape, and what no other file of the release says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from architectures import Model, find_model
from convert.formats.json_text import read_json_object
from convert.formats.shaped import Sha256, shaped
from mappings.errors import FormatError, GluonportError, PublishError
from verify.publish.converted import StatedConversion
from verify.publish.statement import PROVENANCE, Maker


@dataclass(frozen=True)
class Digest:
    sha256: Sha256


@dataclass(frozen=True)
class Subject:
    name: Literal["model.safetensors"]
    digest: Digest


@dataclass(frozen=True)
class Annotations:
    format: str
    naming: str


@dataclass(frozen=True)
class Dependency:
    name: str
    digest: Digest
    uri: str | None = None
    annotations: Annotations | None = None


@dataclass(frozen=True)
class Parameters:
    model: str
    dtype_asked: str
    ema: bool | None
    license: str | None
    repository: str | None
    weights: str | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notes:
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Build:
    externalParameters: Parameters
    internalParameters: Notes
    resolvedDependencies: tuple[Dependency, ...]


@dataclass(frozen=True)
class Version:
    gluonport: str


@dataclass(frozen=True)
class Builder:
    version: Version


@dataclass(frozen=True)
class Results:
    model: str
    as_published: bool
    without_accuracy: str | None


@dataclass(frozen=True)
class Run:
    builder: Builder
    gluonport_release: Maker
    gluonport_results: Results
    gluonport_tensor_sha256: dict[str, Sha256]


@dataclass(frozen=True)
class Predicate:
    buildDefinition: Build
    runDetails: Run


@dataclass(frozen=True)
class Statement:
    """The part of a release's statement that does not follow from the other files."""

    subject: tuple[Subject]
    predicate: Predicate


@dataclass(frozen=True)
class Stated:
    """What the statement of a release says.

    ``document`` is all of it as JSON values; ``license`` and ``repository`` are the publisher's
    choices.
    """

    path: Path
    document: dict[str, Any]
    model: Model
    sha256: str
    converted: StatedConversion
    maker: Maker
    as_published: bool
    without_accuracy: str | None
    license: str | None
    repository: str | None

    @property
    def results(self) -> dict[str, Any]:
        """The results of parity and accuracy, in short."""
        found: dict[str, Any] = self.document["predicate"]["runDetails"]["gluonport_results"]
        return found

    @classmethod
    def read(cls, folder: Path) -> Stated:
        """The statement of the release in ``folder``.

        Raises PublishError if it is missing or is not a statement of a release.
        """
        path = folder / PROVENANCE
        if not path.exists():
            raise PublishError(f"{path}: the file is missing: name the folder of a release")
        try:
            document = read_json_object(path)
            found = shaped(Statement, document)
            model = find_model(found.predicate.runDetails.gluonport_results.model)
            converted = _converted(found.predicate)
        except FormatError as error:
            raise PublishError(
                f"{path}: this is not the statement of a release ({error.what})"
            ) from None
        except (ValueError, GluonportError) as error:
            raise PublishError(
                f"{path}: this is not the statement of a release ({error})"
            ) from None
        build, run = found.predicate.buildDefinition, found.predicate.runDetails
        return cls(
            path=path,
            document=document,
            model=model,
            sha256=found.subject[0].digest.sha256,
            converted=converted,
            maker=run.gluonport_release,
            as_published=run.gluonport_results.as_published,
            without_accuracy=run.gluonport_results.without_accuracy,
            license=build.externalParameters.license,
            repository=build.externalParameters.repository,
        )


def _converted(predicate: Predicate) -> StatedConversion:
    """The conversion that a statement describes. Raises ValueError for unexpected dependencies."""
    build, run = predicate.buildDefinition, predicate.runDetails
    dependencies = build.resolvedDependencies
    if len(dependencies) < 2 or (about := dependencies[0].annotations) is None:
        raise ValueError("'resolvedDependencies' are not the source and the mapping")
    source, *shards, mapping = dependencies
    return StatedConversion(
        source=source.name,
        source_sha256=source.digest.sha256,
        source_url=source.uri,
        source_format=about.format,
        naming=about.naming,
        shards={shard.name: shard.digest.sha256 for shard in shards},
        notes=build.internalParameters.notes,
        weights=build.externalParameters.weights,
        ema=build.externalParameters.ema,
        ignored=build.externalParameters.ignored,
        dtype=build.externalParameters.dtype_asked,
        mapping_sha256=mapping.digest.sha256,
        tensor_sha256=run.gluonport_tensor_sha256,
        version=run.builder.version.gluonport,
    )
