"""Parity: does a port compute what the source framework computes?"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from architectures import Model
from architectures.catalogue.record import RGB
from architectures.networks.build import build
from architectures.networks.environment import environment
from architectures.synthetic import synthetic_values
from convert.formats import Array
from verify.parity import criteria as judge
from verify.parity.converted_checkpoint import Converted
from verify.parity.layers import (
    feed,
    find_imprecise,
    is_bad,
    judge_layers,
    layer_errors,
    takes_one_map,
)
from verify.parity.places import places
from verify.parity.result import Criterion, Parity
from verify.parity.top_classes import image_answers
from verify.parity.trace import trace
from verify.parity.values import check_values
from verify.parity.workers import workers
from verify.reference.answers import Reference, golden, live
from verify.reference.inputs import reference_inputs, reference_names


def verify_architecture(model: Model, reference: str = "golden") -> Parity:
    """Judge a model's network and table, on its synthetic weights.

    ``reference`` is ``golden`` or ``live``. Raises NoReferenceError if it is not available.
    """
    inputs = reference_inputs(model)
    source = golden(model) if reference == "golden" else live(model, "synthetic", inputs)
    network = load(model, synthetic_state(model), model.num_classes)
    return compare(model, network, source, inputs)


def verify_checkpoint(converted: Converted, reference: str = "golden") -> Parity:
    """Judge a converted checkpoint: its values against its source's, and what it computes.

    With ``golden`` the architecture is judged on synthetic weights; the comparison of the values
    proves the rest. With ``live`` the source framework computes the logits of the checkpoint
    itself. It loads the source file; if it cannot load that file, it loads the source's values
    under its own names. If the checkpoint has another precision, it loads the checkpoint's values.
    """
    values, finding = check_values(converted)
    if reference == "golden":
        parity = verify_architecture(converted.model)
    else:
        parity = _verify_live(converted)
    return replace(
        parity,
        criteria=(values, *parity.criteria),
        finding=finding or parity.finding,
        checkpoint=str(converted.checkpoint.path),
    )


def _verify_live(converted: Converted) -> Parity:
    model, channels = converted.model, converted.in_chans
    inputs = reference_inputs(model, channels)
    state = converted.float32_state()
    network = load(model, state, converted.num_classes, channels)
    with tempfile.TemporaryDirectory() as folder:
        weights: str | Path = converted.source.path
        if converted.is_rounded or not converted.is_as_published:
            weights = Path(folder, "weights.npz")
            given = state if converted.is_rounded else state | converted.source_state()
            table = model.table
            named: dict[str, Any] = {
                table.sources[name]: values.reshape(table.source_shape(name, values.shape))
                for name, values in given.items()
            }
            np.savez(weights, **named)
        source = live(model, weights, inputs)
        parity = compare(model, network, source, inputs)
        if parity.finding is None:
            return parity
        wrong = (e for e in parity.layers if e.module == parity.finding.block and is_bad(e))
        block = next(wrong, None)
        if block is None or not takes_one_map(network, block.module):
            return parity
        fed = feed(network, block, live(model, weights, inputs, (block.source,)))
        return replace(parity, finding=replace(parity.finding, here=fed))


def synthetic_state(model: Model) -> dict[str, Array]:
    """The synthetic weights, renamed by the table to the network's names."""
    shapes, sources = model.sized(), model.table.sources
    with workers() as pool:  # numpy draws numbers beside other threads
        values = pool.map(
            lambda target: synthetic_values(model.source.name, sources[target], shapes[target]),
            sources,
        )
        return dict(zip(sources, values, strict=True))


def load(
    model: Model, state: Mapping[str, Array], num_classes: int, in_chans: int = RGB
) -> nn.Module:
    """The network in evaluation mode with exactly these weights, float32."""
    tensors = {
        name: torch.from_numpy(np.array(values, np.float32, order="C"))
        for name, values in state.items()
    }
    tensors |= {name: torch.zeros((), dtype=torch.int64) for name in model.table.synthesised}
    with _Undrawn():
        network = build(model, num_classes, in_chans=in_chans)
    network.load_state_dict(tensors, assign=True)
    return network.eval()


class _Undrawn(TorchFunctionMode):
    """New layers do not draw the values that are replaced at once."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in (torch.Tensor.normal_, torch.Tensor.uniform_):
            return args[0]
        return func(*args, **(kwargs or {}))


def compare(model: Model, network: nn.Module, source: Reference, inputs: Array) -> Parity:
    """Judge a network against the source's answers to the same inputs, float32 (N, C, H, W)."""
    found = places(model, source.layers)
    layers, dense = {p.module for p in found}, {p.module for p in found if p.pointwise}
    port = trace(network, inputs, layers, dense)
    errors = layer_errors(source, port, found)
    agreeing, finding = judge_layers(errors)
    arithmetic = judge.arithmetic(source, port)
    if finding is None and not arithmetic.passed:
        finding = find_imprecise(errors)
    given = _same_inputs(source, inputs)
    if finding and not given.passed:
        finding = replace(finding, here=False)
    criteria = [
        given,
        judge.structure(source, port),
        arithmetic,
        judge.evidence(source, port, _norms(network) if model.table.synthesised else None),
        agreeing,
    ]
    ranked = judge.top1(source, port)
    if ranked:
        criteria.append(ranked[0])
    return Parity(
        model.name,
        source.kind,
        len(inputs),
        tuple(criteria),
        finding,
        errors,
        ranked and ranked[1],
        about=source.about,
        answers=image_answers(reference_names(model), source, port),
        task="classification",
        environment=environment(),
    )


def _same_inputs(source: Reference, inputs: Array) -> Criterion:
    passed = hashlib.sha256(inputs.tobytes()).hexdigest() == source.about.get("inputs_sha256")
    detail = "the bytes that the source was given" if passed else "not what the source was given"
    return Criterion("inputs", passed, detail)


def _norms(network: nn.Module) -> dict[str, Array]:
    """Statistics and trained parameters of every normalisation layer."""
    fixed = {name for name, values in network.named_parameters() if not values.requires_grad}
    return {
        f"{name}.{leaf}": values.detach().numpy()
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d | nn.GroupNorm)
        for leaf, values in module.state_dict().items()
        if leaf != "num_batches_tracked" and f"{name}.{leaf}" not in fixed
    }
