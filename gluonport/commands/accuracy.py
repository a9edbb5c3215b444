"""``verify accuracy``: how many images a checkpoint classifies correctly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from architectures.catalogue import find_model
from gluonport.commands.console import (
    Command,
    Failure,
    ModelName,
    max_pixels_option,
    preparing,
    print_json,
)
from mappings.words import one_line

if TYPE_CHECKING:
    from architectures.catalogue.dataset import Triple
    from architectures.catalogue.evaluated import Evaluated
    from architectures.catalogue.figure import Regime
    from verify.accuracy.measure import FinishedRun
    from verify.accuracy.outcome import Accuracy
    from verify.accuracy.reducer import Count

FILE = click.Path(path_type=Path)
SCHEMES = ("s3://", "gs://")


class FileOrAddress(click.Path):
    """A path, or the address of something in an object storage, which stays a text."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | str:
        if isinstance(value, str) and value.startswith(SCHEMES):
            return value
        return Path(str(super().convert(value, param, ctx)))


ANYWHERE = FileOrAddress(path_type=Path)


@click.command(cls=Command)
@click.argument("name", type=ModelName())
@click.argument("checkpoint", type=FILE)
@click.option(
    "--data", type=ANYWHERE, metavar="PATH", help="The labelled images; the sample brings its own."
)
@click.option(
    "--labels",
    type=FILE,
    metavar="FILE",
    help="The class of each image, if the folders do not say it.",
)
@click.option(
    "--label-names",
    type=FILE,
    metavar="FILE",
    help="The WordNet ids of the data's label numbers, one a line, if the data do not say them.",
)
@click.option(
    "--regime",
    type=click.Choice(["gluon", "timm", "mmpretrain"]),
    help="Take the preprocessing and the published figure of this framework. "
    "Default: the model's own.",
)
@click.option(
    "--predictions", type=FILE, metavar="CSV", help="Write the best classes of each image."
)
@click.option("--against", type=FILE, metavar="CSV", help="Compare with another run's predictions.")
@click.option(
    "--report", type=FILE, metavar="DIR", help="Write an HTML page and its JSON into DIR."
)
@click.option(
    "--results-row",
    type=FILE,
    metavar="CSV",
    help="Add the result of a whole data set to CSV, a table like those of timm.",
)
@click.option(
    "--ledger",
    "ledgers",
    type=ANYWHERE,
    metavar="DIR",
    multiple=True,
    help="Keep finished chunks in DIR. May be repeated, to take over other machines' chunks.",
)
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="Use only N images, spread evenly."
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    metavar="N",
    help="Images in a batch. Default: 16 on a CPU, 256 on a GPU.",
)
@preparing
@max_pixels_option
@click.option("--device", metavar="D", help="cpu or cuda. Default: a GPU if there is one.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "tf32", "bfloat16"]),
    default="float32",
    show_default=True,
    help="Precision of the computation.",
)
@click.option("--compile", "compiled", is_flag=True, help="Compile the network with torch.compile.")
@click.option(
    "--cache", type=FILE, metavar="DIR", help="Keep the cropped images in DIR for the next model."
)
@click.option("--allow-incomplete", is_flag=True, help="Accept an incomplete data set.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def accuracy(
    name: str,
    checkpoint: Path,
    regime: Regime | None,
    input_size: int | None,
    crop: float | None,
    mean: Triple | None,
    scale: Triple | None,
    report: Path | None,
    results_row: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure the accuracy of a converted checkpoint.

    NAME is the model of CHECKPOINT, and its published figure is compared with the result; it is
    'graph' for a checkpoint that came from a graph, of which nothing is published. Every image is
    counted exactly once. To resume an interrupted run, give the same command again. The result is
    written beside the checkpoint.
    """
    from verify.accuracy.measure import measure
    from verify.accuracy.task import Task
    from verify.graphs.image_classifier import (
        Preparation,
        open_graph_classifier,
        refuse_preparation,
    )
    from verify.graphs.packaged_name import names_graph

    model: Evaluated
    preparation = Preparation(input_size, crop, mean, scale)
    if names_graph(name, checkpoint):
        model, options["network"] = open_graph_classifier(checkpoint, preparation)
    else:
        model = find_model(name)
        refuse_preparation(name, preparation)
    task = Task(model, checkpoint, regime or model.regimes[0], **options)
    if report is not None:
        from verify.report.report_folder import check_report_folder

        check_report_folder(report, "accuracy")
    if results_row is not None:
        from verify.accuracy.results_row import check_table

        check_table(results_row)
    result = measure(task, lambda run: _write(run, report, results_row))
    if result is None:
        return
    if as_json:
        print_json(result.as_json())
    else:
        _print(result)
        click.echo(f"{'result':12}{one_line(str(task.result))}")
    if result.verdict.reproduced is False:
        raise Failure(result.failure())


def _write(run: FinishedRun, report: Path | None, results: Path | None) -> None:
    """Write what was asked for beside the result."""
    if report is not None:
        from verify.report.accuracy_page import write_accuracy_report

        page = write_accuracy_report(run, report)
        click.echo(f"report: {one_line(str(page))}", err=True)
    if results is not None:
        from verify.accuracy.results_row import add_row, results_row

        if run.result.complete:
            add_row(results, results_row(run.result, run.prepared.task.model, run.parameters))
            click.echo(f"results: {one_line(str(results))}", err=True)
        else:
            why = "no row was added, since this is not a whole data set"
            click.echo(f"{one_line(str(results))}: {why}", err=True)


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
            f"{len(pair.gained)} images right only here, {len(pair.lost)} right only there, "
            f"McNemar p = {pair.p:.3g}",
        )
        for title, paths in (("  gained", pair.gained), ("  lost", pair.lost)):
            for path in paths:
                line(title, path)
    if result.proof:
        line("fast path", str(result.proof))


def _share(count: Count) -> str:
    return f"{100 * count.top1 / count.images:.3f} %" if count.images else "none"
