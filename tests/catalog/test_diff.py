"""`tco catalog diff`: what moved, and which answers change because of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from running import ROOT, published, run

from tco.analysis.diff.catalogs import catalog_diff, moved
from tco.catalog.editions import edition
from tco.catalog.load import Catalog
from tco.errors import DataError

DAY = date(2026, 11, 21)
SMALL = Path(__file__).parents[1] / "golden" / "catalog"
CHEAP = """\
sources:
  list: {title: A list, read: 2026-11-20, where: list.json}
offers:
  - provider: openai
    model: gpt-4.1
    prices:
      - since: 2026-11-20
        checked: 2026-11-20
        usd_per_mtok: {input: 0.001, output: 0.001}
        evidence: [{source: list, input: 0.001, output: 0.001}]
"""


@pytest.fixture
def cheap(tmp_path: Path) -> Path:
    path = tmp_path / "cheap.yaml"
    path.write_text(CHEAP, "utf-8")
    return path


def test_a_catalog_does_not_differ_from_itself(catalog: Catalog) -> None:
    same = edition(None)
    assert list(moved(same, same, DAY)) == []
    result = catalog_diff(same, same, ("a", "b"), DAY, [1e10])
    assert result.answers_changed == 0
    assert result.warnings == ()
    assert {w.tier for w in result.winners} == {"any", "api", "hosted", "self"}
    assert result.crossings


def test_a_price_that_moves_changes_its_answers(cheap: Path) -> None:
    result = catalog_diff(edition(None), edition(str(cheap)), ("a", "b"), DAY, [1e10])
    by_field = {m.field: m for m in result.moved if m.record == "openai/gpt-4.1"}
    others = {m.record for m in result.moved} - {"openai/gpt-4.1"}
    assert others == set()  # crazyrouter's discount is one on the list price, and stays
    assert by_field["input"].ratio == pytest.approx(0.001 / 2)
    won = {w.tier: w for w in result.winners}
    assert won["api"].after in ("openai/gpt-4.1", won["api"].before)
    assert result.a == "a"


def test_rents_and_hardware_and_assumptions_are_held_too(tmp_path: Path) -> None:
    for path in SMALL.iterdir():
        shutil.copy(path, tmp_path / path.name)
    old = edition(str(tmp_path))
    text = (tmp_path / "hardware.yaml").read_text("utf-8")
    assert "bandwidth_gb_per_s: 3350" in text
    changed = text.replace("bandwidth_gb_per_s: 3350", "bandwidth_gb_per_s: 3352")
    (tmp_path / "hardware.yaml").write_text(changed, "utf-8")
    found = list(moved(old, edition(str(tmp_path)), DAY))
    assert {(m.section, m.field, m.before, m.after) for m in found} == {
        ("accelerators", "bandwidth_gb_per_s", "3350", "3352")
    }


def test_what_came_and_went_is_said(cheap: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.yaml"
    more.write_text(CHEAP.replace("gpt-4.1", "gpt-oss-20b"), "utf-8")
    came = list(moved(edition(None), edition(str(more)), DAY))
    assert [(m.kind, m.record, m.before, m.after) for m in came] == [
        ("added", "openai/gpt-oss-20b", None, "0.001 / 0.001")
    ]
    went = list(moved(edition(str(more)), edition(None), DAY))
    assert [m.kind for m in went] == ["removed"]


def test_the_command(cheap: Path) -> None:
    whole = str(ROOT / "data")
    args = ("catalog", "diff", whole, str(cheap), "--as-of", "2026-11-21", "--tokens", "10B")
    result = run(*args)
    assert result.exit_code == 0, result.output
    assert "openai/gpt-4.1" in result.stdout
    document = json.loads(run(*args, "-o", "json").stdout)
    published("catalog-diff").validate(document)
    expected = 1 if document["answers_changed"] else 0
    assert run(*args, "--fail-on-change").exit_code == expected
    assert "**What moved**" in run(*args, "-o", "md").stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with an overlay in two versions; its prices are near the list's."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@x.example"]
    subprocess.run([*git, "init", "-q"], check=True)
    path = tmp_path / "tco-prices.yaml"
    for usd in ("1", "2"):
        text = CHEAP.replace("0.001", usd)
        path.write_text(text, "utf-8")
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", "prices"], check=True)
    return tmp_path


def test_git_revisions(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    name = "tco-prices.yaml"
    asked = ("--as-of", "2026-11-21", "--tokens", "10B", "-o", "json")
    result = run("catalog", "diff", f"HEAD~1:{name}", name, *asked)
    assert result.exit_code == 0, result.output
    moves = [m for m in json.loads(result.stdout)["moved"] if m["record"] == "openai/gpt-4.1"]
    assert [m["ratio"] for m in moves] == [2.0, 2.0]
    found = run("catalog", "check", name, "--base", "HEAD~1", "--as-of", "2026-11-21", "-o", "json")
    assert found.exit_code == 1
    names = {f["name"] for f in json.loads(found.stdout)["findings"] if f["severity"] == "error"}
    assert "changed-without-window" in names
    same = run("catalog", "check", name, "--base", "HEAD", "--as-of", "2026-11-21")
    assert same.exit_code == 0


@pytest.mark.parametrize("spec", ["no-such-thing", "--help", "HEAD:none.yaml", "x\0y", "-x:y.yaml"])
def test_what_is_no_catalog_is_refused(
    spec: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    with pytest.raises(DataError):
        edition(spec)
