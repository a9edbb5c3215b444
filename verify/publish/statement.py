"""``provenance.json``: how the weights were made and what was measured, as an in-toto statement
with SLSA's provenance predicate (https://slsa.dev/spec/v1.0/provenance)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from convert.formats.regular import sha256
from convert.formats.shaped import Sha256
from verify.accuracy.outcome import Accuracy
from verify.parity.result import Parity
from verify.publish.converted import StatedConversion
from verify.publish.figures import percent
from verify.publish.gate import Gathered

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
PACKAGE = "pkg:pypi/gluonport"
BUILD = f"{PACKAGE}#convert/v1"
PACKAGES = ("mappings", "architectures", "convert", "verify", "gluonport")
WEIGHTS, CONFIG = "model.safetensors", "config.json"
PROVENANCE = "provenance.json"


@dataclass(frozen=True)
class Choices:
    """What the publisher says about a release, beyond the evidence.

    ``class_names`` are None if clients know them; ``license`` is the hub's identifier of the
    weights' licence; ``repository`` is the release's name on a hub, which the card mentions;
    ``signed`` says that there is a signature.
    """

    class_names: tuple[str, ...] | None
    license: str | None
    repository: str | None
    signed: bool


@dataclass(frozen=True)
class Maker:
    """The tool that made a release: its version, the sha256 of its sources, and where it ran."""

    version: str
    sources_sha256: Sha256
    environment: dict[str, str]

    @classmethod
    def here(cls, parity: Parity) -> Maker:
        return cls(version("gluonport"), tool_digest(), parity.environment)


def statement(
    gathered: Gathered, choices: Choices, made: Maker, byproducts: Mapping[str, str]
) -> dict[str, Any]:
    """The statement about the weights, without any path of the machine that converted them.

    ``byproducts`` has the sha256 of each file with results, by its name.
    """
    record, model, weights = gathered.converted, gathered.model, gathered.weights
    dependencies = [
        {
            "name": record.source,
            **({"uri": record.source_url} if record.source_url else {}),
            "digest": {"sha256": record.source_sha256},
            "annotations": {"format": record.source_format, "naming": record.naming},
        },
        *(
            {"name": name, "digest": {"sha256": digest}}
            for name, digest in sorted(record.shards.items())
        ),
        {"name": f"mapping of {model.name}", "digest": {"sha256": record.mapping_sha256}},
    ]
    return {
        "_type": STATEMENT,
        "subject": [{"name": WEIGHTS, "digest": {"sha256": weights.sha256}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD,
                "externalParameters": {
                    "model": model.name,
                    "num_classes": weights.num_classes,
                    "dtype": weights.dtype,
                    "dtype_asked": record.dtype,
                    "weights": record.weights,
                    "ema": record.ema,
                    "ignored": list(record.ignored),
                    "license": choices.license,
                    "repository": choices.repository,
                },
                "internalParameters": {"notes": list(record.notes)},
                "resolvedDependencies": dependencies,
            },
            "runDetails": run_details(record, made, byproducts, results(gathered)),
        },
    }


def run_details(
    record: StatedConversion,
    made: Maker,
    byproducts: Mapping[str, str],
    found: Mapping[str, Any],
) -> dict[str, Any]:
    """Who converted the weights and made the release, with what results."""
    return {
        "builder": {
            "id": f"{PACKAGE}@{record.version}",
            "version": {"gluonport": record.version},
        },
        "byproducts": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in byproducts.items()
        ],
        "gluonport_release": {
            "version": made.version,
            "sources_sha256": made.sources_sha256,
            "environment": made.environment,
        },
        "gluonport_results": dict(found),
        "gluonport_tensor_sha256": dict(record.tensor_sha256),
    }


def results(gathered: Gathered) -> dict[str, Any]:
    """The results of parity and accuracy, in short."""
    model, parity = gathered.model, gathered.parity.as_json()
    return {
        "model": model.name,
        "family": model.family.name,
        "parameters": gathered.weights.parameters,
        "as_published": gathered.as_published,
        "parity": {
            "passed": gathered.parity.passed,
            "reference": parity["reference"],
            "images": parity["images"],
            "structure": parity["structure"],
            "arithmetic": parity["arithmetic"],
        },
        "accuracy": gathered.accuracy and _accuracy(gathered, gathered.accuracy),
        "without_accuracy": gathered.without_accuracy,
    }


def _accuracy(gathered: Gathered, accuracy: Accuracy) -> dict[str, Any]:
    figure, count = gathered.figure, accuracy.count
    return {
        "regime": accuracy.identity.regime,
        "images": count.images,
        "top1_correct": count.top1,
        "top5_correct": count.top5,
        "top1": percent(count.top1, count.images),
        "top5": percent(count.top5, count.images),
        "reproduced": accuracy.verdict.reproduced,
        "published": figure and {"top1": figure.top1, "top5": figure.top5, "source": figure.source},
        "top1_images_above": figure and count.top1 - round(count.images * figure.top1 / 100),
        "manifest_sha256": accuracy.identity.manifest_sha256,
    }


@cache
def tool_digest() -> str:
    """sha256 over the Python sources of gluonport, by path."""
    total = hashlib.sha256()
    root = Path(str(files("verify"))).parent
    sources = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    for path in sorted(sources):
        line = f"{sha256(path)}  {path.relative_to(root).as_posix()}\n"
        total.update(line.encode())
    return total.hexdigest()
