"""Maps made larger, smaller, padded and cut (MXNet src/operator, contrib)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from architectures.graph.attributes import choice, flag, integer, number, shape
from architectures.graph.expression import Apply, Expression, NnLayer
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.windows import keywords


def upsampling(call: Call) -> Expression:
    """``nearest`` repeats values, of several maps to the size that the first one gets;
    ``bilinear`` is a transposed convolution with a weight, which training may change."""
    scale = call["scale"]
    if call["sample_type"] == "bilinear":
        count = call["num_filter"]
        options: dict[str, Any] = {
            "stride": scale,
            **keywords(padding=(scale // 2, 0)),
            "groups": count,
        }
        function = Apply("F.conv_transpose2d", call.inputs[:2], options)
        args = (count, count, 2 * scale - scale % 2)
        weight = {1: "weight"}
        return NnLayer(
            "nn.ConvTranspose2d",
            args,
            {**options, "bias": False},
            weight,
            call.inputs[:1],
            function,
        )
    if len(call) == 1:
        return Apply("F.interpolate", call.inputs, {"scale_factor": scale})
    return Apply("upsampled_together", (list(call.inputs), scale, call["multi_input_mode"]))


def upsampling_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    if data is None:
        return ((None,) * 4,)
    channels = data[1]
    if call["sample_type"] == "nearest" and call["multi_input_mode"] == "concat":
        counts = [None if dims is None else dims[1] for dims in call.shapes]
        channels = None if None in counts else sum(c for c in counts if c is not None)
    height, width = (None if n is None else n * call["scale"] for n in data[2:])
    return ((data[0], channels, height, width),)


def upsampling_weights(call: Call) -> Mapping[int, Dims]:
    if call["sample_type"] == "nearest":
        return {}
    scale = call["scale"]
    size = 2 * scale - scale % 2
    return {1: (call["num_filter"], 1, size, size)}


def bilinear_resize(call: Call) -> Expression:
    """Corners are aligned unless the file says otherwise."""
    x, mode = call.input(0), call["mode"]
    scales = (call["scale_height"], call["scale_width"])
    size: Any = (call["height"], call["width"])
    if mode == "like":
        size = Apply("map_size", (call.input(1),))
    elif mode != "size":
        size = Apply("adjusted_size", (x, mode, *scales))
    elif None not in scales:
        size = Apply("scaled_size", (x, *scales))
    if not call["align_corners"] and (not isinstance(size, tuple) or 1 in size):
        return Apply("resized_from_corner", (x, size), exact="resized_from_corner_float32")
    return Apply(
        "F.interpolate",
        (x,),
        {"size": size, "mode": "bilinear", "align_corners": call["align_corners"]},
        "interpolate_float32",
    )


def bilinear_resize_shape(call: Call) -> tuple[Dims | None, ...]:
    data, mode = call.shapes[0] or (None,) * 4, call["mode"]
    sizes: Dims = (None, None)
    if mode == "like":
        sizes = (call.shapes[1] or (None,) * 4)[2:]
    elif mode == "size" and None in (call["scale_height"], call["scale_width"]):
        sizes = (call["height"], call["width"])
    return ((*data[:2], *sizes),)


PADDINGS = {"edge": "replicate", "reflect": "reflect"}


def pad(call: Call) -> Expression:
    """Pairs stand in the order of the axes; PyTorch has them from the last axis on."""
    widths = call["pad_width"]
    pairs = [widths[i : i + 2] for i in range(len(widths) - 2, -2, -2)]
    if call["mode"] != "constant":
        if any(widths[:4]):
            raise call.refuse(
                f"pad_width {widths} pads the batch or the channels, which MXNet does not support "
                f"in mode {call['mode']}"
            )
        return Apply(
            "F.pad", (call.input(0), tuple(sum(pairs[:-2], ()))), {"mode": PADDINGS[call["mode"]]}
        )
    while pairs and not any(pairs[-1]):
        pairs.pop()
    options = keywords(value=(call["constant_value"], 0.0))
    return Apply("F.pad", (call.input(0), tuple(sum(pairs, ()))), options)


def pad_shape(call: Call) -> tuple[Dims | None, ...]:
    widths = call["pad_width"]
    data = call.shapes[0] or (None,) * (len(widths) // 2)
    sums = (a + b for a, b in zip(widths[::2], widths[1::2], strict=True))
    return (tuple(None if n is None else n + more for n, more in zip(data, sums, strict=True)),)


def crop(call: Call) -> Expression:
    """To ``h_w``, or to the size of a second map."""
    x, (top, left) = call.input(0), call["offset"]
    if len(call) > 1:
        start = None if call["center_crop"] else (top, left)
        return Apply("cropped", (x, Apply("map_size", (call.input(1),)), start))
    height, width = call["h_w"]
    if call["center_crop"]:
        return Apply("cropped", (x, (height, width), None))
    window = (slice(top, top + height), slice(left, left + width))
    return Apply("[]", (x, (slice(None), slice(None), *window)))


def crop_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0] or (None,) * 4
    size = (call.shapes[1] or (None,) * 4)[2:] if len(call) > 1 else call["h_w"]
    return ((*data[:2], *size),)


OPERATORS = (
    Operator(
        ("UpSampling",),
        "src/operator/nn/upsampling.cc",
        upsampling,
        upsampling_shape,
        {
            "scale": integer(),
            "num_filter": integer(0),
            "sample_type": choice("nearest", "bilinear"),
            "multi_input_mode": choice("concat", "sum", default="concat"),
        },
        ignored=("num_args", "workspace"),
        inputs=(),
        weights=upsampling_weights,
    ),
    Operator(
        ("_contrib_BilinearResize2D",),
        "src/operator/contrib/bilinear_resize.cc",
        bilinear_resize,
        bilinear_resize_shape,
        {
            "height": integer(1),
            "width": integer(1),
            "scale_height": number(None),
            "scale_width": number(None),
            "mode": choice(
                "size",
                "odd_scale",
                "like",
                "to_even_down",
                "to_even_up",
                "to_odd_down",
                "to_odd_up",
                default="size",
            ),
            "align_corners": flag(True),
        },
        inputs=("data", "like"),
    ),
    Operator(
        ("Pad", "pad", "_npx_pad"),
        "src/operator/pad.cc",
        pad,
        pad_shape,
        {
            "mode": choice("constant", "edge", "reflect"),
            "pad_width": shape(),
            "constant_value": number(0.0),
        },
        inputs=("data",),
    ),
    Operator(
        ("Crop",),
        "src/operator/crop.cc",
        crop,
        crop_shape,
        {"offset": shape((0, 0)), "h_w": shape((0, 0)), "center_crop": flag(False)},
        ignored=("num_args",),
        inputs=(),
    ),
)
