"""Sizes that maps get, as MXNet's UpSampling, BilinearResize2D and Crop compute them."""

import struct

import torch
import torch.nn.functional as F
from torch import Tensor


def map_size(x: Tensor) -> tuple[int, int]:
    """Height and width. x: (N, C, H, W)."""
    return x.shape[2], x.shape[3]


def scaled_size(x: Tensor, height: float, width: float) -> tuple[int, int]:
    """The size times a scale for each axis, in float32, rounded down."""
    return whole_product(x.shape[2], height), whole_product(x.shape[3], width)


def whole_product(size: int, scale: float) -> int:
    """The product in float32, rounded down."""
    single: float = struct.unpack("f", struct.pack("f", scale))[0]
    product: float = struct.unpack("f", struct.pack("f", size * single))[0]
    return int(product)


def adjusted_size(
    x: Tensor, mode: str, height: float | None, width: float | None
) -> tuple[int, int]:
    """The size scaled so that odd sizes stay odd, or moved to the next even or odd one."""
    sizes = []
    for size, scale in zip(x.shape[2:], (height, width), strict=True):
        if mode == "odd_scale":
            odd = size % 2
            sizes.append(whole_product(size - odd, 1.0 if scale is None else scale) + odd)
        elif size % 2 == (1 if mode.startswith("to_odd") else 0):
            sizes.append(size)
        else:
            sizes.append(size + (1 if mode.endswith("up") else -1))
    return sizes[0], sizes[1]


def upsampled_together(maps: list[Tensor], scale: int, mode: str) -> Tensor:
    """Maps with repeated values, all of ``scale`` times the size of the first: joined along the
    channels, or summed (``sum``). maps: (N, C, H, W) each."""
    size = maps[0].shape[2] * scale
    large = []
    for x in maps:
        times = size // x.shape[2]
        large.append(x.repeat_interleave(times, 2).repeat_interleave(times, 3))
    return torch.stack(large).sum(0) if mode == "sum" else torch.cat(large, 1)


def cropped(x: Tensor, size: tuple[int, int], start: tuple[int, int] | None) -> Tensor:
    """The window of a size that begins at ``start``, or lies in the middle. x: (N, C, H, W)."""
    if start is None:
        start = (x.shape[2] - size[0]) // 2, (x.shape[3] - size[1]) // 2
    return x[:, :, start[0] : start[0] + size[0], start[1] : start[1] + size[1]]


def resized_from_corner(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear interpolation without aligned corners; a size of 1 takes the first place.

    x: (N, C, H, W); (N, C, *size).
    """
    for axis in (2, 3):
        if size[axis - 2] == 1:
            x = x.narrow(axis, 0, 1)
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)
