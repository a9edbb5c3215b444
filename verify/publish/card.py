"""``README.md``: the model card, with the metadata that a hub reads."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from architectures import Model
from architectures.console import one_line
from architectures.figure import Undecided
from architectures.record import count_parameters
from verify.publish.clients import client
from verify.publish.config import interpolation
from verify.publish.dataset import dataset
from verify.publish.figures import percent
from verify.publish.gate import Gathered
from verify.publish.literature import FAMILIES, Origin, origin

FRAMEWORKS = {"gluoncv": "MXNet", "timm": "timm", "mmpretrain": "mmpretrain"}
REGIMES = {
    "gluon": "GluonCV's: OpenCV decodes and resizes (bilinear, without antialiasing)",
    "timm": "timm's: Pillow decodes and resizes ({}, antialiased)",
    "mmpretrain": "mmpretrain's: OpenCV decodes, Pillow resizes (bilinear, antialiased)",
}


def card(
    gathered: Gathered,
    labels: tuple[str, ...] | None,
    license: str | None,
    repository: str | None,
    *,
    signed: bool,
) -> str:
    """The card of a release; ``labels`` None are ImageNet's, ``license`` None is not stated."""
    from huggingface_hub import ModelCard

    body = (
        _templates()
        .get_template("card.md.j2")
        .render(_values(gathered, labels, license, repository, signed))
    )
    header = _metadata(gathered, license).to_yaml()
    return str(ModelCard(f"---\n{header}\n---\n\n{body.rstrip()}\n"))


def _metadata(gathered: Gathered, license: str | None) -> Any:
    from huggingface_hub import EvalResult, ModelCardData

    elsewhere = client(gathered.model)
    record, own = gathered.accuracy, not gathered.of_published_data
    data = dataset(gathered.model)
    results = []
    if record is not None:
        title = "held-out images" if own else data.title.partition(" (")[0]
        for metric, name, key in (
            ("accuracy", "Top-1 accuracy (%)", "top1_correct"),
            ("accuracy", "Top-5 accuracy (%)", "top5_correct"),
        ):
            results.append(
                EvalResult(
                    task_type="image-classification",
                    task_name="Image Classification",
                    dataset_type="imagefolder" if own else data.hub or "imagefolder",
                    dataset_name=f"{title}, {record['regime']} preprocessing",
                    dataset_split=None if own else data.split,
                    metric_type=metric,
                    metric_name=name,
                    metric_value=percent(record[key], record["images"]),
                )
            )
    tags = ["image-classification", "gluonport", *(("timm", "transformers") if elsewhere else ())]
    return ModelCardData(
        model_name=gathered.model.name,
        library_name="timm" if elsewhere else "gluonport",
        pipeline_tag="image-classification",
        license=license,
        tags=tags,
        datasets=None if own or data.hub is None else [data.hub],
        metrics=["accuracy"] if results else None,
        eval_results=results or None,
    )


def _values(
    gathered: Gathered,
    labels: tuple[str, ...] | None,
    license: str | None,
    repository: str | None,
    signed: bool,
) -> dict[str, Any]:
    model, record = gathered.model, gathered.provenance
    made_by, framework = origin(model), FRAMEWORKS[model.source.framework]
    description, papers = FAMILIES.get(model.family, (f"An image classifier ({model.family})", ()))
    elsewhere = client(model)
    numbered = labels == tuple(map(str, range(gathered.num_classes)))
    return {
        "title": repository.partition("/")[2] if repository else model.name,
        "name": model.name,
        "description": description,
        "as_published": gathered.as_published,
        "data": dataset(model).title,
        "exact": gathered.dtype == "float32" or record.get("dtype") == "keep",
        "origin": made_by,
        "source_name": model.source.name,
        "framework": framework,
        "num_classes": gathered.num_classes,
        "parameters": count_parameters(model.sized(gathered.num_classes)),
        "input_size": model.input_size,
        "input_words": _input_words(model),
        "regime": model.regimes[0],
        "dtype": gathered.dtype,
        "size": gathered.size,
        "sha256": gathered.sha256,
        "papers": ", ".join(f"[{paper.title}]({paper.url})" for paper in papers),
        "citations": [paper.bibtex for paper in (*papers, made_by.paper)],
        "license_line": license or "not stated: ask the owner",
        "license_words": _license_words(gathered, license, made_by),
        "elsewhere": elsewhere,
        "timm_source": f"hf-hub:{repository}" if repository else "local-dir:FOLDER",
        "options": "".join(f"{key}={value!r}, " for key, value in elsewhere.options)
        if elsewhere
        else "",
        "torchvision": elsewhere.torchvision.format(n=gathered.num_classes) if elsewhere else "",
        "repository": repository,
        "labels": labels,
        "labels_given": not numbered,
        "labels_text": ", ".join(_cell(label) for label in labels or ()),
        "parity": gathered.parity,
        **_accuracy_values(gathered),
        "limits": _limits(gathered, labels, framework),
        "source_file": one_line(Path(str(record["source"])).name),
        "source_sha256": record["source_sha256"],
        "source_url": record.get("source_url"),
        "tool_version": record["tool"]["version"],
        "signed": signed,
    }


