"""``python -m verify``."""

from verify.command import main

main(prog_name="verify")
