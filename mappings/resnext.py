"""ResNeXt and SE-ResNeXt of GluonCV (gluoncv/model_zoo/resnext.py), and SENet (senet.py), which
has the same names.

Rows stand in the order in which Gluon creates the layers, since flat names are numbered so.
"""

from __future__ import annotations

from mappings.gluon import (
    conv,
    conv_bias,
    dense,
    every_block,
    first_block,
    first_block_of_first_stage,
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
_DEEP_STEM = (
    Row(conv, "features.0", "conv1.0", once),
    Row(norm, "features.1", "conv1.1", once),
    Row(conv, "features.3", "conv1.3", once),
    Row(norm, "features.4", "conv1.4", once),
    Row(conv, "features.6", "conv1.6", once),
    Row(norm, "features.7", "bn1", once),
)
_BODY = (
    Row(conv, f"{BLOCK}.body.0", f"{TARGET}.conv1", every_block),
    Row(norm, f"{BLOCK}.body.1", f"{TARGET}.bn1", every_block),
    Row(conv, f"{BLOCK}.body.3", f"{TARGET}.conv2", every_block),
    Row(norm, f"{BLOCK}.body.4", f"{TARGET}.bn2", every_block),
    Row(conv, f"{BLOCK}.body.6", f"{TARGET}.conv3", every_block),
    Row(norm, f"{BLOCK}.body.7", f"{TARGET}.bn3", every_block),
)
_SE = (
    Row(conv_bias, f"{BLOCK}.se.0", f"{TARGET}.se.fc1", every_block),
    Row(conv_bias, f"{BLOCK}.se.2", f"{TARGET}.se.fc2", every_block),
)
_DOWNSAMPLE = (
    Row(conv, f"{BLOCK}.downsample.0", f"{TARGET}.downsample.0", first_block),
    Row(norm, f"{BLOCK}.downsample.1", f"{TARGET}.downsample.1", first_block),
)
_AVERAGED = (  # the first stage averages nothing, and Gluon has no layer there
    Row(conv, f"{BLOCK}.downsample.0", f"{TARGET}.downsample.1", first_block_of_first_stage),
    Row(norm, f"{BLOCK}.downsample.1", f"{TARGET}.downsample.2", first_block_of_first_stage),
    Row(conv, f"{BLOCK}.downsample.1", f"{TARGET}.downsample.1", first_block_of_later_stages),
    Row(norm, f"{BLOCK}.downsample.2", f"{TARGET}.downsample.2", first_block_of_later_stages),
)
_HEAD = (Row(dense, "output", "fc", once),)

RESNEXT = _STEM + _BODY + _DOWNSAMPLE + _HEAD
RESNEXT_E = _DEEP_STEM + _BODY + _AVERAGED + _HEAD
SE_RESNEXT = _STEM + _BODY + _SE + _DOWNSAMPLE + _HEAD
SE_RESNEXT_E = _DEEP_STEM + _BODY + _SE + _AVERAGED + _HEAD
SENET = _DEEP_STEM + _BODY + _SE + _DOWNSAMPLE + _HEAD
FIRST_FEATURE, FIRST_FEATURE_DEEP = 4, 10
"""``features``: convolution, norm, ReLU, max-pool, then the stages. A deep stem has three
convolutions, norms and ReLUs before the max-pool."""
