"""Fused operations for the CPU.

Convolution, addition and ReLU become one call of oneDNN with weights packed beforehand; gate,
addition and ReLU take two passes over memory instead of three. torch.compile emits the same
operators for frozen weights; calling them directly needs no compiler and no minutes of compilation.
Like any fast path, they are trusted only after ``proof``.
"""

from __future__ import annotations

import operator
from functools import cache
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx import subgraph_rewriter
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional

RELUS = (functional.relu, torch.relu)


class FusedConv2d(nn.Module):
    """``relu?(conv(x) + addend?)`` of a convolution, for inputs of about ``shape`` (N, C, H, W)."""

    def __init__(self, conv: nn.Conv2d, shape: torch.Size, relu: bool) -> None:
        super().__init__()
        self.bias, self.relu = conv.bias, relu
        self.geometry = list(conv.padding), list(conv.stride), list(conv.dilation), conv.groups
        pack: Any = torch._C._nn.mkldnn_reorder_conv2d_weight  # its stub lacks an argument
        self.weight = pack(conv.weight.detach().to_mkldnn(), *self.geometry, list(shape))

    def forward(self, x: Tensor, addend: Tensor | None = None) -> Tensor:
        convolve = torch.ops.mkldnn._convolution_pointwise
        weights, relu = (self.weight, self.bias, *self.geometry), "relu" if self.relu else None
        result: Tensor = (
            convolve(x, *weights, relu or "none", [], "")
            if addend is None
            else convolve.binary(x, addend, *weights, "add", 1.0, relu, [], None)
        )
        return result


@cache
def available() -> bool:
    """Whether this torch has the operators, with the arguments that ``FusedConv2d`` passes."""
    x = torch.zeros(1, 8, 4, 4).contiguous(memory_format=torch.channels_last)
    conv = nn.Conv2d(8, 8, 1).to(memory_format=torch.channels_last)
    try:
        with torch.inference_mode():
            FusedConv2d(conv, x.shape, relu=False)(FusedConv2d(conv, x.shape, relu=True)(x), x)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return True


def gated(x: Tensor, gate: Tensor, addend: Tensor) -> Tensor:
    """The end of a squeeze-and-excitation block: x, addend (N, C, H, W), gate (N, C, 1, 1)."""
    return functional.relu(x * gate + addend)


def gated_in_two(x: Tensor, gate: Tensor, addend: Tensor) -> Tensor:
    """``gated`` in two passes over memory."""
    return torch.relu_(torch.addcmul(addend, x, gate))


def fuse(network: nn.Module, example: Tensor) -> nn.Module:
    """The result of ``fold`` with fused operations; unchanged if ``fold`` could not trace it.

    ``example`` is an input (N, 3, S, S) of the usual shape.
    """
    if not isinstance(network, fx.GraphModule):
        return network
    graph = network
    modules = dict(graph.named_modules())
    for node in graph.graph.nodes:
        if isinstance(modules.get(str(node.target)), nn.Identity):
            node.replace_all_uses_with(node.args[0])
            graph.graph.erase_node(node)
    ShapeProp(graph).propagate(example)
    order = {node: place for place, node in enumerate(graph.graph.nodes)}
    for node in list(order):
        conv = modules.get(str(node.target)) if node.op == "call_module" else None
        if (
            type(conv) is nn.Conv2d
            and conv.padding_mode == "zeros"
            and conv.padding not in ("same", "valid")
        ):
            last, inputs = node, [node.args[0]]
            after = _only_user(last)
            if after and after.target is operator.add:
                (addend,) = [a for a in after.args if a is not last] or [None]
                if isinstance(addend, fx.Node) and order.get(addend, order[node]) < order[node]:
                    last, inputs = after, [*inputs, addend]
            after = _only_user(last)
            relu = after is not None and _is_relu(after, modules)
            last = after if relu and after else last
            name = f"{node.target}_fused".replace(".", "_")
            graph.add_submodule(
                name, FusedConv2d(conv, node.args[0].meta["tensor_meta"].shape, relu)
            )
            with graph.graph.inserting_before(last):
                fused = graph.graph.call_module(name, tuple(inputs))
            fused.meta, order[fused] = last.meta, order[last]
            last.replace_all_uses_with(fused)
    subgraph_rewriter.replace_pattern(graph, gated, gated_in_two)
    graph.graph.eliminate_dead_code()
    graph.delete_all_unused_submodules()
    graph.recompile()
    return graph


def _only_user(node: fx.Node) -> fx.Node | None:
    return next(iter(node.users)) if len(node.users) == 1 else None


def _is_relu(node: fx.Node, modules: dict[str, nn.Module]) -> bool:
    return node.target in RELUS or isinstance(modules.get(str(node.target)), nn.ReLU)
