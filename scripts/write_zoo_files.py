# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Write files of drawn parameters of the model zoos' networks, in every naming, by MXNet itself.

    uv run --script scripts/write_zoo_files.py FOLDER NAME[@CLASSES]... [--answers]

For each NAME, a name of ``export_zoo.py``, FOLDER receives NAME.structural.params
(``save_parameters``), NAME.flat.params (``collect_params().save``), NAME.export-0000.params and
NAME.export-symbol.json (the graph with the same parameters, as ``export`` writes them), and with
--answers NAME.answer.npz: MXNet's outputs in float64, or in float32 where it has no float64
(``precision``), for inputs drawn by the rule of ``scripts/check_graphs.py``. The parameters
are those that ``export_zoo.py --params`` draws. ``NAME@2`` is the network for two classes.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path = [HERE, *(path for path in sys.path if path != HERE)]

import export_zoo as zoo  # type: ignore[import-not-found]  # noqa: E402
import mxnet as mx  # type: ignore[import-not-found]  # noqa: E402
import numpy as np  # noqa: E402

DENSE = ("alexnet", "vgg")
"""The size of their first dense layer follows from the input: the stored files are for 224."""


def drawn(name: str, shapes: dict[str, Any]) -> dict[str, Any]:
    """Inputs between -2 and 2, float32."""
    found = {}
    for key, shape in shapes.items():
        seed = hashlib.sha256(f"{name}/input/{key}".encode()).digest()[:4]
        u = np.random.RandomState(int.from_bytes(seed, "little")).random_sample(shape)
        found[key] = np.asarray(4 * u - 2, np.float32)
    return found


def answers(symbol: Any, values: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """The graph's outputs in float64 where MXNet has it, else in float32."""
    listed = [*symbol.list_arguments(), *symbol.list_auxiliary_states()]
    said = ""
    for precision in ("float64", "float32"):
        try:
            given = {**values, **inputs}
            arrays = {n: mx.nd.array(given[n], dtype=precision) for n in listed}
            outputs = symbol.bind(
                mx.cpu(),
                {n: arrays[n] for n in symbol.list_arguments()},
                aux_states={n: arrays[n] for n in symbol.list_auxiliary_states()},
                grad_req="null",
            ).forward(is_train=False)
            got = {f"output{i}": output.asnumpy() for i, output in enumerate(outputs)}
            return {**got, "precision": np.array(precision), "said": np.array(said)}
        except mx.MXNetError as error:
            said = str(error).strip().splitlines()[-1][:200]
    raise ValueError(f"MXNet runs it in neither precision: {said}")


def write(asked: str, folder: Path, with_answers: bool) -> None:
    """One network's files."""
    name, _, count = asked.partition("@")
    with mx.name.NameManager():
        net = zoo.create(name, int(count) if count else None)
        listed = list(zoo.INPUTS.get(name, ["data"]))
        symbol = zoo.trace(net, listed)
    published = [(1, 3, 224, 224)] if name.removeprefix("mxnet-").startswith(DENSE) else []
    inputs = zoo.INPUTS.get(name) or next(
        {"data": shape}
        for shape in (*published, *zoo.shapes_to_try())
        if zoo.fits(symbol, {"data": shape})
    )
    constants = {
        p.name: np.asarray(p.value.asnumpy())
        for p in net.collect_params().values()
        if isinstance(p, mx.gluon.Constant)
    }
    marked = zoo.parameters(name, symbol, inputs, constants)
    values = {key.partition(":")[2]: value for key, value in marked.items()}
    for own, p in net.collect_params().items():
        if own not in values:  # the graph does not need it
            shape = tuple(size or 4 for size in p.shape)
            values[own] = mx.nd.array(zoo.draw(name, own, shape, "other", {}))
    structural = {key: values[p.name] for key, p in net._collect_params_with_prefix().items()}
    mx.nd.save(str(folder / f"{asked}.structural.params"), structural)
    flat = {p.name: values[p.name] for p in net.collect_params().values()}
    mx.nd.save(str(folder / f"{asked}.flat.params"), flat)
    mx.nd.save(str(folder / f"{asked}.export-0000.params"), marked)
    symbol.save(str(folder / f"{asked}.export-symbol.json"))
    about = {"inputs": {key: list(shape) for key, shape in inputs.items()}}
    (folder / f"{asked}.json").write_text(json.dumps(about))
    if with_answers:
        arrays = {key: value.asnumpy() for key, value in values.items()}
        found = answers(symbol, arrays, drawn(name, inputs))
        np.savez(folder / f"{asked}.answer.npz", **found)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--answers", action="store_true", help="run the networks too")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    zoo.without_downloads()
    failed = 0
    for asked in arguments.names:
        try:
            write(asked, arguments.folder, arguments.answers)
        except Exception as error:
            failed += 1
            text = " ".join(str(error).split())[:300]
            print(f"{asked}: {type(error).__name__}: {text}", file=sys.stderr)
            (arguments.folder / f"{asked}.failed").write_text(text)
        gc.collect()  # Gluon's blocks refer to each other in circles
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
