"""The PyTorch network that executes a plan."""

from __future__ import annotations

import importlib
import operator
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from architectures.graph import arithmetic, functions
from architectures.graph.expression import Apply, DType, FieldOf, Item, Value
from architectures.graph.plan import ModuleAt, Plan, TensorAt
from architectures.graph.references import applied, values

Observer = Callable[[int, tuple[Any, ...]], Any]

INFIX: Mapping[str, Callable[..., Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "@": operator.matmul,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "~": operator.invert,
    "neg": operator.neg,
    "[]": operator.getitem,
}


class GraphNetwork(nn.Module):
    """A network made of an MXNet graph, freshly initialised; ``load_state_dict`` fills it.

    It takes the graph's inputs in order and gives its output, or a tuple of all outputs.

    ``wide``: what the graph makes or casts as float32 is float64; the proof sets it where it runs
    the network in float64.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.wide = False
        for own in plan.modules:
            module = _classes(own.kind)(*own.args, **own.kwargs)
            for leaf in own.ones:
                nn.init.ones_(getattr(module, leaf))
                getattr(module, leaf).requires_grad_(False)
            owner, leaf = self._owner(own.path)
            owner.add_module(leaf, module)
        for tensor in plan.tensors:
            owner, leaf = self._owner(tensor.path)
            empty = torch.zeros(tensor.shape, dtype=getattr(torch, tensor.dtype))
            if tensor.trained:
                owner.register_parameter(leaf, nn.Parameter(empty))
            else:
                owner.register_buffer(leaf, empty)
        self._last = _last_uses(plan)
        self._find_functions()

    def _find_functions(self) -> None:
        named = [part for step in self.plan.steps for part in applied(step.outputs)]
        calls = (part.function for part in named if isinstance(part, Apply))
        self._functions = {name: function(name) for name in calls}
        self._exact = {part.exact: _exact(part.exact) for part in named if part.exact is not None}

    def __getstate__(self) -> dict[str, Any]:
        """Without the functions, which cannot be pickled; the plan has their names."""
        return {k: v for k, v in self.__dict__.items() if k not in ("_functions", "_exact")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._find_functions()

    def forward(self, *inputs: Tensor) -> Any:
        """The network's output for the graph's inputs, in order."""
        return self.run(inputs)

    def run(
        self, inputs: Sequence[Tensor], exact: bool = False, observe: Observer | None = None
    ) -> Any:
        """The same, for the proof.

        ``exact`` computes, from float64, what MXNet computes where that departs from float64.
        ``observe`` is called after each node with its index and its outputs; what it returns takes
        their place, unless it is None.
        """
        if len(inputs) != len(self.plan.inputs):
            names = ", ".join(taken.name for taken in self.plan.inputs)
            raise TypeError(f"the network takes {len(self.plan.inputs)} inputs: {names}")
        state = {
            taken.node: (given,) for taken, given in zip(self.plan.inputs, inputs, strict=True)
        }
        for step, unused in zip(self.plan.steps, self._last, strict=True):
            found = tuple(self._value(part, state, exact) for part in step.outputs)
            outputs = tuple(found[0]) if step.spread else found
            if observe is not None:
                instead = observe(step.node, outputs)
                outputs = outputs if instead is None else instead
            state[step.node] = outputs
            for node in unused:
                del state[node]
        results = tuple(self._value(output, state, exact) for output in self.plan.outputs)
        return results[0] if len(results) == 1 else results

    def compute(
        self, node: int, state: Mapping[int, tuple[Any, ...]], exact: bool = False
    ) -> tuple[Any, ...]:
        """The outputs of one node, for the proof; ``state`` holds the outputs of those before."""
        step = next(step for step in self.plan.steps if step.node == node)
        found = tuple(self._value(part, state, exact) for part in step.outputs)
        return tuple(found[0]) if step.spread else found

    def _value(self, part: Any, state: Mapping[int, tuple[Any, ...]], exact: bool) -> Any:
        if isinstance(part, Value):
            return state[part.node][part.output]
        if isinstance(part, ModuleAt):
            inputs = [self._value(one, state, exact) for one in part.inputs]
            module = self.get_submodule(part.path)
            if exact and part.exact is not None:
                return self._exact[part.exact](module, *inputs)
            return module(*inputs)
        if isinstance(part, Apply):
            args = [self._value(one, state, exact) for one in part.args]
            kwargs = {name: self._value(one, state, exact) for name, one in part.kwargs.items()}
            if exact and part.exact is not None:
                return self._exact[part.exact](*args, **kwargs)
            return self._functions[part.function](*args, **kwargs)
        if isinstance(part, TensorAt):
            owner, leaf = self._owner(part.path, make=False)
            return getattr(owner, leaf)
        if isinstance(part, Item):
            return self._value(part.of, state, exact)[part.index]
        if isinstance(part, FieldOf):
            return getattr(self._value(part.of, state, exact), part.name)
        if isinstance(part, DType):
            wide = self.wide and part.name == "float32"
            return torch.float64 if wide else getattr(torch, part.name)
        if isinstance(part, tuple):
            return tuple(self._value(one, state, exact) for one in part)
        if isinstance(part, list):
            return [self._value(one, state, exact) for one in part]
        return part

    def _owner(self, path: str, make: bool = True) -> tuple[nn.Module, str]:
        """The module that holds the last part of a path, made if it is missing."""
        module: nn.Module = self
        *parents, leaf = path.split(".")
        for name in parents:
            if make and name not in module._modules:
                module.add_module(name, nn.Module())
            module = module.get_submodule(name)
        return module, leaf


def function(name: str) -> Callable[..., Any]:
    """The function that an expression names."""
    if name in INFIX:
        return INFIX[name]
    if name.startswith("."):
        return _method(name[1:])
    if name.startswith("torch."):
        return _attribute(torch, name.removeprefix("torch."))
    if name.startswith("F."):
        return _attribute(F, name.removeprefix("F."))
    return _helpers(functions)[name]


def _method(name: str) -> Callable[..., Any]:
    def call(this: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(this, name)(*args, **kwargs)

    return call


def _attribute(module: Any, path: str) -> Callable[..., Any]:
    for name in path.split("."):
        module = getattr(module, name)
    found: Callable[..., Any] = module
    return found


def _classes(kind: str) -> Callable[..., nn.Module]:
    return _attribute(nn, kind.removeprefix("nn."))


def _exact(name: str) -> Callable[..., Any]:
    return _helpers(arithmetic)[name]


@cache
def _helpers(package: Any) -> Mapping[str, Callable[..., Any]]:
    """Every function of a module, or of the modules of a package."""
    modules = [package]
    for found in pkgutil.iter_modules(getattr(package, "__path__", ())):
        modules.append(importlib.import_module(f"{package.__name__}.{found.name}"))
    return {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    }


def _last_uses(plan: Plan) -> tuple[tuple[int, ...], ...]:
    """For each step, the nodes whose outputs nothing after it takes."""
    last: dict[int, int] = {}
    for place, step in enumerate(plan.steps):
        last[step.node] = place
        for value in values(step.outputs):
            last[value.node] = place
    kept = {output.node for output in _plain(plan.outputs)}
    unused: list[list[int]] = [[] for _ in plan.steps]
    for node, place in last.items():
        if node not in kept:
            unused[place].append(node)
    return tuple(map(tuple, unused))


def _plain(outputs: Iterable[Any]) -> Iterable[Value]:
    return (output for output in outputs if isinstance(output, Value))
