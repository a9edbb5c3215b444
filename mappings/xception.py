"""The aligned Xception of GluonCV (gluoncv/model_zoo/xception.py).

The names on the other side are those of timm 0.4 to 0.6 (timm/models/gluon_xception.py), which had
a port of this network.
"""

from __future__ import annotations

from collections.abc import Iterator

from mappings.gluon import conv, dense, norm, once
from mappings.language import Kind, Row

MIDDLE = 16
FIRST_MIDDLE = 4
"""The number of the first middle block in PyTorch's names."""


def xception(deep_entry: bool) -> tuple[Row, ...]:
    """The table of Xception-65, or of Xception-71 with its ``deep_entry``."""
    return tuple(_rows(deep_entry))


def _rows(deep_entry: bool) -> Iterator[Row]:
    for number in (1, 2):
        yield from _same(conv, f"conv{number}")
        yield from _same(norm, f"bn{number}")
    yield from _block("block1", "block1", starts_active=False)
    if deep_entry:
        yield from _block("block2.0", "block2.0", starts_active=False, depth=2)
        yield from _block("block2.1", "block2.1", starts_active=False)
        yield from _block("block2.2", "block2.2", starts_active=False)
    else:
        yield from _block("block2", "block2", starts_active=False)
    yield from _block("block3", "block3")
    for index in range(MIDDLE):
        yield from _block(f"midflow.{index}", f"mid.block{index + FIRST_MIDDLE}", skips=False)
    yield from _block("block20", "block20")
    for number in (3, 4, 5):
        yield from _separable(f"conv{number}", f"conv{number}")
        yield from _same(norm, f"bn{number}")
    yield from _same(dense, "fc")


def _block(
    source: str, target: str, starts_active: bool = True, depth: int = 3, skips: bool = True
) -> Iterator[Row]:
    """A block of ``depth`` separable convolutions, each with a norm; ReLUs stand between them, and
    before the first one if it ``starts_active``. The shortcut has layers if it ``skips``."""
    if skips:
        yield Row(conv, f"{source}.skip", f"{target}.skip.conv1", once)
        yield Row(norm, f"{source}.skipbn", f"{target}.skip.bn1", once)
    for index in range(depth):
        child = 3 * index + starts_active
        yield from _separable(f"{source}.rep.{child}", f"{target}.rep.conv{index + 1}")
        yield Row(norm, f"{source}.rep.{child + 1}", f"{target}.rep.bn{index + 1}", once)


def _separable(source: str, target: str) -> Iterator[Row]:
    yield Row(conv, f"{source}.conv1", f"{target}.conv_dw", once)
    yield Row(norm, f"{source}.bn", f"{target}.bn", once)
    yield Row(conv, f"{source}.pointwise", f"{target}.conv_pw", once)


def _same(kind: Kind, name: str) -> Iterator[Row]:
    yield Row(kind, name, name, once)
