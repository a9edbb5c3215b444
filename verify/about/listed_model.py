"""A model of the catalogue as ``gluonport models --json`` lists it."""

from __future__ import annotations

from typing import Any

from architectures.catalogue.record import Model


def listed_model(model: Model) -> dict[str, Any]:
    """Its names, its weights and its figures, as JSON values."""
    return {
        "name": model.name,
        "family": model.family.name,
        "source": model.source.framework,
        "source_name": model.source.name,
        "sha1": model.source.sha1,
        "sha256_prefix": None if model.source.sha1 else model.source.hash or None,
        "url": model.source.url,
        "converted_from": model.source.converted_from,
        "parameters": model.parameters,
        "num_classes": model.num_classes,
        "input_size": model.input_size,
        "regimes": list(model.regimes),
        "route": "table",
        "task": "classification",
        "accuracy": {
            figure.regime: {
                "top1": figure.top1,
                "top5": figure.top5,
                "source": figure.source,
                "weights": figure.weights,
            }
            for figure in model.source.figures
        }
        or None,
        "undecided": model.undecided and model.undecided.as_json(),
    }
