"""Every `console` block of the README and of the docs is run and must match, digests apart.

python tests/test_readme.py     rewrites the blocks and the picture with what they are now
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from running import undated

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"```console\n\$ tco (?P<command>[^\n]*)\n(?P<shown>.*?)```", re.DOTALL)
PYTHON = re.compile(r"```pycon\n(?P<session>.*?)```", re.DOTALL)
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


def repeated(block: str, names: dict[str, Any]) -> str:
    """Return a session of Python with what its statements print now, to the same names."""
    out = ""
    for example in doctest.DocTestParser().get_examples(block):
        first, *further = example.source.splitlines()
        out += "".join([f">>> {first}\n", *(f"... {line}\n" for line in further)])
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(example.source, "<docs>", "single"), names)
            except Exception as error:
                if example.exc_msg is None:
                    raise
                kind = type(error)
                name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
                print(f"Traceback (most recent call last):\n    ...\n{name}: {error}")  # noqa: T201
        out += printed.getvalue()
    return out


def session(text: str) -> str:
    """Return a page with its sessions as they run now, one after another, in the root."""
    names: dict[str, Any] = {"__name__": "__docs__"}
    with contextlib.chdir(ROOT):
        return PYTHON.sub(lambda m: f"```pycon\n{repeated(m['session'], names)}```", text)


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


def picture_command() -> list[str]:
    """Return the command that the README gives for its picture, without where it is written."""
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    found = re.search(r"`tco (?P<words>[^`]*) --export svg=docs/frontier.svg`", text)
    assert found is not None
    return shlex.split(found["words"])


def test_the_picture_is_what_its_command_draws(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    picture, made = ROOT / "docs" / "frontier.svg", tmp_path / "frontier.svg"
    run(shlex.join([*picture_command(), "--export", f"svg={made}"]))
    if request.config.getoption("--update-golden"):
        picture.write_bytes(made.read_bytes())
    assert made.read_bytes() == picture.read_bytes()


def test_the_readme_is_a_first_screen_too() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 150
    assert sum(line.startswith("![") for line in lines) == 1


def test_the_pages_show_commands_at_all() -> None:
    assert len([b for b in blocks() if b[0] == "README.md"]) >= 2


def test_commands_pin_the_day_of_their_prices() -> None:
    for page, command, _ in blocks():
        priced = command.split()[0] in {"compare", "breakeven", "sensitivity", "explain"}
        assert not priced or "--as-of" in command, f"{page}: {command}"


def rewrite() -> None:
    run(shlex.join([*picture_command(), "--export", "svg=docs/frontier.svg"]))
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
