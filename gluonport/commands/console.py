"""What the commands share: how they fail, shared arguments and options, JSON on stdout."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from math import isfinite
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from architectures.catalogue import MODELS
from convert.formats.limits import MAX_PIXELS
from gluonport.commands.failing import Failure as Failure
from gluonport.commands.failing import Misuse, internal_error, of_system
from gluonport.extras import EXTRAS, PUBLISHING, how_to_install
from mappings.choice import Choice
from mappings.errors import GluonportError

VERBOSE = "gluonport.verbose"  # in a context's meta: whether failures show their traceback


class Command(click.Command):
    """A command whose failures are lines for people, never tracebacks.

    ``extras`` name the extra to install for a package that is missing.
    """

    extras = EXTRAS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params.append(
            click.Option(
                ["--verbose"],
                is_flag=True,
                expose_value=False,
                callback=_note_verbose,
                help="Print the traceback of a failure too, for a report.",
            )
        )

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **options)
        except click.UsageError as error:
            raise Misuse.of(error) from None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if any("\0" in argument for argument in args):
            raise Failure("an argument contains a NUL character, which no path or name can contain")
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # which the parser does not always give
            raise

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except click.UsageError as error:
            raise Misuse.of(error) from None
        except Exception as error:
            failure = error if isinstance(error, Failure) else self._failure(error)
            failure.verbose = ctx.meta.get(VERBOSE, False)
            if failure is error:
                raise
            raise failure from error

    def _failure(self, error: Exception) -> Failure:
        """What to say of an error."""
        if isinstance(error, GluonportError):
            return Failure(str(error))
        if isinstance(error, click.ClickException):
            return Failure(error.format_message())
        if isinstance(error, ImportError) and (needed := how_to_install(error, self.extras)):
            return Failure(f"this command needs {needed}")
        if isinstance(error, OSError):
            return Failure(of_system(error))
        if isinstance(error, MemoryError):
            return Failure("this machine has too little memory for this file")
        return internal_error(error)


class Group(click.Group):
    """A group of commands, whose wrong usage is said in the same way."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **options)
        except click.UsageError as error:
            raise Misuse.of(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise Misuse.of(error) from None


def _note_verbose(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta[VERBOSE] = value


class ReleaseCommand(Command):
    """A command that makes or checks releases."""

    extras = PUBLISHING


class ModelName(click.ParamType[str]):
    """The name of a model of the catalogue, which the shell can complete."""

    name = "name"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(m.name) for m in MODELS if m.name.startswith(incomplete)]


max_pixels_option = click.option(
    "--max-pixels",
    type=click.IntRange(1),
    default=MAX_PIXELS,
    show_default=True,
    metavar="N",
    help="Refuse images of more than N pixels before they are decoded.",
)


class ChannelValues(click.ParamType[tuple[float, float, float]]):
    """Three numbers, for red, green and blue, or one for all three."""

    name = "r,g,b"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float, float]:
        if isinstance(value, tuple):
            return value
        try:
            numbers = [float(part) for part in str(value).split(",")]
        except ValueError:
            numbers = []
        match numbers:
            case [one] if isfinite(one):
                return one, one, one
            case [red, green, blue] if all(map(isfinite, numbers)):
                return red, green, blue
        self.fail(f"{value!r} is not three numbers such as 123.68,116.78,103.94", param, ctx)


def preparing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how the images of a graph's network are prepared; the command gets
    them as ``input_size``, ``crop``, ``mean`` and ``scale``."""

    @click.option(
        "--input-size",
        type=click.IntRange(1),
        metavar="N",
        help="Side of the images in pixels, if CHECKPOINT came from a graph that does not say it.",
    )
    @click.option(
        "--crop",
        type=click.FloatRange(0, 1, min_open=True),
        metavar="SHARE",
        help="Share of the resized image's short side that is kept, if CHECKPOINT came from a "
        "graph. Default: 0.875, as 224 of 256 pixels.",
    )
    @click.option(
        "--mean",
        type=ChannelValues(),
        help="Mean of red, green and blue, if CHECKPOINT came from a graph: pixels of 0 to 255 "
        "become (pixel - mean) / scale.",
    )
    @click.option("--scale", type=ChannelValues(), help="Scale of red, green and blue; see --mean.")
    @wraps(command)
    def prepared(*args: Any, **options: Any) -> None:
        command(*args, **options)

    return prepared


def _parse_shapes(
    context: click.Context, option: click.Parameter, texts: tuple[str, ...]
) -> dict[str, tuple[int, ...]]:
    shapes = {}
    for text in texts:
        name, _, sizes = text.rpartition("=")
        parts = sizes.lower().split("x")
        if not name or not all(part.isdecimal() and 0 < len(part) < 10 for part in parts):
            raise click.BadParameter(f"{text!r}: expected NAME=SHAPE, as data=1x3x112x112")
        shapes[name] = tuple(map(int, parts))
    return shapes


shapes_option = click.option(
    "--input",
    "shapes",
    multiple=True,
    metavar="NAME=SHAPE",
    callback=_parse_shapes,
    help="The shape of an input of a graph, data=1x3x112x112. May be repeated.",
)
"""The command gets a mapping from names to shapes, as ``shapes``."""


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose tensors of a file; the command gets them as ``choice``."""

    @click.option(
        "--ema/--no-ema", default=None, help="Take the averaged (EMA) or the last weights."
    )
    @click.option(
        "--weights", metavar="KEY", help="Take the set of weights that is stored under KEY."
    )
    @click.option(
        "--ignore",
        metavar="PATTERN",
        multiple=True,
        help="Leave out tensors whose names match PATTERN ('criterion.*'). May be repeated.",
    )
    @wraps(command)
    def chosen(
        *, ema: bool | None, weights: str | None, ignore: tuple[str, ...], **options: Any
    ) -> None:
        command(choice=Choice(ema, weights, ignore), **options)

    return chosen


def class_names_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--class-names``; the command gets it as ``class_names``. ``--labels``, its old name,
    is hidden and still works."""

    @click.option(
        "--class-names",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read the names of the classes from FILE, one per line.",
    )
    @click.option("--labels", type=click.Path(path_type=Path), hidden=True)
    @wraps(command)
    def named(*, class_names: Path | None, labels: Path | None, **options: Any) -> None:
        if class_names is not None and labels is not None:
            raise click.UsageError("--labels is the old name of --class-names: give only one")
        command(class_names=labels if class_names is None else class_names, **options)

    return named


def print_json(document: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    click.echo(json.dumps(document, indent=1))
