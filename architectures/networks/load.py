"""A network of the catalogue with the weights of a converted checkpoint."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from architectures import Model
from architectures.catalogue.nearest import misfits
from architectures.networks.build import build
from architectures.networks.features import FeatureNetwork
from mappings.errors import FormatError
from mappings.shapes import open_sizes
from mappings.words import counted

if TYPE_CHECKING:
    from torch import Tensor

    from architectures.networks.network import Network


def create(
    model: Model,
    checkpoint: str | os.PathLike[str] | None = None,
    num_classes: int | None = None,
    in_chans: int | None = None,
) -> Network:
    """The network of ``model``, with the weights of a safetensors file if ``checkpoint`` names one.

    The class count and the image channels are then the file's own; another ``num_classes`` gives
    the network a fresh classifier. A file without a classifier gives a network without one.

    Raises FormatError for a file that is not this model's.
    """
    if checkpoint is None:
        return build(model, num_classes, in_chans or 3)
    weights = read_safetensors(checkpoint)
    shapes = {name: tuple(weight.shape) for name, weight in weights.items()}
    if wrong := misfits(shapes, model):
        what = f"{counted(len(wrong), 'tensor')} missing, unknown or of another shape"
        raise FormatError(
            checkpoint, f"does not fit {model.name}: {what}, the first is {wrong[0]!r}"
        )
    sizes = open_sizes((shape, model.shapes[name]) for name, shape in shapes.items())
    channels = sizes.get("channels", 3)
    if in_chans not in (None, channels):
        what = f"is for images of {counted(channels, 'channel')}, not {in_chans}"
        raise FormatError(checkpoint, f"{what}: leave in_chans out")
    network = build(model, sizes.get("classes", 0), channels)
    network.load_state_dict(weights)
    if num_classes is not None and num_classes != network.num_classes:
        network.reset_classifier(num_classes)
    return network.eval()


def create_backbone(
    model: Model,
    checkpoint: str | os.PathLike[str] | None = None,
    in_chans: int | None = None,
    out_indices: int | Sequence[int] | None = None,
) -> FeatureNetwork:
    """The network of ``model`` that gives maps, with the weights of a safetensors file if
    ``checkpoint`` names one; its classifier, if it has one, is left out.

    Raises FormatError for a file that is not this model's.
    """
    network = create(model, checkpoint, 0, in_chans)
    backbone = FeatureNetwork(network, out_indices)
    return backbone.train(network.training)


def create_classifier(model: Model, checkpoint: str | os.PathLike[str]) -> Network:
    """The network of ``model`` with a checkpoint's weights and its classifier.

    Raises FormatError for a file that is not this model's, or that has no classifier.
    """
    network = create(model, checkpoint)
    if not network.num_classes:
        raise FormatError(
            checkpoint,
            "has no classifier, so it gives features and no classes: convert a checkpoint that "
            "has one, or give the network of gluonport.create_model(..., num_classes=N) a new one",
        )
    return network


def read_safetensors(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a safetensors file.

    The file is read, not mapped: a mapped file that another process cuts short kills this one.
    Raises FormatError if there is no regular file, and if it is not a safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    if not os.path.isfile(path):
        raise FormatError(path, "there is no such regular file; check the path")
    try:
        with open(path, "rb") as file:
            return load(file.read())
    except SafetensorError as error:
        raise FormatError(
            path,
            f"not a safetensors file: {error}; expected a converted checkpoint: 'convert auto "
            f"OUT.safetensors --from {os.fspath(path)}' makes one of what it reads",
        ) from error
