"""What becomes of a random graph: converted, proven, written, loaded and sent back."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

import gluonport
from convert.formats import open_checkpoint
from mappings.errors import GluonportError, NoReferenceError
from scripts.random_graphs.sketch import Sketch
from verify.parity.proving import prove_graph
from verify.publish.graph_parity_record import is_weak

Kind = Literal[
    "agrees",
    "float32 apart",
    "refused by MXNet",
    "not supported",
    "no evidence",
    "differs",
    "fails",
]
"""``float32 apart``: rounding errors are further apart than the proof allows. Random graphs have
few numbers, so chance and the processor decide that; a wrong port shows in float64."""


@dataclass(frozen=True)
class Verdict:
    """What became of a graph, and the reason where it does not agree."""

    kind: Kind
    detail: str = ""


def judged(drawn: Sketch, folder: Path) -> Verdict:
    """Whether the graph agrees with MXNet in every way; its files are left in ``folder``."""
    symbol, params = drawn.write(folder, drawn.unused())
    out = folder / "net.safetensors"
    try:
        try:
            gluonport.convert("graph", out, symbol)
        except GluonportError as error:
            if "--input" not in str(error):
                raise
            gluonport.convert("graph", out, symbol, inputs=drawn.inputs)
        parity = prove_graph(str(out), None, "live", drawn.inputs)
        evidence = parity.criterion("evidence")
        if is_weak(parity) and evidence is not None and not evidence.passed:
            return Verdict("no evidence", evidence.detail)
        failed = [c for c in parity.criteria if not c.passed and c.name != "evidence"]
        if any(
            c.name == "values" or (not is_weak(parity) and c.name != "arithmetic") for c in failed
        ):
            return Verdict("differs", parity.failure())
        if other := written(out, drawn) or returned(out, params):
            return other
        # There is no figure where every output follows a discrete step.
        if any(is_weak(parity) or c.figure is not None for c in failed):
            return Verdict("float32 apart", parity.failure())
        return Verdict("agrees")
    except NoReferenceError as error:
        return Verdict("refused by MXNet", str(error)[:300])
    except GluonportError as error:
        return Verdict("not supported" if "not supported" in str(error) else "fails", str(error))
    except Exception as error:
        return Verdict("fails", f"{type(error).__name__}: {error}")


def written(out: Path, drawn: Sketch) -> Verdict | None:
    """Whether the written network gives other bits than the loaded one."""
    spec = importlib.util.spec_from_file_location("net", out.with_suffix(".py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    generator = torch.Generator().manual_seed(0)
    inputs = [torch.randn(shape, generator=generator) for shape in drawn.inputs.values()]
    with torch.no_grad():
        ours, theirs = gluonport.load(out).eval()(*inputs), module.load(out).eval()(*inputs)
    for one, other in zip(_tuple(ours), _tuple(theirs), strict=True):
        if one.dtype != other.dtype or not torch.equal(one.nan_to_num(), other.nan_to_num()):
            return Verdict("differs", "the written network gives other numbers than the loaded one")
    return None


def returned(out: Path, params: Path) -> Verdict | None:
    """Whether the parameters that go back are others than those that came."""
    back = out.with_name("back.params")
    gluonport.convert("graph", back, out)
    came, went = ({t.name: t.copy() for t in open_checkpoint(p).tensors} for p in (params, back))
    for name, array in went.items():
        if name not in came or not np.array_equal(came[name].view(np.uint8), array.view(np.uint8)):
            return Verdict("differs", f"{name} comes back with other bits")
    if lost := came.keys() - went.keys():
        return Verdict("differs", f"{min(lost)} does not come back")
    return None


def _tuple(outputs: Any) -> Sequence[torch.Tensor]:
    return outputs if isinstance(outputs, tuple) else (outputs,)
