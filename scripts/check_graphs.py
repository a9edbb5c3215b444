"""Check the networks of MXNet's model zoos, one by one, against MXNet running the same graphs.

    uv run python scripts/check_graphs.py FOLDER [NAME...] [--again] [--keep] [--float32]
    uv run python scripts/check_graphs.py FOLDER --record

FOLDER is where ``export_zoo.py`` writes graphs and where results are kept at first: each network
that has none yet, there or in ``scripts/records/graphs.json``, is exported with drawn parameters,
run by MXNet and by PyTorch in float64 (and float32), and compared at every node. The result is
``FOLDER/results/NAME.json``; parameters are removed. Without NAMEs: every graph in FOLDER.
``--record`` adds the results of FOLDER to the record, and writes ``docs/graphs-zoo.md`` from it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from architectures.graph.assemble import assemble
from architectures.graph.graph import Graph
from architectures.graph.graph_network import GraphNetwork
from architectures.graph.operators import OPERATORS
from architectures.graph.stored import StoredTensor
from convert.formats import Array, open_checkpoint
from convert.formats.symbol import open_symbol
from gluonport.commands.console import Command
from mappings.errors import GluonportError
from scripts.records import read_record, write_record
from verify.parity.graphs.graph_live import verify_live
from verify.reference.graph_answers import live_graph, read_graph_answer

EXPORT = Path(__file__).with_name("export_zoo.py")
RECORD = Path(__file__).with_name("records") / "graphs.json"
PAGE = Path(__file__).parents[1] / "docs" / "graphs-zoo.md"
TRACED = 340
"""The networks that ``export_zoo.py`` can export: 305 of those that GluonCV lists, its
``vgg16_atrous``, and MXNet's 34. The others have no graph."""
LIMIT, SINGLE = 1e-11, 1e-4
"""The largest difference of an output relative to its largest value, in float64 and in float32."""


