"""Two checkpoints, tensor by tensor: what differs, by how much, and where in the network."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

from architectures import Model
from convert.formats import Tensor
from mappings.choice import NO_CHOICE, Choice
from mappings.language import TRACKED
from verify.parity.choices import open_both
from verify.tensors.distance import Distance, distance
from verify.tensors.pairing import Named, pair


@dataclass(frozen=True)
class TensorDifference:
    """A tensor that is not the same in the two checkpoints.

    ``block`` is None if no model says which block the tensor belongs to.
    """

    a: Tensor
    b: Tensor
    block: str | None
    distance: Distance

    def __str__(self) -> str:
        names = self.a.name if self.a.name == self.b.name else f"{self.a.name} / {self.b.name}"
        return f"{names}: {self.detail}"

    @property
    def detail(self) -> str:
        """The difference in words."""
        found = self.distance
        if found.kind == "shape":
            return f"{self.a.shape}, the other {self.b.shape}"
        dtypes = f"{self.a.dtype}, the other {self.b.dtype}"
        if found.kind == "precision":
            return f"equal values, another precision ({dtypes})"
        if found.differing is None:
            return f"of another dtype ({dtypes})"
        far = "and some are not finite"
        if found.max_abs is not None:
            far = f"by up to {found.max_abs:.3g}"
        if found.max_ulp is not None:
            far += f", {found.max_ulp} ulp"
        text = f"{found.differing} of {prod(self.a.shape)} values differ {far}"
        if found.kind == "rounded":
            return f"one is the other rounded ({dtypes}): {text}"
        return text if found.kind == "values" else f"{text} ({dtypes})"

    def as_json(self) -> dict[str, Any]:
        """The difference for ``--json``."""
        names = {"name_a": self.a.name, "name_b": self.b.name, "block": self.block}
        return names | asdict(self.distance)


@dataclass(frozen=True)
class Comparison:
    """All that differs between two checkpoints.

    ``model`` is the model whose tables paired the tensors, None if equal names did; ``compared`` is
    the number of pairs; ``only_a`` and ``only_b`` are the tensors without a counterpart.
    """

    path_a: str
    path_b: str
    model: str | None
    compared: int
    differences: tuple[TensorDifference, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether the checkpoints hold the same tensors, bit for bit."""
        return self.compared > 0 and not (self.differences or self.only_a or self.only_b)

    def failure(self) -> str:
        """What differs, in one line: how many tensors, and the first of them."""
        parts = []
        if self.differences:
            kinds = Counter(difference.distance.kind for difference in self.differences)
            counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            first = self.differences[0]
            where = f" in {first.block}" if first.block else ""
            parts.append(
                f"{len(self.differences)} of {self.compared} tensors differ ({counts}), "
                f"the first{where}, {first}"
            )
        for path, names in ((self.path_a, self.only_a), (self.path_b, self.only_b)):
            if names:
                parts.append(f"{len(names)} are in {path} alone, the first {names[0]}")
        return f"{self.path_a} and {self.path_b} are not the same: {'; '.join(parts)}"

    def as_json(self) -> dict[str, Any]:
        """The comparison for ``--json``."""
        return {
            "equal": self.equal,
            "model": self.model,
            "tensors": self.compared,
            "differences": [difference.as_json() for difference in self.differences],
            "only_a": list(self.only_a),
            "only_b": list(self.only_b),
        }


def compare_tensors(
    a: str | os.PathLike[str],
    b: str | os.PathLike[str],
    model: Model | None = None,
    choice: Choice = NO_CHOICE,
) -> Comparison:
    """Compare two checkpoints of any format and naming, bit for bit as they are stored.

    ``num_batches_tracked`` in only one of them is not a difference, because Gluon does not have
    it. Neither is a gamma that counts as 1 whatever a file holds (MXNet's ``fix_gamma``), if one of
    the two has it as 1, as a converted file does. ``choice`` says which tensors to take from a file
    that holds the weights of several networks; if one file was converted from the other, its
    provenance says so.
    Raises FormatError for a file that is not a checkpoint or that changes meanwhile, ReconcileError
    if nothing can be paired.
    """
    both = open_both(Path(a), Path(b), choice)
    pairing = pair(*both, model)
    found = []
    fixed = pairing.model.fixed if pairing.model else ()
    for name in pairing.shared:
        ours, theirs = pairing.a[name], pairing.b[name]
        if name in fixed and ours.shape == theirs.shape and (_is_one(ours) or _is_one(theirs)):
            continue
        if apart := distance(ours, theirs):
            block = pairing.model.network.block_of(name) if pairing.model else None
            found.append(TensorDifference(ours, theirs, block, apart))
    for checkpoint in both:
        checkpoint.require_unchanged()
    return Comparison(
        os.fspath(a),
        os.fspath(b),
        pairing.model.name if pairing.model else None,
        len(pairing.shared),
        tuple(found),
        _alone(pairing.a, pairing.b),
        _alone(pairing.b, pairing.a),
    )


def _is_one(tensor: Tensor) -> bool:
    return bool((tensor.copy() == 1).all())


def _alone(side: Named, other: Named) -> tuple[str, ...]:
    return tuple(
        tensor.name
        for name, tensor in side.items()
        if name not in other and not name.endswith(TRACKED)
    )
