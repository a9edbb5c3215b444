"""Every model that gluonport converts, a file for each family, and the look-up by name."""

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
from architectures.record import Model
from mappings.errors import GluonportError

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
    """The record of ``name``, which may also be the source framework's own name for it or its file.

    Raises GluonportError that suggests the nearest names.
    """
    for model in MODELS:
        if name in (model.name, model.source.name, model.source.stored):
            return model
    names = [model.name for model in MODELS]
    near = get_close_matches(name, [*names, *(model.source.name for model in MODELS)], 3, 0.5)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise GluonportError(f"no model is called {name!r}: {hint}'gluonport models' lists them all")
