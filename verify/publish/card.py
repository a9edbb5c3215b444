"""``README.md``: the model card, with the metadata that a hub reads."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from architectures import Model
from architectures.catalogue.figure import Unbound, Undecided
from architectures.catalogue.origin import Origin
from mappings.words import one_line
from verify.publish.figures import percent
from verify.publish.gate import Gathered
from verify.publish.statement import Choices, Maker
from verify.publish.timm_config import interpolation

FRAMEWORKS = {"gluoncv": "MXNet", "mxnet": "MXNet", "timm": "timm", "mmpretrain": "mmpretrain"}
REGIMES = {
    "gluon": "GluonCV's: OpenCV decodes and resizes (bilinear, without antialiasing)",
    "timm": "timm's: Pillow decodes and resizes ({}, antialiased)",
    "mmpretrain": "mmpretrain's: OpenCV decodes, Pillow resizes (bilinear, antialiased)",
}


def card(gathered: Gathered, choices: Choices, maker: Maker) -> str:
    """The card of a release."""
    from huggingface_hub import ModelCard

    values = _values(gathered, choices, maker)
    body = templates().get_template("card.md.j2").render(values)
    header = _metadata(gathered, choices.license).to_yaml()
    return str(ModelCard(f"---\n{header}\n---\n\n{body.rstrip()}\n"))


def _metadata(gathered: Gathered, license: str | None) -> Any:
    from huggingface_hub import EvalResult, ModelCardData

    elsewhere = gathered.model.client
    accuracy, own = gathered.accuracy, not gathered.of_published_data
    data = gathered.model.dataset
    results = []
    if accuracy is not None:
        count = accuracy.count
        title = "held-out images" if own else data.name
        for name, correct in (
            ("Top-1 accuracy (%)", count.top1),
            ("Top-5 accuracy (%)", count.top5),
        ):
            results.append(
                EvalResult(
                    task_type="image-classification",
                    task_name="Image Classification",
                    dataset_type="imagefolder" if own else data.hub or "imagefolder",
                    dataset_name=f"{title}, {accuracy.identity.regime} preprocessing",
                    dataset_split=None if own else data.split,
                    metric_type="accuracy",
                    metric_name=name,
                    metric_value=percent(correct, count.images),
                )
            )
    in_timm = elsewhere is not None and bool(elsewhere.timm)
    tags = ["image-classification", "gluonport", *(("timm", "transformers") if in_timm else ())]
    return ModelCardData(
        model_name=gathered.model.name,
        library_name="timm" if in_timm else "gluonport",
        pipeline_tag="image-classification",
        license=license,
        tags=tags,
        datasets=None if own or data.hub is None else [data.hub],
        metrics=["accuracy"] if results else None,
        eval_results=results or None,
    )


def _values(gathered: Gathered, choices: Choices, maker: Maker) -> dict[str, Any]:
    model, record, weights = gathered.model, gathered.converted, gathered.weights
    names, license, repository = choices.class_names, choices.license, choices.repository
    made_by, framework = model.source.origin, FRAMEWORKS[model.source.framework]
    family, elsewhere = model.family, model.client
    numbered = names == tuple(map(str, range(weights.num_classes)))
    return {
        "title": repository.partition("/")[2] if repository else model.name,
        "name": model.name,
        "description": family.description,
        "as_published": gathered.as_published,
        "data": model.dataset.title,
        "exact": weights.dtype == "float32" or record.dtype == "keep",
        "origin": made_by,
        "source_name": model.source.name,
        "converted_from": model.source.converted_from,
        "framework": framework,
        "num_classes": weights.num_classes,
        "parameters": weights.parameters,
        "input_size": model.input_size,
        "input_words": _input_words(model),
        "regime": model.regimes[0],
        "dtype": weights.dtype,
        "size": weights.size,
        "sha256": weights.sha256,
        "papers": ", ".join(f"[{paper.title}]({paper.url})" for paper in family.papers),
        "citations": [paper.bibtex for paper in (*family.papers, made_by.paper)],
        "license_line": license or "not stated: ask the owner",
        "license_words": _license_words(gathered, license, made_by),
        "elsewhere": elsewhere,
        "timm_source": f"hf-hub:{repository}" if repository else "local-dir:FOLDER",
        "options": "".join(f"{key}={value!r}, " for key, value in elsewhere.options)
        if elsewhere
        else "",
        "torchvision": elsewhere.torchvision.format(n=weights.num_classes) if elsewhere else "",
        "repository": repository,
        "named": bool(names) and not numbered,
        "class_names": ", ".join(map(_cell, names or ())),
        "parity": gathered.parity,
        **_accuracy_values(gathered),
        "limits": _limits(gathered, names, framework),
        "source_file": record.source,
        "source_sha256": record.source_sha256,
        "source_url": record.source_url,
        "converter_version": record.version,
        "version": maker.version,
        "signed": choices.signed,
    }


def _input_words(model: Model) -> str:
    data = model.dataset
    side, short = model.input_size, math.floor(model.input_size / model.crop)
    mean, std = (", ".join(f"{value:g}" for value in values) for values in (data.mean, data.std))
    return (
        f"RGB, short side resized to {short}, centre crop {side} x {side}, scaled to 0..1, "
        f"mean ({mean}), standard deviation ({std})"
    )


def _accuracy_values(gathered: Gathered) -> dict[str, Any]:
    accuracy, figure = gathered.accuracy, gathered.figure
    if accuracy is None:
        return {
            "accuracy": None,
            "without_accuracy": gathered.without_accuracy,
            "accuracy_line": "not measured: see [Accuracy](#accuracy)",
        }
    count, regime = accuracy.count, accuracy.identity.regime
    top1, top5 = (percent(correct, count.images) for correct in (count.top1, count.top5))
    words = f"{count.top1:,} of {count.images:,} images are right, each counted once."
    if figure is not None:
        words += f" This reproduces the published figure ({figure.source})."
    elif undecided := gathered.undecided:
        words += f" In the {undecided.source}, {undecided.note}."
    above = count.top1 - round(count.images * figure.top1 / 100) if figure else 0
    return {
        "accuracy": {"regime": regime, "images": count.images, "top1": top1, "top5": top5},
        "accuracy_line": f"top-1 {top1:.3f} %, regime {regime}",
        "accuracy_words": words,
        "published_cell": f"{figure} %" if figure else _published_cell(gathered.undecided),
        "difference_cell": f"{above:+,}" if figure else "",
        "regime_explained": REGIMES[regime].format(gathered.model.timm_interpolation),
    }


def _published_cell(undecided: Undecided | Unbound | None) -> str:
    return f"top-1 {undecided} %, see below" if undecided else "nothing"


def _limits(gathered: Gathered, names: tuple[str, ...] | None, framework: str) -> list[str]:
    model, weights = gathered.model, gathered.weights
    own = "Pillow " + interpolation(model)
    limits = []
    if names is None:
        limits.append(
            "It knows the 1,000 classes of ImageNet-1k, whose photographs its makers chose years "
            "ago, and answers with one of them for any image. Its scores are not calibrated."
        )
    else:
        limits.append(
            f"It answers with one of its {weights.num_classes} classes for any image. Its scores "
            "are not calibrated."
        )
    if model.client is not None and model.client.timm and "gluon" in model.regimes:
        limits.append(
            f"timm and transformers preprocess with {own}, as timm's own port of this network "
            "does, not with GluonCV's OpenCV: their figures differ by some tenths of a percent."
        )
    limits.append(
        f"In float32 the logits differ from {framework}'s by rounding errors, as they do between "
        "two machines."
    )
    if weights.dtype != "float32":
        limits.append(f"The weights are stored as {weights.dtype}, rounded to the nearest value.")
    limits.append("Parity shows that the port is right. It does not show that the model is right.")
    return limits


def _license_words(gathered: Gathered, license: str | None, made_by: Origin) -> str:
    if gathered.as_published:
        return (
            f"{made_by.title} released the weights under "
            f"[{made_by.license}]({made_by.license_url}), and the conversion adds no terms. They "
            f"were trained on {gathered.model.dataset.title}, which has terms of its own."
        )
    if license:
        return f"The owner of the weights released them under `{license}`."
    return "The owner of the weights has not stated a licence: ask before you use them."


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table: on one line, with Markdown's marks escaped."""
    plain = one_line(text)
    for mark in "\\`*_[]<>|#":
        plain = plain.replace(mark, f"\\{mark}")
    return plain


@cache
def templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(str(files("verify.publish"))),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["cell"] = _cell
    return templates
