"""Every model that gluonport converts, with one file for each family, and the look-up by name."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from architectures.catalogue import (
    cifar,
    darknet,
    densenet,
    dla,
    hrnet,
    inception,
    mmpretrain_seresnet,
    mobilenet,
    module_resnet,
    pruned_resnet,
    resnest,
    resnet_v1,
    resnet_v1b,
    resnet_v2,
    resnext,
    sample,
    senet,
    squeezenet,
    thumbnail,
    timm_seresnext,
    vgg,
    xception,
)
from architectures.catalogue.graph_record import GraphRecord, graph_record
from architectures.catalogue.other_weights import other_weights
from architectures.catalogue.packaged_graph import graph_index, refused
from architectures.catalogue.record import Model
from architectures.catalogue.stored_file import file_called, stored_files
from mappings.errors import GluonportError

MOST = 3  # suggested names

MODELS: tuple[Model, ...] = (
    *resnext.MODELS,
    *timm_seresnext.MODELS,
    *mmpretrain_seresnet.MODELS,
    *resnet_v1.MODELS,
    *resnet_v1b.MODELS,
    *resnet_v2.MODELS,
    *resnest.MODELS,
    *pruned_resnet.MODELS,
    *senet.MODELS,
    *vgg.MODELS,
    *squeezenet.MODELS,
    *densenet.MODELS,
    *inception.MODELS,
    *cifar.MODELS,
    *module_resnet.MODELS,
    *thumbnail.MODELS,
    *mobilenet.MODELS,
    *darknet.MODELS,
    *hrnet.MODELS,
    *xception.MODELS,
    *dla.MODELS,
    *sample.MODELS,
)


def find_model(name: str) -> Model:
    """The record of ``name``, which may also be the source framework's name of it or of its file.

    Raises GluonportError that suggests the nearest names, and for a network that has no table.
    """
    found = find_network(name)
    if isinstance(found, Model):
        return found
    raise GluonportError(
        f"{found.name} is converted by its graph: it has no table and no network of ours, which "
        f"this needs"
    )


def find_network(name: str) -> Model | GraphRecord:
    """The network and weights of ``name``: by a table where there is one, else by its graph.

    ``name`` may also be a store's name of a file (``resnet50_v1-0aee57f9``).
    Raises GluonportError that suggests the nearest names, or says why the name has no network.
    """
    for model in MODELS:
        if name in (model.name, model.source.name, model.source.stored):
            return model
    file = file_called(name)
    network = file.network if file else name.removeprefix("gluon_")
    if file and (base := table_of(network)):
        return base if file.sha1 == base.source.sha1 else other_weights(base, file)
    if record := graph_record(network, file):
        return record
    if why := refused().get(network):
        raise GluonportError(f"{name} cannot be converted: {why}")
    raise no_model_called(name)


def is_known(name: str) -> bool:
    """Whether ``find_network`` finds a network of this name."""
    try:
        find_network(name)
    except GluonportError:
        return False
    return True


def every_network() -> Iterator[Model | GraphRecord]:
    """Every model, then every network that has a packaged graph and no table."""
    yield from MODELS
    for network in graph_index():
        if table_of(network) is None:
            record = graph_record(network, file_called(f"gluon_{network}"))
            assert record is not None
            yield record


def table_of(network: str) -> Model | None:
    """The model that is GluonCV's network of this name, or of this name in the store."""
    for model in MODELS:
        source = model.source
        if source.framework == "gluoncv" and network in (source.name, source.stored):
            return model
    return None


def no_model_called(name: str) -> GluonportError:
    """The error for a name that no model has. It suggests names that begin with it or are spelled
    like it."""
    names = [name for model in MODELS for name in (model.source.name, model.name)]
    names += [known for file in stored_files() for known in (file.stored, file.name)]
    longer = [known for known in names if name and known.startswith(name)]
    near = dict.fromkeys([*longer, *get_close_matches(name, names, MOST, 0.5)])
    hint = f"did you mean {' or '.join([*near][:MOST])}? " if near else ""
    if name.endswith((".params", ".safetensors")):
        hint = "give the name of a model here, not a file: "
    return GluonportError(f"no model is called {name!r}: {hint}'gluonport models' lists them all")
