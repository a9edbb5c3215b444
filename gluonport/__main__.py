"""``python -m gluonport``."""

from gluonport.commands.main import main

main(prog_name="gluonport")
