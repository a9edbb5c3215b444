"""Words that PyTorch's wrappers add to the names of a network's tensors."""

from __future__ import annotations

from collections.abc import Iterable

WRAPPERS = frozenset(
    (
        "module",  # DataParallel, DistributedDataParallel, AveragedModel
        "_orig_mod",  # torch.compile
        "_fsdp_wrapped_module",  # FullyShardedDataParallel
        "_checkpoint_wrapped_module",  # activation checkpointing
    )
)
"""A wrapper holds the module that it wraps under one of these names
(pytorch: torch/nn/parallel, torch/_dynamo/eval_frame.py, torch/distributed)."""


def unwrapped(name: str) -> str:
    """The name without the wrappers' words, which may stand before any part except the last:
    ``layer1._orig_mod.0.weight`` is ``layer1.0.weight``."""
    *parts, leaf = name.split(".")
    return ".".join([*(part for part in parts if part not in WRAPPERS), leaf])


def wrappers(names: Iterable[str]) -> list[str]:
    """The wrappers' words in these names, in alphabetical order."""
    return sorted({part for name in names for part in name.split(".")[:-1] if part in WRAPPERS})
