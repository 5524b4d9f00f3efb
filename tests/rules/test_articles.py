"""Worked examples of published articles, given inline: their figures in, our arithmetic out.

Articles are held to their own assumptions first: no people, no peaks, no spares. What changes when
those are dropped is part of each example.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tco.analysis.breakeven import breakeven
from tco.analysis.compare import compare
from tco.errors import InfeasibleError
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.scenario import InlineOption
from tco.options.without import BARE

Asked = Callable[..., Question]


def api(name: str, price_in: float, price_out: float, **more: Any) -> InlineOption:
    return InlineOption(
        name=name, kind="api", source="article", input=price_in, output=price_out, **more
    )


def fixed(name: str, usd: float, capacity: float | None = None) -> InlineOption:
    return InlineOption(
        name=name, kind="fixed", source="article", usd_per_month=usd, tokens_per_month=capacity
    )


def usd(inputs: Question) -> dict[str, float]:
    return {r.id: r.monthly_usd or 0.0 for r in compare(inputs).options}


def only(asked: Asked, *options: InlineOption, **fields: Any) -> Question:
    """Return a question about described options alone."""
    settings = {**BARE, **fields.pop("settings", {})}
    return asked(options=options, providers=("replicate",), settings=settings, **fields)


# Crazyrouter, "Open Source vs Commercial AI Models 2026", 2026-02-20.

DEEPSEEK = api("list", 0.27, 0.27)  # one price: the article counts input tokens only
TWO_A100 = fixed("box", 5_000)


def test_a_fixed_bill_meets_a_price_per_token_at_their_ratio(asked: Asked) -> None:
    answer = breakeven(only(asked, DEEPSEEK, TWO_A100), "list", "box")
    assert answer.first == pytest.approx(5_000 / 0.27 * 1e6)
    assert answer.first == pytest.approx(18_518_518_518, rel=1e-9)
    assert answer.wins == ((answer.first, None),)
    # 500,000 requests of 2,000 tokens a day, says the article; it is three fifths of that.
    assert answer.first / 2_000 / (730 / 24) == pytest.approx(304_414, rel=1e-5)


@pytest.mark.parametrize(
    ("tokens", "saving"), [(1e9, -4_730), (10e9, -2_300), (50e9, 8_500), (100e9, 22_000)]
)
def test_the_table_of_savings_follows_from_a_bill_that_never_grows(
    tokens: float, saving: float, asked: Asked
) -> None:
    bills = usd(only(asked, DEEPSEEK, TWO_A100, tokens=tokens))
    assert bills["list"] - bills["box"] == pytest.approx(saving)


def test_with_a_capacity_the_savings_of_that_table_are_gone(asked: Asked) -> None:
    limited = fixed("box", 5_000, capacity=10e9)
    answer = breakeven(only(asked, DEEPSEEK, limited), "list", "box")
    assert answer.wins == ()
    assert answer.never_because is not None
    assert usd(only(asked, DEEPSEEK, limited, tokens=100e9))["box"] == pytest.approx(50_000)


def test_the_setup_of_that_break_even_cannot_hold_the_model(asked: Asked) -> None:
    with pytest.raises(InfeasibleError, match="does not fit: 673 GB"):
        resolve("self/deepseek-v3@2xa100-sxm-80gb:fp8", asked())


def test_an_engineer_on_one_side_moves_the_break_even(asked: Asked) -> None:
    # The bill of a described set-up is all there is to it; the API side has a tenth of a person.
    settings = {"people.api_fte": 0.1, "people.salary_usd_per_year": 240_000.0}
    answer = breakeven(only(asked, DEEPSEEK, TWO_A100, settings=settings), "list", "box")
    assert answer.first == pytest.approx((5_000 - 2_000) / 0.27 * 1e6)


# APIScout, "How Open-Source AI Models Are Disrupting Closed 2026": 10M calls of 1,000 tokens.

CALLS: dict[str, Any] = {"requests": 10e6, "isl": 500, "osl": 500}


@pytest.mark.parametrize(
    ("price_in", "price_out", "monthly"),
    [(5.0, 15.0, 100_000), (3.0, 15.0, 90_000), (0.80, 0.80, 8_000)],
    ids=["gpt-4o", "claude sonnet", "hosted llama"],
)
def test_ten_million_calls_by_the_token(
    price_in: float, price_out: float, monthly: float, asked: Asked
) -> None:
    assert usd(only(asked, api("x", price_in, price_out), **CALLS))["x"] == pytest.approx(monthly)


def test_half_of_ten_million_calls_in_batch(asked: Asked) -> None:
    inputs = only(
        asked,
        api("x", 5.0, 15.0, batch_discount=0.5),
        settings={"workload.batch_share": 0.5},
        **CALLS,
    )
    assert usd(inputs)["x"] == pytest.approx(75_000)


def four_a100(tokens_per_s: float) -> InlineOption:
    return InlineOption(
        name="own",
        kind="self",
        source="article",
        gpus=4,
        usd_per_gpu_hour=2.0,
        output_tokens_per_s=tokens_per_s,
    )


def test_four_rented_gpus_for_a_month_of_730_hours(asked: Asked) -> None:
    # The article has 720 hours and $500 for the rest: $6,260 in all.
    share = 500 / (4 * 2 * 730)
    inputs = only(asked, four_a100(2_500.0), settings={"rent.other_share": share}, **CALLS)
    assert usd(inputs)["own"] == pytest.approx(4 * 2 * 730 + 500)
    assert usd(inputs)["own"] == pytest.approx(6_260 + 4 * 2 * 10)


@pytest.mark.parametrize(("tokens_per_s", "replicas"), [(2_500.0, 1), (1_900.0, 2), (400.0, 5)])
def test_those_gpus_must_do_1903_output_tokens_a_second(
    tokens_per_s: float, replicas: int, asked: Asked
) -> None:
    # 5e9 output tokens over 2,628,000 s.
    inputs = only(asked, four_a100(tokens_per_s), **CALLS)
    own = next(r for r in compare(inputs).options if r.id == "own")
    assert own.replicas == replicas
    assert own.monthly_usd == pytest.approx(replicas * 4 * 2 * 730)


def test_with_peak_headroom_and_a_spare_those_gpus_are_twelve(asked: Asked) -> None:
    settings = {
        "workload.peak_to_mean": 1.86,
        "serving.headroom": 0.85,
        "serving.redundancy": 1.0,
    }
    inputs = only(asked, four_a100(2_500.0), settings=settings, **CALLS)
    own = next(r for r in compare(inputs).options if r.id == "own")
    # 1,903 / 2,500 x 1.86 / 0.85 = 1.67, so two replicas and a spare one.
    assert own.gpus == 12


def test_those_gpus_against_the_hosted_price(asked: Asked) -> None:
    host = api("host", 0.80, 0.80)
    answer = breakeven(only(asked, host, fixed("own", 6_260), **CALLS), "host", "own")
    assert answer.first == pytest.approx(6_260 / 0.8 * 1e6)
    assert answer.now == pytest.approx(10e9)
    assert answer.now_wins is True
    assert (answer.a_usd, answer.b_usd) == pytest.approx((8_000, 6_260))
    with_people = breakeven(
        only(asked, host, four_a100(2_500.0), settings={"people.floor_fte": 1.0}, **CALLS),
        "host",
        "own",
    )
    assert with_people.now_wins is False


# TechVernia, March 2026: 500 million tokens a day at $2.50 to $15 per Mtok.


@pytest.mark.parametrize(("price", "yearly"), [(2.5, 456_250), (15.0, 2_737_500)])
def test_half_a_billion_tokens_a_day_are_not_tens_of_millions_of_dollars_a_year(
    price: float, yearly: float, asked: Asked
) -> None:
    inputs = only(asked, api("x", price, price), tokens=500e6 * 730 / 24)
    assert 12 * usd(inputs)["x"] == pytest.approx(yearly)


def test_three_times_the_price_is_three_times_the_bill_and_a_third_of_the_break_even(
    asked: Asked,
) -> None:
    before, after = (
        breakeven(
            only(asked, DEEPSEEK, TWO_A100, tokens=10e9, settings={"price.api_factor": factor}),
            "list",
            "box",
        )
        for factor in (1.0, 3.0)
    )
    assert after.a_usd == pytest.approx(3 * (before.a_usd or 0))
    assert after.first == pytest.approx((before.first or 0) / 3)
