"""A checkpoint laid against one network: what fits, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from architectures import Model
from convert.formats import Checkpoint, Tensor
from mappings.beside import Beside, beside
from mappings.language import Table
from mappings.naming import Naming, recognise
from mappings.parts import is_classifiers
from mappings.residues import Residues, fold, reconcile
from mappings.shapes import OpenShape


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
