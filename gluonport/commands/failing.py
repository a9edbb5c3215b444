"""How a command fails: its first line on stderr begins ``error:`` and says everything."""

from __future__ import annotations

import errno
import re
import traceback
from pathlib import Path
from typing import Any

import click

from gluonport.rooms import HOME
from mappings.words import one_line


class Failure(click.ClickException):
    """One line on stderr that begins ``error:``, exit status 1; with ``verbose`` a traceback."""

    exit_code = 1
    verbose = False

    def show(self, file: Any = None) -> None:
        click.echo(f"error: {one_line(self.message)}", err=True, file=file)
        if self.verbose:
            click.echo(told(self.__cause__ or self), err=True, file=file)


class Misuse(click.UsageError):
    """A command line that is wrong: ``error:`` and why, then the usage; exit status 2."""

    def show(self, file: Any = None) -> None:
        help_page = (
            f"see '{self.ctx.command_path} --help'"
            if self.ctx
            else "see --help, which every command has"
        )
        said = one_line(self.message.strip()).removesuffix(".")
        said += f" Or {help_page}" if said.endswith("?") else f": {help_page}"
        click.echo(f"error: {said}", err=True, file=file)
        if self.ctx:
            click.echo(self.ctx.get_usage(), err=True, file=file)

    @classmethod
    def of(cls, error: click.UsageError) -> click.UsageError:
        """click's own error, said our way; its page of help stays a page of help."""
        if isinstance(error, (cls, click.exceptions.NoArgsIsHelpError)):
            return error
        return cls(error.format_message(), error.ctx)


ADVICE = {
    **dict.fromkeys(
        (errno.EEXIST, errno.ENOTDIR), "something that is not a folder is in the way: name another"
    ),
    **dict.fromkeys((errno.EACCES, errno.EPERM), "check who may read and write it"),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space, or name a place elsewhere"),
    errno.EFBIG: "files here may not be so large: see 'ulimit -f', or name a place elsewhere",
    errno.EMFILE: "more files may not be open at once: see 'ulimit -n'",
    errno.ENAMETOOLONG: "give it a shorter name",
    errno.EROFS: "name a place that can be written",
    errno.ENOENT: "check the path",
    errno.ENOMEM: "this machine has too little memory",
}
"""What to do about an error of the system."""


def of_system(error: OSError) -> str:
    """An error of the system in one line: where, what, and what to do."""
    where = f"{error.filename}: " if error.filename else ""
    advice = ADVICE.get(error.errno or 0)
    return f"{where}{error.strerror or error}{f': {advice}' if advice else ''}"


def told(error: BaseException) -> str:
    """The traceback of an error, for a report: without user names and passwords of addresses, and
    without the control characters of names in a file."""
    lines = "".join(traceback.format_exception(error)).rstrip().split("\n")
    return "\n".join(_without_password(one_line(line)) for line in lines)


def _without_password(text: str) -> str:
    return re.sub(r"(?<=//)[^/?#\s]*@", "", text)


def internal_error(error: Exception) -> Failure:
    """An error that no input should cause, and how to report it."""
    at = ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(HOME) and "site-packages" not in path.relative_to(HOME).parts:
            at = f" at {path.relative_to(HOME)}:{frame.lineno}"
    said = f"{type(error).__name__}: {_without_password(str(error))[:300]}"
    return Failure(
        f"internal error, a fault of gluonport itself: {said}{at}: please report it where you got "
        "gluonport, with what this command prints with --verbose"
    )
