"""One of many proofs, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNKNOWN = 200 << 20  # bytes of weights: those of most detectors
BASE = 900 << 20
EACH = 6
"""Bytes that a proof needs, and bytes for each byte of weights: 0.7 GB were measured for a network
of 1 MB, 1.45 GB for resnet50 (102 MB) and 3.9 GB for vgg16 (553 MB)."""


@dataclass(frozen=True)
class OneProof:
    """A converted file to judge, or a network of the catalogue on its synthetic weights.

    ``again`` judges a file although it is proven already.
    """

    name: str
    is_file: bool
    reference: str
    again: bool = False


def prove_one(given: OneProof) -> dict[str, Any]:
    """The verdict as ``parity``, in the values of ``Parity.as_json``, with a ``status``:
    ``passed``, ``failed``, or ``skipped`` for a file that had passed before.

    Raises a GluonportError that says what failed.
    """
    if not given.is_file:
        result, status = _network(given), None
        digest = None
    else:
        from convert.formats.regular import sha256
        from verify.parity.proving import prove_file, proven_before

        before = None if given.again else proven_before(given.name, given.reference)
        result = before or prove_file(given.name, given.reference)
        status, digest = "skipped" if before else None, sha256(Path(given.name))
    return {
        "status": status or ("passed" if result.passed else "failed"),
        "error": None if result.passed else result.failure(),
        "model": result.model,
        "reference": result.reference,
        "checkpoint_sha256": digest,
        "parity": result.as_json(),
    }


def _network(given: OneProof) -> Any:
    from architectures.catalogue import find_network
    from architectures.catalogue.graph_record import GraphRecord
    from verify.parity.compare import verify_architecture
    from verify.parity.graphs.graph_packaged import verify_record

    network = find_network(given.name)
    if isinstance(network, GraphRecord):
        return verify_record(network, given.reference)
    return verify_architecture(network, given.reference)


def memory_of(given: OneProof) -> int:
    """The bytes of memory that a proof may need."""
    from architectures.catalogue import find_network
    from architectures.catalogue.record import Model

    if given.is_file:
        path = Path(given.name)
        return BASE + EACH * (path.stat().st_size if path.is_file() else 0)
    network = find_network(given.name)
    return BASE + EACH * (4 * network.parameters if isinstance(network, Model) else UNKNOWN)
