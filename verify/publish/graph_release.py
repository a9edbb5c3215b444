"""The release of a checkpoint that came from a graph: made, and checked by making it again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from convert.formats.appearing import appearing_folder
from convert.formats.graph_checkpoint import open_graph_checkpoint
from convert.formats.json_text import MAX_RECORD, read_json_object
from convert.formats.records import GRAPH, record_text
from convert.formats.records import PARITY as JUDGED
from convert.formats.records import PROVENANCE as RECORDED
from convert.formats.regular import read_text, sha256
from mappings.errors import AccuracyError, PublishError
from verify.accuracy.outcome import Accuracy
from verify.accuracy.read_back import read_back
from verify.graphs.loading import load_graph
from verify.parity.result import Parity
from verify.publish.contents import compare_json, compare_text
from verify.publish.demand import DemandedRecord
from verify.publish.graph_card import GraphChoices, graph_card
from verify.publish.graph_evidence import (
    GraphEvidence,
    nobodys,
    parameters_of,
    read_conversion,
)
from verify.publish.graph_parity_record import read_graph_parity
from verify.publish.release import ACCURACY, CARD, GITATTRIBUTES, PAGE, PARITY
from verify.publish.signature import sign
from verify.publish.statement import (
    BUILD,
    PREDICATE,
    PROVENANCE,
    STATEMENT,
    WEIGHTS,
    Maker,
    run_details,
)
from verify.publish.sums import SUMS, sums_text
from verify.report.page import write_report

MODULE, RECORD = "model.py", "model.provenance.json"
NEEDED = (WEIGHTS, MODULE, RECORD, CARD, PROVENANCE, PARITY, PAGE)


def write_graph_release(
    evidence: GraphEvidence, target: Path, choices: GraphChoices, key: Path | None
) -> None:
    """Make the folder ``target``.

    Raises WriteError if the folder exists, and PublishError if the checkpoint changed meanwhile.
    """
    with appearing_folder(target) as folder:
        shutil.copyfile(evidence.path, folder / WEIGHTS)
        if sha256(folder / WEIGHTS) != evidence.sha256:
            raise PublishError(f"{evidence.path}: the file changed meanwhile: publish it again")
        write_report([replace(evidence.parity, checkpoint=WEIGHTS)], folder / "parity", folder)
        if evidence.accuracy is not None:
            _write(folder / ACCURACY, _json(evidence.accuracy.as_json()))
        made = Maker.here(evidence.parity)
        for name, text in _texts(evidence, choices, made, folder).items():
            _write(folder / name, text)
        (folder / ".gitattributes").write_bytes(GITATTRIBUTES)
        if key is not None:
            sign(folder, key)
        _write(folder / SUMS, sums_text(folder))


def check_graph_release(folder: Path, files: Mapping[str, str]) -> dict[str, Any]:
    """Check a release against its own evidence, and that its weights load strictly.

    ``files`` are the sha256 of its files by name. Returns the results of its statement. Raises
    PublishError or FormatError, which names the first file that contradicts the evidence.
    """
    if absent := [name for name in NEEDED if name not in files]:
        raise PublishError(f"{folder / absent[0]}: the file is missing: fetch the release again")
    document = read_json_object(folder / PROVENANCE)
    evidence, choices, made = _read(folder, files, document)
    for name, text in _texts(evidence, choices, made, folder).items():
        path = folder / name
        if name.endswith(".json"):
            compare_json(path, read_json_object(path), json.loads(text))
        else:
            compare_text(path, read_text(path, MAX_RECORD), text)
    load_graph(evidence.checkpoint)
    results: dict[str, Any] = document["predicate"]["runDetails"]["gluonport_results"]
    return results


def graph_verdict(folder: Path) -> Parity:
    """The verdict on parity that a release brings; it was judged again when the release was
    checked."""
    verdict = read_json_object(folder / PARITY)["models"][0]
    return read_graph_parity(DemandedRecord(folder / PARITY, JUDGED, "", verdict))


def _read(
    folder: Path, files: Mapping[str, str], document: Mapping[str, Any]
) -> tuple[GraphEvidence, GraphChoices, Maker]:
    """The evidence of a release, and what its statement says of its maker and publisher."""
    again = "fetch the release again"
    checkpoint = open_graph_checkpoint(folder / WEIGHTS)
    digests = {tensor.name: tensor.sha256() for tensor in checkpoint.checkpoint.tensors}
    record = DemandedRecord(folder / RECORD, RECORDED, again, checkpoint.provenance)
    record.check_about(files[WEIGHTS], GRAPH)
    verdicts = read_json_object(folder / PARITY).get("models")
    if not isinstance(verdicts, list) or len(verdicts) != 1 or not isinstance(verdicts[0], dict):
        raise PublishError(f"{folder / PARITY}: the field 'models' is not a list with one verdict")
    parity = read_graph_parity(DemandedRecord(folder / PARITY, JUDGED, again, verdicts[0]))
    try:
        predicate = document["predicate"]
        said = predicate["buildDefinition"]["externalParameters"]
        run = predicate["runDetails"]
        reason = run["gluonport_results"]["without_accuracy"]
        maker = run["gluonport_release"]
        made = Maker(maker["version"], maker["sources_sha256"], dict(maker["environment"]))
        choices = GraphChoices(said["license"], said["repository"])
    except (KeyError, TypeError) as error:
        raise PublishError(
            f"{folder / PROVENANCE}: this is not the statement of a release ({error})"
        ) from None
    accuracy = (
        _accuracy(folder / ACCURACY, files, checkpoint.classes) if ACCURACY in files else None
    )
    if (accuracy is None) != (reason is not None):
        raise PublishError(
            f"{folder / PROVENANCE}: expected either {ACCURACY} or the reason why it is missing"
        )
    converted = read_conversion(record, checkpoint, digests)
    evidence = GraphEvidence(checkpoint, converted, parity, digests, accuracy, reason)
    return evidence, choices, made


def _accuracy(path: Path, files: Mapping[str, str], classes: int) -> Accuracy:
    try:
        accuracy = read_back(read_json_object(path), nobodys(classes), classes)
    except (ValueError, AccuracyError) as error:
        raise PublishError(f"{path}: the record contradicts itself: {error}") from None
    if accuracy.identity.checkpoint_sha256 != files[WEIGHTS] or not accuracy.complete:
        raise PublishError(f"{path}: the record is not of the whole data set, or of another file")
    return accuracy


def _texts(
    evidence: GraphEvidence, choices: GraphChoices, made: Maker, folder: Path
) -> dict[str, str]:
    """The text files that follow from the evidence, by name."""
    from architectures.graph.python_source import write_source

    byproducts = [PARITY, PAGE, *([ACCURACY] if evidence.accuracy is not None else [])]
    digests = {name: sha256(folder / name) for name in byproducts}
    return {
        MODULE: write_source(evidence.plan, WEIGHTS),
        RECORD: record_text(RECORDED, _public(evidence)),
        PROVENANCE: _json(_statement(evidence, choices, made, digests)),
        CARD: graph_card(evidence, choices),
    }


def _public(evidence: GraphEvidence) -> dict[str, Any]:
    """The provenance, with the graph, and without any path of the machine that converted it."""
    converted, record = evidence.converted, evidence.checkpoint.provenance
    values = {name: value for name, value in record.items() if name != "schema"}
    return {
        **values,
        "source": converted.source,
        "source_url": converted.source_url,
        "symbol": record.get("symbol") and Path(str(record["symbol"])).name,
        "target": WEIGHTS,
        "notes": list(converted.notes),
    }


def _statement(
    evidence: GraphEvidence, choices: GraphChoices, made: Maker, byproducts: Mapping[str, str]
) -> dict[str, Any]:
    """The in-toto statement about the weights."""
    converted = evidence.converted
    symbol = {"sha256": str(evidence.checkpoint.provenance.get("symbol_sha256"))}
    return {
        "_type": STATEMENT,
        "subject": [{"name": WEIGHTS, "digest": {"sha256": evidence.sha256}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD,
                "externalParameters": {
                    "model": GRAPH,
                    "dtype": evidence.dtype,
                    "dtype_asked": converted.dtype,
                    "license": choices.license,
                    "repository": choices.repository,
                },
                "internalParameters": {"notes": list(converted.notes)},
                "resolvedDependencies": [
                    {"name": converted.source, "digest": {"sha256": converted.source_sha256}},
                    {"name": "the graph", "digest": symbol},
                ],
            },
            "runDetails": run_details(converted, made, byproducts, _results(evidence)),
        },
    }


def _results(evidence: GraphEvidence) -> dict[str, Any]:
    accuracy = evidence.accuracy
    parity = evidence.parity.as_json()
    return {
        "model": GRAPH,
        "parameters": parameters_of(evidence.checkpoint),
        "parity": {
            "passed": evidence.parity.passed,
            "reference": evidence.parity.reference,
            "leg": evidence.parity.leg,
            "images": evidence.parity.images,
            "structure": parity["structure"],
            "arithmetic": parity["arithmetic"],
        },
        "accuracy": accuracy
        and {
            "regime": accuracy.identity.regime,
            "images": accuracy.count.images,
            "top1_correct": accuracy.count.top1,
            "top5_correct": accuracy.count.top5,
            "top1": 100 * accuracy.count.top1 / accuracy.count.images,
            "top5": 100 * accuracy.count.top5 / accuracy.count.images,
            "top1_images_above": None,
        },
        "without_accuracy": evidence.without_accuracy,
    }


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
