"""Tests that need something of the machine: a browser, root, network namespaces, a mount."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def cannot_run(reason: str) -> NoReturn:
    """Skip a test for ``reason``; where ``CI`` is set nothing is left out, and the test fails."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}; nothing is left out where CI is set")
    pytest.skip(reason)


def need_root(why: str) -> None:
    """Go on only as root."""
    if os.geteuid() != 0:
        cannot_run(f"only root {why}")
