"""What every command shares: the NAME argument, and failures as one ``error:`` line."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from click.shell_completion import CompletionItem

from architectures.catalogue import MODELS
from convert.formats.limits import MAX_PIXELS
from mappings.choice import Choice
from mappings.errors import GluonportError
from mappings.words import one_line

EXTRAS = {
    **dict.fromkeys(("torch", "cv2", "PIL", "jinja2", "markupsafe"), "verify"),
    **dict.fromkeys(("huggingface_hub", "model_signing", "cryptography", "OpenSSL"), "publish"),
}
"""The extra that installs a package, for those that the light install is without."""


class Failure(click.ClickException):
    """One line on stderr that begins ``error:``, exit status 1."""

    exit_code = 1

    def show(self, file: Any = None) -> None:
        click.echo(f"error: {one_line(self.message)}", err=True, file=file)


class Command(click.Command):
    """A command whose failures are lines for people, never tracebacks."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if any("\0" in argument for argument in args):
            raise Failure("an argument holds a NUL character, which no path or name may hold")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except GluonportError as error:
            raise Failure(str(error)) from error
        except ModuleNotFoundError as error:
            if (extra := EXTRAS.get((error.name or "").partition(".")[0])) is None:
                raise
            raise Failure(
                f"this command needs {error.name}, which is not installed: "
                f"pip install 'gluonport[{extra}]'"
            ) from error
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            raise Failure(
                f"{error.filename}: {error.strerror}" if error.filename else str(error)
            ) from error
        except MemoryError as error:
            raise Failure("the machine's memory does not suffice for this file") from error


class ModelName(click.ParamType[str]):
    """A name of the catalogue, completed by the shell."""

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
    help="Refuse larger images before they are decoded.",
)


def choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which tensors of a file are meant, passed on as ``choice``."""

    @click.option("--ema/--no-ema", default=None, help="Take the averaged or the last weights.")
    @click.option("--weights", metavar="KEY", help="Take the set of weights under this key.")
    @click.option(
        "--ignore",
        metavar="PATTERN",
        multiple=True,
        help="Leave out the tensors whose names match ('criterion.*'); may be repeated.",
    )
    @wraps(command)
    def chosen(
        *, ema: bool | None, weights: str | None, ignore: tuple[str, ...], **options: Any
    ) -> None:
        command(choice=Choice(ema, weights, ignore), **options)

    return chosen


def print_json(document: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    click.echo(json.dumps(document, indent=1))
