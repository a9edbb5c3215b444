"""The ``publish`` command."""

from __future__ import annotations

from pathlib import Path

import click

from architectures.catalogue import find_model
from gluonport.commands.console import (
    ModelName,
    ReleaseCommand,
    class_names_option,
    print_json,
)
from mappings.words import one_line


@click.command(cls=ReleaseCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gluonport")
@click.argument("name", type=ModelName())
@click.argument("checkpoint", type=click.Path())
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option("--sign", "key", metavar="KEY", help="Sign with this private EC key (PEM).")
@click.option("--push", metavar="OWNER/NAME", help="Push the folder to this repository on the hub.")
@click.option(
    "--without-accuracy",
    metavar="REASON",
    help="Publish without a measured accuracy; the card prints the REASON.",
)
@class_names_option
@click.option("--license", metavar="ID", help="The licence of the weights, as the hub names it.")
@click.option(
    "--hashed-name",
    is_flag=True,
    help="Also store the weights as NAME-<first 8 digits of sha256>.safetensors.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(
    name: str,
    checkpoint: str,
    folder: str,
    key: str | None,
    push: str | None,
    without_accuracy: str | None,
    class_names: Path | None,
    license: str | None,
    hashed_name: bool,
    as_json: bool,
) -> None:
    """Make a release folder from a converted checkpoint.

    NAME is the model of CHECKPOINT (or 'graph'), and DIR is the folder. The records that convert,
    'verify parity' and 'verify accuracy' write must lie beside the checkpoint, must have passed and
    must be about exactly this file. With --push, a DIR that already holds this release is pushed as
    it is: to resume an interrupted push, give the same command again.
    """
    if without_accuracy is not None and not without_accuracy.strip():
        raise click.UsageError("--without-accuracy needs a REASON: the card prints it")
    from verify.graphs.packaged_name import names_graph

    by_graph = names_graph(name, checkpoint)
    if by_graph and (class_names is not None or hashed_name):
        raise click.UsageError("--class-names and --hashed-name need a model of the catalogue")
    model = None if by_graph else find_model(name)
    from verify.publish.publishing import publish, publish_graph

    signing = Path(key) if key else None
    if model is None:
        published = publish_graph(
            Path(checkpoint),
            Path(folder),
            key=signing,
            repository=push,
            without_accuracy=without_accuracy,
            license=license,
        )
    else:
        published = publish(
            model,
            Path(checkpoint),
            Path(folder),
            key=signing,
            repository=push,
            without_accuracy=without_accuracy,
            class_names=class_names,
            license=license,
            with_hashed_name=hashed_name,
        )
    if as_json:
        print_json(published)
        return
    done = "released" if published["made"] else "was already released"
    click.echo(f"{one_line(folder)}: {name} {done}, sha256 {published['sha256']}")
    if published["pushed"]:
        click.echo(f"pushed to {published['pushed']}")
