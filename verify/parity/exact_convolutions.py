"""The fastest routes that PyTorch has for convolutions in float64, which no library is tuned for.

A route computes the same sums in another order, so results differ in the last bits alone. It
belongs to the verifier: networks that users get are not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

LARGE = 28 * 28  # pixels of an output from which PyTorch's own loop is faster on planes


@contextmanager
def exact_convolutions(network: nn.Module) -> Iterator[None]:
    """Inside the block, a network in float64 whose maps are channels-last takes the fast routes.

    Subclasses of ``Conv2d`` and layers whose ``forward`` was replaced keep their own.
    """
    taken = [
        module
        for module in network.modules()
        if type(module) is nn.Conv2d and "forward" not in vars(module)
    ]
    try:
        for module in taken:
            module.forward = partial(convolve, module)  # type: ignore[method-assign]
        yield
    finally:
        for module in taken:
            del module.forward


def convolve(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """What ``layer`` gives for x (N, C, H, W), by the route that is fastest for its kind."""
    return route_of(layer, x)(layer, x)


def route_of(layer: nn.Conv2d, x: Tensor) -> Callable[[nn.Conv2d, Tensor], Tensor]:
    """The fastest route of a layer's kind and an input's size: ``plain`` for a 1x1 convolution,
    which is a product of matrices already, and for whatever the other routes do not know."""
    sized = isinstance(layer.padding, tuple) and layer.padding_mode == "zeros" and x.ndim == 4
    fits = sized and x.dtype == layer.weight.dtype == torch.float64
    if not fits or x.shape[1] != layer.in_channels or layer.kernel_size == (1, 1):
        return plain
    height, width = output_size(layer, x)
    if height < 1 or width < 1:
        return plain
    if layer.groups == layer.in_channels == layer.out_channels:
        return depthwise
    if layer.groups > 1 or (height * width >= LARGE and layer.stride == (1, 1)):
        return on_planes
    return plain


def plain(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """The layer's own way."""
    return nn.Conv2d.forward(layer, x)


def on_planes(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """PyTorch's loop over images and groups, on contiguous planes: its copies of patches are up to
    three times as fast there."""
    found = functional.conv2d(
        x.contiguous(),
        layer.weight.contiguous(),
        layer.bias,
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
    )
    return found.contiguous(memory_format=torch.channels_last)


def depthwise(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """One multiplication of the whole map for each place of the kernel, where PyTorch would run one
    small convolution for each channel."""
    top, left = map(int, layer.padding)
    (down, right), (tall, wide) = layer.stride, layer.dilation
    padded = functional.pad(x.permute(0, 2, 3, 1), (0, 0, left, left, top, top))  # (N, H, W, C)
    height, width = output_size(layer, x)
    found: Tensor | None = None
    for i in range(layer.kernel_size[0]):
        for j in range(layer.kernel_size[1]):
            rows = slice(i * tall, i * tall + down * (height - 1) + 1, down)
            columns = slice(j * wide, j * wide + right * (width - 1) + 1, right)
            weight = layer.weight[:, 0, i, j].contiguous()  # (C,)
            if found is None:
                found = padded[:, rows, columns] * weight
            else:
                found.addcmul_(padded[:, rows, columns], weight)
    assert found is not None
    if layer.bias is not None:
        found += layer.bias
    return found.permute(0, 3, 1, 2)


def output_size(layer: nn.Conv2d, x: Tensor) -> tuple[int, int]:
    """Height and width of what a layer with padding in numbers gives."""
    padding, dilation = layer.padding, layer.dilation
    height, width = (
        (x.shape[2 + k] + 2 * int(padding[k]) - dilation[k] * (layer.kernel_size[k] - 1) - 1)
        // layer.stride[k]
        + 1
        for k in range(2)
    )
    return height, width
