"""Pooling (MXNet src/operator/nn/pooling.cc, pooling_v1.cc, contrib/adaptive_avg_pooling.cc)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from architectures.graph.attributes import Attribute, choice, flag, integer, shape
from architectures.graph.expression import Apply, Expression, NnLayer
from architectures.graph.operator import Call, Dims, Operator
from architectures.graph.operators.windows import (
    LAYOUTS,
    axes,
    back_to_last,
    channels_first,
    channels_last,
    expect_rank,
    joined,
    keywords,
    literal,
    split,
)


def pooling(call: Call) -> Expression:
    """The default is a maximum over windows that lie inside of the padded data (``valid``);
    ``full`` adds the window that sticks out. An average counts the padding unless told otherwise.
    """
    refuse_same(call)
    x: Expression = call.input(0)
    last = channels_last(call)
    if last:
        x = channels_first(x)
    if call["global_pool"]:
        pooled = global_pool(call, x)
    else:
        pooled = window_pool(call, x)
    return back_to_last(pooled) if last else pooled


def refuse_same(call: Call) -> None:
    if call["pooling_convention"] == "same" and not call["global_pool"]:
        raise call.refuse("pooling_convention 'same' is not supported: MXNet 1.9.1 fails on it too")


def global_pool(call: Call, x: Expression) -> Expression:
    """Over all positions, whatever kernel, stride and padding say."""
    kind, rank = call["pool_type"], call.rank()
    count = rank - 2 if rank else len(call["kernel"])
    if kind in ("avg", "max") and 1 <= count <= 3:
        return layer(f"nn.Adaptive{kind.title()}Pool{count}d", (1,), {}, x)
    return Apply("global_pool", (x, kind, *power(call)))


def window_pool(call: Call, x: Expression) -> Expression:
    expect_rank(call)
    count, kind = len(call["kernel"]), call["pool_type"]
    kernel, full = call["kernel"], call["pooling_convention"] == "full"
    stride, pad = axes(call, "stride", 1), axes(call, "pad", 0)
    counted = call["count_include_pad"] is not False
    alike = same_in_pytorch(kernel, stride, pad, full)
    if kind in ("avg", "max") and alike and not too_small_for_pytorch(call, pad):
        options: dict[str, Any] = keywords(padding=(literal(pad), 0), ceil_mode=(full, False))
        if kind == "avg" and any(pad) and not counted:
            options["count_include_pad"] = False
        steps = () if stride == kernel else (literal(stride),)
        return layer(f"nn.{kind.title()}Pool{count}d", (literal(kernel), *steps), options, x)
    windows = (x, kernel, stride, pad, full)
    if kind == "avg":
        return Apply("average_pool", (*windows, counted))
    if kind == "sum":
        return Apply("sum_pool", windows)
    return (
        Apply("lp_pool", (*windows, *power(call))) if kind == "lp" else Apply("max_pool", windows)
    )


def same_in_pytorch(
    kernel: tuple[int, ...], stride: tuple[int, ...], pad: tuple[int, ...], full: bool
) -> bool:
    """Whether PyTorch's layer has the same windows for data of every size.

    It takes no padding beyond half of the kernel, and drops a last window that begins in the
    padding on the right, which there is only where the kernel is shorter than stride + padding.
    """
    return all(
        2 * p <= k and (not full or k >= s + p) for k, s, p in zip(kernel, stride, pad, strict=True)
    )


def too_small_for_pytorch(call: Call, pad: tuple[int, ...]) -> bool:
    """Whether the data may be smaller than the kernel before they are padded, which PyTorch's
    AvgPool3d refuses."""
    kernel, data = call["kernel"], call.shapes[0]
    if call["pool_type"] != "avg" or len(kernel) != 3:
        return False
    sizes = (None,) * 3 if data is None else split(call, data)[2]
    return any(
        p and (size is None or size < k) for size, k, p in zip(sizes, kernel, pad, strict=True)
    )


def layer(
    kind: str,
    args: tuple[Any, ...],
    options: dict[str, Any],
    x: Expression,
    exact: str | None = None,
) -> Expression:
    """A layer without parameters: ``nn.MaxPool2d(3, 2)``."""
    words = re.findall("Adaptive|Avg|Max|Pool[0-9]d", kind)
    function = Apply(f"F.{'_'.join(words).lower()}", (x, *args), options)
    return NnLayer(kind, args, options, {}, (x,), function, exact=exact)


def power(call: Call) -> tuple[int, ...]:
    if call["pool_type"] != "lp":
        return ()
    if call["p_value"] is None:
        raise call.refuse("pool_type is lp, and p_value is missing")
    return (call["p_value"],)


def pooling_shape(call: Call) -> tuple[Dims | None, ...]:
    refuse_same(call)
    data = call.shapes[0]
    if call["global_pool"]:
        if data is None:
            return (None,)
        batch, channels, sizes = split(call, data)
        return (joined(call, batch, channels, (1,) * len(sizes)),)
    expect_rank(call)
    batch, channels, sizes = split(call, data or (None,) * (2 + len(call["kernel"])))
    full = call["pooling_convention"] == "full"
    parts = zip(sizes, call["kernel"], axes(call, "stride", 1), axes(call, "pad", 0), strict=True)
    found = tuple(
        None if size is None else (size + 2 * p - k + (s - 1 if full else 0)) // s + 1
        for size, k, s, p in parts
    )
    return (joined(call, batch, channels, found),)


def pooling_v1(call: Call) -> Expression:
    """As MXNet 0.x: padding is zeros for a maximum too, and an average divides by the kernel."""
    x = call.input(0)
    if call["global_pool"]:
        kind = call["pool_type"]
        if kind == "sum":
            return Apply("global_pool", (x, kind))
        exact = "global_average_scale32" if kind == "avg" else None
        return layer(f"nn.Adaptive{kind.title()}Pool2d", (1,), {}, x, exact)
    expect_rank(call)
    stride, pad = axes(call, "stride", 1), axes(call, "pad", 0)
    windows = (x, call["kernel"], stride, pad, call["pooling_convention"] == "full")
    return Apply("old_pool", (*windows, call["pool_type"]), exact="old_pool_scale32")


def adaptive_average(call: Call) -> Expression:
    size = call["output_size"]
    return layer("nn.AdaptiveAvgPool2d", (literal(size) if size else 1,), {}, call.input(0))


def adaptive_average_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0] or (None, None)
    size = call["output_size"] or (1,)
    return ((*data[:2], size[0], size[-1]),)


WINDOWS: Mapping[str, Attribute] = {
    "kernel": shape(()),
    "global_pool": flag(False),
    "stride": shape(()),
    "pad": shape(()),
}

OPERATORS = (
    Operator(
        ("Pooling", "_npx_pooling"),
        "src/operator/nn/pooling.cc",
        pooling,
        pooling_shape,
        {
            **WINDOWS,
            "pool_type": choice("max", "avg", "sum", "lp", default="max"),
            "pooling_convention": choice("valid", "full", "same", default="valid"),
            "p_value": integer(None),
            "count_include_pad": flag(None),
            "layout": choice(*LAYOUTS, default=None),
        },
        ignored=("cudnn_off",),
        inputs=("data",),
    ),
    Operator(
        ("Pooling_v1",),
        "src/operator/pooling_v1.cc",
        pooling_v1,
        pooling_shape,
        {
            **WINDOWS,
            "pool_type": choice("max", "avg", "sum", default="max"),
            "pooling_convention": choice("valid", "full", default="valid"),
            "layout": choice("NCHW", default=None),
        },
        inputs=("data",),
    ),
    Operator(
        ("_contrib_AdaptiveAvgPooling2D",),
        "src/operator/contrib/adaptive_avg_pooling.cc",
        adaptive_average,
        adaptive_average_shape,
        {"output_size": shape(())},
        inputs=("data",),
    ),
)
