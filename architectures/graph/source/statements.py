"""The statements of ``forward``: which steps share a line, and what their values are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from architectures.graph.expression import Apply, FieldOf, Item
from architectures.graph.source.layout import PRECEDENCE
from architectures.graph.source.templates import (
    BlockRun,
    Element,
    LayerTemplate,
    Local,
    Own,
    OwnCall,
    StepRun,
    Template,
    locals_in,
)

LIGHT_LAYERS = ("nn.BatchNorm", "nn.InstanceNorm", "nn.LayerNorm", "nn.Dropout", "nn.PReLU")
LIGHT_FUNCTIONS = frozenset(
    "F.relu F.relu6 F.leaky_relu F.elu F.gelu F.selu F.softplus F.softsign F.softmax F.log_softmax "
    "F.dropout F.hardtanh F.silu F.prelu torch.sigmoid torch.tanh "
    "torch.exp torch.sqrt torch.log torch.square torch.abs torch.clamp torch.flatten torch.round "
    ".flatten .reshape .permute .transpose .squeeze .unsqueeze .to .clamp .contiguous .movedim "
    ".expand .float hard_sigmoid neg ~".split()
)
DEEPEST = 4
MOST_TARGETS = 3


@dataclass
class Line:
    """``targets`` of one expression, by what they are called in the block; None is not used.

    ``run``: the run that the last part of the expression is of.
    """

    targets: list[Local | None]
    expression: Any
    run: int


def statements_of(template: Template, outputs: Callable[[int], int]) -> list[Line]:
    """The statements that run a block, one for each step that gives something.

    ``outputs``: how many outputs the step of a run has.
    """
    aliases: dict[Local, Any] = {}
    raw: list[Line] = []
    for place, run in enumerate(template.runs):
        if isinstance(run, BlockRun):
            targets: list[Local | None] = [Local(place, i) for i in range(run.outputs)]
            if run.outputs > 1 and 18 * run.outputs + len(run.attribute) > 76:
                whole = Local(place, -1)
                aliases |= {Local(place, i): Element(whole, i) for i in range(len(targets))}
                targets = [whole]
            raw.append(Line(targets, OwnCall(run.attribute, run.inputs), place))
        elif run.spread or _one_tuple(run):
            whole_step = run.outputs[0] if run.spread else run.outputs[0].of
            targets = [Local(place, i) for i in range(outputs(place))]
            if len(targets) > MOST_TARGETS:
                whole = Local(place, -1)
                aliases |= {Local(place, i): Element(whole, i) for i in range(len(targets))}
                targets = [whole]
            raw.append(Line(targets, whole_step, place))
        else:
            for output, expression in enumerate(run.outputs):
                if isinstance(expression, (Local, Own)):
                    aliases[Local(place, output)] = expression
                else:
                    raw.append(Line([Local(place, output)], expression, place))
    for statement in raw:
        statement.expression = _followed(statement.expression, aliases)
    template.gives = tuple(_followed(give, aliases) for give in template.gives)
    return _used(raw, template)


def _one_tuple(run: StepRun) -> bool:
    """Whether the outputs of a step are the elements of one tuple, in order."""
    several = run.outputs
    return len(several) > 1 and all(
        isinstance(one, Item) and one.index == place and one.of == several[0].of
        for place, one in enumerate(several)
    )


def _followed(part: Any, aliases: Mapping[Local, Any]) -> Any:
    """The part with the values that others only stand for."""
    if not aliases:
        return part
    match part:
        case Local():
            while isinstance(part, Local) and part in aliases:
                part = aliases[part]
            return part
        case OwnCall():
            return OwnCall(part.path, _followed(part.inputs, aliases))
        case Apply():
            kwargs = {name: _followed(one, aliases) for name, one in part.kwargs.items()}
            return Apply(part.function, _followed(part.args, aliases), kwargs)
        case Item():
            return Item(_followed(part.of, aliases), part.index)
        case FieldOf():
            return FieldOf(_followed(part.of, aliases), part.name)
        case tuple():
            return tuple(_followed(one, aliases) for one in part)
        case list():
            return [_followed(one, aliases) for one in part]
    return part


def _used(raw: Iterable[Line], template: Template) -> list[Line]:
    """Statements without those, and without targets, that nothing takes."""
    used = set(locals_in(template.gives))
    found = []
    for statement in reversed(list(raw)):
        targets = [target if target in used else None for target in statement.targets]
        if any(target is not None for target in targets):
            used |= set(locals_in(statement.expression))
            taken = [index for index, target in enumerate(targets) if target is not None]
            if len(targets) > 1 and len(taken) == 1:
                statement.expression = Item(statement.expression, taken[0])
                targets = [targets[taken[0]]]
            statement.targets = targets
            found.append(statement)
    return found[::-1]


def joined(
    statements: list[Line],
    template: Template,
    short_enough: Callable[[Any], bool],
) -> list[Line]:
    """Statements in which a light step stands in one line with the step before it."""
    uses = Counter(locals_in(template.gives))
    for statement in statements:
        uses.update(locals_in(statement.expression))
    found: list[Line] = []
    for statement in statements:
        before = found[-1] if found else None
        taken = list(locals_in(statement.expression))
        if (
            before is not None
            and len(before.targets) == 1
            and before.targets == taken
            and uses[taken[0]] == 1
            and len(statement.targets) == 1
            and not isinstance(before.expression, list)
            and weight(before.expression, template) + weight(statement.expression, template) <= 1
            and depth(before.expression) + depth(statement.expression) <= DEEPEST
        ):
            whole = _followed(statement.expression, {taken[0]: Parked(before.expression)})
            whole = _unparked(whole)
            if short_enough(whole):
                found[-1] = Line(statement.targets, whole, statement.run)
                continue
        found.append(statement)
    return found


@dataclass(frozen=True)
class Parked:
    """An expression in the place of a value."""

    expression: Any


def _unparked(part: Any) -> Any:
    match part:
        case Parked():
            return part.expression
        case OwnCall():
            return OwnCall(part.path, _unparked(part.inputs))
        case Apply():
            kwargs = {name: _unparked(one) for name, one in part.kwargs.items()}
            return Apply(part.function, _unparked(part.args), kwargs)
        case Item():
            return Item(_unparked(part.of), part.index)
        case FieldOf():
            return FieldOf(_unparked(part.of), part.name)
        case tuple():
            return tuple(_unparked(one) for one in part)
        case list():
            return [_unparked(one) for one in part]
    return part


def weight(part: Any, template: Template) -> int:
    """How many heavy steps an expression has: at most one stands in a line."""
    match part:
        case OwnCall():
            own = template.attributes.get(part.path)
            light = isinstance(own, LayerTemplate) and own.kind.startswith(LIGHT_LAYERS)
            return (not light) + sum(weight(one, template) for one in part.inputs)
        case Apply():
            several = len(set(locals_in(part))) > 1
            light = part.function in LIGHT_FUNCTIONS or (
                part.function in PRECEDENCE and not several
            )
            return (not light) + sum(weight(one, template) for one in part.args)
        case Item():
            return weight(part.of, template)
        case list() | tuple():
            return sum(weight(one, template) for one in part)
    return 0


def depth(part: Any) -> int:
    """How many calls stand in each other."""
    match part:
        case OwnCall():
            return 1 + max(map(depth, part.inputs), default=0)
        case Apply():
            return 1 + max(map(depth, (*part.args, *part.kwargs.values())), default=0)
        case Item():
            return depth(part.of)
        case list() | tuple():
            return max(map(depth, part), default=0)
    return 0
