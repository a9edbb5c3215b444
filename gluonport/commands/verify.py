"""The ``verify`` command."""

from __future__ import annotations

import click

from gluonport.commands.accuracy import accuracy
from gluonport.commands.console import Group
from gluonport.commands.metadata import metadata
from gluonport.commands.parity import parity
from gluonport.commands.release import release
from gluonport.commands.tensors import tensors


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gluonport")
def main() -> None:
    """Check converted checkpoints, models and releases."""


main.add_command(parity)
main.add_command(accuracy)
main.add_command(tensors)
main.add_command(metadata)
main.add_command(release)
