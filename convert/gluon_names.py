"""The names that tensors get in a ``.params`` file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from architectures import Model
from mappings.errors import ConversionError

GluonNaming = Literal["structural", "export"]
AUXILIARY = ("running_mean", "running_var")


def gluon_names(model: Model, naming: GluonNaming) -> Mapping[str, str]:
    """Network tensor name -> Gluon's name, as ``save_parameters`` or as ``export`` writes it.

    Raises ConversionError for a network that GluonCV does not have.
    """
    if model.flat_prefix is None:
        raise ConversionError(
            f"{model.name} comes from {model.source.framework}: GluonCV has no such network, "
            f"so no .params file can hold it; choose a .safetensors target"
        )
    structural = model.table.sources
    if model.source.framework == "mxnet":
        return _module_names(model)
    if naming == "structural":
        return structural
    flat = {source: name for name, source in model.table.flat.items()}
    names = {}
    for target, source in structural.items():
        kind = "aux" if source.endswith(AUXILIARY) else "arg"
        names[target] = f"{kind}:{model.flat_prefix}{flat[source]}"
    return names


def _module_names(model: Model) -> Mapping[str, str]:
    """What ``Module.save_checkpoint`` writes: ``arg:bn0_gamma``, ``aux:bn0_moving_mean``."""
    flat = {source: name for name, source in model.table.flat.items()}
    return {
        target: f"aux:{flat[source].replace('_running_', '_moving_')}"
        if source.endswith(AUXILIARY)
        else f"arg:{flat[source]}"
        for target, source in model.table.sources.items()
    }
