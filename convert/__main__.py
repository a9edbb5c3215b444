"""``python -m convert``."""

from gluonport.commands.convert import main

main(prog_name="convert")
