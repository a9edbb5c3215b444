"""``gluonport predict``: the best classes of images."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gluonport.commands.console import (
    Command,
    ModelName,
    class_names_option,
    max_pixels_option,
    preparing,
    print_json,
)
from gluonport.commands.fetching import hashes, here, release_or_file
from mappings.words import one_line

if TYPE_CHECKING:
    from architectures.catalogue.dataset import Triple
    from architectures.catalogue.figure import Regime

FILE = click.Path(path_type=Path)


@click.command(cls=Command)
@click.argument("checkpoint", type=click.Path())
@hashes
@click.argument("images", type=FILE, nargs=-1, required=True, metavar="IMAGE...")
@click.option(
    "--model", "name", type=ModelName(), help="The checkpoint's model. Default: recognise it."
)
@click.option(
    "--regime",
    type=click.Choice(["gluon", "timm", "mmpretrain"]),
    help="Take the preprocessing of this framework. Default: the model's own.",
)
@class_names_option
@click.option(
    "--top",
    "most",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    metavar="N",
    help="Show the N best classes.",
)
@preparing
@max_pixels_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def predict(
    checkpoint: str,
    sha256: str | None,
    sha1: str | None,
    images: tuple[Path, ...],
    name: str | None,
    regime: Regime | None,
    class_names: Path | None,
    most: int,
    input_size: int | None,
    crop: float | None,
    mean: Triple | None,
    scale: Triple | None,
    max_pixels: int,
    as_json: bool,
) -> None:
    """Classify images with a converted checkpoint.

    CHECKPOINT is a converted file or a release folder. It may lie elsewhere, as
    hf-hub:OWNER/NAME[@REVISION][:FILE] or https://HOST/FILE.
    """
    from verify.graphs.image_classifier import Preparation
    from verify.prediction.classifier import open_classifier

    preparation = Preparation(input_size, crop, mean, scale)
    opened = release_or_file(here(checkpoint, sha256, sha1))
    classifier = open_classifier(opened, name, regime, class_names, max_pixels, preparation)
    if as_json:
        answers = [(image, classifier.classify(image, most)) for image in images]
        print_json(
            {
                "checkpoint": checkpoint,
                "model": classifier.model.name,
                "regime": classifier.regime,
                "names_of": classifier.names_of,
                "synthetic": classifier.synthetic,
                "predictions": [
                    {"image": str(image), "classes": [asdict(guess) for guess in guesses]}
                    for image, guesses in answers
                ],
            }
        )
        return
    click.echo(f"{'model':12}{classifier.model.name}, {classifier.regime} preprocessing")
    if classifier.synthetic:
        click.echo(f"{'weights':12}synthetic: the answers mean nothing")
    called = f"as in {classifier.names_of}" if classifier.names_of else "unknown"
    click.echo(f"{'names':12}{one_line(called)}; --class-names FILE gives others")
    for image in images:
        guesses = classifier.classify(image, most)
        click.echo(one_line(str(image)))
        for guess in guesses:
            called = one_line(guess.name or "")
            click.echo(f"{guess.index:8}  {guess.probability:8.2%}  {called}".rstrip())
