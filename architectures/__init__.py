"""The catalogue, one record per model, and the networks in PyTorch."""

from __future__ import annotations

from architectures.catalogue import MODELS, find_model, find_network
from architectures.catalogue.graph_record import GraphRecord
from architectures.catalogue.record import Model

__all__ = ["MODELS", "GraphRecord", "Model", "find_model", "find_network"]
