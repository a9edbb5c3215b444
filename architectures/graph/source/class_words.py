"""What the classes of a written network are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from architectures.graph.expression import Apply
from architectures.graph.identifiers import class_name
from architectures.graph.source.templates import (
    LayerTemplate,
    Local,
    OwnCall,
    StepRun,
    Template,
    locals_in,
    looked_up,
)

SHORT = {
    "nn.Conv": "Conv",
    "nn.BatchNorm": "Norm",
    "nn.PReLU": "PReLU",
    "nn.Linear": "Linear",
    "nn.Dropout": "Dropout",
    "F.relu": "ReLU",
    "F.leaky_relu": "LeakyReLU",
    "torch.sigmoid": "Sigmoid",
    "torch.tanh": "Tanh",
}


def class_words(groups: Mapping[int, Sequence[Template]], root: int) -> dict[int, str]:
    """A name for each class: the attribute's, without its number if there are several blocks."""
    found = {}
    for signature, group in groups.items():
        attributes = [template.body.path.rpartition(".")[2] for template in group]
        if len(set(attributes)) == 1 and len(group) == 1:
            word = attributes[0]
        else:
            bare = Counter(name.rstrip("0123456789").rstrip("_") or name for name in attributes)
            word = bare.most_common(1)[0][0] if len(bare) == 1 else _beginning(attributes)
        if len(word) < 3:
            word = f"block_{word}"
        called = _kinds(group[0]) if len(group) > 1 else ""
        found[signature] = called or (
            ("Projection" if _projects(group[0]) else "") + class_name(word)
        )
    return found


def _kinds(template: Template) -> str:
    """What a short chain of layers is made of (``ConvNormReLU``), empty for another block."""
    parts: list[str] = []
    previous = Local(-1)
    for place, run in enumerate(template.runs):
        if not isinstance(run, StepRun) or len(run.outputs) > 1 or len(parts) > 3:
            return ""
        step = run.outputs[0]
        if list(locals_in(step)) != [previous]:
            return ""
        match step:
            case OwnCall(path, _) if isinstance(
                layer := template.attributes.get(path), LayerTemplate
            ):
                parts.append(looked_up(SHORT, layer.kind, ""))
            case Apply():
                parts.append(SHORT.get(step.function, ""))
        previous = Local(place)
    return "".join(parts) if len(parts) > 1 and all(parts) else ""


def _beginning(names: Sequence[str]) -> str:
    parts = [name.split("_") for name in names]
    common = []
    for column in zip(*parts, strict=False):
        if len(set(column)) > 1:
            break
        common.append(column[0])
    ends: list[str] = []
    for column in zip(*(reversed(part) for part in parts), strict=False):
        if len(set(column)) > 1:
            break
        ends.insert(0, column[0])
    longest = max(common, ends, key=len)
    return "_".join(longest).rstrip("0123456789_") or "block"


def _projects(template: Template) -> bool:
    """Whether a residual block changes its input by layers of its own before the sum."""
    if len(template.body.takes) != 1 or len(template.gives) != 1:
        return False
    uses: dict[int, list[int]] = {}
    last = -1
    for place, run in enumerate(template.runs):
        parts = run.outputs if isinstance(run, StepRun) else run.inputs
        taken = list(dict.fromkeys(local.run for local in locals_in(parts)))
        if isinstance(run, StepRun) and len(taken) == 2:
            last = place
        uses[place] = taken
    if last < 0 or -1 in uses[last]:
        return False
    for place in uses[last]:
        count = 0
        while place >= 0 and len(uses[place]) == 1:
            count, place = count + 1, uses[place][0]
        if place == -1 and count <= 3:
            return True
    return False
