"""What a published model card prints, and by which conventions of its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Card:
    """The figures of a model card, as it prints them.

    ``counter`` is the tool that counted the FLOPs: cards by thop print FLOPs, parameters and bytes,
    cards by mmcv print GFLOPs and millions of parameters. ``file_size`` is of the file that
    ``torch.save`` wrote. Its BatchNorm counters are float32 where ``averaged``, since the published
    weights are the average of several checkpoints, and int64 elsewhere. It has the versions of the
    modules where ``module_versions``, since it was saved from a network.
    """

    flops: float
    parameters: float | None
    file_size: int | None
    counter: Literal["thop", "mmcv"]
    averaged: bool = False
    module_versions: bool = False
