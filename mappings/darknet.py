"""DarkNet-53 of GluonCV (gluoncv/model_zoo/yolo/darknet.py), with timm's names.

Rows stand in the order in which Gluon creates the layers, since flat names are numbered so.
"""

from __future__ import annotations

from collections.abc import Sequence

from mappings.gluon import conv, dense, norm, once
from mappings.language import Row


def darknet(depths: Sequence[int]) -> tuple[Row, ...]:
    """The rows of a network with so many blocks in each stage. The stem, and in each stage a
    convolution with stride 2 and the blocks, are numbered children of Gluon's ``features``."""
    rows = _cell("features.0", "stem.conv1")
    feature = 1
    for stage, depth in enumerate(depths):
        rows += _cell(f"features.{feature}", f"stages.{stage}.conv_down")
        for block in range(depth):
            body = f"features.{feature + 1 + block}.body"
            target = f"stages.{stage}.blocks.{block}"
            rows += _cell(f"{body}.0", f"{target}.conv1") + _cell(f"{body}.1", f"{target}.conv2")
        feature += 1 + depth
    return (*rows, Row(dense, "output", "head.fc", once))


def _cell(source: str, target: str) -> list[Row]:
    """A convolution and its norm."""
    return [
        Row(conv, f"{source}.0", f"{target}.conv", once),
        Row(norm, f"{source}.1", f"{target}.bn", once),
    ]
