"""Transposed convolution to a given size (MXNet Deconvolution's ``target_shape``)."""

import torch.nn.functional as F
from torch import Tensor


def deconvolution_to(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    target: tuple[int, ...],
    stride: tuple[int, ...],
    groups: int,
) -> Tensor:
    """The transposed convolution without padding, cut to ``target`` about its middle.

    x: (N, C, *sizes); weight: (C, filters / groups, *kernel); (N, filters, *target).
    """
    functions = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
    y = functions[len(target)](x, weight, bias, stride, 0, 0, groups)
    for axis, size in enumerate(target, start=2):
        y = y.narrow(axis, (y.shape[axis] - size + 1) // 2, size)
    return y
