"""Who is cheapest, how tokens, units and GPUs are bought and when they are on, each quick."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from running import load_small

from tco.analysis.breakeven import breakeven
from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.analysis.size.size import size
from tco.catalog.load import Catalog
from tco.options import cheapest as who
from tco.options import hours, machines
from tco.options.curves import curve, first_volumes
from tco.options.names import resolve
from tco.options.provisioned import provisioned_named, provisioned_options
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario, inline_option
from tco.options.selection import select

from .answers import DAY
from .cases import A, case, each, tried

MORE = Path(__file__).parent / "more.yaml"
OWN = "self/llama-3.3-70b"
WEEK = (((0, 1, 2, 3, 4), 8 * 60, 20 * 60),)


@cache
def catalog() -> Catalog:
    """Return the small catalog with more of everything, read once."""
    return load_small([MORE])


def asked(**fields: Any) -> Question:
    """Return a question of it."""
    return prepare(catalog(), Scenario(**({"tokens": 20e9} | fields)), DAY)


def bills(**fields: Any) -> Any:
    """Return what each option costs, its lines, and how full it is."""
    found = compare(asked(**fields))
    return [
        [row.id, row.monthly_usd, row.gpus, row.replicas, row.upfront_usd, row.utilization,
         row.trust, row.reasons,
         [(line.item, line.quantity, line.rate_usd, line.amount_usd) for line in row.lines]]
        for row in found.options[:10]
    ]  # fmt: skip


def explained(name: str, **fields: Any) -> Any:
    """Return one bill's terms."""
    return tried(partial(explain, asked(**fields), name))


def sized(**fields: Any) -> Any:
    """Return where a model fits, how fast, how many sessions it keeps."""
    found = size(asked(**({"models": ("llama-3.3-70b",)} | fields)))
    return [found.rows[:4]]


def shape(name: str, **fields: Any) -> Any:
    """Return the cost curve of an option."""
    question = asked(**fields)
    made = curve(resolve(name, question).best, question.settings)
    upto = made.first(9e10)
    return [made.slope, made.low, made.high, made.pieces_until(A([9e10])), upto]


def crossing(a: str, b: str, **fields: Any) -> Any:
    """Return where two options cross."""
    found = breakeven(asked(**fields), a, b)
    keys = ("first", "always", "intervals", "a_usd", "b_usd", "cheaper")
    return [getattr(found, key, None) for key in keys]


def firsts(a: str, b: str, column: str, values: tuple[float, ...], **fields: Any) -> Any:
    """Return from which volume B is cheaper, for several values of a setting at once."""
    question = asked(**fields)
    one, other = (resolve(name, question).best for name in (a, b))
    many = question.settings.with_values({column: np.array(values)[:, None]})
    return first_volumes(one, other, many, len(values))


