"""What the stores hold, and which way each file takes: by a table, by its graph, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from architectures.catalogue import table_of
from architectures.catalogue.graph_record import graph_record
from architectures.catalogue.packaged_graph import graph_index, refused
from architectures.catalogue.stored_file import StoredFile, file_of_network, stored_files

Route = Literal["table", "graph", "refused"]


@dataclass(frozen=True)
class Listed:
    """A stored file, or a network of GluonCV without one. ``model`` is the catalogue's name of its
    network; ``why`` says why it is refused."""

    name: str
    network: str
    route: Route
    task: str | None
    family: str | None
    dataset: str | None
    model: str | None
    file: StoredFile | None
    why: str | None = None

    def as_json(self) -> dict[str, object]:
        """The fields as JSON values."""
        file = self.file
        return {
            "name": self.name,
            "network": self.network,
            "route": self.route,
            "task": self.task,
            "family": self.family,
            "dataset": self.dataset,
            "model": self.model,
            "store": file and file.store,
            "stored_name": file and file.stored,
            "sha1": file and file.sha1,
            "url": file and file.url,
            "figures": [figure.as_json() for figure in file.figures] if file else [],
            "converted_from_torchvision": bool(file and file.converted_from_torchvision),
            "why": self.why,
        }


def everything() -> tuple[Listed, ...]:
    """Every stored file, then the networks that were registered and never published."""
    found = [_listed(file.name, file.network, file) for file in stored_files()]
    networks = dict.fromkeys([*graph_index(), *refused()])
    unpublished = [name for name in networks if file_of_network(name) is None]
    return (*found, *(_listed(f"gluon_{name}", name, None) for name in unpublished))


def _listed(name: str, network: str, file: StoredFile | None) -> Listed:
    if model := table_of(network):
        return Listed(
            name,
            network,
            "table",
            "classification",
            model.family.name,
            model.dataset.name,
            model.name,
            file,
        )
    if record := graph_record(network, file):
        return Listed(
            name, network, "graph", record.task, record.family, record.dataset, None, file
        )
    why = refused().get(network, "its graph is not packaged")
    return Listed(name, network, "refused", None, None, None, None, file, why)
