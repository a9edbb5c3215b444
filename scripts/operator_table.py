"""Run every operator's cases and write the table of docs/graphs.md: cases, difference, limit.

uv run scripts/operator_table.py
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import torch

from architectures.graph.operator import Operator
from architectures.graph.operators import GROUPS, OPERATORS
from gluonport.commands.console import Command, Failure
from mappings.words import counted
from verify.operators.operator_goldens import OperatorAnswer, operator_answers, packaged_groups
from verify.operators.operator_verdict import FLOAT32_STEPS, FLOAT64_LIMIT, verdicts

PAGE = Path(__file__).parents[1] / "docs" / "graphs.md"
BEGIN, END = "<!-- operators: scripts/operator_table.py -->\n", "<!-- end of operators -->\n"
HEADING = "| operator | MXNet's file | cases | float64 | limit |\n|---|---|---|---|---|\n"


def table(worst: Mapping[str, float]) -> str:
    """The whole table; ``worst``: the largest float64 difference by the operator's first name."""
    names = sum(len(operator.names) for group in GROUPS.values() for operator in group)
    answers = {group: answers_by_operator(group) for group in GROUPS}
    total = sum(len(some) for found in answers.values() for some in found.values())
    operators = sum(len(group) for group in GROUPS.values())
    lines = [
        f"{counted(operators, 'operator')} under {counted(names, 'name')}, "
        f"{counted(total, 'case')}.\n"
    ]
    for group, members in sorted(GROUPS.items()):
        lines.append(f"\n### {group.replace('_', ' ').capitalize()}\n\n{HEADING}")
        for operator in members:
            first = operator.names[0]
            lines.append(row(operator, answers[group].get(first, []), worst.get(first, 0.0)))
    return "".join(lines)


def answers_by_operator(group: str) -> dict[str, list[OperatorAnswer]]:
    """The answers of each operator of a group, by its first name."""
    found: dict[str, list[OperatorAnswer]] = {}
    for answer in operator_answers(group) if group in packaged_groups() else ():
        if answer.case.operator in OPERATORS:
            found.setdefault(OPERATORS[answer.case.operator].names[0], []).append(answer)
    return found


def row(operator: Operator, answers: list[OperatorAnswer], worst: float) -> str:
    """One line of the table."""
    first, *others = operator.names
    names = f"`{first}`" + (f" ({', '.join(f'`{name}`' for name in others)})" if others else "")
    source = operator.source.removeprefix("src/operator/")
    if not any("float64" in answer.outputs for answer in answers):
        said, found = f"{FLOAT32_STEPS:.0e} in float32", "no float64 in MXNet"
    else:
        said, found = f"{FLOAT64_LIMIT:.0e}", size(worst)
    if (limit := operator.limit) is not None:
        where = " and ".join(f"{name} is {text}" for name, text in limit.where.items())
        own = f"{limit.value:.1g} where {where}" if where else f"{limit.value:.1g}"
        said = f"{own}: {limit.reason}"
    return f"| {names} | {source} | {len(answers)} | {found} | {said} |\n"


def size(worst: float) -> str:
    """A difference as the power of ten that it is below; last bits differ between machines."""
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


def measured() -> Iterator[tuple[str, float]]:
    """Every operator's largest difference. Raises Failure for one that does not conform."""
    wrong: list[str] = []
    for group in GROUPS:
        for verdict in verdicts(operator_answers(group)):
            wrong += verdict.failures
            yield verdict.operator.names[0], verdict.worst64
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
