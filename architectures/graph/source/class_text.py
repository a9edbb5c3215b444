"""The text of one class."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from architectures.graph.expression import Apply, Item, Value
from architectures.graph.identifiers import variable, words
from architectures.graph.operator import Dims
from architectures.graph.plan import Plan, Step
from architectures.graph.source.classes import WrittenClass
from architectures.graph.source.constructors import BODY, Constructor, definition
from architectures.graph.source.expressions import Printer
from architectures.graph.source.layout import (
    WIDTH,
    Brackets,
    Printed,
    Text,
    fits,
    flat,
    lines,
)
from architectures.graph.source.sizes import Sizes
from architectures.graph.source.statements import Line, joined, statements_of
from architectures.graph.source.templates import (
    Local,
    Own,
    OwnCall,
    Template,
    locals_in,
)
from architectures.graph.source.variables import generic, named, paths_called

STAGE = re.compile(r"(stage|unit|block|layers?)_?[0-9]*", re.ASCII)
ACTS = ("relu", "sigmoid", "tanh", "pool", "act", "plus", "bn", "data")


class ClassText(Constructor):
    """Writes one class.

    ``classes``: all by signature. ``helpers`` collects the helper functions that are used.
    ``taken``: names that no variable may have. ``common``: words that all names begin with.
    """

    def __init__(
        self,
        plan: Plan,
        written: WrittenClass,
        classes: Mapping[int, WrittenClass],
        helpers: set[str],
        taken: frozenset[str],
        common: frozenset[str],
    ) -> None:
        super().__init__(written, classes)
        self.plan = plan
        self.taken = taken | {parameter.name for parameter in written.parameters}
        self.variables: dict[tuple[int, Local], str] = {}
        self.current: dict[Local, str] = {}
        self.printer = Printer(self._value, self.argument, helpers)
        columns: dict[tuple[Any, ...], str] = {}
        for parameter in written.parameters:
            column = tuple(t.holes[parameter.holes[0]].value for t in written.templates)
            columns.setdefault(column, parameter.name)
        self.sizes = Sizes(columns)
        self.temporaries = 0
        self.longest = max([24, *(len(taken.name) for taken in plan.inputs)])
        self.common = common
        self.said, self.returned = "", False
        self.tensors = {tensor.path: tensor for tensor in plan.tensors}

    def lines(self) -> Iterator[str]:
        for place in range(len(self.template.body.takes)):
            self._shape(Local(-1, place))
        arguments = self._arguments()
        steps = list(self._forward(arguments)) if self.template.runs or self._is_root else []
        yield f"class {self.written.name}(nn.Module):"
        yield f'    """{self._summary()}"""'
        yield ""
        yield from self.constructor()
        yield from steps

    @property
    def _is_root(self) -> bool:
        return not self.template.body.path

    def _summary(self) -> str:
        taken = [self._shape(Local(-1, place)) for place in range(len(self.template.body.takes))]
        given = [self._shape(local) for local in self.template.gives]
        known = [shape for shape in (*taken, *given) if shape is not None]
        if known and len(known) == len(taken) + len(given):
            text = f"{' and '.join(known[: len(taken)])} to {' and '.join(known[len(taken) :])}."
            if len(text) < 88:
                return text
        if self._is_root:
            return "The network."
        count = len(self.written.templates)
        return f"A block that the network has {count} times." if count > 1 else "A block."

    def _arguments(self) -> dict[Local, str]:
        """The names of ``forward``'s arguments."""
        if self._is_root:
            names = [taken.name for taken in self.plan.inputs]
            names = ["x"] if len(names) == 1 else names
            return {Local(-1, place): name for place, name in enumerate(names)}
        found: dict[Local, str] = {}
        for place, source in enumerate(self.template.body.takes):
            word = "x" if place == 0 else self._hint_of(source)
            while word in found.values() or word in self.taken:
                word = f"{word}_" if word.endswith("_") or not word[-1].isdigit() else f"{word}_2"
            found[Local(-1, place)] = word
        return found

    def _hint_of(self, source: Any) -> str:
        node = getattr(source, "node", None)
        if node is None:
            return _short(words(source.path.rpartition(".")[2]), "tensor")
        return self._word_of(node, "") or "y"

    def _forward(self, arguments: Mapping[Local, str]) -> Iterator[str]:
        template = self.template
        raw = statements_of(template, self._outputs)
        self.current = dict.fromkeys(self._all_locals(raw), "x" * 12) | dict(arguments)
        self.printer.device = next(iter(arguments.values()), "x")

        def short_enough(expression: Any) -> bool:
            return len(flat(self.printer.printed(expression))) <= WIDTH - BODY - 24

        listed = joined(raw, template, short_enough)
        listed = [part for statement in listed for part in self._hoisted(statement)]
        self.variables = named(listed, template, arguments, self._hint, self.taken)
        self.current = dict(arguments)
        count = len(self.plan.outputs) if self._is_root else len(template.gives)
        result = "Tensor" if count == 1 else "tuple[Tensor, ...]"
        yield from definition("forward", [f"{a}: Tensor" for a in arguments.values()], result)
        for number, statement in enumerate(listed):
            ends = number == len(listed) - 1 and count == 1
            yield from self._statement(number, statement, ends)
        if not self.returned:
            yield from self._return()

    def _hoisted(self, statement: Line) -> Iterator[Line]:
        """The statement, with parts of it in statements before it if it is too long for a line."""
        self.current.update(dict.fromkeys(self._all_locals([statement]), "x" * self.longest))
        width = self.longest if len(statement.targets) == 1 else 24
        before = f"{', '.join('x' * width for _ in statement.targets)} = "
        if fits(BODY, before, self.printer.printed(statement.expression)):
            yield statement
            return
        parts: dict[Local, Any] = {}

        def shortened(part: Any) -> Any:
            if isinstance(part, (Apply, OwnCall, Item, Own)):
                self.temporaries += 1
                local = Local(statement.run, -1 - self.temporaries)
                parts[local] = part
                return local
            if isinstance(part, (tuple, list)):
                return type(part)(shortened(one) for one in part)
            return part

        whole = statement.expression
        match whole:
            case Apply():
                kwargs = {name: shortened(one) for name, one in whole.kwargs.items()}
                whole = Apply(whole.function, shortened(whole.args), kwargs)
            case OwnCall():
                whole = OwnCall(whole.path, shortened(whole.inputs))
            case Item():
                whole = Item(shortened(whole.of), whole.index)
        for local, part in parts.items():
            yield from self._hoisted(Line([local], part, statement.run))
        self.current.update(dict.fromkeys(parts, "x" * self.longest))
        yield Line(statement.targets, whole, statement.run)

    def _all_locals(self, statements: Iterable[Line]) -> Iterator[Local]:
        for statement in statements:
            yield from (target for target in statement.targets if target is not None)
            yield from locals_in(statement.expression)

    def _statement(self, number: int, statement: Line, ends: bool) -> Iterator[str]:
        printed = self.printer.printed(statement.expression)
        target = statement.targets[0]
        self.returned = ends and self.template.gives == (target,) and len(statement.targets) == 1
        names = []
        for one in statement.targets:
            if one is None:
                names.append("_")
            else:
                self.current[one] = self.variables[number, one]
                names.append(self.current[one])
        before = "return " if self.returned else f"{', '.join(names)} = "
        comment = self._comment(target) if target is not None and len(names) == 1 else ""
        written = list(lines(BODY, before, printed))
        if comment and len(written) == 1 and len(written[0]) + len(comment) <= WIDTH:
            written[0] += comment
        yield from written

    def _return(self) -> Iterator[str]:
        outputs: Sequence[Any] = self.template.gives
        if self._is_root:
            given = dict(zip(self.template.body.gives, self.template.gives, strict=True))
            outputs = [
                given[output] if isinstance(output, Value) else Own(output.path)
                for output in self.plan.outputs
            ]
        parts = [("", self.printer.printed(output)) for output in outputs]
        if len(parts) == 1:
            yield f"{' ' * BODY}return {flat(parts[0][1])}"
            return
        whole = f"{' ' * BODY}return {', '.join(flat(part) for _, part in parts)}"
        if len(whole) <= WIDTH:
            yield whole
        else:
            yield from lines(BODY, "return ", Brackets("(", parts, ")", literal=True))

    def _comment(self, local: Local) -> str:
        said = self._shape(local)
        if said is None or said == self.said:
            return ""
        self.said = said
        return f"  # {said}"

    def _shape(self, local: Any) -> str | None:
        shapes: list[Dims | None] = []
        for template in self.written.templates:
            shapes.append(self._shape_in(template, local))
        return self.sizes.said(shapes)

    def _shape_in(self, template: Template, local: Any) -> Dims | None:
        if not isinstance(local, Local):
            return None
        if local.run < 0:
            source = list(template.body.takes)[local.output]
            if not isinstance(source, Value):
                return self.tensors[source.path].shape if source.path in self.tensors else None
            node, output = source.node, source.output
        else:
            run = template.body.runs[local.run]
            if isinstance(run, Step):
                node, output = run.node, local.output
            else:
                value = list(run.gives)[local.output]
                node, output = value.node, value.output
        shapes = self.plan.shapes.get(node, ())
        return shapes[output] if 0 <= output < len(shapes) else None

    def _hint(self, local: Local, statement: Line) -> str:
        """What the graph calls a value, or the layer that computes it."""
        run = self.template.body.runs[local.run]
        if isinstance(run, Step):
            word = self._word_of(run.node, "")
            called = next(iter(paths_called(statement.expression)), "")
            if called and generic(word):
                kept = [part for part in words(called) if not generic(part)]
                word = _short(kept, "").rstrip("0123456789_")
            return word
        if len(run.gives) > 1 and 0 <= local.output < len(run.gives):
            return self._word_of(list(run.gives)[local.output].node, run.path)
        word = run.path.rpartition(".")[2]
        return "" if STAGE.fullmatch(word) else word

    def _word_of(self, node: int, within: str) -> str:
        """The words of a node's name that say more than its operator and its place do."""
        found = self.plan.graph.nodes[node]
        op = (found.op or "").lower()
        said = {op, op.replace("_", ""), *op.split("_"), *ACTS}
        said |= {*words(self.template.body.path.replace(".", "_")), *words(within), *self.common}
        left = [
            word
            for word in words(found.name.removesuffix("_fwd"))
            if word not in said and word.rstrip("0123456789_") not in said
        ]
        short = _short(left[-2:], "")
        return short.rstrip("0123456789_") if not within else short

    def _outputs(self, place: int) -> int:
        run = self.template.body.runs[place]
        assert isinstance(run, Step)
        known = len(self.plan.shapes.get(run.node, ()))
        used = [local.output for local in self.template.places.values() if local.run == place]
        return max(known, max(used, default=0) + 1)

    def _value(self, local: Local) -> Printed:
        return Text(self.current[local])


def _short(parts: Sequence[str], otherwise: str) -> str:
    """The last words of a name, as many as a variable's name may have."""
    found: list[str] = []
    for part in reversed(parts[-3:]):
        if found and len("_".join([part, *found])) > 24:
            break
        found.insert(0, part)
    word = "_".join(found)[-24:].strip("_")
    return variable([word], otherwise) if word and not word[0].isdigit() else otherwise
