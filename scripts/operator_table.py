"""Run every operator's cases and write the table of docs/graphs.md: cases, difference, limit.

uv run scripts/operator_table.py
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import torch

from architectures.graph.operator import Operator
from architectures.graph.operators import GROUPS, OPERATORS
from gluonport.commands.console import Command, Failure
from mappings.words import counted
from verify.operators.operator_goldens import operator_answers, packaged_groups
from verify.operators.operator_verdict import FLOAT64_LIMIT, verdicts

PAGE = Path(__file__).parents[1] / "docs" / "graphs.md"
BEGIN, END = "<!-- operators: scripts/operator_table.py -->\n", "<!-- end of operators -->\n"
HEADING = "| operator | MXNet's file | cases | float64 | limit |\n|---|---|---|---|---|\n"


def table(worst: Mapping[str, float | None]) -> str:
    """The whole table; ``worst``: the largest float64 difference by the operator's first name, None
    where MXNet runs it in float32 alone."""
    names = sum(len(operator.names) for group in GROUPS.values() for operator in group)
    cases = {group: case_counts(group) for group in GROUPS}
    total = sum(sum(counts.values()) for counts in cases.values())
    operators = sum(len(group) for group in GROUPS.values())
    lines = [
        f"{counted(operators, 'operator')} under {counted(names, 'name')}, "
        f"{counted(total, 'case')}.\n"
    ]
    for group, members in sorted(GROUPS.items()):
        lines.append(f"\n### {group.replace('_', ' ').capitalize()}\n\n{HEADING}")
        for operator in members:
            first = operator.names[0]
            lines.append(row(operator, cases[group][first], worst.get(first)))
    return "".join(lines)


def case_counts(group: str) -> Counter[str]:
    """How many cases each operator of a group has."""
    if group not in packaged_groups():
        return Counter()
    answers = operator_answers(group)
    known = (a.case.operator for a in answers if a.case.operator in OPERATORS)
    return Counter(OPERATORS[name].names[0] for name in known)


def row(operator: Operator, cases: int, worst: float | None) -> str:
    """One line of the table."""
    first, *others = operator.names
    names = f"`{first}`" + (f" ({', '.join(f'`{name}`' for name in others)})" if others else "")
    limit = operator.limit
    said = f"{FLOAT64_LIMIT:.0e}"
    if limit is not None:
        where = " and ".join(f"{name} is {text}" for name, text in limit.where.items())
        own = f"{limit.value:.1g} where {where}" if where else f"{limit.value:.1g}"
        said = f"{own}: {limit.reason}"
    source = operator.source.removeprefix("src/operator/")
    return f"| {names} | {source} | {cases} | {size(worst)} | {said} |\n"


def size(worst: float | None) -> str:
    """A difference as the power of ten that it is below; last bits differ between machines."""
    if worst is None:
        return "float32 alone"
    if worst < 1e-16:
        return "below 1e-16"
    return f"below 1e{math.floor(math.log10(worst)) + 1:03d}"


def written(page: str, found: str) -> str:
    """The page with another table."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Failure(f"{PAGE}: the table's first and last line are missing")
    return f"{before}{BEGIN}\n{found}\n{END}{after}"


def measured() -> Iterator[tuple[str, float | None]]:
    """Every operator's largest difference. Raises Failure for one that does not conform."""
    wrong: list[str] = []
    for group in GROUPS:
        for verdict in verdicts(operator_answers(group)):
            wrong += verdict.failures
            runs = any(outcome.float64 is not None for outcome in verdict.outcomes)
            yield verdict.operator.names[0], verdict.worst64 if runs else None
    if wrong:
        raise Failure(f"{counted(len(wrong), 'failure')}, the first: {wrong[0]}")


@click.command(cls=Command)
def main() -> None:
    """Write the table of docs/graphs.md."""
    torch.set_num_threads(1)
    found = written(PAGE.read_text(), table(dict(measured())))
    partial = PAGE.with_suffix(".partial")
    partial.write_text(found)
    os.replace(partial, PAGE)


if __name__ == "__main__":
    main()
