"""The ``publish`` command."""

from __future__ import annotations

from pathlib import Path

import click

from architectures.catalogue import find_model
from gluonport.commands.console import Command, ModelName, print_json
from mappings.words import one_line


@click.command(cls=Command, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gluonport")
@click.argument("name", type=ModelName())
@click.argument("checkpoint", type=click.Path())
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option("--sign", "key", metavar="KEY", help="Sign with this private EC key (PEM).")
@click.option("--push", metavar="OWNER/NAME", help="Push the folder to this repository of the hub.")
@click.option(
    "--without-accuracy",
    metavar="REASON",
    help="Publish without a measured accuracy; the card says why.",
)
@click.option("--labels", metavar="FILE", help="The class names, one a line.")
@click.option("--license", metavar="ID", help="The hub's identifier of the weights' licence.")
@click.option(
    "--hashed-name",
    is_flag=True,
    help="Also name the weights NAME-<first 8 of sha256>.safetensors.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(
    name: str,
    checkpoint: str,
    folder: str,
    key: str | None,
    push: str | None,
    without_accuracy: str | None,
    labels: str | None,
    license: str | None,
    hashed_name: bool,
    as_json: bool,
) -> None:
    """Make DIR, the release of a converted CHECKPOINT of the model NAME.

    The results of convert, 'verify parity' and 'verify accuracy' must stand beside the checkpoint,
    passed and about exactly this file. With --push, a DIR that is the release already is pushed as
    it is, so that an interrupted push is resumed by the same command.
    """
    if without_accuracy is not None and not without_accuracy.strip():
        raise click.UsageError("--without-accuracy needs a REASON, which the card prints")
    model = find_model(name)
    from verify.publish.publishing import publish

    published = publish(
        model,
        Path(checkpoint),
        Path(folder),
        key=Path(key) if key else None,
        repository=push,
        without_accuracy=without_accuracy,
        labels=Path(labels) if labels else None,
        license=license,
        with_hashed_name=hashed_name,
    )
    if as_json:
        print_json(published)
        return
    done = "released" if published["made"] else "is released already"
    click.echo(f"{one_line(folder)}: {model.name} {done}, sha256 {published['sha256']}")
    if published["pushed"]:
        click.echo(f"pushed to {published['pushed']}")
