"""Laying a checkpoint against the networks of the catalogue, before any byte moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from architectures import MODELS, Model
from architectures.nearest import nearest_models
from convert.formats import Checkpoint, Tensor, refuse_quantised
from convert.heads import refuse_other_head
from convert.leftovers import refuse_leftovers
from convert.refusal import no_model, other_model, several_models
from convert.thumbnails import refuse_thumbnail
from mappings.beside import Beside, beside
from mappings.errors import ReconcileError
from mappings.language import Table
from mappings.naming import Naming, recognise
from mappings.parts import is_classifiers
from mappings.residues import Residues, fold, reconcile
from mappings.shapes import OpenShape

FAR = 0.25
"""The share of a network's tensors that may be absent or of another shape in a file near it: its
stem or its head is another. A file of another family lacks most of them."""


@dataclass(frozen=True)
class Fit:
    """A checkpoint laid against one model: how it names its tensors, and what does not fit.

    ``dialect`` is whose names they are (``gluon``, ``pytorch``, ``mmpretrain``) and ``table``
    translates them; ``num_classes`` is None where the classifier is absent, and 0 where it is left
    out, as it then is of ``table``; ``in_chans``, the channels of the images, is None where the
    first convolution is absent. ``beside`` are tensors that the network does not have.
    """

    model: Model
    dialect: str
    table: Table
    naming: Naming
    residues: Residues
    num_classes: int | None
    in_chans: int | None
    beside: Beside

    @property
    def shapes(self) -> Mapping[str, OpenShape]:
        """The tensors of the network that the checkpoint is laid against, in its order."""
        return _expected(self.model, self.table.classifier is not None)

    @property
    def scheme(self) -> str:
        """The naming in one word: Gluon has several, others only their own."""
        return self.naming.scheme if self.dialect == "gluon" else self.dialect

    @property
    def notes(self) -> tuple[str, ...]:
        """What was seen through in the names, and what was left out with the classifier."""
        if self.table.classifier is None and self.beside.head:
            return (*self.naming.notes, f"left out: {', '.join(fold(self.beside.head))}")
        return self.naming.notes

    def by_target(self, checkpoint: Checkpoint) -> Mapping[str, Tensor]:
        """The checkpoint's tensors under the network's names."""
        names = self.naming.names
        return {
            self.table.accepted[names[tensor.name]]: tensor
            for tensor in checkpoint.tensors
            if tensor.name in names
        }


def lay(checkpoint: Checkpoint, model: Model, classifier: bool = True) -> Fit:
    """Lay a checkpoint against one model, whether it fits or not, in the dialect that fits best.

    Without ``classifier`` only the rest of the network must be there, and a head is left out.
    Raises ReconcileError when two names of the file stand for the same tensor.
    """
    shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}
    fits = []
    expected = _expected(model, classifier)
    for dialect, table in model.dialects:
        table = table if classifier else table.without_classifier
        naming = recognise(shapes, table)
        others = beside(naming, table, shapes, model.shapes)
        naming = naming.without({*others.constants, *(() if classifier else others.head)})
        residues, sizes = reconcile(shapes, naming, table, expected)
        classes = sizes.get("classes") if classifier else 0
        counts = classes, sizes.get("channels")
        fits.append(Fit(model, dialect, table, naming, residues, *counts, others))
    return min(fits, key=lambda found: len(found.residues))


def _expected(model: Model, classifier: bool) -> Mapping[str, OpenShape]:
    return {n: shape for n, shape in model.shapes.items() if classifier or not is_classifiers(n)}


def fit(checkpoint: Checkpoint, model: Model, classifier: bool = True) -> Fit:
    """Lay a checkpoint against the model it must fit, with its classifier or without.

    Raises ReconcileError with every residue when it does not.
    """
    _refuse_nameless(checkpoint)
    found = lay(checkpoint, model, classifier)
    if found.residues:
        near = nearest(checkpoint, classifier)
        if all(other.residues for other in near):  # else it is wholly another model's
            refuse_leftovers(checkpoint, [found])
            if classifier:
                refuse_other_head(checkpoint, [lay(checkpoint, model, False)])
            refuse_thumbnail(checkpoint, [model])
        raise other_model(checkpoint, found, near)
    return found


def identify(checkpoint: Checkpoint, classifier: bool = True) -> Fit:
    """The one model of the catalogue that a checkpoint fits, by names and shapes, with its
    classifier or without.

    Raises ReconcileError with the nearest models and their residues where none fits, and with all
    that fit where several do.
    """
    _refuse_nameless(checkpoint)
    fits = nearest(checkpoint, classifier)
    exact = [found for found in fits if not found.residues]
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise several_models(checkpoint, exact)
    refuse_leftovers(checkpoint, fits)
    if classifier:
        refuse_other_head(checkpoint, nearest(checkpoint, False))
    refuse_thumbnail(checkpoint, MODELS)
    raise no_model(checkpoint, fits)


def nearest(checkpoint: Checkpoint, classifier: bool = True) -> list[Fit]:
    """The models nearest to a checkpoint, those with the fewest misfits first.

    A model is near where at most a share of ``FAR`` of its tensors are absent or of another shape.
    """
    fits = []
    shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}
    for model in nearest_models(shapes, MODELS):
        try:
            found = lay(checkpoint, model, classifier)
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
