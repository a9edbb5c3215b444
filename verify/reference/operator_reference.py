# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""What MXNet computes for single operators: the source framework's own answer, case by case.

    uv run --script verify/reference/operator_reference.py CASES.json OUT.npz [--verbose]

This is the independent side of the proof: it imports nothing from gluonport and uses only files.

CASES is a JSON list. Each case is a symbol of one node, given as MXNet's own symbol JSON has it:

    operator    the registered name (``Pooling``)
    attributes  text by name (``{"kernel": "(3, 3)"}``)
    inputs      what each input holds, below; auxiliary states are the last ones
    runs        ``float64``, ``float32`` or both: the dtype of every input that names no other
    numpy       true: sizes of 0 and shapes of () are values, as in MXNet's numpy mode

An input has ``shape``, ``draw``, perhaps ``dtype``, and what ``draw`` needs. With
r = numpy.random.RandomState(seed), in float64 and C order:

    uniform   low, high, seed          low + (high - low) * r.random_sample(shape)
    integers  low, high, seed          r.randint(low, high, shape), dtype int64; high is excluded
    ties      low, high, levels, seed  low + (high - low) * r.randint(0, levels, shape) / levels
    values    values                   the flat list, reshaped; "nan", "inf" and "-inf" are text
    boxes     low, high, seed          the last axis is 4: two uniform corners (x0, y0, x1, y1)
                                       with x0 <= x1 and y0 <= y1: the minimum and the maximum of
                                       c[..., 0, :] and c[..., 1, :], where c has the shape
                                       (..., 2, 2) and is drawn as uniform
    columns   columns                  inputs without shape, each with ``width``: drawn with the
                                       last axis of that length, and joined along it

Every drawn number is rounded to float32, so that both runs have the same inputs.

OUT is an ``.npz`` without pickles; the same cases give the same bytes on the same machine:

    cases    UTF-8 bytes of the JSON list, each case with ``results``: by run, a list of the visible
             outputs, each [dtype, shape]
    about    UTF-8 bytes of JSON: versions
    DTYPE    one flat array for each dtype: the values of all outputs of this dtype, in the order of
             the cases, runs and outputs

A case that MXNet refuses is an error; all of them are named.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # sums in one order
os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"  # one node is run as it is

# A file beside this script must not be imported in place of a module that MXNet needs.
if os.path.dirname(os.path.abspath(__file__)) == sys.path[0]:
    sys.path.pop(0)

import mxnet as mx  # type: ignore[import-not-found]
import numpy as np

Array = np.ndarray[Any, Any]
Case = dict[str, Any]


def draw(spec: dict[str, Any], shape: tuple[int, ...]) -> Array:
    """The numbers of one input, float64 and exact in float32."""
    kind, low, high = spec["draw"], spec.get("low", 0), spec.get("high", 1)
    if kind == "columns":
        parts = [draw(part, (*shape[:-1], part["width"])) for part in spec["columns"]]
        return np.concatenate(parts, axis=-1)
    random = np.random.RandomState(spec.get("seed", 0))
    if kind == "uniform":
        numbers = low + (high - low) * random.random_sample(shape)
    elif kind == "integers":
        numbers = random.randint(low, high, shape, dtype=np.int64)
    elif kind == "ties":
        levels = spec["levels"]
        numbers = low + (high - low) * random.randint(0, levels, shape, dtype=np.int64) / levels
    elif kind == "values":
        numbers = np.array([float(value) for value in spec["values"]]).reshape(shape)
    elif kind == "boxes":
        corners = low + (high - low) * random.random_sample((*shape[:-1], 2, 2))
        numbers = np.concatenate([corners.min(axis=-2), corners.max(axis=-2)], axis=-1)
    else:
        raise ValueError(f"no rule for drawing {kind!r}")
    return np.asarray(numbers, np.float32).astype(np.float64).reshape(shape)


def symbol_of(case: Case) -> Any:
    """The one-node symbol, with all its visible outputs."""
    count = len(case["inputs"])
    nodes: list[dict[str, Any]] = [
        {"op": "null", "name": f"in{index}", "inputs": []} for index in range(count)
    ]
    nodes.append(
        {
            "op": case["operator"],
            "name": "node",
            "attrs": case["attributes"],
            "inputs": [[index, 0, 0] for index in range(count)],
        }
    )
    text = json.dumps(
        {
            "nodes": nodes,
            "arg_nodes": list(range(count)),
            "heads": [[count, 0, 0]],
            "attrs": {"mxnet_version": ["int", 10901]},
        }
    )
    internals = mx.sym.load_json(text).get_internals()
    names = internals.list_outputs()
    return mx.sym.Group([internals[at] for at, name in enumerate(names) if name[:5] == "node_"])


def run(case: Case, precision: str) -> list[Array]:
    """The outputs of one case in one precision."""
    symbol = symbol_of(case)
    arrays = {}
    for index, spec in enumerate(case["inputs"]):
        dtype = spec.get("dtype", precision)
        values = draw(spec, tuple(spec["shape"])).astype(dtype)
        arrays[f"in{index}"] = mx.nd.array(values, dtype=dtype)
    auxiliary = set(symbol.list_auxiliary_states())
    executor = symbol.bind(
        mx.cpu(),
        {name: array for name, array in arrays.items() if name not in auxiliary},
        grad_req="null",
        aux_states={name: arrays[name] for name in auxiliary},
    )
    outputs = [output.asnumpy() for output in executor.forward(is_train=False)]
    mx.nd.waitall()  # empty outputs are not waited for, and their errors would come later
    return outputs


def reference(cases: list[Case], verbose: bool) -> dict[str, Any]:
    """All arrays of OUT."""
    refused, answered = [], []
    values: dict[str, list[Array]] = {}
    for number, case in enumerate(cases):
        results = {}
        for precision in case["runs"]:
            if verbose:
                print(number, precision, json.dumps(case), file=sys.stderr, flush=True)
            try:
                with mx.util.np_shape(case["numpy"]):
                    outputs = run(case, precision)
            except (mx.MXNetError, ValueError, TypeError) as error:
                text = next(line for line in reversed(str(error).splitlines()) if line.strip())
                refused.append(f"case {number}, {precision}: {json.dumps(case)}: {text.strip()}")
                continue
            results[precision] = [[str(output.dtype), list(output.shape)] for output in outputs]
            for output in outputs:
                values.setdefault(str(output.dtype), []).append(output.reshape(-1))
        answered.append({**case, "results": results})
    if refused:
        raise SystemExit("\n".join(f"error: MXNet refuses {line}" for line in refused))
    about = {package: version(package) for package in ("mxnet", "numpy")}
    flat = {dtype: np.concatenate(parts) for dtype, parts in sorted(values.items())}
    return {"cases": encoded(answered), "about": encoded(about), **flat}


def encoded(value: Any) -> Array:
    return np.frombuffer(json.dumps(value, separators=(",", ":")).encode(), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("cases", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--verbose", action="store_true", help="name each case before it runs")
    arguments = parser.parse_args()
    cases = json.loads(arguments.cases.read_text())
    arrays = reference(cases, arguments.verbose)
    partial = arguments.out.with_name(f"{arguments.out.name}.partial")
    with open(partial, "wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(partial, arguments.out)


if __name__ == "__main__":
    main()
