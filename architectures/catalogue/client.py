"""What other libraries call our networks: facts of timm 1.0 and torchvision 0.21 and later."""

from __future__ import annotations

from dataclasses import dataclass

GLUON_TAG = "gluon_in1k"
"""timm's tag for its ports of the Gluon model zoo's weights."""


@dataclass(frozen=True)
class Client:
    """The same network in timm and torchvision, with the same state dict.

    ``timm`` is its architecture there, empty where timm has no such network, and ``tag`` that of
    the published weights: timm's untagged names mean other weights. ``tag`` is empty where timm has
    none of the published weights. ``options`` are arguments that the architecture is built with.
    ``pool`` is the side of the last map as timm gives it, for an image of the model's size;
    None is a 32nd of that size. ``torchvision`` is an expression that builds the network, ``{n}``
    its class count; empty where torchvision has no such network.
    """

    timm: str = ""
    tag: str = ""
    torchvision: str = ""
    options: tuple[tuple[str, int | str], ...] = ()
    pool: int | None = None


def torchvision(name: str) -> str:
    """The expression that builds torchvision's network of this name."""
    return f"torchvision.models.{name}(num_classes={{n}})"
