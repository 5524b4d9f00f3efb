"""No command touches the network: every test has connections refused; here all are asked."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from running import DAY, ROOT, clean, load_small, run

from tco.cli.app import app

BENCH = ROOT / "tests" / "size" / "files" / "vllm.json"
LOG = ROOT / "tests" / "library" / "months.csv"
ASKED = {
    "compare": ("--tokens", "50B", *DAY),
    "breakeven": DAY,
    "sensitivity": ("--tokens", "50B", *DAY),
    "size": ("llama-3.3-70b", *DAY),
    "plan": ("--tokens", "50B", *DAY),
    "horizon": ("--tokens", "50B", *DAY),
    "explain": ("gpt-4.1", "--tokens", "50B", *DAY),
    "train": ("llama-3.3-70b", "--training-tokens", "10M", *DAY),
    "embed": ("--corpus", "1B", "--params", "0.6B", *DAY),
    "profile": (str(LOG), *DAY),
    "bill": (str(LOG), *DAY),
    "deploy": ("self/llama-3.3-70b", "--tokens", "50B", *DAY),
    "claims": (),
    "render": ("result.json",),
    "diff": ("result.json", "result.json"),
    "init": ("-",),
    "config show": (),
    "import bench": (
        *(str(BENCH), "--gpu", "h100-sxm", "--gpus", "2", "--precision", "fp8"),
        *("--engine", "vLLM", "--dry-run"),
    ),
    "catalog list": DAY,
    "catalog show": ("gpt-4.1", *DAY),
    "catalog history": ("gpt-4.1", *DAY),
    "catalog check": DAY,
    "catalog diff": (str(ROOT / "data"), str(ROOT / "data")),
    "catalog schema": (),
}
ELSEWHERE = {"mcp", "catalog verify", "catalog update"}
"""`mcp` has a test of its own; the other two are about the lists of others."""


def commands() -> Iterator[str]:
    """Return every command there is, with its verb."""
    group: Any = typer.main.get_command(app)
    context = group.context_class(group)
    for name in group.commands:
        inner = getattr(group.get_command(context, name), "commands", None)
        yield from [name] if inner is None else [f"{name} {verb}" for verb in inner]


def test_a_test_cannot_go_out() -> None:
    with pytest.raises(AssertionError, match="go out: create_connection"):
        urllib.request.urlopen("http://192.0.2.1/", timeout=1)  # a name is not even looked up
    with pytest.raises(AssertionError, match="go out: getaddrinfo"):
        socket.getaddrinfo("example.org", 443)
    with socket.socket() as one, pytest.raises(AssertionError, match="go out: connect"):
        one.connect(("127.0.0.1", 9))


@pytest.mark.loopback
def test_one_that_says_so_reaches_this_machine_alone() -> None:
    with socket.socket() as server, socket.socket() as one:
        server.bind(("127.0.0.1", 0))
        server.listen()
        one.connect(server.getsockname())
        with pytest.raises(AssertionError, match="go out: connect"):
            one.connect(("192.0.2.1", 9))


def test_every_command_is_asked() -> None:
    assert {*commands()} == {*ASKED} | ELSEWHERE


@pytest.mark.parametrize("command", ASKED)
def test_a_command_answers_unplugged(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tco.catalog.load.load_catalog", load_small)
    if "result.json" in ASKED[command]:
        run("compare", "--tokens", "5B", *DAY, "--export", "json=result.json")
        assert json.loads(Path("result.json").read_text(encoding="utf-8"))
    done = run(*command.split(), *ASKED[command])
    assert done.exit_code in (0, 1), done.stderr  # 1: findings
    assert "go out" not in done.stderr
    assert done.stdout


def test_the_server_of_tools_starts_unplugged() -> None:
    script = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise AssertionError('somebody wants to go out')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from tco.api.mcp import called\n"
        "assert not called('compare', {'tokens': '5B', 'as_of': '2026-11-21'}).is_error\n"
        "sys.argv = ['tco', 'mcp']\n"
        "from tco.cli.app import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=clean({"PYTHONPATH": str(ROOT / "src")}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
