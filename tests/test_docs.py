"""The pages: generated ones are in step with the code, all are in the index, links work."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tco.cli.mend import mended

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GENERATORS = sorted(DOCS.glob("*.py"))
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)(?P<target>[^)\s]+)\)")


def generator(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", GENERATORS, ids=lambda path: path.stem)
def test_a_page_is_what_the_code_says(path: Path, request: pytest.FixtureRequest) -> None:
    made, page = generator(path).page(), path.with_suffix(".md")
    if request.config.getoption("--update-golden"):
        page.write_text(made, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == made, f"run python docs/{path.name}"


def test_there_are_generators() -> None:
    assert {"commands", "formulas"} <= {path.stem for path in GENERATORS}


def index() -> list[list[str]]:
    """Return the rows of the index: question, command, pages."""
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return rows[1:]


def test_every_page_answers_a_question_of_the_index() -> None:
    listed = {target for row in index() for target in LINK.findall(row[-1])}
    pages = {page.name for page in DOCS.glob("*.md")} - {"README.md"}
    assert {name for name in listed if "/" not in name} == pages
    assert all(row[0].endswith("?") for row in index())


def test_commands_of_the_index_are_ones() -> None:
    typed = [row[1].strip("`") for row in index() if row[1].startswith("`tco ")]
    assert len(typed) >= 18
    for command in typed:
        words = shlex.split(command)[1:]
        assert mended(words) == words, command


def anchors(page: Path) -> set[str]:
    """Return the headings of a page as links name them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in LINK.finditer(text):
        path, _, anchor = link["target"].partition("#")
        there = page if not path else (page.parent / path).resolve()
        assert there.exists(), f"{page.name}: {link['target']}"
        assert not anchor or anchor in anchors(there), f"{page.name}: {link['target']}"


def test_every_finding_can_be_run_and_is_in_the_table() -> None:
    """Git keeps the run bit; three scripts were committed without."""
    scripts = sorted((ROOT / "findings").glob("*.sh"))
    table = (ROOT / "findings" / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE))
    assert scripts and {path.stem for path in scripts} == listed
    assert not [path.name for path in scripts if not os.access(path, os.X_OK)]
