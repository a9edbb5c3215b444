"""A graph as a PyTorch network, as data: modules, tensors, and the steps of ``forward``.

The loaded network executes a plan and the source writer prints it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from architectures.graph.expression import Expression, Value
from architectures.graph.graph import Graph
from architectures.graph.operator import Dims
from mappings.language import Kind, Layer, Table

STATISTICS = (".running_mean", ".running_var")
"""How the names of a module's tensors end that are no parameters."""


@dataclass(frozen=True)
class OwnModule:
    """A layer of the network: ``stage1.conv0`` is ``nn.Conv2d(3, 64, 3, padding=1)``.

    ``tensors``: the file's name of each of its tensors by leaf (``{"weight": "conv0_weight"}``).
    ``ones``: leaves that are 1 whatever the file holds, and are not trained.
    ``synthesised``: leaves that no file has. ``node``: the node that it was made of.
    """

    path: str
    kind: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    tensors: Mapping[str, str]
    ones: tuple[str, ...]
    synthesised: tuple[str, ...]
    node: int


@dataclass(frozen=True)
class OwnTensor:
    """A tensor that no layer owns: ``path`` in the state dict, ``name`` in the file.

    ``trained``: whether it is a parameter; otherwise it is a buffer (a constant, a statistic).
    """

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    trained: bool


@dataclass(frozen=True)
class TensorAt:
    """In an expression: the tensor at a path of the network (``self.stage1.gamma``)."""

    path: str


@dataclass(frozen=True)
class ModuleAt:
    """In an expression: the module at a path, called with these inputs.

    ``exact``: as ``NnLayer`` has it.
    """

    path: str
    inputs: tuple[Any, ...]
    exact: str | None = None


@dataclass(frozen=True)
class Step:
    """One node of the graph: an expression for each output, as far as they are needed.

    ``spread``: there is one expression, whose value is the tuple of all outputs. Every
    ``NnLayer`` is a ``ModuleAt``, every parameter a ``TensorAt``; a ``Value`` is an input of the
    network or an output of an earlier step.
    """

    node: int
    outputs: tuple[Expression | TensorAt | ModuleAt, ...]
    spread: bool = False


@dataclass(frozen=True)
class Input:
    """An argument of ``forward``: its variable, its name as an identifier, its shape if known."""

    node: int
    name: str
    shape: Dims | None


@dataclass(frozen=True)
class Plan:
    """A whole network.

    ``blocks``: the path of the block that runs each step's node (``stage1.unit1``, empty for the
    network itself). ``shapes``: of every node's outputs, by node, as far as they are known.
    ``outputs``: what ``forward`` returns, alone if there is one, else as a tuple.
    """

    graph: Graph
    inputs: tuple[Input, ...]
    modules: tuple[OwnModule, ...]
    tensors: tuple[OwnTensor, ...]
    steps: tuple[Step, ...]
    outputs: tuple[Value | TensorAt, ...]
    shapes: Mapping[int, tuple[Dims | None, ...]]
    blocks: Mapping[int, str] = field(default_factory=dict)

    @property
    def table(self) -> Table:
        """The bijection between the file's names and the network's."""
        layers = [
            Layer(
                Kind(None, tuple((name, leaf) for leaf, name in m.tensors.items()), m.synthesised),
                "",
                None,
                m.path,
            )
            for m in self.modules
        ]
        for tensor in self.tensors:
            owner, _, leaf = tensor.path.rpartition(".")
            layers.append(Layer(Kind(None, ((tensor.name, leaf),)), "", None, owner))
        return Table(tuple(layers))

    @property
    def output_shapes(self) -> tuple[Dims | None, ...]:
        """The shape of each output of the graph, as far as it is known."""
        found = []
        for head in self.graph.heads:
            shapes = self.shapes.get(head.node, ())
            found.append(shapes[head.output] if head.output < len(shapes) else None)
        return tuple(found)

    @property
    def num_classes(self) -> int:
        """The length of the only output if it is a vector (N, classes), else 0."""
        match self.output_shapes:
            case ((_, int(classes)),):
                return classes
        return 0

    @property
    def in_chans(self) -> int:
        """The channels of the only input if it is an image (N, C, H, W), else 0."""
        match [taken.shape for taken in self.inputs]:
            case [(_, int(channels), _, _)]:
                return channels
        return 0

    @property
    def trained(self) -> tuple[str, ...]:
        """The state dict's names of the parameters; gammas that are fixed at 1 are among them."""
        of_modules = (f"{m.path}.{leaf}" for m in self.modules for leaf in m.tensors)
        parameters = [name for name in of_modules if not name.endswith(STATISTICS)]
        return (*parameters, *(tensor.path for tensor in self.tensors if tensor.trained))

    @property
    def ones(self) -> tuple[str, ...]:
        """The state dict's names of the tensors that are 1 whatever the file holds."""
        return tuple(f"{m.path}.{leaf}" for m in self.modules for leaf in m.ones)
