"""Where in a network a layer is: the modules that correspond, and the blocks they make up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from architectures import Model

MAXPOOL = ("maxpool", "backbone.maxpool")
"""What the source frameworks call the max-pool before the first stage, if it has a name: in Gluon's
``features`` it is the child before the first stage."""


@dataclass(frozen=True)
class Counterpart:
    """A layer or block of the source framework, the port's module for it, and its block.

    ``block`` is a residual block (``layer3.5``), ``stem``, ``norm`` after the blocks, or ``fc``.
    """

    source: str
    module: str
    block: str


def places(model: Model, layers: Iterable[str]) -> tuple[Counterpart, ...]:
    """The places of the source's recorded layers that the port has a module for, in their order.

    Layers with parameters correspond through the table, a block is the module that holds all of
    its layers, and before the first stage stands the max-pool; other pooling has no module.
    """
    modules = dict.fromkeys(MAXPOOL, "maxpool")
    if model.first_feature is not None:
        modules[f"features.{model.first_feature - 1}"] = "maxpool"
    modules |= {layer.source: layer.target for layer in model.table.layers}
    found = []
    for source in layers:
        module = modules.get(source) or _enclosing(source, modules)
        if module:
            found.append(Counterpart(source, module, block_of(module)))
    return tuple(found)


def _enclosing(source: str, modules: Mapping[str, str]) -> str:
    """The deepest module that holds every layer below ``source``; empty where there is none."""
    below = [m.split(".") for layer, m in modules.items() if layer.startswith(f"{source}.")]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*below, strict=False))
    return ".".join(parts[0] for parts in shared)


def block_of(module: str) -> str:
    """The block of a module or tensor, by the network's own names."""
    first, *rest = module.split(".")
    if first.startswith("layer") and rest:
        return f"{first}.{rest[0]}"
    return first if first in ("norm", "fc") else "stem"
