"""DLA of GluonCV (gluoncv/model_zoo/dla.py), with timm's names on the other side.

Both have the names of the original network; only the leaves and the flat names differ. A layer of a
tree is numbered within its part of the tree (``level3_tree_1_root_conv0_weight``), and the other
layers in the order in which the whole process created them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mappings.gluon import conv, dense, norm, once, within
from mappings.language import Row

projected = replace(norm, counter="bn")
"""The norm of a projection, which the network calls ``proj_bn0``."""


def dla(levels: tuple[int, ...], channels: tuple[int, ...]) -> tuple[Row, ...]:
    """The table of a network with these levels and channels."""
    return tuple(_rows(levels, channels))


def _rows(levels: tuple[int, ...], channels: tuple[int, ...]) -> Iterator[Row]:
    yield from _pair("base_layer.0", "base_layer.1", "")
    for level in (0, 1):
        for index in range(levels[level]):
            yield from _pair(f"level{level}.{3 * index}", f"level{level}.{3 * index + 1}", "")
    for level in range(2, len(levels)):
        projects = channels[level - 1] != channels[level]
        yield from _tree(f"level{level}", f"level{level}_", levels[level], projects)
    yield Row(dense, "fc", "fc", once)


def _tree(name: str, prefix: str, depth: int, projects: bool) -> Iterator[Row]:
    """A tree, whose layers Gluon counts within ``prefix``; its first part ``projects`` its input to
    another number of channels."""
    if depth > 1:
        yield from _tree(f"{name}.tree1", f"{prefix}tree_1_", depth - 1, projects)
        yield from _tree(f"{name}.tree2", f"{prefix}tree_2_", depth - 1, False)
        return
    for part in (1, 2):
        block, within_block = f"{name}.tree{part}", f"{prefix}block_tree_{part}_"
        yield from _pair(f"{block}.conv1", f"{block}.bn1", within_block)
        yield from _pair(f"{block}.conv2", f"{block}.bn2", within_block)
    if projects:
        scope = within(f"{prefix}proj_")
        yield Row(conv, f"{name}.project.0", f"{name}.project.0", scope)
        yield Row(projected, f"{name}.project.1", f"{name}.project.1", scope)
    yield from _pair(f"{name}.root.conv", f"{name}.root.bn", f"{prefix}root_")


def _pair(convolution: str, its_norm: str, prefix: str) -> Iterator[Row]:
    yield Row(conv, convolution, convolution, within(prefix))
    yield Row(norm, its_norm, its_norm, within(prefix))
