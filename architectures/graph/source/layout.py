"""Python expressions as text, laid out as ``ruff format`` does, in lines of at most 100 letters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 100

ATOM, UNARY = 100, 80
PRECEDENCE = (
    {"|": 40, "^": 45, "&": 50, "+": 60, "-": 60, "**": 90}
    | dict.fromkeys(("*", "/", "//", "%", "@"), 70)
    | dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 30)
)


@dataclass(frozen=True)
class Text:
    """A piece of source that is never broken; ``binds`` is how tightly its operator holds."""

    source: str
    binds: int = ATOM


@dataclass(frozen=True)
class Brackets:
    """``head(a, b=c)``, a tuple or a list: what lines are broken at.

    ``literal``: a tuple or list, which has one element a line when it is broken. ``exploded``: it
    always has.
    """

    head: str
    parts: Sequence[tuple[str, Printed]]
    close: str
    literal: bool = False
    exploded: bool = False
    binds: int = ATOM


Printed = Text | Brackets


def call(head: str, parts: Sequence[tuple[str, Printed]]) -> Brackets:
    """A call; each part has its keyword (``stride=``) or an empty text."""
    return Brackets(f"{head}(", parts, ")")


def flat(printed: Printed) -> str:
    """In one line."""
    if isinstance(printed, Text):
        return printed.source
    inner = ", ".join(f"{keyword}{flat(part)}" for keyword, part in printed.parts)
    comma = "," if printed.head == "(" and len(printed.parts) == 1 else ""
    return f"{printed.head}{inner}{comma}{printed.close}"


def bound(printed: Printed, needs: int) -> str:
    """In one line, in parentheses if it holds less tightly than it needs to."""
    text = flat(printed)
    return text if printed.binds >= needs else f"({text})"


def lines(indent: int, before: str, printed: Printed, after: str = "") -> Iterator[str]:
    """The lines of a statement ``before printed after``."""
    whole = f"{' ' * indent}{before}{flat(printed)}{after}"
    if isinstance(printed, Text) or not printed.parts:
        yield whole
        return
    if len(whole) <= WIDTH and not _exploded(printed):
        yield whole
        return
    yield f"{' ' * indent}{before}{printed.head}"
    inner = indent + 4
    joined = ", ".join(f"{keyword}{flat(part)}" for keyword, part in printed.parts)
    if not printed.literal and inner + len(joined) <= WIDTH and not _exploded(printed):
        yield " " * inner + joined
    else:
        comma = "," if printed.literal or printed.exploded or len(printed.parts) > 1 else ""
        for keyword, part in printed.parts:
            yield from lines(inner, keyword, part, comma)
    yield f"{' ' * indent}{printed.close}{after}"


def _exploded(printed: Printed) -> bool:
    return isinstance(printed, Brackets) and (
        printed.exploded or any(_exploded(part) for _, part in printed.parts)
    )


def fits(indent: int, before: str, printed: Printed) -> bool:
    """Whether the statement can be broken into lines that are short enough.

    A chain of calls (``x.reshape(1, -1).exp()``) must stand in one line.
    """
    if len(f"{' ' * indent}{before}{flat(printed)}") <= WIDTH:
        return True
    if isinstance(printed, Text) or ")" in printed.head:
        return False
    if len(f"{' ' * indent}{before}{printed.head}") > WIDTH:
        return False
    return all(fits(indent + 4, keyword, part) for keyword, part in printed.parts)
