"""`tco mcp` with a real client over stdio: the tools, their figures, and what they refuse."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import jsonschema_rs
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from running import ROOT, clean, shell

import tco
from tco.api.mcp import TOOLS
from tco.errors import install_command

DAY = "2026-11-21"
SERVER = StdioServerParameters(
    command=sys.executable, args=["-m", "tco", "mcp"], env=clean({"PYTHONPATH": str(ROOT / "src")})
)
Talk = Callable[[Client], Awaitable[Any]]


def talk(what: Talk, mode: str = "auto") -> Any:
    """Return what comes of a conversation with a server of its own."""

    async def conversation() -> Any:
        with open(os.devnull, "w", encoding="utf-8") as quiet:  # noqa: PTH123
            async with Client(stdio_client(SERVER, errlog=quiet), mode=mode) as client:
                return await what(client)

    return anyio.run(conversation)


MONTHS = str(Path(__file__).parents[1] / "library" / "months.csv")

CALLS: dict[str, tuple[str, dict[str, Any], str]] = {
    "bill": ("bill", {"logs": MONTHS, "invoice": 5}, f"bill {MONTHS} --invoice 5"),
    "compare": ("compare", {"tokens": "50B"}, "compare --tokens 50B"),
    "compare narrowed": (
        "compare",
        {"tokens": 5e10, "model": ["llama-3.3-70b"], "set": {"serving.headroom": 0.9}, "top": 3},
        "compare --tokens 50B --model llama-3.3-70b --set serving.headroom=0.9 --top 3",
    ),
    "breakeven": (
        "breakeven",
        {"a": "gpt-4.1", "b": "self/llama-3.3-70b", "growth": "5%", "tokens": "1B"},
        "breakeven gpt-4.1 self/llama-3.3-70b --growth 5% --tokens 1B",
    ),
    "overview": ("breakeven", {"against": "gpt-4.1"}, "breakeven --against gpt-4.1"),
    "size": (
        "size",
        {"model": "llama-3.3-70b", "gpu": "h100-sxm", "slo": {"tpot": "40ms"}},
        "size llama-3.3-70b --gpu h100-sxm --slo tpot=40ms",
    ),
    "explain": (
        "explain",
        {"name": "self/llama-3.3-70b", "requests": "20 req/s"},
        "explain self/llama-3.3-70b --requests '20 req/s'",
    ),
}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """Return what the server says to each call, in one conversation."""

    async def ask(client: Client) -> dict[str, Any]:
        return {
            name: await client.call_tool(tool, {**said, "as_of": DAY})
            for name, (tool, said, _) in CALLS.items()
        }

    answers: dict[str, Any] = talk(ask)
    return answers


def test_the_tools_are_described_and_typed() -> None:
    async def ask(client: Client) -> Any:
        return (await client.list_tools()).tools, client.instructions

    tools, instructions = talk(ask)
    assert (
        [tool.name for tool in tools]
        == [*TOOLS]
        == [*("compare", "breakeven", "size", "explain", "bill")]
    )
    assert "own GPUs" in instructions
    for tool in tools:
        jsonschema_rs.meta.validate(tool.input_schema)
        assert tool.input_schema["additionalProperties"] is False
        assert len(tool.description) > 80
        for parameter in tool.input_schema["properties"].values():
            assert parameter["description"] and parameter["type"]
        assert not {"file", "catalog", "measured"} & tool.input_schema["properties"].keys()
        assert tool.annotations.read_only_hint
    for tool, said, _ in CALLS.values():
        schema = next(t.input_schema for t in tools if t.name == tool)
        jsonschema_rs.validate(schema, said)


def cell(value: Any) -> str:
    """Return a value as CSV has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


@pytest.mark.parametrize("name", CALLS)
def test_figures_are_those_of_the_command(name: str, told: dict[str, Any]) -> None:
    answer = told[name]
    assert not answer.is_error
    command = [*shlex.split(CALLS[name][2]), "--as-of", DAY, "-q", "--format"]
    figures = answer.structured_content
    assert figures["schema"] == json.loads(shell(*command, "json").stdout)["schema"]
    rows = [*csv.DictReader(io.StringIO(shell(*command, "csv").stdout.decode()))]
    assert figures["rows"]
    for row in figures["rows"]:
        said = {key: cell(value) for key, value in row.items()}
        assert any(said.items() <= other.items() for other in rows), said
    assert answer.content[0].text == shell(*command, "llm").stdout.decode()


