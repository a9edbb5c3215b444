"""What a network of the catalogue is in numbers: its stages, its multiply-adds, its depth.

Counting them needs the network, so they are packaged (``scripts/make_outlines.py``), and a test
holds them equal to the network.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from architectures.catalogue.record import Model


@dataclass(frozen=True)
class AlikeBlocks:
    """``count`` alike blocks of a stage; ``layers`` are the convolutions and dense layers of one,
    in words, without those of its shortcut."""

    count: int
    layers: str


@dataclass(frozen=True)
class Stage:
    """A part of a network that ends with the module ``name``.

    ``maps`` are the shapes (C, H, W) that it gives, one but for networks with branches.
    ``reduction`` is the image's side over the first map's side, rounded.
    """

    name: str
    blocks: tuple[AlikeBlocks, ...]
    maps: tuple[tuple[int, int, int], ...]
    reduction: int


@dataclass(frozen=True)
class Outline:
    """A network for images of the shape ``input``, (C, H, W), with the published class count.

    ``multiply_adds``: of its convolutions and dense layers, for one image. ``depth``: convolutions
    and dense layers on the longest way through it; those that only make the gate of a product do
    not count. ``head``: what follows the last stage.
    """

    input: tuple[int, int, int]
    multiply_adds: int
    depth: int
    stages: tuple[Stage, ...]
    head: tuple[AlikeBlocks, ...]

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)


def outline_of(model: Model) -> Outline:
    """The packaged outline of a model's network."""
    return _read(_packaged()[model.base or model.name])


@cache
def _packaged() -> Mapping[str, Any]:
    text = (files("architectures") / "outlines.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _read(values: Mapping[str, Any]) -> Outline:
    stages = (
        Stage(
            stage["name"],
            _blocks(stage["blocks"]),
            tuple((c, h, w) for c, h, w in stage["maps"]),
            stage["reduction"],
        )
        for stage in values["stages"]
    )
    channels, height, width = values["input"]
    return Outline(
        (channels, height, width),
        values["multiply_adds"],
        values["depth"],
        tuple(stages),
        _blocks(values["head"]),
    )


def _blocks(listed: list[Mapping[str, Any]]) -> tuple[AlikeBlocks, ...]:
    return tuple(AlikeBlocks(one["count"], one["layers"]) for one in listed)
