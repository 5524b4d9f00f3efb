"""Prices that fall: what the windows of the catalog say, and what is made of it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import load_small, published, run

from tco.analysis.horizon.flows import cash, flows, path_of
from tco.analysis.horizon.trends import PATHS, kind_of, trends, words_of
from tco.catalog.files import File
from tco.engine.capital import drift
from tco.options.names import resolve
from tco.options.question import prepare
from tco.options.scenario import Scenario, inline_option

DAY = date(2026, 11, 21)
ASKED = ("--tokens", "50B", "--as-of", DAY.isoformat())
Seen = tuple[str, str, Sequence[tuple[str, float]]]
"""A model, its line or `open`, and its prices by the day that each begins."""


def overlay(*models: Seen) -> File:
    """Return a catalog file of models that one maker sells, each at prices of its own."""
    data: dict[str, Any] = {
        "schema": 1,
        "sources": {"page": {"title": "a page", "read": "2026-11-20", "url": "https://a.example"}},
        "providers": {"maker": {"name": "Maker", "kind": "first_party"}},
        "models": {},
        "offers": [],
    }
    for name, line, prices in models:
        weights = "open" if line == "open" else "closed"
        data["models"][name] = {"name": name, "org": "Maker", "weights": weights}
        if weights == "closed":
            data["models"][name]["line"] = line
        ends = [since for since, _ in prices[1:]]
        windows = [
            {
                "since": since,
                **({"until": ends[i]} if i < len(ends) else {}),
                "checked": "2026-11-20",
                "usd_per_mtok": {"input": usd, "output": usd},
                "evidence": [{"source": "page", "input": usd, "output": usd}],
            }
            for i, (since, usd) in enumerate(prices)
        ]
        data["offers"].append({"provider": "maker", "model": name, "prices": windows})
    return File("own.yaml", json.dumps(data).encode())


FALLING = [
    *((f"f{i}", "mid", [("2024-11-20", 2.0), ("2026-01-01", 1.0)]) for i in range(4)),
    *((f"k{i}", "mid", [("2024-11-20", 2.0)]) for i in range(4)),
]
"""Eight prices watched for two years, of which four were halved: x0.84 a year."""


def asked(*models: Seen, **said: Any) -> Any:
    catalog = load_small([overlay(*models)])
    return prepare(catalog, Scenario(tokens=50e9, **said), DAY)


def test_half_of_the_prices_halved_in_two_years() -> None:
    trend = trends(asked(*FALLING))["mid"]
    assert trend.factor_per_year == pytest.approx(0.5 ** (1 / 4), rel=2e-3)
    assert trend.low < trend.factor_per_year < trend.high < 1.0
    assert (trend.prices, trend.changed) == (8, 4)
    assert trend.watched_years == pytest.approx(16.0, rel=2e-3)
    assert (trend.first, trend.last) == ("2024-11-20", "2026-11-20")
    assert trend.until == (DAY + timedelta(days=730)).isoformat()  # for as long as it was watched
    assert "4 of 8 prices changed in 16 price-years" in words_of(trend)
    assert "windows 2024-11-20 to 2026-11-20" in words_of(trend)


def test_a_fall_goes_on_for_as_long_as_it_was_watched_and_no_longer() -> None:
    inputs = asked(*FALLING, settings={"horizon.months": 48.0, "people.api_fte": 0.0})
    option = resolve("maker/k0", inputs).best
    trend = trends(inputs)["mid"]
    flow = flows(option, path_of(inputs), [0])[0]
    assert flow[1] == pytest.approx(50e9 * 2.0 / 1e6)
    assert flow[13] / flow[1] == pytest.approx(trend.factor_per_year)
    assert flow[25:] / flow[1] == pytest.approx(trend.factor_per_year ** (730 / 365.25))


def test_flat_prices_and_what_is_given() -> None:
    flat = asked(*FALLING, flat_prices=True)
    assert {t.factor_per_year for t in trends(flat).values()} == {1.0}
    option = resolve("maker/k0", flat).best
    assert np.ptp(flows(option, path_of(flat), [0])[0][1:]) == pytest.approx(0.0, abs=1e-6)
    said = asked(*FALLING, settings={PATHS["closed"]: 0.7})
    for kind in ("closed", "small", "mid", "flagship"):
        assert trends(said)[kind].factor_per_year == 0.7
        assert trends(said)[kind].high == 0.7
    both = asked(*FALLING, settings={PATHS["mid"]: 0.6}, flat_prices=True)
    assert (trends(both)["mid"].factor_per_year, trends(both)["small"].factor_per_year) == (0.6, 1)


def test_what_rose_stays_flat_and_is_in_the_band() -> None:
    rising = [(name, line, [(d, 4.0 - usd) for d, usd in rows]) for name, line, rows in FALLING]
    inputs = asked(*rising)
    trend = trends(inputs)["mid"]
    assert trend.factor_per_year == 1.0
    assert trend.seen_per_year is not None
    assert trend.seen_per_year > 1.0
    assert trend.low == 1.0
    assert trend.high > trend.seen_per_year
    assert "no sure fall, so flat" in words_of(trend)


def test_a_class_without_enough_history_takes_that_of_all_closed_models() -> None:
    small: Seen = ("s0", "small", [("2026-01-01", 2.0), ("2026-02-01", 1.0)])
    found = trends(asked(*FALLING, small))
    assert found["small"].factor_per_year == found["closed"].factor_per_year < 1.0
    assert found["small"].prices == found["closed"].prices
    few = trends(asked(small))
    assert few["small"].factor_per_year == 1.0
    assert "too little" in words_of(few["small"])


def test_all_closed_models_say_whether_prices_fall_and_a_class_how_much() -> None:
    doubtful = [
        *((f"u{i}", "small", [("2024-11-20", 2.0), ("2026-01-01", 1.0)]) for i in range(2)),
        ("u2", "small", [("2024-11-20", 2.0), ("2026-01-01", 2.2)]),
        *((f"u{i}", "small", [("2024-11-20", 2.0)]) for i in range(3, 6)),
    ]
    alone, beside = trends(asked(*doubtful))["small"], trends(asked(*FALLING, *doubtful))["small"]
    assert alone.high == beside.high > 1.0  # of its own history a fall is not sure
    assert alone.factor_per_year == 1.0
    assert beside.factor_per_year == beside.seen_per_year < 1.0


def test_nothing_of_what_came_after_the_day_counts() -> None:
    later = [(name, line, [*rows, ("2026-11-25", 0.01)]) for name, line, rows in FALLING]
    one, other = trends(asked(*FALLING))["mid"], trends(asked(*later))["mid"]
    assert one.factor_per_year == pytest.approx(other.factor_per_year, rel=1e-3)


def test_the_kind_of_a_price() -> None:
    own = "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand"
    spec = "mine:kind=api,input=1,output=2"

    inputs = asked(*FALLING, options=(inline_option(spec),))
    kinds = {name: kind_of(resolve(name, inputs).best, inputs) for name in ("maker/k0", own)}
    assert kinds == {"maker/k0": "mid", own: "rent"}
    assert kind_of(resolve("mine", inputs).best, inputs) is None  # a price of one's own stays
    told = asked(*FALLING, options=(inline_option(spec),), settings={PATHS["closed"]: 0.5})
    assert kind_of(resolve("mine", told).best, told) == "closed"


def test_the_shipped_windows_by_another_way(catalog: Any) -> None:
    """The factor of closed flagships, from nothing but the data file."""
    from tco.catalog.lookup import model_class

    inputs = prepare(catalog, Scenario(tokens=1e9, isl=1000.0, osl=1000.0), DAY)
    change = years = 0.0
    for offer in catalog.prices.offers:
        model, seller = catalog.models.models[offer.model], catalog.prices.providers[offer.provider]
        if model.weights != "closed" or model_class(model, catalog.models.classes) != "flagship":
            continue
        if offer.doubt or seller.doubt or seller.kind == "aggregator":
            continue
        rows = [
            p
            for p in sorted(offer.prices, key=lambda p: p.since)
            if p.status != "cancelled"
            and p.since < DAY
            and None not in (p.usd_per_mtok.input, p.usd_per_mtok.output)
        ]
        if not rows:
            continue
        last = rows[-1]
        over = last.until is not None and last.until <= DAY
        end = last.until if over else min(DAY, max(last.checked, last.since))
        ends = [p.usd_per_mtok.input + p.usd_per_mtok.output for p in (rows[0], rows[-1])]
        if end > rows[0].since:
            years += (end - rows[0].since).days / 365.25
            change += math.log(ends[1] / ends[0])
    found = trends(inputs)["flagship"]
    assert found.watched_years == pytest.approx(years)
    assert found.seen_per_year == pytest.approx(math.exp(change / years))


@given(
    st.lists(
        st.tuples(st.floats(-2, 2), st.floats(0.1, 5), st.integers(0, 4)), min_size=2, max_size=40
    )
)
def test_a_drift_lies_within_what_the_prices_did(rows: list[tuple[float, float, int]]) -> None:
    change, years, raw = (np.array(column) for column in zip(*rows, strict=True))
    group = np.unique(raw, return_inverse=True)[1]
    if group.max() < 1:
        with pytest.raises(ValueError, match="two groups"):
            drift(change, years, group)
        return
    middle, low, high = drift(change, years, group)
    each = np.exp(change / years)
    assert each.min() * (1 - 1e-9) <= middle <= each.max() * (1 + 1e-9)
    assert low <= middle <= high
    twice = drift(np.tile(change, 2), np.tile(years, 2), np.concatenate([group, group + 5]))
    assert twice[0] == pytest.approx(middle)
    alike = drift(years * 0.1, years, group)
    assert alike == pytest.approx((math.exp(0.1),) * 3)  # nobody differs, nothing is unsure


def test_parts_add_up_and_gpus_are_counted(catalog: Any) -> None:
    own = "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m"
    settings = {
        "horizon.months": 60.0,
        "horizon.volume_factor_per_year": 2.0,
        "extra.upfront_usd": 1e5,
        "people.setup_fte_months": 3.0,
    }
    inputs = prepare(catalog, Scenario(tokens=100e9, settings=settings), DAY)
    option, path = resolve(own, inputs).best, path_of(inputs)
    paid = cash(option, path, [0, 7])
    assert paid.total == pytest.approx(paid.running + paid.setup + paid.capex - paid.resale)
    assert paid.bought.sum(axis=1) == pytest.approx(paid.sold.sum(axis=1))  # all are sold at last
    assert not paid.bought[1, :7].any()
    held = np.cumsum(paid.bought[0] - paid.sold[0])
    from tco.analysis.horizon.flows import fleet_gpus

    needed = fleet_gpus(option, path)
    assert needed is not None
    assert held[:-1] == pytest.approx(needed)
    assert held[-1] == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--discounting", "weekly"), 2, "--discounting: 'weekly' is none of end-of-month"),
        (("--growth", "much"), 2, "--growth: "),
        (
            ("--growth", "5%", "--set", "horizon.volume_factor_per_year=2"),
            2,
            "--set and --growth say the same",
        ),
    ],
)
def test_wrong_words(words: tuple[str, ...], code: int, said: str) -> None:
    shown = run("horizon", "gpt-4.1", "self/gpt-oss-120b", *ASKED, *words)
    assert (shown.exit_code, shown.stdout) == (code, "")
    assert said in shown.stderr


def test_a_file_says_how_the_months_differ(tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"
    path.write_text(
        "workload: {tokens: 50B}\n"
        "over_time: {growth: 2%, discounting: year-end, flat_prices: true}\n",
        encoding="utf-8",
    )
    asks = ("horizon", "gpt-4.1", "self/gpt-oss-120b", *ASKED[2:], "-o", "json")
    by_file = json.loads(run(*asks, "-f", str(path)).stdout)
    flags = ("--growth", "2%", "--discounting", "year-end", "--flat-prices")
    by_flag = json.loads(run(*asks, "--tokens", "50B", *flags).stdout)
    for document in (by_file, by_flag):
        published("horizon").validate(document)
        assert document["discounting"] == "year-end"
        assert {p["factor_per_year"] for p in document["prices"]} == {1.0}
    assert by_file["path"] == by_flag["path"]
    nearer = json.loads(run(*asks, "-f", str(path), "--discounting", "end-of-month").stdout)
    assert nearer["discounting"] == "end-of-month"
    path.write_text("over_time: {discounting: weekly}\n", encoding="utf-8")
    wrong = run(*asks, "-f", str(path), "--tokens", "50B")
    assert (wrong.exit_code, wrong.stdout) == (3, "")
    assert f"{path}:1" in wrong.stderr


def test_the_hosted_model_is_in_without_being_named(catalog: Any) -> None:
    from tco.analysis.horizon.horizon import horizon

    inputs = prepare(catalog, Scenario(tokens=50e9), DAY)
    own = "self/llama-3.3-70b"
    found = horizon(inputs, ["openai/gpt-4.1", own])
    assert [row.joined for row in found.rows].count(True) == 1
    (joined,) = (row for row in found.rows if row.joined)
    assert joined.id.endswith("/llama-3.3-70b")
    assert joined.letter != "A"
    assert any(said.startswith("hosted llama-3.3-70b") for said in found.resolved)
    named = horizon(inputs, [joined.id, own])
    assert [row.id for row in named.rows if row.joined] == []
    alone = prepare(catalog, Scenario(tokens=50e9, private=True), DAY)
    assert not any(row.joined for row in horizon(alone, ["openai/gpt-4.1", own]).rows)
    usual = horizon(inputs, [])
    assert usual.rows[0].price_kind == "hosted"


def test_a_band_holds_what_is_expected(catalog: Any) -> None:
    from tco.analysis.horizon.horizon import horizon

    inputs = prepare(catalog, Scenario(tokens=200e9), DAY)
    for row in horizon(inputs, ["openai/gpt-4.1", "self/llama-3.3-70b"]).rows:
        assert row.npv_band_usd is not None
        low, high = row.npv_band_usd
        assert low < row.npv_usd < high
