"""ResNet v1 for CIFAR of GluonCV (gluoncv/model_zoo/cifarresnet.py).

GluonCV's ResNeXt for CIFAR (cifarresnext.py) has the rows of ``mappings.resnext``. ResNet v2 and
Wide ResNet for CIFAR are in ``mappings.resnet_v2``. Rows stand in the order in which Gluon creates
the layers, since flat names are numbered so.
"""

from __future__ import annotations

from mappings.gluon import conv, dense, every_block, first_block_of_later_stages, norm, once
from mappings.language import Row

BLOCK, TARGET = "features.{feature}.{block}", "layer{stage}.{block}"

CIFAR_V1 = (
    Row(conv, "features.0", "conv1", once),
    Row(norm, "features.1", "bn1", once),
    Row(conv, f"{BLOCK}.body.0", f"{TARGET}.conv1", every_block),
    Row(norm, f"{BLOCK}.body.1", f"{TARGET}.bn1", every_block),
    Row(conv, f"{BLOCK}.body.3", f"{TARGET}.conv2", every_block),
    Row(norm, f"{BLOCK}.body.4", f"{TARGET}.bn2", every_block),
    Row(conv, f"{BLOCK}.downsample.0", f"{TARGET}.downsample.0", first_block_of_later_stages),
    Row(norm, f"{BLOCK}.downsample.1", f"{TARGET}.downsample.1", first_block_of_later_stages),
    Row(dense, "output", "fc", once),
)
CIFAR_V1_FIRST_FEATURE = 2
"""``features``: convolution, norm, then the stages."""
CIFAR_RESNEXT_FIRST_FEATURE = 3
"""``features``: convolution, norm, ReLU, then the stages."""
