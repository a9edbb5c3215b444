"""``verify metadata``: the figures on published model cards, computed again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from architectures.catalogue import MODELS, find_model
from gluonport.commands.console import Command, Failure, ModelName, print_json
from gluonport.commands.tables import print_table

if TYPE_CHECKING:
    from verify.metadata.cards import CardCheck


@click.command(cls=Command)
@click.argument("names", nargs=-1, type=ModelName())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def metadata(names: tuple[str, ...], as_json: bool) -> None:
    """Compute the figures on published model cards again.

    These are parameters, FLOPs and file sizes. NAMES are models. Default: every model that has a
    published card.
    """
    from verify.metadata.cards import verify_card

    models = [find_model(name) for name in names] or [m for m in MODELS if m.card is not None]
    checks = [verify_card(model) for model in models]
    if as_json:
        equal = all(check.equal for check in checks)
        print_json({"equal": equal, "models": [check.as_json() for check in checks]})
    else:
        titles = ("model", "figure", "published", "ours", "difference", "convention")
        print_table(titles, _rows(checks), right="published ours difference")
    if wrong := list(_wrong(checks)):
        total = sum(len(check.figures) for check in checks)
        raise Failure(
            f"{len(wrong)} of {total} figures are not as published; the first is {wrong[0]}"
        )


def _rows(checks: Iterable[CardCheck]) -> Iterator[tuple[str, ...]]:
    for check in checks:
        for figure in check.figures:
            numbers = (figure.published, figure.computed, figure.computed - figure.published)
            cells = (f"{n:,.2f}" if isinstance(n, float) else f"{n:,}" for n in numbers)
            yield check.model, figure.name, *cells, figure.convention


def _wrong(checks: Iterable[CardCheck]) -> Iterator[str]:
    for check in checks:
        for figure in check.figures:
            if not figure.equal:
                yield (
                    f"{figure.name} of {check.model}: published {figure.published}, "
                    f"computed {figure.computed} ({figure.convention})"
                )
