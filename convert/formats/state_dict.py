"""Where in a PyTorch checkpoint the weights are: alone, or beside an optimizer, an epoch, ..."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convert.formats.mapped import MappedFile
from convert.formats.pickled import Call

# As timm, DeiT, torchvision's references and mmengine write them. Of mmengine's "ema_state_dict"
# nothing is said here: its EMAHook swaps the two, so that "state_dict" holds the averaged weights.
PLAIN = ("state_dict", "model")
AVERAGED = ("state_dict_ema", "model_ema", "ema")
SHOWN = 20  # names in a message


@dataclass(frozen=True)
class Weights:
    """The tensors, still as their calls, under their names ("0", "1", ... in a plain list)."""

    named: bool
    tensors: dict[str, Call]
    notes: tuple[str, ...] = ()


def find_weights(file: MappedFile, value: object, ema: bool | None) -> Weights:
    """The weights in an unpickled ``value``.

    Where there is a plain set and an averaged one, ``ema`` says which; where there is one, it is
    that one. Raises FormatError where there is none, or more than one to choose from.
    """
    if isinstance(value, Call):
        value = [value]
    if isinstance(value, list | tuple):
        return Weights(False, _tensors(file, dict(enumerate(value))))
    if not isinstance(value, dict):
        what = f"this holds a {type(value).__name__}; expected a state dict, names and tensors"
        raise file.error(f"{what}: save model.state_dict()")
    plain, averaged = _one(file, value, PLAIN), _one(file, value, AVERAGED)
    if plain and averaged and ema is None:
        what = f"this holds the last weights ({plain!r}) and the averaged ones ({averaged!r})"
        raise file.error(f"{what}; --ema takes the averaged weights, --no-ema the last ones")
    key = averaged if averaged and (ema or not plain) else plain
    if key is None:
        return Weights(True, _tensors(file, value))
    kind = "averaged weights" if key == averaged else "weights"
    notes = [f"the {kind} under {key!r} were taken"]
    if ema is not None and not (plain and averaged):
        notes[0] += ", the only ones in the file"
    if others := [str(other) for other in value if isinstance(other, str) and other != key]:
        notes.append(f"beside them were ignored: {_listed(others)}")
    return Weights(True, _tensors(file, value[key]), tuple(notes))


def _one(file: MappedFile, value: dict[object, object], keys: tuple[str, ...]) -> str | None:
    found = [key for key in keys if isinstance(value.get(key), dict)]
    if len(found) > 1:
        what = f"this holds weights under {_listed(found)}"
        raise file.error(f"{what}; save the state dict that you mean alone")
    return found[0] if found else None


def _tensors(file: MappedFile, items: dict[Any, object]) -> dict[str, Call]:
    tensors: dict[str, Call] = {}
    for key, value in items.items():
        if not isinstance(key, str | int):
            what = "a name in the state dict is no text"
            raise file.error(f"{what}; save model.state_dict() alone")
        name = str(key)
        if "\0" in name or name != name.encode(errors="replace").decode():  # a lone surrogate
            raise file.damaged(f"{name[:100]!r} can be no tensor's name", 0)
        if not isinstance(value, Call):
            known = _listed([*PLAIN, *AVERAGED])
            what = f"a {type(value).__name__} where a tensor is expected"
            raise file.error(
                f"{what}; save model.state_dict() alone, or under one of {known}", array=name
            )
        tensors[name] = value
    return tensors


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(repr(name[:100]) for name in names[:SHOWN]) + more
