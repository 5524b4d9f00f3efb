"""Prompts and answers are never kept or printed, names of people and keys only as digests."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import CASES, KEY, PERSON, SECRET, lines
from running import run

pytest.importorskip("duckdb")
PLANTED = (SECRET, PERSON, KEY)


def outputs(paths: list[str], folder: Path) -> list[str]:
    """Return everything that the two commands write about some logs."""
    found = []
    to = str(folder / "traffic.yaml")
    for form in ("table", "json"):
        done = run("profile", *paths, "-o", form, "--to", to)
        assert done.exit_code == 0, done.output
        found.append(done.output)
    found.append(Path(to).read_text())
    for by in ("model", "key"):
        done = run("bill", *paths, "-o", "json", "--by", by, "--no-elsewhere")
        assert done.exit_code == 0, done.output
        found.append(done.output)
    found.append(run("bill", *paths, "-o", "focus", "--no-elsewhere").output)
    return found


@pytest.mark.parametrize("name", CASES)
def test_no_planted_text_is_in_any_output(name: str, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for file, text in CASES[name].files.items():
        (logs / file).write_text(text)
    paths = [str(logs / file) for file in CASES[name].files]
    for output in outputs(paths, tmp_path):
        for planted in PLANTED:
            assert planted not in output


def test_nor_where_a_line_is_torn_or_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = CASES["openai-requests"].files["chat.jsonl"]
    path.write_text(
        good
        + lines({"object": "chat.completion", "id": SECRET, "usage": SECRET})
        + '{"x": "'
        + SECRET
    )
    for output in outputs([str(path)], tmp_path):
        assert SECRET not in output


def test_the_folder_of_the_run_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    path = tmp_path / "a.jsonl"
    path.write_text(CASES["openai-requests"].files["chat.jsonl"])
    assert run("profile", str(path)).exit_code == 0
    assert run("bill", str(path)).exit_code == 0
    assert list((tmp_path / "temp").iterdir()) == []
