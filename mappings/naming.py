"""The naming schemes of Gluon files, resolved for one network into its structural names.

Flat names (``resnext0_stage1_conv3_weight``) are numbered by creation order, so one flat name is a
different layer in each network: only a network's own table can say which.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from mappings.errors import ReconcileError
from mappings.language import Table
from mappings.prefixes import resolve
from mappings.wrappers import unwrapped, wrappers

Scheme = Literal["structural", "prefixed", "stripped", "export"]
Names = Mapping[str, str]

NORM_LAYERS = {"syncbatchnorm": "SyncBatchNorm", "batchnormcudnnoff": "BatchNormCudnnOff"}
"""How flat names spell BatchNorm where the network was built with another ``norm_layer``: its class
in small letters (mxnet.gluon.contrib.nn and gluoncv.nn, which have no others)."""


@dataclass(frozen=True)
class Naming:
    """How a file names its tensors.

    ``names`` maps every name of the file to the structural source name it stands for, or to itself
    where the network has no such tensor. ``notes`` say in words what was seen through.
    """

    scheme: Scheme
    names: Names
    notes: tuple[str, ...] = ()


def recognise(names: Collection[str], table: Table) -> Naming:
    """Resolve the names of a file for the network of ``table``.

    Raises ReconcileError when two names of the file stand for the same tensor.
    """
    plain, notes = _undecorated(names)
    structural, places = resolve(plain.values(), {name: name for name in table.accepted})
    flat, prefixes = resolve(plain.values(), table.flat)
    scheme: Scheme = "structural"
    known = structural
    if len(flat) > len(structural):
        scheme, known, places = "prefixed" if any(prefixes) else "stripped", flat, prefixes
    if any(places):
        notes.append(" and ".join(f"prefix {place!r}" for place in places))
    head, stem = _replaced_head(plain.values() - known.keys(), known.values(), table)
    if head:
        notes.append(f"classifier named {stem!r}")
    if any(name.startswith(("arg:", "aux:")) for name in names):
        scheme = "export"
    resolved = {**known, **head}
    final = {name: resolved.get(short, name) for name, short in plain.items()}
    _refuse_twins(final)
    return Naming(scheme, final, tuple(notes))


def guess_scheme(names: Collection[str]) -> Scheme:
    """How a file of an unknown network seems to name its tensors."""
    if any(name.startswith(("arg:", "aux:")) for name in names):
        return "export"
    if any("." in name for name in names):
        return "structural"
    first, last = min(names, default=""), max(names, default="")
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return "prefixed" if "_" in first[:shared] else "stripped"


def _undecorated(names: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Each name without what exporters and synonyms put on it, and notes of what that was."""
    plain, notes = {}, []
    for name in names:
        short = unwrapped(name.removeprefix("arg:").removeprefix("aux:"))
        for spelling in ("mean", "var"):
            if short.endswith(f"moving_{spelling}"):
                short = short.removesuffix(f"moving_{spelling}") + f"running_{spelling}"
        for word in NORM_LAYERS:
            short = short.replace(word, "batchnorm")
        plain[name] = short
    for word, note in (
        ("moving_", "running statistics spelled moving_*"),
        *((word, f"{title} names") for word, title in NORM_LAYERS.items()),
    ):
        if any(word in name for name in names):
            notes.append(note)
    if words := wrappers(names):
        notes.append(f"wrapped in {' and '.join(f'{word}.' for word in words)}")
    return plain, notes


def _replaced_head(
    left: Collection[str], taken: Collection[str], table: Table
) -> tuple[dict[str, str], str]:
    """A classifier under a name of its own: all that is left of the file and of the network."""
    if len(left) > 2:
        return {}, ""
    missing = table.targets.keys() - set(taken)
    for layer in table.layers:
        leaves = [leaf for leaf, _ in layer.kind.leaves]
        if layer.kind.counter != "dense" or "bias" not in leaves:  # a gate has none
            continue
        if missing != {f"{layer.source}.{leaf}" for leaf in leaves}:
            continue
        for stem in {name.removesuffix("weight") for name in left if name.endswith("weight")}:
            if stem.endswith((".", "_")) and set(left) == {stem + leaf for leaf in leaves}:
                return {stem + leaf: f"{layer.source}.{leaf}" for leaf in leaves}, stem
    return {}, ""


def _refuse_twins(names: Names) -> None:
    seen: dict[str, str] = {}
    for name, source in names.items():
        if source in seen:
            raise ReconcileError(
                f"{seen[source]!r} and {name!r} both stand for {source!r}; "
                f"expected one of them: remove the other from the file"
            )
        seen[source] = name
