"""The blocks of a plan: what each holds, takes, runs in order, and gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from architectures.graph.blocks import ROOT, Blocks
from architectures.graph.expression import Apply, FieldOf, Item, Value
from architectures.graph.plan import ModuleAt, OwnModule, OwnTensor, Plan, Step, TensorAt
from architectures.graph.references import values

Source = Value | TensorAt
"""What a block may take from outside: a value, or a tensor of the network around it."""


@dataclass
class Body:
    """One block of the network, or the network.

    ``attributes``: its layers, tensors and inner blocks by attribute name, in the order of their
    first use. ``takes`` and ``gives``: the arguments and results of its call. ``runs``: steps, and
    inner blocks to call.
    """

    path: str
    attributes: dict[str, OwnModule | OwnTensor | Body] = field(default_factory=dict)
    takes: dict[Source, None] = field(default_factory=dict)
    gives: dict[Value, None] = field(default_factory=dict)
    runs: list[Step | Body] = field(default_factory=list)

    def local(self, path: str) -> str | None:
        """A path of the network as seen from this block, None if it is outside."""
        if not self.path:
            return path
        return path.removeprefix(f"{self.path}.") if path.startswith(f"{self.path}.") else None

    def inner(self) -> Iterator[Body]:
        """The blocks in it and in them, inner ones first, and itself."""
        for part in self.attributes.values():
            if isinstance(part, Body):
                yield from part.inner()
        yield self


def body_of(plan: Plan) -> Body:
    """The network as a tree of blocks."""
    return _Builder(plan).root


class _Builder:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.steps = {step.node: step for step in plan.steps}
        self.paths = [""]
        numbers = {"": ROOT}
        parents = [ROOT]
        held = [*plan.blocks.values()]
        held += [module.path.rpartition(".")[0] for module in plan.modules]
        held += [tensor.path.rpartition(".")[0] for tensor in plan.tensors]
        for path in held:
            self._number(path, numbers, parents)
        takes = {step.node: [value.node for value in values(step.outputs)] for step in plan.steps}
        of = {step.node: numbers[plan.blocks.get(step.node, "")] for step in plan.steps}
        self.blocks = Blocks(takes, parents, of)
        self.orders = self.blocks.orders()
        self.owned: dict[str, OwnModule | OwnTensor] = {own.path: own for own in plan.modules}
        self.owned |= {own.path: own for own in plan.tensors}
        self.bodies = [Body(path) for path in self.paths]
        self._fill(ROOT)
        self._attributes_without_use()
        self._ends()
        self.root = self.bodies[ROOT]

    def _number(self, path: str, numbers: dict[str, int], parents: list[int]) -> None:
        if path in numbers:
            return
        around = path.rpartition(".")[0]
        self._number(around, numbers, parents)
        numbers[path] = len(parents)
        parents.append(numbers[around])
        self.paths.append(path)

    def _fill(self, block: int) -> None:
        body = self.bodies[block]
        for is_block, number in self.orders.get(block, ()):
            if is_block:
                inner = self.bodies[number]
                body.attributes[inner.path.rpartition(".")[2]] = inner
                body.runs.append(inner)
                self._fill(number)
            else:
                step = self.steps[number]
                body.runs.append(step)
                for path in paths_in(step.outputs):
                    local = body.local(path)
                    if local is not None and path in self.owned:
                        if "." not in local:
                            body.attributes.setdefault(local, self.owned[path])

    def _attributes_without_use(self) -> None:
        """Layers and tensors whose block does not use them itself."""
        by_path = {body.path: body for body in self.bodies}
        for path, own in self.owned.items():
            around, _, leaf = path.rpartition(".")
            by_path[around].attributes.setdefault(leaf, own)
        for body in self.bodies[1:]:
            around, _, leaf = body.path.rpartition(".")
            by_path[around].attributes.setdefault(leaf, body)

    def _ends(self) -> None:
        """What each block takes and gives."""
        blocks, of = self.blocks, self.blocks.of
        self.bodies[ROOT].takes = {Value(taken.node): None for taken in self.plan.inputs}
        for user in self._executed(ROOT):
            for source in sources(self.steps[user].outputs):
                if isinstance(source, Value):
                    giver = of.get(source.node)
                    shared = ROOT if giver is None else blocks.common(giver, of[user])
                    for around in blocks.chain(of[user]):
                        if around == shared:
                            break
                        self.bodies[around].takes.setdefault(source)
                    for around in blocks.chain(giver or ROOT):
                        if around == shared:
                            break
                        self.bodies[around].gives.setdefault(source)
                else:
                    for around in blocks.chain(of[user]):
                        if self.bodies[around].local(source.path) is not None:
                            break
                        self.bodies[around].takes.setdefault(source)
        for output in self.plan.outputs:
            if isinstance(output, Value):
                for around in blocks.chain(of.get(output.node, ROOT)):
                    self.bodies[around].gives.setdefault(output)
                self.bodies[ROOT].gives.setdefault(output)
        for user in self.steps:
            for value in devices(self.steps[user].outputs):
                chain = [self.bodies[around] for around in blocks.chain(of[user])]
                if not all(any(isinstance(s, Value) for s in body.takes) for body in chain):
                    for body in chain:
                        body.takes.setdefault(value)

    def _executed(self, block: int) -> Iterator[int]:
        for is_block, number in self.orders.get(block, ()):
            if is_block:
                yield from self._executed(number)
            else:
                yield number


def sources(expression: Any) -> Iterator[Source]:
    """Every value and tensor in an expression, in order; the field of a value is not one."""
    match expression:
        case Value() | TensorAt():
            yield expression
        case Apply():
            for part in (*expression.args, *expression.kwargs.values()):
                yield from sources(part)
        case Item():
            yield from sources(expression.of)
        case FieldOf():
            if expression.name != "device":
                yield from sources(expression.of)
        case ModuleAt():
            yield from sources(expression.inputs)
        case tuple() | list():
            for part in expression:
                yield from sources(part)


def devices(expression: Any) -> Iterator[Value]:
    """The values whose device an expression takes."""
    match expression:
        case FieldOf(Value() as value, "device"):
            yield value
        case Apply():
            for part in (*expression.args, *expression.kwargs.values()):
                yield from devices(part)
        case Item():
            yield from devices(expression.of)
        case ModuleAt():
            yield from devices(expression.inputs)
        case tuple() | list():
            for part in expression:
                yield from devices(part)


def paths_in(expression: Any) -> Iterator[str]:
    """The path of every module and tensor in an expression."""
    match expression:
        case ModuleAt():
            yield expression.path
            yield from paths_in(expression.inputs)
        case TensorAt():
            yield expression.path
        case Apply():
            for part in (*expression.args, *expression.kwargs.values()):
                yield from paths_in(part)
        case Item() | FieldOf():
            yield from paths_in(expression.of)
        case tuple() | list():
            for part in expression:
                yield from paths_in(part)
