"""When GPUs are on, what they cost, what caches keep: worked out by hand on the small catalog.

No function here takes an argument: `benchmarks/mutants.py` calls them as they are.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from figures.choices import AGENTS, DAY, MORE, OWN, WEEK, Row, asked
from running import load_small

from tco.analysis.compare import compare
from tco.catalog.hardware import Purchase
from tco.catalog.trust import LEVELS
from tco.engine.gaps import Gaps
from tco.engine.selfhost import Fleet
from tco.engine.shapes import Workload
from tco.errors import DataError, UsageError
from tco.options import bills, cheapest, curves, hours, machines, sessions
from tco.options import sessions as sessions_of_profiles
from tco.options.names import resolve
from tco.options.question import prepare
from tco.options.scenario import Scenario

A = np.array
close = pytest.approx
HOURLY = MORE.with_name("hourly.yaml")
SERVERS = Fleet(needed=1.0, replicas=2.0, gpus=16.0, paid_gpus=24.0, busy_gpus=4.0)


def gpus_of(**more: Any) -> Any:
    """Return 8 GPUs a server at $2 an hour each, with nothing else to pay for."""
    usual = {
        "usd_per_gpu_hour": 2.0, "owned": None, "purchase": "on_demand", "instance_gpus": 8,
        "weights_gb": None, "egress": machines.FREE_EGRESS, "tries": 1.0, "origin": "given",
        "source": "x", "seller": "somebody",
    }  # fmt: skip
    return SimpleNamespace(**(usual | more))


def items(lines: Any) -> dict[str, tuple[Any, Any]]:
    """Return the quantity and the rate of some lines by what they are for."""
    return {line.item: (line.quantity, line.rate_usd) for line in lines}


# Hours.


def test_hours_over_their_mean() -> None:
    for level in (0.5, 1.0, 7.0):
        assert hours.checked_hours([level] * 24, "x").tolist() == [1.0] * 24
    half = hours.checked_hours([0.0] * 12 + [0.25] * 12, "x")
    assert half.tolist() == [0.0] * 12 + [2.0] * 12
    assert hours.checked_hours([0.0] * 167 + [0.001], "x")[-1] == close(168.0)
    for bad, said in (
        ([0.0] * 24, "all hours are 0"), ([1.0] * 23 + [-0.1], "hour 23 is -0.1"),
        ([np.inf] + [1.0] * 23, "hour 0 is inf"), ([1.0] * 25, "25 hours are given"),
    ):  # fmt: skip
        with pytest.raises(DataError, match=said):
            hours.checked_hours(bad, "x")
    # A quarter of the hours empty: no less than 4/3; two as busy as the busiest: at most 2.
    assert hours.reachable(A([0.0, 1.0, 2.0, 2.0])) == close((4.0 / 3.0, 2.0), rel=1e-6)


def test_a_schedule_opens_some_hours() -> None:
    opened, gaps = hours._opening(WEEK)
    assert opened.sum() == 60.0 and opened[8] == opened[19] == 1.0
    assert opened[7] == opened[20] == opened[5 * 24 + 12] == 0.0
    assert gaps.tolist() == [12.0 + 48.0, 12.0, 12.0, 12.0, 12.0]
    opened, gaps = hours._opening((((0,), 30, 90),))
    assert opened[:3].tolist() == [0.5, 0.5, 0.0] and gaps.tolist() == [167.0]
    opened, gaps = hours._opening(((tuple(range(7)), 0, 24 * 60),))
    assert opened.sum() == 168.0 and gaps.size == 0
    opened, gaps = hours._opening(None)
    assert opened.tolist() == [1.0] * 168 and gaps.size == 0
    assert hours._closed_before(A([False, True, True]), 1) == 1
    assert hours._closed_before(A([False, False]), 0) == 0


OFFICE = {"billing": "autoscaled", "profile": "office"}


def test_hours_of_a_day_are_those_of_every_day() -> None:
    found = asked(**OFFICE, settings={"workload.peak_to_mean": 2.0}).hours
    assert found is not None and found.billing == "autoscaled" and "office" in found.title
    assert found.week.tolist() == ([0.0] * 12 + [2.0] * 12) * 7
    assert found.open_share.tolist() == [1.0] * 168
    for peak in (1.5, 2.1, 3.5):  # half of the day is empty, the other half even
        with pytest.raises(UsageError, match=r"from 2 to 2 is possible"):
            _ = asked(**OFFICE, settings={"workload.peak_to_mean": peak}).hours
    with pytest.raises(UsageError, match="have no load while it is open"):
        night = (((0, 1, 2, 3, 4, 5, 6), 0, 6 * 60),)
        _ = asked(profile="office", schedule=night, settings={"workload.peak_to_mean": 2.0}).hours
    morning = (((0,), 8 * 60, 13 * 60),)
    some = asked(profile="office", schedule=morning, settings={"workload.peak_to_mean": 2.0}).hours
    assert some is not None and some.billing == "scheduled" and some.gaps_h.tolist() == [163.0]
    assert asked(profile="office").hours is None


def test_a_sellers_clock_counts_unless_one_is_given() -> None:
    question = asked(billing="autoscaled", profile="chat")
    usual = question.settings.value("fleet.billing_step_s")

    def step(settings: Any, seller_s: float | None) -> Any:
        duty = hours.duty_of(question.hours, settings, seller_s)
        assert duty is not None
        return duty.billing_step_s

    assert step(question.settings, 1234.0) == 1234.0
    assert step(question.settings, None) == usual
    given = asked(billing="autoscaled", profile="chat", settings={"fleet.billing_step_s": 77.0})
    assert step(given.settings, 1234.0) == step(given.settings, None) == 77.0
    assert hours.duty_of(None, question.settings, 60.0) is None


def test_what_is_paid_for_while_it_is_off() -> None:
    off = replace(SERVERS, mean_gpus=5.0, mean_powered_gpus=6.0, mean_billed_gpus=6.0)
    question = asked(billing="scale_to_zero", profile="chat")
    assert hours.as_paid(gpus_of(), off) is off
    own = hours.as_paid(gpus_of(seller="own", purchase="48m"), off)
    assert (own.mean_gpus, own.mean_powered_gpus, own.mean_billed_gpus) == (5.0, 6.0, None)
    held = hours.as_paid(gpus_of(purchase="reserved_1y"), off)
    assert (held.mean_gpus, held.mean_powered_gpus, held.mean_billed_gpus) == (None, None, None)
    always = gpus_of(purchase="reserved_1y")
    assert hours.as_paid(always, SERVERS) is SERVERS
    notes = [
        hours.billing_note(gpus_of(purchase=kind, seller=seller), question.hours)
        for kind, seller in (("on_demand", "x"), ("48m", "own"), ("reserved_1y", "x"))
    ]
    assert notes == [
        "scale to zero",
        "scale to zero, but bought: off hours save electricity only",
        "scale to zero, but reserved: paid whether on or off",
    ]
    assert hours.billing_note(gpus_of(), None) == ""


def test_the_profile_whose_peak_is_nearest() -> None:
    def profile(count: int, peak: float) -> Any:
        return SimpleNamespace(hourly=[1.0] * count, peak_to_mean=peak)

    some = {"day": profile(24, 2.0), "low": profile(168, 1.5), "high": profile(168, 3.0)}
    assert [hours._nearest(some, p) for p in (0.5, 2.0, 2.24, 2.26, 9.0)] == (
        ["low", "low", "low", "high", "high"]
    )


def test_who_counts_in_hours_is_no_bargain_for_a_fleet_that_sleeps() -> None:
    # 20 million tokens a month in chats: Nebius' GPUs are cheaper by the hour, but of started hours
    # all are paid; Lambda's are off between them.
    hourly = load_small([HOURLY])

    def chosen(billing: str | None, **more: Any) -> str:
        request = Scenario(
            tokens=2e7, tiers=("self",), models=("llama-3.3-70b",), profile="chat",
            billing=billing, gpus=("h100-sxm",), sellers=("nebius", "lambda"), **more,
        )  # fmt: skip
        found = compare(prepare(hourly, request, DAY))
        return found.options[0].id.rpartition("/")[2]

    assert chosen(None) == "nebius:on_demand"
    assert chosen("scale_to_zero") == "lambda:on_demand"
    given = {"fleet.billing_step_s": 60.0}  # of both alike
    assert chosen("scale_to_zero", settings=given) == "nebius:on_demand"


# What GPUs cost.


def test_the_price_of_a_gpu() -> None:
    def usd(**known: float) -> float | None:
        return machines._gpu_usd(Purchase(seen="2026-11", source="made", **known))

    assert usd(low=20.0, high=30.0) == 25.0
    assert (usd(low=20.0), usd(high=30.0), usd()) == (20.0, 30.0, None)
    assert usd(low=20.0, typical=22.0, high=30.0) == 22.0


def test_a_gpu_with_a_share_of_its_server() -> None:
    def gpu(purchase: Any, **more: Any) -> Any:
        usual = {"purchase": purchase, "tdp_w": 700.0, "node_gpus": 8, "all_in_w": 1200.0}
        return SimpleNamespace(**(usual | more))

    def price(**known: float) -> Purchase:
        return Purchase(seen="2026-11", source="made", **known)

    both = machines.owned_gpu(gpu(price(typical=25e3, server_usd=320e3)))
    assert both is not None
    assert (both.gpu_usd, both.server_usd, both.whole) == (25e3, 40e3, False)
    assert (both.board_w, both.all_in_w) == (700.0, 1200.0)
    server = machines.owned_gpu(gpu(price(server_usd=320e3)))
    assert server is not None and (server.gpu_usd, server.server_usd) == (40e3, 40e3)
    alone = machines.owned_gpu(gpu(price(typical=4e3), node_gpus=1))
    assert alone is not None and alone.whole and alone.server_usd is None
    assert machines.owned_gpu(gpu(price())) is None
    assert machines.owned_gpu(gpu(None)) is None
    assert machines.owned_gpu(gpu(price(typical=4e3), tdp_w=None)) is None
    kinds = {
        kind: machines.smallest_purchase(gpu(None, link=SimpleNamespace(kind=kind)))
        for kind in ("nvlink", "infinity_fabric", "pcie")
    }
    assert kinds == {"nvlink": 8, "infinity_fabric": 8, "pcie": 1}


def licences(**usd: Any) -> Any:
    """Return what a fleet pays a month for licences of so much."""
    settings = asked().settings.with_values({f"extra.usd_per_{n}_month": v for n, v in usd.items()})
    bill = machines.machine_lines(gpus_of(), settings, SERVERS)
    rent = {"GPU rent", "monitoring", "control plane, test machines"}
    return sum(line.amount_usd for line in bill if line.item not in rent)


def test_licences_by_the_gpu_or_the_server() -> None:
    # 24 GPUs are 3 servers of 8.
    assert licences(gpu=100.0) == 2400.0
    assert licences(server=1000.0) == 3000.0
    assert licences(gpu=100.0, server=1000.0) == 5400.0
    assert np.asarray(licences(gpu=A([0.0, 100.0]))).tolist() == [0.0, 2400.0]
    assert np.asarray(licences(server=A([0.0, 1000.0]))).tolist() == [0.0, 3000.0]
    assert licences() == 0


def test_sums_that_are_paid_once() -> None:
    settings = asked().settings

    def usd(**values: Any) -> Any:
        changed = settings.with_values(
            {f"extra.{n}": v for n, v in values.items()}
            | {"own.yearly_rate": 0.0, "own.life_months": 50.0, "own.straight_line": 1.0}
        )
        return sum(line.amount_usd for line in machines.once_lines(changed))

    assert usd(usd_per_month=700.0) == 700.0
    assert usd(upfront_usd=5000.0) == close(100.0)
    assert usd(usd_per_month=700.0, upfront_usd=5000.0) == close(800.0)
    assert np.asarray(usd(usd_per_month=A([0.0, 700.0]))).tolist() == [0.0, 700.0]
    assert np.asarray(usd(upfront_usd=A([0.0, 5000.0]))) == close(A([0.0, 100.0]))
    assert machines.once_lines(settings) == ()
    assert machines.upfront_usd(gpus_of(), settings, SERVERS) is None
    some = settings.with_values({"extra.upfront_usd": A([0.0, 9.0])})
    assert np.asarray(machines.upfront_usd(gpus_of(), some, SERVERS)).tolist() == [0.0, 9.0]


def test_what_more_work_adds_to_a_fleet_that_is_there() -> None:
    settings = asked().settings.with_values(
        {"extra.usd_per_gpu_month": 50.0, "extra.usd_per_server_month": 70.0}
    )
    rented = machines.work_lines(gpus_of(weights_gb=140.0), settings, 4.0)
    moving = {"load balancer, traffic", "egress"}
    assert [line.item for line in rented if line.amount_usd and line.item not in moving] == []
    assert items(rented)["GPU rent"][0] == 0.0
    spot = machines.work_lines(gpus_of(purchase="spot"), settings, 4.0)
    assert [line.item for line in spot if line.amount_usd and line.item not in moving] == []
    bill = items(machines.fleet_lines(gpus_of(weights_gb=140.0), settings, SERVERS))
    assert bill["GPU rent"] == (close(24.0 * 730), 2.0)
    assert bill["storage of weights"][0] == 280.0
    # Bought: of all that it costs only the power of those at work.
    own = resolve(OWN, asked(purchases=("own",))).best
    added = machines.work_lines(own, own_settings(), 4.0)
    idle = machines.work_lines(own, own_settings(), 0.0)
    at_work = [
        (one.item, one.amount_usd, none.amount_usd)
        for one, none in zip(added, idle, strict=True)
        if one.amount_usd
    ]
    assert at_work and all(none == 0.0 for _, _, none in at_work), at_work
    twice = machines.work_lines(own, own_settings(), 8.0)
    assert sum(x.amount_usd for x in twice) == close(2.0 * sum(x.amount_usd for x in added))


def own_settings() -> Any:
    """Return the settings of a question about bought GPUs."""
    return asked(purchases=("own",)).settings


def test_spot_gpus_take_more() -> None:
    settings = asked().settings.with_values(
        {"rent.spot_overprovision": 0.1, "rent.spot_interruptions_per_month": 3.0,
         "plan.lead_h": 0.5, "rent.factor": 1.5}
    )  # fmt: skip
    lines = items(machines.spot_lines(gpus_of(purchase="spot_x"), settings, 10.0))
    # 7,300 GPU-hours, a tenth more; 30 interruptions of half an hour.
    assert lines == {
        "spot, over-provisioned": (close(730.0), 3.0), "spot, restarts": (15.0, 3.0)
    }  # fmt: skip
    assert machines.spot_lines(gpus_of(), settings, 10.0) == ()
    assert machines.spot_lines(gpus_of(purchase="spot", owned=1), settings, 10.0) == ()
    with pytest.raises(ValueError, match="neither a rent nor a price"):
        machines.rent_rate(gpus_of(usd_per_gpu_hour=None), settings)


def test_how_gpus_are_bought() -> None:
    kinds = ("on_demand", "on_demand_x", "spot", "dedicated", "given", "reserved_1y", "48m", "own")
    assert [machines.by_the_hour(k) for k in kinds] == [True] * 5 + [False] * 3
    assert [machines.is_bought(k) for k in ("48m", "m", "4x", "own", "reserved_3y", "")] == (
        [True, False, False, False, False, False]
    )
    said = {k: machines.commitment(k) for k in ("reserved_1y", "reserved_3y", "on_demand")}
    assert said == {
        "reserved_1y": "paid for 12 months whether used or not",
        "reserved_3y": "paid for 36 months whether used or not",
        "on_demand": "",
    }
    binds = [machines.binds(gpus_of(purchase=k)) for k in ("reserved_1y", "on_demand", "spot")]
    assert binds == [True, False, False]
    assert machines.binds(gpus_of(owned=1))
    year = asked(settings={"horizon.months": 12.0}).settings
    machines.check_horizon(("reserved_1y", "on_demand"), year)
    with pytest.raises(UsageError, match="reserved_3y binds for 36 months"):
        machines.check_horizon(("reserved_3y",), year)
    machines.check_horizon(("reserved_3y",), asked().settings)


def test_who_looks_after_what() -> None:
    settings = asked().settings

    lines = machines.team_lines(settings, 8.0, by_token=True)
    assert [x.item for x in lines][:2] == ["engineers for own GPUs", "engineers"]
    assert machines.team_lines(settings, 8.0)[0].item == "engineers"
    assert machines.team_lines(settings, hosted=True)[0].item == "engineers"
    assert machines.team_lines(settings) == ()
    both = machines.team_lines(settings, 8.0, hosted=True)
    assert [x.item for x in both][:2] == ["engineers for own GPUs", "engineers"]
    only = machines.team_lines(settings, by_token=True)
    assert len(only) == 1 and only[0].item == "engineers"


# Caches and sessions.

GAPS = Gaps(beyond=((1.0, 0.9), (10.0, 0.5), (400.0, 0.2), (5000.0, 0.01)))


def kept(**more: Any) -> sessions.Caching:
    """Return a cache that lives 5 minutes or an hour."""
    usual: dict[str, Any] = {
        "gaps": GAPS, "usual_share": 0.9, "lifetimes": ((None, 300.0), ("1h", 3600.0)),
        "written": True, "optional": True,
    }  # fmt: skip
    return sessions.Caching(**(usual | more))


def test_ways_to_cache() -> None:
    assert kept().ways == ((0, "all"), (1, "all"), (0, "shared"), (0, "nothing"))
    assert kept(optional=False).ways == ((0, "all"), (1, "all"))
    assert kept(lifetimes=((None, 300.0),)).ways == ((0, "all"), (0, "shared"), (0, "nothing"))
    settings = asked(**AGENTS).settings
    assert [kept().lifetime_s(n, settings) for n in (0, 1)] == [300.0, 3600.0]
    unknown = kept(lifetimes=((None, None),))
    assert unknown.lifetime_s(0, settings) == settings.value("price.cache_lifetime_s")


def test_what_is_cached_in_each_way() -> None:
    question = asked(**AGENTS)
    # All agents share 9,000 of 40,000 tokens; what is cached is read or written, all of it.
    load = Workload(tokens_per_month=1e9, isl=40e3, osl=400.0, cached_share=0.9)

    def cached(way: int, least: int = 0, **more: Any) -> tuple[float, float]:
        found = kept(**more).load(load, question.settings, way, least)
        return float(np.asarray(found.cached_share)), float(np.asarray(found.cache_write_share))

    read, written = cached(0)
    assert read + written == close(1.0) and 0.0 < written < read
    longer, less = cached(1)
    assert longer > read and less < written
    for least in (0, 9000):
        read, written = cached(2, least)
        assert read + written == close(9000 / 40e3)
    assert cached(2, 9001) == (0.0, 0.0)  # too short to be cached
    assert cached(3) == (0.0, 0.0)
    read, written = cached(0, written=False)
    assert written == 0.0 and 0.0 < read < 1.0


def test_sessions_that_cannot_be() -> None:
    check = sessions_of_profiles.check_sessions
    path = "workload.sessions."
    for name, tokens in (("shared_tokens", 40e3), ("new_tokens", 40e3), ("new_tokens", 100.0)):
        check(asked(**AGENTS, settings={path + name: tokens}).settings)  # up to all of the turn
    for name in ("shared_tokens", "new_tokens"):
        with pytest.raises(UsageError, match=r"more than the 40k tokens that a turn reads"):
            check(asked(**AGENTS, settings={path + name: 40001.0}).settings)
    check(asked(**AGENTS, isl=5000.0).settings)  # the profile's own 9,000 are no mistake of hers
    check(asked(**AGENTS, settings={path + "turns": 1.0}).settings)
    with pytest.raises(UsageError, match="has 1 turn at least"):
        check(asked(**AGENTS, settings={path + "turns": 0.9}).settings)


def test_sessions_as_settings_say_them() -> None:
    question = asked(**AGENTS)
    of = sessions_of_profiles.sessions_of(question.settings, GAPS)
    # 30 turns that grow by 1,000 each: the last is 15,000 longer than the mean.
    assert (of.context_tokens, of.new_tokens, of.shared_tokens) == (40e3, 2000.0, 9000.0)
    assert (of.first_tokens, of.last_tokens, of.turns) == (25e3, 55e3, 30.0)
    assert of.gaps.cap_s == np.inf
    short = sessions_of_profiles.sessions_of(asked(**AGENTS, isl=5000.0).settings, GAPS)
    assert (short.shared_tokens, short.new_tokens) == (3000.0, 2000.0)
    assert (short.first_tokens, short.last_tokens) == (5000.0, 10e3)
    said = {"workload.sessions.gap_cap_s": 200.0, "workload.sessions.turns": 1.0}
    once = sessions_of_profiles.sessions_of(asked(**AGENTS, settings=said).settings, GAPS)
    assert (once.first_tokens, once.gaps.cap_s) == (40e3, 200.0)
    brief = {"workload.sessions.gap_cap_s": 0.5}
    half = sessions_of_profiles.sessions_of(asked(**AGENTS, settings=brief).settings, GAPS)
    assert half.gaps.cap_s == 0.5
    cached = {"workload.cached_share": 0.8}
    given = sessions_of_profiles.sessions_of(asked(**AGENTS, settings=cached).settings, GAPS)
    assert given.new_tokens == close(8000.0)


def test_a_pool_that_is_stated() -> None:
    def answered(tokens: float, **more: Any) -> Any:
        pool = {"serving.kv_pool_tokens": tokens}
        some = {"models": ("llama-3.3-70b",), "tiers": ("self",), "settings": pool}
        return compare(asked(**AGENTS, **some, **more))

    one = {"gpus": ("h100-sxm",), "gpu_count": 8, "precisions": ("fp8",)}
    assert answered(200e3, **one).options
    with pytest.raises(UsageError, match="it is the cache of one set-up"):
        answered(200e3)
    assert answered(2e6, **one) is not None  # 655 of 687 GB
    chat = {"settings": {"serving.kv_pool_tokens": 20e6}, "models": ("llama-3.3-70b",)}
    assert compare(asked(tokens=1e9, tiers=("self",), **chat)).options  # no sessions: no cache
    with pytest.raises(UsageError, match=r"1\.3 times the memory of a replica"):
        answered(2.726e6, **one)
    # A token of it is 327,680 bytes: 20 million take 6,554 GB of the 640 GiB of 8 H100.
    with pytest.raises(UsageError, match=r"20M tokens take 6,554 GB, 9.5\d? times the memory"):
        answered(20e6, **one)


# Who is cheapest, and tokens of other lengths.


def option(name: str, level: str) -> Any:
    """Return an option whose price is trusted so far."""
    return SimpleNamespace(id=name, trust=SimpleNamespace(rank=LEVELS.index(level)))


def test_the_answer_of_two() -> None:
    a, b, c = option("a", "high"), option("b", "high"), option("c", "low")
    of_two = cheapest.of_two
    assert of_two([a, b], [4.0, 5.0], 1) == ("a", ())
    assert of_two([a, b], [5.0, 4.0], 1) == ("b", ())
    assert of_two([b, a], [4.0, 4.0], 1) == ("a", ())
    assert of_two([a, c], [4.0, 3.0], 1) == ("a", ("c",))
    assert of_two([c, a], [3.0, 4.0], 1) == ("a", ("c",))
    assert of_two([a, c], [4.0, 4.0], 1) == ("a", ())
    assert of_two([a, b], [None, 4.0], 1) == ("b", ())
    assert of_two([a, b], [None, None], 1) == (None, ())
    assert of_two([a, c], [None, 3.0], 1) == ("c", ())


def test_a_short_list_names_what_is_cheaper_though_not_sure() -> None:
    rows = [
        Row("sure", 10.0, "high", model="m"), Row("dear", 20.0, "high", "self", "m"),
        Row("unsure", 12.0, "low", "self", "m"), Row("cheap", 9.0, "low", model="m"),
        Row("other", 1.0, "high", model="n"), Row("mine", 30.0, "high", model="n"),
    ]  # fmt: skip
    shown = cheapest.shown_of(rows, ("m",), {}, ("mine",), 1)
    assert [row.id for row in shown] == ["sure", "dear", "cheap", "mine"]
    assert [row.id for row in cheapest.cheaper_but_unsure(rows, rows[1])] == (
        ["other", "cheap", "sure", "unsure"]
    )


def test_twice_as_many_tokens_cost_twice_as_much() -> None:
    def usd(factor: float) -> Any:
        found = compare(
            asked(models=("gpt-4.1",), tiers=("api",), tokenizers=(("gpt-4.1", factor),))
        )
        (row,) = [row for row in found.options if row.id == "openai/gpt-4.1"]
        return sum(x.amount_usd for x in row.lines if x.group == "tokens")

    once = usd(1.0)
    assert once > 0.0
    assert [usd(f) for f in (2.0, 3.0, 0.5)] == close([2.0 * once, 3.0 * once, 0.5 * once])


def test_how_many_pieces_many_settings_may_take() -> None:
    def best(name: str, **more: Any) -> Any:
        return resolve(name, asked(**more)).best

    api, rented = best("openai/gpt-4.1"), best(OWN)
    slept, bought = best(OWN, billing="autoscaled"), best(OWN, purchases=("own",))
    asleep = best(OWN, billing="autoscaled", purchases=("own",))
    by_hour, by_work = curves.MORE_BY_HOUR, len(curves.AT_ONCE) + 1
    allowed = curves.pieces_allowed
    assert allowed((api, api), 10) == allowed((api, rented), 10) == 10
    assert allowed((api, slept), 10) == allowed((rented, slept), 10) == 10 * by_hour
    assert allowed((bought, rented), 10) == allowed((bought, api), 10) == 10 * by_work
    assert allowed((asleep, api), 10) == 10 * by_hour * by_work


def test_what_owning_a_gpu_costs() -> None:
    settings = asked().settings.with_values(
        {"own.server_factor": 1.5, "own.host_power_factor": 2.0, "own.price_factor": 0.5,
         "own.life_months": 40.0, "own.balancers": 3.0, "service.balancer_usd_per_h": 0.02}
    )  # fmt: skip
    board = machines.OwnedGpu(
        gpu_usd=1000.0, server_usd=None, whole=False, all_in_w=None, board_w=300.0
    )
    part = machines.ownership(board, settings)
    assert (part.server_usd, part.rated_w, part.life_months) == (750.0, 600.0, 40.0)
    whole = machines.ownership(replace(board, whole=True, life_months=12.0), settings)
    assert (whole.server_usd, whole.rated_w, whole.life_months) == (500.0, 300.0, 12.0)
    known = machines.ownership(replace(board, server_usd=1800.0, all_in_w=700.0), settings)
    assert (known.server_usd, known.rated_w) == (900.0, 700.0)
    rates = {
        kind: items(machines.standing_lines(kind, settings))["load balancer"][1]
        for kind in ("48m", "on_demand", "reserved_1y")
    }
    assert rates == {"48m": close(0.06), "on_demand": 0.02, "reserved_1y": 0.02}
    assert "load balancer" not in items(machines.standing_lines("dedicated", settings))


def test_a_measured_throughput_is_of_answers_or_of_all_tokens() -> None:
    settings = asked(isl=900.0, osl=100.0).settings

    def rate(of: str, factor: float = 1.0) -> Any:
        made, every = (2000.0, None) if of == "output" else (None, 2000.0)
        option: Any = SimpleNamespace(measured=True, output_tokens_per_s=made, tokens_per_s=every)
        at = settings.with_values({"serving.throughput_factor": factor})
        return bills.replica_of(option, at).requests_per_s

    assert (rate("output"), rate("total"), rate("total", factor=0.5)) == (20.0, 2.0, 1.0)
    assert rate("total", factor=2.0) == 4.0


def test_what_a_profile_says_of_sessions_stays_within_what_may_be() -> None:
    settings = asked(**AGENTS).settings
    turns, gap = settings["workload.sessions.turns"], settings["workload.sessions.gap_s"]
    assert (turns.low, turns.value, turns.high) == (1.0, 30.0, 1000.0)
    assert (gap.low, gap.high) == (0.0, 43200.0)
    lanes = settings["workload.sessions.lanes"]
    assert (lanes.low, lanes.value, lanes.high) == (1.0, 1.5, 2.5)


def test_an_answer_is_about_one_model_though_nobody_is_sure_of_its_price() -> None:
    rows = [
        Row("host", 10.0, "low", "hosted", "m"), Row("mine", 20.0, "low", "self", "m"),
        Row("apart", 5.0, "high", "self", "n"), Row("closed", 1.0, "high", "api", "x"),
    ]  # fmt: skip
    pair = cheapest.pair_of(rows, 1)
    assert pair is not None
    assert [row.id for row in pair] == ["host", "mine"]


def test_how_gpus_are_had() -> None:
    assert [machines.is_bought(name) for name in ("6m", "36m", "on_demand", "1y")] == (
        [True, True, False, False]
    )
    short = SimpleNamespace(given=lambda _: True, value=lambda _: 0.5)
    machines.check_horizon(["on_demand", "spot"], short)  # type: ignore[arg-type]


def test_limits_hold_for_sessions_at_the_speed_that_is_said() -> None:
    question = asked(**AGENTS, tiers=("self",), models=("llama-3.3-70b",))
    option = resolve("self/llama-3.3-70b@8xh100-sxm:fp8", question).best
    shapes = bills.shapes_of(option, question.settings)[:3]  # type: ignore[index, union-attr]

    def limited(speed: float, **limits: float) -> Any:
        said = {f"serving.{name}": value for name, value in limits.items()}
        settings = question.settings.with_values({"serving.throughput_factor": speed, **said})
        return sessions_of_profiles.kept_sessions(shapes, question.serving, settings, GAPS, ())[1]

    for name, most in (("max_tpot_s", 0.018), ("max_ttft_s", 0.3)):
        half = limited(0.5, **{name: most})
        assert half == limited(1.0, **{name: most / 2.0})
        assert half.limited < limited(1.0, **{name: most}).limited, half
