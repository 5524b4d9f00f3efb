"""Plain sums, the hours of a month, when cash counts: each a line or a setting with its word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import DAY, run

from tco.engine.capital import present_value
from tco.units import Rate, in_month, requests_per_month, tokens_per_month, usd_per_gpu_hour

SELF = "self/gpt-oss-120b@1xmi300x:mxfp4/runpod:on_demand_secure"
OWN = "self/gpt-oss-120b@1xrtx-pro-6000:mxfp4/own:48m"


def answer(*args: str) -> Any:
    """Return what a command says in JSON."""
    result = run(*args, *DAY, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def bill(*args: str, option: str = SELF, volume: str = "50B") -> dict[str, Any]:
    """Return the lines of an option's bill by their item."""
    made = answer("explain", option, "--tokens", volume, *args)["option"]
    return {line["item"]: line for line in made["lines"]} | {"usd": made["monthly_usd"]}


@pytest.mark.parametrize(
    ("flag", "item", "each", "by_gpu"),
    [
        (("--extra-monthly", "$4k/month"), "licence, support and the like", 4_000.0, False),
        (("--extra-per-gpu", "$375/month"), "licence and support, by GPU", 375.0, True),
        (("--extra-per-server", "$1,500/month"), "licence and support, by server", 1_500.0, True),
        (
            ("--extra-upfront", "$300k", "--ownership", "books"),
            "capital, written off",
            6_250.0,
            False,
        ),
    ],
)
def test_each_sum_is_a_line_in_every_command_that_bills(
    flag: tuple[str, ...], item: str, each: float, by_gpu: bool, tmp_path: Path
) -> None:
    usual, made = bill(), bill(*flag)
    hours = usual["GPU rent"]["quantity"]
    usd = each * hours / 730 if by_gpu else each  # one GPU is a server here
    assert made[item]["amount_usd"] == pytest.approx(usd)
    assert made["usd"] - usual["usd"] == pytest.approx(usd)
    assert made[item]["origin"] == "given" and flag[0] in made[item]["source"]
    only = ("--model", "gpt-oss-120b", "--tokens", "50B")
    rows = answer("compare", *only, "--tier", "self", "--all", *flag)["options"]
    row = next(r for r in rows if r["id"] == SELF)
    assert row["monthly_usd"] == pytest.approx(made["usd"])
    pair = ("wandb/gpt-oss-120b", SELF, "--tokens", "50B", *flag)
    assert answer("sensitivity", *pair)["b_usd"] == pytest.approx(made["usd"])
    assert answer("breakeven", *pair)["b_usd"] == pytest.approx(made["usd"])
    file = tmp_path / "one.yaml"
    task = "{name: all, tokens: 50B, private: true, models: [gpt-oss-120b]}"
    file.write_text(f"version: 1\ntasks:\n  - {task}\n", encoding="utf-8")
    told = answer("compare", *only, "--private", *flag)
    best = next(r["monthly_usd"] for r in told["options"] if r["id"] == told["best"])
    assert answer("plan", "-f", str(file), *flag)["monthly_usd"] == pytest.approx(best)
    paths = {row["path"] for row in answer("compare", *only, *flag)["assumptions"]}
    assert any(path.startswith("extra.") for path in paths)
    assert not any(
        row["path"].startswith("extra.") for row in answer("compare", *only)["assumptions"]
    )