def _input_words(model: Model) -> str:
    data = dataset(model)
    side, short = model.input_size, math.floor(model.input_size / model.crop)
    mean, std = (", ".join(f"{value:g}" for value in values) for values in (data.mean, data.std))
    return (
        f"RGB, short side resized to {short}, centre crop {side} x {side}, scaled to 0..1, "
        f"mean ({mean}), standard deviation ({std})"
    )


def _accuracy_values(gathered: Gathered) -> dict[str, Any]:
    record = gathered.accuracy
    if record is None:
        return {
            "accuracy": None,
            "without_accuracy": gathered.without_accuracy,
            "accuracy_line": "not measured: see [Accuracy](#accuracy)",
        }
    images, top1 = record["images"], record["top1_correct"]
    exact = percent(top1, images)
    figure = gathered.figure
    words = f"{top1:,} of {images:,} images are right, each judged once."
    if figure is not None:
        words += f" This reproduces the published figure ({figure.source})."
    elif undecided := gathered.undecided:
        words += f" In the {undecided.source}, {undecided.note}."
    return {
        "accuracy": {
            **record,
            "top1": exact,
            "top5": percent(record["top5_correct"], images),
        },
        "accuracy_line": f"top-1 {exact:.3f} %, regime {record['regime']}",
        "accuracy_words": words,
        "published_cell": f"{figure} %" if figure else _published_cell(gathered.undecided),
        "difference_cell": f"{top1 - round(images * figure.top1 / 100):+,}" if figure else "",
        "regime_explained": REGIMES[record["regime"]].format(gathered.model.timm_interpolation),
    }


def _published_cell(undecided: Undecided | None) -> str:
    return f"top-1 {undecided} %, see below" if undecided else "nothing"


def _limits(gathered: Gathered, labels: tuple[str, ...] | None, framework: str) -> list[str]:
    model = gathered.model
    own = "Pillow " + interpolation(model)
    limits = []
    if labels is None:
        limits.append(
            "It knows the 1,000 classes of ImageNet-1k, photographs of its time and of its makers' "
            "choice, and answers one of them whatever it is shown. Its scores are not calibrated."
        )
    else:
        limits.append(
            f"It answers one of its {gathered.num_classes} classes whatever it is shown. Its "
            "scores are not calibrated."
        )
    if client(model) is not None and "gluon" in model.regimes:
        limits.append(
            f"timm and transformers preprocess with {own}, as timm's own port of this network "
            "does, and not with GluonCV's OpenCV: their figures differ by some tenths of a percent."
        )
    limits.append(
        f"In float32 the logits differ from {framework}'s by rounding, as they do between two "
        "machines."
    )
    if gathered.dtype != "float32":
        limits.append(
            f"The weights are stored as {gathered.dtype}, rounded to nearest from the source's."
        )
    limits.append("Parity says that the port is right, and nothing on whether the model is.")
    return limits


def _license_words(gathered: Gathered, license: str | None, made_by: Origin) -> str:
    if gathered.as_published:
        return (
            f"{made_by.title} released the weights under "
            f"[{made_by.license}]({made_by.license_url}), and the conversion adds no terms. They "
            f"were trained on {dataset(gathered.model).title}, which has terms of its own."
        )
    if license:
        return f"The owner of the weights released them under `{license}`."
    return "The owner of the weights has not stated a licence here: ask before you use them."


def _cell(text: str) -> str:
    """Text that stays text, and in its cell, in a table of Markdown."""
    plain = one_line(text)
    for mark in "\\`*_[]<>|#":
        plain = plain.replace(mark, f"\\{mark}")
    return plain


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(str(files("verify.publish"))),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["cell"] = _cell
    return templates
