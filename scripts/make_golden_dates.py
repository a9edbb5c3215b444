"""Write when each packaged golden was made: the date of the commit that changed it last.

uv run scripts/make_golden_dates.py
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "verify" / "reference"
FOLDERS = ("goldens", "graph_goldens")


def golden_dates() -> dict[str, str]:
    """The date of each golden's last commit, by its folder and name."""
    folders = [str((REFERENCE / folder).relative_to(ROOT)) for folder in FOLDERS]
    command = ["git", "log", "--format=@%as", "--name-only", "--", *folders]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    dates: dict[str, str] = {}
    day = ""
    for line in lines.splitlines():
        if line.startswith("@"):
            day = line[1:]
        elif line.endswith(".npz") and (ROOT / line).exists():
            dates.setdefault("/".join(Path(line).parts[-2:]), day)
    return dict(sorted(dates.items()))


if __name__ == "__main__":
    text = json.dumps(golden_dates(), indent=0) + "\n"
    (REFERENCE / "golden_dates.json").write_text(text)
