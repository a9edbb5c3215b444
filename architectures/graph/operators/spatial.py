"""Spatial transformers, and windows as columns (MXNet src/operator)."""

from __future__ import annotations

from collections.abc import Mapping

from architectures.graph.attributes import Attribute, choice, flag, integer, shape
from architectures.graph.expression import Apply, Expression
from architectures.graph.infer import product
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.windows import axes


def grid_generator(call: Call) -> Expression:
    """``affine`` makes a grid of ``target_shape`` from six numbers, ``warp`` one from a flow."""
    if call["transform_type"] == "warp":
        return Apply("warped_places", call.inputs)
    return Apply("affine_places", (call.input(0), call["target_shape"]))


def grid_shape(call: Call) -> tuple[Dims | None, ...]:
    if call["transform_type"] == "warp":
        return (call.shapes[0],)
    data = call.shapes[0]
    return ((None if data is None else data[0], 2, *call["target_shape"]),)


def sampler(call: Call) -> Expression:
    return Apply("sampled", call.inputs)


def sampler_shape(call: Call) -> tuple[Dims | None, ...]:
    data, grid = (dims or (None,) * 4 for dims in call.shapes)
    return ((*data[:2], *grid[2:]),)


def transformer(call: Call) -> Expression:
    """A grid from ``loc``, and the data read there."""
    data, loc = call.inputs
    return Apply("sampled", (data, Apply("affine_places", (loc, call["target_shape"]))))


def transformer_shape(call: Call) -> tuple[Dims | None, ...]:
    return ((*(call.shapes[0] or (None,) * 4)[:2], *call["target_shape"]),)


def im2col(call: Call) -> Expression:
    """The windows of a convolution as columns."""
    return Apply("F.unfold", (call.input(0), *window_arguments(call)))


def col2im(call: Call) -> Expression:
    """The sum of columns at the places of their windows."""
    return Apply("F.fold", (call.input(0), call["output_size"], *window_arguments(call)))


def window_arguments(call: Call) -> tuple[tuple[int, ...], ...]:
    if len(call["kernel"]) != 2:
        raise call.refuse(f"the kernel {call['kernel']} is not two-dimensional")
    return call["kernel"], axes(call, "dilate", 1), axes(call, "pad", 0), axes(call, "stride", 1)


def im2col_shape(call: Call) -> tuple[Dims | None, ...]:
    kernel, *others = window_arguments(call)
    data = call.shapes[0] or (None,) * 4
    parts = zip(data[2:], kernel, *others, strict=True)
    counts = [
        None if n is None else (n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, d, p, s in parts
    ]
    return ((data[0], product((data[1], *kernel)), product(counts)),)


def col2im_shape(call: Call) -> tuple[Dims | None, ...]:
    kernel = window_arguments(call)[0]
    data = call.shapes[0] or (None,) * 3
    channels = None if data[1] is None else data[1] // (kernel[0] * kernel[1])
    return ((data[0], channels, *call["output_size"]),)


def correlation(call: Call) -> Expression:
    """Of two maps, at displacements up to ``max_displacement``."""
    names = ("kernel_size", "max_displacement", "stride1", "stride2", "pad_size", "is_multiply")
    return Apply("correlation", (*call.inputs, *(call[name] for name in names)))


def correlation_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0] or (None,) * 4
    border = call["max_displacement"] + (call["kernel_size"] - 1) // 2
    sizes = (
        None if n is None else -(-(n + 2 * call["pad_size"] - 2 * border) // call["stride1"])
        for n in data[2:]
    )
    width = 2 * (call["max_displacement"] // call["stride2"]) + 1
    return ((data[0], width * width, *sizes),)


WINDOWS: Mapping[str, Attribute] = {
    "kernel": shape(),
    "stride": shape(()),
    "dilate": shape(()),
    "pad": shape(()),
}

OPERATORS = (
    Operator(
        ("im2col",),
        "src/operator/nn/im2col.cc",
        im2col,
        im2col_shape,
        WINDOWS,
        inputs=("data",),
    ),
    Operator(
        ("col2im",),
        "src/operator/nn/im2col.cc",
        col2im,
        col2im_shape,
        {**WINDOWS, "output_size": shape()},
        inputs=("data",),
    ),
    Operator(
        ("Correlation",),
        "src/operator/correlation.cc",
        correlation,
        correlation_shape,
        {
            "kernel_size": integer(1),
            "max_displacement": integer(1),
            "stride1": integer(1),
            "stride2": integer(1),
            "pad_size": integer(0),
            "is_multiply": flag(True),
        },
        inputs=("data1", "data2"),
    ),
    Operator(
        ("GridGenerator",),
        "src/operator/grid_generator.cc",
        grid_generator,
        grid_shape,
        {"transform_type": choice("affine", "warp"), "target_shape": shape((0, 0))},
        inputs=("data",),
    ),
    Operator(
        ("BilinearSampler",),
        "src/operator/bilinear_sampler.cc",
        sampler,
        sampler_shape,
        ignored=("cudnn_off",),
        inputs=("data", "grid"),
    ),
    Operator(
        ("SpatialTransformer",),
        "src/operator/spatial_transformer.cc",
        transformer,
        transformer_shape,
        {
            "target_shape": shape(),
            "transform_type": choice("affine"),
            "sampler_type": choice("bilinear"),
        },
        ignored=("cudnn_off",),
        inputs=("data", "loc"),
    ),
)
