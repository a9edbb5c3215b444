"""The packaged graphs of the model zoos: what is known of each, and the graph itself.

``scripts/make_zoo_graphs.py`` writes them, from GluonCV itself.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from architectures.catalogue.class_template import expand, is_open, solve
from mappings.errors import GluonportError
from mappings.shapes import Shape

LONGEST = 2**24
"""Bytes of a graph's line; the largest has 4 million."""


@dataclass(frozen=True)
class NamedTensor:
    """A tensor of a network: its names in ``save_parameters`` and in the graph, and its shape."""

    structural: str
    own: str
    shape: Shape


@dataclass(frozen=True)
class PackagedGraph:
    """A network's tensors and graph, with the class count left open where GluonCV leaves it open.

    ``published_classes`` is the count of the published weights in the graph's own terms, None where
    it is fixed.
    """

    name: str
    published_classes: int | None
    template: Mapping[str, Any]

    @cached_property
    def names(self) -> Sequence[tuple[str, str]]:
        """Every tensor's structural name and name in the graph; a shared one has several."""
        return [(structural, own) for structural, own, _ in self.template["tensors"]]

    def tensors(self, classes: int | None = None) -> tuple[NamedTensor, ...]:
        """The tensors for a class count, that of the published weights by default."""
        listed = self._expanded("tensors", classes)
        return tuple(NamedTensor(name, own, tuple(shape)) for name, own, shape in listed)

    def symbol(self, classes: int | None = None) -> bytes:
        """The graph as MXNet's JSON, for a class count."""
        return json.dumps(self._expanded("symbol", classes)).encode()

    def classes_of(self, shapes: Mapping[str, Shape]) -> int | None:
        """The class count that a file's shapes tell; ``shapes`` are its tensors by their names in
        the graph. The published one if nothing depends on it.

        Raises GluonportError if the file's tensors are not the network's, with the first that
        differs.
        """
        count = self.published_classes
        if count is not None:
            count = self._solved(shapes)
        for tensor in self.tensors(count):
            found = shapes.get(tensor.own)
            if found is not None and found != tensor.shape and 0 not in tensor.shape:
                raise GluonportError(
                    f"{tensor.structural} has shape {found}, and {self.name} needs {tensor.shape}"
                )
        return count

    def _solved(self, shapes: Mapping[str, Shape]) -> int:
        for structural, own, shape in self.template["tensors"]:
            found = shapes.get(own)
            for size, actual in zip(shape, found or (), strict=False):
                if is_open(size):
                    count = solve(size, actual)
                    if count is None or count < 1:
                        raise GluonportError(
                            f"{structural} has shape {found}, which {self.name} has for no number "
                            f"of classes"
                        )
                    return count
        raise GluonportError(f"the tensors that tell the number of classes of {self.name} lack")

    def _expanded(self, part: str, classes: int | None) -> Any:
        count = classes if classes is not None else self.published_classes
        template = self.template[part]
        return template if count is None else expand(template, count)


@cache
def graph_index() -> Mapping[str, Mapping[str, Any]]:
    """What is known of each network without its graph, by GluonCV's name of it."""
    text = (files("architectures") / "zoo" / "index.json").read_text("utf-8")
    networks: dict[str, Mapping[str, Any]] = json.loads(text)["networks"]
    return networks


def packaged_graph(name: str) -> PackagedGraph:
    """The graph of a network of ``graph_index``."""
    about = graph_index()[name]
    archive = files("architectures") / "zoo" / f"{about['archive']}.xz"
    mark = f'{{"name":{json.dumps(name)},'.encode()
    with archive.open("rb") as packed, lzma.open(packed) as lines:
        while line := lines.readline(LONGEST):
            if line.startswith(mark):
                return PackagedGraph(name, about["template_classes"], json.loads(line))
    raise GluonportError(f"{archive}: the graph of {name} is missing: install gluonport again")


@cache
def networks_with(key: str) -> tuple[str, ...]:
    """The networks whose files have a key (``name_keys``)."""
    return tuple(name for name, about in graph_index().items() if key in about["keys"])


@cache
def refused() -> Mapping[str, str]:
    """Why the other networks that GluonCV registers or stores are not converted, by name."""
    text = (files("architectures") / "zoo" / "refused.json").read_text("utf-8")
    return {name: str(why) for name, why in json.loads(text).items()}
