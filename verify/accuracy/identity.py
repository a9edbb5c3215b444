"""What makes two runs the same run."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

PACKAGES = ("gluonport", "torch", "numpy", "opencv-python-headless", "pillow")


def versions() -> dict[str, str]:
    """The versions of the libraries that influence an answer."""
    return {package: version(package) for package in PACKAGES}


@dataclass(frozen=True)
class Identity:
    """Everything an answer depends on; chunks of two identities are never counted together.

    Images of more than ``max_pixels`` pixels are not decoded. ``device`` is a kind of processor
    (``cpu AVX2``, ``cuda NVIDIA H200``), not a single one.
    """

    model: str
    checkpoint_sha256: str
    regime: str
    manifest_sha256: str
    images: int
    batch_size: int
    max_pixels: int
    precision: str
    compiled: bool
    device: str
    versions: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()


def differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """The differences between two identities as JSON, in words."""
    lines = []
    for name in dict.fromkeys((*expected, *found)):
        there, here = found.get(name), expected.get(name)
        if isinstance(there, dict) and isinstance(here, dict):
            lines += differences(there, here)
        elif there != here:
            lines.append(f"{_short(name)} {_short(there)}, now {_short(here)}")
    return lines


def _short(value: object) -> str:
    """A value of any kind in at most a hundred characters."""
    text = value if isinstance(value, str) else reprlib.repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
