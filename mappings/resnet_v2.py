"""Pre-activation ResNets of GluonCV: ResNet v2 and SE-ResNet v2 (gluoncv/model_zoo/resnet.py), and
ResNet v2 and Wide ResNet for CIFAR (cifarresnet.py, cifarwideresnet.py).

Rows stand in the order in which Gluon creates the layers, since flat names are numbered so.
"""

from __future__ import annotations

from mappings.gluon import (
    conv,
    dense,
    dense_without_bias,
    every_block,
    first_block,
    first_block_of_later_stages,
    norm,
    once,
)
from mappings.language import Row

BLOCK, TARGET = "features.{feature}.{block}", "layer{stage}.{block}"

_INPUT = (
    Row(norm, "features.0", "bn0", once),
    Row(conv, "features.1", "conv1", once),
)
_STEM_NORM = (Row(norm, "features.2", "bn1", once),)
_BASIC = (
    Row(norm, f"{BLOCK}.bn1", f"{TARGET}.bn1", every_block),
    Row(conv, f"{BLOCK}.conv1", f"{TARGET}.conv1", every_block),
    Row(norm, f"{BLOCK}.bn2", f"{TARGET}.bn2", every_block),
    Row(conv, f"{BLOCK}.conv2", f"{TARGET}.conv2", every_block),
)
_BOTTLENECK = (
    *_BASIC,
    Row(norm, f"{BLOCK}.bn3", f"{TARGET}.bn3", every_block),
    Row(conv, f"{BLOCK}.conv3", f"{TARGET}.conv3", every_block),
)
_SE = (
    Row(dense_without_bias, f"{BLOCK}.se.0", f"{TARGET}.se.fc1", every_block),
    Row(dense_without_bias, f"{BLOCK}.se.2", f"{TARGET}.se.fc2", every_block),
)
_WIDEN = (Row(conv, f"{BLOCK}.downsample", f"{TARGET}.downsample", first_block),)
_WIDEN_LATER = (
    Row(conv, f"{BLOCK}.downsample", f"{TARGET}.downsample", first_block_of_later_stages),
)


def _head(last_norm: int) -> tuple[Row, ...]:
    """The norm after the stages, ``features.{last_norm}``, and the classifier."""
    return (
        Row(norm, f"features.{last_norm}", "norm", once),
        Row(dense, "output", "fc", once),
    )


BASIC_V2 = _INPUT + _STEM_NORM + _BASIC + _WIDEN_LATER + _head(9)
BOTTLENECK_V2 = _INPUT + _STEM_NORM + _BOTTLENECK + _WIDEN + _head(9)
SE_BASIC_V2 = _INPUT + _STEM_NORM + _BASIC + _SE + _WIDEN_LATER + _head(9)
SE_BOTTLENECK_V2 = _INPUT + _STEM_NORM + _BOTTLENECK + _SE + _WIDEN + _head(9)
FIRST_FEATURE = 5
"""``features``: norm, convolution, norm, ReLU, max-pool, then the stages."""

CIFAR_V2 = _INPUT + _BASIC + _WIDEN_LATER + _head(5)
CIFAR_V2_FIRST_FEATURE = 2
"""``features``: norm, convolution, then the stages."""

CIFAR_WIDE = _INPUT + _STEM_NORM + _BASIC + _WIDEN + _head(6)
CIFAR_WIDE_FIRST_FEATURE = 3
"""``features``: norm, convolution, norm, then the stages."""

BASIC_V2_THUMBNAIL = _INPUT + _BASIC + _WIDEN_LATER + _head(6)
BOTTLENECK_V2_THUMBNAIL = _INPUT + _BOTTLENECK + _WIDEN + _head(6)
THUMBNAIL_V2_FIRST_FEATURE = 2
"""``features`` with ``thumbnail=True``: norm, convolution, then the stages."""