def test_answers_are_short(told: dict[str, Any]) -> None:
    for name, answer in told.items():
        assert len(answer.content[0].text.encode()) <= 4 * 400, name
    assert len(told["compare narrowed"].structured_content["rows"]) == 3
    assert told["compare narrowed"].structured_content["more_rows"] > 0


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "quantity": ("compare", {"tokens": "50m"}, "tokens: 50m: 'm' could mean milli or million"),
    "argument": ("compare", {"tokns": "5B"}, "compare: no option called 'tokns'; did you mean tok"),
    "files": ("compare", {"tokens": "5B", "file": "/etc/passwd"}, "no option called 'file'"),
    "type": ("compare", {"tokens": ["5B"]}, "tokens: ['5B']: a number is expected"),
    "top": ("compare", {"tokens": "5B", "top": 0}, "top: 0: must be 1 or more"),
    "no volume": (
        "explain",
        {"name": "gpt-4.1"},
        'how many tokens a month? for example tokens="50B"',
    ),
    "model": ("size", {"model": "lama-3.3-70b"}, "no model called 'lama-3.3-70b'; did you mean"),
    "missing": ("size", {}, "size: which model? An open model, such as llama-3.3-70b."),
    "no logs": ("bill", {}, "bill: which logs? A file, folder or pattern"),
    "infeasible": (
        "compare",
        {"tokens": "5B", "model": "llama-3.3-70b", "tier": "self", "gpu": "l4", "set": "a.b=1"},
        "no setting called 'a.b'",
    ),
    "tool": (
        "plan",
        {},
        "no tool called 'plan'; there are compare, breakeven, size, explain, bill",
    ),
}


def test_what_is_wrong_is_an_error_of_one_line_and_the_server_lives_on() -> None:
    async def ask(client: Client) -> Any:
        found = {
            name: await client.call_tool(tool, said) for name, (tool, said, _) in REFUSED.items()
        }
        return found, await client.call_tool("compare", {"tokens": "5B", "as_of": DAY})

    answers, after = talk(ask, mode="legacy")
    for name, (_, _, text) in REFUSED.items():
        assert answers[name].is_error, name
        (content,) = answers[name].content
        assert text in content.text
        assert "\n" not in content.text
    assert not after.is_error


def test_nothing_but_protocol_is_on_stdout() -> None:
    asked = [
        {
            "method": "initialize",
            "id": 1,
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "0"},
            },
        },
        {"method": "notifications/initialized"},
        {
            "method": "tools/call",
            "id": 2,
            "params": {"name": "compare", "arguments": {"tokens": "50B", "as_of": DAY}},
        },
    ]
    server = subprocess.Popen(
        [sys.executable, "-m", "tco", "mcp"],
        env=SERVER.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    lines = []
    for one in asked:
        server.stdin.write(json.dumps({"jsonrpc": "2.0", **one}) + "\n")
        server.stdin.flush()
        if "id" in one:
            lines.append(server.stdout.readline())
    rest, messages = server.communicate(timeout=60)
    assert [json.loads(line)["id"] for line in lines] == [1, 2]
    assert rest == ""
    assert "Traceback" not in messages
    assert server.returncode == 0


def test_without_the_package_the_command_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['mcp'] = None; sys.argv = ['tco', 'mcp'];"
        "from tco.cli.app import run; run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=SERVER.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    how = install_command("mcp")
    assert done.stderr == f"tco: tco mcp needs the package mcp: {how}\n"


def test_the_server_is_loaded_by_no_other_command() -> None:
    script = (
        "import sys; sys.argv = ['tco', 'compare', '--tokens', '5B', '-q', '--format', 'json'];"
        "from tco.cli.app import app; app(standalone_mode=False);"
        "print([m for m in ('mcp', 'anyio', 'tco.api') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=SERVER.env, capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"
    assert tco.__version__
