"""Laying a checkpoint against the networks of the catalogue, before any byte moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from architectures import MODELS, Model
from architectures.nearest import nearest_models
from convert.formats import Checkpoint, Tensor, refuse_quantised
from convert.leftovers import refuse_leftovers
from convert.refusal import no_model, other_model, several_models
from mappings.errors import ReconcileError
from mappings.language import Table
from mappings.naming import Naming, recognise
from mappings.residues import Residues, reconcile

FAR = 0.25
"""The share of a network's tensors that may be absent or of another shape in a file near it: its
stem or its head is another. A file of another family lacks most of them."""


@dataclass(frozen=True)
class Fit:
    """A checkpoint laid against one model: how it names its tensors, and what does not fit.

    ``dialect`` is whose names they are (``gluon``, ``pytorch``, ``mmpretrain``) and ``table``
    translates them; ``num_classes`` is None where the classifier is absent, ``in_chans``, the
    channels of the images, where the first convolution is.
    """

    model: Model
    dialect: str
    table: Table
    naming: Naming
    residues: Residues
    num_classes: int | None
    in_chans: int | None

    @property
    def scheme(self) -> str:
        """The naming in one word: Gluon has several, others only their own."""
        return self.naming.scheme if self.dialect == "gluon" else self.dialect

    def by_target(self, checkpoint: Checkpoint) -> Mapping[str, Tensor]:
        """The checkpoint's tensors under the network's names."""
        names = self.naming.names
        return {self.table.accepted[names[tensor.name]]: tensor for tensor in checkpoint.tensors}


def lay(checkpoint: Checkpoint, model: Model) -> Fit:
    """Lay a checkpoint against one model, whether it fits or not, in the dialect that fits best.

    Raises ReconcileError when two names of the file stand for the same tensor.
    """
    shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}
    fits = []
    for dialect, table in model.dialects:
        naming = recognise(shapes, table)
        residues, sizes = reconcile(shapes, naming, table, model.shapes)
        counts = sizes.get("classes"), sizes.get("channels")
        fits.append(Fit(model, dialect, table, naming, residues, *counts))
    return min(fits, key=lambda found: len(found.residues))


def fit(checkpoint: Checkpoint, model: Model) -> Fit:
    """Lay a checkpoint against the model it must fit.

    Raises ReconcileError with every residue when it does not.
    """
    _refuse_nameless(checkpoint)
    found = lay(checkpoint, model)
    if found.residues:
        refuse_leftovers(checkpoint, [found])
        raise other_model(checkpoint, found, nearest(checkpoint))
    return found


def identify(checkpoint: Checkpoint) -> Fit:
    """The one model of the catalogue that a checkpoint fits, by names and shapes.

    Raises ReconcileError with the nearest models and their residues where none fits, and with all
    that fit where several do.
    """
    _refuse_nameless(checkpoint)
    fits = nearest(checkpoint)
    exact = [found for found in fits if not found.residues]
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise several_models(checkpoint, exact)
    refuse_leftovers(checkpoint, fits)
    raise no_model(checkpoint, fits)


def nearest(checkpoint: Checkpoint) -> list[Fit]:
    """The models nearest to a checkpoint, those with the fewest misfits first.

    A model is near where at most a share of ``FAR`` of its tensors are absent or of another shape.
    """
    fits = []
    shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}
    for model in nearest_models(shapes, MODELS):
        try:
            found = lay(checkpoint, model)
        except ReconcileError:
            continue
        wrong = len(found.residues) - len(found.residues.unmapped_source)
        if wrong <= FAR * len(found.table.targets):
            fits.append(found)
    return sorted(fits, key=lambda found: len(found.residues))


def _refuse_nameless(checkpoint: Checkpoint) -> None:
    refuse_quantised(checkpoint)
    if not checkpoint.named:
        raise ReconcileError(
            f"{checkpoint.path} is a list of {len(checkpoint.tensors)} arrays without names, and "
            f"order proves nothing: save it again with net.save_parameters"
        )
