"""Regions of a feature map, pooled to a fixed size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def roi_align(
    features: Tensor,
    rois: Tensor,
    pooled_size: tuple[int, int],
    spatial_scale: float,
    sample_ratio: int = -1,
    position_sensitive: bool = False,
    aligned: bool = False,
) -> Tensor:
    """Means of bilinear samples in regions of features (N, C, H, W): (R, C, PH, PW).

    ``rois`` (R, 5) are (image, corners), or (R, 4) of one image; an image below 0 gives zeros. A
    bin has ``sample_ratio`` samples a side, or about one for each pixel if that is not above 0.
    ``position_sensitive``: each bin has channels of its own, and C is divided by PH * PW.
    """
    rois = rois.detach()
    image = rois[:, 0].long() if rois.shape[1] == 5 else rois.new_zeros(rois.shape[0]).long()
    corners = rois[:, -4:] * spatial_scale - (0.5 if aligned else 0.0)
    size = corners[:, 2:] - corners[:, :2]
    if not aligned:
        size = size.clamp(min=1)
    y, y_weight = bin_samples(corners[:, 1], size[:, 1], pooled_size[0], sample_ratio)
    x, x_weight = bin_samples(corners[:, 0], size[:, 0], pooled_size[1], sample_ratio)
    y, x = y[:, :, None, :, None], x[:, None, :, None, :]  # (R, PH, PW, samples, samples)
    count = y_weight[:, None, None, :, None] * x_weight[:, None, None, None, :]
    weight = count / count.sum((-2, -1), keepdim=True)
    return weighted_samples(features, image, y, x, weight, position_sensitive)


def bin_samples(start: Tensor, size: Tensor, bins: int, ratio: int) -> tuple[Tensor, Tensor]:
    """Where the samples of each bin lie on one axis (R, bins, S), and which count (R, S).

    Regions begin at ``start`` (R,) and are ``size`` (R,) long.
    """
    length = size / bins
    count = torch.full_like(size, ratio) if ratio > 0 else length.ceil()  # (R,)
    most = ratio if ratio > 0 else int(count.max()) if len(count) else 1
    sample = torch.arange(most, dtype=size.dtype, device=size.device)
    first = torch.arange(bins, dtype=size.dtype, device=size.device) * length[:, None]
    inside = (sample + 0.5) * length[:, None] / count[:, None]  # (R, S)
    places = (start[:, None] + first)[:, :, None] + inside[:, None, :]
    return places, (sample < count[:, None]).to(size.dtype)


def weighted_samples(
    features: Tensor, image: Tensor, y: Tensor, x: Tensor, weight: Tensor, grouped: bool = False
) -> Tensor:
    """Weighted sums of bilinear samples of features (N, C, H, W): (R, C, PH, PW).

    ``image`` (R,); ``y``, ``x`` and ``weight`` broadcast to (R, PH, PW, S, S). A sample further
    than one pixel outside counts as 0. ``grouped``: each bin has channels of its own.
    """
    batch, channels, height, width = features.shape
    regions, bins_y, bins_x = y.shape[0], y.shape[1], x.shape[2]
    shape = (regions, bins_y, bins_x, *weight.shape[3:])
    y, x, weight = y.expand(shape), x.expand(shape), weight.expand(shape)
    inside = (y >= -1) & (y <= height) & (x >= -1) & (x <= width)
    inside = inside & (image >= 0)[:, None, None, None, None]
    weight = torch.where(inside, weight, 0.0).flatten(3).flatten(0, 2)  # (R * PH * PW, S * S)
    y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    top, left = y.floor(), x.floor()
    down, right = (y - top).reshape(weight.shape), (x - left).reshape(weight.shape)
    top, left = top.long(), left.long()
    bottom, far = (top + 1).clamp(max=height - 1), (left + 1).clamp(max=width - 1)
    groups = bins_y * bins_x if grouped else 1
    channels = channels // groups
    table = features.reshape(batch, channels, groups, height * width).permute(0, 2, 3, 1)
    first = image.clamp(min=0)[:, None] * groups
    if grouped:
        first = first + torch.arange(groups, device=features.device)  # (R, PH * PW)
    first = (first * height * width)[..., None]
    corners = [
        (row * width + column).flatten(3).flatten(1, 2) + first  # (R, PH * PW, S * S)
        for row, column in ((top, left), (top, far), (bottom, left), (bottom, far))
    ]
    weights = [
        (1 - down) * (1 - right) * weight,
        (1 - down) * right * weight,
        down * (1 - right) * weight,
        down * right * weight,
    ]
    sums = F.embedding_bag(
        torch.cat(corners, -1).flatten(0, 1),
        table.reshape(-1, channels),
        mode="sum",
        per_sample_weights=torch.cat(weights, -1),
    )
    return sums.reshape(regions, bins_y, bins_x, channels).permute(0, 3, 1, 2)


def rotated_roi_align(
    features: Tensor,
    rois: Tensor,
    pooled_size: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int = -1,
) -> Tensor:
    """``roi_align`` of regions (R, 6), (image, centre x, centre y, width, height, degrees)."""
    rois = rois.detach()
    center, size = rois[:, 1:3] * spatial_scale, (rois[:, 3:5] * spatial_scale).clamp(min=1)
    angle = rois[:, 5, None, None, None, None] * torch.pi / 180
    start = -size / 2
    y, y_weight = bin_samples(start[:, 1], size[:, 1], pooled_size[0], sampling_ratio)
    x, x_weight = bin_samples(start[:, 0], size[:, 0], pooled_size[1], sampling_ratio)
    y, x = y[:, :, None, :, None], x[:, None, :, None, :]
    center = center[:, :, None, None, None, None]
    turned_x = x * angle.cos() + y * angle.sin() + center[:, 0]
    turned_y = y * angle.cos() - x * angle.sin() + center[:, 1]
    count = y_weight[:, None, None, :, None] * x_weight[:, None, None, None, :]
    weight = count / count.sum((-2, -1), keepdim=True)
    return weighted_samples(features, rois[:, 0].long(), turned_y, turned_x, weight)


def round_half_away(x: Tensor) -> Tensor:
    """x rounded to integers as C does it: halves away from 0."""
    whole = x.trunc()
    return whole + ((x - whole).abs() >= 0.5) * x.sign()


def roi_pooling(
    x: Tensor, rois: Tensor, pooled_size: tuple[int, int], spatial_scale: float
) -> Tensor:
    """Maxima in regions of x (N, C, H, W), rounded to whole pixels: (R, C, PH, PW).

    ``rois`` (R, 5) are (image, corners). A bin outside of the image is 0.
    """
    corners = round_half_away(rois[:, 1:].detach() * spatial_scale)
    size = (corners[:, 2:] - corners[:, :2] + 1).clamp(min=1)
    columns = bin_edges(corners[:, 0], size[:, 0], pooled_size[1], x.shape[3])
    rows = bin_edges(corners[:, 1], size[:, 1], pooled_size[0], x.shape[2])
    pooled = []
    for image, row_edges, column_edges in zip(rois[:, 0].tolist(), rows, columns, strict=True):
        features = x[int(image)]  # (C, H, W)
        bands = [features[:, start:stop] for start, stop in row_edges]
        tall = torch.stack([maximum(band, 1) for band in bands], 1)  # (C, PH, W)
        bands = [tall[:, :, start:stop] for start, stop in column_edges]
        pooled.append(torch.stack([maximum(band, 2) for band in bands], 2))
    if not pooled:
        return x.new_zeros((0, x.shape[1], *pooled_size))
    out = torch.stack(pooled)
    return torch.where(out.isinf() & (out < 0), 0.0, out)


def maximum(x: Tensor, axis: int) -> Tensor:
    """The maximum over one axis, -inf if it is empty."""
    return x.amax(axis) if x.shape[axis] else x.sum(axis) - torch.inf


def bin_edges(start: Tensor, size: Tensor, bins: int, limit: int) -> list[list[list[int]]]:
    """The first pixel of each bin and the one after its last, for regions on one axis."""
    length = (size / bins)[:, None]
    place = torch.arange(bins, dtype=size.dtype, device=size.device)
    first = (place * length).floor() + start[:, None]
    after = ((place + 1) * length).ceil() + start[:, None]
    edges: list[list[list[int]]] = torch.stack((first, after), -1).clamp(0, limit).long().tolist()
    return edges


def psroi_pooling(
    x: Tensor,
    rois: Tensor,
    output_dim: int,
    pooled_size: int,
    spatial_scale: float,
    group_size: int = 0,
) -> Tensor:
    """Means in the bins of regions of x (N, output_dim * G * G, H, W), each bin of its channels.

    ``rois`` (R, 5) are (image, corners); gives (R, output_dim, P, P). G is ``group_size``, or P.
    """
    bins, groups = pooled_size, group_size or pooled_size
    corners = round_half_away(rois[:, 1:].detach())
    start, end = corners[:, :2] * spatial_scale, (corners[:, 2:] + 1) * spatial_scale
    length = ((end - start).clamp(min=0.1) / bins)[:, None]  # (R, 1, 2)
    place = torch.arange(bins, dtype=start.dtype, device=x.device)[:, None]
    limit = torch.tensor([x.shape[3], x.shape[2]], dtype=start.dtype, device=x.device)
    first = (place * length + start[:, None]).floor().clamp(min=0).minimum(limit)
    after = ((place + 1) * length + start[:, None]).ceil().clamp(min=0).minimum(limit)
    maps = x.reshape(x.shape[0], output_dim, groups, groups, *x.shape[2:])
    pooled = []
    for image, begin, stop in zip(
        rois[:, 0].tolist(), first.long().tolist(), after.long().tolist(), strict=True
    ):
        for row in range(bins):
            for column in range(bins):
                bands = maps[int(image), :, row * groups // bins, column * groups // bins]
                band = bands[:, begin[row][1] : stop[row][1], begin[column][0] : stop[column][0]]
                area = max(band.shape[1] * band.shape[2], 1)
                pooled.append(band.sum((1, 2)) / area)
    if not pooled:
        return x.new_zeros((0, output_dim, bins, bins))
    return torch.stack(pooled).reshape(len(rois), bins, bins, output_dim).permute(0, 3, 1, 2)


def deformable_psroi_pooling(
    features: Tensor,
    rois: Tensor,
    trans: Tensor | None,
    output_dim: int,
    pooled_size: int,
    spatial_scale: float,
    group_size: int,
    part_size: int = 0,
    sample_per_part: int = 1,
    trans_std: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Means of samples in regions, whose bins are moved, and how many there are in each.

    ``features`` (N, output_dim * G * G, H, W), ``rois`` (R, 5) as (image, corners), ``trans`` (R, 2
    * K, parts, parts): how far the bins of each of K classes move in x and y. Both outputs are (R,
    output_dim, P, P).
    """
    bins, parts = pooled_size, part_size or pooled_size
    classes = 1 if trans is None else trans.shape[1] // 2
    regions, (height, width) = rois.shape[0], features.shape[2:]
    corners = round_half_away(rois[:, 1:].detach())
    start = corners[:, :2] * spatial_scale - 0.5
    size = ((corners[:, 2:] + 1) * spatial_scale - 0.5 - start).clamp(min=0.1)  # (R, 2): x, y
    place = torch.arange(bins, dtype=start.dtype, device=start.device)
    sample = torch.arange(sample_per_part, dtype=start.dtype, device=start.device)
    step = size / bins
    first = place * step[..., None] + start[..., None]  # (R, 2, P)
    further = sample * (step / sample_per_part)[..., None]  # (R, 2, S)
    x, y = first[:, 0, None, None, :], first[:, 1, None, :, None]  # (R, K, P, P)
    if trans is not None:
        part = (place / bins * parts).floor().long()
        moved = trans.reshape(regions, classes, 2, parts, parts)[..., part, :][..., part]
        moved = moved * trans_std
        x = x + moved[:, :, 0] * size[:, 0, None, None, None]
        y = y + moved[:, :, 1] * size[:, 1, None, None, None]
    x = x[..., None, None] + further[:, 0, None, None, None, None, :]
    y = y[..., None, None] + further[:, 1, None, None, None, :, None]
    shape = (regions, classes, bins, bins, sample_per_part, sample_per_part)
    x, y = x.expand(shape).flatten(0, 1), y.expand(shape).flatten(0, 1)
    inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    count = inside.sum((-2, -1))  # (R * K, P, P)
    weight = inside.to(x.dtype) / count.clamp(min=1)[..., None, None]
    group = (torch.arange(bins, device=x.device) * group_size) // bins
    maps = features.reshape(features.shape[0] * classes, -1, group_size, group_size, height, width)
    maps = maps[:, :, group][:, :, :, group].flatten(1, 3)  # (N * K, output_dim / K * P * P, H, W)
    image = rois[:, 0, None].long() * classes + torch.arange(classes, device=x.device)
    pooled = weighted_samples(maps, image.flatten(), y, x, weight, grouped=True)
    pooled = pooled.reshape(regions, output_dim, bins, bins)
    counts = count.reshape(regions, classes, 1, bins, bins).to(x.dtype)
    counts = counts.expand(-1, -1, output_dim // classes, -1, -1).reshape(pooled.shape)
    return pooled, counts
