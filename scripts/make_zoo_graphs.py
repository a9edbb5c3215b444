"""Write the packaged graphs of the model zoos, and what is known of every stored file.

    uv run python scripts/make_zoo_graphs.py FOLDER FACTS

FOLDER is where ``export_zoo.py`` leaves its exports; what is missing there is exported first, with
``--classes 3,5``, which takes an hour. FACTS is a JSON of the stores' names, hashes and published
figures. Networks of the catalogue are left out: run the script again when the catalogue grows.

Written in ``architectures/zoo``: ``ARCHIVE.xz``, the graphs, a line of JSON each; ``index.json``,
what is known of each network without its graph; ``stores.json``, the stored files.
"""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from architectures import MODELS
from architectures.catalogue.class_template import is_open, solve
from architectures.catalogue.name_keys import name_keys
from scripts.zoo_graphs.families import dataset_of, family_of, preprocessing_of
from scripts.zoo_graphs.fit_classes import NoFit, fit_template
from scripts.zoo_graphs.refusals import refusals
from scripts.zoo_graphs.stored_files import stored_files

ZOO = Path(__file__).parents[1] / "architectures" / "zoo"
EXPORT = Path(__file__).with_name("export_zoo.py")
STORED_AS = {
    f"hrnet_{size}_c": f"hrnet_{size}_cls"
    for size in (
        *("w18", "w18_small_v1", "w18_small_v2"),
        *(f"w{n}" for n in (30, 32, 40, 44, 48, 64)),
    )
}
"""What the store calls a network, where GluonCV calls it otherwise."""
BATCH = 12  # networks of one process, whose memory grows


def cleaned(path: Path) -> dict[str, Any]:
    """A symbol without what differs each time that it is made: addresses and versions."""
    symbol = json.loads(path.read_text())
    for node in symbol["nodes"]:
        attributes = node.get("attrs", {})
        if made := attributes.pop("__init__", ""):
            if made.startswith("Constant_"):
                attributes["__init__"] = "Constant"
        if not attributes:
            node.pop("attrs", None)
        node["inputs"] = [[taken, output, 0] for taken, output, *_ in node["inputs"]]
    symbol["heads"] = [[node, output, 0] for node, output, *_ in symbol["heads"]]
    symbol.pop("node_row_ptr", None)
    return dict(symbol)


def whole(symbol: Path, made: dict[str, Any], every: dict[str, list[int]]) -> dict[str, Any]:
    """The tensors, (structural name, name in the graph, shape), and the graph."""
    shapes = made["parameters"]
    tensors = [
        [name, own, shapes.get(own, every[name])] for name, own in made["structural"].items()
    ]
    return {"tensors": tensors, "symbol": cleaned(symbol)}


def packaged(name: str, folder: Path) -> tuple[dict[str, Any], int | None, str | None]:
    """A network's template, the class count of its published weights, and why its class count is
    fixed, if it is."""
    about = json.loads((folder / f"{name}.json").read_text())
    every = about["every_shape"]
    base = whole(folder / f"{name}-symbol.json", about, every)
    made = {
        int(classes): whole(folder / f"{name}@{classes}-symbol.json", found, every)
        for classes, found in about.get("classes", {}).items()
        if found is not None
    }
    if len(made) < 2 or len({json.dumps(other) for other in made.values()}) == 1:
        return base, None, "GluonCV makes it for one number of classes"
    try:
        template = fit_template(made)
        count = classes_of(template, base)
        if count is None:
            return base, None, "its number of classes is not in its shapes"
        fit_template(made, (count, base))
    except NoFit as error:
        return base, None, str(error)
    return template, count, None


