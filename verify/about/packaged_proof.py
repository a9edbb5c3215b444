"""What the package holds that shows a port to be right, and what was counted with it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from architectures.catalogue.counted import COUNTED
from architectures.catalogue.graph_record import GraphRecord
from architectures.catalogue.record import Model

REFERENCE = Path(str(files("verify.reference")))
WITH = ("mxnet", "gluoncv", "torch", "timm", "mmpretrain")


def proof_of_model(model: Model) -> dict[str, Any]:
    """The packaged answers of the source framework, its computation, its counts, its card."""
    base = model.base or model.name
    counted = COUNTED.get(model.name)
    computation = files("architectures") / "computations" / f"{base}.json.gz"
    return {
        "golden": _golden(REFERENCE / "goldens" / f"{base}.npz"),
        "computation": computation.is_file(),
        "card": model.card is not None,
        "counted": counted and counted.as_json(),
    }


def proof_of_graph(record: GraphRecord) -> dict[str, Any]:
    """The packaged answers of MXNet for the network's own graph."""
    return {"golden": _golden(REFERENCE / "graph_goldens" / f"{record.network}.npz")}


def _golden(path: Path) -> dict[str, Any] | None:
    """What a golden says of itself; None if there is none."""
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as held:
        about = held["about"]
        text = about.tobytes().decode() if about.ndim else str(about)
        images = len(held["logits_float64"]) if "logits_float64" in held else None
    said = json.loads(text)
    return {
        "file": f"verify/reference/{path.parent.name}/{path.name}",
        "versions": {name: said[name] for name in WITH if name in said},
        "images": images,
        "weights": "synthetic",
        "made": _dates().get(f"{path.parent.name}/{path.name}"),
    }


def _dates() -> dict[str, str]:
    """When each golden was made, by its file."""
    text = (REFERENCE / "golden_dates.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found
