"""``config.json``: what timm and transformers read to build the network around the weights.

It is written here, because timm 1.0.31's own ``save_config_for_hf`` adds
``model_args.num_classes``, which makes transformers 5.23 fail. The other fields and their order are
those of that function.
"""

from __future__ import annotations

from typing import Any

from architectures import Model
from architectures.catalogue.client import Client
from verify.publish.gate import Gathered
from verify.publish.statement import Choices


def interpolation(model: Model) -> str:
    """How Pillow resizes: as timm does for its own models, or bilinearly for the others."""
    return model.timm_interpolation if "timm" in model.regimes else "bilinear"


def config(gathered: Gathered, choices: Choices) -> dict[str, Any]:
    """The configuration of a release.

    A network that timm does not have gets neither ``architecture`` nor ``pretrained_cfg``, so that
    no client takes it for timm's.
    """
    model = gathered.model
    elsewhere = model.client
    given = choices.class_names
    names = {} if given is None else {"label_names": list(given)}
    classes = gathered.weights.num_classes
    head = {"num_classes": classes, "num_features": model.num_features, **names}
    if elsewhere is None or not elsewhere.timm:
        preprocessing = {"library_name": "gluonport", "model": model.name}
        return {**preprocessing, **head, "preprocessing": _input(model)}
    return {
        "architecture": elsewhere.timm,
        **{key: value for key, value in head.items() if key != "label_names"},
        "global_pool": "avg",
        **names,
        **({"model_args": dict(elsewhere.options)} if elsewhere.options else {}),
        "pretrained_cfg": _pretrained_cfg(gathered, elsewhere, choices.license),
    }


def _pretrained_cfg(gathered: Gathered, elsewhere: Client, license: str | None) -> dict[str, Any]:
    model = gathered.model
    about: dict[str, str | None] = {"license": license}
    if gathered.as_published:
        about |= {"tag": elsewhere.tag, "origin_url": model.source.origin.url}
    return {
        "custom_load": False,
        **_input(model),
        "fixed_input_size": False,
        "num_classes": gathered.weights.num_classes,
        "pool_size": [pool_size(model)] * 2,
        "first_conv": first_convolution(model),
        "classifier": model.classifier,
        **{key: value for key, value in about.items() if value},
    }


def _input(model: Model) -> dict[str, Any]:
    return {
        "input_size": [3, model.input_size, model.input_size],
        "interpolation": interpolation(model),
        "crop_pct": model.crop,
        "crop_mode": "center",
        "mean": list(model.dataset.mean),
        "std": list(model.dataset.std),
    }


def pool_size(model: Model) -> int:
    """The side of the last map, for an image of the model's size."""
    elsewhere = model.client
    return (elsewhere and elsewhere.pool) or model.input_size // 32


def first_convolution(model: Model) -> str:
    """The first convolution, which timm adapts to other numbers of input channels."""
    weight = next(name for name, shape in model.shapes.items() if len(shape) == 4)
    return weight.removesuffix(".weight")
