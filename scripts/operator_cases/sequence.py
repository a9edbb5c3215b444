"""Cases of sequences of different lengths."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase


def shape_of(draw: Draw, axis: int) -> tuple[int, int, tuple[int, ...]]:
    """How many steps and sequences, and the shape of their data."""
    steps, batch = draw.integer(1, 5), draw.choice(1, 3)
    first = (steps, batch) if axis == 0 else (batch, steps)
    return steps, batch, (*first, *draw.shape(draw.integer(0, 2), 1, 3))


def sequence_mask(draw: Draw) -> OperatorCase:
    axis = draw.cycle(0, 1)
    steps, batch, shape = shape_of(draw, axis)
    attributes: dict[str, object] = {"axis": axis} if axis or draw.flag() else {}
    if draw.flag(0.7):
        attributes["value"] = draw.choice(-99999999.0, 0.1, 1, -1e18)
    lengths = draw.cycle("True", "True", "False", None)
    if lengths:
        attributes["use_sequence_length"] = lengths
    if lengths != "True":
        return draw.case(attributes, draw.uniform(shape))
    dtype = draw.choice(None, "int32")
    return draw.case(
        attributes, draw.uniform(shape), draw.integers((batch,), 0, steps + 1, dtype=dtype)
    )


def sequence_last(draw: Draw) -> OperatorCase:
    axis = draw.cycle(0, 1)
    steps, batch, shape = shape_of(draw, axis)
    attributes: dict[str, object] = {"axis": axis} if axis or draw.flag() else {}
    lengths = draw.cycle("True", "True", "False", None)
    if lengths:
        attributes["use_sequence_length"] = lengths
    if lengths != "True":
        return draw.case(attributes, draw.uniform(shape))
    dtype = draw.choice(None, "int32")
    return draw.case(
        attributes, draw.uniform(shape), draw.integers((batch,), 1, steps + 1, dtype=dtype)
    )


def sequence_reverse(draw: Draw) -> OperatorCase:
    steps, batch, shape = shape_of(draw, 0)
    attributes: dict[str, object] = {"axis": 0} if draw.flag(0.3) else {}
    lengths = draw.cycle("True", "True", "False", None)
    if lengths:
        attributes["use_sequence_length"] = lengths
    if lengths != "True":
        return draw.case(attributes, draw.uniform(shape))
    dtype = draw.choice(None, "int32")
    return draw.case(
        attributes, draw.uniform(shape), draw.integers((batch,), 1, steps + 1, dtype=dtype)
    )


def ctc_loss(draw: Draw) -> OperatorCase:
    """MXNet only has float32. A missing first label makes it read memory that is not its own."""
    steps, batch, classes = draw.integer(2, 6), draw.choice(1, 3), draw.integer(3, 5)
    length = draw.integer(1, steps - 1)  # with repeats, labels may need more steps than there are
    attributes: dict[str, object] = {}
    blank = draw.cycle(None, "first", "last")
    if blank:
        attributes["blank_label"] = blank
    ends = draw.flag(0.3)
    padding, high = (-1, classes - 1) if blank == "last" else (0, classes)
    columns = [(1, draw.integers((), padding + 1, high))]
    if length > 1:
        columns.append((length - 1, draw.integers((), padding + ends, high)))
    operands = [
        draw.uniform((steps, batch, classes), -3, 3),
        draw.columns((batch, length), *columns),
    ]
    if draw.flag(0.3):
        attributes["use_data_lengths"] = "True"
        operands.append(draw.integers((batch,), steps - 1, steps + 1))
    if ends:
        attributes["use_label_lengths"] = "True"
        operands.append(draw.integers((batch,), 1, length + 1))
    return draw.case(attributes, *operands, runs=("float32",))


CASES = {
    "SequenceMask": sequence_mask,
    "SequenceLast": sequence_last,
    "SequenceReverse": sequence_reverse,
    "CTCLoss": ctc_loss,
}
