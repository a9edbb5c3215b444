"""Pre-activation ResNets of MXNet's symbol script for its Module API
(mxnet: example/image-classification/symbols/resnet.py).

Rows stand in the order in which the symbol runs. A file's names are those of the symbol's nodes
(``arg:stage1_unit1_conv1_weight``, ``aux:stage1_unit1_bn1_moving_mean``).
"""

from __future__ import annotations

from mappings import gluon
from mappings.gluon import every_block, first_block, once
from mappings.language import Kind, Row

conv = Kind("", gluon.conv.leaves)
dense = Kind("", gluon.dense.leaves)
norm = Kind("", gluon.norm.leaves, gluon.norm.synthesised)

UNIT, TARGET = "stage{stage}_unit{unit}", "layer{stage}.{block}"

_INPUT = (
    Row(norm, "bn_data", "bn0", once),
    Row(conv, "conv0", "conv1", once),
)
_STEM_NORM = (Row(norm, "bn0", "bn1", once),)
_BASIC = (
    Row(norm, f"{UNIT}_bn1", f"{TARGET}.bn1", every_block),
    Row(conv, f"{UNIT}_conv1", f"{TARGET}.conv1", every_block),
    Row(norm, f"{UNIT}_bn2", f"{TARGET}.bn2", every_block),
    Row(conv, f"{UNIT}_conv2", f"{TARGET}.conv2", every_block),
)
_BOTTLENECK = (
    *_BASIC,
    Row(norm, f"{UNIT}_bn3", f"{TARGET}.bn3", every_block),
    Row(conv, f"{UNIT}_conv3", f"{TARGET}.conv3", every_block),
)
_SHORTCUT = (Row(conv, f"{UNIT}_sc", f"{TARGET}.downsample", first_block),)
_HEAD = (
    Row(norm, "bn1", "norm", once),
    Row(dense, "fc1", "fc", once),
)

MODULE_BASIC = _INPUT + _STEM_NORM + _BASIC + _SHORTCUT + _HEAD
MODULE_BOTTLENECK = _INPUT + _STEM_NORM + _BOTTLENECK + _SHORTCUT + _HEAD
MODULE_CIFAR = _INPUT + _BASIC + _SHORTCUT + _HEAD
