"""gluonport: Gluon (MXNet) checkpoints in PyTorch, with proof. The front door.

``gluonport models | inspect | convert | verify | predict | publish | demo`` on the command line;
most of it from Python below.
Errors are all ``gluonport.GluonportError``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from architectures import find_model
from architectures.catalogue import MODELS
from architectures.console import Command
from convert import Conversion, convert
from convert.command import main as convert_command
from convert.look import inspect_command, models_command
from mappings.errors import GluonportError
from verify.command import main as verify_command
from verify.demo import demo
from verify.max_pixels import MAX_PIXELS
from verify.prediction.command import predict
from verify.publish.command import main as publish_command
from verify.publish.table_command import print_published

if TYPE_CHECKING:
    import numpy
    import torch

    from architectures.figure import Regime

__all__ = ["Conversion", "GluonportError", "convert", "create_model", "list_models", "preprocess"]


def list_models() -> list[str]:
    """The names of the catalogue."""
    return [model.name for model in MODELS]


def create_model(
    name: str,
    checkpoint: str | os.PathLike[str] | None = None,
    num_classes: int | None = None,
    **options: Any,
) -> torch.nn.Module:
    """The network of a model of the catalogue, in evaluation mode when it is given weights.

    ``checkpoint`` is a converted ``.safetensors``, loaded strictly; the class count is the file's,
    and another ``num_classes`` then gives it a fresh classifier. ``options`` go to the network
    (``in_chans``). It has ``forward_features``, ``forward_head`` and ``reset_classifier(n)``.
    """
    from architectures.load import create

    return create(find_model(name), checkpoint, num_classes, **options)


def preprocess(
    image_path: str | os.PathLike[str],
    regime: Regime,
    model: str | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
) -> numpy.ndarray[Any, numpy.dtype[numpy.float32]]:
    """A network's input, float32 (3, H, W), from an image file, bit for bit as the original makes
    it: ``regime`` is ``gluon`` (MXNet with GluonCV), ``timm`` or ``mmpretrain``.

    H and W are 224, cut from an image whose short side is 256, unless the model of that name takes
    another size. Raises GluonportError for an image that the original does not decode either, and
    before it is decoded for one of more than ``max_pixels`` pixels.
    """
    from verify.preprocessing import preprocess

    return preprocess(image_path, regime, find_model(model) if model else None, max_pixels)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gluonport")
def main() -> None:
    """Bring Gluon (MXNet) checkpoints to PyTorch, with proof."""


@click.command(cls=Command)
@click.argument("names", nargs=-1, metavar="[PATTERN | DIR...]")
@click.option("--published", is_flag=True, help="List what these release folders hold.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def models(context: click.Context, names: tuple[str, ...], published: bool, as_json: bool) -> None:
    """List the models of the catalogue, all or those that match PATTERN ('gluon_se*').

    With --published, list the releases in the folders DIR instead.
    """
    if published:
        if not names:
            raise click.UsageError("--published lists release folders: name them")
        print_published(names, as_json)
    elif len(names) > 1:
        raise click.UsageError("give one PATTERN, in quotes")
    else:
        context.invoke(models_command, pattern=(*names, "*")[0], as_json=as_json)


main.add_command(convert_command, "convert")
main.add_command(demo, "demo")
main.add_command(inspect_command, "inspect")
main.add_command(models, "models")
main.add_command(predict, "predict")
main.add_command(publish_command, "publish")
main.add_command(verify_command, "verify")

if __name__ == "__main__":
    main()
