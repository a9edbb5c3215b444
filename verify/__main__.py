"""``python -m verify``."""

from gluonport.commands.verify import main

main(prog_name="verify")
