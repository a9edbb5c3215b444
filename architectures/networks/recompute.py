"""Gradient checkpointing of one block: its inner maps are computed again when they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


class Recomputed:
    """The forward function of ``block``, which keeps its inputs alone for the backward pass."""

    def __init__(self, block: nn.Module) -> None:
        self.block = block

    def __call__(self, *inputs: Any) -> Any:
        forward = type(self.block).forward
        return checkpoint(
            forward, self.block, *inputs, use_reentrant=False, context_fn=self.contexts
        )

    def contexts(self) -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
        """What the first and the second computation run in."""
        return nullcontext(), statistics_kept(self.block)


def recompute_in_backward(block: nn.Module, enable: bool) -> None:
    """Let a block compute its inner maps again in the backward pass, or no longer."""
    if enable:
        block.__dict__["forward"] = Recomputed(block)
    else:
        block.__dict__.pop("forward", None)


@contextmanager
def statistics_kept(block: nn.Module) -> Iterator[None]:
    """Within, BatchNorm leaves its running statistics as they are: a batch must not count twice."""
    norms = [module for module in block.modules() if isinstance(module, _BatchNorm)]
    kept = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, tracked) in zip(norms, kept, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, tracked
