"""MobileNet v1, v2 and v3 of GluonCV (gluoncv/model_zoo/mobilenet.py, mobilenetv3.py), with timm's
names.

Rows stand in the order in which Gluon creates the layers, since flat names are numbered so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mappings.gluon import (
    conv,
    conv_as_dense,
    conv_bias,
    conv_bias_as_dense,
    dense,
    norm,
    once,
    within,
)
from mappings.language import Row, Scope

FIRST_BLOCK = 3
"""``features``: convolution, norm, activation, then the blocks."""


def _numbered(depths: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Every block's number among all blocks, and its name in timm."""
    names = [f"blocks.{stage}.{block}" for stage, n in enumerate(depths) for block in range(n)]
    yield from enumerate(names)


def mobilenet_v1(depths: Sequence[int]) -> tuple[Row, ...]:
    """The rows of MobileNet v1, with so many blocks in each stage. Its layers all stand in a row:
    convolution, norm and activation take turns."""
    rows = [
        Row(conv, "features.0", "conv_stem", once),
        Row(norm, "features.1", "bn1", once),
    ]
    for index, block in _numbered(depths):
        first = FIRST_BLOCK + 6 * index
        rows += [
            Row(conv, f"features.{first}", f"{block}.conv_dw", once),
            Row(norm, f"features.{first + 1}", f"{block}.bn1", once),
            Row(conv, f"features.{first + 3}", f"{block}.conv_pw", once),
            Row(norm, f"features.{first + 4}", f"{block}.bn2", once),
        ]
    return (*rows, Row(dense, "output", "classifier", once))


def mobilenet_v2(depths: Sequence[int]) -> tuple[Row, ...]:
    """The rows of MobileNet v2, with so many blocks in each stage. Only the first block has no
    convolution that widens its input."""
    outer = within("features_")
    rows = [
        Row(conv, "features.0", "conv_stem", outer),
        Row(norm, "features.1", "bn1", outer),
    ]
    for index, block in _numbered(depths):
        source = f"features.{FIRST_BLOCK + index}.out"
        inner = within(f"features_linearbottleneck{index}_")
        names = ("conv_pw", "conv_dw", "conv_pwl") if index else ("conv_dw", "conv_pw")
        for number, name in enumerate(names):
            rows += [
                Row(conv, f"{source}.{3 * number}", f"{block}.{name}", inner),
                Row(norm, f"{source}.{3 * number + 1}", f"{block}.bn{number + 1}", inner),
            ]
    last = FIRST_BLOCK + sum(depths)
    return (
        *rows,
        Row(conv, f"features.{last}", "conv_head", outer),
        Row(norm, f"features.{last + 1}", "bn2", outer),
        Row(conv_as_dense, "output.0", "classifier", within("output_"), flat="pred"),
    )


def mobilenet_v3(stages: Sequence[Sequence[tuple[bool, bool]]]) -> tuple[Row, ...]:
    """The rows of MobileNet v3. ``stages`` say of each block whether it widens its input and
    whether it has squeeze-and-excitation. GluonCV states all flat names."""
    rows = [
        Row(conv, "features.0", "conv_stem", once, "first-3x3-conv-conv2d"),
        Row(norm, "features.1", "bn1", once, "first-3x3-conv-batchnorm"),
    ]
    kinds = [kind for stage in stages for kind in stage]
    depths = [len(stage) for stage in stages]
    for (index, block), (widens, squeezes) in zip(_numbered(depths), kinds, strict=True):
        source, stated = f"features.{FIRST_BLOCK + index}", f"seq-{index}"
        scope = within(f"_resunit{index}_")
        parts = [("conv1", "depthwise", "conv_dw"), ("conv2", "linear", "conv_pw")]
        if widens:
            parts = [("expand", "exp", "conv_pw"), parts[0], ("conv2", "linear", "conv_pwl")]
        for number, (part, word, name) in enumerate(parts, 1):
            unit, flat = f"{source}.{part}", f"{stated}-{word}"
            if part == "conv2" and squeezes:
                rows += _squeeze(f"{source}.se", f"{block}.se", scope, f"{stated}-se")
            rows += [
                Row(conv, f"{unit}.conv", f"{block}.{name}", scope, f"{flat}-conv2d"),
                Row(norm, f"{unit}.bn", f"{block}.bn{number}", scope, f"{flat}-batchnorm"),
            ]
    last, end = FIRST_BLOCK + len(kinds), f"blocks.{len(stages)}.0"
    return (
        *rows,
        Row(conv, f"features.{last}", f"{end}.conv", once, "last-1x1-conv1-conv2d"),
        Row(norm, f"features.{last + 1}", f"{end}.bn1", once, "last-1x1-conv1-batchnorm"),
        Row(conv, f"features.{last + 4}", "conv_head", once, "last-1x1-conv2-conv2d"),
        Row(conv_bias_as_dense, "output.0", "classifier", within("output_"), "fc"),
    )


def _squeeze(source: str, target: str, scope: Scope, stated: str) -> list[Row]:
    return [
        Row(conv_bias, f"{source}.conv1", f"{target}.conv_reduce", scope, f"{stated}_fc1"),
        Row(conv_bias, f"{source}.conv2", f"{target}.conv_expand", scope, f"{stated}_fc2"),
    ]
