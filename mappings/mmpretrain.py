"""SE-ResNet of mmpretrain (mmpretrain/models/backbones/seresnet.py), 7x7 stem.

``SE_RESNET`` has today's names. ``SE_RESNET_OLD`` has those of older files, without ``.conv``, from
before mmpretrain wrapped the convolutions of its gates.
"""

from __future__ import annotations

from mappings.gluon import every_block, first_block, once
from mappings.language import TRACKED, Kind, Row

conv = Kind(None, (("weight", "weight"),))
conv_bias = Kind(None, (("weight", "weight"), ("bias", "bias")))
norm = Kind(
    None,
    tuple((leaf, leaf) for leaf in ("weight", "bias", "running_mean", "running_var")),
    synthesised=(TRACKED,),
)

BLOCK, TARGET = "backbone.layer{stage}.{block}", "layer{stage}.{block}"


def _rows(wrapped: str) -> tuple[Row, ...]:
    return (
        Row(conv, "backbone.conv1", "conv1", once),
        Row(norm, "backbone.bn1", "bn1", once),
        Row(conv, f"{BLOCK}.conv1", f"{TARGET}.conv1", every_block),
        Row(norm, f"{BLOCK}.bn1", f"{TARGET}.bn1", every_block),
        Row(conv, f"{BLOCK}.conv2", f"{TARGET}.conv2", every_block),
        Row(norm, f"{BLOCK}.bn2", f"{TARGET}.bn2", every_block),
        Row(conv, f"{BLOCK}.conv3", f"{TARGET}.conv3", every_block),
        Row(norm, f"{BLOCK}.bn3", f"{TARGET}.bn3", every_block),
        Row(conv, f"{BLOCK}.downsample.0", f"{TARGET}.downsample.0", first_block),
        Row(norm, f"{BLOCK}.downsample.1", f"{TARGET}.downsample.1", first_block),
        Row(conv_bias, f"{BLOCK}.se_layer.conv1{wrapped}", f"{TARGET}.se.fc1", every_block),
        Row(conv_bias, f"{BLOCK}.se_layer.conv2{wrapped}", f"{TARGET}.se.fc2", every_block),
        Row(conv_bias, "head.fc", "fc", once),
    )


SE_RESNET, SE_RESNET_OLD = _rows(".conv"), _rows("")
