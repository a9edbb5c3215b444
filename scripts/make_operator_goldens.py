"""Make the goldens of operators: what MXNet computes for every drawn case.

uv run scripts/make_operator_goldens.py [GROUP...]
"""

from __future__ import annotations

import click

from architectures.graph.operators import GROUPS
from gluonport.commands.console import Command
from scripts.operator_cases import cases_of
from verify.operators.operator_goldens import OPERATOR_GOLDENS, run_operator_reference


@click.command(cls=Command)
@click.argument("groups", nargs=-1)
def main(groups: tuple[str, ...]) -> None:
    """Make the goldens of GROUPS, or of all."""
    for group in groups or GROUPS:
        cases = cases_of(group)
        path = OPERATOR_GOLDENS / f"{group}.npz"
        path.parent.mkdir(exist_ok=True)
        run_operator_reference(cases, path)
        click.echo(f"{group}: {len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
