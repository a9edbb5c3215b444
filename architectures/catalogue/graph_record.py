"""A network of a model zoo that is converted by its packaged graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from architectures.catalogue.packaged_graph import PackagedGraph, graph_index, packaged_graph
from architectures.catalogue.printed_figure import PrintedFigure
from architectures.catalogue.stored_file import StoredFile
from mappings.shapes import Shape

Task = Literal["classification", "detection", "segmentation", "pose", "action", "depth", "tracking"]


@dataclass(frozen=True)
class GraphRecord:
    """One network: its task, where its weights are, and what is published of them.

    - ``network``: what GluonCV calls it, ``ssd_512_mobilenet1.0_voc``; ``module`` makes it there.
    - ``dataset`` and ``num_classes``: of the published weights, None where it has none.
    - ``inputs``: shapes that the graph runs with, by name; images and batches of other sizes run
      too, where the graph itself does not fix them.
    - ``preprocessing``: what GluonCV does to an image first: ``steps`` in words, ``mean`` and
      ``std`` of RGB in 0..1, sizes in pixels, and ``source``, the file that says so.
    - ``file``: the stored weights; None for a network that was registered and never published.
    """

    name: str
    network: str
    task: Task
    family: str
    dataset: str | None
    num_classes: int | None
    module: str
    inputs: Mapping[str, Shape]
    preprocessing: Mapping[str, Any]
    file: StoredFile | None

    @property
    def figures(self) -> tuple[PrintedFigure, ...]:
        """What is published of the stored weights."""
        return self.file.figures if self.file else ()

    @property
    def graph(self) -> PackagedGraph:
        """The network's tensors and graph, read from the package."""
        return packaged_graph(self.network)


def graph_record(network: str, file: StoredFile | None) -> GraphRecord | None:
    """The record of a network of GluonCV with these weights; None if no graph of it is packaged."""
    about = graph_index().get(network)
    if about is None:
        return None
    return GraphRecord(
        file.name if file else f"gluon_{network}",
        network,
        cast(Task, about["task"]),
        about["family"],
        about["dataset"],
        about["num_classes"],
        about["module"],
        {name: tuple(shape) for name, shape in about["inputs"].items()},
        about["preprocessing"],
        file,
    )
