"""Further cases: attribute values that graphs of the world use and that chance left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from scripts.operator_cases import Draw, Draws
from verify.operators.operator_case import OperatorCase

SIZES = {"NCW": (1, 2, 7), "NCHW": (3, 2, 7, 6), "NCDHW": (1, 2, 5, 4, 5)}


def of_shapes(attributes: Mapping[str, object], *shapes: Sequence[int], high: float = 2) -> Draws:
    """A case with these attributes and inputs of these shapes."""

    def one(draw: Draw) -> OperatorCase:
        return draw.case(attributes, *(draw.uniform(shape, -2, high) for shape in shapes))

    return one


def pooling() -> Iterator[Draws]:
    """Every layout with every type, convention, and whether it is global."""
    types, conventions = ("max", "avg", "sum"), ("valid", "full")
    for layout, kind, convention, whole in product(SIZES, types, conventions, (True, False)):
        rank = len(layout) - 2
        attributes: dict[str, object] = {
            "kernel": (3,) * rank,
            "stride": (2,) * rank,
            "pad": (1,) * rank,
            "layout": layout,
            "pool_type": kind,
            "pooling_convention": convention,
            "global_pool": whole,
        }
        if kind == "avg":
            attributes["count_include_pad"] = convention == "full"
            yield of_shapes(
                {**attributes, "count_include_pad": convention != "full"}, SIZES[layout]
            )
        yield of_shapes(attributes, SIZES[layout])
    windows: dict[str, object] = {"kernel": (3, 3, 3), "pad": (1, 1, 1), "pool_type": "avg"}
    for counted in (True, False):  # data smaller than the kernel
        yield of_shapes({**windows, "count_include_pad": counted}, (1, 2, 2, 4, 5))


def convolution() -> Iterator[Draws]:
    """Every layout with and without a bias."""
    for layout, bias in product(SIZES, (True, False)):
        kernel = (3,) * (len(layout) - 2)
        attributes = {"kernel": kernel, "num_filter": 3, "layout": layout, "no_bias": not bias}
        weights = [(3, 2, *kernel), (3,)][: 1 + bias]
        yield of_shapes(attributes, SIZES[layout], *weights)


def deconvolution() -> Iterator[Draws]:
    """Dilations of 1, which MXNet writes; wide padding."""
    for bias, pad in product((True, False), (0, 1, 2)):
        attributes = {
            "kernel": (5, 4),
            "num_filter": 3,
            "stride": (2, 2),
            "dilate": (1, 1),
            "pad": (pad, pad // 2),
            "adj": (1, 0),
            "num_group": 1,
            "target_shape": "(0, 0)",
            "layout": "NCHW",
            "no_bias": not bias,
        }
        yield of_shapes(attributes, (3, 2, 4, 5), *[(2, 3, 5, 4), (3,)][: 1 + bias])


def scores_first(draw: Draw) -> OperatorCase:
    """GluonCV's order: the score, then the box; ties among the scores."""
    attributes = {
        "overlap_thresh": 0.5,
        "valid_thresh": 0.1,
        "topk": draw.choice(-1, 5),
        "coord_start": 1,
        "score_index": 0,
        "id_index": -1,
        "background_id": -1,
        "force_suppress": draw.flag(),
        "in_format": "corner",
        "out_format": "corner",
    }
    boxes = draw.columns((2, 9, 5), (1, draw.ties((), 0, 1, 5)), (4, draw.boxes(())))
    return draw.case(attributes, boxes)


def arange(draw: Draw) -> OperatorCase:
    attributes = {"start": 0, "stop": 1, "step": draw.choice(0.25, 1), "repeat": 1}
    return draw.case({**attributes, "dtype": "float32", "ctx": "cpu(0)"})


SEEN: Mapping[str, Sequence[Draws]] = {
    "Pooling": list(pooling()),
    "Convolution": list(convolution()),
    "Deconvolution": list(deconvolution()),
    "_contrib_box_nms": [scores_first] * 4,
    "_arange": [arange] * 2,
    "clip": [of_shapes({"a_min": 2, "a_max": 4.125}, (3, 5), high=6)],
    "transpose": [of_shapes({"axes": (0, 3, 1, 4, 2, 5)}, (1, 2, 3, 2, 2, 3))],
    "tile": [of_shapes({"reps": (1, 1, 2, 1, 3)}, (1, 3, 1, 2, 1))],
    "slice": [
        of_shapes({"begin": (None, 0, 1, None, 0), "end": (None, 2, 3, None, -1)}, (1, 3, 3, 2, 4)),
        of_shapes({"begin": (0, 0, 0, 0, 1), "end": (1, 3, 3, 2, 2)}, (1, 3, 3, 2, 4)),
    ],
    "LeakyReLU": [of_shapes({"act_type": "elu", "slope": 1}, (3, 5))],
    "Reshape": [
        of_shapes({"target_shape": "(0,)", "shape": (0, -1)}, (2, 3, 4)),
        of_shapes({"target_shape": "(0, 12)", "shape": "()"}, (2, 3, 4)),
    ],
}
