"""ResNet v1 and SE-ResNet v1 of GluonCV (gluoncv/model_zoo/resnet.py).

Among the convolutions, only the 1x1 convolutions of a bottleneck have biases. Gates are dense and
have no biases. GluonCV's se_resnet.py has the same networks under these names, but ``get_model``
does not use it.
"""

from __future__ import annotations

from mappings.gluon import (
    conv,
    conv_bias,
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

_STEM = (
    Row(conv, "features.0", "conv1", once),
    Row(norm, "features.1", "bn1", once),
)
_BASIC = (
    Row(conv, f"{BLOCK}.body.0", f"{TARGET}.conv1", every_block),
    Row(norm, f"{BLOCK}.body.1", f"{TARGET}.bn1", every_block),
    Row(conv, f"{BLOCK}.body.3", f"{TARGET}.conv2", every_block),
    Row(norm, f"{BLOCK}.body.4", f"{TARGET}.bn2", every_block),
)
_BOTTLENECK = (
    Row(conv_bias, f"{BLOCK}.body.0", f"{TARGET}.conv1", every_block),
    Row(norm, f"{BLOCK}.body.1", f"{TARGET}.bn1", every_block),
    Row(conv, f"{BLOCK}.body.3", f"{TARGET}.conv2", every_block),
    Row(norm, f"{BLOCK}.body.4", f"{TARGET}.bn2", every_block),
    Row(conv_bias, f"{BLOCK}.body.6", f"{TARGET}.conv3", every_block),
    Row(norm, f"{BLOCK}.body.7", f"{TARGET}.bn3", every_block),
)
_SE = (
    Row(dense_without_bias, f"{BLOCK}.se.0", f"{TARGET}.se.fc1", every_block),
    Row(dense_without_bias, f"{BLOCK}.se.2", f"{TARGET}.se.fc2", every_block),
)
_BASIC_DOWNSAMPLE = (
    Row(conv, f"{BLOCK}.downsample.0", f"{TARGET}.downsample.0", first_block_of_later_stages),
    Row(norm, f"{BLOCK}.downsample.1", f"{TARGET}.downsample.1", first_block_of_later_stages),
)
_DOWNSAMPLE = (
    Row(conv, f"{BLOCK}.downsample.0", f"{TARGET}.downsample.0", first_block),
    Row(norm, f"{BLOCK}.downsample.1", f"{TARGET}.downsample.1", first_block),
)
_HEAD = (Row(dense, "output", "fc", once),)

BASIC = _STEM + _BASIC + _BASIC_DOWNSAMPLE + _HEAD
BOTTLENECK = _STEM + _BOTTLENECK + _DOWNSAMPLE + _HEAD
SE_BASIC = _STEM + _BASIC + _SE + _BASIC_DOWNSAMPLE + _HEAD
SE_BOTTLENECK = _STEM + _BOTTLENECK + _SE + _DOWNSAMPLE + _HEAD
FIRST_FEATURE = 4
"""``features``: convolution, norm, ReLU, max-pool, then the stages."""

_SMALL_STEM = _STEM[:1]
BASIC_THUMBNAIL = _SMALL_STEM + _BASIC + _BASIC_DOWNSAMPLE + _HEAD
BOTTLENECK_THUMBNAIL = _SMALL_STEM + _BOTTLENECK + _DOWNSAMPLE + _HEAD
THUMBNAIL_FIRST_FEATURE = 1
"""``features`` with ``thumbnail=True``: convolution, then the stages."""
