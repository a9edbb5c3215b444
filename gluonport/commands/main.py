"""The ``gluonport`` command: every command as a subcommand."""

from __future__ import annotations

import click

from gluonport.commands.console import Group
from gluonport.commands.convert import main as convert
from gluonport.commands.demo import demo
from gluonport.commands.inspect import inspect
from gluonport.commands.merge import merge
from gluonport.commands.models import models
from gluonport.commands.predict import predict
from gluonport.commands.publish import main as publish
from gluonport.commands.releases import releases
from gluonport.commands.verify import main as verify


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gluonport")
def main() -> None:
    """Bring Gluon (MXNet) checkpoints to PyTorch, with proof."""


main.add_command(convert, "convert")
main.add_command(demo)
main.add_command(inspect)
main.add_command(merge)
main.add_command(models)
main.add_command(predict)
main.add_command(publish, "publish")
main.add_command(releases)
main.add_command(verify, "verify")
