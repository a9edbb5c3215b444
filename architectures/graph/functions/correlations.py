"""How alike two maps are at each place and displacement (MXNet Correlation)."""

import torch
import torch.nn.functional as F
from torch import Tensor


def correlation(
    first: Tensor,
    second: Tensor,
    kernel: int,
    reach: int,
    stride: int,
    step: int,
    pad: int,
    multiply: bool,
) -> Tensor:
    """The mean over channels and a window of the product, or of the distance, of two maps.

    first, second: (N, C, H, W). The second map is displaced by multiples of ``step`` up to
    ``reach`` on both axes, rows before columns: (N, displacements, H', W').
    """
    first, second = F.pad(first, [pad] * 4), F.pad(second, [pad] * 4)
    border = reach + (kernel - 1) // 2
    # Rows and columns that the windows cover.
    rows, columns = (
        (-(-(size - 2 * border) // stride) - 1) * stride + kernel for size in first.shape[2:]
    )
    still = first[:, :, reach : reach + rows, reach : reach + columns]
    maps = []
    offsets = range(-(reach // step) * step, reach + 1, step)
    for down in offsets:
        for right in offsets:
            top, left = reach + down, reach + right
            moved = second[:, :, top : top + rows, left : left + columns]
            alike = still * moved if multiply else (still - moved).abs()
            maps.append(alike.mean(1))
    return F.avg_pool2d(torch.stack(maps, 1), kernel, stride)
