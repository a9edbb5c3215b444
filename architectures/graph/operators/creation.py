"""Operators that make a tensor from numbers, or from the shape of another (MXNet
src/operator/tensor/init_op.cc)."""

from __future__ import annotations

import math
from typing import Any

from architectures.graph.attributes import choice, flag, integer, number, shape
from architectures.graph.expression import Apply, DataDevice, DType, Expression
from architectures.graph.operator import Call, Dims, Operator

DTYPES = (
    *("float32", "float64", "float16", "bfloat16"),
    *("uint8", "int8", "int32", "int64", "bool"),
)
FLOATS = DTYPES[:4]
EXACT = 2**24  # float32 holds every integer up to here

LARGEST = 2**31  # elements: a file may not ask for more


def dtype(default: Any = "float32") -> Any:
    """The attribute ``dtype``, a name that PyTorch has too."""
    return choice(*DTYPES, default=default)


def made(call: Call) -> dict[str, Any]:
    """The dtype and device of a tensor that a graph makes."""
    return {"dtype": DType(call["dtype"]), "device": DataDevice()}


def sizes(call: Call) -> tuple[int, ...]:
    """The shape to make. Outside of numpy mode 0 is a size that MXNet infers, a batch: it is made
    of size 1, which broadcasts."""
    numpy = call.node.op is not None and call.node.op.startswith("_np")
    given: tuple[int, ...] = call["shape"]
    if (numpy and min(given, default=0) < 0) or not (given or numpy):
        raise call.refuse(f"the shape {given} is not known")
    found = given if numpy else tuple(max(size, 1) for size in given)
    _limit(call, math.prod(found))
    return found


def _limit(call: Call, elements: float) -> None:
    if not elements <= LARGEST:
        raise call.refuse(f"it makes {elements:.3g} elements; at most {LARGEST} are supported")


def zeros(call: Call) -> Expression:
    return Apply("torch.zeros", (sizes(call),), made(call))


def ones(call: Call) -> Expression:
    return Apply("torch.ones", (sizes(call),), made(call))


def full(call: Call) -> Expression:
    value = call["value"]
    if call["dtype"] not in FLOATS:
        value = math.trunc(value) if call["dtype"] != "bool" else value != 0
    return Apply("torch.full", (sizes(call), value), made(call))


def made_shape(call: Call) -> tuple[Dims | None, ...]:
    """A size of 0 is one that MXNet infers; it is 1 only where the network runs."""
    return (tuple(size or None for size in call["shape"]) if 0 in call["shape"] else sizes(call),)


def arange(call: Call) -> Expression:
    """Start and step count as the dtype holds them: start + i * step, each ``repeat`` times."""
    count = arange_count(call)
    start, step = bounds(call)[0], call["step"]
    if call["dtype"] not in FLOATS:
        start, step = math.trunc(start), math.trunc(step)
    if start == int(start) and step == int(step) and abs(start) + count * abs(step) <= EXACT:
        start, step = int(start), int(step)
        if step == 0:
            x = Apply("torch.full", ((count,), start), made(call))
        else:
            stop = start + count * step
            args = (stop,) if (start, step) == (0, 1) else (start, stop)
            x = Apply("torch.arange", args if step == 1 else (*args, step), made(call))
    else:
        x = Apply("*", (Apply("torch.arange", (count,), made(call)), step))
        x = Apply("+", (x, start)) if start else x
    return x if call["repeat"] == 1 else Apply(".repeat_interleave", (x, call["repeat"]))


def bounds(call: Call) -> tuple[float, float]:
    """Start and stop; one number alone is the stop."""
    start, stop = call["start"], call["stop"]
    if stop is None and call["infer_range"]:
        raise call.refuse("its length is inferred from its users, which is not supported")
    return (0.0, start) if stop is None else (start, stop)


def arange_count(call: Call) -> int:
    """How many numbers, before they are repeated."""
    start, stop = bounds(call)
    step: float = call["step"]
    if step == 0 or not math.isfinite(start + stop + step):
        raise call.refuse(f"start {start}, stop {stop} and step {step} do not make a range")
    count = max(math.ceil((stop - start) / step), 0)
    _limit(call, count * call["repeat"])
    if call["repeat"] < 1:
        raise call.refuse(f"repeat is {call['repeat']}; expected 1 or more")
    return count


def arange_shape(call: Call) -> tuple[Dims | None, ...]:
    return ((arange_count(call) * call["repeat"],),)


