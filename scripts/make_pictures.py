"""Make the pictures of the documentation, docs/images: a terminal, and the parity report.

    uv run python scripts/make_pictures.py [FOLDER]

terminal.svg             what two commands print, recorded and drawn by rich
parity-report.png        the page that 'verify parity --report' writes of the sample, in Chromium
parity-report-dark.png   the same in dark mode
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from click.testing import CliRunner
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from gluonport.commands.main import main

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "architectures" / "samples" / "gluon_seresnext8_digits.params"
COMMANDS = (
    "convert auto digits.safetensors --from mine.params",
    "verify parity gluon_seresnext8_digits --checkpoint digits.safetensors --report report",
)
WIDTH = 100
SIZE = "1040,860"
TEMPLATE = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""rich's own template without its web fonts: a picture must not fetch anything."""


def terminal() -> str:
    """The drawing of COMMANDS and what they print, run here and now in the present folder."""
    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    for command in COMMANDS:
        words = shlex.split(command)
        done = CliRunner().invoke(main, words, color=True)
        if done.exit_code:
            raise SystemExit(done.output)
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text.from_ansi(done.stdout.rstrip()))
        console.print()
    return console.export_svg(
        title="gluonport", theme=MONOKAI, code_format=TEMPLATE, unique_id="terminal"
    )


def photograph(page: Path, picture: Path, *flags: str) -> None:
    """A picture of the first screen of a page, as Chromium shows it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("no chromium is installed: apt-get install chromium")
    quiet = "--headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run".split()
    with tempfile.TemporaryDirectory() as profile:
        command = [
            chromium, *quiet, f"--user-data-dir={profile}", f"--window-size={SIZE}",
            f"--screenshot={picture}", *flags, page.as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)


def make(folder: Path) -> None:
    """Write all pictures into ``folder``."""
    with tempfile.TemporaryDirectory() as work:
        shutil.copy(SAMPLE, Path(work, "mine.params"))
        os.chdir(work)
        svg = terminal()
        (folder / "terminal.svg").write_text(re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE))
        report = Path(work, "report", "index.html")
        photograph(report, folder / "parity-report.png")
        photograph(report, folder / "parity-report-dark.png", "--force-dark-mode")
        os.chdir(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "docs" / "images")
