"""Networks of the zoo with ``thumbnail=True`` that have no record: recognised by their tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from architectures import Model
from architectures.catalogue.nearest import nearest_models
from convert.formats import Checkpoint
from mappings.errors import ReconcileError
from mappings.gluon import once
from mappings.language import Row, Table
from mappings.naming import recognise
from mappings.residues import reconcile
from mappings.shapes import OpenShape

DROPPED = 3  # children of ``features`` that a thumbnail network lacks: norm, ReLU and max-pool


def thumbnail_of(checkpoint: Checkpoint, models: Iterable[Model]) -> str | None:
    """The name of the network that a checkpoint is with ``thumbnail=True``, None for any other.

    Such a network begins with one 3x3 convolution instead of a 7x7 one, a norm and a max-pool
    (mxnet: python/mxnet/gluon/model_zoo/vision/resnet.py, ResNetV1 and ResNetV2).
    """
    shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}
    for model in nearest_models(shapes, models):
        if model.first_feature is None or (expected := _shapes(model)) is None:
            continue
        table = _table(model, model.first_feature)
        try:
            naming = recognise(shapes, table)
        except ReconcileError:
            continue
        if not reconcile(shapes, naming, table, expected)[0]:
            return model.source.name
    return None


def refuse_thumbnail(checkpoint: Checkpoint, models: Iterable[Model]) -> None:
    """Raise ReconcileError for a network with ``thumbnail=True``."""
    if name := thumbnail_of(checkpoint, models):
        raise ReconcileError(
            f"{checkpoint.path} is {name} built with thumbnail=True (a 3x3 convolution and no "
            f"max-pool at the beginning), which has no table: convert the graph that export writes"
        )


def _shapes(model: Model) -> Mapping[str, OpenShape] | None:
    stem = model.shapes.get("conv1.weight", ())
    if stem[2:] != (7, 7):
        return None
    expected = {n: s for n, s in model.shapes.items() if not n.startswith("bn1.")}
    return expected | {"conv1.weight": (*stem[:2], 3, 3)}


def _table(model: Model, first_feature: int) -> Table:
    rows = [_moved(row, first_feature) for row in model.rows[0] if row.target != "bn1"]
    return Table.expand(rows, model.network.positions(first_feature - DROPPED), model.classifier)


def _moved(row: Row, first_feature: int) -> Row:
    """The row of the norm after the stages, ``DROPPED`` children earlier; other rows unchanged."""
    number = row.source.removeprefix("features.")
    if row.scope is once and number.isdecimal() and int(number) >= first_feature:
        return replace(row, source=f"features.{int(number) - DROPPED}")
    return row
