"""Write the packaged shape manifests, from the networks themselves.

uv run scripts/make_manifests.py [NAME...]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from architectures import MODELS, Model, find_model
from architectures.networks.build import build

FOLDER = Path(__file__).parents[1] / "architectures" / "manifests"
OPEN = {7919: "classes", 7907: "channels"}
"""Primes that no other dimension has: where they stand, the file's own counts stand."""


def manifest(model: Model) -> dict[str, list[int | str]]:
    """Shape of every tensor of the network's state dict, class count and image channels named."""
    classes, channels = OPEN
    with torch.device("meta"):
        network = build(model, num_classes=classes, in_chans=channels)
    return {
        name: [OPEN.get(size, size) for size in tensor.shape]
        for name, tensor in network.state_dict().items()
    }


def main(names: list[str]) -> None:
    """Of NAMES, or of the whole catalogue."""
    FOLDER.mkdir(exist_ok=True)
    for model in [find_model(name) for name in names] or MODELS:
        rows = (f"{json.dumps(n)}: {json.dumps(s)}" for n, s in manifest(model).items())
        text = "{\n" + ",\n".join(rows) + "\n}\n"
        (FOLDER / f"{model.name}.json").write_text(text)


if __name__ == "__main__":
    main(sys.argv[1:])
