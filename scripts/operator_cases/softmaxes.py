"""Cases of softmax and of the heads of training graphs."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import BOTH, OperatorCase

DOUBLE, SINGLE = ("float64",), ("float32",)


def softmax_attributes(draw: Draw, rank: int) -> dict[str, object]:
    attributes: dict[str, object] = {}
    if draw.flag(0.6):
        attributes["axis"] = draw.integer(-rank, rank - 1)
    if draw.flag(0.3):
        attributes["temperature"] = draw.choice("2.0", "0.7", "1.0")
    if draw.flag(0.2):
        attributes["dtype"] = draw.choice("float32", "float64")
    return attributes


def softmax(draw: Draw) -> OperatorCase:
    """With lengths MXNet 1.9.1 fails in float32 where the axis is not the last one."""
    rank = draw.cycle(2, 3, 4, 1)
    attributes, shape = softmax_attributes(draw, rank), draw.shape(rank, 2, 4)
    logits = draw.uniform(shape, -5, 5)
    if rank == 1 or draw.flag(0.7):
        return draw.case(attributes, logits)
    axis = int(str(attributes.get("axis", -1))) % rank
    if "axis" in attributes:
        attributes["axis"] = axis  # MXNet takes no negative one here
    attributes["use_length"] = True
    others = tuple(size for at, size in enumerate(shape) if at != axis)
    lengths = draw.integers(others, 0, shape[axis] + 1, dtype=draw.choice("int32", "int64"))
    return draw.case(attributes, logits, lengths, runs=BOTH if axis == rank - 1 else DOUBLE)


def plain_softmax(draw: Draw) -> OperatorCase:
    rank = draw.cycle(2, 3, 4, 1)
    return draw.case(softmax_attributes(draw, rank), draw.uniform(draw.shape(rank, 2, 4), -5, 5))


def softmax_activation(draw: Draw) -> OperatorCase:
    """MXNet runs it in float32 alone."""
    mode = draw.cycle(None, "channel", "instance")
    rank = draw.choice(3, 4) if mode == "channel" else draw.choice(2, 3, 4)
    attributes = {} if mode is None else {"mode": mode}
    return draw.case(attributes, draw.uniform(draw.shape(rank, 2, 4), -5, 5), runs=SINGLE)


def softmax_output(draw: Draw) -> OperatorCase:
    """Over a whole row of more than one axis, MXNet's two precisions disagree: see the operator."""
    kind = draw.cycle(None, "multi_output", "preserve_shape")
    rank = draw.choice(2, 3, 4) if kind != "multi_output" else draw.choice(3, 4)
    shape = draw.shape(rank, 2, 4)
    label = (shape[0], *shape[2:]) if kind == "multi_output" else shape[:-1]
    attributes: dict[str, object] = {} if kind is None else {kind: True}
    if draw.flag(0.3):
        attributes |= {"use_ignore": True, "grad_scale": 0.5, "normalization": "valid"}
    runs = DOUBLE if kind is None and rank > 2 else BOTH
    inputs = draw.uniform(shape, -5, 5), draw.integers(label, 0, 2)
    return draw.case(attributes, *inputs, runs=runs)


def regression(draw: Draw) -> OperatorCase:
    if draw.name == "SVMOutput":
        shape = draw.shape(2, 1, 5)
        attributes = {"margin": 0.5, "use_linear": draw.flag()} if draw.flag() else {}
        return draw.case(attributes, draw.uniform(shape), draw.integers(shape[:1], 0, 2))
    shape = draw.shape(draw.choice(2, 3), 1, 4)
    attributes = {"grad_scale": draw.choice(2, 0.1)} if draw.flag() else {}
    return draw.case(attributes, draw.uniform(shape, -5, 5), draw.uniform(shape))


def make_loss(draw: Draw) -> OperatorCase:
    attributes: dict[str, object] = {}
    if draw.flag():
        attributes |= {
            "grad_scale": draw.real(0.1, 2),
            "normalization": draw.choice("batch", "null"),
        }
    return draw.case(attributes, draw.uniform(draw.shape(draw.integer(1, 4))))


def sparse_regularisation(draw: Draw) -> OperatorCase:
    """MXNet runs it in float32 alone."""
    shape = draw.shape(2, 1, 5)
    attributes = {"penalty": draw.real(0.001, 0.1)} if draw.flag() else {}
    return draw.case(attributes, draw.uniform(shape), draw.uniform(shape[1:]), runs=SINGLE)


def cross_entropy(draw: Draw) -> OperatorCase:
    """Far logits give probabilities below the least that MXNet takes."""
    batch, classes = draw.integer(1, 4), draw.integer(2, 5)
    reach = draw.cycle(2, 30)
    logits = draw.uniform((batch, classes), -reach, reach)
    return draw.case({}, logits, draw.integers((batch,), 0, classes))


CASES = {
    "softmax": softmax,
    "log_softmax": plain_softmax,
    "softmin": plain_softmax,
    "SoftmaxActivation": softmax_activation,
    "SoftmaxOutput": softmax_output,
    "LinearRegressionOutput": regression,
    "LogisticRegressionOutput": regression,
    "MakeLoss": make_loss,
    "IdentityAttachKLSparseReg": sparse_regularisation,
    "softmax_cross_entropy": cross_entropy,
}