def export(name: str, folder: Path) -> None:
    """Write a network's graph and drawn parameters."""
    command = ["uv", "run", "-q", "--script", str(EXPORT), str(folder), name, "--params"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise GluonportError(f"export: {done.stderr.strip().splitlines()[-1]}")


def read_params(path: Path) -> dict[str, Array]:
    """Tensors by the names of the graph's variables."""
    return {
        tensor.name.removeprefix("arg:").removeprefix("aux:"): tensor.copy()
        for tensor in open_checkpoint(path).tensors
    }


def draw_inputs(name: str, shapes: Mapping[str, list[int]]) -> dict[str, Array]:
    """Fixed inputs by name: numbers between -2 and 2."""
    drawn: dict[str, Array] = {}
    for key, shape in shapes.items():
        seed = hashlib.sha256(f"{name}/input/{key}".encode()).digest()[:4]
        u = np.random.RandomState(int.from_bytes(seed, "little")).random_sample(shape)
        drawn[key] = np.asarray(4 * u - 2, np.float32)
    return drawn


def fill(network: GraphNetwork, tensors: Mapping[str, Array]) -> None:
    """Load the file's tensors into the network, strictly."""
    state = dict(network.state_dict())
    for own in network.plan.modules:
        for leaf, name in own.tensors.items():
            if leaf not in own.ones:
                state[f"{own.path}.{leaf}"] = torch.from_numpy(tensors[name])
    for tensor in network.plan.tensors:
        state[tensor.path] = torch.from_numpy(tensors[tensor.name])
    network.load_state_dict(state)


def apart(ours: Any, theirs: tuple[Array, ...]) -> list[float]:
    """The largest difference of each output, relative to its largest value."""
    found = []
    for mine, other in zip(ours if isinstance(ours, tuple) else (ours,), theirs, strict=True):
        mine = mine.detach().double().numpy()
        if mine.shape != other[0].shape:
            found.append(float("inf"))
            continue
        same = (mine == other[0]) | (np.isnan(mine) & np.isnan(other[0]))
        error = np.where(same, 0.0, np.abs(mine - other[0])).max(initial=0.0)
        found.append(float(error / (np.abs(other[0]).max(initial=0.0) or 1.0)))
    return found


def judge(
    name: str,
    network: GraphNetwork,
    symbol: Path,
    params: Path,
    cases: Mapping[str, Array],
) -> dict[str, Any]:
    """What ``verify parity`` says of a network whose outputs are far from MXNet's: rounding may be
    all that makes the difference."""
    parity = verify_live(name, network, symbol, params, cases)
    outputs = parity.criterion("structure") or parity.criterion("arithmetic")  # float32 alone
    layers = parity.criterion("layers")
    assert outputs is not None and layers is not None
    if outputs.passed and layers.passed:
        return {"judged": layers.detail}
    where = parity.finding.block if parity.finding else "?"
    return {"first_beyond": f"{where}: {layers.detail}"}


def check(
    name: str, symbol: Path, params: Path, shapes: Mapping[str, list[int]], float32: bool
) -> dict[str, Any]:
    """Everything that is measured of one network. Raises GluonportError if it is refused."""
    started = time.perf_counter()
    graph = open_symbol(symbol)
    tensors = read_params(params)
    stored = {key: StoredTensor(array.shape, array.dtype.name) for key, array in tensors.items()}
    given = {key: tuple(shape) for key, shape in shapes.items()}
    plan = assemble(graph, stored, given)
    network = GraphNetwork(plan).eval()
    fill(network, tensors)
    built = time.perf_counter() - started
    wanted = {
        graph.nodes[taken.node].name: shapes[graph.nodes[taken.node].name] for taken in plan.inputs
    }
    inputs = draw_inputs(name, wanted)
    started = time.perf_counter()
    made = symbol.with_name(f"{name}-answer.npz")
    cases = {key: array[None] for key, array in inputs.items()}
    if made.exists():
        answer = read_graph_answer(made, graph, "live")
    else:
        answer = live_graph(graph, symbol, params, cases)
    reference = time.perf_counter() - started
    found: dict[str, Any] = {"nodes": len(graph.nodes), "tensors": len(tensors)}
    given_inputs = [torch.from_numpy(inputs[graph.nodes[taken.node].name]) for taken in plan.inputs]
    started = time.perf_counter()
    with torch.inference_mode():
        if answer.refused is None:
            network.double()
            network.wide = True  # as the reference's rewrites are
            doubles = [x.double() for x in given_inputs]
            outputs = network.run(doubles, exact=True)
            found["float64"] = apart(outputs, answer.heads64)
            network.float()
            network.wide = False
            if not max(found["float64"]) <= LIMIT:
                found |= judge(name, network, symbol, params, cases)
        else:
            found["refused64"] = answer.refused
        if float32 or answer.refused is not None:
            fill(network, tensors)
            found["float32"] = apart(network(*given_inputs), answer.heads32)
        if answer.refused is not None and not max(found["float32"]) <= SINGLE:
            found |= judge(name, network, symbol, params, cases)
    heads = answer.heads64 or answer.heads32
    found |= {
        "peaks": [float(np.abs(head).max(initial=0.0)) for head in heads],
        "spread": [float(np.std(head)) for head in heads],
        "finite": all(bool(np.isfinite(head).all()) for head in heads),
        "rewrites": answer.about["rewrites"],
        "seconds": {
            "build": round(built, 2),
            "mxnet": round(reference, 1),
            "torch": round(time.perf_counter() - started, 1),
        },
    }
    return found


def unsupported(graph: Graph) -> dict[str, int]:
    """Operators that have no counterpart, with counts."""
    return {op: count for op, count in graph.operators.items() if op not in OPERATORS}


def one(name: str, folder: Path, keep: bool, float32: bool) -> dict[str, Any]:
    symbol, params = folder / f"{name}-symbol.json", folder / f"{name}-0000.params"
    if symbol.exists() and (lacking := unsupported(open_symbol(symbol))):
        return {"error": f"unsupported: {lacking}"}
    try:
        if not params.exists():
            export(name, folder)
        about = json.loads((folder / f"{name}.json").read_text())
        return check(name, symbol, params, about["inputs"], float32)
    except GluonportError as error:
        return {"error": str(error)}
    finally:
        if not keep:
            params.unlink(missing_ok=True)


def line(name: str, result: Mapping[str, Any]) -> str:
    if "error" in result:
        return f"{name}: {result['error'][:300]}"
    worst = max(result.get("float64", [float("nan")]))
    single = max(result["float32"]) if "float32" in result else float("nan")
    peaks = " ".join(f"{peak:.2g}" for peak in result["peaks"])
    return (
        f"{name}: nodes {result['nodes']}, float64 {worst:.2g}, float32 {single:.2g}, "
        f"first {result.get('first_beyond') or result.get('refused64')}, peaks {peaks}, "
        f"{result['seconds']}"
    )


def summary(folder: Path, name: str) -> dict[str, Any]:
    """What the record keeps of a network's result."""
    result = json.loads((folder / "results" / f"{name}.json").read_text())
    about = json.loads((folder / f"{name}.json").read_text())
    size = ", ".join("x".join(map(str, shape)) for shape in about["inputs"].values())
    kept = {"task": about["task"], "nodes": result.get("nodes"), "input": size}
    for precision, key in (("float64", "difference"), ("float32", "difference32")):
        if precision in result:
            kept[key] = float(f"{max(result[precision]):.2g}")
    told = ("judged", "first_beyond", "refused64", "error")
    return kept | {key: result[key] for key in told if result.get(key)}


def table(results: Mapping[str, Any]) -> str:
    """All results as Markdown."""
    rows, failed, notes, narrow = [], [], [], []
    for name, found in sorted(results.items()):
        if "error" in found:
            failed.append(f"| {name} | {found['error']} |")
        elif "first_beyond" in found:
            failed.append(f"| {name} | differs first at {found['first_beyond']} |")
        elif "refused64" in found:
            off = found.get("judged") or f"outputs differ by {found['difference32']:.1e}"
            narrow.append(f"- {name}: {off}.")
        else:
            facts = (name, found["task"], found["nodes"], found["input"])
            rows.append(f"| {' | '.join(map(str, facts))} | {found['difference']:.1e} |")
            if "judged" in found:
                notes.append(f"- {name}: {found['judged']}.")
    text = [
        "# Networks of MXNet's model zoos, checked as graphs",
        "",
        "`scripts/check_graphs.py` made this page. Each network is exported by GluonCV",
        "0.10.5.post0 (or by `mxnet.gluon.model_zoo`, behind `mxnet-`), gets drawn parameters, and",
        "runs in MXNet 1.9.1 and in PyTorch on the same input, in float64. The last column is the",
        "largest difference at an output, relative to that output's largest value. Detectors are",
        "compared as a whole, suppression included.",
        "",
        f"Measured: {len(rows) + len(narrow)} of the {TRACED} networks that MXNet traces.",
        "",
        "| network | task | nodes | input | difference |",
        "|---|---|---:|---|---:|",
        *rows,
        "",
    ]
    if notes:
        text += [
            f"Where a difference is above {LIMIT:.0e}, `verify parity` has judged each node that",
            "differs on MXNet's own inputs. All agree there: rounding alone makes the difference,",
            "and the network amplifies it.",
            "",
            *notes,
            "",
        ]
    if narrow:
        text += [
            "MXNet 1.9.1 does not run these in float64, so they are compared in float32, or judged",
            "by the weaker proof where the boxes change places by rounding:",
            "",
            *narrow,
            "",
        ]
    if failed:
        text += ["## Not in agreement", "", "| network | why |", "|---|---|", *failed, ""]
    return "\n".join(text)


@click.command(cls=Command)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1)
@click.option("--again", is_flag=True, help="Check networks that have a result too.")
@click.option("--keep", is_flag=True, help="Keep the drawn parameters.")
@click.option("--float32", is_flag=True, help="Compare float32 too.")
@click.option("--record", is_flag=True, help="Only add the results to the record.")
def main(
    folder: Path, names: tuple[str, ...], again: bool, keep: bool, float32: bool, record: bool
) -> None:
    """Check the networks NAMES of FOLDER, or all of them."""
    results = folder / "results"
    measured = read_record(RECORD)
    if record:
        exported = [p.stem for p in results.glob("*.json") if (folder / p.name).exists()]
        measured |= {name: summary(folder, name) for name in exported}
        write_record(RECORD, measured)
        PAGE.write_text(table(measured))
        return
    torch.set_num_threads(1)
    results.mkdir(parents=True, exist_ok=True)
    known = sorted(p.name.removesuffix("-symbol.json") for p in folder.glob("*-symbol.json"))
    for name in names or known:
        path = results / f"{name}.json"
        if (path.exists() or name in measured) and not again:
            continue
        result = one(name, folder, keep, float32)
        path.write_text(json.dumps(result, indent=1))
        click.echo(line(name, result))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
