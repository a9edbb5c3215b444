"""What the values of ``forward`` are called."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from architectures.graph.expression import Apply
from architectures.graph.identifiers import variable
from architectures.graph.source.statements import Line
from architectures.graph.source.templates import Local, OwnCall, Template, locals_in

GENERIC = re.compile(
    r"(_?(conv|convolution|deconvolution|bn|(sync)?batch_?norm(cudnnoff)?|layernorm|groupnorm|"
    r"relu|act|activation|leakyrelu|pool|pooling|"
    r"fc|dense|fullyconnected|unit|block|layer|plus|minus|mul|div|add|sub|elemwise|"
    r"broadcast|concat|flatten|reshape|transpose|dropout|slice|slicechannel|expand|dims|squeeze|"
    r"tile|scalar|sum|mean|fwd|swapaxis|swapaxes|cast|embedding|plusscalar|mulscalar|minusscalar|"
    r"divscalar|minusscalar|rminusscalar|power|greaterscalar|data|out)[0-9]*(_[0-9]+)*)+",
    re.ASCII,
)


UNWANTED = frozenset((*dir(builtins), *keyword.kwlist))


def named(
    statements: Iterable[Line],
    template: Template,
    arguments: Mapping[Local, str],
    hint: Callable[[Local, Line], str],
    taken: Iterable[str],
) -> dict[tuple[int, Local], str]:
    """The variable of each value, by the number of the statement that gives it (arguments: -1).

    A value takes over the variable of one that is not needed any more. ``hint``: the name that the
    graph has for a value.
    """
    listed = list(statements)
    last: dict[Local, int] = {}
    for number, statement in enumerate(listed):
        for local in locals_in(statement.expression):
            last[local] = number
    for local in locals_in(template.gives):
        last[local] = len(listed)
    found = {(-1, local): name for local, name in arguments.items()}
    live = {local: name for local, name in arguments.items() if local in last}
    busy = {*taken, *live.values()}
    inner = bool(template.body.path)
    word = (
        "branch" if inner and any(_merges(statement.expression) for statement in listed) else "out"
    )
    for number, statement in enumerate(listed):
        dying = [
            local
            for local in dict.fromkeys(locals_in(statement.expression))
            if last[local] == number and local in live
        ]
        free = [live.pop(local) for local in dying]
        busy.difference_update(free)
        for target in statement.targets:
            if target is None:
                continue
            if len(statement.targets) > 1:
                free = []
            word_ = hint(target, statement)
            if len(statement.targets) > 1:
                word_ = word_[:16]
            name = _variable(free, busy, word_, word)
            live[target] = found[number, target] = name
            busy.add(name)
    return found


def _merges(part: Any) -> bool:
    """Whether an expression concatenates three values or more."""
    match part:
        case Apply("torch.cat", (list() as several, *_)):
            return len(set(locals_in(several))) > 2
    return False


def generic(hint: str) -> bool:
    """Whether a name says no more than that there is a value."""
    return not hint or GENERIC.fullmatch(hint) is not None or hint in UNWANTED


def paths_called(part: Any) -> Iterable[str]:
    """The layers that an expression calls."""
    match part:
        case OwnCall():
            yield part.path
            yield from paths_called(part.inputs)
        case Apply():
            yield from paths_called((*part.args, *part.kwargs.values()))
        case tuple() | list():
            for one in part:
                yield from paths_called(one)
        case _ if hasattr(part, "of"):
            yield from paths_called(part.of)


def _variable(free: list[str], busy: set[str], hint: str, otherwise: str) -> str:
    if len(free) == 1 and free[0] not in busy:
        return free[0]
    if "x" not in busy:
        return "x"
    if free and free[0] not in busy:
        return free[0]
    if generic(hint):
        word, name = otherwise, otherwise if otherwise == "out" else f"{otherwise}1"
    else:
        word = name = variable([hint], otherwise)
    count = 2
    while name in busy:
        name, count = f"{word}{'_' if word[-1].isdigit() else ''}{count}", count + 1
    return name
