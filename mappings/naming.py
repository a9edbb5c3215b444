"""The naming schemes of Gluon files, resolved for one network into its structural names.

Flat names (``resnext0_stage1_conv3_weight``) are numbered by creation order, so one flat name is a
different layer in each network: only a network's own table can say which.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mappings.counted_on import from_zero
from mappings.errors import ReconcileError
from mappings.language import Table
from mappings.parts import names_outside, numbered_name, replaced_classifier
from mappings.prefixes import resolve
from mappings.wrappers import unwrapped, wrappers

Scheme = Literal["structural", "prefixed", "stripped", "export"]
Names = Mapping[str, str]

NORM_LAYERS = {"syncbatchnorm": "SyncBatchNorm", "batchnormcudnnoff": "BatchNormCudnnOff"}
"""How flat names spell BatchNorm if the network was built with another ``norm_layer``: the name of
its class in small letters (mxnet.gluon.contrib.nn and gluoncv.nn have no others)."""


@dataclass(frozen=True)
class Naming:
    """How a file names its tensors.

    ``names`` maps every name of the file to the structural source name that it stands for, or to
    itself if the network has no such tensor. ``notes`` say in words how the names differ from the
    structural ones. ``outside`` are names of the file that the network does not have and that stand
    outside its blocks. ``classifier`` is the name that the file gives the classifier, where it is
    not the network's own. ``repeated`` are names of tensors that the file holds a second time, each
    with the name under which it is taken; ``names`` does not have them.
    """

    scheme: Scheme
    names: Names
    notes: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    classifier: str | None = None
    repeated: Names = field(default_factory=dict)

    def without(self, names: Collection[str]) -> Naming:
        """The same naming of a file that does not hold these names."""
        return replace(self, names={name: s for name, s in self.names.items() if name not in names})


@dataclass(frozen=True)
class _Reading:
    """Names resolved in one way: ``space`` has the expected names, each with its source, ``known``
    the names of the file that it explains, ``places`` the prefixes in use."""

    scheme: Scheme
    space: Names
    known: dict[str, str]
    places: list[str]
    notes: tuple[str, ...] = ()


def recognise(names: Collection[str], table: Table) -> Naming:
    """Resolve the names of a file for the network of ``table``.

    Raises ReconcileError when two names of the file stand for the same tensor.
    """
    plain, notes = _undecorated(names)
    repeated = _repeated(plain, table)
    plain = {name: short for name, short in plain.items() if name not in repeated}
    reading = _best_reading(plain.values(), table)
    scheme, known = reading.scheme, reading.known
    if any(reading.places):
        notes.append(" and ".join(f"prefix {place!r}" for place in reading.places))
    notes += reading.notes
    outside = names_outside(plain.values() - known.keys(), known, reading.space, table.classifier)
    head, stem = replaced_classifier(outside, known.values(), table.classifier)
    if head:
        notes.append(f"classifier named {stem!r}")
    if any(name.startswith(("arg:", "aux:")) for name in names):
        scheme = "export"
    resolved = {**known, **head}
    final = {name: resolved.get(short, name) for name, short in plain.items()}
    _refuse_twins(final)
    beside = tuple(n for n, short in plain.items() if short in outside and short not in head)
    if repeated:
        notes.append(f"held twice: {', '.join(sorted(repeated))}")
    own = stem[:-1] if head else None
    return Naming(scheme, final, tuple(notes), beside, own, repeated)


def _best_reading(names: Collection[str], table: Table) -> _Reading:
    """The reading that explains the most names."""
    own = {name: name for name in table.accepted}
    numbered = {number: name for name in own if (number := numbered_name(name))}
    best = _Reading("structural", own, *resolve(names, own))
    known, places = resolve(names, table.flat)
    if len(known) > len(best.known):
        best = _Reading("prefixed" if any(places) else "stripped", table.flat, known, places)
    if shifted := from_zero(names, table.flat):
        known, places = resolve(shifted.values(), table.flat)
        if len(known) == len(table.flat) > len(best.known):  # of a part, nothing is believed
            read = {name: known[short] for name, short in shifted.items() if short in known}
            best = _Reading("stripped", table.flat, read, places, ("layers counted on",))
    known, places = resolve(names, numbered)
    if len(known) > max(len(best.known), len(numbered) // 2):  # a few numbers prove nothing
        best = _Reading("structural", numbered, known, places, ("numbered children",))
    return best


def guess_scheme(names: Collection[str]) -> Scheme:
    """How a file of an unknown network probably names its tensors."""
    if any(name.startswith(("arg:", "aux:")) for name in names):
        return "export"
    if any("." in name for name in names):
        return "structural"
    first, last = min(names, default=""), max(names, default="")
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), 0)
    return "prefixed" if "_" in first[:shared] else "stripped"


def _undecorated(names: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Each name without what exporters and wrappers add to it, in one spelling; and notes on what
    was removed."""
    plain, notes = {}, []
    for name in names:
        short = unwrapped(name.removeprefix("arg:").removeprefix("aux:"))
        for spelling in ("mean", "var"):
            if short.endswith(f"moving_{spelling}"):
                short = short.removesuffix(f"moving_{spelling}") + f"running_{spelling}"
        for word in NORM_LAYERS:
            short = short.replace(word, "batchnorm")
        plain[name] = _renumbered(short)
    for word, note in (
        ("moving_", "running statistics spelled moving_*"),
        *((word, f"{title} names") for word, title in NORM_LAYERS.items()),
    ):
        if any(word in name for name in names):
            notes.append(note)
    if words := wrappers(names):
        notes.append(f"wrapped in {' and '.join(f'{word}.' for word in words)}")
    return plain, notes


def _renumbered(name: str) -> str:
    """A flat name of GluonCV's MobileNetV3 (``_resunit12_seq-1-exp-conv2d_weight``) with the number
    that its block has in the first such network of a process. Gluon goes on counting them, but the
    second number is the block's own."""
    before, word, after = name.partition("_resunit")
    _, middle, rest = after.partition("_seq-")
    own = rest.partition("-")[0]
    return f"{before}{word}{own}{middle}{rest}" if own.isdecimal() else name


def _repeated(plain: dict[str, str], table: Table) -> dict[str, str]:
    """The names of tensors that a file holds a second time, each with the first one's name. A
    second name that stands alone is put in the first one's place in ``plain``."""
    found: dict[str, str] = {}
    if not table.repeated:
        return found
    firsts = {short: name for name, short in plain.items()}
    for again, source in table.repeated.items():
        for name, short in [*plain.items()]:
            if short == again or short.endswith(f".{again}"):
                first = short.removesuffix(again) + source
                if first in firsts:
                    found[name] = firsts[first]
                else:
                    plain[name] = first
    return found


def _refuse_twins(names: Names) -> None:
    seen: dict[str, str] = {}
    for name, source in names.items():
        if source in seen:
            raise ReconcileError(
                f"{seen[source]!r} and {name!r} both stand for {source!r}; "
                f"expected one of them: remove the other from the file"
            )
        seen[source] = name
