"""Nothing ends in a traceback: our bugs, interrupts, closed pipes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from running import DAY, clean, run

ASK = "tco.analysis.compare.compare"
BASE = ("compare", "--tokens", "50B", *DAY)


def test_our_bug_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(ASK, broken)
    result = run(*BASE)
    assert result.exit_code == 70
    assert result.stderr == (
        "tco: internal error, please report it with the command you typed: "
        "ZeroDivisionError: division by zero\n"
    )
    shown = run(*BASE, env={"TCO_DEBUG": "1"})
    assert shown.exit_code == 70
    assert "Traceback" in shown.stderr


def test_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(ASK, interrupted)
    result = run(*BASE)
    assert (result.exit_code, result.output.strip()) == (130, "")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGPIPE there")
def test_closed_pipe_is_silent() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tco", "compare", "--tokens", "50B", "-q", "-o", "csv"],
        env=clean({"PYTHONPATH": ":".join(sys.path)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr as stderr:
        said = stderr.read()
    assert (process.wait(60), said) == (141, b"")


def test_what_is_left_for_the_end_is_done() -> None:
    code = (
        "import atexit, sys\n"
        "atexit.register(print, 'the end')\n"
        "from tco.__main__ import main\n"
        "sys.argv = ['tco', '--version']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=clean({"PYTHONPATH": ":".join(sys.path)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("the end\n")


def test_escapes_do_not_reach_the_terminal() -> None:
    result = run(*BASE, "--model", "\x1b[31mred")
    assert result.exit_code == 3
    assert "\x1b" not in result.output
    result = run(*BASE, "--option", "a\x1b[31m:kind=fixed,usd_per_month=5")
    assert "\x1b" not in result.output
