"""``OUT.py``: a plan as one readable Python file that imports torch alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from architectures.graph.identifiers import class_name, identifier, words
from architectures.graph.plan import Plan
from architectures.graph.source.class_text import ClassText
from architectures.graph.source.classes import classes_of
from architectures.graph.source.helpers import library

NAMES = frozenset("self torch nn F Tensor OrderedDict Path math load load_file Network".split())
"""Names that a written file uses for itself."""

LOAD = '''\
def load(path: str | Path | None = None) -> {name}:
    """The network with its weights, for inference.

    They are in the .safetensors file beside this one, unless another path is given.
    """
    from safetensors.torch import load_file

    network = {name}()
    network.load_state_dict(load_file(path or Path(__file__).with_suffix(".safetensors")))
    return network.eval()
'''


def write_source(plan: Plan, weights: str = "network.safetensors") -> str:
    """The text of a Python file that defines the network, and loads it with its weights.

    ``weights``: the name of the safetensors file beside it, which names the class too. The state
    dict has the names of the plan, and it computes what ``GraphNetwork`` computes, to the
    bit. The text is laid out as ``ruff format`` lays it out. Raises ValueError for a plan that no
    lowering makes: a function's name that is no identifier, a literal that is neither a number nor
    a word.
    """
    name = class_name(identifier(words(Path(weights).stem), "network"))
    helpers: set[str] = set()
    known = frozenset(library().definitions)
    classes = classes_of(plan, name, NAMES | known)
    by_signature = {written.first.signature: written for written in classes}
    taken = NAMES | known | {written.name for written in classes}
    texts = []
    common = common_words(plan)
    for written in classes:
        if not written.sequential:
            text = ClassText(plan, written, by_signature, helpers, frozenset(taken), common)
            texts.append("\n".join(text.lines()).rstrip() + "\n")
    definitions = library().needed(helpers)
    missing = helpers - library().definitions.keys()
    if missing:
        raise ValueError(f"no helper function is called {min(missing)!r}")
    needed = {word for definition in definitions for word in definition.needs}
    parts = [_opening(plan), _imports(texts, needed)]
    sources = [definition.source + "\n" for definition in definitions]
    parts += ["\n\n".join(sources)] if sources else []
    parts += [*texts, LOAD.format(name=classes[-1].name)]
    head, *rest = parts
    return head + "\n" + "\n\n".join(rest)


def common_words(plan: Plan) -> frozenset[str]:
    """The words that the names of all layers begin with: the network's own."""
    names = [words(plan.graph.nodes[module.node].name) for module in plan.modules]
    found: list[str] = []
    for column in zip(*names, strict=False):
        if len(names) < 2 or len(set(column)) > 1:
            break
        found.append(column[0])
    return frozenset(found)


def _opening(plan: Plan) -> str:
    return (
        '"""A network that was converted from an MXNet graph.\n\n'
        "``load()`` gives it with the weights of the .safetensors file beside this one.\n"
        '"""\n'
    )


def _imports(texts: Iterable[str], needed: set[str]) -> str:
    """The import statements that the file needs, in isort's order."""
    text = "".join(texts)
    words_ = set(re.findall(r"[A-Za-z_]\w*", text)) | needed
    known = {
        "F": "import torch.nn.functional as F",
        "OrderedDict": "from collections import OrderedDict",
        "torch": "import torch",
        "Tensor": "from torch import Tensor",
    } | library().imports
    statements = {known[word] for word in words_ if word in known}
    statements |= {"from pathlib import Path", "from torch import nn"}
    return "\n".join(_sorted(statements)) + "\n"


def _sorted(statements: Iterable[str]) -> Iterator[str]:
    plain = {s for s in statements if s.startswith("import ")}
    froms: dict[str, set[str]] = {}
    for statement in statements:
        if statement.startswith("from "):
            _, module, _, names = statement.split(" ", 3)
            froms.setdefault(module, set()).add(names)

    def torches(text: str) -> bool:
        return text.split()[0].split(".")[0] == "torch"

    for wanted in (False, True):
        lines = sorted(s for s in plain if torches(s.removeprefix("import ")) == wanted)
        for module in sorted(froms):
            if torches(module) == wanted:
                order = sorted(froms[module], key=lambda n: (not n.isupper(), n[0].islower(), n))
                lines.append(f"from {module} import {', '.join(order)}")
        yield from lines
        if not wanted and lines:
            yield ""
