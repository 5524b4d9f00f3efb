"""Swings are two bills, and at a flip the bills cross."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema_rs
import numpy as np
import pytest
from strategies import usd_at

from tco.analysis.breakeven import breakeven
from tco.analysis.results import Flip, SensitivityResult
from tco.analysis.sensitivity import sensitivity
from tco.analysis.vary.variables import of_setting
from tco.analysis.verdict import difference, levers, turns_at
from tco.engine.ledger import total_usd
from tco.errors import UsageError
from tco.options.bills import Option, TokenOption, lines
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.scenario import InlineOption
from tco.render import jsonio
from tco.render.jsonio import from_document, json_text
from tco.render.output import rendered
from tco.render.plots import tornado
from tco.render.schemas import schema
from tco.render.words import View

Asked = Callable[..., Question]

A, B = "openai/gpt-4.1", "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand_4x"
HOST = "deepinfra/llama-3.3-70b"
VOLUME = 14e9
PAIRS = [(A, B), (HOST, B), (B, HOST), (HOST, A)]


def gap(inputs: Question, a: str, b: str) -> float:
    """Return the bill of B less that of A, asked anew."""
    usd = [
        float(np.asarray(total_usd(lines(resolve(n, inputs).best, inputs.settings))))
        for n in (a, b)
    ]
    return usd[1] - usd[0]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: " against ".join(pair))
def answer(request: pytest.FixtureRequest, asked: Asked) -> SensitivityResult:
    return sensitivity(asked(tokens=VOLUME), *request.param)


def test_every_swing_is_the_difference_of_two_bills(
    answer: SensitivityResult, asked: Asked
) -> None:
    assert len(answer.rows) >= 4
    for row in answer.rows:
        for value, usd in ((row.low, row.at_low_usd), (row.high, row.at_high_usd)):
            inputs = asked(tokens=VOLUME, settings={row.path: value})
            assert usd == pytest.approx(gap(inputs, answer.a, answer.b), rel=1e-9, abs=1e-6)
        assert row.swing_usd == pytest.approx(row.at_high_usd - row.at_low_usd)


def test_swings_are_sorted_and_todays_value_lies_in_the_range(answer: SensitivityResult) -> None:
    sizes = [abs(row.swing_usd) for row in answer.rows]
    assert sizes == sorted(sizes, reverse=True)
    assert all(row.low <= row.value <= row.high for row in answer.rows)
    assert answer.difference_usd == pytest.approx(answer.b_usd - answer.a_usd)


def test_an_assumption_that_is_left_out_moves_neither_bill(
    answer: SensitivityResult, asked: Asked
) -> None:
    inputs = asked(tokens=VOLUME)
    told = {row.path for row in answer.rows}
    for path, setting in inputs.settings.items():
        uncertain = setting.low < setting.high and not setting.fixed
        # Of throughput the set-up's own band is tried, not the range of all of them.
        uncertain &= path != "serving.throughput_factor"
        if path not in told and uncertain and not path.startswith("own."):
            for value in (setting.low, setting.high):
                moved = asked(tokens=VOLUME, settings={path: value})
                assert gap(moved, answer.a, answer.b) == pytest.approx(
                    answer.difference_usd, abs=0.01
                )


def test_a_swing_that_passes_zero_has_a_flip_and_only_then(answer: SensitivityResult) -> None:
    here = answer.difference_usd < 0
    for row in answer.rows:
        ends = {row.at_low_usd < 0, row.at_high_usd < 0}
        if ends != {here}:
            assert row.flips_at is not None


@pytest.mark.parametrize("pair", PAIRS, ids=" against ".join)
@pytest.mark.parametrize("tokens", [9e9, 14e9, 30e9])
def test_at_a_flip_the_bills_cross(pair: tuple[str, str], tokens: float, asked: Asked) -> None:
    inputs = asked(tokens=tokens)
    answer = sensitivity(inputs, *pair)
    here = answer.difference_usd < 0
    a, b = (resolve(name, inputs).best for name in pair)
    for row in answer.rows:
        if row.flips_at is None:
            continue
        assert row.low <= row.flips_at <= row.high
        over = of_setting(inputs.settings[row.path])
        beyond = difference(inputs.settings, a, b, over, np.array([row.flips_at]))[0]
        step = 1.0 if row.unit in ("replicas", "requests") else (row.high - row.low) * 1e-4
        nearer = row.flips_at + np.copysign(step, row.value - row.flips_at)
        before = difference(inputs.settings, a, b, over, np.array([nearer]))[0]
        assert bool(beyond < 0) is not here
        assert bool(before < 0) is here


def test_spare_replicas_flip_at_a_whole_number(asked: Asked) -> None:
    spec = InlineOption(
        name="own",
        kind="self",
        source="test",
        gpus=1,
        usd_per_gpu_hour=2.0,
        tokens_per_s=5_000.0,
    )
    api = InlineOption(name="api", kind="api", source="test", input=5.0, output=5.0)
    settings = {"people.floor_fte": 0.0, "people.fixed_fte": 0.0, "people.api_fte": 0.0}
    inputs = asked(tokens=0.8e9, options=(spec, api), settings=settings)
    row = next(r for r in sensitivity(inputs, "api", "own").rows if r.path == "serving.redundancy")
    # $4,000 by the token; one GPU is $1,533 with its extras: a second spare is one too many.
    assert row.flips_at == 2.0


@pytest.mark.parametrize("path", ["serving.kv_bytes", "serving.max_concurrency"])
def test_a_setting_that_sizes_a_replica_counts_in_a_sweep_as_in_a_question(
    path: str, asked: Asked
) -> None:
    swept = asked(tokens=500e9)
    option = resolve(B, swept).best
    for value in (128.0, 512.0) if path.endswith("concurrency") else (1.0, 2.0):
        anew = asked(tokens=500e9, settings={path: value})
        direct = total_usd(lines(resolve(B, anew).best, anew.settings))
        in_sweep = total_usd(lines(option, swept.settings.with_values({path: np.array([value])})))
        assert float(np.asarray(in_sweep)[0]) == pytest.approx(float(np.asarray(direct)))


def flips(asked: Asked, a: str, b: str, **fields: Any) -> dict[str, Flip]:
    return {f.title: f for f in breakeven(asked(**fields), a, b).flips}


def bills(inputs: Question, a: Option, b: Option, volume: float) -> float:
    return float((usd_at(b, inputs.settings, volume) - usd_at(a, inputs.settings, volume))[0])


@pytest.mark.parametrize(("a", "b"), [(HOST, "novita/llama-3.3-70b"), (A, "google/gemini-2.5-pro")])
def test_the_price_of_one_offer_flips_by_itself(a: str, b: str, asked: Asked) -> None:
    inputs = asked(tokens=VOLUME)
    first, second = (resolve(name, inputs).best for name in (a, b))
    here = bills(inputs, first, second, VOLUME) < 0
    found = flips(asked, a, b, tokens=VOLUME)
    assert set(found) == {f"price of {a}", f"price of {b}"}
    for option in (first, second):
        needed = found[f"price of {option.id}"].needed
        assert needed is not None
        assert isinstance(option, TokenOption)
        for factor, turned in ((needed, True), (1 + (needed - 1) * 0.999, False)):
            moved = replace(option, factor=factor)
            pair = (moved, second) if option is first else (first, moved)
            assert (bills(inputs, *pair, VOLUME) < 0) is (here is not turned)


def test_engineers_today_are_those_of_the_bill(asked: Asked) -> None:
    found = flips(asked, A, B, tokens=1e12)["engineers"]
    inputs = asked(tokens=1e12)
    team = next(x for x in lines(resolve(B, inputs).best, inputs.settings) if x.group == "people")
    assert found.now == pytest.approx(float(np.asarray(team.quantity)))
    assert found.now > 2
    assert found.needed is not None
    given = asked(tokens=1e12, fte=found.needed)
    assert (gap(given, A, B) < 0) is not (gap(inputs, A, B) < 0)


def test_a_lever_that_nothing_can_turn_says_so(asked: Asked) -> None:
    found = flips(asked, HOST, B, tokens=1e9)
    assert found["GPU rent"].needed is None
    assert found["GPU rent"].text == "no GPU rent would do on its own"


def test_levers_are_those_that_enter_either_bill(asked: Asked) -> None:
    inputs = asked(tokens=VOLUME)
    a, b, host = (resolve(n, inputs).best for n in (A, B, HOST))
    assert [x.name for x in levers(a, host, inputs.settings)] == [
        "price.api_factor",
        "price.hosted_factor",
    ]
    assert {x.name for x in levers(a, b, inputs.settings)} == {
        "price.api_factor",
        "rent.factor",
        "serving.throughput_factor",
        "people.fte",
        "workload.peak_to_mean",
    }


def test_a_flip_is_found_to_a_millionth(asked: Asked) -> None:
    inputs = asked(tokens=VOLUME)
    a, b = resolve(A, inputs).best, resolve(B, inputs).best
    rent = replace(of_setting(inputs.settings["rent.factor"]), low=0.01, high=100.0)
    found = turns_at(lambda v: difference(inputs.settings, a, b, rent, v), rent)
    assert found is not None
    usd = usd_at(a, inputs.settings, VOLUME)[0]
    bill = {x.item: float(np.asarray(x.amount_usd)) for x in lines(b, inputs.settings)}
    riding = ("GPU rent", "monitoring", "control plane, test machines")
    machines = sum(bill[item] for item in riding)
    rest = sum(bill.values()) - machines
    assert found == pytest.approx((usd - rest) / machines, rel=1e-5)


def test_a_share_never_flips_beyond_one(asked: Asked) -> None:
    cached = of_setting(asked().settings["workload.cached_share"])
    assert (cached.least, cached.most) == (0.0, 1.0)


@pytest.mark.parametrize(("a", "b"), [(A, None), (None, B)])
def test_one_name_alone_is_refused(a: str | None, b: str | None, asked: Asked) -> None:
    with pytest.raises(UsageError, match="against what"):
        sensitivity(asked(tokens=1e9), a, b)


def test_a_sensitivity_needs_a_volume(asked: Asked) -> None:
    with pytest.raises(UsageError, match="how many tokens a month"):
        sensitivity(asked(), A, B)


def test_without_names_a_host_and_own_gpus_of_the_same_weights_are_taken(asked: Asked) -> None:
    answer = sensitivity(asked(tokens=50e9), None, None)
    assert answer.same_weights
    assert answer.b.startswith("self/")
    assert "were not named" in answer.resolved[0]


LOST = ("openai/gpt-4.1", "self/qwen3-32b@1xrtx-6000-ada:fp8/novita:on_demand")


@pytest.mark.parametrize("names", [LOST, LOST[::-1]])
def test_an_end_at_which_nothing_serves_is_a_row_that_says_so(
    names: tuple[str, str], asked: Asked
) -> None:
    answer = sensitivity(asked(tokens=1e8), *names)
    row = next(r for r in answer.rows if r.path == "serving.max_tpot_s")
    assert (row.at_low_usd, row.swing_usd) == (None, None)
    assert row.at_high_usd is not None
    assert row.impossible == f"{LOST[1]} serves nothing at the low end"
    assert answer.rows[0] is row  # no swing is larger
    document = json.loads(json_text(jsonio.document(answer)))
    jsonschema_rs.validate(json.loads(schema("sensitivity")), document)
    for kind in ("table", "csv", "md", "llm", "github", "svg"):
        assert row.path in rendered(answer, kind, View())
    screen = rendered(answer, "table", View())
    letter = "B" if names == LOST else "A"
    assert f"serving.max_tpot_s: {letter} serves nothing at the low end" in screen
    assert row.impossible in rendered(answer, "table", View(notes=True)).replace("\n ", "")
    list(tornado(answer, 80))
    assert from_document(document)[0] == answer
