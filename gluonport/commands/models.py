"""``gluonport models``: the catalogue."""

from __future__ import annotations

from fnmatch import fnmatchcase

import click

from architectures.catalogue import MODELS, no_model_called
from architectures.catalogue.figure import Regime, Unbound, Undecided
from architectures.catalogue.holdings import Listed, everything
from architectures.catalogue.printed_figure import PrintedFigure
from architectures.catalogue.record import Model
from gluonport.commands.console import ReleaseCommand, print_json
from gluonport.commands.releases import print_releases
from gluonport.commands.tables import show_table
from verify.about.listed_model import listed_model

WILDCARDS = frozenset("*?[")
REGIMES: tuple[Regime, ...] = ("gluon", "timm", "mmpretrain")
UNDECIDED = (
    "* GluonCV prints two top-1 figures, without mix-up (vanilla) and with it, and does not say\n"
    "  which of them the stored weights have. Neither is used to judge an accuracy."
)

UNBOUND = (
    "+ The figure was published for a file whose hash nobody published. No file can be shown to\n"
    "  be that one, so the figure is not used to judge an accuracy."
)
NO_HASH = "* The table prints no hash: nothing is judged by this figure."


@click.command(cls=ReleaseCommand)  # for --published
@click.argument("names", nargs=-1, metavar="[NAME|PATTERN]")
@click.option("--published", is_flag=True, hidden=True, help="Use 'gluonport releases'.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def models(names: tuple[str, ...], published: bool, as_json: bool) -> None:
    """List the models of the catalogue, and what else the stores of GluonCV and MXNet hold.

    With a PATTERN ('gluon_se*'), only the models whose names match it are listed. A NAME gets a
    page of its own: its architecture, its figures, its weights, what is proven, the commands.
    """
    if published:  # the old name of 'gluonport releases'
        if not names:
            raise click.UsageError("--published needs the names of release folders")
        print_releases(names, as_json)
        return
    if len(names) > 1:
        raise click.UsageError("expected one NAME, or one PATTERN: put it in quotes")
    pattern = (*names, "*")[0]
    if not WILDCARDS & set(pattern):
        _show_one(pattern, as_json)
        return
    chosen = [model for model in MODELS if fnmatchcase(model.name, pattern)]
    stored = [one for one in everything() if fnmatchcase(one.name, pattern)]
    if not chosen and not stored:
        raise no_model_called(pattern)
    if as_json:
        files = [one.as_json() for one in stored]
        print_json({"models": [listed_model(model) for model in chosen], "files": files})
        return
    if chosen:
        _show_tables(chosen)
    hashes = {model.source.sha1 for model in chosen}
    _show_others([one for one in stored if not (one.file and one.file.sha1 in hashes)])


def _show_one(name: str, as_json: bool) -> None:
    """The page of one name."""
    from verify.about.model_facts import facts

    found = facts(name)
    if as_json:
        print_json(found)
        return
    from gluonport.commands.model_page import show_page

    show_page(found)


def _show_tables(chosen: list[Model]) -> None:
    """The models with a table, by family."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("name", "source name"):
        table.add_column(title, no_wrap=True)
    for title in ("parameters", "input", *(f"top-1 / top-5, {regime}" for regime in REGIMES)):
        table.add_column(title, justify="right", no_wrap=True)
    family = ""
    for model in chosen:
        if model.family.name != family:
            family = model.family.name
            table.add_row(f"[bold]{family}")
        figures = {figure.regime: str(figure) for figure in model.source.figures}
        if model.undecided:
            mark = "+" if isinstance(model.undecided, Unbound) else "*"
            figures[model.regimes[0]] = f"{model.undecided} {mark}"
        table.add_row(
            model.name,
            f"{model.source.name}{' ~' if model.source.converted_from else ''}",
            f"{model.parameters:,}",
            str(model.input_size),
            *(figures.get(regime, "-") for regime in REGIMES),
        )
    show_table(table)
    if any(isinstance(model.undecided, Undecided) for model in chosen):
        click.echo(UNDECIDED)
    if any(isinstance(model.undecided, Unbound) for model in chosen):
        click.echo(UNBOUND)
    for library in {m.source.converted_from: None for m in chosen if m.source.converted_from}:
        click.echo(f"~ {library}'s weights, which GluonCV converted")


def _show_others(others: list[Listed]) -> None:
    """Other weights of the models above, and the networks that are converted by their graphs."""
    from rich.table import Table
    from rich.text import Text

    for route, title in (
        ("table", "Other weights of networks that have a table"),
        ("graph", "Networks that are converted by their graphs"),
    ):
        rows = [one for one in others if one.route == route]
        if not rows:
            continue
        click.echo(f"\n{title}")
        table = Table("name", "task", "sha1", "published", box=None, pad_edge=False)
        rows.sort(key=lambda one: (str(one.task), str(one.family)))
        family = None
        for one in rows:
            if one.family != family:
                family = one.family
                table.add_row(f"[bold]{family}")
            figures = "; ".join(f"{f}{'' if f.weights else ' *'}" for f in _figures(one))
            sha1 = one.file.sha1[:8] if one.file else "never published"
            table.add_row(Text(one.name), str(one.task), sha1, Text(figures or "-"))
        show_table(table)
    if any(figure.weights is None for one in others for figure in _figures(one)):
        click.echo(NO_HASH)
    refused: dict[str, list[str]] = {}
    for one in others:
        if one.route == "refused":
            refused.setdefault(str(one.why), []).append(one.name)
    for why, names in refused.items():
        click.echo(f"\nRefused: {why}\n  {', '.join(names)}")


def _figures(one: Listed) -> tuple[PrintedFigure, ...]:
    return one.file.figures if one.file else ()
