"""The kinds of layer in Gluon networks, and the scopes and positions of residual networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mappings.language import Kind, Position, Scope

conv = Kind("conv", (("weight", "weight"),))
conv_bias = Kind("conv", (("weight", "weight"), ("bias", "bias")))
conv_as_dense = Kind("conv", (("weight", "weight"),), pointwise=True)
conv_bias_as_dense = Kind("conv", (("weight", "weight"), ("bias", "bias")), pointwise=True)
dense = Kind("dense", (("weight", "weight"), ("bias", "bias")))
dense_without_bias = Kind("dense", (("weight", "weight"),))
norm = Kind(
    "batchnorm",
    (
        ("gamma", "weight"),
        ("beta", "bias"),
        ("running_mean", "running_mean"),
        ("running_var", "running_var"),
    ),
    synthesised=("num_batches_tracked",),
)
group_norm = Kind("groupnorm", (("gamma", "weight"), ("beta", "bias")))
output = Kind(None, ())
"""No tensors: the row only says which module gives what the source's layer gives. It is for pools,
and for modules that join branches."""

once = Scope("", lambda at: not at)
every_block = Scope("stage{stage}_", lambda at: bool(at))
first_block = Scope("stage{stage}_", lambda at: at.get("block") == 0)
first_block_of_first_stage = Scope(
    "stage{stage}_", lambda at: at.get("block") == 0 and at["stage"] == 1
)
first_block_of_later_stages = Scope(
    "stage{stage}_", lambda at: at.get("block") == 0 and at["stage"] > 1
)


def within(prefix: str) -> Scope:
    """The scope of a layer that a network has once, which Gluon counts within ``prefix``."""
    return replace(once, prefix=prefix)


def residual_positions(depths: tuple[int, ...], first_feature: int | None) -> Iterator[Position]:
    """The positions of a residual network: first the network itself, then every block in order.

    ``depths`` are the blocks of each stage. Stages are counted from 1; a ``block`` is counted from
    0 and a ``unit``, the same block, from 1. In Gluon's ``features`` the first stage is number
    ``first_feature``; without one no position has a ``feature``.
    """
    yield {}
    for index, depth in enumerate(depths):
        stage = {"stage": index + 1}
        if first_feature is not None:
            stage["feature"] = first_feature + index
        for block in range(depth):
            yield {**stage, "block": block, "unit": block + 1}
