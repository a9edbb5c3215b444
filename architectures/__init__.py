"""The catalogue, one record per model, and the networks in PyTorch."""

from __future__ import annotations

from architectures.catalogue import MODELS, find_model
from architectures.catalogue.record import Model

__all__ = ["MODELS", "Model", "find_model"]
