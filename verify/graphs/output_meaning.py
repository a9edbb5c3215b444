"""What the outputs of a network mean, where its task or its last operators tell."""

from __future__ import annotations

from collections.abc import Sequence

from architectures.graph.graph import Graph
from architectures.graph.operator import Dims

SUPPRESSES = ("_contrib_box_nms", "_contrib_box_non_maximum_suppression")
DETECTION = (
    "the class of each box, counted from 0; -1 where there is no box",
    "the score of each box",
    "the boxes: xmin, ymin, xmax, ymax in pixels of the input",
    "the masks of each box and class, as probabilities",
)
"""GluonCV's detectors (gluoncv/model_zoo/ssd/ssd.py, rcnn/mask_rcnn, center_net)."""
MULTIBOX = (
    "a row for each box: its class counted from 0 (-1: none), its score, and xmin, ymin, xmax, "
    "ymax as shares of the input"
)
"""MXNet's ``MultiBoxDetection``."""
SEGMENTATION = (
    "the logits of each class at each pixel",
    "those of an auxiliary head, which training uses",
)
POSE = "a heat map for each keypoint: it is highest where the keypoint is"
ACTION = "the logits of each action"
CLASSES = "the logits of each class"


def output_meanings(
    graph: Graph, shapes: Sequence[Dims | None], task: str | None = None
) -> list[str | None]:
    """What each output means, None where nothing tells. ``shapes``: of the outputs, as far as they
    are known; ``task``: what the network was made for, as far as that is known."""
    count = len(shapes)
    ops = {graph.nodes[head.node].op for head in graph.heads}
    if ops == {"_contrib_MultiBoxDetection"}:
        return [MULTIBOX] * count
    suppresses = any(op in graph.operators for op in SUPPRESSES)
    if task == "detection" or (task is None and suppresses):
        return [*DETECTION[:count]] if _is_detection(shapes) else [None] * count
    if task == "segmentation":
        return [SEGMENTATION[min(at, 1)] for at in range(count)]
    if task == "pose" and count == 1:
        return [POSE]
    if task in ("action", "classification") and count == 1:
        return [ACTION if task == "action" else CLASSES]
    return [None] * count


def _is_detection(shapes: Sequence[Dims | None]) -> bool:
    """Whether the outputs are ids, scores and boxes, as far as their shapes are known."""
    boxes = shapes[2] if len(shapes) in (3, 4) else None
    return len(shapes) in (3, 4) and (boxes is None or boxes[-1] in (4, None))
