"""Rules on answers that peers break: comparators, names, words, payback, contracts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from tco.analysis.breakeven import breakeven, breakeven_table
from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.analysis.horizon.horizon import horizon
from tco.catalog.load import Catalog
from tco.engine.capital import Ownership, annuity, ownership_lines
from tco.engine.selfhost import Fleet
from tco.errors import InfeasibleError, TcoError, UnknownNameError, UsageError
from tco.options.question import Question
from tco.options.scenario import InlineOption
from tco.options.selection import select

Asked = Callable[..., Question]

OWN = "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand"


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("deepinfra/llama-3.3-70b", OWN, True),
        ("openai/gpt-4.1", OWN, False),
        ("openai/gpt-4.1", "deepinfra/llama-3.3-70b", False),
        ("deepinfra/llama-3.3-70b", "novita/llama-3.3-70b", True),
    ],
)
def test_a_comparison_with_a_different_model_is_flagged(
    a: str, b: str, same: bool, asked: Asked
) -> None:
    answer = breakeven(asked(), a, b)
    assert answer.same_weights is same
    assert ("different models" in answer.verdict) is not same


def test_the_table_holds_each_open_model_against_a_host_of_the_same_weights_first(
    asked: Asked,
) -> None:
    rows = breakeven_table(asked(), None).rows
    same = [r for r in rows if r.same_weights]
    assert len(same) >= 3
    for row in same:
        assert row.a.split("/")[1] == row.model == row.b.split("/")[1].split("@")[0]
    others = {(r.class_, r.a) for r in rows if not r.same_weights}
    assert len(others) == len({class_ for class_, _ in others}), "one closed model a class"
    assert {r.model for r in same} <= {r.model for r in rows if not r.same_weights}


def test_the_verdict_of_one_model_does_not_speak_of_different_models(asked: Asked) -> None:
    answer = compare(asked(tokens=50e9, models=("llama-3.3-70b",)))
    assert "different models" not in answer.verdict
    assert "different models" in compare(asked(tokens=50e9)).verdict


@pytest.mark.parametrize("all_setups", [False, True])
def test_the_verdict_names_a_model_once(all_setups: bool, asked: Asked) -> None:
    answer = compare(asked(tokens=50e9, models=("llama-3.3-70b",), all_setups=all_setups))
    assert answer.verdict.count("llama-3.3-70b (") == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"models": ("lama-3.3-70b",)}, ("no model called 'lama-3.3-70b'", "llama-3.3-70b")),
        ({"providers": ("togther",)}, ("no provider called 'togther'", "together")),
        ({"gpus": ("h10-sxm",)}, ("no GPU called 'h10-sxm'", "h100-sxm")),
        ({"sellers": ("lamda",)}, ("no GPU seller called 'lamda'", "lambda")),
        ({"tiers": ("hostd",)}, ("no tier called 'hostd'", "hosted")),
        ({"purchases": ("reserved1y",)}, ("no purchase option called", "reserved_1y")),
        ({"precisions": ("fp7",)}, ("no precision called 'fp7'", "fp8")),
        ({"licenses": ("permisive",)}, ("no licence called 'permisive'", "permissive")),
        ({"min_score": ("mlu", 80.0)}, ("no benchmark called 'mlu'", "mmlu")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_unknown_name_is_an_error_with_suggestions(
    fields: dict[str, object], words: tuple[str, str], asked: Asked, catalog: Catalog
) -> None:
    inputs = asked(tokens=1e9, **fields)
    with pytest.raises(UnknownNameError) as error:
        select(catalog, inputs.request)
    text = str(error.value)
    assert words[0] in text
    assert words[1] in text.split("did you mean")[1]
    assert "\n" not in text
    assert error.value.exit_code == 3


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("gpt-4.l", UnknownNameError, "did you mean"),
        ("openai/gpt-4.l", UnknownNameError, "openai/gpt-4.1"),
        ("self/lama-3.3-70b", UnknownNameError, "llama-3.3-70b"),
        ("self/llama-3.3-70b@2xh10-sxm", UnknownNameError, "h100-sxm"),
        ("self/llama-3.3-70b@2xh100-sxm:fp7", UnknownNameError, "fp8"),
        ("self/llama-3.3-70b@2xh100-sxm:fp8/lamda", UnknownNameError, "lambda"),
        ("self/llama-3.3-70b@2xh100-sxm:fp8/lambda:ondemand", UnknownNameError, "on_demand"),
        ("self/llama-3.3-70b@0xh100-sxm", UnknownNameError, "@1xh100-sxm"),
        ("self/", TcoError, "self/MODEL@COUNTxGPU"),
        ("self/gpt-4.1", InfeasibleError, "weights of gpt-4.1 are closed"),
        ("self/llama-3.3-70b@3xh100-sxm", InfeasibleError, "attention heads"),
        ("self/deepseek-v3@1xh100-sxm:fp8", InfeasibleError, "does not fit"),
        ("novita/gpt-4.1", UnknownNameError, "openai/gpt-4.1"),
    ],
)
def test_an_option_that_is_not_there_says_what_is(
    name: str, kind: type[TcoError], words: str, asked: Asked
) -> None:
    with pytest.raises(kind) as error:
        explain(asked(tokens=1e9), name)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_setting_is_an_error_with_suggestions(asked: Asked) -> None:
    with pytest.raises(UsageError, match=r"serving\.headrom.*did you mean serving\.headroom"):
        asked(settings={"serving.headrom": 0.9})


def owned(**values: float) -> dict[str, float]:
    """Return the lines of eight bought GPUs that work all month, those at nothing left out."""
    nothing = dict.fromkeys((f.name for f in fields(Ownership)), 0.0)
    own = Ownership(
        **{**nothing, "life_months": 48.0, "pue": 1.0, "hours_per_month": 730.0, **values}
    )
    eight = Fleet(needed=1.0, replicas=1.0, gpus=8.0, paid_gpus=8.0)
    lines = ownership_lines(eight, own, source="test")
    return {x.item: usd for x in lines if (usd := float(np.asarray(x.amount_usd)))}


def test_payback_counts_the_price_once_as_an_annuity_without_further_interest() -> None:
    bill = owned(server_usd=45_000.0, residual_share=0.15, yearly_rate=0.10)
    assert bill == {
        "servers, amortized": pytest.approx(8 * float(annuity(45_000.0, 6_750.0, 0.10, 48.0)))
    }
    # Straight-line depreciation and interest on the full price would be a seventh more.
    both = 8 * ((45_000 - 6_750) / 48 + 45_000 * 0.10 / 12)
    assert both > 1.14 * sum(bill.values())


def test_payback_is_on_cash_and_the_saving_is_printed_with_its_present_value(asked: Asked) -> None:
    own = "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m"
    row = horizon(asked(tokens=50e9), ["openai/gpt-4.1", own]).rows
    row = next(r for r in row if r.id == own)
    assert row.upfront_usd > 0 and row.payback_months
    assert row.saving_usd is not None and row.npv_saving_usd is not None
    assert 0 < row.npv_saving_usd < row.saving_usd


def test_a_straight_line_has_no_interest_in_it() -> None:
    bill = owned(server_usd=45_000.0, residual_share=0.15, yearly_rate=0.10, straight_line=1.0)
    assert bill == {"servers, amortized": pytest.approx(8 * (45_000 - 6_750) / 48)}


def test_electricity_and_a_room_without_power_are_counted_once() -> None:
    bill = owned(
        rated_w=1_370.0,
        light_power_share=0.5,
        full_power_share=0.8,
        pue=1.25,
        usd_per_kwh=0.10,
        colo_usd_per_kw_month=200.0,
    )
    kw = 8 * 1.37
    electricity = sum(usd for item, usd in bill.items() if item.startswith("electricity"))
    assert electricity == pytest.approx(kw * 0.8 * 1.25 * 730 * 0.10)
    assert bill["room, without power"] == pytest.approx(kw * 200)
    assert sum(bill.values()) == pytest.approx(kw * (73 + 200))


def test_the_rows_are_ranked_by_cost_with_the_infeasible_last(asked: Asked) -> None:
    rows = compare(asked(tokens=50e9)).options
    usd = [r.monthly_usd for r in rows if r.feasible]
    assert usd == sorted(usd)  # type: ignore[type-var]
    assert [r.feasible for r in rows] == sorted((r.feasible for r in rows), reverse=True)
    assert all(r.reasons for r in rows if not r.feasible)
    assert not any(r.reasons for r in rows if r.feasible)


def test_every_total_is_the_sum_of_its_lines_and_inside_its_band(asked: Asked) -> None:
    settings = {"workload.batch_share": 0.2}
    rows = [r for r in compare(asked(tokens=50e9, settings=settings)).options if r.feasible]
    assert len(rows) > 20
    for row in rows:
        assert row.monthly_usd == pytest.approx(sum(x.amount_usd for x in row.lines), rel=1e-12)
        for line in row.lines:
            assert line.amount_usd == pytest.approx(line.quantity * line.rate_usd, rel=1e-12)
            assert line.source
        assert row.usd_per_mtok == pytest.approx((row.monthly_usd or 0) / 50e3)
        assert row.band_usd is not None
        assert row.band_usd[0] <= (row.monthly_usd or 0) <= row.band_usd[1]


def test_what_was_given_is_marked_as_given(asked: Asked) -> None:
    spec = InlineOption(name="mine", kind="api", source="--option", input=1.0, output=2.0)
    settings = {"people.api_fte": 0.5, "people.salary_usd_per_year": 100_000.0}
    answer = compare(asked(tokens=1e9, options=(spec,), settings=settings))
    row = next(r for r in answer.options if r.id == "mine")
    assert {line.origin for line in row.lines} == {"given"}
    given = {a.path: a.value for a in answer.assumptions if a.origin == "given"}
    assert given["people.api_fte"] == 0.5
    judged = {a.path for a in answer.assumptions if a.judgment}
    assert "people.floor_fte" in judged
    assert not judged & set(given)


def test_without_a_volume_there_is_no_comparison_but_there_is_a_break_even(asked: Asked) -> None:
    with pytest.raises(UsageError, match="how many tokens a month"):
        compare(asked())
    answer = breakeven(asked(), "openai/gpt-4.1", OWN)
    assert answer.now is None
    assert answer.a_usd is None
    assert answer.first is not None
