"""``python -m convert``."""

from convert.command import main

main(prog_name="convert")
