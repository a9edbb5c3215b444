"""Write the widths of GluonCV's pruned networks, from the JSON files that GluonCV ships.

uv run scripts/make_pruned_widths.py FOLDER

FOLDER is ``gluoncv/model_zoo/pruned_resnet`` of GluonCV 0.10.5: every file there gives the shapes
of one network's convolutions under their flat names.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from mappings.gluon import residual_positions
from mappings.language import Table
from mappings.resnet_v1b import BASIC, DEEP_STEM_AVERAGED

OUT = Path(__file__).parents[1] / "architectures" / "catalogue" / "pruned.json"
SOURCE = "GluonCV 0.10.5, gluoncv/model_zoo/pruned_resnet/*.json (Apache-2.0)"
DEPTHS = {"18": (2, 2, 2, 2), "50": (3, 4, 6, 3), "101": (3, 4, 23, 3)}


def widths(path: Path) -> dict[str, list[object]]:
    """Output channels of the stem's convolutions, and of those of every block of every stage."""
    depths = DEPTHS[path.stem.removeprefix("resnet").partition("_")[0]]
    rows = BASIC if "v1b" in path.stem else DEEP_STEM_AVERAGED
    table = Table.expand(rows, residual_positions(depths, 0))
    shapes = {
        table.flat[flat.partition("_")[2]]: shape
        for flat, shape in json.loads(path.read_text()).items()
    }
    convolutions = {
        layer.source: shapes[f"{layer.source}.weight"][0]
        for layer in table.layers
        if layer.kind.counter == "conv"
    }
    stem = [width for name, width in convolutions.items() if name.startswith("conv1")]
    stages = [
        [
            [width for name, width in convolutions.items() if name.startswith(f"{block}.conv")]
            for block in (f"layer{stage + 1}.{index}" for index in range(depth))
        ]
        for stage, depth in enumerate(depths)
    ]
    return {"stem": stem, "stages": stages}


def main(folder: Path) -> None:
    networks = {path.stem: widths(path) for path in sorted(folder.glob("*.json"))}
    text = json.dumps({"source": SOURCE, "networks": networks}, indent=1)
    compact = re.sub(r"\[\s+([\d,\s]+?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    OUT.write_text(f"{compact}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
