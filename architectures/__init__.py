"""The native PyTorch networks, and the catalogue: one record per model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from architectures.catalogue import MODELS, find_model
from architectures.record import Model

if TYPE_CHECKING:
    from architectures.network import Network

__all__ = ["MODELS", "Model", "build", "find_model"]


def build(model: Model, num_classes: int | None = None, **options: Any) -> Network:
    """The network of a record, freshly initialised; its own class count unless one is given."""
    classes = model.num_classes if num_classes is None else num_classes
    return model.network.build(classes, **options)
