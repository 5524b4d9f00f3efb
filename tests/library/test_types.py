"""The types hold from the outside: a program that uses the library is checked strictly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tco

CLIENT = Path(__file__).with_name("client.py")
PACKAGE = Path(tco.__file__).parent


def test_the_package_says_that_it_has_types() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_a_strictly_typed_program_is_checked_against_the_library(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    wanted = {
        number: text.split("# error: ")[1]
        for number, text in enumerate(CLIENT.read_text(encoding="utf-8").splitlines(), 1)
        if "# error: " in text
    }
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"),
            *("--follow-imports=silent", f"--cache-dir={tmp_path}", str(CLIENT)),
        ],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(PACKAGE.parent), "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    found = dict(re.findall(r"client\.py:(\d+): error: (.*)", done.stdout))
    assert {int(line) for line in found} == wanted.keys(), done.stdout
    for line, text in wanted.items():
        assert text in found[str(line)]
