"""GoogLeNet of GluonCV (gluoncv/model_zoo/googlenet.py).

A module is four branches side by side, and a branch is a sequence of units of convolution, norm and
ReLU. The classifier is a child of ``head`` too, so that files hold it twice.
"""

from __future__ import annotations

from mappings.gluon import conv, dense, norm, once, output, within
from mappings.language import Row, Scope

MODULES = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")


def unit(source: str, target: str, scope: Scope = once) -> tuple[Row, ...]:
    """A convolution and its norm."""
    return (
        Row(conv, f"{source}.0", f"{target}.conv", scope),
        Row(norm, f"{source}.1", f"{target}.bn", scope),
    )


def _pool(number: int) -> Row:
    return Row(output, f"maxpool{number}", f"maxpool{number}", once)


def _module(place: str) -> tuple[Row, ...]:
    name, scope = f"inception{place}", within(f"Mixed_{place}_")
    return (
        *unit(f"{name}.0.0", f"{name}.branch1", scope),
        *unit(f"{name}.1.0", f"{name}.branch2.0", scope),
        *unit(f"{name}.1.1", f"{name}.branch2.1", scope),
        *unit(f"{name}.2.0", f"{name}.branch3.0", scope),
        *unit(f"{name}.2.1", f"{name}.branch3.1", scope),
        Row(output, f"{name}.3.0", f"{name}.branch4.0", scope),
        *unit(f"{name}.3.1", f"{name}.branch4.1", scope),
        Row(output, name, name, scope),
    )


GOOGLENET = (
    *unit("conv1", "conv1"),
    *unit("conv2", "conv2"),
    *unit("conv3", "conv3"),
    *(row for place in MODULES for row in _module(place)),
    *(_pool(number) for number in (1, 2, 3, 4)),
    Row(output, "avgpool", "avgpool", once),
    Row(dense, "output", "fc", once, also="head.2"),
)
