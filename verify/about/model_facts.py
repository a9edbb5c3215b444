"""Everything that is known of one name, as JSON values."""

from __future__ import annotations

from typing import Any

from architectures.catalogue import find_network
from architectures.catalogue.client import Client
from architectures.catalogue.graph_record import GraphRecord
from architectures.catalogue.holdings import Listed, everything
from architectures.catalogue.outline import outline_of
from architectures.catalogue.ports import PORTS
from architectures.catalogue.recipe import RECIPES
from architectures.catalogue.record import Model
from mappings.errors import GluonportError
from verify.about.commands import graph_commands, model_commands
from verify.about.graph_outline import outline_of_graph
from verify.about.listed_model import listed_model
from verify.about.packaged_proof import proof_of_graph, proof_of_model


def facts(name: str) -> dict[str, Any]:
    """What is known of a name of the catalogue or of a store. ``route`` says how it is converted:
    ``table``, ``graph``, or ``refused`` with the reason in ``why``.

    Raises GluonportError for an unknown name, with the nearest ones.
    """
    try:
        found = find_network(name)
    except GluonportError:
        for one in everything():
            stem = one.file and one.file.stem
            if one.route == "refused" and name in (one.name, one.network, stem):
                return one.as_json()
        raise
    return _of_model(found) if isinstance(found, Model) else _of_graph(found)


def _of_model(model: Model) -> dict[str, Any]:
    network = model.base or model.name
    recipe = RECIPES.get(model.name)
    return {
        **listed_model(model),
        "network": network,
        "description": model.family.description,
        "papers": [{"title": paper.title, "url": paper.url} for paper in model.family.papers],
        "dataset": model.dataset.name,
        "num_features": model.num_features,
        "classifier": model.classifier,
        "tensors": len(model.shapes),
        "architecture": outline_of(model).as_json(),
        "figures": [
            {"regime": f.regime, "printed": str(f), "images": f.images, "source": f.source}
            for f in model.source.figures
        ],
        "weights": {
            "publisher": model.source.origin.title,
            "publisher_url": model.source.origin.url,
            "license": model.source.origin.license,
            "license_url": model.source.origin.license_url,
            "packaged": model.source.packaged,
            "unproven": model.source.unproven,
            "timm_port": PORTS.get(model.source.sha1 or ""),
            "others": [_other(one) for one in everything() if _is_other(one, model)],
        },
        "clients": _clients(model.client),
        "proven": proof_of_model(model),
        "recipe": recipe and recipe.as_json(),
        "commands": model_commands(model),
    }


def _is_other(one: Listed, model: Model) -> bool:
    """Whether a stored file has other weights of the same network."""
    hashes = (None, model.source.sha1)
    network = model.base or model.name
    return one.model == network and one.file is not None and one.file.sha1 not in hashes


def _other(one: Listed) -> dict[str, Any]:
    assert one.file is not None
    figures = [str(figure) for figure in one.file.figures]
    return {"name": one.name, "sha1": one.file.sha1, "url": one.file.url, "figures": figures}


def _clients(client: Client | None) -> dict[str, Any]:
    """What other libraries call the network; they load a converted file as it is."""
    client = client or Client()
    weights = f"{client.timm}.{client.tag}" if client.timm and client.tag else None
    return {
        "timm": client.timm or None,
        "timm_options": dict(client.options),
        "timm_weights": weights,
        "torchvision": client.torchvision or None,
        "transformers": bool(client.timm),
        "gluonport": True,
    }


def _of_graph(record: GraphRecord) -> dict[str, Any]:
    file = record.file
    return {
        "name": record.name,
        "route": "graph",
        "network": record.network,
        "task": record.task,
        "family": record.family,
        "dataset": record.dataset,
        "num_classes": record.num_classes,
        "module": record.module,
        "preprocessing": dict(record.preprocessing),
        "architecture": outline_of_graph(record),
        "figures": [figure.as_json() for figure in record.figures],
        "weights": {
            "url": file and file.url,
            "sha1": file and file.sha1,
            "store": file and file.store,
            "others": [
                {"name": one.name, "sha1": one.file.sha1, "url": one.file.url}
                for one in everything()
                if one.file and one.network == record.network and one.file != file
            ],
        },
        "proven": proof_of_graph(record),
        "commands": graph_commands(record),
    }
