"""Bills, curves and prices against a slower way to the same figure, on the small catalog.

No function here takes an argument: `benchmarks/mutants.py` calls them as they are.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from figures.choices import AGENTS, OWN, WEEK, Row, asked
from one_by_one import alone
from strategies import own_option, usd_at

from tco.catalog.prices import Modifier, Provider, Rates, When
from tco.catalog.trust import LEVELS
from tco.catalog.usage_profile import Lengths
from tco.engine import capacity
from tco.engine.fleet import Duty
from tco.engine.ledger import ProvisionedUnit, Terms, TokenRates, token_lines, total_usd
from tco.engine.replica import BATCHES
from tco.engine.sessions import SPREAD, session_server, steady
from tco.engine.shapes import Workload
from tco.options import bills, cheapest, curves, hours, machines, prices, provisioned, sessions
from tco.options.candidates import option_of, own_setups
from tco.options.names import resolve
from tco.options.prices import Buying
from tco.options.provisioned import ProvisionedOption
from tco.options.scenario import Scenario
from tco.options.selection import select
from tco.options.settings import target

A = np.array
close = pytest.approx
TOKENS = "workload.tokens_per_month"


def best(name: str, **fields: Any) -> tuple[Any, Any]:
    """Return an option and its settings."""
    question = asked(**fields)
    return resolve(name, question).best, question.settings


OWN_WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"purchases": ("own",)},
    {"billing": "autoscaled"},
    {"billing": "autoscaled", "purchases": ("own",), "profile": "chat"},
    {"billing": "scheduled", "schedule": WEEK},
    {"billing": "scheduled", "schedule": WEEK, "purchases": ("own",)},
    {"purchases": ("spot",)},
)
HARDER = {
    "serving.zones": 3.0, "serving.redundancy": 1.0, "workload.rate_cv": 0.2,
    "serving.headroom": 0.97, "plan.lead_h": 0.4, "people.fte_per_gpu": 0.02,
    "extra.upfront_usd": 5e4, "extra.usd_per_server_month": 90.0,
}  # fmt: skip


def agrees(option: Any, settings: Any, up_to: float) -> None:
    """Hold a curve against bills between its edges, and against the lines that it stays within."""
    made = alone(curves.curve(option, settings))
    steps = made.until(up_to)
    assert steps.edges[-1] >= up_to and np.all(np.diff(steps.edges) > 0)
    assert steps.edges.size <= made.pieces_until(up_to) + 1
    edges = np.minimum(steps.edges, up_to * 1.5)
    low = np.concatenate([[0.0], edges[:-1]])
    # Steps that fall on one volume are apart by what a processor rounds: no volume lies between
    wide = np.flatnonzero(edges - low > 1e-9 * edges)
    some = wide[np.unique(np.linspace(0, wide.size - 1, 30).astype(int))]
    inside = np.concatenate([low[some] + x * (edges - low)[some] for x in (0.01, 0.5, 0.99)])
    inside = inside[inside < steps.edges[-1]]
    usd = usd_at(option, settings, inside)
    np.testing.assert_allclose(steps.at(inside), usd, rtol=1e-7, atol=1e-5)
    off, slack = usd - made.slope * inside, 1e-5 + 1e-7 * np.abs(usd)
    assert np.all(off >= made.low - slack) and np.all(off <= made.high + slack)
    far = A([1e17, 3e17])
    steep = np.diff(usd_at(option, settings, far))[0] / (far[1] - far[0])
    if np.isfinite(made.high):
        assert steep == close(made.slope, rel=1e-3)


@pytest.mark.parametrize("way", range(len(OWN_WAYS)))
def test_the_curve_of_own_gpus_is_their_bill(way: int) -> None:
    option, settings = best(OWN, **OWN_WAYS[way])
    most = 1e10 if OWN_WAYS[way].get("billing") == "autoscaled" else 2e11
    agrees(option, settings, most)
    agrees(option, settings.with_values(HARDER), most / 2.0)
    agrees(option, settings.with_values(HARDER | {"workload.batch_share": 0.6}), most / 2.0)


@pytest.mark.parametrize("purchase", ["given", "48m", "reserved_1y"])
@pytest.mark.parametrize("billing", ["autoscaled", "scheduled"])
def test_the_curve_of_a_fleet_that_follows_four_hours(billing: Any, purchase: str) -> None:
    made = own_option(tokens_per_s=3000.0, gpus=2, instance_gpus=8, usd_per_gpu_hour=2.0)
    board = machines.OwnedGpu(
        gpu_usd=2e4, server_usd=None, whole=False, all_in_w=None, board_w=700.0
    )
    bought = replace(made, usd_per_gpu_hour=None, owned=board, purchase="48m", seller="own")
    every = {
        "week": A([0.4, 1.0, 1.8, 0.8]), "open_share": A([0.0, 1.0, 1.0, 0.5]),
        "gaps_h": A([1.5]), "title": "",
    }  # fmt: skip
    settings = asked(settings={"workload.peak_to_mean": 1.8}).settings
    on = Duty(billing=billing, **every)  # type: ignore[arg-type]
    option = bought if purchase == "48m" else replace(made, purchase=purchase)
    agrees(replace(option, hours=on), settings, 3e10)
    agrees(replace(option, hours=on), settings.with_values(HARDER), 3e10)


def test_weights_of_a_size_that_is_known() -> None:
    option, _ = best(OWN)
    bytes_ = float(np.asarray(capacity.stored_bytes(option.shape, option.layout)))
    assert option.weights_gb == close(bytes_ / 1e9)
    assert replace(option, shape=None).weights_gb is None
    assert replace(option, layout=None).weights_gb is None


@pytest.mark.parametrize("way", range(len(OWN_WAYS)))
def test_asked_twice_is_twice_the_volume(way: int) -> None:
    option, settings = best(OWN, **OWN_WAYS[way])
    twice = replace(option, tries=2.0)
    agrees(twice, settings, 5e9)
    some = A([1e9, 3.3e10, 2e11])
    assert usd_at(twice, settings, some) == close(usd_at(option, settings, 2.0 * some))
    replica = bills.replica_of(option, settings)
    one, two = (curves.replica_steps_of(o, settings, replica, 1) for o in (option, twice))
    assert two.tokens_per_replica == close(one.tokens_per_replica / 2.0)
    assert two.load == close(one.load) and two.share == close(one.share)


def test_tokens_asked_for_twice_are_twice_the_volume() -> None:
    option, settings = best("openai/gpt-4.1-mini", models=("gpt-4.1-mini",))
    some = A([0.0, 1e9, 3.3e10])
    for one in (option, replace(option, tokens_factor=1.25)):
        once = usd_at(one, settings, 2.0 * some)
        assert usd_at(replace(one, tries=2.0), settings, some) == close(once)
        terms = Terms(limits=(1e10,), discounts=(0.2,), free_tokens=1e9, commit_usd_per_month=9e3)
        bound = replace(one, terms=terms, tries=2.0)
        agrees(bound, settings, 1e11)
        agrees(bound, settings.with_values({"workload.retry_share": 0.25}), 1e11)
    capped: Any = bills.FixedOption(
        id="x", usd_per_month=900.0, tokens_per_month=1e9, source="y", tries=2.0
    )
    agrees(capped, settings, 2e10)
    assert usd_at(capped, settings, A([0.0, 5e8, 5.1e8, 1e9])).tolist() == [900, 900, 1800, 1800]
    whole = replace(capped, tries=1.0)
    assert usd_at(whole, settings, A([1e9, 1.001e9, 2e9])).tolist() == [900.0, 1800.0, 1800.0]
    agrees(whole, settings, 2e10)
    seats = replace(capped, tokens_per_month=None, count=7.0, unit="seat")
    (line,) = bills.lines(seats, settings)
    assert (line.item, line.quantity, line.amount_usd) == ("seats", 7.0, 6300.0)
    assert bills.lines(capped, settings)[0].item == "set-up at a given price"
    agrees(seats, settings, 1e10)


def test_units_step_by_step() -> None:
    for least, step in ((1.0, 1.0), (5.0, 3.0), (6.0, 3.0)):
        unit = ProvisionedUnit(
            tokens_per_s=900.0, output_weight=4.0, minimum_units=least, increment_units=step
        )
        option: Any = ProvisionedOption(
            id="p", tier="api", model="m", provider="p", unit=unit, usd_per_unit_hour=1.5,
            origin="given", source="x",
        )  # fmt: skip
        settings = asked().settings
        agrees(option, settings, 3e10)
        agrees(replace(option, tries=3.0), settings, 1e10)
        made = curves.curves(option, settings, 1)
        fewest = float(np.ceil(least / step) * step)
        people = total_usd(bills.lines(option, settings), "people")
        assert made.low[0] == close(float(np.asarray(people)))
        assert made.high[0] - made.low[0] == close((fewest + step) * 1.5 * 730)
        # Of what is bought the mean hour uses so much; at the last edge of a size all at the peak.
        load = settings.with_values({TOKENS: 1e11})
        peak = float(np.asarray(load.value("workload.peak_to_mean")))
        edge = curves.curve(option, settings).first(1e11).edges[0][3]
        full = provisioned.used_share(option, settings.with_values({TOKENS: float(edge)}))
        assert float(np.asarray(full)) == close(1.0 / peak)


def test_many_settings_at_once_are_each_alone() -> None:
    values = A([0.5, 1.0, 1.7])
    rows: tuple[tuple[str, dict[str, Any], str, Any], ...] = (
        (OWN, {}, "rent.factor", values),
        (OWN, {"billing": "autoscaled"}, "workload.peak_to_mean", 1.4 + values / 4.0),
        (OWN, {"purchases": ("own",), "billing": "autoscaled"}, "own.usd_per_kwh", values / 5.0),
        (OWN, {}, "workload.isl", values * 1000.0),
        (OWN, {"purchases": ("own",)}, "serving.headroom", A([0.5, 0.8, 0.9])),
        ("openai/gpt-4.1", {}, "price.api_factor", values),
        ("openai/gpt-4.1-mini", {"models": ("gpt-4.1-mini",)}, "workload.length_cv", values),
        ("openai/ptu:gpt-4.1", {}, "workload.peak_to_mean", 1.0 + values),
    )
    at = 1e10
    for name, fields, path, some in rows:
        option, settings = best(name, **fields)
        made = curves.curves(option, settings.with_values({path: some[:, None]}), some.size)
        together = made.until(np.arange(some.size), np.full(some.size, at))
        assert np.all(together.edges[:, -1] >= at)
        for row, value in enumerate(some.tolist()):
            one = alone(curves.curve(option, settings.with_values({path: value})))
            each = alone(made, row)
            assert (each.slope, each.low, each.high) == close((one.slope, one.low, one.high))
            assert each.pieces_until(at) == close(one.pieces_until(at), rel=1e-6)
            mine, its = each.until(at), one.until(at)
            volume = np.linspace(1e9, at, 7)
            assert mine.at(volume) == close(its.at(volume))


def test_from_which_volume_on_by_looking() -> None:
    volume = np.geomspace(1e8, 1e13, 1501)
    cases: tuple[tuple[str, dict[str, Any], str, Any], ...] = (
        ("openai/gpt-4.1", {}, "rent.factor", A([0.3, 1.0, 4.0])),
        ("openai/gpt-4.1", {"settings": {"workload.rate_cv": 0.3}}, "rent.factor", A([0.3, 2.0])),
        ("openai/gpt-4.1", {"purchases": ("own",)}, "own.price_factor", A([0.3, 1.0, 6.0])),
        ("openai/gpt-4.1", {"billing": "autoscaled"}, "price.api_factor", A([0.05, 0.4, 1.0])),
    )
    for name, fields, path, some in cases:
        api, settings = best(name, **fields)
        own, _ = best(OWN, **fields)
        found = curves.first_volumes(
            api, own, settings.with_values({path: some[:, None]}), some.size
        )
        for value, first in zip(some.tolist(), found.tolist(), strict=True):
            at = settings.with_values({path: value})
            below = usd_at(own, at, volume) < usd_at(api, at, volume)
            if below.any():
                place = int(np.argmax(below))
                assert volume[max(place - 1, 0)] * (1 - 1e-9) <= first <= volume[place]
            else:
                assert np.isnan(first) or first > 1e8
    never = curves.first_volumes(own, own, settings, 1)
    assert np.isnan(never).all()
    nobody = settings.with_values({"serving.max_tpot_s": A([[1e-6], [0.05]])})
    assert np.isnan(curves.first_volumes(api, own, nobody, 2)).tolist() == [True, False]


def test_volumes_at_which_any_may_be_meant() -> None:
    given = curves.any_volume(asked(tokens=5.5e10))
    assert given.size == 98 and given[-1] == 5.5e10 and given[0] == 1e9
    none = curves.any_volume(asked(tokens=None))
    assert none.size == 97 and none[-1] == close(1e15)
    assert curves.has_steps(best("openai/gpt-4.1")[0])
    assert [curves.has_steps(best(OWN, billing=b)[0]) for b in ("autoscaled", "scale_to_zero")] == (
        [True, False]
    )


def pairs(**fields: Any) -> Any:
    """Return the set-ups of a model on two kinds of GPU with their rents."""
    inputs = asked(
        tiers=("self",), models=("llama-3.3-70b",), gpus=("h100-sxm", "h200-sxm"), **fields
    )
    return own_setups(inputs, select(inputs.catalog, inputs.request))


def test_many_pairs_at_once_cost_what_each_does() -> None:
    volumes = A([1e8, 2e10, 5e11])
    for fields in ({}, {"billing": "autoscaled", "profile": "chat"}, {"purchases": ("own",)}):
        found = pairs(**fields)
        every = np.arange(found.pair_rent.size)
        rows = every[:: max(every.size // 8, 1)]
        settings = found.inputs.settings
        usd, gpus = bills.monthly_bills(found, settings, rows, volumes)
        for row, costs, paid in zip(rows.tolist(), usd, gpus, strict=True):
            option = option_of(found, row)
            assert costs == close(usd_at(option, settings, volumes))
            for volume, count in zip(volumes.tolist(), paid.tolist(), strict=True):
                at = settings.with_values({TOKENS: volume})
                servers = bills.fleet(option, at, bills.replica_of(option, at))
                assert float(np.asarray(servers.paid_gpus)) == count
        model = found.models[0].id
        mine = found.pairs_of(model)
        cost = bills.monthly_usd(found, settings, mine, volumes)
        answers = bills.best_pairs(found, settings, model, volumes, 0)
        assert answers.tolist() == list(dict.fromkeys(mine[cost.argmin(axis=0)].tolist()))
        trust = bills.trust_ranks(found, mine)
        assert trust.tolist() == [option_of(found, int(i)).trust.rank for i in mine]
        sure = bills.sure_pairs(found, model, 1)
        top = min(int(trust.max()), 1)
        assert sure.tolist() == mine[np.minimum(trust, 1) == top].tolist()


# What tokens cost.


def test_a_month_in_which_prices_change() -> None:
    option, settings = best("openai/gpt-4.1-mini", models=("gpt-4.1-mini",))
    dearer = Rates(input=4.0, output=10.0, cached_input=1.0)
    later = replace(option, later=((0.25, dearer, []),), tokens_factor=1.5)
    usual = replace(option, tokens_factor=1.5)
    then = replace(usual, rates=dearer, modifiers=[])
    for name in ("input", "output", "cached_input", "batch_input"):
        now, after, mixed = (
            float(np.asarray(getattr(bills.list_rates(o, settings), name)))
            for o in (usual, then, later)
        )
        assert mixed == close(0.75 * now + 0.25 * after)
    # Twice as many tokens a request are long ones twice as soon.
    long = Modifier(when=When(input_tokens_over=1000), multiply=3.0)
    tiers = replace(option, rates=dearer, modifiers=[long])
    some = settings.with_values({"workload.isl": 700.0, "workload.length_cv": 0.0})
    found = [bills.list_rates(replace(tiers, tokens_factor=f), some).input for f in (1.0, 2.0)]
    assert [float(np.asarray(x)) for x in found] == [4.0, 12.0]
    for factor in (0.5, 2.0):
        part = replace(tiers, factor=factor)
        assert float(np.asarray(bills.list_rates(part, some).output)) == close(10.0 * factor)


def test_of_all_ways_to_cache_the_cheapest_is_bought() -> None:
    question = asked(**AGENTS, models=("gpt-4.1-mini",))
    option, settings = resolve("openai/gpt-4.1-mini", question).best, question.settings
    keeps = option.caching
    assert keeps is not None and keeps.written and keeps.optional
    assert keeps.ways == ((0, "all"), (1, "all"), (0, "shared"), (0, "nothing"))
    assert [s for _, s in keeps.lifetimes] == [300.0, 3600.0]
    ways = bills.ways_to_cache(option, keeps, settings)
    usd = [float(np.asarray(total_usd(token_lines(r, load)))) for load, r in ways]
    load, rates, which = bills.bought(option, settings)
    assert int(which) == int(np.argmin(usd))
    assert float(np.asarray(total_usd(token_lines(rates, load)))) == close(min(usd))
    # The longer life is written at the price that it has, $2 against $1.25.
    assert ways[1][1].cache_write == close(2.0 / 1.25 * float(np.asarray(ways[0][1].cache_write)))
    stretched = settings.with_values({"workload.sessions.gap_s": A([2.0, 60.0, 4e4])[:, None]})
    many = bills.bought(option, stretched)[2].ravel().tolist()
    for gap, way in zip((2.0, 60.0, 4e4), many, strict=True):
        one = settings.with_values({"workload.sessions.gap_s": gap})
        assert int(bills.bought(option, one)[2]) == way
    assert len(set(many)) > 1
    plain = replace(option, caching=None)
    assert int(bills.bought(plain, settings)[2]) == 0
    lines = bills.lines(option, settings)
    charged = bills.charged_lines(option, settings)
    team = total_usd(lines, "people")
    assert total_usd(lines) == close(total_usd(charged) + team)
    again = settings.with_values({"workload.retry_share": 0.25})
    assert total_usd(bills.charged_lines(option, again)) == close(1.25 / 1.0 * total_usd(charged)
        / (1.0 + float(np.asarray(settings.value("workload.retry_share")))))  # fmt: skip


def made(**more: Any) -> Rates:
    """Return prices with a cache."""
    return Rates(**({"input": 1.0, "output": 4.0, "cached_input": 0.1} | more))


HOUR = Modifier(when=When(cache_ttl="1h"), usd_per_mtok=Rates(cache_write=2.0))
DAY_LONG = Modifier(when=When(cache_ttl="24h"), usd_per_mtok=Rates(cache_write=3.0))


def test_what_a_cache_keeps_goes_by_its_prices() -> None:
    question = asked(**AGENTS)
    settings = question.settings
    table = sessions.gaps_of(question.catalog.workloads.profiles["agents"])
    assert table is not None

    def of(rates: Rates, *modifiers: Modifier, ttl: str | None = None, **more: Any) -> Any:
        return sessions.caching_of(
            settings, table, rates, list(modifiers), Buying(cache_ttl=ttl), **more
        )

    unasked = of(made())
    assert (unasked.written, unasked.optional) == (False, False)
    assert unasked.lifetimes == ((None, None),)
    assert of(made(), HOUR).lifetimes == ((None, None),)  # nothing is written at a price
    assert of(made(), usual="1h").lifetimes == ((None, 3600.0),)
    dear = of(made(cache_write=1.25), DAY_LONG, HOUR)
    assert dear.lifetimes == ((None, 300.0), ("1h", 3600.0), ("24h", 86400.0))
    assert (dear.written, dear.optional, dear.usual_share) == (True, True, 0.9)
    for usd, optional in ((0.5, False), (1.0, False), (1.01, True)):
        assert of(made(cache_write=usd)).optional == optional
    one = of(made(cache_write=1.25), DAY_LONG, HOUR, ttl="1h")
    assert one.lifetimes == (("1h", 3600.0),) and not one.optional
    longer = of(made(cache_write=1.25), DAY_LONG, ttl="1h")  # sold for no less than a day
    assert longer.lifetimes == (("24h", 86400.0),)
    usual = of(made(cache_write=1.25), HOUR, ttl="5m")
    assert usual.lifetimes == ((None, 300.0),) and not usual.optional
    assert of(made(cached_input=None)) is None
    assert sessions.caching_of(settings, None, made(), [], Buying()) is None
    for path in sessions.BY_USER:
        said = asked(**AGENTS, settings={path: 0.1}).settings
        assert sessions.caching_of(said, table, made(), [], Buying()) is None
        assert not sessions.follows_gaps(said)
    assert sessions.follows_gaps(settings)


def test_a_cache_lives_as_long_as_its_seller_says() -> None:
    def catalog(**sellers: Any) -> Any:
        open_ = SimpleNamespace(weights="open", org="Maker")
        closed = SimpleNamespace(weights="closed", org="Maker")
        return SimpleNamespace(
            models=SimpleNamespace(models={"open": open_, "closed": closed}),
            prices=SimpleNamespace(providers=sellers),
        )

    maker = Provider(name="Maker", kind="first_party", write_lifetime="1h", cache_lifetime="5m")
    cloud = Provider(name="Cloud", kind="cloud", write_lifetime="5m", cache_lifetime="24h")
    quiet = Provider(name="Quiet", kind="cloud")
    known = catalog(maker=maker, cloud=cloud, quiet=quiet)

    def usual(model: str, provider: str, *, written: bool) -> str | None:
        offer: Any = SimpleNamespace(model=model, provider=provider)
        return sessions.usual_lifetime(known, offer, written=written)

    assert usual("open", "maker", written=True) == "1h"
    assert usual("open", "maker", written=False) == "5m"
    assert usual("open", "cloud", written=True) == "5m"
    assert usual("closed", "cloud", written=False) == "24h"
    assert usual("open", "quiet", written=True) is None
    assert usual("closed", "quiet", written=True) == "1h"
    assert usual("closed", "quiet", written=False) == "5m"
    assert usual("closed", "nobody", written=True) == "1h"
    assert usual("open", "nobody", written=True) is None


def test_words_of_a_provider_go_with_what_is_asked() -> None:
    seller = Provider(name="x", kind="cloud", regions={"europe": "eu"}, services={"fast": "turbo"})
    for some in (Buying(service="fast"), Buying(region="europe")):
        found = prices.at_provider(some, seller)
        assert (found.regions, found.services) == ({"europe": "eu"}, {"fast": "turbo"})
        assert prices.at_provider(some, None) is some
    plain = Buying(cache_ttl="1h")
    assert prices.at_provider(plain, seller) is plain


def test_lengths_about_a_mean_for_each_variation() -> None:
    isl, cv = A([100.0, 3000.0]), A([0.0, 1.5])
    both = prices.lengths(isl, cv)
    assert len(both) == prices.LENGTH_NODES
    for row in (0, 1):
        mine = A([one[row] for one in both])
        single = prices.lengths(float(isl[row]), float(cv[row]))
        assert mine.mean() == close(isl[row])
        assert mine == close(np.resize(A(single), mine.size) if len(single) == 1 else A(single))
        assert np.all(np.diff(mine) >= 0)
    assert np.std(A([one[1] for one in both])) / 3000.0 == close(1.5, rel=0.25)
    assert len(prices.lengths(isl, 0.0)) == 1 == len(prices.lengths(5.0, A([0.0, 0.0])))
    half = prices._normal(4)
    assert half == close([-1.150349, -0.318639, 0.318639, 1.150349], abs=1e-5)
    long = Modifier(when=When(input_tokens_over=1500), multiply=2.0)
    rates: TokenRates = prices.token_rates(made(), [long], isl=1000.0, length_cv=A([0.0, 0.8, 2.0]))
    for place, one in enumerate((0.0, 0.8, 2.0)):
        alone_: TokenRates = prices.token_rates(made(), [long], isl=1000.0, length_cv=one)
        for name in ("input", "output", "cached_input"):
            each = np.asarray(getattr(rates, name))[place]
            assert each == close(float(np.asarray(getattr(alone_, name))))
    assert np.asarray(rates.input)[0] == 1.0 and np.all(np.diff(np.asarray(rates.input)) > 0)


def test_own_logs_tell_lengths_unless_others_are_asked_for() -> None:
    own: Any = SimpleNamespace(own={"mine": SimpleNamespace(lengths="told")})

    def told(**fields: Any) -> Any:
        return prices._own_lengths(own, Scenario(tokens=1e9, **fields))

    assert told(profile="mine") == "told"
    assert told(profile="chat") is None and told() is None
    assert told(profile="mine", settings={"workload.length_cv": 0.7}) is None
    assert told(profile="mine", settings={"workload.isl": 7.0}) == "told"


def test_lengths_that_logs_tell_of_what_is_written() -> None:
    # 260 in the mean become 520: of the long ones, tripled, 450 are fresh, 900 read, 450 written.
    own = Lengths(
        isl=(100, 900), requests=(8, 2), input=(800, 1800), read=(0, 900), written=(0, 450),
        output=(80, 20),
    )  # fmt: skip
    long = Modifier(when=When(input_tokens_over=1000), multiply=3.0)
    found = prices.token_rates(made(), [long], isl=520.0, buying=Buying(lengths=own))
    assert float(np.asarray(found.input)) == close((800 + 450 * 3) / 1250)
    assert float(np.asarray(found.cached_input)) == close(0.3)
    assert found.cache_write is not None
    assert float(np.asarray(found.cache_write)) == close(3.0)
    assert float(np.asarray(found.output)) == close(4.0 * (80 + 20 * 3) / 100)


# Sessions.


def test_a_profile_says_what_its_sessions_are_like() -> None:
    question = asked(**AGENTS)
    traffic = question.catalog.workloads.profiles["agents"]
    gaps = sessions.gaps_of(traffic)
    chat = question.catalog.workloads.profiles["chat"]
    before = asked().settings
    assert sessions.with_sessions(before, "chat", chat, gaps) is before
    assert sessions.with_sessions(before, "agents", traffic, None) is before
    found = sessions.with_sessions(before, "agents", traffic, gaps)
    said = {
        "turns": 30.0, "first_tokens": 25e3, "growth_tokens": 1e3, "new_tokens": 2e3,
        "shared_tokens": 9e3, "lanes": 1.5, "service_s": 8.0,
    }  # fmt: skip
    for key, value in said.items():
        one, usual = found[f"workload.sessions.{key}"], before[f"workload.sessions.{key}"]
        assert (one.value, one.origin) == (value, "catalog")
        assert (one.low, one.high) == (min(usual.low, value), max(usual.high, value))
    assert gaps is not None
    mean = float(np.asarray(gaps.mean_s))
    assert found["workload.sessions.gap_s"].value == round(mean, 1)
    outside = replace(before["workload.sessions.lanes"], low=2.0, high=1.2)
    moved = type(before)({**before, "workload.sessions.lanes": outside})
    lanes = sessions.with_sessions(moved, "agents", traffic, gaps)
    assert (lanes["workload.sessions.lanes"].low, lanes["workload.sessions.lanes"].high) == (
        1.5,
        1.5,
    )
    of = sessions.sessions_of(found, gaps)
    assert float(np.asarray(of.gaps.mean_s)) == close(round(mean, 1))
    capped = found.with_values({"workload.sessions.gap_cap_s": A([0.0, 0.5, 200.0])})
    caps = sessions.sessions_of(capped, gaps).gaps.cap_s
    assert np.asarray(caps).tolist() == [np.inf, 0.5, 200.0]


def test_no_more_turns_at_once_than_lanes() -> None:
    settings = asked(**AGENTS).settings
    gaps = sessions.gaps_of(asked(**AGENTS).catalog.workloads.profiles["agents"])
    assert gaps is not None
    path = sessions.AT_ONCE
    usual = replace(settings["workload.sessions.lanes"], value=1.0)
    for said, counted in ((1.0, 1.0), (1.2, 1.2), (1.5, 1.5), (4.0, 1.5)):  # of 1.5 lanes
        some = type(settings)({**settings, path: replace(usual, value=said)})
        assert sessions.sessions_of(some, gaps).at_once == counted
    alone_ = type(settings)({k: v for k, v in settings.items() if k != path})
    assert sessions.sessions_of(alone_, gaps).at_once == 1.0


def test_turns_that_meet_a_queue() -> None:
    question = asked(**AGENTS, tiers=("self",), models=("llama-3.3-70b",))
    option, settings = resolve(OWN, question).best, question.settings
    shapes = bills.shapes_of(option, settings)
    assert shapes is not None and option.gaps is not None
    replica, goal = bills.replica_of(option, settings), target(settings)
    of = sessions.sessions_of(settings, option.gaps)
    rate = float(np.asarray(replica.requests_per_s))
    room = sessions._room(settings)
    server = session_server(*shapes, goal, of, room, (1.0, 1.0))
    for factor in (1.0, 0.5):
        per_s = A([0.2, 0.8]) * rate
        each = sessions.turns_in_queue(shapes, settings, option.gaps, (), factor, replica, per_s)
        for part, turn in zip((0.2, 0.8), each, strict=True):
            there = max(part * float(np.asarray(replica.sessions)), 1.0)
            missed = float(np.asarray(steady(of, server, max(there / factor, 1.0)).missed))
            found = turn()
            begins = 1.0 / 30.0
            from tco.engine.arrivals import PROMISED, turn_percentiles_s

            kinds = [
                (float(np.asarray(server.hit_s)) / factor, (1 - begins) * (1 - missed)),
                (float(np.asarray(server.miss_s)) / factor, (1 - begins) * missed),
                (float(np.asarray(server.first_s)) / factor, begins),
            ]
            before = float(np.asarray(server.ttft_s)) / factor
            want = turn_percentiles_s(
                kinds, part * rate * (1 - 1 / there), SPREAD, before, PROMISED
            )
            assert (found.p50_s, found.p95_s, found.p99_s) == close(tuple(want.tolist()))
            assert found.load == close(part)
    few, some = sessions._few_and_some(())
    assert (few, some) == (1.0, 1.0)
    ramp = np.arange(BATCHES.size) + 1.0
    few, some = sessions._few_and_some(ramp)
    assert BATCHES[int(few) - 1] == 1.0 and BATCHES[int(some) - 1] == 32.0


# GPUs.


def test_a_team_lies_between_its_two_lines() -> None:
    gpus = np.arange(0.0, 400.0)
    for values in (
        {}, {"people.floor_fte": 0.2}, {"people.fte_per_gpu": 0.0},
        {"people.fixed_fte": 2.0, "people.floor_fte": 0.5},
    ):  # fmt: skip
        settings = asked(settings=values).settings
        each, least, most = machines.team_span(settings, hosted=False)
        usd = np.asarray(total_usd(machines.team_lines(settings, gpus))) * np.ones_like(gpus)
        off = usd - each * gpus
        assert off.max() <= most + 1e-6 and off.min() >= least - 1e-6
        assert off[0] == close(float(np.asarray(most))) and off[-1] == close(
            float(np.asarray(least)) if np.any(each) else float(np.asarray(most))
        )
        hosted = machines.team_span(settings, hosted=True)
        team = float(np.asarray(total_usd(machines.team_lines(settings, hosted=True))))
        assert [float(np.asarray(x)) for x in hosted] == close([0.0, team, team])


def test_a_team_is_given_where_its_size_and_its_pay_are() -> None:
    size, pay = "people.floor_fte", machines.PAY
    for said, origin in (
        ({}, "assumed"), ({size: 2.0}, "assumed"), ({pay: 2e5}, "assumed"),
        ({size: 2.0, pay: 2e5}, "given"),
    ):  # fmt: skip
        (first, *_) = machines.team_lines(asked(settings=said).settings, 8.0)
        assert first.origin == origin, said


def test_a_month_of_a_gpu_by_what_it_does() -> None:
    settings = asked().settings.with_values({"extra.usd_per_gpu_month": 50.0})
    rented, _ = best(OWN)
    extra = sum(
        float(np.asarray(settings.value(f"rent.{n}_share"))) for n in ("monitoring", "other")
    )
    rent = rented.usd_per_gpu_hour * float(np.asarray(settings.value("rent.factor"))) * 730
    for shares in ({}, {"busy": 0.0}, {"awake": 0.0, "busy": 0.0}):
        assert machines.gpu_usd(rented, settings, **shares) == close(50.0 + rent * (1 + extra))
    own, settings = best(OWN, purchases=("own",))
    busy, awake, idle = (
        float(np.asarray(machines.gpu_usd(own, settings, **shares)))
        for shares in ({}, {"busy": 0.0}, {"awake": 0.0, "busy": 0.0})
    )
    has = machines.ownership(own.owned, settings)
    per_watt = has.pue * has.usd_per_kwh / 1000.0 * 730 * has.rated_w
    assert busy - idle == close(
        float(np.asarray((has.full_power_share - has.idle_power_share) * per_watt))
    )
    assert busy > awake > idle > float(np.asarray(has.idle_power_share * per_watt))


def test_what_moves_is_paid_by_the_byte() -> None:
    option, settings = best(OWN)
    some = settings.with_values({"service.egress_factor": 2.0})
    egress = replace(option, egress=machines.Egress(usd_per_gb=0.05, source="x"), tries=2.0)
    rows = {line.item: line.amount_usd for line in machines.moving_lines(egress, some)}
    month = bills.workload(some, 2.0)
    sent = float(np.asarray(month.output_tokens)) * float(
        np.asarray(some.value("service.bytes_per_output_token"))
    )
    assert float(np.asarray(rows["egress"])) == close(sent / 1e9 * 0.1)
    own, settings = best(OWN, purchases=("own",))
    assert machines.moving_lines(own, settings) == ()
    assert machines.moving_lines(replace(option, purchase="dedicated"), some) == ()
    lines = machines.own_bill(
        option, some, bills.fleet(option, some, bills.replica_of(option, some))
    )
    assert total_usd(lines) == close(bills.usd_of(option, some))
    host = replace(option, purchase="dedicated")
    items = [x.item for x in machines.standing_lines("dedicated", some)]
    assert "load balancer" not in items and len(machines.standing_lines("48m", some)) == 1 + len(
        items
    )
    fleet = bills.fleet(host, some, bills.replica_of(host, some))
    assert [x.item for x in machines.machine_lines(host, some, fleet)] == ["GPU rent"]


def test_a_measured_set_up_bills_what_it_makes() -> None:
    option, settings = best(OWN)
    load = bills.workload(settings)
    for kind, tokens in (
        ("tokens_per_s", load.isl + load.osl),
        ("output_tokens_per_s", load.osl),
    ):
        some = replace(option, **{kind: 3000.0})
        rate = bills.replica_of(some, settings)
        assert float(np.asarray(rate.requests_per_s)) == close(3000.0 / float(np.asarray(tokens)))
        half = bills.replica_of(some, settings.with_values({"serving.throughput_factor": 0.5}))
        assert (half.requests_per_s, half.slots) == (rate.requests_per_s / 2, rate.slots)
    with pytest.raises(ValueError, match="neither dimensions nor a measured"):
        bills.replica_of(replace(option, shape=None), settings)


def test_hours_of_a_week_are_as_open_as_their_minutes() -> None:
    rng = np.random.default_rng(3)
    for _ in range(6):
        days = tuple(sorted(rng.choice(7, int(rng.integers(1, 7)), replace=False).tolist()))
        start = int(rng.integers(0, 1300))
        end = int(rng.integers(start + 1, 1440))
        opened, gaps = hours._opening(((days, start, end),))
        for day in range(7):
            for hour in range(24):
                inside = [day in days and start <= hour * 60 + minute < end for minute in range(60)]
                assert opened[day * 24 + hour] == close(sum(inside) / 60)
        assert gaps.sum() == close(168 - opened.sum())
        assert gaps.size == len(days)


# Who is cheapest.


def test_the_answer_by_looking_at_each_option() -> None:
    rng = np.random.default_rng(11)
    for least in (0, 1, 2):
        for _ in range(10):
            usd = rng.integers(1, 6, (5, 4)).astype(float)
            usd[rng.uniform(size=usd.shape) < 0.3] = np.inf
            trust, ids = rng.integers(0, 3, 5), ["e", "b", "d", "a", "c"]
            found = cheapest.cheapest(usd, trust, least, ids)
            for case in range(4):
                able = [i for i in range(5) if np.isfinite(usd[i, case])]
                if not able:
                    assert found[case] == -1
                    continue
                top = max(min(int(trust[i]), least) for i in able)
                sure = [i for i in able if min(int(trust[i]), least) == top]
                want = min(sure, key=lambda i, case=case: (usd[i, case], ids[i]))
                assert found[case] == want
            below = [
                sum(found[c] >= 0 and usd[i, c] < usd[found[c], c] for c in range(4))
                for i in range(5)
            ]
            assert cheapest.undercut(usd, found).tolist() == below


def test_the_rows_to_look_at_by_sorting() -> None:
    rng = np.random.default_rng(12)
    for _ in range(20):
        rows = [
            Row(f"r{i}", float(rng.integers(1, 30)) if rng.uniform() > 0.1 else None,
                LEVELS[int(rng.integers(0, 3))], ("api", "hosted", "self")[int(rng.integers(0, 3))],
                f"m{int(rng.integers(0, 3))}")
            for i in range(9)
        ]  # fmt: skip
        best_ = cheapest.cheapest_of(rows, 1)
        assert best_ is not None and best_.monthly_usd is not None
        able = [r for r in rows if r.monthly_usd is not None]
        below = sorted(
            (r for r in able if (r.monthly_usd or 0) < best_.monthly_usd),
            key=lambda r: (r.monthly_usd or 0, r.id),
        )
        assert cheapest.cheaper_but_unsure(rows, best_) == below
        enough = min(1, LEVELS.index(best_.trust))
        rest = [r for r in able if r is not best_ and r not in below[:3]]
        rest.sort(key=lambda r: (LEVELS.index(r.trust) < enough, r.monthly_usd or 0, r.id))
        first = sorted(
            [best_, *below[:3]],
            key=lambda r: (LEVELS.index(r.trust) < enough, r.monthly_usd or 0, r.id),
        )
        for most in (1, 4, 6, 9):
            kept = [*first, *rest][:most]
            want = sorted(kept, key=lambda r: (r.monthly_usd or 0, r.id))
            assert cheapest.most_sure(rows, best_, 1, most) == want
        for tier in ("api", "self"):
            mine = cheapest.by_model(rows, tier, 1)
            for model in ("m0", "m1", "m2"):
                some = [r for r in able if r.tier == tier and r.model == model]
                assert mine.get(model) == cheapest.cheapest_of(some, 1)
    assert (
        cheapest.least_sure(
            [SimpleNamespace(trust=SimpleNamespace(rank=n)) for n in (2, 0, 1)]  # type: ignore[misc]
        ).rank
        == 0
    )


def test_a_unit_without_weights_counts_every_token_once() -> None:
    offer: Any = SimpleNamespace(
        input_tokens_per_s=900.0, cached_weight=None, output_weight=None, minimum_units=5,
        increment_units=3,
    )  # fmt: skip
    unit = provisioned._unit(offer)
    assert (unit.cached_weight, unit.output_weight) == (1.0, 1.0)
    assert (unit.tokens_per_s, unit.minimum_units, unit.increment_units) == (900.0, 5.0, 3.0)
    load = Workload(tokens_per_month=1e9, isl=800.0, osl=200.0, cached_share=0.5)
    assert float(np.asarray(unit.weighed_tokens(load))) == 1000.0
    weighed = provisioned._unit(SimpleNamespace(**(vars(offer) | {"cached_weight": 0.0})))
    assert float(np.asarray(weighed.weighed_tokens(load))) == 600.0
