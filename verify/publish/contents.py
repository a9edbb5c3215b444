"""Checks that every file of a release says what the release's own evidence says.

The weights, the record of parity and the record of accuracy are the evidence. The other files are
made again from them and compared, so that every figure, count, name and digest is checked.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files as package_files
from itertools import zip_longest
from pathlib import Path
from typing import Any

from convert.formats.json_text import MAX_RECORD, read_json_object
from convert.formats.regular import read_text, sha256
from mappings.errors import AccuracyError, PublishError
from verify.accuracy.outcome import Accuracy
from verify.accuracy.read_back import read_back
from verify.parity.result import Parity
from verify.publish.gate import Gathered, WeightsFile
from verify.publish.parity_record import read_parity
from verify.publish.read_statement import Stated
from verify.publish.release import ACCURACY, CARD, PAGE, PARITY, texts, write_parity
from verify.publish.signature import SIGNATURE
from verify.publish.statement import CONFIG, PROVENANCE, WEIGHTS, Choices

DRAWN = re.compile(r"<svg.*?</svg>|data:image/[\w;,+/=-]*", re.DOTALL)
"""Drawings and images, whose bytes differ between the versions of the libraries."""


def check_contents(folder: Path, files: Mapping[str, str], stated: Stated) -> None:
    """Check a release in ``folder`` with ``files`` (sha256 by name) against its own evidence.

    Raises PublishError or FormatError, which names the first file that contradicts the evidence,
    and says what was expected.
    """
    made_by = stated.maker.version
    try:
        _check(folder, files, stated)
    except PublishError as error:
        if made_by == version("gluonport"):
            raise
        raise PublishError(
            f"{error}; gluonport {made_by} made this release and this is {version('gluonport')}: "
            f"check it with that version (pip install gluonport=={made_by}, if it was released)"
        ) from None


def _check(folder: Path, files: Mapping[str, str], stated: Stated) -> None:
    weights = WeightsFile.read(stated.model, folder / WEIGHTS)
    if stated.converted.mapping_sha256 not in {t.digest for _, t in stated.model.dialects}:
        raise PublishError(
            f"{stated.path}: the digest of the mapping is not that of {stated.model.name}"
        )
    gathered = Gathered(
        weights=weights,
        as_published=_as_published(stated, weights),
        converted=replace(stated.converted, tensor_sha256=weights.digests),
        parity=_parity(folder / PARITY, weights),
        accuracy=_accuracy(folder / ACCURACY, weights) if ACCURACY in files else None,
        without_accuracy=stated.without_accuracy,
    )
    if (gathered.accuracy is None) != (stated.without_accuracy is not None):
        raise PublishError(
            f"{stated.path}: expected either {ACCURACY} or the reason why it is missing"
        )
    config = read_json_object(folder / CONFIG)
    choices = Choices(
        class_names=_class_names(folder / CONFIG, config, weights.num_classes)
        or gathered.default_class_names,
        license=stated.license,
        repository=stated.repository,
        signed=SIGNATURE in files,
    )
    byproducts = [PARITY, PAGE, *([ACCURACY] if ACCURACY in files else [])]
    digests = {name: files[name] for name in byproducts}
    expected = texts(gathered, choices, stated.maker, digests)
    compare_json(folder / CONFIG, config, json.loads(expected[CONFIG]))
    compare_json(folder / PROVENANCE, stated.document, json.loads(expected[PROVENANCE]))
    compare_text(folder / CARD, read_text(folder / CARD, MAX_RECORD), expected[CARD])
    with tempfile.TemporaryDirectory() as again:
        Path(again, WEIGHTS).symlink_to((folder / WEIGHTS).absolute())
        write_parity(gathered, Path(again))
        record = read_json_object(folder / PARITY)
        compare_json(folder / PARITY, record, read_json_object(Path(again, PARITY)))
        page = read_text(folder / PAGE, MAX_RECORD)
        made = Path(again, PAGE).read_text(encoding="utf-8")
        compare_text(folder / PAGE, DRAWN.sub("", page), DRAWN.sub("", made))


def _as_published(stated: Stated, weights: WeightsFile) -> bool:
    """Whether the source is the published checkpoint: decided by its sha256 if the catalogue or the
    package has it; otherwise as stated, since the source is not in the release."""
    source, digest = stated.model.source, stated.converted.source_sha256
    if source.packaged:
        sample = Path(str(package_files("architectures"))) / "samples" / source.packaged
        return sha256(sample) == digest
    if not source.sha1:
        prefix = Path(source.url or "").stem.rpartition("-")[2]
        return bool(prefix) and digest.startswith(prefix)
    return stated.as_published and weights.num_classes == stated.model.num_classes


def _parity(path: Path, weights: WeightsFile) -> Parity:
    record = read_json_object(path)
    models = record.get("models")
    if not isinstance(models, list) or len(models) != 1 or not isinstance(models[0], dict):
        raise PublishError(f"{path}: the field 'models' is not a list with one verdict")
    try:
        parity = read_parity(models[0], weights.model, len(weights.digests))
    except (ValueError, PublishError) as error:
        raise PublishError(f"{path}: {error}") from None
    if not parity.passed or parity.model != weights.model.name:
        raise PublishError(
            f"{path}: the record does not say that the parity of {weights.model.name} passed"
        )
    return parity


def _accuracy(path: Path, weights: WeightsFile) -> Accuracy:
    record = read_json_object(path)
    try:
        accuracy = read_back(record, weights.model, weights.num_classes)
    except (ValueError, AccuracyError) as error:
        raise PublishError(f"{path}: the record contradicts itself: {error}") from None
    if accuracy.identity.checkpoint_sha256 != weights.sha256:
        raise PublishError(f"{path}: the record is about another file than {WEIGHTS}")
    if not accuracy.complete or accuracy.verdict.reproduced is False:
        raise PublishError(f"{path}: this accuracy cannot be published: {accuracy.verdict.why}")
    return accuracy


def _class_names(path: Path, config: Mapping[str, Any], num_classes: int) -> tuple[str, ...] | None:
    """The class names in a configuration, None if it has none."""
    names = config.get("label_names")
    if names is None:
        return None
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != num_classes:
        raise PublishError(
            f"{path}: the field 'label_names' is not a list of {num_classes} names of classes"
        )
    return tuple(names)


def compare_json(path: Path, found: Any, expected: Any, where: str = "") -> None:
    """Check that two JSON values are equal, also in their types. Raises PublishError, which names
    the first field that differs."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in dict.fromkeys((*expected, *found)):
            at = f"{where}.{name}" if where else name
            if name not in expected:
                raise PublishError(f"{path}: the field {at!r} is not part of a release")
            if name not in found:
                raise PublishError(f"{path}: the field {at!r} is missing")
            compare_json(path, found[name], expected[name], at)
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for index, pair in enumerate(zip(found, expected, strict=True)):
            compare_json(path, *pair, f"{where}[{index}]")
    elif found != expected or isinstance(found, bool) != isinstance(expected, bool):
        says, makes = (_short(json.dumps(value)) for value in (found, expected))
        raise PublishError(
            f"{path}: the field {where!r} is {says}; expected {makes}, from the release's own "
            f"evidence"
        )


def compare_text(path: Path, found: str, expected: str) -> None:
    lines = zip_longest(found.splitlines(), expected.splitlines())
    for number, (says, makes) in enumerate(lines, 1):
        if says != makes:
            raise PublishError(
                f"{path}: line {number} is {_short(repr(says))}; expected {_short(repr(makes))}, "
                f"from the release's own evidence"
            )
    if found != expected:
        raise PublishError(f"{path}: the line breaks were changed")


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}..."
