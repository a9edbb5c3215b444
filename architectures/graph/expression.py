"""What an operator becomes: an expression over PyTorch, as data.

The same expression is executed by the loaded network and printed by the source writer, so that both
compute the same. Functions are named, never held: converting needs no torch. A name is

- ``torch.exp``, ``F.softmax``: of ``torch`` or ``torch.nn.functional``;
- ``.reshape``: a method of the first argument;
- ``+``, ``-``, ``*``, ``/``, ``==``, ...: an operator between two arguments;
- ``[]``: the first argument indexed by the second: a tuple of slices, integers, ``...``, None;
- any other: a helper in ``architectures/graph/functions``, whose source is printed too.

Names come from the operators' own code, never from a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Value:
    """An input of the node at hand: the output of another node, a variable or an input."""

    node: int
    output: int = 0


@dataclass(frozen=True)
class DType:
    """A PyTorch dtype as an argument: ``DType("float32")`` prints as ``torch.float32``."""

    name: str


@dataclass(frozen=True)
class DataDevice:
    """The device of the network's data, for tensors that are made:
    ``Apply("torch.zeros", (2, 3), {"device": DataDevice()})``. In a plan it is the ``FieldOf``
    ``device`` of the first input."""


@dataclass(frozen=True)
class FieldOf:
    """What a tensor has under a name: ``FieldOf(x, "shape")`` prints as ``x.shape``."""

    of: Any
    name: str


@dataclass(frozen=True)
class Apply:
    """A function of arguments, each an expression, a literal, or a tuple or list of these.

    ``exact`` names the function in ``architectures/graph/arithmetic`` that computes what MXNet
    computes from float64 data where that departs from float64; it takes the same arguments.
    """

    function: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    exact: str | None = None


@dataclass(frozen=True)
class Item:
    """One element of an expression that gives a tuple."""

    of: Expression
    index: int


@dataclass(frozen=True)
class NnLayer:
    """An ``nn.Module`` that owns parameters of the file.

    - ``kind``: ``nn.Conv2d``.
    - ``args``, ``kwargs``: its literal hyperparameters, as a person would write them.
    - ``leaves``: which tensor of the module each input of the node is, by input index:
      ``{1: "weight", 2: "bias"}``.
    - ``inputs``: what it is called with.
    - ``functional``: the same computation where the weights are not the layer's own: computed by
      the graph, or shared with another kind of layer.
    - ``ones``: leaves that are 1 whatever the file holds (``fix_gamma``); they are not trained,
      and ``functional`` does without them.
    - ``synthesised``: leaves that no MXNet file has (``num_batches_tracked``).
    - ``exact``: as for ``Apply``; that function takes the module and then its inputs.
    """

    kind: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    leaves: Mapping[int, str]
    inputs: tuple[Any, ...]
    functional: Apply
    ones: tuple[str, ...] = ()
    synthesised: tuple[str, ...] = ()
    exact: str | None = None


Expression = Value | DType | DataDevice | FieldOf | Apply | Item | NnLayer
