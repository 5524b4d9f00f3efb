"""Every `console` block of the README and of the docs is run and must match, digests apart.

python tests/test_readme.py     rewrites the blocks with what the commands print now
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from running import undated

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```console\n\$ tco (?P<command>[^\n]*)\n(?P<shown>.*?)```", re.DOTALL)
WIDTH = "80"


def run(command: str) -> str:
    """Return what a command says on both streams, and its exit code when it is not 0."""
    import os
    import subprocess

    environment = {**os.environ, "COLUMNS": WIDTH, "NO_COLOR": "1", "TCO_CONFIG": ""}
    environment.pop("TCO_FORMAT", None)
    done = subprocess.run(
        [sys.executable, "-m", "tco", *shlex.split(command)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout + (f"[exit {done.returncode}]\n" if done.returncode else "")


def blocks() -> list[tuple[str, str, str]]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        found += [(page.name, m["command"], m["shown"]) for m in BLOCK.finditer(text)]
    return found


@pytest.mark.parametrize(
    ("page", "command", "shown"), blocks(), ids=[f"{p}: {c}" for p, c, _ in blocks()]
)
def test_a_block_shows_what_its_command_says(page: str, command: str, shown: str) -> None:
    assert undated(run(command)) == undated(shown), f"{page}: see above"


def test_the_pages_show_commands_at_all() -> None:
    assert len([b for b in blocks() if b[0] == "README.md"]) >= 4


def test_commands_pin_the_day_of_their_prices() -> None:
    for page, command, _ in blocks():
        priced = command.split()[0] in {"compare", "breakeven", "sensitivity", "explain"}
        assert not priced or "--as-of" in command, f"{page}: {command}"


def rewrite() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        page.write_text(BLOCK.sub(played, text), encoding="utf-8")


def played(block: re.Match[str]) -> str:
    """Return a block with what its command says now; as it was if only the digest is another."""
    said = run(block["command"])
    if undated(said) == undated(block["shown"]):
        return block[0]
    return f"```console\n$ tco {block['command']}\n{said}```"


if __name__ == "__main__":
    rewrite()
