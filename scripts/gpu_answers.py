"""The sections of check_gpu.py about answers: each compares what a GPU computes.

Without a GPU the device is the CPU. A section prints each row as a line of JSON when it has it, and
last all rows with the failures.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmark_accuracy import make_images
from gpu_graph import graph_files
from torch import Tensor, nn

import gluonport
from architectures import MODELS, Model, find_model
from architectures.graph.operators import OPERATORS
from mappings.errors import AccuracyError
from verify.accuracy.device import Device, find_device
from verify.accuracy.fast_path import Forward, fast, plain
from verify.accuracy.network_inputs import Inputs
from verify.accuracy.prediction import Prediction, read_csv
from verify.accuracy.proof import ROUNDING, prove
from verify.accuracy.task import Precision
from verify.operators.one_node import one_node
from verify.operators.operator_goldens import OperatorAnswer, operator_answers, packaged_groups
from verify.operators.operator_verdict import FLOAT64_LIMIT, distance
from verify.parity import criteria
from verify.parity.compare import load, synthetic_state
from verify.parity.result import Criterion
from verify.parity.trace import Trace
from verify.preprocessing import crop
from verify.reference.answers import golden
from verify.reference.inputs import reference_inputs

Row = dict[str, Any]
EACH = {"cuda": 8, "cpu": 1}  # cases of an operator
PACKAGES = ("torch", "torchvision", "timm", "numpy", "pillow", "opencv-python-headless")


class Rows:
    """The rows and failures of a section."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.failures: list[str] = []

    def add(self, **row: Any) -> None:
        self.rows.append(row)
        print(json.dumps(row), flush=True)

    def judge(self, passed: bool, failure: str) -> str:
        """The verdict in a word, and the failure kept if there is one."""
        if not passed:
            self.failures.append(failure)
        return "yes" if passed else "NO"


def machine(task: dict[str, Any], rows: Rows) -> dict[str, Any]:
    """What runs here, and the images and checkpoints of all sections."""
    device = task["device"] or ("cuda" if torch.cuda.is_available() else "cpu")
    few = task["few"] or (500 if device == "cuda" else 16)
    many = task["images"] or (8192 if device == "cuda" else 64)
    folder, about = Path(task["folder"]), {}
    if device == "cuda":
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        about["GPU"] = f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB"
        about |= {"CUDA": torch.version.cuda, "cuDNN": torch.backends.cudnn.version()}
    names = (line for line in _text("/proc/cpuinfo").splitlines() if "model name" in line)
    about |= {"processor": next(names, "?").partition(":")[2].strip() or platform.processor()}
    about |= {"cores": len(os.sched_getaffinity(0)), "Python": platform.python_version()}
    about |= {package: _version(package) for package in PACKAGES}
    make_images(folder / "few", few)
    if {"decode", "speed", "timm"} & set(task["sections"]):
        make_images(folder / "many", many)
    if set(task["sections"]) - {"parity", "zoo", "operators"}:
        for name in task["models"]:
            gluonport.convert(name, folder / f"{name}.safetensors", source="synthetic")
    return {"about": about, "task": {"device": device, "few": few, "images": many}}


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def parity(task: dict[str, Any], rows: Rows) -> None:
    """Each network's float64 and float32 logits on the device against MXNet's."""
    for name in task["models"]:
        for one in _criteria(find_model(name), task["device"]):
            passed = rows.judge(one.passed, f"parity: {name}: {one.name}: {one.detail}")
            rows.add(network=name, criterion=one.name, found=one.detail, passed=passed)


