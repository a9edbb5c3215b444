"""Write the packaged outlines, from the networks themselves.

uv run scripts/make_outlines.py [--check] [NAME...]

``--check`` compares them with the packaged ones, without writing anything.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from architectures import MODELS, find_model
from architectures.networks.outlining import outline
from gluonport.commands.console import Command, Failure

FILE = Path(__file__).parents[1] / "architectures" / "outlines.json"


@click.command(cls=Command)
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Compare with the packaged ones, change nothing.")
def main(names: tuple[str, ...], check: bool) -> None:
    """Make the outlines of NAMES, or of the whole catalogue."""
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    models = [find_model(name) for name in names] or MODELS
    made = {m.name: json.loads(json.dumps(outline(m).as_json())) for m in models}
    if check:
        if wrong := [name for name, found in made.items() if known.get(name) != found]:
            raise Failure(f"the outlines of {', '.join(wrong)} are not those of the networks")
    else:
        known |= made
        found = {m.name: known[m.name] for m in MODELS if m.name in known}
        rows = (f"{json.dumps(name)}: {json.dumps(one)}" for name, one in found.items())
        FILE.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    click.echo(f"{len(made)} outlines")


if __name__ == "__main__":
    main()
