"""Every model that gluonport converts, with one file for each family, and the look-up by name."""

from __future__ import annotations

from difflib import get_close_matches

from architectures.catalogue import (
    cifar,
    mmpretrain_seresnet,
    pruned_resnet,
    resnest,
    resnet_v1,
    resnet_v1b,
    resnet_v2,
    resnext,
    sample,
    senet,
    timm_seresnext,
)
from architectures.catalogue.record import Model
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
    *cifar.MODELS,
    *sample.MODELS,
)


def find_model(name: str) -> Model:
    """The record of ``name``, which may also be the source framework's name of it or of its file.

    Raises GluonportError that suggests the nearest names.
    """
    for model in MODELS:
        if name in (model.name, model.source.name, model.source.stored):
            return model
    raise no_model_called(name)


def no_model_called(name: str) -> GluonportError:
    """The error for a name that no model has. It suggests names that begin with it or are spelled
    like it."""
    names = [name for model in MODELS for name in (model.source.name, model.name)]
    longer = [known for known in names if name and known.startswith(name)]
    near = dict.fromkeys([*longer, *get_close_matches(name, names, MOST, 0.5)])
    hint = f"did you mean {' or '.join([*near][:MOST])}? " if near else ""
    return GluonportError(f"no model is called {name!r}: {hint}'gluonport models' lists them all")
