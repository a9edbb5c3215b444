"""``verify accuracy``: how many images a checkpoint gets right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from architectures.catalogue import find_model
from gluonport.commands.console import Command, Failure, ModelName, max_pixels_option, print_json
from mappings.words import one_line

if TYPE_CHECKING:
    from verify.accuracy.outcome import Accuracy
    from verify.accuracy.reducer import Count

FILE = click.Path(path_type=Path)


@click.command(cls=Command)
@click.argument("name", type=ModelName())
@click.argument("checkpoint", type=FILE)
@click.option("--data", type=FILE, metavar="PATH", help="The images; the sample has its own.")
@click.option("--labels", type=FILE, metavar="FILE", help="The classes, where folders say none.")
@click.option(
    "--regime",
    type=click.Choice(["gluon", "timm", "mmpretrain"]),
    help="Whose preprocessing, and whose published figure; the model's own framework's otherwise.",
)
@click.option("--predictions", type=FILE, metavar="CSV", help="Write each image's best classes.")
@click.option("--against", type=FILE, metavar="CSV", help="Another run's, compared by image.")
@click.option(
    "--ledger",
    "ledgers",
    type=FILE,
    metavar="DIR",
    multiple=True,
    help="Keep finished chunks there. Given again: take over another machine's.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only N images, evenly spread.")
@click.option(
    "--batch-size", type=click.IntRange(1), metavar="N", help="16 on a CPU, 256 on a GPU."
)
@max_pixels_option
@click.option("--device", metavar="D", help="cpu or cuda; a GPU where there is one.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "tf32", "bfloat16"]),
    default="float32",
    show_default=True,
)
@click.option("--compile", "compiled", is_flag=True, help="Let torch.compile have the network.")
@click.option("--cache", type=FILE, metavar="DIR", help="Keep crops for the next model.")
@click.option("--allow-incomplete", is_flag=True, help="Count a set that is not whole.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def accuracy(name: str, regime: str | None, as_json: bool, **options: Any) -> None:
    """Count what CHECKPOINT gets right, every image once, and judge the published figure by it.

    NAME is its model. An interrupted run goes on when the same command is given again. The result
    is left beside the checkpoint.
    """
    from verify.accuracy.measure import measure
    from verify.accuracy.task import Task

    model = find_model(name)
    task = Task(model, regime=regime or model.regimes[0], **options)  # type: ignore[arg-type]
    result = measure(task)
    if result is None:
        return
    if as_json:
        print_json(result.as_json())
    else:
        _print(result)
        click.echo(f"{'result':12}{one_line(str(task.result))}")
    if result.verdict.reproduced is False:
        raise Failure(result.failure())


def _print(result: Accuracy) -> None:
    from verify.accuracy.verdict import wilson

    def line(title: str, text: str) -> None:
        click.echo(f"{title:12}{one_line(text)}")

    count = result.count
    line(result.identity.regime, f"{result.identity.model}, {count.images:,} images")
    for title, correct in (("top-1", count.top1), ("top-5", count.top5)):
        low, high = wilson(correct, count.images)
        share = 100 * correct / count.images
        line(title, f"{correct:,} right, {share:.3f} % (95 %: {low:.2f} to {high:.2f})")
    line("halves", ", ".join(_share(half) for half in result.halves) + " top-1")
    if figure := result.published:
        line("published", f"{figure} ({figure.source}, weights {figure.weights[:8]})")
    elif undecided := result.undecided:
        line("published", f"top-1 {undecided} ({undecided.source})")
    said = {True: "yes", False: "NO", None: "not judged"}[result.verdict.reproduced]
    line("reproduced", f"{said}: {result.verdict.why}")
    if pair := result.against:
        line(
            "against",
            f"{len(pair.gained)} images right here alone, {len(pair.lost)} there alone, "
            f"McNemar p = {pair.p:.3g}",
        )
        for title, paths in (("  gained", pair.gained), ("  lost", pair.lost)):
            for path in paths:
                line(title, path)
    if result.proof:
        line("fast path", str(result.proof))


def _share(count: Count) -> str:
    return f"{100 * count.top1 / count.images:.3f} %" if count.images else "none"