def zoo(task: dict[str, Any], rows: Rows) -> None:
    """The same for every network that has a table; a row each."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    for model in MODELS:
        name, found = model.name, _criteria(model, task["device"])
        wrong = [f"{one.name}: {one.detail}" for one in found if not one.passed]
        exact, rounding = found[0], found[1]
        assert isinstance(exact.limit, float) and exact.figure is not None
        row: Row = {"network": name, "structure, of its limit": f"{exact.figure / exact.limit:.1e}"}
        row["float32 error, of MXNet's own"] = f"{rounding.figure:.3g}"
        rows.add(**row, passed=rows.judge(not wrong, f"zoo: {name}: {'; '.join(wrong)}"))


def _criteria(model: Model, device: str) -> list[Criterion]:
    """Structure, arithmetic and, where a class can be wrong, top-1."""
    there = find_device(device, 0, "float32").device
    source, inputs = golden(model), torch.from_numpy(reference_inputs(model))
    network = load(model, synthetic_state(model), model.num_classes)
    logits = {}
    for dtype in (torch.float64, torch.float32):
        with torch.inference_mode():
            logits[dtype] = network.to(there, dtype)(inputs.to(there, dtype)).cpu().numpy()
    port = Trace(logits[torch.float64], logits[torch.float32], {}, {})
    found = [criteria.structure(source, port)]
    found.append(criteria.arithmetic(source, port))
    return found + list(filter(None, [(criteria.top1(source, port) or (None,))[0]]))


def precisions(task: dict[str, Any], rows: Rows) -> None:
    """Every precision that the tool offers, and autocast, against the CPU's plain float32."""
    files = sorted(Path(task["folder"], "few").rglob("*.jpg"))
    host = find_device("cpu", 0, "float32")
    on_gpu = task["device"] == "cuda"
    for name in task["models"]:
        model = find_model(name)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            data = pool.map(Path.read_bytes, files)
            crops = list(pool.map(partial(crop, regime="gluon", model=model), data))
        inputs = Inputs("gluon", model)(crops)
        device = find_device(task["device"], 0, "float32")
        sent = Inputs("gluon", model, device.device)
        there = sent.normalised(torch.from_numpy(np.stack(crops))).cpu()
        same = torch.equal(there, inputs)
        said = rows.judge(same, f"precisions: {name}: inputs differ from the CPU's")
        rows.add(network=name, inputs="normalised there", **{"same bits as the CPU's": said})
        checkpoint = Path(task["folder"], f"{name}.safetensors")
        expected = _all(plain(gluonport.create_model(name, checkpoint), host), inputs)
        quick = partial(fast, compiled=False, example=inputs[:16])
        ways: list[tuple[str, Precision, Callable[[nn.Module, Device], Forward]]] = [
            ("plain float32", "float32", plain),
            ("float32", "float32", partial(quick, precision="float32")),
            ("tf32", "tf32", partial(quick, precision="tf32")),
            ("bfloat16", "bfloat16", partial(quick, precision="bfloat16")),
            ("bfloat16 autocast", "bfloat16", _autocast),
        ]
        for way, precision, made in ways:
            if precision == "tf32" and not on_gpu:
                continue
            device = find_device(task["device"], 0, precision)
            forward = made(gluonport.create_model(name, checkpoint), device)
            found = _all(forward, inputs)
            again = np.array_equal(found, _all(forward, inputs))
            row: Row = {"network": name, "on the device": way, "images": len(files)}
            difference, largest = np.abs(found - expected).max(), np.abs(expected).max()
            row["largest difference of a logit"] = f"{difference:.2e}"
            row["of the largest logit"] = f"{difference / largest:.1e}"
            row["same top-1"] = row["same five"] = "?"
            try:
                proof = prove(expected, found, precision)
                row |= {"same top-1": proof.top1_equal, "same five": proof.top5_equal}
                row["passes the proof"] = "yes"
            except AccuracyError as error:
                row["passes the proof"] = rows.judge(False, f"precisions: {name}: {way}: {error}")
            row["same bits again"] = "yes" if again else "no"
            rows.add(**row)


def _all(forward: Forward, inputs: Tensor) -> Any:
    return np.concatenate([forward(part).numpy() for part in inputs.split(256)])


def _autocast(network: nn.Module, device: Device) -> Forward:
    network = network.eval().to(device.device, memory_format=torch.channels_last)  # type: ignore

    def forward(x: Tensor) -> Tensor:
        with torch.inference_mode(), torch.autocast(device.device.type, torch.bfloat16):
            logits: Tensor = network(x.to(device.device))
            return logits.float().cpu()

    return forward


