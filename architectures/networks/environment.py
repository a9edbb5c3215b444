"""What the port runs on: its figures in float32 belong to it."""

from __future__ import annotations

import platform
from importlib.metadata import version

import torch


def environment() -> dict[str, str]:
    """Versions, the platform, and the vector instructions that torch uses there."""
    return {
        **{package: version(package) for package in ("gluonport", "torch", "numpy")},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
    }