def test_sums_are_paid_once_for_all_fleets_of_a_portfolio(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    names = ("llama-3.3-70b", "gpt-oss-120b")
    tasks = "".join(
        f"  - {{name: {n}, tokens: 20B, private: true, models: [{n}]}}\n" for n in names
    )
    file.write_text(f"version: 1\ntasks:\n{tasks}", encoding="utf-8")
    usual, made = (
        answer("plan", "-f", str(file), *extra) for extra in ((), ("--extra-monthly", "4000"))
    )
    assert len(made["fleets"]) == 2 and made["once_usd"] == 4_000
    assert made["monthly_usd"] - usual["monthly_usd"] == pytest.approx(4_000)


def test_capital_is_an_annuity_unless_a_straight_line_is_asked_for() -> None:
    level = bill("--extra-upfront", "$300k")["capital, written off"]["amount_usd"]
    rate = 1.1 ** (1 / 12) - 1
    assert level == pytest.approx(300_000 * rate / (1 - (1 + rate) ** -48))


def test_capital_is_cash_of_the_first_day_in_a_horizon() -> None:
    asked = ("horizon", "wandb/gpt-oss-120b", SELF, "--tokens", "50B", "--horizon", "60")
    usual, made = answer(*asked), answer(*asked, "--extra-upfront", "$300k")
    more = [b["usd"][1] - a["usd"][1] for a, b in zip(usual["path"], made["path"], strict=True)]
    assert more[0] == pytest.approx(300_000) and more[48] == pytest.approx(300_000)
    assert sum(more) == pytest.approx(600_000)


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        (("--hours-per-month", "0"), "--hours-per-month: 0: must be more than 0"),
        (("--hours-per-month", "-1"), "--hours-per-month: -1: must not be negative"),
        (("--set", "workload.hours_per_month=0"), "workload.hours_per_month is 0 h, but must be"),
        (("--extra-monthly", "-5"), "--extra-monthly: -5: must not be negative"),
        (("--extra-upfront", "-$1"), "--extra-upfront: -$1: must not be negative"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(flag: tuple[str, ...], words: str) -> None:
    result = run("compare", "--tokens", "50B", *DAY, *flag)
    assert result.exit_code == 2 and result.stdout == "" and words in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_hours_of_a_month_change_rents_power_and_rates_alike() -> None:
    """A rate a second is the same fleet; its rent, power and tokens shrink with the month."""
    for option in (SELF, OWN):
        usual = bill(option=option, volume="19000/s")
        short = bill("--hours-per-month", "720", option=option, volume="19000/s")
        hourly = (
            "GPU rent",
            "load balancer",
            "electricity, standing ready",
            "electricity, at work",
        )
        for item in (i for i in hourly if i in usual):
            ratio = short[item]["quantity"] / usual[item]["quantity"]
            assert ratio == pytest.approx(720 / 730), item
        assert short["engineers"] == usual["engineers"]
    month = answer("compare", "--tokens", "500M/day", "--hours-per-month", "720")["workload"]
    assert month["tokens_per_month"] == pytest.approx(15e9)
    assert (
        "hours_per_month 720"
        in run(
            "compare", "--tokens", "5B", "--hours-per-month", "720", "--assumptions", *DAY
        ).stdout
    )
    assert "hours_per_month 730" in run("compare", "--tokens", "5B", "--assumptions", *DAY).stdout


def test_a_month_of_thirty_days_in_every_command(tmp_path: Path) -> None:
    month = ("--hours-per-month", "720")
    usd = bill(*month, volume="500M/day")["usd"]
    asked = ("--tokens", "500M/day", *month)
    rows = answer("compare", *asked, "--model", "gpt-oss-120b", "--tier", "self", "--all")[
        "options"
    ]
    assert next(r for r in rows if r["id"] == SELF)["monthly_usd"] == pytest.approx(usd)
    pair = ("wandb/gpt-oss-120b", SELF)
    assert answer("breakeven", *pair, *asked)["b_usd"] == pytest.approx(usd)
    file = tmp_path / "one.yaml"
    task = "{name: all, tokens: 500M/day, private: true, models: [gpt-oss-120b]}"
    file.write_text(f"version: 1\ntasks:\n  - {task}\n", encoding="utf-8")
    told = answer("compare", *asked, "--model", "gpt-oss-120b", "--tier", "self")
    best = next(r["monthly_usd"] for r in told["options"] if r["id"] == told["best"])
    assert answer("plan", "-f", str(file), *month)["monthly_usd"] == pytest.approx(best)


def test_a_break_even_is_where_the_bills_meet_in_another_month() -> None:
    asked = ("openai/gpt-4.1", SELF, "--hours-per-month", "720")
    turn = answer("breakeven", *asked)["first"]
    bills = [answer("explain", name, "--tokens", repr(turn), *asked[2:]) for name in asked[:2]]
    a, b = (one["option"]["monthly_usd"] for one in bills)
    assert a == pytest.approx(b, rel=1e-6)


@pytest.mark.parametrize(
    ("read", "text", "at_720"),
    [
        (tokens_per_month, "500M/day", 15e9),
        (tokens_per_month, "50B", 50e9),
        (tokens_per_month, "600B/year", 50e9),
        (requests_per_month, "1 req/s", 2_592_000.0),
        (usd_per_gpu_hour, "$1440/month", 2.0),
        (usd_per_gpu_hour, "$2.10/gpu-h", 2.1),
    ],
)
def test_what_is_said_by_the_second_is_read_in_the_month_asked_about(
    read: Any, text: str, at_720: float
) -> None:
    value = read(text)
    assert in_month(value, 720.0) == pytest.approx(at_720)
    assert in_month(value, 730.0) == pytest.approx(float(value))


def test_a_part_of_a_rate_is_a_rate() -> None:
    half = Rate(730.0, 1).times(0.5)
    assert in_month(half, 720.0) == pytest.approx(360.0)


def test_the_two_conventions_of_a_present_value_can_differ_in_sign() -> None:
    """1,130 USD on the first day for 100 USD in each of 12 months, at 10 % a year."""
    flow = np.concatenate([[-1_130.0], np.full(12, 100.0)])
    rate = 1.1 ** (1 / 12) - 1
    monthly = -1_130.0 + sum(100.0 / (1 + rate) ** t for t in range(1, 13))
    assert float(present_value(flow, 0.1)) == pytest.approx(monthly)
    assert float(present_value(flow, 0.1, year_end=True)) == pytest.approx(-1_130 + 1_200 / 1.1)
    assert monthly > 0 > -1_130 + 1_200 / 1.1


def test_the_convention_is_named_and_can_be_chosen() -> None:
    asked = ("horizon", "gpt-4.1", SELF, "--tokens", "50B", "--horizon", "24")
    usual, year = answer(*asked), answer(*asked, "--discounting", "year-end")
    assert (usual["discounting"], year["discounting"]) == ("end-of-month", "year-end")
    cash = np.array([month["usd"][0] for month in year["path"]])
    expected = cash[0] + cash[1:13].sum() / 1.1 + cash[13:].sum() / 1.1**2
    assert year["rows"][0]["npv_usd"] == pytest.approx(expected)
    assert usual["rows"][0]["npv_usd"] > year["rows"][0]["npv_usd"]
    row = next(r for r in usual["assumptions"] if r["path"] == "horizon.discounting")
    assert row["value"] == "end-of-month"
    screen = run(*asked, "--discounting", "year-end", *DAY).stdout
    assert "$ at each year's end" in " ".join(screen.split())
    assert "$ at each month's end" in " ".join(run(*asked, *DAY).stdout.split())
    wrong = run(*asked, "--discounting", "monthly", *DAY)
    assert wrong.exit_code == 2 and wrong.stderr.startswith("tco: --discounting: 'monthly' is none")
