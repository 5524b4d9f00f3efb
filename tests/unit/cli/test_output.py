"""Formats, exports, colour and encodings."""

from __future__ import annotations

import csv
import json
import re
import stat
from io import StringIO
from pathlib import Path

import pytest
from running import DAY, published, run, schema_file, shell

BASE = ("compare", "--tokens", "50B", *DAY)
COMMANDS = {
    "compare": BASE,
    "breakeven": ("breakeven", "gpt-4.1", "self/llama-3.3-70b", *DAY),
    "breakeven-table": ("breakeven", *DAY),
    "sensitivity": ("sensitivity", "--tokens", "50B", *DAY),
    "explain": ("explain", "self/llama-3.3-70b", "--tokens", "50B", *DAY),
}
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("name", COMMANDS)
def test_json_follows_its_schema(name: str) -> None:
    result = run(*COMMANDS[name], "-o", "json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    published(name).validate(document)
    # Amounts in dollars alone have no other money beside them.
    assert document.keys() == schema_file(name)["properties"].keys() - {"currency"}
    assert next(iter(document)) == "schema"


@pytest.mark.parametrize("name", COMMANDS)
def test_all_formats(name: str) -> None:
    for kind in ("table", "md", "csv", "json"):
        result = run(*COMMANDS[name], "-o", kind)
        assert result.exit_code == 0, result.output
        assert "\x1b" not in result.output
    rows = list(csv.DictReader(StringIO(run(*COMMANDS[name], "-o", "csv").stdout)))
    assert rows
    assert all(None not in row.values() for row in rows)


@pytest.mark.parametrize("name", COMMANDS)
def test_colour_changes_nothing_else(name: str) -> None:
    plain = run(*COMMANDS[name], "-q")
    coloured = run(*COMMANDS[name], "-q", "--color", "always")
    assert "\x1b" in coloured.stdout
    assert ESCAPE.sub("", coloured.stdout) == plain.stdout
    assert all(len(line) <= 80 for line in plain.stdout.splitlines()), plain.stdout


def test_when_there_is_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    from tco.render.output import in_colour

    class Tty(StringIO):
        def isatty(self) -> bool:
            return True

    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert in_colour(Tty())
    assert not in_colour(StringIO())
    assert in_colour(StringIO(), "always")
    assert not in_colour(Tty(), "never")
    monkeypatch.setenv("TERM", "dumb")
    assert not in_colour(Tty())
    monkeypatch.delenv("TERM")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not in_colour(Tty())
    assert in_colour(Tty(), "always")


def test_fields_in_every_format() -> None:
    fields = ("--fields", "id,monthly_usd", "--top", "2")
    rows = json.loads(run(*BASE, *fields, "-o", "json").stdout)["options"]
    assert [list(row) for row in rows] == [["id", "monthly_usd"]] * 2
    text = run(*BASE, *fields, "-o", "csv").stdout
    assert text.splitlines()[0] == "id,monthly_usd"
    assert float(text.splitlines()[1].split(",")[1]) == rows[0]["monthly_usd"]
    assert "tier" not in run(*BASE, *fields).stdout.splitlines()[4]
    nested = json.loads(run(*BASE, "--fields", "id,lines", "-o", "json").stdout)["options"]
    assert nested[0]["lines"]


def test_sort_and_top() -> None:
    rows = json.loads(run(*BASE, "--sort", "id", "-o", "json").stdout)["options"]
    assert [r["id"] for r in rows] == sorted(r["id"] for r in rows)
    costs = [r["monthly_usd"] for r in json.loads(run(*BASE, "-o", "json").stdout)["options"]]
    known = [c for c in costs if c is not None]
    assert known == sorted(known)
    assert costs[len(known) :] == [None] * (len(costs) - len(known))


def test_exports(tmp_path: Path) -> None:
    exports = [f"--export={kind}={tmp_path / kind}" for kind in ("json", "csv", "md", "table")]
    result = run(*BASE, "-q", *exports)
    assert result.exit_code == 0
    assert json.loads((tmp_path / "json").read_text())["schema"] == "tco.compare/1"
    assert (tmp_path / "table").read_text() == result.stdout
    assert (tmp_path / "md").read_text() == run(*BASE, "-q", "-o", "md").stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == ["csv", "json", "md", "table"]
    assert not (tmp_path / "json").stat().st_mode & stat.S_IXUSR


def test_export_that_cannot_be_written_is_said_last(tmp_path: Path) -> None:
    good = tmp_path / "good.json"
    result = run(*BASE, "-q", "--export", f"md={tmp_path}/no/such.md", "--export", f"json={good}")
    assert result.exit_code == 2
    assert result.stdout == run(*BASE, "-q").stdout
    assert result.stderr == f"tco: --export: {tmp_path}/no/such.md: no such file or directory\n"
    assert good.exists()
    result = run(*BASE, "-q", "--export", f"md={tmp_path}")
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == [good]


def test_warnings_are_on_stderr_and_can_be_silenced() -> None:
    noisy, quiet = run(*COMMANDS["breakeven"]), run(*COMMANDS["breakeven"], "-q")
    assert noisy.stdout == quiet.stdout
    assert noisy.stderr.startswith("tco: note: ")
    assert quiet.stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_any_encoding(encoding: str) -> None:
    for kind in ("table", "json"):
        env = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
        result = shell(*BASE, "-o", kind, env=env)
        assert result.returncode == 0, result.stderr
        assert b"Traceback" not in result.stderr
        text = result.stdout.decode(encoding)
        assert kind == "table" or json.loads(text)["verdict"]


def test_narrow_screen_cuts_no_id() -> None:
    result = run(*BASE, "--all", "--top", "40", "-q", env={"COLUMNS": "60"})
    joined = re.sub(r"\n\s+", "", result.stdout)
    ids = [r["id"] for r in json.loads(run(*BASE, "--all", "-o", "json").stdout)["options"][:5]]
    lines = result.stdout.replace(" ", "").replace("\n", "")
    for name in ids:
        last = name.split("/")[-1].split("@")[0]
        assert last in joined or last in lines
