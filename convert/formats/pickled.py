"""Reads a pickle without running it: each call in it becomes a ``PickledCall`` in the result.

The opcodes are those of protocols 2 to 5 (CPython, Lib/pickletools.py).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from pickletools import opcodes
from typing import Any, BinaryIO

from convert.formats.mapped import MappedFile

ORDERED_DICT = "collections.OrderedDict"

OPCODES = {opcode.code: opcode for opcode in opcodes}


@dataclass(frozen=True, eq=False)
class Global:
    """The name of a function or class, "module.name". It is never imported."""

    name: str


@dataclass(frozen=True, eq=False, repr=False)
class PickledCall:
    """A call that the pickle asks for, and that is never made."""

    function: object
    arguments: object


def unpickle(
    file: MappedFile,
    at: int,
    known: Container[str] = (),
    persistent: Callable[[object], object] | None = None,
) -> tuple[Any, int]:
    """The object pickled at byte ``at``, and where its pickle ends.

    An OrderedDict becomes a dict, a set becomes a list, and a key that is not text becomes an
    ``object()``. ``persistent`` has the role of pickle's ``persistent_load`` and may raise
    ValueError. Raises FormatError for a global that is not in ``known``, and for a damaged pickle.
    """
    stack: list[Any] = []
    marks: list[list[Any]] = []
    memo: dict[int, Any] = {}
    copied = 0  # pairs: a pickle can name one list of pairs for many dicts, in two bytes each
    stream = file.stream(at)
    try:
        while True:
            at = stream.tell()
            opcode, argument = _operation(stream)
            match opcode:
                case "PROTO" | "FRAME":
                    pass
                case "BINPUT" | "LONG_BINPUT":
                    memo[argument] = stack[-1]
                case "MEMOIZE":
                    memo[len(memo)] = stack[-1]
                case "BINGET" | "LONG_BINGET":
                    stack.append(memo[argument])
                case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT":
                    stack.append(argument)
                case "BINUNICODE" | "SHORT_BINUNICODE" | "BINBYTES" | "SHORT_BINBYTES":
                    stack.append(argument)
                case "BINSTRING" | "SHORT_BINSTRING":  # the text of Python 2
                    stack.append(argument.encode("latin-1").decode(errors="replace"))
                case "NONE":
                    stack.append(None)
                case "NEWTRUE" | "NEWFALSE":
                    stack.append(opcode == "NEWTRUE")
                case "EMPTY_TUPLE":
                    stack.append(())
                case "EMPTY_LIST" | "EMPTY_SET":
                    stack.append([])
                case "EMPTY_DICT":
                    stack.append({})
                case "MARK":
                    marks.append(stack)
                    stack = []
                case "TUPLE" | "FROZENSET":
                    items, stack = stack, marks.pop()
                    stack.append(tuple(items))
                case "TUPLE1" | "TUPLE2" | "TUPLE3":
                    items = [stack.pop() for _ in range(int(opcode[-1]))]
                    stack.append(tuple(reversed(items)))
                case "APPENDS" | "ADDITEMS":
                    items, stack = stack, marks.pop()
                    stack[-1].extend(items)
                case "APPEND":
                    item = stack.pop()
                    stack[-1].append(item)
                case "SETITEMS":
                    items, stack = stack, marks.pop()
                    _set(stack[-1], zip(items[::2], items[1::2], strict=True))
                case "SETITEM":
                    value, key = stack.pop(), stack.pop()
                    _set(stack[-1], [(key, value)])
                case "GLOBAL":
                    stack.append(_global(file, at, argument.replace(" ", ".", 1), known))
                case "STACK_GLOBAL":
                    name, module = stack.pop(), stack.pop()
                    stack.append(_global(file, at, f"{module:s}.{name:s}", known))
                case "REDUCE" | "NEWOBJ":
                    arguments, function = stack.pop(), stack.pop()
                    made, count = _call(function, arguments, file.size - copied)
                    copied += count
                    stack.append(made)
                case "BUILD":  # the state of what is never made, or an OrderedDict's attributes
                    stack.pop()
                    stack[-1]
                case "BINPERSID" if persistent is not None:
                    stack.append(persistent(stack.pop()))
                case "POP":
                    stack.pop()
                case "POP_MARK":
                    stack = marks.pop()
                case "STOP":
                    return stack.pop(), stream.tell()
                case _:
                    raise ValueError(f"the opcode {opcode} has no place here")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        why = str(error) if type(error) is ValueError else "an opcode lacks what it works on"
        raise file.damaged(f"the pickle is not sound: {why}", at) from error


def _operation(stream: BinaryIO) -> tuple[str, Any]:
    """The next opcode and its argument.

    Protocol 0 has its arguments as text, of which only GLOBAL's is read: what decodes the others
    warns of some texts. Raises ValueError.
    """
    code = stream.read(1).decode("latin-1")
    opcode = OPCODES.get(code)
    if opcode is None:
        raise ValueError(f"it has no opcode {code!r}" if code else "it ends before STOP")
    if opcode.arg is None:
        return opcode.name, None
    if opcode.proto == 0 and opcode.name != "GLOBAL":
        raise ValueError(f"the opcode {opcode.name} has no place here")
    return opcode.name, opcode.arg.reader(stream)


def _global(file: MappedFile, at: int, name: str, known: Container[str]) -> Global:
    if name in known:
        return Global(name)
    what = f"the pickle asks for {name[:200]!r}, which no state dict needs and which is never run"
    advice = "where you trust the file, load it and save model.state_dict() alone"
    raise file.error(f"{what}; {advice}", at)


def _call(function: object, arguments: Any, most: int) -> tuple[object, int]:
    """The result of a call, and how many pairs it copies: at most ``most``."""
    if type(arguments) is not tuple:  # this also keeps a call from being its own argument
        raise ValueError("a call without a tuple of arguments")
    if not (isinstance(function, Global) and function.name == ORDERED_DICT):
        return PickledCall(function, arguments), 0
    made: dict[object, object] = {}
    if not arguments:
        return made, 0
    (pairs,) = arguments  # one list of pairs, as Python 2 wrote it
    if len(pairs) > most:
        raise ValueError("its dicts have more pairs than the file has bytes")
    _set(made, pairs)
    return made, len(made)


def _set(target: Any, pairs: Iterable[tuple[Any, Any]]) -> None:
    if isinstance(target, PickledCall):
        return
    for key, value in pairs:
        if type(key) is not str:
            key = object()  # other keys can take forever to hash, and name no tensor
        elif key in target:
            raise ValueError(f"the key {key[:100]!r} occurs twice")
        target[key] = value
