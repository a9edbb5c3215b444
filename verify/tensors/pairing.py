"""Which tensors of two checkpoints correspond, whatever each file calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from architectures import MODELS, Model
from architectures.catalogue.nearest import nearest_models
from convert.formats import Checkpoint, Tensor
from convert.formats.graph_checkpoint import variable_name, variables_of
from mappings.beside import beside
from mappings.errors import ReconcileError
from mappings.naming import recognise
from mappings.residues import reconcile

Named = Mapping[str, Tensor]


@dataclass(frozen=True)
class Pairing:
    """Two checkpoints' tensors under shared names: the model's names, or else the files' own.

    ``misfits`` is how many names and shapes of the two files the model cannot account for;
    without a model, all of them.
    """

    model: Model | None
    a: Named
    b: Named
    misfits: int

    @property
    def shared(self) -> list[str]:
        """The names that both sides have, in the order of the first."""
        return [name for name in self.a if name in self.b]

    @property
    def pairs(self) -> set[tuple[str, str]]:
        """The pairs of tensors, by the files' own names."""
        return {(self.a[name].name, self.b[name].name) for name in self.shared}


def pair(a: Checkpoint, b: Checkpoint, model: Model | None = None) -> Pairing:
    """Pair by the tables of ``model``, or of the model that pairs most tensors with fewest misfits.

    Files that fit no model are paired by equal names. Raises ReconcileError for files without
    names, if two models fit equally well but pair differently, and if nothing can be paired.
    """
    for checkpoint in (a, b):
        if not checkpoint.named:
            raise ReconcileError(
                f"{checkpoint.path} is a list of {len(checkpoint.tensors)} arrays without names, "
                f"and order proves nothing: save it again with net.save_parameters"
            )
    models = {m.name: m for file in (a, b) for m in nearest_models(_shapes(file), MODELS)}
    found = [laid for m in ([model] if model else models.values()) if (laid := _lay(a, b, m))]
    if model is None:
        found += [*_by_graph(a, b), _by_own_names(a, b)]
    if not any(pairing.pairs for pairing in found):
        names = f"the names of {model.name}" if model else "their own names or any model's"
        raise ReconcileError(
            f"{a.path} and {b.path} have no tensor in common by {names}: "
            f"'gluonport inspect' shows what each of them is"
        )
    return _best(found)


def _best(found: Sequence[Pairing]) -> Pairing:
    """The pairing of most pairs, then of fewest misfits."""

    def rank(pairing: Pairing) -> tuple[int, int, bool]:
        return -len(pairing.pairs), pairing.misfits, pairing.model is None

    best, *others = sorted(found, key=rank)
    for other in others:
        if rank(other) == rank(best) and other.pairs != best.pairs:
            names = " and ".join(p.model.name for p in (best, other) if p.model)
            raise ReconcileError(
                f"{names} fit the two files equally well and pair their tensors differently: "
                f"say which with --model NAME"
            )
    return best


def _by_own_names(a: Checkpoint, b: Checkpoint) -> Pairing:
    ours, theirs = ({tensor.name: tensor for tensor in side.tensors} for side in (a, b))
    return Pairing(None, ours, theirs, len(ours) + len(theirs))


def _by_graph(a: Checkpoint, b: Checkpoint) -> list[Pairing]:
    """The pairing by the variables of the graph that one of the files came from, if one did."""
    first, second = (variables_of(checkpoint.path) for checkpoint in (a, b))
    if first is None and second is None:
        return []
    ours = _by_variable(a, first[0] if first else second[1] if second else {})
    theirs = _by_variable(b, second[0] if second else first[1] if first else {})
    return [Pairing(None, ours, theirs, len(ours.keys() ^ theirs.keys()))]


def _by_variable(checkpoint: Checkpoint, known: Mapping[str, str]) -> Named:
    return {known.get(t.name, variable_name(t.name)): t for t in checkpoint.tensors}


def _lay(a: Checkpoint, b: Checkpoint, model: Model) -> Pairing | None:
    """The pairing by a model's tables; None if they would give one name to two tensors."""
    ours, theirs = _named(a, model), _named(b, model)
    if ours is None or theirs is None:
        return None
    return Pairing(model, ours[0], theirs[0], ours[1] + theirs[1])


def _named(checkpoint: Checkpoint, model: Model) -> tuple[Named, int] | None:
    """The tensors under the model's names (or their own, if it has none for them), by the dialect
    that fits best, and the number of misfits. Constants beside the network are left out."""
    shapes = _shapes(checkpoint)
    best: tuple[Named, int] | None = None
    for _, table in model.dialects:
        try:
            naming = recognise(shapes, table)
        except ReconcileError:
            continue
        naming = naming.without(beside(naming, table, shapes, model.shapes).constants)
        misfits = len(reconcile(shapes, naming, table, model.shapes)[0])
        sources = naming.names
        tensors = [tensor for tensor in checkpoint.tensors if tensor.name in sources]
        laid = {table.accepted.get(sources[t.name], t.name): t for t in tensors}
        named = {n: t.reshaped(table.target_shape(n, t.shape)) for n, t in laid.items()}
        if len(named) == len(sources) and (best is None or misfits < best[1]):
            best = named, misfits
    return best


def _shapes(checkpoint: Checkpoint) -> dict[str, tuple[int, ...]]:
    return {tensor.name: tensor.shape for tensor in checkpoint.tensors}
