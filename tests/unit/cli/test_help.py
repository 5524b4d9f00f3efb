"""Help begins with examples, costs nothing but typer, and its examples work."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest
from running import DAY, clean, run, shell

from tco.catalog.benches.formats import FORMATS, tools
from tco.cli.app import COMMANDS as NAMES

COMMANDS = ("compare", "breakeven", "sensitivity", "explain")
HEAVY = (
    "numpy",
    "pydantic",
    "yaml",
    "rich",
    "tco.analysis",
    "tco.options",
    "tco.catalog",
    "tco.render",
)


def examples(command: str) -> list[str]:
    text = run(command, "--help").stdout
    # A word about what it answers may stand after a gap.
    return re.findall(rf"^    tco ({command}.*?)(?: {{3,}}.*)?$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_begins_with_examples(command: str) -> None:
    text = run(command, "-h").stdout
    assert text == run(command, "--help").stdout
    assert text.index("\n    tco ") < text.index("--tokens N")
    assert len(examples(command)) >= 3
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_are_understood(command: str) -> None:
    for example in examples(command):
        result = run(*shlex.split(example), *DAY)
        # The small catalog lacks some of the names; nothing else may be wrong with them.
        assert result.exit_code in (0, 3), result.output
        assert result.exit_code == 0 or "called" in result.stderr


@pytest.mark.parametrize("command", NAMES)
def test_every_command_has_help(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0, result.output
    assert "\n    tco " in result.stdout


def test_root_help() -> None:
    text = run("--help").stdout
    assert all(f"  {name} " in text for name in NAMES)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert run("-h").stdout == text
    assert run("--version").stdout.startswith("tco 0.")


@pytest.mark.parametrize("args", [["--help"], ["compare", "--help"], ["--version"]])
def test_help_imports_only_typer(args: list[str]) -> None:
    code = (
        "import sys\n"
        "from tco.cli.app import app\n"
        "try:\n    app()\n"
        "except SystemExit:\n    pass\n"
        "print(*sys.modules, sep='\\n', file=sys.stderr)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *args],
        env=clean({"PYTHONPATH": ":".join(sys.path)}),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(result.stderr.splitlines())
    assert "typer" in loaded
    assert not [name for name in HEAVY if name in loaded]


def test_a_pipe_does_not_import_rich() -> None:
    code = (
        "import sys\n"
        "from tco.cli.app import app\n"
        "try:\n    app()\n"
        "except SystemExit:\n    pass\n"
        "assert 'rich' not in sys.modules\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "compare", "--tokens", "50B"],
        env=clean({"PYTHONPATH": ":".join(sys.path)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["compre"], "no command called 'compre'; did you mean compare? try: tco compare"),
        (["catalog", "lst"], "no command called 'lst'; did you mean list? try: tco catalog list"),
        (
            ["compare", "--tokns", "5B"],
            "no option called '--tokns'; did you mean --tokens? try: tco compare --tokens 5B",
        ),
        (["size", "--token", "5B"], "no option called '--token'; see tco size --help"),
        (
            ["compare", "--tokens"],
            "--tokens needs a value: N, tokens a month, input and output: 50B, 500M/day",
        ),
        (
            ["compare", "--private=no"],
            "option '--private' does not take a value; see tco compare --help",
        ),
        (["compare", "x"], "'x' is no volume; see tco compare --help"),
        (
            ["explain"],
            "missing argument 'OPTION'; for example: tco explain openai/gpt-4.1 --tokens 50B",
        ),
        (["--vrsion"], "no option called '--vrsion'; did you mean --version? try: tco --version"),
        (["compare", "--\x1b[31m"], "no option called '--?[31m'; see tco compare --help"),
    ],
)
def test_wrong_usage_is_one_line(args: list[str], words: str) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"tco: {words}\n"


def test_module_runs() -> None:
    result = shell("--version")
    assert (result.returncode, result.stdout.split()[0]) == (0, b"tco")


def test_import_names_every_tool_whose_files_are_read() -> None:
    told = " ".join(run("import", "bench", "--help").stdout.split()).replace("- ", "-")
    assert all(name in told for name in tools())
    assert {form.tool for form in FORMATS} - {"vllm bench"} <= {*tools()}
