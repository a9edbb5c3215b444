"""DenseNet of GluonCV and of MXNet's own zoo (densenet.py).

Gluon counts the layers of transitions together with those of the stem and of the end.
"""

from __future__ import annotations

from mappings.gluon import conv, dense, norm, once, output, within
from mappings.language import Row

FIRST = 4
"""``features``: convolution, norm, ReLU, max-pool, then blocks with transitions between them."""


def densenet(depths: tuple[int, ...]) -> tuple[Row, ...]:
    """The rows of a DenseNet with ``depths`` layers in each dense block."""
    rows = [
        Row(conv, "features.0", "features.conv0", once),
        Row(norm, "features.1", "features.norm0", once),
        Row(output, "features.3", "features.pool0", once),
    ]
    for index, depth in enumerate(depths):
        stage, feature = index + 1, FIRST + 2 * index
        for layer in range(depth):
            target = f"features.denseblock{stage}.denselayer{layer + 1}"
            rows += _layer(f"features.{feature}.{layer}", target, stage)
        if stage < len(depths):
            rows += _transition(f"features.{feature + 1}", f"features.transition{stage}")
    end = FIRST + 2 * len(depths) - 1
    return (
        *rows,
        Row(norm, f"features.{end}", "features.norm5", once),
        Row(output, f"features.{end + 2}", "avgpool", once),
        Row(dense, "output", "classifier", once),
    )


def _layer(source: str, target: str, stage: int) -> tuple[Row, ...]:
    """Gluon joins what a layer adds (``1``) to what it is given (``0``)."""
    scope = within(f"stage{stage}_")
    return (
        Row(norm, f"{source}.1.0", f"{target}.norm1", scope),
        Row(conv, f"{source}.1.2", f"{target}.conv1", scope),
        Row(norm, f"{source}.1.3", f"{target}.norm2", scope),
        Row(conv, f"{source}.1.5", f"{target}.conv2", scope),
        Row(output, source, target, scope),
    )


def _transition(source: str, target: str) -> tuple[Row, ...]:
    return (
        Row(norm, f"{source}.0", f"{target}.norm", once),
        Row(conv, f"{source}.2", f"{target}.conv", once),
        Row(output, f"{source}.3", f"{target}.pool", once),
    )
