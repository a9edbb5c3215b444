"""Inception v3 of GluonCV and of MXNet's own zoo (inception.py).

A module is several branches side by side, and a branch is a sequence of units of convolution, norm
and ReLU. Gluon calls the kinds of modules A to E in flat names.
"""

from __future__ import annotations

from mappings.gluon import dense, once, output, within
from mappings.googlenet import unit
from mappings.language import Row

A = {
    "0.0": "branch1x1",
    "1.0": "branch5x5_1",
    "1.1": "branch5x5_2",
    "2.0": "branch3x3dbl_1",
    "2.1": "branch3x3dbl_2",
    "2.2": "branch3x3dbl_3",
    "3.1": "branch_pool",
}
B = {
    "0.0": "branch3x3",
    "1.0": "branch3x3dbl_1",
    "1.1": "branch3x3dbl_2",
    "1.2": "branch3x3dbl_3",
}
C = {
    "0.0": "branch1x1",
    "1.0": "branch7x7_1",
    "1.1": "branch7x7_2",
    "1.2": "branch7x7_3",
    "2.0": "branch7x7dbl_1",
    "2.1": "branch7x7dbl_2",
    "2.2": "branch7x7dbl_3",
    "2.3": "branch7x7dbl_4",
    "2.4": "branch7x7dbl_5",
    "3.1": "branch_pool",
}
D = {
    "0.0": "branch3x3_1",
    "0.1": "branch3x3_2",
    "1.0": "branch7x7x3_1",
    "1.1": "branch7x7x3_2",
    "1.2": "branch7x7x3_3",
    "1.3": "branch7x7x3_4",
}
E = {
    "0.0": "branch1x1",
    "1.0.0": "branch3x3_1",
    "1.1.0.0": "branch3x3_2a",
    "1.1.1.0": "branch3x3_2b",
    "2.0.0": "branch3x3dbl_1",
    "2.0.1": "branch3x3dbl_2",
    "2.1.0.0": "branch3x3dbl_3a",
    "2.1.1.0": "branch3x3dbl_3b",
    "3.1": "branch_pool",
}
"""The units of each kind of module, in the order in which Gluon creates them, and torchvision's
names of them."""


def _module(
    feature: int, units: dict[str, str], pool: str, prefix: str, target: str
) -> tuple[Row, ...]:
    """A module: its number in ``features``, its units, its pooling, its prefix in flat names."""
    source, scope = f"features.{feature}", within(f"{prefix}_")
    return (
        *(
            row
            for child, name in units.items()
            for row in unit(f"{source}.{child}", f"{target}.{name}", scope)
        ),
        Row(output, f"{source}.{pool}", f"{target}.pool", scope),
        Row(output, source, target, scope),
    )


INCEPTION_V3 = (
    *unit("features.0", "Conv2d_1a_3x3"),
    *unit("features.1", "Conv2d_2a_3x3"),
    *unit("features.2", "Conv2d_2b_3x3"),
    Row(output, "features.3", "maxpool1", once),
    *unit("features.4", "Conv2d_3b_1x1"),
    *unit("features.5", "Conv2d_4a_3x3"),
    Row(output, "features.6", "maxpool2", once),
    *_module(7, A, "3.0", "A1", "Mixed_5b"),
    *_module(8, A, "3.0", "A2", "Mixed_5c"),
    *_module(9, A, "3.0", "A3", "Mixed_5d"),
    *_module(10, B, "2.0", "B", "Mixed_6a"),
    *_module(11, C, "3.0", "C1", "Mixed_6b"),
    *_module(12, C, "3.0", "C2", "Mixed_6c"),
    *_module(13, C, "3.0", "C3", "Mixed_6d"),
    *_module(14, C, "3.0", "C4", "Mixed_6e"),
    *_module(15, D, "2.0", "D", "Mixed_7a"),
    *_module(16, E, "3.0", "E1", "Mixed_7b"),
    *_module(17, E, "3.0", "E2", "Mixed_7c"),
    Row(output, "features.18", "avgpool", once),
    Row(dense, "output", "fc", once),
)
