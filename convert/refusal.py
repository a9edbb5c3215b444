"""The messages on a checkpoint that fits no network, another one, or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from convert.formats import Checkpoint
from mappings.errors import ReconcileError
from mappings.families import family_of
from mappings.words import counted

if TYPE_CHECKING:
    from convert.laid import Fit

SHOWN = 3  # nearest models of a message
COVERED = (
    "gluonport converts the classifiers that 'gluonport models' lists, and others by their graph "
    "(NAME-symbol.json, which 'export' writes)"
)


def other_model(checkpoint: Checkpoint, found: Fit, near: Sequence[Fit]) -> ReconcileError:
    """The error for a checkpoint that does not fit the model it must fit; ``near`` are the models
    nearest to it."""
    what = f"{checkpoint.path} does not fit {found.model.name}"
    exact = [fit.model.name for fit in near if not fit.residues]
    if exact:
        return ReconcileError(f"{what}: it fits {' and '.join(exact)}: give that name instead")
    return ReconcileError(f"{what}, nor any other model; {_else(checkpoint, [found])}")


def no_model(checkpoint: Checkpoint, near: Sequence[Fit]) -> ReconcileError:
    """The error for a checkpoint that fits no model; ``near`` are the models nearest to it."""
    what = f"{checkpoint.path} fits no model of the catalogue"
    return ReconcileError(f"{what}; {_else(checkpoint, shown(near))}")


def several_models(checkpoint: Checkpoint, exact: Sequence[Fit]) -> ReconcileError:
    """The error for a checkpoint that fits more than one model."""
    names = " and ".join(fit.model.name for fit in exact)
    first, *others = [_written(checkpoint, fit) for fit in exact]
    if all(other == first for other in others):
        differ = "these models give the same tensors"
    else:
        differ = (
            "these models give different tensors, and only whoever trained it knows the right ones"
        )
        called = [fit.model for fit in exact if _has_prefix(checkpoint, fit.model.flat_prefix)]
        if len(called) == 1:
            differ += f" (GluonCV begins names with '{called[0].flat_prefix}' in {called[0].name})"
    return ReconcileError(
        f"{checkpoint.path} fits {names} equally well, by names and by shapes; {differ}: "
        f"give the model's name instead of 'auto'"
    )


def shown(near: Sequence[Fit]) -> Sequence[Fit]:
    """The nearest models that a message names, without the packaged sample: nobody else's network
    is called after it."""
    return [fit for fit in near if not fit.model.source.packaged][:SHOWN]


def described(fit: Fit) -> str:
    """``2 misfits: ...``"""
    return f"{counted(len(fit.residues), 'misfit')}: {fit.residues}"


def _written(checkpoint: Checkpoint, fit: Fit) -> list[tuple[str, str | None]]:
    """Every tensor of the target, in order, with the name of its tensor in the file."""
    sources = fit.by_target(checkpoint)
    return [(name, sources[name].name if name in sources else None) for name in fit.model.shapes]


def _has_prefix(checkpoint: Checkpoint, prefix: str | None) -> bool:
    """Whether every name begins with the prefix that a network's constructor gives it."""
    if not prefix:
        return False
    return all(tensor.name.split(":", 1)[-1].startswith(prefix) for tensor in checkpoint.tensors)


def _else(checkpoint: Checkpoint, near: Sequence[Fit]) -> str:
    """What the file is instead, according to its names or to the nearest models, and what to do."""
    if family := family_of([tensor.name for tensor in checkpoint.tensors]):
        return f"by its names it is {family}; {COVERED}"
    remedy = (
        f"{COVERED}; 'gluonport inspect --digests {checkpoint.path}' lists the file's tensors, to "
        f"compare with the network that wrote them"
    )
    nearest = " | ".join(f"{fit.model.name}, {described(fit)}" for fit in near)
    return f"nearest: {nearest}; {remedy}" if nearest else remedy