def linspace(call: Call) -> Expression:
    """``num`` numbers from start to stop, which ``endpoint`` includes."""
    start, stop, count = call["start"], call["stop"], call["num"]
    _limit(call, count)
    return Apply("linspace", (start, stop, count, call["endpoint"]), made(call))


def linspace_shape(call: Call) -> tuple[Dims | None, ...]:
    return ((call["num"],),)


def eye(call: Call) -> Expression:
    """Ones on diagonal k: above the main one if k is positive."""
    rows, columns = eye_sizes(call)
    if call["k"] == 0:
        args = (rows,) if rows == columns else (rows, columns)
        return Apply("torch.eye", args, made(call))
    return Apply("eye", (rows, columns, call["k"]), made(call))


def eye_sizes(call: Call) -> tuple[int, int]:
    rows, columns = call["N"], call["M"] or call["N"]
    _limit(call, max(rows, 0) * max(columns, 0))
    return rows, columns


def eye_shape(call: Call) -> tuple[Dims | None, ...]:
    return (eye_sizes(call),)


def indices(call: Call) -> Expression:
    """The position of each element of a grid."""
    _limit(call, len(call["dimensions"]) * math.prod(call["dimensions"]))
    return Apply("grid_indices", (call["dimensions"],), made(call))


def indices_shape(call: Call) -> tuple[Dims | None, ...]:
    return ((len(call["dimensions"]), *call["dimensions"]),)


def identity_matrix(call: Call) -> Expression:
    _limit(call, math.prod(call["shape"]))
    return Apply("torch.eye", (call["shape"][0],), made(call))


def identity_matrix_shape(call: Call) -> tuple[Dims | None, ...]:
    sizes = call["shape"]
    if len(sizes) != 2 or sizes[0] != sizes[1]:
        raise call.refuse(f"its shape is {sizes}; expected a square")
    return (sizes,)


def logspace(call: Call) -> Expression:
    """Powers of a base with evenly spaced exponents."""
    _limit(call, call["num"])
    names = ("start", "stop", "num", "endpoint", "base")
    return Apply("logspace", tuple(call[name] for name in names), made(call))


def logspace_shape(call: Call) -> tuple[Dims | None, ...]:
    return ((call["num"],),)


INIT = "src/operator/tensor/init_op.cc"
RANGE = {
    "start": number(),
    "stop": number(None),
    "step": number(1.0),
    "repeat": integer(1),
    "infer_range": flag(False),
    "dtype": dtype(),
}

OPERATORS = (
    Operator(
        ("_zeros", "_npi_zeros"),
        INIT,
        zeros,
        made_shape,
        {"shape": shape(()), "dtype": dtype()},
        ignored=("ctx",),
    ),
    Operator(
        ("_ones", "_npi_ones"),
        INIT,
        ones,
        made_shape,
        {"shape": shape(()), "dtype": dtype()},
        ignored=("ctx",),
    ),
    Operator(
        ("_full", "_npi_full"),
        INIT,
        full,
        made_shape,
        {"shape": shape(()), "dtype": dtype(), "value": number()},
        ignored=("ctx",),
    ),
    Operator(("_arange", "_npi_arange"), INIT, arange, arange_shape, RANGE, ignored=("ctx",)),
    Operator(
        ("_linspace", "_npi_linspace"),
        INIT,
        linspace,
        linspace_shape,
        {
            "start": number(),
            "stop": number(),
            "num": integer(),
            "endpoint": flag(True),
            "dtype": dtype(),
        },
        ignored=("ctx", "step", "repeat", "infer_range"),
    ),
    Operator(
        ("_eye", "_npi_eye"),
        INIT,
        eye,
        eye_shape,
        {"N": integer(), "M": integer(None), "k": integer(0), "dtype": dtype()},
        ignored=("ctx",),
    ),
    Operator(
        ("_npi_indices",),
        INIT,
        indices,
        indices_shape,
        {"dimensions": shape(), "dtype": dtype("int32")},
        ignored=("ctx",),
    ),
    Operator(
        ("_npi_identity",),
        INIT,
        identity_matrix,
        identity_matrix_shape,
        {"shape": shape(()), "dtype": dtype()},
        ignored=("ctx",),
    ),
    Operator(
        ("_npi_logspace",),
        INIT,
        logspace,
        logspace_shape,
        {
            "start": number(),
            "stop": number(),
            "num": integer(),
            "endpoint": flag(True),
            "base": number(10.0),
            "dtype": dtype(),
        },
        ignored=("ctx",),
    ),
)
