"""Write the page of all names of the model zoos, docs/zoo.md, from the package alone.

uv run python scripts/make_zoo_page.py [docs/zoo.md]
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from architectures.catalogue.holdings import Listed, everything

PAGE = Path(__file__).parents[1] / "docs" / "zoo.md"
BEGIN = """\
# Every name of the model zoos

`scripts/make_zoo_page.py` makes this page from the package. `convert NAME OUT.safetensors` takes
each name whose route is *table* or *graph*, with or without `gluon_`; `--from FILE.params` takes a
file instead of the published one, in any naming that Gluon writes, without MXNet and without a
symbol.

- *table*: the network is one of ours, under PyTorch's names.
- *graph*: the network is made from GluonCV's own graph, which is packaged. A fine-tuned file may
  have another number of classes where GluonCV makes the network for any number.
- *refused*: the reason stands in the last column.

Figures are exactly as printed. A figure belongs to the hash of a file; where a table prints no
hash, an asterisk says so, and nothing is judged by the figure.
"""


def page() -> str:
    """The page's text."""
    listed = everything()
    counts = Counter(one.route for one in listed)
    named = ", ".join(f"{count} {route}" for route, count in sorted(counts.items()))
    text = [BEGIN, f"{len(listed)} names: {named}.", ""]
    tasks = [*sorted({str(one.task) for one in listed if one.task}), "None"]
    for task in tasks:
        rows = [one for one in listed if str(one.task) == task]
        if not rows:
            continue
        rows.sort(key=lambda one: (str(one.family), one.name))
        title = "Not converted" if task == "None" else task.capitalize()
        text += [f"## {title}", "", "| name | family | route | sha1 | published or why |"]
        text += ["|---|---|---|---|---|", *map(_row, rows), ""]
    return "\n".join(text)


def _row(one: Listed) -> str:
    figures = one.file.figures if one.file else ()
    told = dict.fromkeys(f"{figure}{'' if figure.weights else ' *'}" for figure in figures)
    shown = "; ".join(told)
    if one.file and one.file.converted_from_torchvision:
        shown += "; torchvision's weights"
    if one.why:
        shown = one.why
    sha1 = f"`{one.file.sha1[:8]}`" if one.file else "never published"
    cells = (f"`{one.name}`", one.family or "-", one.route, sha1, shown.replace("|", "/") or "-")
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    Path(sys.argv[1] if sys.argv[1:] else PAGE).write_text(page(), encoding="utf-8")