MINI, LONG = ("gpt-4.1-mini",), {"isl": 30e3, "osl": 300.0}
VARIED = {"workload.length_cv": 1.2}
AGENTS: dict[str, Any] = {"profile": "agents", "tokens": None, "developers": 200.0}
CHOICES: dict[str, Callable[[], Any]] = {
    "bills_of_tiers": partial(bills, models=MINI, **LONG, settings=VARIED),
    "bills_of_flex": partial(
        bills, models=MINI, service="flex", settings={"workload.batch_share": 0.3}
    ),
    "bills_of_hours": partial(bills, models=MINI, profile="chat"),
    "bills_of_caches": partial(
        bills, models=MINI, cache_ttl="1h", settings={"workload.cache_write_share": 0.2}
    ),
    "bills_of_days": partial(
        bills, models=("gpt-4.1",), by_day=True, region="eu", service="priority"
    ),
    "bills_of_agents": partial(bills, **AGENTS),
    "bills_of_agents_hour": partial(bills, **AGENTS, models=MINI, cache_ttl="1h"),
    "bills_of_agents_said": partial(
        bills, **AGENTS, models=MINI, settings={"workload.cached_share": 0.5}
    ),
    "bills_of_units": partial(bills, providers=("openai",), tiers=("api",), tokens=9e11),
    "bills_of_hosted_units": partial(bills, tiers=("hosted",), models=("llama-3.3-70b",)),
    "bills_scheduled": partial(
        bills,
        tiers=("self",),
        billing="scheduled",
        schedule=WEEK,
        profile="chat",
        purchases=("on_demand", "own", "reserved_1y"),
    ),
    "bills_hourly_spot": partial(
        bills,
        tiers=("self",),
        billing="autoscaled",
        purchases=("spot",),
        settings={"plan.lead_h": 0.5},
    ),
    "bills_upfront": partial(
        bills,
        tiers=("self",),
        purchases=("own", "on_demand"),
        settings={"extra.upfront_usd": 5e4, "extra.usd_per_month": 700.0},
    ),
    "bills_trusted": partial(bills, min_trust="high"),
    "bills_any_trust": partial(bills, min_trust="low", marketplaces=True),
    "bills_short": partial(
        bills, tiers=("self",), purchases=("reserved_3y",), settings={"horizon.months": 12.0}
    ),
    "bills_without": partial(bills, without=("people", "egress"), tiers=("self", "hosted")),
    "explained_tiers": partial(explained, "openai/gpt-4.1-mini", **LONG),
    "explained_units": partial(explained, "openai/ptu:gpt-4.1"),
    "explained_agents": partial(explained, OWN, **AGENTS),
    "explained_own": partial(explained, OWN, purchases=("own",), billing="autoscaled"),
    "sized_agents": partial(sized, **AGENTS),
    "sized_agents_said": partial(
        sized,
        **AGENTS,
        settings={
            "workload.cached_share": 0.8,
            "workload.sessions.gap_cap_s": 200.0,
            "serving.admission_cap": 1.0,
            "serving.host_cache_gb": 500.0,
        },
    ),
    "sized_sessions": partial(sized, **AGENTS, settings={"workload.sessions.open": 90.0}),
    "shape_of_units": partial(shape, "openai/ptu:gpt-4.1"),
    "shape_scheduled": partial(shape, OWN, billing="scheduled", schedule=WEEK, profile="chat"),
    "shape_bought_autoscaled": partial(shape, OWN, billing="autoscaled", purchases=("own",)),
    "shape_reserved_scheduled": partial(
        shape, OWN, billing="scheduled", schedule=WEEK, purchases=("reserved_1y",)
    ),
    "shape_agents": partial(shape, OWN, **AGENTS),
    "shape_extra": partial(
        shape,
        OWN,
        settings={
            "extra.upfront_usd": 5e4,
            "serving.availability_target": 0.999,
            "serving.headroom": 1.0,
        },
    ),
    "crossing_units": partial(crossing, "openai/gpt-4.1", "openai/ptu:gpt-4.1"),
    "crossing_scheduled": partial(
        crossing, "openai/gpt-4.1", OWN, billing="scheduled", schedule=WEEK
    ),
    "crossing_terms": partial(
        crossing,
        "mine",
        OWN,
        options=(inline_option("mine:kind=api,input=$1,output=$4,commit=$5000/month"),),
    ),
    "firsts_of_units": partial(
        firsts, "openai/gpt-4.1", "openai/ptu:gpt-4.1", "price.api_factor", (0.5, 1.0, 3.0)
    ),
    "firsts_bought": partial(
        firsts, "openai/gpt-4.1", OWN, "own.usd_per_kwh", (0.05, 0.2, 0.9), purchases=("own",)
    ),
    "firsts_of_cached": partial(
        firsts, "openai/gpt-4.1", OWN, "workload.cached_share", (0.0, 0.5, 0.9)
    ),
    "firsts_of_nothing": partial(firsts, "openai/gpt-4.1", OWN, "serving.max_tpot_s", (1e-5, 0.05)),
    "firsts_to_zero": partial(
        firsts, "openai/gpt-4.1", OWN, "rent.factor", (1.0, 2.0), billing="scale_to_zero"
    ),
}
CHOICES = {name: partial(tried, make) for name, make in CHOICES.items()}


class Row(NamedTuple):
    """An option with its bill."""

    id: str
    monthly_usd: float | None
    trust: str = "high"
    tier: str = "hosted"
    model: str = "m"
    provider: str = "p"
    class_: str = "small"


ROWS = (
    Row("a", 5.0),
    Row("b", 4.0, "low"),
    Row("c", 4.5, "medium"),
    Row("d", None),
    Row("e", 4.5, "medium"),
    Row("f", 9.0, tier="self", model="n"),
    Row("g", 8.0, "low", "self"),
    Row("h", 7.0, tier="api", model="x", provider="maker"),
    Row("i", 6.0, tier="api", model="x", class_="flagship"),
    Row("j", 3.0, "low", "api", "y", class_="unknown"),
    Row("k", 12.0, tier="self", class_="unknown"),
    Row("l", 4.0, "low", model="z"),
)


