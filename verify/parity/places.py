"""Which module of the port corresponds to a layer of the source, and in which block it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile

from architectures import Model
from architectures.catalogue.config import NetworkConfig

MAXPOOL = ("maxpool", "backbone.maxpool")
"""The names of the max-pool before the first stage, in the source frameworks that name it. In
Gluon's ``features`` it is the child before the first stage."""


@dataclass(frozen=True)
class Counterpart:
    """A layer or block of the source framework, and the port's module that corresponds to it.

    ``block`` is where it is, as the network's configuration divides it: a residual block
    (``layer3.5``), ``stem``, ``norm`` (the normalisation after the blocks), ``fc``. ``pointwise``
    says that the layer is a 1x1 convolution and the module a dense layer.
    """

    source: str
    module: str
    block: str
    pointwise: bool = False


def places(model: Model, layers: Iterable[str]) -> tuple[Counterpart, ...]:
    """The counterparts of the source's recorded layers, in their order.

    The table pairs the layers that have parameters. A block's counterpart is the module that holds
    the same layers as the block, if there is one. Of the pooling layers, only the max-pool before
    the first stage has a counterpart.
    """
    modules = dict.fromkeys(MAXPOOL, "maxpool")
    if model.first_feature is not None:
        modules[f"features.{model.first_feature - 1}"] = "maxpool"
    modules |= {layer.source: layer.target for layer in model.table.layers}
    dense = {layer.target for layer in model.table.layers if layer.kind.pointwise}
    found = []
    for source in layers:
        layer, bracket, output = source.partition("[")  # one of the outputs of a block
        module = modules.get(layer) or _enclosing(layer, modules, model.network)
        if module:
            module += bracket + output
            block = model.network.block_of(module)
            found.append(Counterpart(source, module, block, module in dense))
    return tuple(found)


def _enclosing(source: str, modules: Mapping[str, str], network: NetworkConfig) -> str:
    """The deepest module that holds every layer below ``source``; empty if there is none, or if it
    holds another layer too.

    If the source's layers are all in one part of ``source``, such as the body of a residual block
    whose shortcut has no layers, so are the port's: the block around that part then counts.
    """
    inside = (f"{source}.", f"{source}_")  # Gluon joins names by dots, the Module API's do not
    below = {layer: m for layer, m in modules.items() if layer.startswith(inside)}
    found = _shared(below.values())
    block = network.block_of(found)
    inner = _shared(below).startswith(f"{source}.")
    for module in (block, found) if inner else (found,):
        held = {layer for layer, m in modules.items() if f"{m}.".startswith(f"{module}.")}
        if below and held == below.keys():
            return module
    return ""


def _shared(names: Iterable[str]) -> str:
    """The parts with which all of the names begin."""
    parts = [name.split(".") for name in names]
    shared = takewhile(lambda words: len(set(words)) == 1, zip(*parts, strict=False))
    return ".".join(words[0] for words in shared)
