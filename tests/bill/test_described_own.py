"""GPUs that are bought, described inline: a consumer card or a Mac under a desk."""

from __future__ import annotations

from typing import Any

import pytest

from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.analysis.results import ExplainResult
from tco.errors import UsageError
from tco.options.curves import curve
from tco.options.described import inline_option
from tco.options.names import resolve
from tco.options.scenario import InlineOption
from tco.options.scenario import inline_option as read

CARD = "mine:kind=own,model=llama-3.1-8b,gpu=rtx-4090,gpus=1,gpu_usd=$1900"


def explained(asked: Any, spec: str, **fields: Any) -> ExplainResult:
    return explain(asked(tokens=1e9, options=(read(spec),), **fields), "mine")


def test_a_card_is_bought_with_its_share_of_a_pc(asked: Any) -> None:
    row = explained(asked, CARD, site="desk").option
    assert row.upfront_usd == pytest.approx(2 * 1_900 * 1.35)
    assert row.gpus == 2 and row.tier == "self" and row.provider == "own"
    items = {line.item: line for line in row.lines}
    assert items["servers, amortized"].origin == "given"
    assert items["electricity, standing ready"].quantity == pytest.approx(
        2 * 0.450 * 1.75 * 0.20 * 730
    )


def test_a_machine_of_ones_own_needs_only_its_price_and_power(asked: Any) -> None:
    spec = "mine:kind=own,gpus=1,server_usd=$9500,watts=0.3 kW,tokens_per_s=500"
    row = explained(asked, spec, site="desk").option
    assert row.upfront_usd == pytest.approx((row.gpus or 0) * 9_500)
    assert row.energy is not None and row.energy.kwh_per_month <= (row.gpus or 0) * 0.3 * 730


def test_a_mac_of_the_catalog_works_as_it_is(asked: Any) -> None:
    spec = "mine:kind=own,model=gpt-oss-120b,gpu=apple-m3-ultra,gpus=1,gpu_usd=$9500"
    found = explained(asked, spec, site="desk", engine="local")
    assert found.option.upfront_usd == pytest.approx((found.option.gpus or 0) * 9_500)
    assert not any("engine" in note for note in found.warnings)
    tuned = explained(asked, spec, site="desk").warnings
    assert any("--engine local" in note for note in tuned)


def test_its_curve_is_its_bill(asked: Any) -> None:
    inputs = asked(tokens=3e9, options=(read(CARD),))
    option = inline_option(inputs, inputs.request.options[0])
    bill = explain(inputs, "mine").option.monthly_usd
    assert curve(option, inputs.settings).first(3e9).at(3e9) == pytest.approx(bill)


def test_it_stands_in_a_comparison(asked: Any) -> None:
    spec = read(CARD)
    assert isinstance(spec, InlineOption)
    rows = compare(asked(tokens=1e9, options=(spec,), models=("llama-3.1-8b",))).options
    assert any(r.id == "mine" and r.feasible for r in rows)


def test_what_is_not_known_of_energy_is_said(asked: Any) -> None:
    steps = explain(asked(tokens=1e9), "openai/gpt-4.1").steps
    assert any(step.startswith("energy and carbon: not known") for step in steps)
    rented = "mine:kind=self,gpus=1,rent=2,tokens_per_s=900"
    assert any("no power of gpu" in step for step in explained(asked, rented).steps)


def test_weights_that_must_not_be_sold_are_told_until_a_fee_is_given(asked: Any) -> None:
    fields = {"models": ("command-r-plus",), "tiers": ("self",), "tokens": 1e9}
    assert any("not licensed" in note for note in compare(asked(**fields)).warnings)
    fee = {"compliance.licence_usd_per_month": 2_000.0}
    paid = compare(asked(**fields, settings=fee))
    assert not any("not licensed" in note for note in paid.warnings)
    line = next(x for x in paid.options[0].lines if x.item == "licence of the model")
    assert (line.amount_usd, line.origin) == (2_000.0, "given")


def test_a_described_set_up_is_tried_at_the_precision_of_the_catalogs_own(asked: Any) -> None:
    spec = "box:kind=self,model=llama-3.3-70b,gpu=h100-sxm,gpus=2,rent=$2.5"
    own = asked(tokens=50e9, options=(read(spec),))
    box = resolve("box", own).best
    assert box.precision == "fp8"
    asked_for = asked(tokens=50e9, precisions=("bf16",), options=(read(spec),))
    assert resolve("box", asked_for).best.precision == "bf16"


def test_the_price_of_a_server_is_that_of_the_whole_machine(asked: Any) -> None:
    spec = "m:kind=own,model=llama-3.3-70b,gpu=h100-sxm,gpus=2,server_usd=$320k"
    machine = resolve("m", asked(tokens=1e9, options=(read(spec),))).best
    assert machine.instance_gpus == 8
    assert machine.owned.server_usd == 40_000


def test_a_described_option_cannot_take_the_id_of_an_offer(asked: Any) -> None:
    spec = "openai/gpt-4.1:kind=api,input=1,output=1"
    with pytest.raises(UsageError, match="another name"):
        resolve("openai/gpt-4.1", asked(tokens=1e9, options=(read(spec),)))


def test_described_options_join_the_short_list(asked: Any) -> None:
    spec = read("ours:kind=api,input=1,output=2")
    plain, joined = compare(asked(tokens=50e9)), compare(asked(tokens=50e9, options=(spec,)))
    assert {*joined.shown} == {*plain.shown, "ours"}


HERE = "mine:kind=self,model=glm-5.2,gpu=b300-sxm,gpus=8,rent=$7.89"


def test_gpus_that_are_described_hold_sessions_as_those_of_the_catalog_do(asked: Any) -> None:
    inputs = asked(developers=100.0, options=(read(HERE),))
    mine = explain(inputs, "mine").option
    listed = explain(inputs, "self/glm-5.2@8xb300-sxm:fp8").option
    assert mine.replica is not None and listed.replica is not None
    assert (mine.gpus, mine.replicas) == (listed.gpus, listed.replicas) == (40.0, 5.0)
    assert mine.replica.requests_per_s == pytest.approx(listed.replica.requests_per_s)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"developers": 5_000.0}, "its 3 replicas keep 87 of 4.15k sessions warm"),
        (
            {
                "tokens": 3e11,
                "profile": "agent-coding",
                "settings": {"workload.sessions.open": 500.0},
            },
            "its 2 replicas keep 58 of 500 sessions warm",
        ),
        ({"developers": 50.0}, "you gave it"),
    ],
)
def test_a_speed_that_takes_more_sessions_than_memory_keeps_is_not_trusted(
    asked: Any, fields: dict[str, Any], told: str
) -> None:
    spec = f"{HERE},tokens_per_s=2M"
    row = explain(asked(options=(read(spec),), **fields), "mine").option
    assert row.trust_reasons == (told,) and row.sureness == told
    assert row.trust == ("high" if told == "you gave it" else "low")


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("mine:kind=self,gpus=8,tokens_per_s=500", "needs rent"),
        ("mine:kind=provisioned,tokens_per_s=500", "needs unit_price and output_weight"),
        (
            "mine:kind=provisioned,unit_price=$1/h,tokens_per_s=5,output_weight=1,minimum=0",
            "minimum is 0",
        ),
    ],
)
def test_what_lacks_is_told_by_the_key_that_says_it(asked: Any, spec: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        explained(asked, spec)