def commands(task: dict[str, Any], rows: Rows) -> None:
    """The command's answers on the device against its answers on the CPU."""
    folder, device = Path(task["folder"]), task["device"]
    for name in task["models"]:
        arguments = [name, folder / f"{name}.safetensors", "--data", folder / "few"]
        expected, _ = _accuracy([*arguments, "--device", "cpu"], folder)
        runs: list[Precision] = ["float32", "tf32", "bfloat16"]
        for precision in runs if device == "cuda" else ["float32", "bfloat16"]:
            there = [*arguments, "--device", device, "--precision", precision]
            found, text = _accuracy(there, folder)
            row: Row = {"network": name, "command": f"verify accuracy --precision {precision}"}
            row |= _compare(expected, found, precision, rows, f"commands: {name} {precision}")
            again = "not tried"
            if precision != "tf32" and name == task["models"][0]:
                again = "yes" if _accuracy(there, folder)[1] == text else "no"
            rows.add(**row, **{"same file again": again})
    digits = "gluon_seresnext8_digits"
    gluonport.convert(digits, folder / "digits.safetensors")
    sample = [digits, folder / "digits.safetensors"]
    expected, _ = _accuracy([*sample, "--device", "cpu"], folder)
    found, text = _accuracy([*sample, "--device", device], folder, process=True)
    row = {"network": digits, "command": "verify accuracy (real weights, its own process)"}
    row |= _compare(expected, found, "float32", rows, f"commands: {digits}")
    rows.add(**row, **{"same file again": "not tried"})


def _accuracy(
    arguments: list[Any], folder: Path, process: bool = False
) -> tuple[list[Prediction], bytes]:
    """The predictions of a run of the command, and their file. Raises SystemExit if it fails."""
    from click.testing import CliRunner

    from gluonport.commands.verify import main

    csv = folder / "predictions.csv"
    more = ["accuracy", *arguments, "--allow-incomplete", "--predictions", csv, "--json"]
    words = [str(word) for word in more]
    if process:
        command = [sys.executable, "-m", "verify", *words]
        done = subprocess.run(command, stdout=subprocess.DEVNULL)
        status, said = done.returncode, "see above"
    else:
        result = CliRunner().invoke(main, words)
        status, said = result.exit_code, result.output
    if status:
        sys.exit(f"error: verify {' '.join(words)}: {said}")
    return read_csv(csv), csv.read_bytes()


def _compare(
    expected: list[Prediction], found: list[Prediction], precision: Precision, rows: Rows, what: str
) -> Row:
    """The n-th best logit of an image may differ by the rounding of the precision."""
    assert [p.path for p in expected] == [p.path for p in found]
    ours, theirs = (np.array([p.logits for p in some]) for some in (found, expected))
    share = (np.abs(ours - theirs) / np.abs(theirs).max(axis=1, keepdims=True)).max()
    pairs = list(zip(expected, found, strict=True))
    passed = bool(share <= 2 * ROUNDING[precision])
    return {
        "images": len(found),
        "same top-1 as the CPU": sum(a.classes[0] == b.classes[0] for a, b in pairs),
        "same five as the CPU": sum(a.classes == b.classes for a, b in pairs),
        "largest difference of the best logits": f"{share:.1e}",
        "agrees": rows.judge(passed, f"{what}: logits differ by {share:.1e} of the largest"),
    }


