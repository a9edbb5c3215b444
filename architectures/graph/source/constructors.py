"""The constructor of a class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from architectures.graph.identifiers import UniqueNames, identifier
from architectures.graph.source.classes import Parameter, WrittenClass
from architectures.graph.source.expressions import literal
from architectures.graph.source.layout import WIDTH, Brackets, Printed, Text, call, flat, lines
from architectures.graph.source.templates import (
    DEFAULTS,
    BlockTemplate,
    Hole,
    LayerTemplate,
    Template,
    TensorTemplate,
    looked_up,
)

BODY = 8
"""The indent of a method's statements."""


class Constructor:
    """Writes a class's ``__init__``.

    ``classes``: all by signature. ``kept``: the arguments that ``forward`` needs, each with the
    attribute that holds it.
    """

    def __init__(self, written: WrittenClass, classes: Mapping[int, WrittenClass]) -> None:
        self.written, self.classes, self.template = written, classes, written.first
        self.uses_holes = written.names()
        self.kept: dict[str, str] = {}

    def constructor(self) -> Iterator[str]:
        given = [_parameter(parameter) for parameter in self.written.parameters]
        yield from definition("__init__", given, "None")
        yield f"{' ' * BODY}super().__init__()"
        for name, attribute in self.kept.items():
            yield f"{' ' * BODY}self.{attribute} = {name}"
        fixed: list[str] = []
        for name, part in self.template.attributes.items():
            yield from self._attribute(name, part)
            if isinstance(part, LayerTemplate):
                fixed += [f"self.{name}.{leaf}" for leaf in part.ones]
                plain = part.kind.startswith(("nn.BatchNorm", "nn.InstanceNorm"))
                if not plain:
                    for leaf in part.ones:
                        yield f"{' ' * BODY}nn.init.ones_(self.{name}.{leaf})"
        fixed += self._fixed_within()
        if fixed:
            yield f"{' ' * BODY}# MXNet counts these as 1 whatever they are (fix_gamma)."
        if len(fixed) == 1:
            yield f"{' ' * BODY}{fixed[0]}.requires_grad_(False)"
        elif fixed:
            parts = [("", Text(name)) for name in fixed]
            tensors = Brackets("(", parts, ")", literal=True)
            yield from lines(BODY, "for fixed in ", tensors, ":")
            yield f"{' ' * BODY}    fixed.requires_grad_(False)"
        yield ""

    def _fixed_within(self) -> list[str]:
        """Tensors that are 1 in blocks that are written as ``nn.Sequential``."""
        found: list[str] = []

        def look(prefix: str, template: Template) -> None:
            for name, part in template.attributes.items():
                if isinstance(part, BlockTemplate):
                    inner = self.classes[part.signature]
                    if inner.sequential:
                        look(f"{prefix}.{name}", inner.first)
                elif isinstance(part, LayerTemplate) and prefix != "self":
                    found.extend(f"{prefix}.{name}.{leaf}" for leaf in part.ones)

        look("self", self.template)
        return found

    def _attribute(
        self, name: str, part: LayerTemplate | TensorTemplate | BlockTemplate
    ) -> Iterator[str]:
        if not isinstance(part, TensorTemplate):
            yield from lines(BODY, f"self.{name} = ", self._made(part, 0))
            return
        sizes = [("", self._hole(hole.index)) for hole in part.shape]
        if not sizes:
            sizes = [("", literal(()))]
        if part.dtype != "float32":
            sizes.append(("dtype=", Text(f"torch.{identifier([part.dtype])}")))
        empty = call("torch.zeros", sizes)
        if part.trained:
            made = call("nn.Parameter", [("", empty)])
            yield from lines(BODY, f"self.{name} = ", made)
        else:
            made = call("self.register_buffer", [("", Text(f'"{name}"')), ("", empty)])
            yield from lines(BODY, "", made)

    def _made(self, part: LayerTemplate | BlockTemplate, offset: int) -> Printed:
        """A layer or block as its constructor is called; holes are counted from ``offset``."""
        if isinstance(part, LayerTemplate):
            given = [("", self._literal(arg, offset)) for arg in part.args]
            defaults = looked_up(DEFAULTS, part.kind, {})
            for key, value in part.kwargs.items():
                if isinstance(value, Hole) and key in defaults:
                    index = value.index + offset
                    if index not in self.uses_holes:
                        if self.template.holes[index].value == defaults[key]:
                            continue
                given.append((f"{key}=", self._literal(value, offset)))
            return call(part.kind, given)
        inner = self.classes[part.signature]
        offset += part.first
        if inner.sequential:
            children = [
                (f"{name}=", self._made(child, offset))
                for name, child in inner.first.attributes.items()
                if not isinstance(child, TensorTemplate)
            ]
            ordered = Brackets("OrderedDict(", children, ")", exploded=True)
            return call("nn.Sequential", [("", ordered)])
        given = []
        for parameter in inner.parameters:
            index = offset + parameter.holes[0]
            constant = index not in self.uses_holes
            if constant and self.template.holes[index].value == parameter.default:
                continue
            keyword = "" if parameter.by_place else f"{parameter.name}="
            given.append((keyword, self._hole(index)))
        return call(inner.name, given)

    def argument(self, index: int) -> str | None:
        """An argument of the constructor as ``forward`` sees it."""
        name = self.uses_holes.get(index)
        if name is None:
            return None
        if name not in self.kept:
            names = UniqueNames((*self.template.attributes, *self.kept.values()))
            self.kept[name] = names(identifier([name]))
        return f"self.{self.kept[name]}"

    def _literal(self, value: Any, offset: int) -> Printed:
        return self._hole(value.index + offset) if isinstance(value, Hole) else literal(value)

    def _hole(self, index: int) -> Printed:
        name = self.uses_holes.get(index)
        return Text(name) if name is not None else literal(self.template.holes[index].value)


def _parameter(parameter: Parameter) -> str:
    default = "" if parameter.default is None else f" = {flat(literal(parameter.default))}"
    return f"{parameter.name}: {parameter.annotation}{default}"


def definition(name: str, given: Sequence[str], result: str) -> Iterator[str]:
    arguments = ["self", *given]
    whole = f"    def {name}({', '.join(arguments)}) -> {result}:"
    if len(whole) <= WIDTH:
        yield whole
        return
    yield f"    def {name}("
    joined_ = f"        {', '.join(arguments)}"
    if len(joined_) <= WIDTH:
        yield joined_
    else:
        yield from (f"        {argument}," for argument in arguments)
    yield f"    ) -> {result}:"
