"""Anchors, boxes and their suppression (MXNet src/operator/contrib)."""

from __future__ import annotations

from architectures.graph.attributes import choice, flag, integer, number, numbers
from architectures.graph.expression import Apply, Expression
from architectures.graph.infer import product, same
from architectures.graph.operator import Call, Dims, Operator

FORMATS = ("corner", "center")


def multibox_prior(call: Call) -> Expression:
    """Anchors of each place of a feature map."""
    if len(call["steps"]) != 2 or len(call["offsets"]) != 2:
        raise call.refuse("steps and offsets are two numbers, (y, x)")
    if not call["sizes"] or not call["ratios"]:
        raise call.refuse("it has no sizes or no ratios")
    args = (call.input(0), call["sizes"], call["ratios"])
    kwargs = given(call, clip=False, steps=(-1.0, -1.0), offsets=(0.5, 0.5))
    return Apply("multibox_prior", args, kwargs, exact="multibox_prior_float32")


def multibox_prior_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return ((1, None, 4),)
    return ((1, product((*data[2:4], len(call["sizes"]) + len(call["ratios"]) - 1)), 4),)


def multibox_detection(call: Call) -> Expression:
    """``background_id`` changes nothing: MXNet's class 0 is the background always."""
    if len(call["variances"]) != 4:
        raise call.refuse("variances are four numbers")
    kwargs = given(
        call,
        threshold=0.01,
        clip=True,
        variances=(0.1, 0.1, 0.2, 0.2),
        nms_threshold=0.5,
        force_suppress=False,
        nms_topk=-1,
    )
    return Apply("multibox_detection", call.inputs, kwargs, exact="multibox_detection_float32")


def multibox_detection_shape(call: Call) -> tuple[Dims | None, ...]:
    probabilities, _, anchors = call.shapes
    batch = None if probabilities is None else probabilities[0]
    counts = [shape[at] for shape, at in ((anchors, 1), (probabilities, 2)) if shape is not None]
    return ((batch, next((count for count in counts if count is not None), None), 6),)


def box_nms(call: Call) -> Expression:
    """Gives the boxes and where each was; equal scores keep their order."""
    kwargs = given(
        call,
        overlap_thresh=0.5,
        valid_thresh=0.0,
        topk=-1,
        coord_start=2,
        score_index=1,
        id_index=-1,
        background_id=-1,
        force_suppress=False,
        in_format="corner",
        out_format="corner",
    )
    return Apply("box_nms", call.inputs, kwargs, exact="box_nms_float32_limits")


def box_nms_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return (data, None if data is None else (*data[:-1], 1))


def box_iou(call: Call) -> Expression:
    return Apply("box_iou", call.inputs, given(call, format="corner"))


def box_iou_shape(call: Call) -> tuple[Dims | None, ...]:
    a, b = call.shapes
    return (None if a is None or b is None else a[:-1] + b[:-1],)


def box_decode(call: Call) -> Expression:
    """The stds are factors, although MXNet's text calls them divisors."""
    stds = tuple(call[f"std{axis}"] for axis in range(4))
    kwargs = given(call, clip=-1.0, format="center")
    return Apply("box_decode", (*call.inputs, stds), kwargs, exact="box_decode_float32_stds")


def box_encode(call: Call) -> Expression:
    return Apply("box_encode", call.inputs)


def box_encode_shape(call: Call) -> tuple[Dims | None, ...]:
    return (call.shapes[2], call.shapes[2])


def bipartite_matching(call: Call) -> Expression:
    kwargs = given(call, is_ascend=False, topk=-1)
    return Apply(
        "bipartite_matching",
        (*call.inputs, call["threshold"]),
        kwargs,
        exact="bipartite_matching_float32_limit",
    )


def bipartite_matching_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return (None, None) if data is None else (data[:-1], (*data[:-2], data[-1]))


def multibox_target(call: Call) -> Expression:
    """For training: it needs labels. ``minimum_negative_samples`` changes nothing in MXNet."""
    if len(call["variances"]) != 4:
        raise call.refuse("variances are four numbers")
    kwargs = given(
        call,
        overlap_threshold=0.5,
        ignore_label=-1.0,
        negative_mining_ratio=-1.0,
        negative_mining_thresh=0.5,
        variances=(0.1, 0.1, 0.2, 0.2),
    )
    return Apply("multibox_target", call.inputs, kwargs, exact="multibox_target_float32")


