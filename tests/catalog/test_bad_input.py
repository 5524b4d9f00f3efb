"""What nobody should feed to a check ends in a clear finding: no hang, no traceback, no flood."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from running import ROOT, clean

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
)
OFFER = """\
offers:
  - provider: openai
    model: gpt-4.1
    prices:
      - since: {since}
        checked: 2026-11-20
        usd_per_mtok: {{input: 2, output: 8}}
        {more}
        evidence: [{{source: litellm}}]
"""
FILES = {
    "bomb": (BOMB, "anchor &a"),
    "cycle": ("a: &a\n  b: *a\n", "anchor &a"),
    "date": (OFFER.format(since="2026-02-30", more="status: list"), "a date written YYYY-MM-DD"),
    "currency": (
        OFFER.format(since="2026-01-01", more="currency: {code: EUR, on: 2026-01-01}"),
        "currency.usd: this key is required",
    ),
    "key": ("providers:\n  " + "x" * 1_000_000 + ": {name: X, kind: host}\n", "not YAML"),
    "escape": ('providers:\n  "\\e[31mred": {name: X, kind: host}\n', "control characters"),
    "deep": ("a: " + "[" * 5000 + "]" * 5000, "nested deeper than 50 levels"),
    "binary": ("\x00\x01\x02", "control character"),
    "empty": ("", "the file is empty"),
    "list": ("- 1\n- 2\n", "keys are expected"),
    "nan": (OFFER.format(since="2026-01-01", more="x: .nan"), "not a finite number"),
    "sections": ("offers: {}\nmodels: []\nsources: 3\n", "is expected"),
}


def limit() -> None:
    """Let a process have 1 GB, so that an unbounded reading fails."""
    resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))


def checked(*args: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tco", "catalog", "check", *args, "--as-of", "2026-11-21"],
        env=clean({"PYTHONPATH": str(ROOT / "src"), "OPENBLAS_NUM_THREADS": "1"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=limit if sys.platform == "linux" else None,
    )
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert len(done.stdout) < 100_000
    return done


@pytest.mark.parametrize("name", FILES)
def test_a_finding_and_no_traceback(name: str, tmp_path: Path) -> None:
    text, expected = FILES[name]
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    done = checked(str(path), "-o", "json")
    assert done.returncode == 1, done.stderr
    messages = [f"{f['where']}: {f['message']}" for f in json.loads(done.stdout)["findings"]]
    assert any(expected in message for message in messages), messages[:5]


def test_200_mb_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(200_000_000)
    done = checked(str(path))
    assert done.returncode == 1
    assert "larger than 20 MB" in done.stdout


def test_a_missing_file_does_not_hide_what_is_wrong_with_another(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("- 1\n", encoding="utf-8")
    done = checked(str(tmp_path / "none.yaml"), str(path), "-o", "json")
    found = [f["message"] for f in json.loads(done.stdout)["findings"]]
    assert found == ["no such file or directory", "keys are expected at the top level"]


UPSTREAM = {
    "not json": ("{", "not JSON"),
    "nan": ('{"m": {"input_cost_per_token": NaN}}', "NaN is not a number"),
    "deep": ('{"m": ' + "[" * 100_000 + "]" * 100_000 + "}", "not JSON"),
    "digits": ('{"m": {"input_cost_per_token": ' + "9" * 10_000 + "}}", "not JSON"),
    "no rows": ('{"m": {"mode": "chat"}}', "no row of it has a price"),
    "text": ('"x"', "not litellm's map"),
    "two": ("{} {}", "more than one value"),
    "latin": ('{"m": "\xe9"}', "not UTF-8"),
}


@pytest.mark.parametrize("name", UPSTREAM)
def test_an_upstream_file_that_is_none(name: str, tmp_path: Path) -> None:
    text, expected = UPSTREAM[name]
    path = tmp_path / "bad.json"
    path.write_bytes(text.encode("latin-1"))
    done = checked("--also", "litellm", str(path), "-o", "json")
    assert done.returncode == 1, done.stderr
    (found,) = json.loads(done.stdout)["findings"]
    assert expected in found["message"]
    assert found["rule"] == "TCO001"


def test_names_of_an_upstream_file_cannot_drive_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    row = {"input_cost_per_token": 1.0, "mode": "chat"}
    path.write_text(json.dumps({"\x1b[31mred\n::error::x": row, "y" * 100_000: row}))
    for how in ("table", "github", "md"):
        done = checked("--also", "litellm", str(path), "-o", how)
        assert done.returncode == 1
        assert "\n::error::x" not in done.stdout
