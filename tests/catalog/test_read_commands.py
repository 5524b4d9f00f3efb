"""`tco catalog list`, `show`, `history` and `schema`: what people look up."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import jsonschema_rs
import pytest
from running import DAY, SCHEMA, published, run

CONTRACT = """\
sources:
  contract: {title: Contract, read: 2026-11-01, where: drawer}
offers:
  - provider: openai
    model: gpt-4.1
    prices:
      - since: 2026-06-01
        checked: 2026-11-20
        usd_per_mtok: {input: 1.5, output: 6}
        evidence: [{source: contract, input: 1.5, output: 6}]
"""


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TCO_CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "contract.yaml"
    path.write_text(CONTRACT, "utf-8")
    return path


def document(*args: str) -> dict[str, object]:
    result = run("catalog", *args, *DAY, "-o", "json")
    assert result.exit_code == 0, result.output
    made: dict[str, object] = json.loads(result.stdout)
    return made


@pytest.mark.parametrize(
    ("args", "name"),
    [
        (("list", "--model", "gpt-4.1"), "list"),
        (("show", "gpt-4.1"), "show"),
        (("show", "h100-sxm"), "show"),
        (("show", "together"), "show"),
        (("show", "lambda"), "show"),
        (("show", "openai/gpt-4.1"), "show"),
        (("history", "gpt-4o"), "history"),
    ],
)
def test_json_follows_its_schema(args: tuple[str, ...], name: str) -> None:
    published(f"catalog-{name}").validate(document(*args))


def test_list_filters_and_sorts() -> None:
    args = ("--weights", "open", "--provider", "together", "--sort", "output", *DAY, "-o", "csv")
    rows = list(csv.DictReader(StringIO(run("catalog", "list", *args).stdout)))
    assert {row["provider"] for row in rows} == {"together"}
    assert {row["weights"] for row in rows} == {"open"}
    prices = [float(row["output"]) for row in rows if row["output"]]
    assert prices == sorted(prices)
    assert len(rows) > 5


def test_list_on_another_day() -> None:
    then = run("catalog", "list", "--model", "gpt-4", "--as-of", "2023-11-30", "-o", "csv").stdout
    assert "openai/gpt-4,openai,gpt-4,closed,30" in then
    now = run("catalog", "list", "--model", "gpt-4", *DAY, "-o", "csv").stdout
    assert "openai/gpt-4," not in now
    gone = run("catalog", "list", "--model", "gpt-4", "--gone", *DAY, "-o", "csv").stdout
    assert "openai/gpt-4," in gone


def test_an_overlay_is_named_as_the_origin(overlay: Path) -> None:
    args = ("--model", "gpt-4.1", "--catalog", str(overlay))
    (row, *_) = [o for o in document("list", *args)["offers"] if o["provider"] == "openai"]  # type: ignore[attr-defined]
    assert (row["input"], row["origin"]) == (1.5, str(overlay))
    shown = run("catalog", "list", *args, *DAY).stdout
    assert any(line.split() == ["offer", "file"] for line in shown.splitlines())
    assert "contract.yaml" in shown
    head = run("catalog", "show", "openai/gpt-4.1", "--catalog", str(overlay), *DAY).stdout
    assert "contract.yaml" in " ".join(head.split())
    assert "data/prices.yaml" in run("catalog", "show", "openai/gpt-4.1", *DAY).stdout


def test_show_names_sources_of_every_price() -> None:
    text = run("catalog", "show", "openai/gpt-4o", *DAY).stdout
    assert "2024-05-13  2024-10-02" in text
    assert "Sources" in text
    assert "genai-prices 0.2.3" in text


def test_show_a_gpu() -> None:
    text = run("catalog", "show", "H100", *DAY).stdout
    assert "memory_gib" in text
    assert "Rents, cheapest first" in text


def test_unknown_names_are_answered_with_near_ones() -> None:
    for args in (("show", "gtp-4.1"), ("history", "gtp-4.1"), ("show", "openai/gpt-9")):
        result = run("catalog", *args, *DAY)
        assert result.exit_code == 3
        assert "did you mean" in result.stderr
    assert run("catalog", "list", "--weights", "ajar", *DAY).exit_code == 2


def test_history_has_every_window() -> None:
    windows = document("history", "gpt-4o")["windows"]
    assert isinstance(windows, list)
    openai = [w for w in windows if w["offer"] == "openai/gpt-4o"]
    assert [(w["since"], w["input"], w["output"]) for w in openai] == [
        ("2024-05-13", 5, 15),
        ("2024-10-02", 2.5, 10),
    ]
    assert openai[1]["change"] == pytest.approx((3 * 2.5 + 10) / (3 * 5 + 15))


def test_schemas_are_printed_and_written(tmp_path: Path) -> None:
    names = run("catalog", "schema").stdout.split()
    assert {"prices", "hardware", "models", "overlay", "catalog-check"} <= set(names)
    alone = json.loads(run("catalog", "schema", "prices").stdout)
    assert not jsonschema_rs.Draft202012Validator(alone).is_valid({"offers": [{"colour": "red"}]})
    assert run("catalog", "schema", "prizes").exit_code == 3
    assert run("catalog", "schema", "--write", str(tmp_path)).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {p.name for p in SCHEMA.iterdir()}
    for path in tmp_path.iterdir():
        assert path.read_text("utf-8") == (SCHEMA / path.name).read_text("utf-8")
    assert run("catalog", "schema", "--write", str(tmp_path / "none")).exit_code == 2


def test_every_format_of_every_command() -> None:
    for args in (("list", "--model", "gpt-4o"), ("history", "gpt-4o"), ("show", "gpt-4o")):
        for how in ("table", "md", "csv", "json"):
            result = run("catalog", *args, *DAY, "-o", how)
            assert result.exit_code == 0
            assert result.stdout
            assert "\x1b" not in result.stdout


def test_the_rent_that_a_gpu_begins_at_is_one_that_answers_take() -> None:
    """H100 began at $2.10, seen 260 days before, which no other command takes."""
    listed = json.loads(run("catalog", "list", "--gpus", "-o", "json", *DAY).stdout)["names"]
    ask = ("size", "llama-3.1-8b", "--gpu", "h100-sxm", "--all", "-o", "json", *DAY)
    taken = json.loads(run(*ask).stdout)["rows"]
    (row,) = (row for row in listed if row["id"] == "h100-sxm")
    cheapest = min(r["usd_per_gpu_hour"] for r in taken if r["usd_per_gpu_hour"])
    assert row["figures"]["on_demand_from_usd_per_gpu_hour"] <= cheapest
    assert row["figures"]["on_demand_from_usd_per_gpu_hour"] >= 2.5
