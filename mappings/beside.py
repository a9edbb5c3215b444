"""What a file holds beside a network: constants of preprocessing, and a head of another kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from mappings.language import CLASSIFIER, Table
from mappings.naming import Naming
from mappings.parts import LAYER_LEAVES
from mappings.shapes import OpenShape, Shape, open_sizes

EXPORTED = ("arg:", "aux:")
"""How the names begin that HybridBlock.export and Module.save_checkpoint write beside a graph."""

NORMALISING = ("mean", "std", "scale")
"""How the names of the constants that normalise an image end."""


@dataclass(frozen=True)
class Beside:
    """Tensors of a file that stand outside the network, by the file's own names.

    ``constants`` are single values, or one for each image channel, that no layer owns: GluonCV's
    ``export_block`` stores such a mean and such a scale. ``head`` are dense layers over the
    network's features, and what belongs to them; empty where the file has anything else there.
    """

    constants: tuple[str, ...]
    head: tuple[str, ...]


def beside(
    naming: Naming, table: Table, shapes: Mapping[str, Shape], expected: Mapping[str, OpenShape]
) -> Beside:
    """Tell apart what stands outside a network.

    ``shapes`` are the file's, by its own names; ``expected`` the whole network's, by target name.
    In what MXNet exports, every tensor that no layer owns is a constant of the graph; elsewhere its
    name must say that it normalises images.
    """
    wanted = {n: expected.get(table.accepted.get(s, ""), ()) for n, s in naming.names.items()}
    sizes = open_sizes((shapes[name], shape) for name, shape in wanted.items())
    counts = {1, sizes.get("channels", 1)}
    constants = tuple(
        name
        for name in naming.outside
        if not name.endswith(LAYER_LEAVES)
        and (name.startswith(EXPORTED) or name.endswith(NORMALISING))
        and prod(shapes[name]) in counts
    )
    head = tuple(name for name in naming.outside if name not in {*constants})
    features = expected[f"{CLASSIFIER}.weight"][1]
    dense = all(len(shapes[name]) <= 2 for name in head)
    begins = any(len(shapes[name]) == 2 and shapes[name][1] == features for name in head)
    return Beside(constants, head if dense and begins else ())
