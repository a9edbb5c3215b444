"""The size of a checkpoint as ``torch.save`` wrote it before PyTorch 1.6, in one stream.

PyTorch still has this format and writes the same bytes. Two things of that time are not in the
weights: which modules the network had, and how long a storage's key was.
"""

from __future__ import annotations

from collections import OrderedDict
from io import BytesIO
from itertools import accumulate
from typing import TYPE_CHECKING

import torch

from architectures import Model
from architectures.catalogue.published_card import Card
from mappings.language import TRACKED

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

KEY_DIGITS = 14
"""A storage's key is its address in decimal; that of a heap of Linux on x86-64, 0x55... or 0x56...,
has 14 digits. Other systems put their heaps elsewhere."""


class _Sink(BytesIO):
    """A file of which only the size is kept."""

    size = 0

    def write(self, data: Buffer, /) -> int:
        written = memoryview(data).nbytes
        self.size += written
        return written


def file_size(model: Model, card: Card) -> int:
    """The bytes of the published file: tensors of the model's shapes are really serialised."""
    return size_of(state_dict(model, card.averaged, card.module_versions))


def convention(card: Card) -> str:
    """In words, what the file holds besides the weights."""
    counters = "float32" if card.averaged else "int64"
    versions = "with" if card.module_versions else "without"
    return f"torch.save before 1.6, {counters} {TRACKED}, {versions} module versions"


def state_dict(
    model: Model, averaged: bool, module_versions: bool
) -> OrderedDict[str, torch.Tensor]:
    """A state dict of the model's shapes with arbitrary values: its memory is never touched.

    ``averaged`` makes its counters float32, ``module_versions`` adds the versions of the modules.
    """
    counter = torch.float32 if averaged else torch.int64
    state = OrderedDict(
        (
            name,
            torch.empty(shape, dtype=counter if name.endswith(TRACKED) else torch.float32),
        )
        for name, shape in model.sized().items()
    )
    if module_versions:
        versions = OrderedDict((name, {"version": 1}) for name in modules_of_2019(model))
        state._metadata = versions  # type: ignore[attr-defined]  # where state_dict() puts it
    return state


def modules_of_2019(model: Model) -> list[str]:
    """Every module of the network that timm saved the Gluon ports from, by its full name.

    Source: timm, models/gluon_resnet.py and models/adaptive_avgmax_pool.py of May 2019: modules
    with tensors, those that hold them, and ReLU, sigmoid and pooling, which have none.
    """
    layers = dict.fromkeys(name.rpartition(".")[0] for name in model.shapes)
    blocks = [layer.removesuffix(".conv3") for layer in layers if layer.endswith(".conv3")]
    gates = [layer.removesuffix(".fc1") for layer in layers if layer.endswith(".se.fc1")]
    bare = ["relu", "maxpool", "global_pool", "global_pool.pool"]
    bare += [f"{block}.relu" for block in blocks]
    bare += [f"{gate}.{name}" for gate in gates for name in ("relu", "sigmoid")]
    holders = {path for layer in layers for path in accumulate(layer.split("."), "{}.{}".format)}
    return sorted({"", *holders, *bare})


def size_of(state: OrderedDict[str, torch.Tensor]) -> int:
    """The bytes that the old ``torch.save`` makes of a state dict, its keys 14 digits long."""
    sink = _Sink()
    torch.save(state, sink, _use_new_zipfile_serialization=False)
    keys = [str(tensor.untyped_storage()._cdata) for tensor in state.values()]
    # Each key stands twice: where its tensor is, and in the list of storages that follow.
    return sink.size + 2 * sum(KEY_DIGITS - len(key) for key in keys)
