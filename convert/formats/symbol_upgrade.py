"""What MXNet changes in the symbols of its older versions when it loads them.

MXNet src/nnvm/legacy_json_util.cc. Initialisers that it adds for training are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from architectures.graph.graph import NodeEntry
from architectures.graph.operators import OPERATORS

BATCH_NORM = ("data", "gamma", "beta", "moving_mean", "moving_var")
WITH_STATES = {
    "BatchNorm": BATCH_NORM,
    "BatchNorm_v1": BATCH_NORM,
    "CuDNNBatchNorm": BATCH_NORM,
    "IdentityAttachKLSparseReg": ("data", "moving_avg"),
}
"""The operators that had auxiliary states before version 0.9, whose files do not list these."""

HIDDEN = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage", "profiler_scope")
"""Annotations that older files spell without underscores (src/c_api/c_api_symbolic.cc)."""


@dataclass
class Draft:
    """A node while it is read. ``inputs`` refer to drafts by index."""

    op: str | None
    name: str
    inputs: list[NodeEntry]
    attributes: dict[str, str]
    annotations: dict[str, str] = field(default_factory=dict)


def upgrade(drafts: list[Draft], version: int | None) -> None:
    """Bring the nodes of a file of this version to what MXNet 1.9.1 makes of them, in place.

    Attributes and annotations are told apart; variables keep annotations alone, as their
    attributes: older files repeat their consumer's attributes there. Variables that are added
    stand at the end.
    """
    version = version or 800  # the first version that says so is 0.9
    annotations = [_annotations(draft) for draft in drafts]
    for draft, own in zip(drafts, annotations, strict=True):
        draft.annotations |= own
        _pass_on(draft, drafts)
    if version < 900:
        for draft in drafts[:]:
            _add_states(draft, drafts)
    if version < 905:
        for draft in drafts:
            if draft.op in ("argmax", "argmin") and draft.attributes.get("axis") == "-1":
                del draft.attributes["axis"]  # the default was -1 and is None since
    for draft in drafts:
        if draft.op is None:
            draft.attributes, draft.annotations = draft.annotations, {}


def _annotations(draft: Draft) -> dict[str, str]:
    """Take what others than the operator read: ``__shape__``, and ``lr_mult`` as
    ``__lr_mult__``."""
    found = {}
    for name in list(draft.attributes):
        if name in HIDDEN:
            found[f"__{name}__"] = draft.attributes.pop(name)
        elif len(name) > 4 and name.startswith("__") and name.endswith("__"):
            found.setdefault(name, draft.attributes.pop(name))
    return found


def _pass_on(draft: Draft, drafts: Sequence[Draft]) -> None:
    """Give an annotation that an operator has for one input (``weight_lr_mult``) to the variable
    there. For an input that is not known by this name it is dropped: only training reads it."""
    for name in list(draft.attributes):
        hidden = next((key for key in HIDDEN if name.endswith(f"_{key}")), None)
        if hidden is None:
            continue
        text = draft.attributes.pop(name)
        operator = OPERATORS.get(draft.op or "")
        names = () if operator is None else operator.inputs
        for entry, known in zip(draft.inputs, names, strict=False):
            if known == name.removesuffix(f"_{hidden}") and drafts[entry.node].op is None:
                drafts[entry.node].annotations[f"__{hidden}__"] = text


def _add_states(draft: Draft, drafts: list[Draft]) -> None:
    """Add the inputs that a node of an older file lacks, as variables under MXNet's names."""
    for name in WITH_STATES.get(draft.op or "", ())[len(draft.inputs) :]:
        draft.inputs.append(NodeEntry(len(drafts)))
        own = f"{draft.name}_{name}" if draft.name else name
        drafts.append(Draft(None, own, [], {}, dict(draft.annotations)))
