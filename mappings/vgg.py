"""VGG and AlexNet of GluonCV and of MXNet's own zoo (vgg.py, alexnet.py).

In Gluon's ``features`` the dense layers follow the convolutions. Their ReLUs are in them, so that
no number is theirs; so are the ReLUs of AlexNet's convolutions.
"""

from __future__ import annotations

from mappings.gluon import conv_bias, dense, norm, once, output
from mappings.language import Row


def vgg(depths: tuple[int, ...], batch_norm: bool) -> tuple[Row, ...]:
    """The rows of a VGG with ``depths`` convolutions in each stage.

    The convolutions, norms and pools have the same numbers in Gluon and in torchvision.
    """
    kinds = []
    for depth in depths:
        unit = (conv_bias, norm, None) if batch_norm else (conv_bias, None)  # None is a ReLU
        kinds += [*unit * depth, output]
    numbered = [(f"features.{n}", kind) for n, kind in enumerate(kinds) if kind]
    first, second = f"features.{len(kinds)}", f"features.{len(kinds) + 2}"
    return (
        *(Row(kind, name, name, once) for name, kind in numbered),
        Row(dense, first, "classifier.0", once),
        Row(dense, second, "classifier.3", once),
        Row(dense, "output", "classifier.6", once),
    )


ALEXNET = (
    Row(conv_bias, "features.0", "features.0", once),
    Row(output, "features.1", "features.2", once),
    Row(conv_bias, "features.2", "features.3", once),
    Row(output, "features.3", "features.5", once),
    Row(conv_bias, "features.4", "features.6", once),
    Row(conv_bias, "features.5", "features.8", once),
    Row(conv_bias, "features.6", "features.10", once),
    Row(output, "features.7", "features.12", once),
    Row(dense, "features.9", "classifier.1", once),
    Row(dense, "features.11", "classifier.4", once),
    Row(dense, "output", "classifier.6", once),
)
