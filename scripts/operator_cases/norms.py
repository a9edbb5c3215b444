"""Cases of normalisations with parameters."""

from __future__ import annotations

from scripts.operator_cases import Draw
from verify.operators.operator_case import OperatorCase

NOT_IN_REFERENCE = (
    "CuDNNBatchNorm",
    "_npx_sync_batch_norm",
    "_npx_batch_norm_with_relu",
    "_npx_instance_norm",
)

SINGLE = ("BatchNorm_v1", "_contrib_SyncBatchNorm", "_contrib_BatchNormWithReLU")
"""Those that MXNet runs in float32 alone."""


def batch_norm(draw: Draw) -> OperatorCase:
    """BatchNorm_v1 is four-dimensional; MKL-DNN's BatchNormWithReLU is too."""
    name = draw.cycle("BatchNorm", draw.name, "BatchNorm")
    rank = 4 if name in ("BatchNorm_v1", "_contrib_BatchNormWithReLU") else draw.choice(2, 3, 4, 5)
    shape = draw.shape(rank, 1, 4)
    attributes: dict[str, object] = {}
    if draw.flag():
        attributes["eps"] = draw.choice("1e-05", "2e-05", "0.001", "0.01")
    fixed = draw.cycle(None, True, False)
    if fixed is not None:
        attributes["fix_gamma"] = fixed
    if draw.flag(0.4):
        attributes["use_global_stats"] = draw.flag()
    if draw.flag(0.3):
        attributes["momentum"] = draw.choice("0.95", "0.99")
    axis = 1
    if name in ("BatchNorm", "_npx_batch_norm") and draw.flag(0.4):
        axis = draw.choice(-1, 0, 1, 1 - rank)
        attributes["axis"] = axis
    if name == "_contrib_SyncBatchNorm":
        attributes |= {"key": "bn", "ndev": 1}
    elif draw.flag(0.3):
        attributes["output_mean_var"] = draw.flag(0.8)
    size = (shape[axis],)
    operands = [
        draw.uniform(shape, -2, 2),
        draw.uniform(size, 0.5, 1.5),
        draw.uniform(size),
        draw.uniform(size),
        draw.uniform(size, 0.1, 2),
    ]
    runs = ("float32",) if name in SINGLE else ("float64", "float32")
    return draw.case(attributes, *operands, runs=runs, name=name)


def layer_norm(draw: Draw) -> OperatorCase:
    rank = draw.cycle(2, 3, 4, 1)
    shape = draw.shape(rank, 2, 5)
    attributes: dict[str, object] = {}
    axis = -1
    if draw.flag(0.6):
        axis = draw.integer(-rank, rank - 1)
        attributes["axis"] = axis
    if draw.flag():
        attributes["eps"] = draw.choice("1e-05", "1e-06", "0.001")
    if draw.flag(0.3):
        attributes["output_mean_var"] = draw.flag(0.8)
    size = (shape[axis],)
    operands = [draw.uniform(shape, -2, 2), draw.uniform(size, 0.5, 1.5), draw.uniform(size)]
    return draw.case(attributes, *operands)


def instance_norm(draw: Draw) -> OperatorCase:
    """MXNet runs it in float32 alone."""
    rank = draw.cycle(4, 3, 5)
    shape = (draw.choice(1, 3), *draw.shape(rank - 1, 2, 4))
    attributes = {"eps": draw.choice("1e-05", "1e-06", "0.01")} if draw.flag() else {}
    size = (shape[1],)
    operands = [draw.uniform(shape, -2, 2), draw.uniform(size, 0.5, 1.5), draw.uniform(size)]
    return draw.case(attributes, *operands, runs=("float32",))


CASES = {"BatchNorm": batch_norm, "LayerNorm": layer_norm, "InstanceNorm": instance_norm}
