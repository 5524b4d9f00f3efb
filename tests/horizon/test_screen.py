"""The first screen of a horizon, and its months in CSV."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from running import run

from tco.analysis.verdict import apart

DAY = ("--as-of", "2026-11-21")
USUAL = ("horizon", "--tokens", "50B", *DAY)
PAIR = ("horizon", "gpt-4.1", "self/gpt-oss-120b", "self/gpt-oss-120b/own", "--tokens", "50B", *DAY)


def test_months_are_rows_and_add_up_to_the_options() -> None:
    said = (*PAIR, "--growth", "4%", "-q")
    document = json.loads(run(*said, "-o", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(run(*said, "-o", "csv").stdout)))
    assert len(rows) == len(document["rows"]) * 37
    for option in document["rows"]:
        mine = [row for row in rows if row["id"] == option["id"]]
        assert [int(row["month"]) for row in mine] == list(range(37))
        for key in ("running_usd", "capex_usd", "resale_usd"):
            assert sum(float(row[key]) for row in mine) == pytest.approx(option[key]), key
        assert sum(float(row["usd"]) for row in mine) == pytest.approx(option["total_usd"])
        assert float(mine[-1]["so_far_usd"]) == pytest.approx(option["total_usd"])
        for key, trades in (("bought_gpus", "bought"), ("sold_gpus", "sold")):
            counted = {row["paid_on"]: float(row[key]) for row in mine if float(row[key])}
            assert counted == {trade["on"]: trade["gpus"] for trade in option[trades]}
    bought = next(row for row in document["rows"] if row["bought"])
    assert bought["bought"][0]["on"] == "2026-11-21"
    assert bought["sold"][-1]["on"] == "2029-11-21"


def test_columns_of_options_are_still_had_in_csv() -> None:
    head, *lines = run(*PAIR, "-q", "-o", "csv", "--fields", "id,npv_usd").stdout.splitlines()
    assert head == "id,npv_usd"
    assert len(lines) == 4
    wrong = run(*PAIR, "-o", "csv", "--fields", "id,nvp_usd")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "no column 'nvp_usd'" in wrong.stderr


def test_the_year_says_which_volume_it_means() -> None:
    grown = run(*USUAL, "--growth", "4%").stdout
    assert "tokens, last month" in grown
    assert "tokens, last month" not in run(*USUAL).stdout  # it is the same in every month


def test_the_screen_says_when_gpus_are_bought_and_what_they_are_sold_for() -> None:
    shown = run(*PAIR).stdout
    assert "of it capex" in shown
    assert "of it resale" in shown
    assert "buys GPUs: " in shown
    assert " on 2026-11-21 ($" in shown
    assert "at the end ($" in shown


def test_the_screen_says_which_windows_a_fall_comes_from() -> None:
    said = ("horizon", "gpt-4.1", "self/gpt-oss-120b", "--tokens", "50B", *DAY)
    given = run(*said, "--set", "horizon.api_price_factor_per_year=0.8").stdout
    assert "closed flagship models x0.8 (--set)" in given.replace("\n  ", " ")
    fallen = run(*said).stdout.replace("\n  ", " ")
    assert re.search(
        r"closed flagship models x0\.\d+\* to \d{4}-\d\d-\d\d \(\d+ of \d+ changed", fallen
    )
    assert "windows 20" in fallen
    assert "flat (--flat-prices)" in run(*said, "--flat-prices").stdout.replace("\n  ", " ")


def test_more_years_than_there_is_room_for() -> None:
    shown = run(*PAIR, "--horizon", "10y").stdout
    head = next(line for line in shown.splitlines() if "first day" in line)
    assert head.split()[:2] == ["first", "day"]
    assert "year 3" in head
    assert "year 10" in head
    assert "year 4" not in head
    assert "year 4" in run(*PAIR, "--horizon", "10y", "-o", "md").stdout


def test_two_figures_that_are_told_apart_read_differently() -> None:
    seats = ("--developers", "61", "--option", "seats:kind=seat,usd_per_user=39")
    made = run("horizon", *seats, "--as-of", "2026-11-30", "-o", "json").stdout
    told = [found["text"] for found in json.loads(made)["flips"] if found["needed"] is not None]
    pairs = re.findall(r"(\S+) (?:a year )?instead of (\S+)", "\n".join(told))
    assert pairs and all(one != other for one, other in pairs), told
    assert "today's volume about where it is" in told
    assert apart(34.312e9, 34.288e9) == ("34.31B", "34.29B")
    assert apart(2.0, 1.0) == ("2", "1")
