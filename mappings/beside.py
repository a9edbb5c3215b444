"""What a file holds besides a network: constants of preprocessing, or a head of another kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from mappings.language import Table
from mappings.naming import Naming
from mappings.parts import LAYER_LEAVES
from mappings.shapes import OpenShape, Shape, open_sizes

EXPORTED = ("arg:", "aux:")
"""The beginnings of the names that HybridBlock.export and Module.save_checkpoint write."""

NORMALISING = ("mean", "std", "scale")
"""The ends of the names of constants that normalise an image."""


@dataclass(frozen=True)
class Beside:
    """Tensors of a file that stand outside the network, by the file's own names.

    ``constants`` belong to no layer and have one value, or one for each image channel: GluonCV's
    ``export_block`` stores such a mean and such a scale. ``head`` are dense layers or 1x1
    convolutions on top of the network's features, with their norms. It is empty if the file has
    anything else there.
    """

    constants: tuple[str, ...]
    head: tuple[str, ...]


def beside(
    naming: Naming, table: Table, shapes: Mapping[str, Shape], expected: Mapping[str, OpenShape]
) -> Beside:
    """Tell apart the tensors that stand outside a network.

    ``shapes`` are the file's, by its own names; ``expected`` are the whole network's, by target
    name. In a file that MXNet exported, every tensor that belongs to no layer is a constant of the
    graph. In other files a constant's name must say that it normalises images.
    """
    targets = {name: table.accepted.get(source, "") for name, source in naming.names.items()}
    sizes = open_sizes(
        (shapes[name], table.source_shape(target, expected.get(target, ())))
        for name, target in targets.items()
    )
    counts = {1, sizes.get("channels", 1)}
    constants = tuple(
        name
        for name in naming.outside
        if not name.endswith(LAYER_LEAVES)
        and (name.startswith(EXPORTED) or name.endswith(NORMALISING))
        and prod(shapes[name]) in counts
    )
    head = tuple(name for name in naming.outside if name not in {*constants})
    features = expected[f"{table.head}.weight"][1]
    dense = all(len(shapes[name]) <= 2 or shapes[name][2:] == (1, 1) for name in head)
    begins = any(len(shapes[name]) >= 2 and shapes[name][1] == features for name in head)
    return Beside(constants, head if dense and begins else ())
