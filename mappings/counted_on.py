"""Layers that Gluon numbered on from those of another network.

A layer that is made outside any name scope is numbered among all such layers of its process: in a
file of GluonCV's HRNet, the first convolution is ``conv3`` if three were made before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

DIGITS = "0123456789"
LEAVES = ("weight", "bias", "gamma", "beta", "running_mean", "running_var")


def from_zero(names: Collection[str], flat: Collection[str]) -> Mapping[str, str]:
    """Each name with the number that it has if its network is the first one of the process.

    ``flat`` are the names of such a network. Empty unless they are all of layers outside any scope,
    and if the file has the numbers of ``flat`` already.
    """
    if not all(_counted(name) for name in flat):
        return {}
    first, expected = _first(names), _first(flat)
    shift = {kind: first[kind] - number for kind, number in expected.items() if kind in first}
    if not any(shift.values()):
        return {}
    return {name: _moved(name, shift) for name in names}


def _counted(name: str) -> tuple[str, int, str] | None:
    """``conv3_weight`` as ``("conv", 3, "weight")``; None if no such name."""
    layer, _, leaf = name.partition("_")
    kind = layer.rstrip(DIGITS)
    number = layer[len(kind) :]
    return (kind, int(number), leaf) if kind and 0 < len(number) < 7 and leaf in LEAVES else None


def _first(names: Collection[str]) -> dict[str, int]:
    """The smallest number of each kind of layer."""
    found: dict[str, int] = {}
    for name in names:
        if counted := _counted(name):
            kind, number, _ = counted
            found[kind] = min(number, found.get(kind, number))
    return found


def _moved(name: str, shift: Mapping[str, int]) -> str:
    if not (counted := _counted(name)) or counted[0] not in shift:
        return name
    kind, number, leaf = counted
    return f"{kind}{number - shift[kind]}_{leaf}"
