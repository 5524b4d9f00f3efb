"""Amounts in another money: told in it, computed in dollars, both in JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from running import run
from strategies import magnitude

import tco
from tco.money import Money, shown_in
from tco.units import show_usd

ON = ("--as-of", "2026-11-29")
EUR = ("--currency", "EUR", "--fx", "0.92@2026-11-20")
RATE = "1 USD = 0.92 EUR of 2026-11-20"

COMMANDS = (
    ("compare", "--tokens", "50B"),
    ("compare",),
    ("compare", "--tokens", "50B", "--frontier"),
    ("breakeven", "--tokens", "50B"),
    ("breakeven", "gpt-4.1", "self/llama-3.3-70b", "--tokens", "50B"),
    ("explain", "deepseek/deepseek-v4.1-flash", "--tokens", "5B"),
    ("plan", "--tokens", "500B"),
    ("size", "llama-3.3-70b", "--tokens", "50B"),
    ("sensitivity", "--tokens", "50B"),
    ("horizon", "--tokens", "50B"),
    ("train", "llama-3.1-8b", "--training-tokens", "1B"),
)


@pytest.mark.parametrize("asked", COMMANDS, ids=" ".join)
def test_every_screen_is_in_it_and_says_the_rate_and_its_day(asked: tuple[str, ...]) -> None:
    done = run(*asked, *ON, *EUR)
    assert done.exit_code == 0, done.stderr
    text = " ".join(done.stdout.replace("\N{NO-BREAK SPACE}", " ").split())
    assert RATE in text
    assert "€" in text and "$" not in text


def test_what_is_told_is_the_dollars_times_the_rate() -> None:
    asked = ("explain", "openai/gpt-4.1", "--tokens", "50B", "--fte", "0", *ON)
    plain, other = run(*asked).stdout, run(*asked, *EUR).stdout
    usd = float(re.search(r"costs \$([\d,]+) a month", plain)[1].replace(",", ""))  # type: ignore[index]
    eur = float(re.search(r"costs €([\d,]+) a month", other)[1].replace(",", ""))  # type: ignore[index]
    assert eur == pytest.approx(usd * 0.92, abs=1)


def test_json_has_both_and_is_read_again(tmp_path: Path) -> None:
    asked = ("compare", "--tokens", "50B", "--model", "gpt-4.1", *ON, "--format", "json")
    plain = json.loads(run(*asked).stdout)
    saved = run(*asked, *EUR).stdout
    made = json.loads(saved)
    assert "currency" not in plain
    assert made["currency"] == {"code": "EUR", "per_usd": 0.92, "on": "2026-11-20"}
    for before, after in zip(plain["options"], made["options"], strict=True):
        assert after["monthly_usd"] == before["monthly_usd"]
        if before["monthly_usd"] is not None:
            assert after["monthly_eur"] == pytest.approx(before["monthly_usd"] * 0.92, rel=1e-9)
            assert after["eur_per_mtok"] == pytest.approx(before["usd_per_mtok"] * 0.92, rel=1e-9)
    assert "€" in made["verdict"] and "$" not in made["verdict"]
    file = tmp_path / "saved.json"
    file.write_text(saved, encoding="utf-8")
    again = run("render", str(file), "--format", "json")
    assert again.exit_code == 0 and "does not know" not in again.stderr
    assert again.stdout == saved
    shown = run("render", str(file)).stdout
    assert "€" in shown and RATE in shown.replace("\N{NO-BREAK SPACE}", " ")


def test_csv_stays_in_dollars_as_its_columns_say() -> None:
    asked = ("compare", "--tokens", "50B", "--model", "gpt-4.1", *ON, "--format", "csv")
    assert run(*asked).stdout == run(*asked, *EUR).stdout


def test_the_day_of_the_rate_is_that_asked_about_unless_said() -> None:
    made = tco.compare(tokens="50B", as_of="2026-11-21", currency="chf", fx=0.8)
    assert made.currency is not None
    assert (made.currency.code, made.currency.on) == ("CHF", "2026-11-21")
    assert "CHF " in made.verdict and "$" not in made.verdict
    assert "$" in tco.compare(tokens="50B", as_of="2026-11-21").verdict  # nothing stays behind


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--currency", "EUR"), "--currency EUR needs what a dollar is in it, and when: --fx 0.92"),
        (("--fx", "0.92"), "--fx is the rate of a currency: add --currency EUR"),
        (("--currency", "euro", "--fx", "1"), "is no code of a currency; write EUR"),
        (("--currency", "EUR", "--fx", "0"), "must be more than 0"),
        (("--currency", "EUR", "--fx", "0.92@soon"), "is not a date"),
        (("--currency", "EUR", "--fx", "-1"), "-1"),
    ],
)
def test_what_is_missing_or_wrong_is_one_line(words: tuple[str, ...], told: str) -> None:
    done = run("compare", "--tokens", "1B", *words, *ON)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_report_is_in_dollars_and_refused_before_anything_is_written(tmp_path: Path) -> None:
    to = [f"--export={kind}={tmp_path / kind}" for kind in ("json", "html")]
    done = run("compare", "--tokens", "1B", *ON, *EUR, *to)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--export html=FILE: a report is in dollars" in done.stderr
    assert not [*tmp_path.iterdir()]


@given(usd=magnitude(0.01, 1e9), rate=magnitude(0.01, 1e3))
def test_an_amount_in_it_reads_as_the_product_does_in_dollars(usd: float, rate: float) -> None:
    with shown_in(Money("EUR", rate, "2026-11-21")):
        shown = show_usd(usd)
    assert shown == show_usd(usd * rate).replace("$", "€")


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("compare", "--tokens", "5B"), "monthly_eur,eur_per_mtok"),
        (("size", "llama-3.3-70b", "--gpu", "h100-sxm"), "eur_per_mtok"),
        (("explain", "openai/gpt-4.1", "--tokens", "5B"), "rate_eur,amount_eur"),
    ],
)
def test_amounts_for_who_reads_by_the_token_are_called_by_their_money(
    words: tuple[str, ...], key: str
) -> None:
    shown = run(*words, *EUR, "-o", "llm", "-q", *ON).stdout
    assert key in shown and "_usd" not in shown and "usd_per" not in shown
