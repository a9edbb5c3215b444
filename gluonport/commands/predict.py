"""``gluonport predict``: the best classes of images."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gluonport.commands.bars import show_guesses
from gluonport.commands.console import (
    Command,
    ModelName,
    class_names_option,
    max_pixels_option,
    preparing,
    print_json,
)
from gluonport.commands.fetching import hashes, here, release_or_file
from mappings.errors import GluonportError
from mappings.words import one_line

if TYPE_CHECKING:
    from architectures.catalogue.dataset import Triple
    from architectures.catalogue.figure import Regime
    from verify.prediction.classifier import Classifier

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
@click.option(
    "--save",
    type=FILE,
    metavar="FILE|DIR",
    help="Draw the images with their five best classes: into FILE (.png, .jpg, .webp) the picture "
    "of one image, or a contact sheet of several; into DIR both.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
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
    save: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Classify images with a converted checkpoint.

    CHECKPOINT is a converted file or a release folder. It may lie elsewhere, as
    hf-hub:OWNER/NAME[@REVISION][:FILE] or https://HOST/FILE.

    IMAGE is a file, a folder, which stands for every image in it, or a pattern in quotes,
    'photos/*.jpg'. An image that cannot be classified is named on stderr and does not stop the
    others; the exit status is then 1.
    """
    from verify.graphs.image_classifier import Preparation
    from verify.prediction.album import check_album, open_album
    from verify.prediction.classifier import open_classifier
    from verify.prediction.find_images import find_images
    from verify.prediction.picture import SHOWN

    found = find_images(images)
    if save is not None:
        check_album(save, len(found.images), force)
    elif force:
        raise click.UsageError("--force is for --save")
    preparation = Preparation(input_size, crop, mean, scale)
    opened = release_or_file(here(checkpoint, sha256, sha1))
    classifier = open_classifier(opened, name, regime, class_names, max_pixels, preparation)
    failures = 0

    def fail(problem: str) -> None:
        nonlocal failures
        failures += 1
        click.echo(f"error: {one_line(problem)}", err=True)

    for problem in found.problems:
        fail(problem)
    if not as_json:
        _print_heading(classifier)
    answers = []
    asked = most if save is None else max(most, SHOWN)
    with (
        nullcontext()
        if save is None
        else open_album(save, classifier, len(found.images), force) as album
    ):
        for image in found.images:
            try:
                guesses = classifier.classify(image, asked)
                if album is not None:
                    album.add(image, guesses)
            except GluonportError as error:
                fail(str(error))
                continue
            if as_json:
                answers.append((image, guesses[:most]))
            else:
                show_guesses(image, guesses[:most])
    if as_json and answers:
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
    if album is not None and album.added:
        click.echo(f"pictures: {one_line(str(save))}", err=True)
    if failures:
        raise SystemExit(1)


def _print_heading(classifier: Classifier) -> None:
    """What answers: the model, and where the names of its classes come from."""
    click.echo(f"{'model':12}{classifier.model.name}, {classifier.regime} preprocessing")
    if classifier.synthetic:
        click.echo(f"{'weights':12}synthetic: the answers mean nothing")
    called = f"as in {classifier.names_of}" if classifier.names_of else "unknown"
    click.echo(f"{'names':12}{one_line(called)}; --class-names FILE gives others")