def described(name: str, folder: Path) -> tuple[dict[str, Any], str]:
    """What the index says of a network, and its line in the archive."""
    about = json.loads((folder / f"{name}.json").read_text())
    task, family, archive = family_of(about["module"])
    if task == "classification" and len(about["outputs"][0]) == 4:
        task = "segmentation"  # HRNet's module has both
    template, count, fixed = packaged(name, folder)
    if fixed:
        print(f"{name}: {fixed}", file=sys.stderr)
    dataset, classes = dataset_of(name, task, family)
    base = whole(folder / f"{name}-symbol.json", about, about["every_shape"])
    known = {
        "task": task,
        "family": family,
        "dataset": dataset,
        "num_classes": classes,
        "template_classes": count,
        "module": about["module"],
        "inputs": about["inputs"],
        "preprocessing": preprocessing_of(name, task, family, about["inputs"]),
        "archive": archive,
        "keys": sorted(name_keys(base["tensors"], base["symbol"])),
    }
    return known, json.dumps({"name": name, **template}, separators=(",", ":"))


def classes_of(template: dict[str, Any], base: dict[str, Any]) -> int | None:
    """The class count for which the first open shape of a template is that of a network."""
    for (_, _, shape), (_, _, found) in zip(template["tensors"], base["tensors"], strict=False):
        for size, actual in zip(shape, found, strict=False):
            if is_open(size):
                return solve(size, actual)
    return None


def export_missing(names: list[str], folder: Path) -> None:
    """Export the networks that FOLDER lacks."""
    missing = [name for name in names if not (folder / f"{name}.json").exists()]
    for begin in range(0, len(missing), BATCH):
        command = ["uv", "run", "-q", "--script", str(EXPORT), str(folder)]
        subprocess.run([*command, *missing[begin : begin + BATCH], "--classes", "3,5"])


def every_name(folder: Path) -> list[str]:
    """The names that GluonCV registers, which ``export_zoo.py --list`` prints."""
    listed = folder / "registered.txt"
    if not listed.exists():
        command = ["uv", "run", "-q", "--script", str(EXPORT), str(folder), "--list"]
        listed.write_text(subprocess.run(command, capture_output=True, text=True).stdout)
    return [name for name in listed.read_text().split() if not name.startswith("mxnet-")]


def write_archives(entries: dict[str, dict[str, str]]) -> None:
    """The graphs of each archive, a line each, by name."""
    packed = {}
    for archive, lines in entries.items():
        text = "".join(f"{lines[name]}\n" for name in sorted(lines))
        packed[archive] = lzma.compress(text.encode(), preset=6)
    for old in ZOO.glob("*.xz"):
        old.unlink()
    for archive, data in packed.items():
        (ZOO / f"{archive}.xz").write_bytes(data)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("facts", type=click.Path(path_type=Path))
@click.option("--as-exported", is_flag=True, help="Export nothing.")
def main(folder: Path, facts: Path, as_exported: bool) -> None:
    """Write architectures/zoo from the exports in FOLDER and the published FACTS."""
    ZOO.mkdir(exist_ok=True)
    known = json.loads(facts.read_text())
    files = list(stored_files(known))
    native = {name for model in MODELS for name in (model.source.name, model.source.stored)}
    called = {stored: name for name, stored in STORED_AS.items()}
    for file in files:
        file["network"] = called.get(file["stored"], file["stored"])
        if file["name"].startswith("mxnet_mobilenetv2_"):
            file["network"] = f"mxnet-{file['stored']}"  # has a layer that GluonCV's leaves out
    wanted = sorted({*every_name(folder), *(file["network"] for file in files)} - native)
    if not as_exported:
        export_missing(wanted, folder)
    networks: dict[str, dict[str, Any]] = {}
    entries: dict[str, dict[str, str]] = {}
    for name in wanted:
        if not (folder / f"{name}.json").exists() or STORED_AS.get(name, name) in native:
            continue
        networks[name], line = described(name, folder)
        entries.setdefault(networks[name]["archive"], {})[name] = line
    write_archives(entries)
    index = {"networks": networks}
    reasons = refusals(
        folder, every_name(folder), {*networks, *native}, {file["network"] for file in files}
    )
    (ZOO / "refused.json").write_text(json.dumps(reasons, indent=0, sort_keys=True) + "\n")
    (ZOO / "index.json").write_text(json.dumps(index, indent=0, sort_keys=True) + "\n")
    (ZOO / "stores.json").write_text(json.dumps({"files": files}, indent=0) + "\n")
    print(f"{len(networks)} networks, {sum(f.stat().st_size for f in ZOO.iterdir())} bytes")


if __name__ == "__main__":
    main()
