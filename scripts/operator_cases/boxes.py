"""Cases of anchors, boxes and their suppression."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase

FLOAT32 = ("float32",)


def multibox_prior(draw: Draw) -> OperatorCase:
    """MXNet has float32 alone."""
    attributes: dict[str, object] = {}
    if draw.flag(0.8):
        attributes["sizes"] = tuple(draw.real(0.05, 1.1) for _ in range(draw.integer(1, 3)))
    if draw.flag(0.8):
        attributes["ratios"] = draw.choice("(1,2,0.5)", "(1,)", "(1,2,0.5,3,0.333333333333)", "1")
    if draw.flag():
        attributes["clip"] = draw.choice("True", "False", "1", "0")
    steps = draw.cycle(None, None, "(-1.0, -1.0)", "(0.125, 0.25)", "(0.1,0.3)")
    if steps:
        attributes["steps"] = steps
    if draw.flag(0.3):
        attributes["offsets"] = (draw.real(0, 1), draw.real(0, 1))
    shape = (draw.choice(1, 3), 2, *draw.shape(2, 1, 4))
    return draw.case(attributes, draw.uniform(shape), runs=FLOAT32)


def multibox_detection(draw: Draw) -> OperatorCase:
    """MXNet has float32 alone."""
    batch, classes, count = draw.choice(1, 3), draw.integer(1, 4), draw.integer(1, 9)
    attributes: dict[str, object] = {}
    for name, options in (
        ("clip", ("True", "False")),
        ("threshold", (0.0, 0.2, 0.5)),
        ("nms_threshold", (0.1, 0.45, 0.7, 0.0, 1.0)),
        ("force_suppress", ("True", "False")),
        ("nms_topk", (1, 3, 5, 400)),
        ("background_id", (0, 1)),
        ("variances", ("(0.1, 0.1, 0.2, 0.2)", "(1,1,1,1)", "(0.3, 0.1, 0.25, 0.2)")),
    ):
        if draw.flag():
            attributes[name] = draw.choice(*options)
    scores = draw.cycle(draw.uniform, draw.ties)
    return draw.case(
        attributes,
        scores((batch, classes, count), 0, 1),
        draw.uniform((batch, count * 4), -1, 1),
        draw.boxes((1, count, 4)),
        runs=FLOAT32,
    )


def box_nms(draw: Draw) -> OperatorCase:
    lead = draw.cycle((), (1,), (3,), (2, 3), every=2)
    ids = draw.cycle(False, True, True)
    count = draw.integer(1, 9) if draw.flag(0.7) or len(lead) == 2 else 30
    attributes: dict[str, object] = {}
    for name, options in (
        ("overlap_thresh", (0.0, 0.2, 0.45, 0.5, 1.0)),
        ("valid_thresh", (0, 0.25, 0.01)),
        ("topk", (-1, 0, 1, 3, 5, 400)),
        ("force_suppress", ("True", "False")),
        ("in_format", ("corner", "center")),
        ("out_format", ("corner", "center")),
    ):
        if draw.flag():
            attributes[name] = draw.choice(*options)
    scores = (1, draw.ties((), 0, 1) if draw.flag(0.7) else draw.uniform((), -0.2, 1))
    kinds = (1, draw.integers((), -1, 3) if draw.flag(0.7) else draw.uniform((), -1.5, 3))
    boxes = {
        "corners": [(4, draw.boxes((), -0.3, 1))],
        "on a grid": [(2, draw.ties((), 0, 0.5, 2)), (2, draw.ties((), 0.5, 1, 2))],
        "inside out": [(4, draw.uniform((), -0.3, 1))],
    }[draw.cycle("corners", "on a grid", "inside out", "on a grid", every=3)]
    if draw.cycle(True, False, every=4):  # class, score and box, the usual order
        width, columns = 6, [kinds, scores, *boxes]
        if ids:
            attributes["id_index"] = 0
    else:
        width, columns = 7, [*boxes, (1, draw.uniform(())), kinds, scores]
        attributes |= {"coord_start": 0, "score_index": 6}
        if ids:
            attributes["id_index"] = 5
    if ids and draw.flag():
        attributes["background_id"] = draw.choice(-1, 0, 1)
    return draw.case(attributes, draw.columns((*lead, count, width), *columns))


def box_iou(draw: Draw) -> OperatorCase:
    attributes = {"format": draw.cycle("corner", "center")} if draw.flag(0.8) else {}
    boxes = draw.cycle(draw.boxes, draw.uniform, draw.ties, every=3)
    a = (*draw.shape(draw.integer(1, 2), 1, 4), 4)
    b = (*draw.shape(draw.integer(1, 2), 1, 4), 4)
    return draw.case(attributes, boxes(a, -0.2, 1), boxes(b, -0.2, 1))


def box_decode(draw: Draw) -> OperatorCase:
    batch, count = draw.choice(1, 3), draw.integer(1, 6)
    attributes: dict[str, object] = {
        f"std{axis}": draw.choice(0.1, 0.2, 1, 0.3) for axis in range(4) if draw.flag(0.7)
    }
    if draw.flag():
        attributes["clip"] = draw.choice(-1, 0, 0.4, 4.135166556742356)
    if draw.flag(0.7):
        attributes["format"] = draw.cycle("corner", "center")
    return draw.case(
        attributes, draw.uniform((batch, count, 4), -2, 2), draw.boxes((1, count, 4), 0, 100)
    )


def box_encode(draw: Draw) -> OperatorCase:
    batch, count, refs = draw.choice(1, 3), draw.integer(1, 6), draw.integer(1, 4)
    return draw.case(
        {},
        draw.integers((batch, count), -1, 2),
        draw.integers((batch, count), 0, refs),
        draw.boxes((batch, count, 4), 0, 50),
        draw.boxes((batch, refs, 4), 0, 50),
        draw.uniform((4,), -0.1, 0.1),
        draw.uniform((4,), 0.1, 0.3),
    )


def bipartite_matching(draw: Draw) -> OperatorCase:
    shape = (*draw.cycle((), (1,), (3,), (2, 2)), draw.integer(1, 5), draw.integer(1, 5))
    attributes: dict[str, object] = {"threshold": draw.choice("1e-12", 0.3, 0.5, 0.9)}
    if draw.flag(0.7):
        attributes["is_ascend"] = draw.cycle("True", "False")
    if draw.flag():
        attributes["topk"] = draw.choice(-1, 0, 1, 2, 3)
    return draw.case(attributes, draw.cycle(draw.uniform, draw.ties, every=2)(shape, 0, 1))


def multibox_target(draw: Draw) -> OperatorCase:
    """MXNet has float32 alone."""
    batch, anchors, count = draw.choice(1, 3), draw.integer(4, 12), draw.integer(1, 3)
    strict = draw.flag(0.3)  # negatives that overlap an object are not candidates
    classes, width = draw.integer(2, 4), draw.choice(5, 6)
    attributes: dict[str, object] = {}
    for name, options in (
        ("overlap_threshold", (0.3, 0.5, 0, 0.7)),
        ("ignore_label", (-1, 7)),
        ("negative_mining_ratio", (-1, 1, 1.5)),
        ("minimum_negative_samples", (0, 2)),
        ("variances", ("(0.1, 0.1, 0.2, 0.2)", "(1,1,1,1)", "(0.3, 0.1, 0.25, 0.2)")),
    ):
        if draw.flag():
            attributes[name] = draw.choice(*options)
    attributes["negative_mining_thresh"] = draw.choice(1.1, 1.5)
    if strict:
        anchors = 30
        attributes |= {"overlap_threshold": 0.9, "negative_mining_ratio": 4}
        attributes["negative_mining_thresh"] = 0.2
    columns = [(1, draw.integers((), 0, classes - 1)), (4, draw.boxes(()))]
    if width > 5:
        columns.append((1, draw.uniform(())))
    labels = draw.columns((batch, count, width), *columns)
    if draw.cycle(False, True):  # some images have fewer objects, or none
        values: list[float] = []
        for _ in range(batch):
            objects = draw.integer(0, count)
            for _ in range(objects):
                x, y = draw.real(0, 0.6), draw.real(0, 0.6)
                corners = (x, y, x + draw.real(0.1, 0.4), y + draw.real(0.1, 0.4))
                values += [draw.integer(0, classes - 2), *corners, *[0.5] * (width - 5)]
            values += [-1.0] * width * (count - objects)
        labels = draw.values((batch, count, width), values)
    return draw.case(
        attributes,
        draw.boxes((1, anchors, 4)),
        labels,
        draw.uniform((batch, classes, anchors), -2, 2),
        runs=FLOAT32,
    )


CASES = {
    "_contrib_MultiBoxTarget": multibox_target,
    "_contrib_MultiBoxPrior": multibox_prior,
    "_contrib_MultiBoxDetection": multibox_detection,
    "_contrib_box_nms": box_nms,
    "_contrib_box_iou": box_iou,
    "_contrib_box_decode": box_decode,
    "_contrib_box_encode": box_encode,
    "_contrib_bipartite_matching": bipartite_matching,
}

NOT_IN_REFERENCE = ("MultiBoxPrior", "MultiBoxDetection", "MultiBoxTarget")
"""Names of files before MXNet 0.10."""
