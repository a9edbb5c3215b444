"""Finds the network of the catalogue that a checkpoint fits, before any value is read."""

from __future__ import annotations

from collections.abc import Iterable

from architectures import MODELS, Model
from architectures.catalogue.nearest import nearest_models
from convert.formats import Checkpoint, refuse_quantised
from convert.heads import refuse_other_head
from convert.laid import Fit, lay
from convert.leftovers import refuse_leftovers
from convert.refusal import no_model, other_model, several_models
from convert.thumbnails import refuse_thumbnail
from mappings.errors import ReconcileError

FAR = 0.25
"""The largest share of a network's tensors that a file near it may lack or have in another shape:
a file with another stem or head stays below it, and a file of another family lacks most tensors."""


def fit(checkpoint: Checkpoint, model: Model, classifier: bool = True) -> Fit:
    """Compare a checkpoint with the model that it must fit, with its classifier or without.

    Raises ReconcileError with every residue if it does not fit.
    """
    _refuse_nameless(checkpoint)
    found = lay(checkpoint, model, classifier)
    if found.residues:
        near = nearest(checkpoint, classifier)
        if all(other.residues for other in near):  # else it fits another model
            refuse_leftovers(checkpoint, [found])
            if classifier:
                refuse_other_head(checkpoint, [lay(checkpoint, model, False)])
            refuse_thumbnail(checkpoint, [model])
        raise other_model(checkpoint, found, near)
    return found


def identify(checkpoint: Checkpoint, classifier: bool = True) -> Fit:
    """The one model of the catalogue that a checkpoint fits by names and shapes, with its
    classifier or without.

    Raises ReconcileError if no model fits, with the nearest ones and their residues, and if several
    fit, with their names.
    """
    _refuse_nameless(checkpoint)
    fits = nearest(checkpoint, classifier)
    exact = exact_fits(fits)
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise several_models(checkpoint, exact)
    refuse_leftovers(checkpoint, fits)
    if classifier:
        refuse_other_head(checkpoint, nearest(checkpoint, False))
    refuse_thumbnail(checkpoint, MODELS)
    raise no_model(checkpoint, fits)


def all_fits(checkpoint: Checkpoint, classifier: bool = True) -> tuple[Fit, ...]:
    """The models of the catalogue that a checkpoint fits by names and shapes; of one network with
    several sets of weights, one."""
    return exact_fits(nearest(checkpoint, classifier)) if checkpoint.named else ()


def nearest(checkpoint: Checkpoint, classifier: bool = True) -> list[Fit]:
    """The models nearest to a checkpoint, the one with the fewest misfits first.

    A model is near if the checkpoint lacks at most the share ``FAR`` of its tensors, or has them in
    another shape.
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
            f"their order proves nothing: save it again with net.save_parameters"
        )


def exact_fits(fits: Iterable[Fit]) -> tuple[Fit, ...]:
    """The fits without residues. If all are of one network, which was published with several sets
    of weights, only the one with the file's class count, else the first in the catalogue."""
    exact = tuple(fit for fit in fits if not fit.residues)
    if len({(fit.model.network, fit.model.rows) for fit in exact}) != 1:
        return exact
    first = min(exact, key=lambda fit: MODELS.index(fit.model))
    return (next((fit for fit in exact if fit.num_classes == fit.model.num_classes), first),)
