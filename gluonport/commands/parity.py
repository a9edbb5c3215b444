"""``verify parity``: does a network compute what its source framework computes?"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from architectures.catalogue import every_network, find_model, find_network, is_known
from architectures.catalogue.graph_record import GraphRecord
from architectures.catalogue.record import Model
from convert.formats.records import GRAPH, SAFETENSORS
from gluonport.commands.console import (
    Command,
    Failure,
    ModelName,
    choosing,
    print_json,
    shapes_option,
)
from gluonport.commands.fetching import ELSEWHERE, hashes, here
from gluonport.commands.many import many_options, share_here
from gluonport.commands.parity_many import Words, prove_many, tasks_of
from mappings.choice import Choice
from mappings.errors import NoReferenceError
from mappings.words import one_line

if TYPE_CHECKING:
    from convert.many.shares import Share
    from verify.parity.result import Parity


@click.command(cls=Command)
@click.argument("names", nargs=-1, type=ModelName(), metavar="[NAME|FILE]...")
@click.option("--all", "everything", is_flag=True, help="Check every model of the catalogue.")
@click.option("--checkpoint", metavar="FILE", help="Check this converted checkpoint.")
@click.option(
    "--from",
    "source",
    metavar="SOURCE",
    help="The file that the checkpoint was converted from, here or elsewhere: "
    f"{ELSEWHERE}. Default: see its provenance.",
)
@hashes
@click.option(
    "--reference",
    type=click.Choice(["golden", "live"]),
    default="golden",
    show_default=True,
    help="Compare with the packaged answers of the source framework, or run it now.",
)
@choosing
@shapes_option
@click.option("--report", metavar="DIR", help="Write an HTML page and its JSON into DIR.")
@many_options
@click.option("--force", is_flag=True, help="Prove FILES again that are proven already.")
@click.option(
    "--results",
    "results_dir",
    metavar="DIR",
    help="Of many, write results into DIR, for 'gluonport merge'. Default: the folder of FILES.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def parity(
    names: tuple[str, ...],
    everything: bool,
    checkpoint: str | None,
    source: str | None,
    sha256: str | None,
    sha1: str | None,
    reference: str,
    choice: Choice,
    shapes: dict[str, tuple[int, ...]],
    report: str | None,
    jobs: int | None,
    shard: Share | None,
    force: bool,
    results_dir: str | None,
    as_json: bool,
) -> None:
    """Check that a network computes the same as its source framework.

    The networks NAME (or --all) are checked with synthetic weights: those with a table, and those
    of the model zoos that are converted by their packaged graph. With
    --checkpoint, a converted file of the one model NAME is checked: its values against its source,
    and its network against the reference.

    The NAME of a checkpoint that came from a graph is 'graph', or that of its packaged graph. With
    --reference live, MXNet runs that very graph; otherwise its operators are checked one by one.

    FILES are converted checkpoints, each checked as the model that its provenance names: many at
    once, and those that passed before and have not changed are skipped. A word is a file if there
    is a file of that name, or if it ends in .safetensors; else it is the name of a model.
    """
    if source is None and (sha256 or sha1):
        raise click.UsageError("--sha256 and --sha1 are for --from")
    if report is not None:
        from verify.report.report_folder import check_report_folder

        check_report_folder(Path(report), "parity")
    files = [name for name in names if _is_file(name)]
    if files and (everything or checkpoint or source or choice or shapes):
        raise click.UsageError(
            "FILES are checked alone: --all, --checkpoint, --from, --input and the choice of "
            "weights are for one checkpoint"
        )
    if files and len(files) < len(names):
        other = next(name for name in names if name not in files)
        raise click.UsageError(f"give FILES or the NAMES of models, not both: {other} is no file")
    if files:
        words = Words(tuple(dict.fromkeys(files)), True, reference, force)
        return prove_many(words, jobs, shard, results_dir, report, as_json)
    if checkpoint is None and names != (GRAPH,) and _is_shared(jobs, shard, results_dir):
        if bool(names) == everything:
            raise click.UsageError("give the NAMES of models, or --all")
        if source is not None or choice or shapes:
            raise click.UsageError("--from, --input and the choice of weights need a --checkpoint")
        found = every_network() if everything else map(find_network, names)
        unique = tuple(dict.fromkeys(network.name for network in found))
        words = Words(unique, False, reference, force)
        return prove_many(words, jobs, shard, results_dir, report, as_json)
    if jobs is not None or shard is not None or results_dir is not None:
        raise click.UsageError("--jobs, --shard and --results are for many, not for --checkpoint")
    if force:
        raise click.UsageError("--force is for FILES: everything else is proven each time")
    from verify.parity.proving import prove_checkpoint, prove_graph

    if source is not None and checkpoint is not None:
        source = here(source, sha256, sha1).path
    if checkpoint is not None and _is_graph(names, everything, checkpoint):
        if choice:
            raise click.UsageError("--ema, --weights and --ignore are for models, not for a graph")
        results = [prove_graph(checkpoint, source, reference, shapes)]
        if not as_json:
            _print(results[0])
        return _conclude(results, report, as_json)
    if names == (GRAPH,):
        raise click.UsageError("'graph' needs a --checkpoint")
    if shapes:
        raise click.UsageError("--input is for a checkpoint that came from a graph")
    if bool(names) == everything:
        raise click.UsageError("give the NAMES of models, or --all")
    networks = list(every_network()) if everything else [find_network(name) for name in names]
    if checkpoint is not None and len(networks) != 1:
        raise click.UsageError("--checkpoint needs the NAME of one model")
    if checkpoint is None and (source is not None or choice):
        raise click.UsageError("--from, --ema, --weights and --ignore need a --checkpoint")
    unknown: list[str] = []
    if checkpoint is None:
        results = list(_networks(networks, reference, as_json, unknown if everything else None))
    else:
        model = find_model(names[0])
        results = [prove_checkpoint(model, checkpoint, source, reference, choice)]
        if not as_json:
            _print(results[0])
    return _conclude(results, report, as_json, unknown)


def _is_file(word: str) -> bool:
    return word.endswith(SAFETENSORS) or (Path(word).is_file() and not is_known(word))


def _is_shared(jobs: int | None, shard: Share | None, results_dir: str | None) -> bool:
    """Whether networks are to be checked in several processes."""
    asked = (jobs, shard, results_dir) != (None, None, None)
    return asked or share_here(None).total > 1


def _conclude(
    results: list[Parity], report: str | None, as_json: bool, unknown: Sequence[str] = ()
) -> None:
    """Print the JSON, write the page, and fail if a verdict does. ``unknown``: why networks have
    none."""
    if as_json:
        passed = all(result.passed for result in results)
        models = [result.as_json() for result in results]
        passed = passed and not unknown
        print_json({"passed": passed, "tasks": tasks_of(results), "models": models})
    elif len(results) > 1:
        for task, found in tasks_of(results).items():
            click.echo(f"{task}: {found['passed']} of {found['networks']} pass")
    if report is not None:
        from verify.report.page import write_report

        page = write_report(results, Path(report))
        click.echo(f"report: {page}", err=True)
    failures = [result.failure() for result in results if not result.passed]
    failures += unknown
    for failure in failures[:-1]:
        click.echo(f"error: {one_line(failure)}", err=True)
    if failures:
        raise Failure(failures[-1])


def _networks(
    networks: Iterable[Model | GraphRecord],
    reference: str,
    quiet: bool,
    unknown: list[str] | None,
) -> Iterator[Parity]:
    """The verdicts, one after the other. A network without an answer of its source framework goes
    to ``unknown``, or is refused if that is None."""
    from verify.parity.compare import verify_architecture
    from verify.parity.graphs.graph_packaged import verify_record

    for network in networks:
        if sys.stderr.isatty():
            click.echo(f"{network.name} ...\r", err=True, nl=False)
        try:
            if isinstance(network, GraphRecord):
                result = verify_record(network, reference)
            else:
                result = verify_architecture(network, reference)
        except NoReferenceError as error:
            if unknown is None:
                raise
            unknown.append(str(error))
            continue
        if not quiet:
            _print(result)
        yield result


def _is_graph(names: tuple[str, ...], everything: bool, checkpoint: str) -> bool:
    """Whether a checkpoint is to be checked against its graph: so it is named, or nothing is and
    its provenance says so."""
    if names:
        from verify.graphs.packaged_name import names_graph

        return not everything and len(names) == 1 and names_graph(names[0], checkpoint)
    from convert.formats.graph_checkpoint import is_graph_checkpoint

    return not everything and is_graph_checkpoint(checkpoint)


def _print(result: Parity) -> None:
    stands = f", on the {result.leg}" if result.leg else ""
    verdict = "PASS" if result.passed else "FAIL"
    click.echo(f"{verdict}  {result.model} ({result.reference}{stands})")
    for criterion in result.criteria:
        mark = "ok" if criterion.passed else "NO"
        click.echo(f"      {mark}  {criterion.name:11} {one_line(criterion.detail)}")
    for output in result.outputs:
        click.echo(f"          {output.name} {output.described()}")
    if result.finding:
        where = "wrong here" if result.finding.here else "given wrong input"
        layers = ", ".join(result.finding.layers)
        what = "node" if result.leg else "block"
        click.echo(f"          first bad {what} {result.finding.block}, {where}: {layers}")
