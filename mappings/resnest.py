"""ResNeSt of GluonCV (gluoncv/model_zoo/resnest.py, gluoncv/nn/splat.py).

Its structural names are those of PyTorch's networks, except for the norm of a split attention. Rows
stand in the order in which Gluon creates the layers, since flat names are numbered in that order,
for each stage and separately for each stage's shortcut.
"""

from __future__ import annotations

from mappings.gluon import conv, conv_bias, dense, norm, once
from mappings.language import Row, Scope

BLOCK = "layer{stage}.{block}"

every_block = Scope("layers{stage}_", lambda at: bool(at))
shortcut = Scope("down{stage}_", lambda at: at.get("block") == 0)

RESNEST = (
    Row(conv, "conv1.0", "conv1.0", once),
    Row(norm, "conv1.1", "conv1.1", once),
    Row(conv, "conv1.3", "conv1.3", once),
    Row(norm, "conv1.4", "conv1.4", once),
    Row(conv, "conv1.6", "conv1.6", once),
    Row(norm, "bn1", "bn1", once),
    Row(conv, f"{BLOCK}.conv1", f"{BLOCK}.conv1", every_block),
    Row(norm, f"{BLOCK}.bn1", f"{BLOCK}.bn1", every_block),
    Row(conv, f"{BLOCK}.conv2.conv", f"{BLOCK}.conv2.conv", every_block),
    Row(norm, f"{BLOCK}.conv2.bn", f"{BLOCK}.conv2.bn0", every_block),
    Row(conv_bias, f"{BLOCK}.conv2.fc1", f"{BLOCK}.conv2.fc1", every_block),
    Row(norm, f"{BLOCK}.conv2.bn1", f"{BLOCK}.conv2.bn1", every_block),
    Row(conv_bias, f"{BLOCK}.conv2.fc2", f"{BLOCK}.conv2.fc2", every_block),
    Row(conv, f"{BLOCK}.conv3", f"{BLOCK}.conv3", every_block),
    Row(norm, f"{BLOCK}.bn3", f"{BLOCK}.bn3", every_block),
    Row(conv, f"{BLOCK}.downsample.1", f"{BLOCK}.downsample.1", shortcut),
    Row(norm, f"{BLOCK}.downsample.2", f"{BLOCK}.downsample.2", shortcut),
    Row(dense, "fc", "fc", once),
)
