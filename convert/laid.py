"""Compares a checkpoint with one network: which tensors fit, and which do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from architectures import Model
from convert.formats import Checkpoint, Tensor
from mappings.beside import Beside, beside
from mappings.language import Table
from mappings.naming import Naming, recognise
from mappings.residues import Residues, fold, reconcile
from mappings.shapes import OpenShape


@dataclass(frozen=True)
class Fit:
    """A checkpoint compared with one model: how it names its tensors, and what does not fit.

    ``dialect`` says whose names they are (``gluon``, ``pytorch``, ``mmpretrain``) and ``table``
    translates them. ``num_classes`` is None if the classifier is missing, and 0 if it is left out;
    ``table`` then lacks it too. ``in_chans``, the number of channels of the images, is None if the
    first convolution is missing. ``beside`` are tensors that the network does not have.
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
        """The shapes of the network's tensors that the checkpoint must have, in its order."""
        return self.model.expected(classifier=self.table.classifier is not None)

    @property
    def scheme(self) -> str:
        """The naming in one word: Gluon has several, each other framework has one."""
        return self.naming.scheme if self.dialect == "gluon" else self.dialect

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on how the names are decorated, and on what is left out with the classifier."""
        if self.table.classifier is None and self.beside.head:
            return (*self.naming.notes, f"left out: {', '.join(fold(self.beside.head))}")
        return self.naming.notes

    def by_target(self, checkpoint: Checkpoint) -> Mapping[str, Tensor]:
        """The checkpoint's tensors under the network's names, in the network's shapes."""
        names, table = self.naming.names, self.table
        laid = {table.accepted[names[t.name]]: t for t in checkpoint.tensors if t.name in names}
        return {name: t.reshaped(table.target_shape(name, t.shape)) for name, t in laid.items()}


def lay(checkpoint: Checkpoint, model: Model, classifier: bool = True) -> Fit:
    """Compare a checkpoint with one model, whether it fits or not, in the dialect that fits best.

    Without ``classifier``, only the rest of the network must be there, and a head is left out.
    Raises ReconcileError if two names in the file stand for the same tensor.
    """
    shapes = {tensor.name: tensor.shape for tensor in checkpoint.tensors}
    fits = []
    expected = model.expected(classifier=classifier)
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