@case
def who_is_cheapest() -> Any:
    """Answers among rows of several trusts, tiers, models and classes."""
    usd = A([[5.0, np.inf, 2.0], [4.0, np.nan, 2.0], [4.0, 7.0, np.inf], [9.0, np.inf, 1.0]])
    trust = A([2, 1, 1, 0])
    out: list[Any] = []
    for least in (0, 1, 2):
        out += [
            who.cheapest(usd, trust, least),
            who.cheapest(usd, trust, least, ["d", "c", "b", "a"]),
        ]
        out += [who.sure_enough(usd, trust, least)]
        group = A([1, 0, 1, 0, 2, 0])
        out.append(
            who.cheapest_each(
                group, A([3.0, 2.0, 1.0, 1.0, 5.0, 2.0]), A([2, 2, 0, 0, 1, 1]), least
            )
        )
        best = who.cheapest_of(ROWS, least)
        assert best is not None
        out += [best.id, [r.id for r in who.cheaper_but_unsure(ROWS, best)]]
        out += [[r.id for r in who.most_sure(ROWS, best, least, n)] for n in (1, 3, 6)]
        out.append([r.id for r in who.best_of_classes(ROWS, ("d",), least)])
        out.append([r.id for r in who.best_of_classes(ROWS[8:11], (), least)])
        out += [
            sorted(r.id for r in who.by_model(ROWS, t, least).values())
            for t in ("api", "self", "hosted")
        ]
        for rows in (ROWS, ROWS[:6], ROWS[7:10], ROWS[4:5] + ROWS[6:7], ROWS[5:8], ROWS[:1]):
            pair = who.pair_of(rows, least)
            out.append(None if pair is None else [row.id for row in pair])
        sellers: Any = {"p": SELLER, "maker": MAKER}
        for wanted in (("m", "x"), ("n", "y", "z"), ()):
            out.append([r.id for r in who.shown_of(ROWS, wanted, sellers, ("d",), least)])
    out += [who.undercut(usd, A([0, -1, 1])), who.undercut(usd, A([3, 2, 0]))]
    out += [who.cheapest_of(ROWS[3:4], 1), who.sure_words(0), who.sure_words(1), who.sure_words(2)]
    return out


class _Seller(NamedTuple):
    kind: str


SELLER, MAKER = _Seller("host"), _Seller("first_party")


@case
def units_that_are_sold() -> Any:
    """Provisioned units by model, tier and provider; by their ids; those without a price."""
    out: list[Any] = []
    for fields in (
        {}, {"tiers": ("api",)}, {"tiers": ("hosted",)}, {"providers": ("openai",)},
        {"providers": ("together",)}, {"models": ("gpt-4.1",)},
    ):  # fmt: skip
        question = asked(**fields)
        made, lacking = provisioned_options(question, select(catalog(), question.request))
        out += [[one.id for one in made], [one.unit for one in made], [why for _, why in lacking]]
        out += [[one.usd_per_unit_hour for one in made], [one.tier for one in made]]
    question = asked()
    everything = select(catalog(), question.request)
    for name in (
        "openai/ptu:gpt-4.1",
        "openai/ptu-dark",
        "openai/ptu",
        "openai/gpt-4.1",
        "OpenAI/PTU:gpt-4.1",
        "openai/ptu:nothing",
    ):
        found = tried(partial(provisioned_named, name, question, everything))
        out.append(found if found is None or isinstance(found, str) else found.id)
    return out


@case
def hours_that_are_open() -> Any:
    """Schedules, load curves, and the profile whose hours are nearest."""
    out = [
        hours._opening(s)
        for s in (None, WEEK, (((5, 6), 0, 24 * 60),), (((0,), 30, 90), ((2,), 0, 60)))
    ]
    flat = [1.0] * 24
    out += [hours.checked_hours([2.0, *flat[1:]], "x"), hours.reachable(A([0.0, 1.0, 2.0, 2.0]))]
    wrong = ([1.0] * 23, [*flat[1:], -1.0], [0.0] * 24, [float("nan"), *flat[1:]])
    out += each(hours.checked_hours, *((some, "x") for some in wrong))
    profiles = catalog().workloads.profiles
    out += [hours._nearest(profiles, peak) for peak in (0.1, 1.67, 9.0)]
    fields: tuple[dict[str, Any], ...] = (
        {"billing": "scheduled"}, {"schedule": WEEK}, {"billing": "always_on"},
        {"billing": "always_on", "schedule": WEEK}, {"billing": "autoscaled", "profile": "chat"},
        {"billing": "autoscaled", "settings": {"workload.peak_to_mean": 99.0}},
        {"billing": "autoscaled", "settings": {"workload.peak_to_mean": 1.0}},
    )  # fmt: skip
    for some in fields:
        out.append(tried(lambda some=some: asked(**some).hours))
    return out


@case
def what_a_gpu_is_per_month() -> Any:
    """A GPU's month, busy, awake and idle, cash on the first day, too short horizons."""
    out: list[Any] = []
    for purchase in ("own", "on_demand", "reserved_1y", "spot"):
        for billing in (None, "autoscaled"):
            question = asked(
                purchases=(purchase,), billing=billing, settings={"extra.upfront_usd": 100.0}
            )
            found = tried(lambda q=question: resolve(OWN, q).best)
            if isinstance(found, str):
                out.append(found)
                continue
            on = partial(machines.gpu_usd, found, question.settings)
            out += [on(), on(busy=0.0), on(awake=0.0, busy=0.0)]
            out.append(machines.once_lines(question.settings))
    short = asked(settings={"horizon.months": 12.0}).settings
    for kinds in (("reserved_1y",), ("reserved_3y",), ("on_demand",)):
        out.append(tried(partial(machines.check_horizon, kinds, short)))
    return [*out, machines.once_lines(asked().settings)]
