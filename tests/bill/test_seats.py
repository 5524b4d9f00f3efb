"""Flat plans by the seat: they grow with users, whatever those ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from running import DAY, run
from strategies import magnitude

from tco.analysis.breakeven import breakeven
from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.engine.ledger import total_usd
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import lines
from tco.options.curves import curve
from tco.options.names import resolve
from tco.options.provisioned import FixedOption
from tco.options.scenario import inline_option as read

SEATS = "seats:kind=seat,usd_per_user=$39"


def option(inputs: Any) -> FixedOption:
    found = resolve("seats", inputs).best
    assert isinstance(found, FixedOption)
    return found


def asked_for(asked: Any, spec: str = SEATS, **fields: Any) -> Any:
    return asked(options=(read(spec),), **fields)


def test_fifty_users_at_39_dollars(asked: Any) -> None:
    row = explain(asked_for(asked, users=50.0), "seats").option
    (line,) = row.lines
    assert (line.item, line.quantity, line.unit, line.amount_usd) == ("seats", 50.0, "seat", 1950.0)
    assert row.tier == "api" and row.monthly_usd == 1950.0
    (told,) = row.notes
    assert "no token and no engineer is billed: 50 users, 306k tokens a month each" in told
    assert "what fair use allows is not known" in told
    assert told in explain(asked_for(asked, users=50.0), "seats").steps


@given(users=magnitude(1.0, 1e5), much=magnitude(1e3, 1e9))
def test_stated_seats_cost_the_same_whatever_is_asked_for(
    asked: Any, users: float, much: float
) -> None:
    whole = float(round(users))
    spec = f"{SEATS},users={whole:g}"
    usd = [
        float(np.asarray(total_usd(lines(option(made), made.settings))))
        for made in (asked_for(asked, spec, tokens=much), asked_for(asked, spec, tokens=9 * much))
    ]
    assert usd == pytest.approx([39.0 * whole] * 2)


@given(users=magnitude(1.0, 1e5), times=magnitude(1.0, 50.0))
def test_seats_that_nobody_counted_grow_with_the_volume(
    asked: Any, users: float, times: float
) -> None:
    each = 200 * (1200 + 330)
    made = asked_for(asked, tokens=users * times * each)
    bill = lines(option(made), made.settings)
    seats = float(np.asarray(bill[0].quantity))
    assert users * times - 1e-6 * users * times <= seats < users * times * (1 + 1e-9) + 1


@pytest.mark.parametrize("fields", [{"users": 50.0}, {"tokens": 1e9}])
def test_the_curve_is_the_bill(asked: Any, fields: dict[str, float]) -> None:
    made = asked_for(asked, **fields)
    seats = option(made)
    volumes = np.array([[1e6, 2.5e8, 1e9, 7.7e9]])
    at = made.settings.with_values({"workload.tokens_per_month": volumes})
    bills = np.broadcast_to(total_usd(lines(seats, at)), volumes.shape)
    steps = curve(seats, made.settings).until(np.array([0]), np.array([1e10]))
    places = np.searchsorted(steps.edges[0], volumes[0])
    known = np.append(steps.fixed[0], steps.fixed[0][-1:])[places]
    assert known == pytest.approx(bills[0])


def test_where_tokens_cost_less_than_seats(asked: Any) -> None:
    made = breakeven(asked_for(asked, users=500.0), "gpt-4.1", "seats")
    assert made.b == "seats" and made.first is not None
    at = made.first
    inputs = asked_for(asked, users=500.0)
    settings = inputs.settings.with_values({"workload.tokens_per_month": at})
    api = total_usd(lines(resolve("gpt-4.1", inputs).best, settings))
    assert float(np.asarray(api)) == pytest.approx(500 * 39.0)


def test_seats_are_bought_where_they_win(asked: Any) -> None:
    made = compare(asked_for(asked, users=20.0, profile="agent-coding", models=("gpt-4.1",)))
    assert made.verdict.startswith(("Buy seats", "The cheapest: seats"))
    row = next(r for r in made.options if r.id == "seats")
    assert row.sureness == "limit unknown"


def test_a_plan_that_allows_less_is_no_plan(asked: Any) -> None:
    with pytest.raises(
        InfeasibleError, match="a user takes 50M tokens a month, its plan allows 5M"
    ):
        option(asked_for(asked, f"{SEATS},users=20,capacity=5M", tokens=1e9))
    fits = option(asked_for(asked, f"{SEATS},users=20,capacity=50M", tokens=1e9))
    assert "50M allowed" in fits.notes[0] and "not known" not in fits.notes[0]


def test_a_profile_without_users_needs_them_said(asked: Any) -> None:
    with pytest.raises(UsageError, match="write users=50"):
        option(asked_for(asked, tokens=1e9, profile="classify"))
    said = option(asked_for(asked, f"{SEATS},users=50", tokens=1e9, profile="classify"))
    assert said.count == 50.0


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("compare --users 50 --option s:kind=seat", 2, "needs usd_per_user"),
        (
            "compare --users 50 --option s:kind=seat,usd_per_user=9,users=0",
            2,
            "must be more than 0",
        ),
        ("compare --users 50 --option s:kind=seat,usd_per_user=9,input=$2", 2, "does not belong"),
        ("plan gpt-4.1 s --tokens 1B --option s:kind=seat,usd_per_user=9", 2, "mixes with nothing"),
    ],
)
def test_what_is_refused(words: str, code: int, told: str) -> None:
    made = run(*words.split(" "), *DAY)
    assert made.exit_code == code, made.output
    assert told in made.stderr and made.stderr.count("\n") == 1


def test_how_many_users_a_box_serves_is_on_the_first_screen() -> None:
    made = run("size", "llama-3.1-8b", "--gpu", "l40s", *DAY)
    rows = run("size", "llama-3.1-8b", "--gpu", "l40s", "--fields", "setup,users", *DAY).stdout
    count = next(x.split()[-1] for x in rows.splitlines() if x.startswith("1xl40s:fp8"))
    told = " ".join(made.stdout.split())
    assert f"One replica alone serves {count} users at 200 req/mo." in told
    none = run("size", "llama-3.1-8b", "--gpu", "l40s", "--profile", "classify", *DAY).stdout
    assert "One replica alone" not in none


def test_a_break_even_says_that_the_seats_stay_as_many(asked: Any) -> None:
    spec = read(SEATS)
    inputs = asked(developers=100.0, options=(spec,))
    said = "What varies is what each user asks for, of 100 seats at any volume."
    found = breakeven(inputs, "openai/gpt-4.1", "seats")
    assert said in found.verdict
    assert found.b_usd == pytest.approx(3_900.0)
    assert said not in breakeven(inputs, "openai/gpt-4.1", "openai/gpt-6-luna").verdict


def test_a_staircase_of_seats_is_none_of_replicas(asked: Any) -> None:
    inputs = asked(profile="chat", options=(read(SEATS),))
    said = breakeven(inputs, "seats", "openai/gpt-5.5").verdict
    assert "because seats come whole" in said and "replicas" not in said
