"""The accuracy report: one page that says what was counted, where it is wrong, and what changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from convert.formats import Array
from convert.formats.appearing import write_text
from verify.accuracy.measure import FinishedRun
from verify.accuracy.prediction import Prediction
from verify.accuracy.results_row import TITLES, results_row, table
from verify.datasets.expectation import imagenet_names
from verify.report.accuracy_facts import classes, confusions, halves, margins
from verify.report.rendering import data_uri, templates
from verify.report.report_folder import PAGE

MOST_SHOWN = 48
"""Images of each side that a page shows of those that changed sides."""

THUMBNAIL = 96  # pixels a side
FACTS, RESULTS = "accuracy.json", "results.csv"


def write_accuracy_report(run: FinishedRun, folder: Path) -> Path:
    """Write ``index.html``, ``accuracy.json`` and, for a whole data set, ``results.csv`` into
    ``folder``, and return the page's path.

    The page needs nothing else: it opens from disk, without scripts or a network connection. It is
    made from the JSON alone, so the same JSON gives the same bytes. Raises OSError if the folder
    cannot be written.
    """
    facts = accuracy_facts(run)
    html = accuracy_html(facts)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / FACTS, json.dumps(facts, indent=1, allow_nan=False) + "\n")
    if facts["row"]:
        write_text(folder / RESULTS, table(tuple(facts["row"])))
    else:
        (folder / RESULTS).unlink(missing_ok=True)
    write_text(folder / PAGE, html)
    return folder / PAGE


def accuracy_html(facts: Mapping[str, Any]) -> str:
    """The page of what ``accuracy_facts`` gave, or of the same read from ``accuracy.json``."""
    names = {int(label): name for label, name in facts["names"].items()}
    page = templates(percent=percent, thousands=thousands, first_name=first_name).get_template(
        "accuracy.html.j2"
    )
    return page.render(facts=facts, result=facts["result"], names=names, titles=TITLES)


def accuracy_facts(run: FinishedRun) -> dict[str, Any]:
    """Everything that the page of a run says, as JSON values."""
    prepared, predictions = run.prepared, run.predictions
    digests = [image.sha256 for image in prepared.manifest.images]
    found = confusions(predictions)
    rows = classes(predictions)
    changed = _changed(run)
    whole = run.result.complete
    facts = {
        "schema": 1,
        "result": run.result.as_json(),
        "halves": halves(predictions, digests),
        "margins": margins(predictions, digests),
        "classes": rows,
        "confusions": found,
        "changed": changed,
        "rate": run.rate and asdict(run.rate),
        "row": results_row(run.result, prepared.task.model, run.parameters) if whole else None,
        "names": _names(run),
    }
    values: dict[str, Any] = json.loads(json.dumps(facts))
    return values


def _names(run: FinishedRun) -> dict[str, str]:
    """The names of the classes that occur, by label; empty if nobody knows them."""
    count = run.prepared.network.num_classes
    names = run.prepared.task.model.dataset.class_names or imagenet_names()
    if len(names) != count:
        return {}
    used = {p.label for p in run.predictions} | {k for p in run.predictions for k in p.classes[:1]}
    used |= {k for p in run.prepared.against or () for k in p.classes[:1] if k < count}
    return {str(label): names[label] for label in sorted(used) if names[label] != str(label)}


def _changed(run: FinishedRun) -> dict[str, Any] | None:
    """The images that changed sides against another run; None without one."""
    pair, other, file = run.result.against, run.prepared.against, run.prepared.task.against
    if pair is None or other is None or file is None:
        return None
    theirs = {p.path: p for p in other}
    differ = sum(p.classes[:1] != theirs[p.path].classes[:1] for p in run.predictions)
    places = {p.path: k for k, p in enumerate(run.predictions)}
    return {
        "file": file.name,
        "images": pair.images,
        "p": pair.p,
        "different_answers": differ,
        "small": run.prepared.task.model.input_size < THUMBNAIL,
        "gained": len(pair.gained),
        "lost": len(pair.lost),
        "shown": {
            side: [_side(run, places[path], theirs[path]) for path in _spread(paths, MOST_SHOWN)]
            for side, paths in (("gained", pair.gained), ("lost", pair.lost))
        },
    }


def _side(run: FinishedRun, place: int, other: Prediction) -> dict[str, Any]:
    prepared = run.prepared
    crop = prepared.reader.crop(prepared.manifest.images[place], prepared.positions[place])
    ours = run.predictions[place]
    return {
        "path": ours.path,
        "label": ours.label,
        "here": ours.classes[0] if ours.decoded else None,
        "there": other.classes[0] if other.decoded else None,
        "thumbnail": None if crop is None else _thumbnail(crop),
    }


def _thumbnail(crop: Array) -> str:
    """A network's crop (S, S, 3) as a small JPEG in a ``data:`` URI."""
    image = Image.fromarray(crop)
    if image.width > THUMBNAIL:
        image = image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    return data_uri(image, "jpeg", 80)


def _spread(paths: Sequence[str], most: int) -> Sequence[str]:
    """All paths, or ``most`` of them evenly spread: the order of a data set sorts the classes."""
    if len(paths) <= most:
        return paths
    return [paths[k * len(paths) // most] for k in range(most)]


def percent(value: float, digits: int = 2) -> str:
    """A share, 0 to 1, in percent."""
    return f"{100 * value:.{digits}f} %"


def thousands(value: float) -> str:
    """A whole number with commas."""
    return f"{value:,.0f}"


def first_name(name: str) -> str:
    """The first of a class's names: ImageNet's are lists of synonyms."""
    return name.partition(",")[0]
