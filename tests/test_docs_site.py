"""The site of the documentation: every page is in it, and its links lead somewhere."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.support.docs_pages import ROOT

NAVIGATION = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(NAVIGATION) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def test_pages_link_only_within_the_site_or_to_the_web() -> None:
    for page in (ROOT / "docs").glob("*.md"):
        for link in re.findall(r"\]\(([^)\s]+)", page.read_text()):
            assert not link.startswith(("../", "/")), f"{page.name}: {link}"


@pytest.mark.exhaustive
def test_a_link_to_nothing_fails_the_strict_build(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copytree(ROOT / "gluonport", folder / "gluonport")
    index = folder / "docs" / "index.md"
    index.write_text(index.read_text() + "\n[nowhere](nothing.md)\n")
    build = ["uv", "run", "--group", "docs", "zensical", "build", "--strict"]
    build += ["--config-file", str(folder / "mkdocs.yml")]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0 and "1 issue" in done.stdout + done.stderr, done.stdout
