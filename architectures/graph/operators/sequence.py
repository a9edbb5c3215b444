"""Sequences of different lengths (MXNet src/operator/sequence_*.cc and nn/ctc_loss.cc)."""

from __future__ import annotations

from architectures.graph.attributes import choice, flag, integer, number
from architectures.graph.expression import Apply, Expression
from architectures.graph.infer import same
from architectures.graph.operator import Call, Dims, Operator


def axis_argument(call: Call) -> dict[str, int]:
    if call["axis"] not in (0, 1):
        raise call.refuse(f"axis is {call['axis']}; expected 0 or 1")
    return {"axis": call["axis"]} if call["axis"] else {}


def sequence_mask(call: Call) -> Expression:
    """Without lengths it is the identity, as in MXNet."""
    if not call["use_sequence_length"]:
        return call.input(0)
    args = (*call.inputs, call["value"])
    return Apply("sequence_mask", args, axis_argument(call), exact="sequence_mask_float32_value")


def sequence_last(call: Call) -> Expression:
    kwargs = axis_argument(call)
    if call["use_sequence_length"]:
        return Apply("sequence_last", call.inputs, kwargs)
    return Apply(".select", (call.input(0), call["axis"], -1))


def sequence_last_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return (None if data is None else (data[1 - call["axis"]], *data[2:]),)


def sequence_reverse(call: Call) -> Expression:
    if call["axis"] != 0:
        raise call.refuse(f"axis is {call['axis']}; MXNet supports only 0")
    if call["use_sequence_length"]:
        return Apply("sequence_reverse", call.inputs)
    return Apply("torch.flip", (call.input(0), (0,)))


def ctc_loss(call: Call) -> Expression:
    """The loss of each sequence. Softmax is within it, as in MXNet."""
    lengths = iter(call.inputs[2:])
    kwargs: dict[str, object] = {}
    if call["use_data_lengths"]:
        kwargs["data_lengths"] = next(lengths)
    if call["use_label_lengths"]:
        kwargs["label_lengths"] = next(lengths)
    if call["blank_label"] != "first":
        kwargs["blank_label"] = call["blank_label"]
    return Apply("connectionist_loss", call.inputs[:2], kwargs)


def ctc_loss_shape(call: Call) -> tuple[Dims | None, ...]:
    data = call.shapes[0]
    return ((None if data is None else data[1],),)


OPERATORS = (
    Operator(
        ("SequenceMask", "_npx_sequence_mask"),
        "src/operator/sequence_mask.cc",
        sequence_mask,
        same,
        {"use_sequence_length": flag(False), "value": number(0.0), "axis": integer(0)},
        inputs=("data", "sequence_length"),
    ),
    Operator(
        ("SequenceLast",),
        "src/operator/sequence_last.cc",
        sequence_last,
        sequence_last_shape,
        {"use_sequence_length": flag(False), "axis": integer(0)},
        inputs=("data", "sequence_length"),
    ),
    Operator(
        ("SequenceReverse",),
        "src/operator/sequence_reverse.cc",
        sequence_reverse,
        same,
        {"use_sequence_length": flag(False), "axis": integer(0)},
        inputs=("data", "sequence_length"),
    ),
    Operator(
        ("CTCLoss", "ctc_loss", "_contrib_CTCLoss", "_contrib_ctc_loss"),
        "src/operator/nn/ctc_loss.cc",
        ctc_loss,
        ctc_loss_shape,
        {
            "use_data_lengths": flag(False),
            "use_label_lengths": flag(False),
            "blank_label": choice("first", "last", default="first"),
        },
        inputs=("data", "label", "data_lengths", "label_lengths"),
    ),
)
