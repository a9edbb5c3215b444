"""ResNet v1b, v1c, v1d, v1e and v1s of GluonCV (gluoncv/model_zoo/resnetv1b.py).

Its layers have PyTorch's names; only the leaves and the flat names differ. A shortcut is numbered
by itself (``down1_conv0_weight``), not within its stage (``layers1_conv0_weight``).
"""

from __future__ import annotations

from dataclasses import replace

from mappings.gluon import (
    conv,
    dense,
    every_block,
    first_block,
    first_block_of_later_stages,
    group_norm,
    norm,
    once,
)
from mappings.language import Kind, Row, Scope

in_block = replace(every_block, prefix="layers{stage}_")
shortcut = replace(first_block, prefix="down{stage}_")
later_shortcut = replace(first_block_of_later_stages, prefix="down{stage}_")


def _same(kind: Kind, name: str, scope: Scope) -> Row:
    return Row(kind, name, name, scope)


def _of_block(kind: Kind, name: str, scope: Scope = in_block) -> Row:
    return _same(kind, f"layer{{stage}}.{{block}}.{name}", scope)


def _bottleneck(of: Kind) -> tuple[Row, ...]:
    return (
        _of_block(conv, "conv1"),
        _of_block(of, "bn1"),
        _of_block(conv, "conv2"),
        _of_block(of, "bn2"),
        _of_block(conv, "conv3"),
        _of_block(of, "bn3"),
        _of_block(conv, "downsample.0", shortcut),
        _of_block(of, "downsample.1", shortcut),
    )


_STEM = (
    _same(conv, "conv1", once),
    _same(norm, "bn1", once),
)
_DEEP_STEM = (
    _same(conv, "conv1.0", once),
    _same(norm, "conv1.1", once),
    _same(conv, "conv1.3", once),
    _same(norm, "conv1.4", once),
    _same(conv, "conv1.6", once),
    _same(norm, "bn1", once),
)
_BASIC = (
    _of_block(conv, "conv1"),
    _of_block(norm, "bn1"),
    _of_block(conv, "conv2"),
    _of_block(norm, "bn2"),
    _of_block(conv, "downsample.0", later_shortcut),
    _of_block(norm, "downsample.1", later_shortcut),
)
_AVERAGED = (
    *_bottleneck(norm)[:-2],
    _of_block(conv, "downsample.1", shortcut),
    _of_block(norm, "downsample.2", shortcut),
)
_HEAD = (_same(dense, "fc", once),)

BASIC = _STEM + _BASIC + _HEAD
BOTTLENECK = _STEM + _bottleneck(norm) + _HEAD
GROUP_NORM = (
    _same(conv, "conv1", once),
    _same(group_norm, "bn1", once),
    *_bottleneck(group_norm),
    *_HEAD,
)
DEEP_STEM = _DEEP_STEM + _bottleneck(norm) + _HEAD
DEEP_STEM_AVERAGED = _DEEP_STEM + _AVERAGED + _HEAD
