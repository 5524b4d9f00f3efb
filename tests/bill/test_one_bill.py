"""One bill for own GPUs: commands that are asked the same thing give the same figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from running import DAY, run

VOLUME = ("--tokens", "50B")


def answer(*args: str) -> Any:
    """Return what a command says in JSON."""
    result = run(*args, *DAY, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def written(folder: Path, task: str) -> str:
    """Return the path of a portfolio of one task."""
    path = folder / "one.yaml"
    path.write_text(f"version: 1\ntasks:\n  - {task}\n", encoding="utf-8")
    return str(path)


def test_one_task_wholly_on_own_gpus_costs_what_compare_says(tmp_path: Path) -> None:
    """It cost 2,000 USD a month more: engineers of an API that nothing is sent to."""
    file = written(tmp_path, "{name: all, tokens: 50B, private: true, models: [gpt-oss-120b]}")
    plan = answer("plan", "-f", file)
    compared = answer("compare", *VOLUME, "--private", "--model", "gpt-oss-120b")
    best = next(o for o in compared["options"] if o["id"] == compared["best"])
    assert plan["monthly_usd"] == pytest.approx(best["monthly_usd"], rel=1e-9)
    assert plan["api_people_usd"] == 0
    assert "people.api_fte" not in {row["path"] for row in plan["assumptions"]}


def test_one_task_by_the_token_costs_what_compare_says(tmp_path: Path) -> None:
    file = written(tmp_path, "{name: all, tokens: 5B, models: [gpt-4.1], providers: [openai]}")
    plan = answer("plan", "-f", file)
    compared = answer("compare", "--tokens", "5B", "--model", "gpt-4.1", "--provider", "openai")
    assert plan["monthly_usd"] == pytest.approx(compared["options"][0]["monthly_usd"], rel=1e-9)
    assert "people.api_fte" in {row["path"] for row in plan["assumptions"]}


def test_a_router_that_calls_a_model_takes_the_engineers_of_an_api(tmp_path: Path) -> None:
    """Own GPUs serve everything, but somebody else's endpoint sorts it."""
    file = written(tmp_path, "{name: all, tokens: 50B, private: true, models: [gpt-oss-120b]}")
    text = Path(file).read_text(encoding="utf-8")
    router = "router: {model: llama-3.1-8b, isl: 400, osl: 5}\n"
    Path(file).write_text(text.replace("tasks:", f"{router}tasks:"), encoding="utf-8")
    plan = answer("plan", "-f", file)
    assert plan["api_people_usd"] == 2_000
    assert "people.api_fte" in {row["path"] for row in plan["assumptions"]}


def test_units_at_a_given_price_are_counted_by_the_month(tmp_path: Path) -> None:
    """What one serves is said of a month; a portfolio counted it against the busiest hour."""
    unit = ("--option", "unit:kind=fixed,usd_per_month=800,capacity=1B")
    file = written(tmp_path, "{name: all, tokens: 5B, models: [unit]}")
    plan = answer("plan", "-f", file, *unit)
    compared = answer("compare", "--tokens", "5B", *unit)
    row = next(o for o in compared["options"] if o["id"] == "unit")
    assert plan["monthly_usd"] == row["monthly_usd"] == 4_000


@pytest.mark.parametrize("purchase", ["on_demand", "spot", "own"])
def test_the_first_month_of_a_horizon_is_the_bill_without_what_is_spread(purchase: str) -> None:
    only = ("--model", "gpt-oss-120b", "--tier", "self", "--purchase", purchase)
    row = answer("compare", *VOLUME, *only)["options"][0]
    horizon = answer("horizon", "wandb/gpt-oss-120b", row["id"], *VOLUME, "--horizon", "1")
    paid = [month["usd"][1] for month in horizon["path"]]
    capital = sum(x["amount_usd"] for x in row["lines"] if x["item"].endswith(", amortized"))
    resale = 0.0 if purchase != "own" else paid[1] - (row["monthly_usd"] - capital)
    assert resale <= 0.0
    assert paid[1] - resale == pytest.approx(row["monthly_usd"] - capital, rel=1e-9)


def test_a_job_pays_the_rent_of_a_fleet() -> None:
    """Both say GPU-hours times the rent of the same entry."""
    job = answer("train", "llama-3.1-8b", "--training-tokens", "1B", "--gpu", "h100-sxm")
    rows = [row for row in job["rows"] if row["tier"] == "self" and row["feasible"]]
    assert rows
    for row in rows:
        rent = [line for line in row["once"] if line["item"].startswith("GPU rent")]
        assert rent and {line["unit"] for line in rent} == {"GPU-hour"}
        assert len({line["rate_usd"] for line in rent}) == 1
