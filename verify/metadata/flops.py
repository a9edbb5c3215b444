"""FLOPs as two tools count them, from a run of the network without values.

Neither tool counts floating-point operations: each has its own price for some layers, and counts
nothing for the others. Both are tables here, taken from thop 0.0.31 (vision/basic_hooks.py) and
from mmcv (cnn/utils/flops_counter.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode


@dataclass(frozen=True)
class OperatorCall:
    """One call of an operator: the numbers of its input and output elements.

    ``fan_in`` is the number of multiplications for each output element, 0 without a weight.
    """

    operation: str
    inputs: int
    outputs: int
    fan_in: int = 0
    bias: bool = False


Price = Callable[[OperatorCall], int]


@dataclass(frozen=True)
class Counter:
    """How a tool counts: its price for each operator that it knows, on an input of one size.

    ``size`` is the input's height and width in pixels; ``classifier`` whether the network was
    counted with its last layer.
    """

    description: str
    size: tuple[int, int]
    classifier: bool
    prices: Mapping[str, Price]

    def count(self, network: nn.Module) -> int:
        """The FLOPs of one image through ``network``, which is on the meta device."""
        calls = record(network, self.size)
        return sum(self.prices[c.operation](c) for c in calls if c.operation in self.prices)


def products_and_bias(call: OperatorCall) -> int:
    """A convolution: each multiply-accumulate counts as one, and so does adding a bias."""
    return call.outputs * (call.fan_in + call.bias)


# The input is a photograph of 1546 x 1213, its short side resized to 224, uncropped; timm's cards
# count the network without its classifier. A width of 286 would give the same maps and counts.
THOP = Counter(
    "thop 0.0.31, 1 x 3 x 224 x 285, classifier not counted",
    (224, 285),
    False,
    {
        "conv2d": products_and_bias,
        "batch_norm": lambda call: 2 * call.inputs,
        "avg_pool2d": lambda call: call.outputs,
        "adaptive_avg_pool2d": lambda call: call.inputs + call.outputs,  # added up, divided
    },
)

MMCV = Counter(
    "mmcv's counter, 1 x 3 x 224 x 224",
    (224, 224),
    True,
    {
        "conv2d": products_and_bias,
        "linear": lambda call: call.outputs * call.fan_in,
        "batch_norm": lambda call: 2 * call.inputs,
        "relu": lambda call: call.outputs,
        "max_pool2d": lambda call: call.inputs,
        "adaptive_avg_pool2d": lambda call: call.inputs,
        "mean": lambda call: call.inputs,  # mmpretrain's SE layer pools with AdaptiveAvgPool2d
    },
)

WEIGHTED = ("conv2d", "linear")


def record(network: nn.Module, size: tuple[int, int]) -> list[OperatorCall]:
    """Every call of an operator that has a price, in a run on one image (3, *size)."""
    recorder = _Recorder()
    with recorder, torch.no_grad():
        network.eval()(torch.empty(1, 3, *size, device="meta"))
    return recorder.calls


class _Recorder(TorchFunctionMode):
    """Records calls. Hooks on modules would miss functions: ReLU, and the means in SE."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[OperatorCall] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        operation = func.__name__
        if operation in THOP.prices or operation in MMCV.prices:
            call = OperatorCall(operation, args[0].numel(), result.numel())
            if operation in WEIGHTED:
                weight, bias = args[1:3]
                call = replace(call, fan_in=weight[0].numel(), bias=bias is not None)
            self.calls.append(call)
        return result
