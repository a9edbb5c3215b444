"""What a family of networks is, in words, and the papers that describe it."""

from __future__ import annotations

from dataclasses import dataclass

from architectures.catalogue.papers import Paper


@dataclass(frozen=True)
class Family:
    """A family of networks: its name, one phrase that describes a member, and its papers."""

    name: str
    description: str
    papers: tuple[Paper, ...]
