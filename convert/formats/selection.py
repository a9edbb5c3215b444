"""Chooses the weights among the named tensors of a file.

Beside a network's tensors, a file may hold those of a second network or of a loss, the counter of
an averaging wrapper, and the second set of weights that mmcv keeps in buffers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from convert.formats.checkpoint import Checkpoint
from mappings.choice import Choice
from mappings.errors import ChoiceError, FormatError
from mappings.words import first_few

Shape = tuple[int, ...]

COUNTERS = ("n_averaged", "steps")
"""How many models were averaged: torch.optim.swa_utils.AveragedModel and mmengine's
BaseAveragedModel. Both keep the network beside it as ``module``."""
BUFFER = "ema_"
"""mmcv's EMAHook registers a buffer ``ema_backbone_conv1_weight`` for ``backbone.conv1.weight``
(mmcv 1.x, runner/hooks/ema.py). It swaps the two at the end of an epoch, before the checkpoint is
saved: the plain names then hold the averaged weights, and the buffers the last ones."""

TOP = "."  # the key of weights with no mapping around them
BUFFERS = f"{BUFFER}*"  # the key of the weights in mmcv's buffers
SHOWN = 20  # names in a message


@dataclass(frozen=True)
class Selection:
    """``kept`` maps the name of each chosen tensor to its name in the file.

    ``weights`` is the key of the set that was taken; None if there was only one. ``averaged`` says
    whether its weights are averages; None if the file does not say. ``ignored`` are the names that
    a pattern matched.
    """

    kept: Mapping[str, str]
    weights: str | None
    averaged: bool | None
    notes: tuple[str, ...]
    ignored: tuple[str, ...]


def decide(keys: Sequence[str], known: tuple[str, str] | None, ema: bool | None, path: Path) -> str:
    """The key of one of several sets of weights. ``known`` are the keys of the averaged and of the
    last weights, if the file says which is which.

    Raises FormatError if ``ema`` does not decide; it lists the sets and says how to choose.
    """
    if known is None:
        what = f"this holds {len(keys)} sets of weights, under {listed(keys)}"
        what += ", and nothing says which are averaged; --weights KEY takes one of them"
        raise FormatError(path, what)
    averaged, last = known
    if ema is None:
        what = f"this holds the last weights ({last!r}) and the averaged ones ({averaged!r})"
        what += "; --ema takes the averaged weights, --no-ema the last ones"
        raise FormatError(path, what)
    return averaged if ema else last


def select(
    shapes: Mapping[str, Shape | None], choice: Choice, path: Path, within: str = ""
) -> Selection:
    """Choose among the tensors of one mapping by their names and shapes.

    ``within`` is the mapping's own key, and ``choice.weights`` a key inside it.

    Raises ChoiceError for a pattern, a key or a flag that finds nothing to choose, and FormatError
    for two sets of weights without a choice.
    """
    ignored = choice.ignored(shapes) if choice.ignore else ()
    if unmatched := choice.unmatched(ignored):
        what = f"--ignore {unmatched[0]!r} matches no name"
        raise ChoiceError(path, f"{what}; the names begin with {_beginnings(shapes)}")
    notes = [f"ignored as asked: {listed(ignored)}"] if ignored else []
    begin, wants_buffers = _parsed(choice.weights)
    names = [name for name in _without(shapes, ignored) if name.startswith(begin)]
    key = joined(within, begin.removesuffix("."))
    if begin:
        if not names:
            what = f"no tensors are under {key!r}; the names begin with {_beginnings(shapes)}"
            raise ChoiceError(path, what)
        notes.append(f"the tensors under {key!r} were taken")
    kept, averaged = {name: name for name in names}, None
    if buffers := _buffers(names, shapes):
        plain, second = key or TOP, joined(key, BUFFERS)
        if choice.weights is None:
            key = decide((plain, second), (plain, second), choice.ema, path)
        else:
            key = second if wants_buffers else plain
        averaged = key == plain
        kept = {name: name for name in _without(names, buffers.values())}
        kept |= {} if averaged else buffers
        what = "averaged weights, under the plain names" if averaged else "last weights, in buffers"
        notes.append(f"the {what}, were taken of the two sets that mmcv's EMAHook saves")
    elif wants_buffers:
        raise ChoiceError(path, f"no weights are under {joined(key, BUFFERS)!r}")
    elif choice.ema is not None:
        what = "this holds one set of weights, and --ema and --no-ema choose between two"
        raise ChoiceError(path, f"{what}: leave them out")
    for name in _counters(kept, shapes):
        del kept[name]
        notes.append(f"{name!r} counts the models that were averaged and was ignored")
    return Selection(kept, key or None, averaged, tuple(notes), ignored)


def selected(checkpoint: Checkpoint, choice: Choice) -> Checkpoint:
    """The checkpoint with the chosen tensors only. Raises FormatError as ``select`` does."""
    if not checkpoint.named and not choice:
        return checkpoint
    tensors = {tensor.name: tensor for tensor in checkpoint.tensors}
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    found = select(shapes, choice, checkpoint.path)
    return replace(
        checkpoint,
        tensors=tuple(replace(tensors[source], name=name) for name, source in found.kept.items()),
        notes=(*checkpoint.notes, *found.notes),
        weights=found.weights,
        averaged=found.averaged,
        ignored=found.ignored,
    )


def joined(*parts: str) -> str:
    """A key from its parts; empty parts are left out."""
    return ".".join(part for part in parts if part)


def listed(names: Sequence[str]) -> str:
    """Names for a message: the first of them, in quotes, and how many more there are."""
    return first_few((repr(name[:100]) for name in names), SHOWN)


def _parsed(weights: str | None) -> tuple[str, bool]:
    """The beginning of the chosen names, and whether mmcv's buffers are chosen."""
    if weights in (None, "", TOP):
        return "", False
    parent, _, last = f".{weights}".rpartition(".")
    if last == BUFFERS:
        return f"{parent}."[1:], True
    return f"{weights}.", False


def _without(names: Iterable[str], left_out: Iterable[str]) -> list[str]:
    unwanted = set(left_out)
    return [name for name in names if name not in unwanted]


def _beginnings(names: Iterable[str]) -> str:
    return listed(list(dict.fromkeys(name.partition(".")[0] for name in names)))


def _buffers(names: Sequence[str], shapes: Mapping[str, Shape | None]) -> dict[str, str]:
    """For each tensor of which mmcv's EMAHook keeps a copy: its name -> the name of the copy."""
    buffers = {name for name in names if name.rpartition(".")[2].startswith(BUFFER)}
    root = f".{min(buffers, default='')}".rpartition(".")[0].removeprefix(".")
    root = f"{root}." if root else ""
    found = {}
    for name in names if buffers else ():
        second = f"{root}{BUFFER}{name.removeprefix(root).replace('.', '_')}"
        if second in buffers and shapes[second] == shapes[name]:
            found[name] = second
    return found


def _counters(names: Iterable[str], shapes: Mapping[str, Shape | None]) -> list[str]:
    """The counters of averaging wrappers, each of which stands beside a ``module``."""
    counters, wrapping = [], set()
    for name in names:
        before, wraps, _ = f".{name}".partition(".module.")
        if wraps:
            wrapping.add(before)
        elif name.rpartition(".")[2] in COUNTERS and shapes[name] in ((), (1,)):
            counters.append(name)
    return [name for name in counters if f".{name}".rpartition(".")[0] in wrapping]
