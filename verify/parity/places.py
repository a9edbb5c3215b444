"""Which module of the port corresponds to a layer of the source, and in which block it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from architectures import Model

MAXPOOL = ("maxpool", "backbone.maxpool")
"""The names of the max-pool before the first stage, in the source frameworks that name it. In
Gluon's ``features`` it is the child before the first stage."""


@dataclass(frozen=True)
class Counterpart:
    """A layer or block of the source framework, and the port's module that corresponds to it.

    ``block`` is where it is: a residual block (``layer3.5``), ``stem``, ``norm`` (the
    normalisation after the blocks) or ``fc``.
    """

    source: str
    module: str
    block: str


def places(model: Model, layers: Iterable[str]) -> tuple[Counterpart, ...]:
    """The counterparts of the source's recorded layers, in their order.

    The table pairs the layers that have parameters. A block's counterpart is the module that holds
    all of its layers. Of the pooling layers, only the max-pool before the first stage has one.
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
    """The deepest module that holds every layer below ``source``; empty if there is none."""
    below = [m.split(".") for layer, m in modules.items() if layer.startswith(f"{source}.")]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*below, strict=False))
    return ".".join(parts[0] for parts in shared)


def block_of(module: str) -> str:
    """The block of a module or tensor, by the network's own names."""
    first, *rest = module.split(".")
    if first.startswith("layer") and rest:
        return f"{first}.{rest[0]}"
    return first if first in ("norm", "fc") else "stem"