def operators(task: dict[str, Any], rows: Rows) -> None:
    """Cases of every operator on the device against the CPU, as the packaged answers list them."""
    find_device(task["device"], 0, "float32")
    warnings.simplefilter("ignore")
    count: dict[str, int] = dict.fromkeys(("operators", "cases", "refused", "different"), 0)
    worst = {"float64": 0.0, "float32": 0.0}
    for group in packaged_groups():
        of: dict[str, list[OperatorAnswer]] = {}
        for answer in operator_answers(group):
            of.setdefault(OPERATORS[answer.case.operator].names[0], []).append(answer)
        for name, cases in of.items():
            count["operators"] += 1
            for answer in cases[:: max(1, len(cases) // EACH[task["device"]])]:
                count["cases"] += 1
                try:
                    for precision, share, limit in _case(answer, task["device"]):
                        if share > limit:
                            count["different"] += 1
                            what = f"{precision} differs by {share:.1e}"
                            rows.failures.append(f"operators: {answer.case}: {what}")
                        else:
                            worst[precision] = max(worst[precision], share)
                except Exception as error:  # whatever an operator raises there
                    count["refused"] += 1
                    what = str(error).partition("\n")[0]
                    rows.failures.append(f"operators: {name}: {type(error).__name__}: {what}")
    shown = {f"largest difference, {name}": f"{value:.1e}" for name, value in worst.items()}
    rows.add(**count, **shown)
    rows.failures[:] = list(dict.fromkeys(rows.failures))


def _case(answer: OperatorAnswer, device: str) -> Iterator[tuple[str, float, float]]:
    """Precision, difference and limit, both relative to the scale of the output."""
    node = one_node(answer.case, len(next(iter(answer.outputs.values()))))
    assert node is not None
    numbers = [drawn.numbers() for drawn in answer.case.inputs]
    for precision in answer.outputs:
        host = node.run(numbers, precision, exact=False)
        there = node.run(numbers, precision, exact=False, device=device)
        yield precision, distance(there, host), 100 * FLOAT64_LIMIT if "64" in precision else 1e-5


def graph(task: dict[str, Any], rows: Rows) -> None:
    """A network of a graph: as the tool loads it, and by the source that is written beside it."""
    folder, device = Path(task["folder"], "graph"), task["device"]
    find_device(device, 0, "float32")
    prefix, side = graph_files(folder)
    checkpoint = folder / "network.safetensors"
    gluonport.convert("graph", checkpoint, source=prefix)
    x = torch.randn(32, 3, side, side, generator=torch.Generator().manual_seed(0))
    spec = spec_from_file_location("network", checkpoint.with_suffix(".py"))
    assert spec and spec.loader
    written = module_from_spec(spec)
    spec.loader.exec_module(written)
    ways = {"gluonport.load": lambda: gluonport.load(checkpoint), "its source": written.load}
    for way, loaded in ways.items():
        for dtype, limit in ((torch.float64, 1e-12), (torch.float32, ROUNDING["float32"])):
            network = loaded().to(dtype)
            with torch.inference_mode():
                expected = network(x.to(dtype))
                found = network.to(device)(x.to(device, dtype)).cpu()
            share = float((found - expected).abs().max() / expected.abs().max())
            said = rows.judge(share <= limit, f"graph: {way}: {dtype} differs by {share:.1e}")
            row: Row = {"network of a graph": way, "dtype": str(dtype).removeprefix("torch.")}
            row |= {"images": len(x), "largest difference of the largest output": f"{share:.1e}"}
            rows.add(**row, agrees=said)
    arguments = ["graph", checkpoint, "--data", Path(task["folder"], "few")]
    expected_run, _ = _accuracy([*arguments, "--device", "cpu"], folder)
    found_run, text = _accuracy([*arguments, "--device", device], folder)
    row = {"network": "residual network", "command": "verify accuracy graph"}
    row |= _compare(expected_run, found_run, "float32", rows, "graph: verify accuracy")
    again = _accuracy([*arguments, "--device", device], folder)[1] == text
    rows.add(**row, **{"same file again": "yes" if again else "no"})


SECTIONS: dict[str, Callable[[dict[str, Any], Rows], Any]] = {
    section.__name__: section
    for section in (machine, parity, zoo, precisions, commands, operators, graph)
}


def main() -> None:
    name, task = sys.argv[1], json.loads(sys.argv[2])
    rows = Rows()
    try:
        more = SECTIONS[name](task, rows) or {}
    except (Exception, SystemExit) as error:  # the other sections go on
        more = {}
        rows.failures.append(f"{name}: {type(error).__name__}: {error}")
    print(json.dumps({"rows": rows.rows, "failures": rows.failures, **more}))


if __name__ == "__main__":
    main()
