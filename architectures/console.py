"""What every command shares: the NAME argument, and failures as one ``error:`` line."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
from click.shell_completion import CompletionItem

from architectures.catalogue import MODELS
from mappings.choice import Choice
from mappings.errors import GluonportError


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


def one_line(text: str) -> str:
    """``text`` without line breaks and control characters, which a file's names may contain."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def print_json(document: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    click.echo(json.dumps(document, indent=1))
