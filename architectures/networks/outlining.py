"""The outline of a network, from a run of it without values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from architectures.catalogue.outline import AlikeBlocks, Outline, Stage
from architectures.catalogue.record import RGB, Model
from architectures.networks.build import build
from architectures.networks.network import Network

SHORTCUTS, GATES = {"downsample", "skip", "project"}, {"se", "fc1", "fc2"}
"""What is on the way of the shortcut, or of the gate, by the parts of its name."""
MOST_LAYERS = 4
"""Layers of a block that are told one by one."""
PRODUCTS = ("mul", "__mul__", "__rmul__")

Shape = tuple[int, ...]


def outline(model: Model) -> Outline:
    """The outline of a model's network, for one image of the model's size."""
    with torch.device("meta"):
        network = build(model).eval()
        image = torch.empty(1, RGB, model.input_size, model.input_size)
    shapes: dict[str, list[Shape]] = {}
    hooks = [m.register_forward_hook(_noting(name, shapes)) for name, m in network.named_modules()]
    work = _Work()
    with work, torch.no_grad():
        result = network(image)
    for hook in hooks:
        hook.remove()
    parts = _parts(model, network)
    reductions = {point.module: point.reduction for point in network.feature_points}
    stages = []
    for name in network.stage_ends:
        maps = tuple((c, h, w) for _, c, h, w in shapes[name])
        reduction = reductions.get(name) or model.input_size // maps[0][1]
        stages.append(Stage(name, parts[name], maps, reduction))
    size = (RGB, model.input_size, model.input_size)
    return Outline(size, work.multiply_adds, work.depth(result), tuple(stages), parts[""])


def _noting(name: str, shapes: dict[str, list[Shape]]) -> Callable[[nn.Module, Any, Any], None]:
    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        shapes[name] = [tuple(one.shape) for one in _tensors(output)]

    return note


def _parts(model: Model, network: Network) -> dict[str, tuple[AlikeBlocks, ...]]:
    """The blocks of each stage, by its name, and those after the last one, under an empty name."""
    names = [name for name, _ in network.named_modules()]
    ends = {
        end: max(i for i, name in enumerate(names) if f"{name}.".startswith(f"{end}."))
        for end in network.stage_ends
    }
    blocks: dict[tuple[str, str], list[tuple[str, nn.Module]]] = {}
    for place, (name, module) in enumerate(network.named_modules()):
        if isinstance(module, nn.Conv2d | nn.Linear):
            stage = next((end for end, last in ends.items() if place <= last), "")
            blocks.setdefault((stage, model.network.block_of(name)), []).append((name, module))
    told: dict[str, Counter[str]] = {name: Counter() for name in (*ends, "")}
    for (stage, _), layers in blocks.items():
        told[stage][", ".join(_described(layers))] += 1
    return {
        stage: tuple(AlikeBlocks(count, text) for text, count in found.items() if text)
        for stage, found in told.items()
    }


def _described(layers: list[tuple[str, nn.Module]]) -> Iterator[str]:
    """The layers of one block in words."""
    way = [(name.split("."), module) for name, module in layers]
    way = [(path, module) for path, module in way if not set(path) & SHORTCUTS]
    main = [module for path, module in way if not set(path) & GATES]
    if len(main) > MOST_LAYERS:
        yield f"{len(main)} convolutions"
    else:
        yield from map(_layer, main)
    if len(main) < len(way):
        yield "a gate"


def _layer(module: nn.Module) -> str:
    if isinstance(module, nn.Linear):
        return f"dense {module.out_features}"
    assert isinstance(module, nn.Conv2d)
    kernel = "x".join(map(str, module.kernel_size))
    if module.groups == 1:
        return f"{kernel} {module.out_channels}"
    if module.groups == module.in_channels:
        return f"{kernel} depthwise {module.out_channels}"
    return f"{kernel} {module.out_channels} in {module.groups} groups"


class _Work(TorchFunctionMode):
    """Counts multiply-adds, and follows how many layers stand before each tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.multiply_adds = 0
        self.kept: dict[int, tuple[Tensor, int]] = {}  # the tensor too, so that its id stays its

    def depth(self, tensor: Tensor) -> int:
        """The layers on the longest way to a tensor."""
        return self.kept[id(tensor)][1] if id(tensor) in self.kept else 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        sources = list(_tensors(args))
        deepest = max(map(self.depth, sources), default=0)
        if func.__name__ in ("conv2d", "linear"):
            self.multiply_adds += result.numel() * args[1][0].numel()
            deepest += 1
        elif func.__name__ in PRODUCTS and len(sources) == 2:
            deepest = self.depth(max(sources, key=lambda tensor: tensor.numel()))
        for made in _tensors(result):
            self.kept[id(made)] = made, deepest
        return result


def _tensors(values: Any) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, tuple | list):
        for value in values:
            yield from _tensors(value)
