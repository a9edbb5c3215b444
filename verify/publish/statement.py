"""``provenance.json``: how the weights came about and what was found of them, as an in-toto
statement with SLSA's provenance predicate (https://slsa.dev/spec/v1.0/provenance)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from architectures import find_model
from architectures.record import count_parameters
from verify.publish.errors import PublishError
from verify.publish.figures import percent
from verify.publish.gate import Gathered
from verify.publish.sums import sha256

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD = "https://pypi.org/project/gluonport/convert/v1"
ROOMS = ("mappings", "architectures", "convert", "verify")
WEIGHTS = "model.safetensors"


def statement(gathered: Gathered, folder: Path, byproducts: tuple[str, ...]) -> dict[str, Any]:
    """The statement on the weights in ``folder``; ``byproducts`` are the files that hold the
    results. No path of the machine that converted is in it."""
    record, model = gathered.provenance, gathered.model
    dependencies = [
        {
            "name": Path(str(record["source"])).name,
            **({"uri": record["source_url"]} if record.get("source_url") else {}),
            "digest": {"sha256": record["source_sha256"]},
            "annotations": {"format": record.get("source_format"), "naming": record.get("naming")},
        },
        *(
            {"name": name, "digest": {"sha256": digest}}
            for name, digest in sorted((record.get("source_shards") or {}).items())
        ),
        {"name": f"mapping of {model.name}", "digest": {"sha256": record["mapping_sha256"]}},
    ]
    return {
        "_type": STATEMENT,
        "subject": [{"name": WEIGHTS, "digest": {"sha256": gathered.sha256}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD,
                "externalParameters": {
                    "model": model.name,
                    "num_classes": gathered.num_classes,
                    "dtype": gathered.dtype,
                    "ema": record.get("ema"),
                },
                "internalParameters": {"notes": record.get("notes") or []},
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": {
                    "id": "https://pypi.org/project/gluonport/",
                    "version": {"gluonport": record["tool"]["version"]},
                },
                "byproducts": [
                    {"name": name, "digest": {"sha256": sha256(folder / name)}}
                    for name in byproducts
                ],
                "gluonport_release": {
                    "version": version("gluonport"),
                    "sources_sha256": tool_digest(),
                    "environment": gathered.parity.environment,
                },
                "gluonport_results": results(gathered),
            },
        },
    }


def results(gathered: Gathered) -> dict[str, Any]:
    """What parity and accuracy found, in short."""
    model, parity = gathered.model, gathered.parity.as_json()
    return {
        "model": model.name,
        "family": model.family,
        "parameters": count_parameters(model.sized(gathered.num_classes)),
        "as_published": gathered.as_published,
        "parity": {
            "passed": True,
            "reference": parity["reference"],
            "images": parity["images"],
            "structure": parity["structure"],
            "arithmetic": parity["arithmetic"],
        },
        "accuracy": _accuracy(gathered),
        "without_accuracy": gathered.without_accuracy,
    }


def _accuracy(gathered: Gathered) -> dict[str, Any] | None:
    record = gathered.accuracy
    if record is None:
        return None
    images, top1, top5 = (record[key] for key in ("images", "top1_correct", "top5_correct"))
    figure = gathered.figure
    return {
        "regime": record["regime"],
        "images": images,
        "top1_correct": top1,
        "top5_correct": top5,
        "top1": percent(top1, images),
        "top5": percent(top5, images),
        "reproduced": record["reproduced"],
        "published": figure and {"top1": figure.top1, "top5": figure.top5, "source": figure.source},
        "top1_images_above": figure and top1 - round(images * figure.top1 / 100),
        "manifest_sha256": record.get("manifest_sha256"),
    }


def read_results(folder: Path) -> dict[str, Any]:
    """The results in the statement of a release, with the weights' ``sha256``.

    Raises PublishError where the statement is none of ours, or is not about these weights.
    """
    path = folder / "provenance.json"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        [subject] = document["subject"]
        kinds = (document["_type"], document["predicateType"], subject["name"])
        found: Mapping[str, Any] = document["predicate"]["runDetails"]["gluonport_results"]
        digest = subject["digest"]["sha256"]
        parity, parameters = found["parity"]["passed"], found["parameters"]
        model = find_model(str(found["model"])).name
    except FileNotFoundError as error:
        raise PublishError(f"{path}: is missing: name the folder of a release") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PublishError(f"{path}: is no statement of a release ({error!r})") from error
    ours = kinds == (STATEMENT, PREDICATE, WEIGHTS) and parity is True
    if not ours or type(parameters) is not int:
        raise PublishError(f"{path}: is no statement of a release of ours")
    return {**found, "model": model, "sha256": digest}


@cache
def tool_digest() -> str:
    """sha256 over the Python sources of gluonport, by path."""
    total = hashlib.sha256()
    root = Path(str(files("verify"))).parent
    sources = [path for room in ROOMS for path in (root / room).rglob("*.py")]
    for path in sorted((*sources, root / "gluonport.py")):
        line = f"{sha256(path)}  {path.relative_to(root).as_posix()}\n"
        total.update(line.encode())
    return total.hexdigest()
