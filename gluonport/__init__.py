"""gluonport: Gluon (MXNet) checkpoints in PyTorch, with proof. The public Python interface.

>>> import gluonport
>>> gluonport.convert("gluon_resnext50_32x4d", "out.safetensors", "mine.params")
>>> model = gluonport.create_model("gluon_resnext50_32x4d", "out.safetensors")
>>> image = gluonport.preprocess("cat.jpg", "gluon")  # float32 (3, 224, 224)

Every failure that a user can cause is a ``gluonport.GluonportError``, whose text is one line.
A file may lie elsewhere: ``hf-hub:OWNER/NAME[@REVISION][:FILE]``, or ``https://...#sha256=HEX``.
Converting needs the light install alone; ``create_model``, ``load`` and ``preprocess`` need
``gluonport[verify]``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

from gluonport.rooms import check_rooms_at_start

check_rooms_at_start()

from architectures import MODELS, find_model  # noqa: E402
from convert import Conversion  # noqa: E402
from convert import convert as _convert  # noqa: E402
from convert.formats.limits import MAX_PIXELS  # noqa: E402
from convert.sources.locate import locate  # noqa: E402
from gluonport.extras import telling_the_extra  # noqa: E402
from mappings.errors import GluonportError  # noqa: E402

if TYPE_CHECKING:
    import numpy
    import torch

    from architectures.catalogue.figure import Regime
    from architectures.networks.features import FeatureNetwork
    from architectures.networks.network import Network

__all__ = [
    "Conversion",
    "GluonportError",
    "convert",
    "create_model",
    "list_models",
    "load",
    "load_arrays",
    "preprocess",
]


convert = telling_the_extra()(_convert)


def list_models() -> list[str]:
    """The names of the catalogue."""
    return [model.name for model in MODELS]


@overload
def create_model(
    name: str,
    checkpoint: str | os.PathLike[str] | None = None,
    num_classes: int | None = None,
    in_chans: int | None = None,
    *,
    features_only: Literal[False] = False,
    out_indices: int | Sequence[int] | None = None,
) -> Network: ...


@overload
def create_model(
    name: str,
    checkpoint: str | os.PathLike[str] | None = None,
    num_classes: int | None = None,
    in_chans: int | None = None,
    *,
    features_only: Literal[True],
    out_indices: int | Sequence[int] | None = None,
) -> FeatureNetwork: ...


@telling_the_extra()
def create_model(
    name: str,
    checkpoint: str | os.PathLike[str] | None = None,
    num_classes: int | None = None,
    in_chans: int | None = None,
    *,
    features_only: bool = False,
    out_indices: int | Sequence[int] | None = None,
) -> Network | FeatureNetwork:
    """The network of a model of the catalogue, in evaluation mode when it is given weights.

    ``checkpoint`` is a converted ``.safetensors``, loaded strictly; the counts of classes and of
    input channels are the file's, and another ``num_classes`` gives the network a fresh classifier,
    0 none. Without a checkpoint the network is freshly initialised, for ``in_chans`` channels (3).

    The network takes images (N, in_chans, H, W), float32, and gives logits (N, num_classes). It has
    ``forward_features``, ``forward_head``, ``reset_classifier(n)`` and ``set_grad_checkpointing``.

    With ``features_only`` it gives a list of maps (N, C, h, w) instead: those of ``out_indices``,
    or all that are usual. Its ``feature_info`` has their ``channels()`` and ``reduction()``, as
    timm's. ``num_classes`` then changes nothing.

    Raises GluonportError for an unknown name, for a file that is not this model's, and for an index
    that no map has.
    """
    from architectures.networks.load import create, create_backbone

    model = find_model(name)
    where = None if checkpoint is None else locate(os.fspath(checkpoint)).path
    if features_only:
        return create_backbone(model, where, in_chans, out_indices)
    if out_indices is not None:
        raise GluonportError("out_indices chooses maps: give features_only=True with it")
    return create(model, where, num_classes, in_chans)


@telling_the_extra()
def load(path: str | os.PathLike[str]) -> torch.nn.Module:
    """The network of any converted checkpoint with its weights, in evaluation mode, whether a table
    or a graph converted it.

    A network of the catalogue is recognised by the provenance beside the file, or by its tensors; a
    network that comes from a graph needs the provenance. No code of the checkpoint is executed.

    Raises GluonportError for a file that is neither.
    """
    from verify.prediction.any_checkpoint import load_network

    return load_network(locate(os.fspath(path)).path)


@telling_the_extra()
def load_arrays(
    path: str | os.PathLike[str],
) -> dict[str, numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.generic]]]:
    """The arrays of any file that gluonport reads, by name, or by number where they have none.

    It is ``mx.nd.load`` without MXNet: ``.params`` of every version, ``.npz``, ``.safetensors``,
    PyTorch's files, and SageMaker's ``model.tar.gz``. Sparse arrays are dense, and bfloat16 is
    ``ml_dtypes.bfloat16``. The arrays are the caller's own. Arrays stored without values are left
    out.

    Raises GluonportError for a file that is not a checkpoint.
    """
    from convert.formats.any_arrays import open_arrays

    tensors = open_arrays(locate(os.fspath(path)).path).tensors
    return {tensor.name: tensor.copy() for tensor in tensors if tensor.dtype is not None}


@telling_the_extra()
def preprocess(
    image_path: str | os.PathLike[str],
    regime: Regime,
    model: str | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
) -> numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float32]]:
    """The network's input, float32 (3, H, W), from an image file, bit for bit as the original
    pipeline makes it: ``regime`` is ``gluon`` (MXNet with GluonCV), ``timm`` or ``mmpretrain``.

    H and W are 224, cut from an image whose short side is 256, unless the model of that name takes
    another size. Raises GluonportError for an image that the original does not decode either, and
    for one of more than ``max_pixels`` pixels, before it is decoded.
    """
    from verify.preprocessing import preprocess

    return preprocess(image_path, regime, find_model(model) if model else None, max_pixels)
