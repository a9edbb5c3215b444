"""``gluonport models NAME``: the page of one name in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gluonport.commands.stage_drawing import draw_graph, draw_model
from mappings.words import counted

Facts = Mapping[str, Any]
WIDTH = 100
"""Columns where neither a terminal nor the environment sets them."""


def show_page(facts: Facts) -> None:
    """Print the page of what is known of a name."""
    console = Console(highlight=False)
    if not console.is_terminal and "COLUMNS" not in console._environ:
        console.width = WIDTH
    for part in page(facts):
        console.print(part)
    if facts.get("commands"):
        _print_heading(console, "Commands")
        for command in facts["commands"]:
            console.print(Text(f"  {command}"), soft_wrap=True)


def page(facts: Facts) -> Iterator[RenderableType]:
    """The parts of the page, from its title to its proof."""
    if facts["route"] == "refused":
        yield Text(facts["name"], style="bold")
        yield Text(f"This name is not converted: {facts['why']}")
        if facts["sha1"]:
            yield _section("Weights", [("file", facts["url"]), ("sha1", facts["sha1"])])
        return
    if facts["route"] == "table":
        yield _title(facts, f"{facts['description']}.")
        yield _section("Architecture", _numbers(facts))
        yield Padding(draw_model(facts), (1, 0, 0, 2), expand=False)
        yield _section("Figures", _figures(facts))
        yield _section("Weights", _weights(facts))
        yield _section("Loads into", _clients(facts["clients"]))
        yield _section("Proven", _proven(facts))
        yield _section("Training", _recipe(facts["recipe"]))
        return
    yield _title(facts, f"{facts['family']}, for {facts['task']}: a network that is its own graph.")
    yield _section("Architecture", _graph_numbers(facts))
    yield Padding(draw_graph(facts["architecture"]), (1, 0, 0, 2), expand=False)
    yield _section("Images", _preprocessing(facts["preprocessing"]))
    yield _section("Figures", _printed(facts["figures"]))
    yield _section("Weights", _graph_weights(facts))
    yield _section("Loads into", [("gluonport", "gluonport.load, and the OUT.py beside the file")])
    yield _section("Proven", _graph_proven(facts))


Rows = Sequence[tuple[str, str]]


def _title(facts: Facts, words: str) -> RenderableType:
    lines = [Text(facts["name"], style="bold"), Text(words)]
    lines += [Text(f"{p['title']}: {p['url']}", style="dim") for p in facts.get("papers", ())]
    return Group(*lines)


def _print_heading(console: Console, heading: str) -> None:
    console.print(Text(f"\n{heading}", style="bold"))


def _section(heading: str, rows: Rows) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(overflow="fold")
    for title, text in rows:
        table.add_row(title, Text(str(text)))
    return Group(Text(f"\n{heading}", style="bold"), Padding(table, (0, 0, 0, 2), expand=False))


def _numbers(facts: Facts) -> Rows:
    outline = facts["architecture"]
    classes = counted(facts["num_classes"], "class", "classes")
    return [
        ("input", " x ".join(map(str, outline["input"]))),
        ("output", f"{classes} of {facts['dataset']}, from {facts['num_features']} features"),
        ("parameters", f"{facts['parameters']:,} in {facts['tensors']} tensors"),
        ("multiply-adds", f"{outline['multiply_adds']:,} for one image"),
        ("depth", f"{outline['depth']} convolutions and dense layers"),
    ]


def _graph_numbers(facts: Facts) -> Rows:
    outline = facts["architecture"]
    shapes = outline["inputs"].items()
    work = outline["multiply_adds"]
    operators = [f"{count} {name}" for name, count in outline["operators"].items()]
    return [
        ("network", f"{facts['network']}, from {facts['module']}"),
        ("input", "; ".join(f"{name} {' x '.join(map(str, shape))}" for name, shape in shapes)),
        ("classes", f"{facts['num_classes'] or '-'} of {facts['dataset'] or '-'}"),
        ("parameters", f"{outline['parameters']:,}"),
        ("multiply-adds", f"{work:,} for this input" if work else "-"),
        ("layers", f"{outline['layers']} convolutions and dense layers"),
        ("operators", ", ".join(operators[:6]) + (", ..." if len(operators) > 6 else "")),
    ]


def _figures(facts: Facts) -> Rows:
    rows = [
        (f["regime"], f"{f['printed']} % top-1 / top-5, {f['images']:,} images ({f['source']})")
        for f in facts["figures"]
    ]
    if facts["undecided"]:
        rows.append(("not judged", facts["undecided"]["note"]))
    return rows or [("-", "nothing was published of these weights")]


def _printed(figures: Sequence[Facts]) -> Rows:
    rows = []
    for figure in figures:
        printed = ", ".join(f"{column} {value}" for column, value in figure["printed"].items())
        judged = "" if figure["weights"] else "; the table prints no hash"
        rows.append(("published", f"{printed} ({figure['source']}{judged})"))
    return rows or [("-", "nothing was published of these weights")]


def _weights(facts: Facts) -> Rows:
    weights = facts["weights"]
    rows: list[tuple[str, str]] = []
    if weights["packaged"]:
        rows.append(("packaged", f"architectures/samples/{weights['packaged']}"))
    elif facts["url"]:
        rows.append(("file", facts["url"]))
    else:
        rows.append(("file", "never published, or nobody published its hash"))
    if facts["sha1"]:
        rows.append(("sha1", facts["sha1"]))
    if facts["sha256_prefix"]:
        rows.append(("sha256", f"{facts['sha256_prefix']}... (the part that is published)"))
    if weights["unproven"]:
        rows.append(("was at", f"{weights['unproven']}, which is not fetched: it had no hash"))
    rows.append(("publisher", f"{weights['publisher']}, {weights['license']}"))
    if facts["converted_from"]:
        rows.append(("made by", f"{facts['converted_from']}, whose weights GluonCV converted"))
    if weights["timm_port"]:
        rows.append(("timm's port", f"hf-hub:{weights['timm_port']}"))
    rows += _others(weights["others"])
    return rows


def _others(others: Sequence[Facts]) -> Rows:
    return [("also stored", f"{other['name']}, sha1 {other['sha1']}") for other in others]


def _graph_weights(facts: Facts) -> Rows:
    weights = facts["weights"]
    if not weights["url"]:
        return [("file", "never published"), *_others(weights["others"])]
    return [
        ("file", weights["url"]),
        ("sha1", weights["sha1"]),
        *_others(weights["others"]),
    ]


def _clients(clients: Facts) -> Rows:
    rows = [("gluonport", "gluonport.create_model, gluonport.load")]
    if clients["timm"]:
        options = "".join(f", {key}={value!r}" for key, value in clients["timm_options"].items())
        rows.append(("timm", f'timm.create_model("{clients["timm"]}"{options})'))
        if clients["timm_weights"]:
            rows.append(("", f"the published weights are its {clients['timm_weights']}"))
        rows.append(("transformers", "a release folder, as an image classifier of timm"))
    if clients["torchvision"]:
        text = " ".join(clients["torchvision"].replace("{n}", "N").split())
        rows.append(("torchvision", text.replace("( ", "(").replace(" )", ")")))
    return rows


def _proven(facts: Facts) -> Rows:
    proven = facts["proven"]
    rows = _golden(proven["golden"], f"gluonport verify parity {facts['name']}")
    if proven["computation"]:
        rows.append(("graphs", "what MXNet's own network computes is packaged, layer by layer"))
    if proven["card"]:
        rows.append(("card", f"verify metadata {facts['name']} computes its figures again"))
    if done := proven["counted"]:
        rows.append(
            (
                "counted",
                f"{done['top1']:,} of {done['images']:,} right, {done['top5']:,} among the first "
                f"five, as {done['framework']} counts ({done['what']}; {done['date']}, "
                f"{done['source']})",
            )
        )
    else:
        rows.append(("not counted", "the accuracy of these weights: verify accuracy counts it"))
    return rows


def _golden(golden: Facts | None, command: str) -> list[tuple[str, str]]:
    if golden is None:
        return [("no golden", "the source framework's answers are not packaged")]
    versions = " and ".join(f"{name} {version}" for name, version in golden["versions"].items())
    images = f"{golden['images']} images, " if golden["images"] else ""
    made = f", made {golden['made']}" if golden["made"] else ""
    text = f"answers of {versions} ({images}{golden['weights']} weights{made})"
    return [("golden", f"{text}; compare: {command}")]


def _graph_proven(facts: Facts) -> Rows:
    command = f"gluonport verify parity {facts['name']}"
    return [
        *_golden(facts["proven"]["golden"], command),
        ("operators", "each is compared with MXNet's packaged answers: docs/graphs.md"),
        ("not counted", "the figures of these weights"),
    ]


def _preprocessing(found: Facts) -> Rows:
    rows = [("steps", found["steps"])] if found.get("steps") else []
    for key in ("mean", "std"):
        if found.get(key):
            rows.append((key, " ".join(f"{value:.6g}" for value in found[key])))
    if found.get("source"):
        rows.append(("source", found["source"]))
    return rows or [("-", "GluonCV does not say it")]


def _recipe(recipe: Facts | None) -> Rows:
    if recipe is None:
        return [("-", "no model card names the recipe")]
    return [
        ("techniques", ", ".join(recipe["techniques"])),
        (
            "settings",
            f"{recipe['epochs']} epochs, batches of {recipe['batch_size']}, learning rate "
            f"{recipe['learning_rate']}, momentum {recipe['momentum']}, dropout "
            f"{recipe['dropout']}",
        ),
        ("on", recipe["resources"]),
        ("source", recipe["source"]),
    ]
