"""What the port runs on: its results in float32 depend on that."""

from __future__ import annotations

import platform
from importlib.metadata import version

import torch


def environment() -> dict[str, str]:
    """Versions, the platform, and the vector instructions that torch uses on it."""
    return {
        **{package: version(package) for package in ("gluonport", "torch", "numpy")},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
    }
