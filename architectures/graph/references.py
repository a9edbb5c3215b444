"""What an expression refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from architectures.graph.expression import Apply, FieldOf, Item, NnLayer, Value
from architectures.graph.plan import ModuleAt


def values(expression: Any) -> Iterator[Value]:
    """Every value in an expression, in order, with repetitions."""
    match expression:
        case Value():
            yield expression
        case Apply():
            for part in (*expression.args, *expression.kwargs.values()):
                yield from values(part)
        case Item() | FieldOf():
            yield from values(expression.of)
        case NnLayer():
            yield from values(expression.functional)
        case ModuleAt():
            yield from values(expression.inputs)
        case tuple() | list():
            for part in expression:
                yield from values(part)
        case slice():
            yield from values((expression.start, expression.stop, expression.step))


def applied(expression: Any) -> Iterator[Apply | ModuleAt]:
    """Every call of a function or a module in an expression."""
    match expression:
        case Apply():
            yield expression
            for part in (*expression.args, *expression.kwargs.values()):
                yield from applied(part)
        case Item() | FieldOf():
            yield from applied(expression.of)
        case ModuleAt():
            yield expression
            yield from applied(expression.inputs)
        case tuple() | list():
            for part in expression:
                yield from applied(part)


def replaced(expression: Any, value: Callable[[Value], Any]) -> Any:
    """The expression with another one in the place of every value."""
    match expression:
        case Value():
            return value(expression)
        case Apply():
            return Apply(
                expression.function,
                tuple(replaced(part, value) for part in expression.args),
                {name: replaced(part, value) for name, part in expression.kwargs.items()},
                expression.exact,
            )
        case Item():
            return Item(replaced(expression.of, value), expression.index)
        case FieldOf():
            return FieldOf(replaced(expression.of, value), expression.name)
        case tuple():
            return tuple(replaced(part, value) for part in expression)
        case list():
            return [replaced(part, value) for part in expression]
    return expression
