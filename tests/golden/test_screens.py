"""Whole screens at 80 columns, on a small catalog that changes only when a test needs it.

`pytest --update-golden` rewrites them; read their diff as a user would read the screen.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from running import DAY, load_small, run, undated

SCREENS = Path(__file__).parent / "screens"

CASES = {
    "compare": "compare --tokens 50B",
    "compare-all": "compare --tokens 200B --model llama-3.3-70b --all --top 4",
    "compare-csv": "compare --tokens 50B -o csv",
    "compare-fields": "compare --tokens 50B --fields rank,id,hardware,gpus,monthly_usd --sort id",
    "compare-given": "compare --users 10k --cached 40% --fte 0.5 --set serving.headroom=90%"
    " --option mine:kind=fixed,usd_per_month=5000,capacity=20B",
    "compare-md": "compare --tokens 50B -o md",
    "compare-nothing": "compare --tokens 50B --model kimi-k3 --tier self",
    "breakeven": "breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B",
    "breakeven-never": "breakeven deepinfra/llama-3.3-70b self/llama-3.3-70b",
    "breakeven-table": "breakeven",
    "breakeven-table-md": "breakeven -o md",
    "config": "config show --top 20",
    "config-origin": "config show --cached 40% --set own.pue=1.3 --fte 0.5 --origin --top 24",
    "config-origin-md": "config show --model gpt-4.1 --origin -o md --top 8",
    "deploy": "deploy self/llama-3.3-70b@2xh100-sxm --tokens 50B",
    "deploy-api": "deploy gpt-4.1 --tokens 50B",
    "deploy-sglang": "deploy self/gpt-oss-120b --tokens 200B --engine sglang",
    "explain-api": "explain gpt-4.1 --tokens 50B",
    "explain-self": "explain self/llama-3.3-70b --tokens 50B",
    "help": "--help",
    "help-compare": "compare --help",
    "sensitivity": "sensitivity gpt-4.1 self/llama-3.3-70b --tokens 10B",
    "wrong-model": "compare --tokens 50B --model gtp-4.1",
    "wrong-option": "compare --tokens 50m",
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command read the small catalog."""
    monkeypatch.setattr("tco.catalog.load.load_catalog", load_small)


def played(command: str) -> str:
    """Return what a terminal shows: the command, its answer, its messages, its exit code."""
    words = shlex.split(command)
    asks = "--help" not in words
    result = run(*words, *(DAY if asks else ()))
    said = f"$ tco {command}\n{result.stdout}"
    if result.stderr:
        said += f"[stderr]\n{result.stderr}"
    return said + (f"[exit {result.exit_code}]\n" if result.exit_code else "")


@pytest.mark.parametrize("name", CASES)
def test_screen(name: str, request: pytest.FixtureRequest) -> None:
    path = SCREENS / f"{name}.txt"
    shown = undated(played(CASES[name]))
    if request.config.getoption("--update-golden"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def test_no_screen_is_left_over() -> None:
    assert {path.stem for path in SCREENS.glob("*.txt")} == CASES.keys()