def multibox_target_shape(call: Call) -> tuple[Dims | None, ...]:
    anchors, labels, _ = call.shapes
    batch = None if labels is None else labels[0]
    count = None if anchors is None else anchors[1]
    offsets = (batch, product((count, 4)))
    return (offsets, offsets, (batch, count))


def given(call: Call, **defaults: object) -> dict[str, object]:
    """The attributes that are not the helper's defaults, as its arguments."""
    return {name: call[name] for name, default in defaults.items() if call[name] != default}


OPERATORS = (
    Operator(
        ("_contrib_MultiBoxPrior", "MultiBoxPrior", "_npx_multibox_prior"),
        "src/operator/contrib/multibox_prior.cc",
        multibox_prior,
        multibox_prior_shape,
        {
            "sizes": numbers((1.0,)),
            "ratios": numbers((1.0,)),
            "clip": flag(False),
            "steps": numbers((-1.0, -1.0)),
            "offsets": numbers((0.5, 0.5)),
        },
        inputs=("data",),
    ),
    Operator(
        ("_contrib_MultiBoxDetection", "MultiBoxDetection", "_npx_multibox_detection"),
        "src/operator/contrib/multibox_detection.cc",
        multibox_detection,
        multibox_detection_shape,
        {
            "clip": flag(True),
            "threshold": number(0.01),
            "nms_threshold": number(0.5),
            "force_suppress": flag(False),
            "variances": numbers((0.1, 0.1, 0.2, 0.2)),
            "nms_topk": integer(-1),
        },
        ignored=("background_id",),
        inputs=("cls_prob", "loc_pred", "anchor"),
    ),
    Operator(
        ("_contrib_MultiBoxTarget", "MultiBoxTarget", "_npx_multibox_target"),
        "src/operator/contrib/multibox_target.cc",
        multibox_target,
        multibox_target_shape,
        {
            "overlap_threshold": number(0.5),
            "ignore_label": number(-1.0),
            "negative_mining_ratio": number(-1.0),
            "negative_mining_thresh": number(0.5),
            "variances": numbers((0.1, 0.1, 0.2, 0.2)),
        },
        ignored=("minimum_negative_samples",),
        inputs=("anchor", "label", "cls_pred"),
        outputs=3,
    ),
    Operator(
        ("_contrib_box_nms", "_contrib_box_non_maximum_suppression"),
        "src/operator/contrib/bounding_box.cc",
        box_nms,
        box_nms_shape,
        {
            "overlap_thresh": number(0.5),
            "valid_thresh": number(0.0),
            "topk": integer(-1),
            "coord_start": integer(2),
            "score_index": integer(1),
            "id_index": integer(-1),
            "background_id": integer(-1),
            "force_suppress": flag(False),
            "in_format": choice(*FORMATS, default="corner"),
            "out_format": choice(*FORMATS, default="corner"),
        },
        inputs=("data",),
        outputs=2,
    ),
    Operator(
        ("_contrib_box_iou",),
        "src/operator/contrib/bounding_box.cc",
        box_iou,
        box_iou_shape,
        {"format": choice(*FORMATS, default="corner")},
        inputs=("lhs", "rhs"),
    ),
    Operator(
        ("_contrib_box_decode",),
        "src/operator/contrib/bounding_box.cc",
        box_decode,
        same,
        {
            **{f"std{axis}": number(1.0) for axis in range(4)},
            "clip": number(-1.0),
            "format": choice(*FORMATS, default="center"),
        },
        inputs=("data", "anchors"),
    ),
    Operator(
        ("_contrib_box_encode",),
        "src/operator/contrib/bounding_box.cc",
        box_encode,
        box_encode_shape,
        inputs=("samples", "matches", "anchors", "refs", "means", "stds"),
        outputs=2,
    ),
    Operator(
        ("_contrib_bipartite_matching",),
        "src/operator/contrib/bounding_box.cc",
        bipartite_matching,
        bipartite_matching_shape,
        {"is_ascend": flag(False), "threshold": number(), "topk": integer(-1)},
        inputs=("data",),
        outputs=2,
    ),
)
