"""SqueezeNet of GluonCV and of MXNet's own zoo (squeezenet.py).

The children of ``features`` have the same numbers in Gluon and in torchvision. The classifier is a
convolution.
"""

from __future__ import annotations

from mappings.gluon import conv_bias, once, output
from mappings.language import Row


def _fire(name: str) -> tuple[Row, ...]:
    return (
        Row(conv_bias, f"{name}.0.0", f"{name}.squeeze", once),
        Row(conv_bias, f"{name}.1.0.0", f"{name}.expand1x1", once),
        Row(conv_bias, f"{name}.1.1.0", f"{name}.expand3x3", once),
        Row(output, f"{name}.1", name, once),
    )


def squeezenet(fires: tuple[int, ...]) -> tuple[Row, ...]:
    """The rows of a SqueezeNet with so many fire modules after each max-pool."""
    rows = [Row(conv_bias, "features.0", "features.0", once)]
    number = 2
    for count in fires:
        rows.append(Row(output, f"features.{number}", f"features.{number}", once))
        for fire in range(number + 1, number + 1 + count):
            rows += _fire(f"features.{fire}")
        number += 1 + count
    return (
        *rows,
        Row(conv_bias, "output.0", "classifier.1", once),
        Row(output, "output.2", "classifier.3", once),
    )
