"""What API bills read and write of sessions, against a cache simulated by the request."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sessions_by_request import Turn, billed, shared_only, turns

from tco.analysis.explain import explain
from tco.analysis.rows import option_result
from tco.catalog.load import Catalog
from tco.engine.gaps import Gaps
from tco.engine.ledger import (
    believed_share,
    read_share,
    shared_read_share,
    token_lines,
    total_usd,
)
from tco.engine.sessions import Sessions
from tco.engine.shapes import number
from tco.options.bills import TokenOption, charged_lines, lines, usd_of, ways_to_cache
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.scenario import InlineOption
from tco.options.sessions import sessions_of
from tco.options.settings import workload

from ..conftest import Asked

SHAPE = {"turns": 68.5, "first": 91e3, "growth": 700.0, "new": 3200.0, "span_s": 40_000.0}
SHARED, READ, OUTPUT = 14_300.0, 0.1, 450.0 * 5
LIFETIMES = {300.0: 1.25, 600.0: 1.0, 1800.0: 1.25, 3600.0: 2.0, 43200.0: 2.5}
"""Seconds, and the price of a write over that of input."""


def like(requests: list[Turn], beyond: tuple[tuple[float, float], ...]) -> Sessions:
    """Return the means of simulated sessions, as a profile would say them."""
    seen: set[int] = set()
    begins = [t for t in requests if not (t.session in seen or seen.add(t.session))]
    later = sum(t.new for t in requests) - sum(t.context for t in begins)
    context = sum(t.context for t in requests) / len(requests)
    return Sessions(
        context_tokens=context,
        output_tokens=450.0,
        shared_tokens=SHARED,
        new_tokens=later / (len(requests) - len(begins)),
        first_tokens=sum(t.context for t in begins) / len(begins),
        last_tokens=context,
        turns=len(requests) / len(begins),
        lanes=1.0,
        gaps=Gaps(beyond=beyond),
    )


def units(read: float, written: float, price: float) -> float:
    """Return what a turn costs in tokens of input."""
    return READ * read + price * written + OUTPUT


@pytest.fixture(scope="module")
def profile(catalog: Catalog) -> tuple[tuple[float, float], ...]:
    said = catalog.workloads.profiles["agent-coding"].sessions
    assert said is not None
    return tuple((s, p) for s, p in said.gap_beyond)


@pytest.fixture(scope="module")
def requests(profile: tuple[tuple[float, float], ...]) -> list[Turn]:
    return turns(profile, 900, SHAPE)


@pytest.mark.parametrize(("lifetime", "price"), LIFETIMES.items())
def test_reads_and_writes_are_those_of_single_requests(
    lifetime: float, price: float, requests: list[Turn], profile: tuple[tuple[float, float], ...]
) -> None:
    sessions, true = like(requests, profile), billed(requests, lifetime, SHARED)
    context = number(sessions.context_tokens)
    read = number(read_share(sessions, lifetime)) * context
    written, count = context - read, len(requests)
    assert written == pytest.approx(true.written / count, rel=0.05)
    assert read == pytest.approx(true.read / count, rel=0.01)
    bill = units(true.read / count, true.written / count, price)
    assert units(read, written, price) == pytest.approx(bill, rel=0.02)


@pytest.mark.parametrize("lifetime", LIFETIMES)
def test_what_all_share_is_written_by_single_requests_that_come_too_late(
    lifetime: float, requests: list[Turn], profile: tuple[tuple[float, float], ...]
) -> None:
    sessions, together = like(requests, profile), shared_only(requests, lifetime, SHARED)
    each: dict[int, list[Turn]] = {}
    for turn in requests:
        each.setdefault(turn.session, []).append(turn)
    alone = [shared_only(one, lifetime, SHARED) for one in each.values()]
    for warm, bills in ((1.0, [together]), (0.0, alone)):
        read, written = sum(b.read for b in bills), sum(b.written for b in bills)
        found = number(shared_read_share(sessions, lifetime, warm))
        assert found == pytest.approx(read / (read + written), rel=0.005)


def random_gaps(seed: int) -> tuple[tuple[float, float], ...]:
    """Draw how long sessions wait: tools for seconds, people for minutes to hours."""
    rng = np.random.default_rng(seed)
    people = 10 ** rng.uniform(-2.0, -0.5)
    at = np.array([3.0, 10.0, 60.0, 300.0, 600.0, 3600.0, 43200.0])
    tool, person = rng.uniform(5.0, 30.0), 10 ** rng.uniform(1.8, 3.6)
    beyond = (1 - people) * np.exp(-at / tool) + people * np.exp(-at / person)
    beyond = np.clip(beyond, 1e-6, 0.999)
    return tuple(zip(at.tolist(), beyond.tolist(), strict=True))


def test_the_lifetime_that_is_cheaper_by_formula_is_cheaper_by_request() -> None:
    right, count, kinds = 0, 40, set()
    for seed in range(count):
        beyond = random_gaps(seed)
        requests = turns(beyond, 100, SHAPE, seed=seed + 100)
        sessions = like(requests, beyond)
        context = number(sessions.context_tokens)
        said, true = {}, {}
        for lifetime in (300.0, 3600.0):
            price = LIFETIMES[lifetime]
            read = number(read_share(sessions, lifetime)) * context
            said[lifetime] = units(read, context - read, price)
            bill = billed(requests, lifetime, SHARED)
            true[lifetime] = units(bill.read / len(requests), bill.written / len(requests), price)
        advice, best = min(said, key=said.__getitem__), min(true, key=true.__getitem__)
        right += advice == best
        kinds.add(best)
    assert kinds == {300.0, 3600.0}  # both are met, or nothing was tried
    assert right >= 0.95 * count


def sessions(**changed: object) -> Sessions:
    usual: dict[str, object] = {
        "context_tokens": 140_000.0,
        "output_tokens": 450.0,
        "shared_tokens": 14_300.0,
        "new_tokens": 3_200.0,
        "first_tokens": 91_200.0,
        "last_tokens": 180_000.0,
        "turns": 68.5,
        "lanes": 1.8,
        "gaps": Gaps(beyond=((3.0, 0.9), (300.0, 0.07), (3600.0, 0.006))),
    }
    return Sessions(**{**usual, **changed})  # type: ignore[arg-type]


def test_a_longer_life_reads_more_and_arrays_are_cases() -> None:
    lives = np.array([10.0, 300.0, 1800.0, 3600.0, 1e6])
    shares = np.asarray(read_share(sessions(), lives))
    assert all(a < b for a, b in pairwise(shares[:-1]))
    assert shares.tolist() == [number(read_share(sessions(), float(s))) for s in lives]
    assert np.all((shares >= 0.0) & (shares <= 1.0))


def test_what_no_cache_could_have_is_written() -> None:
    alone = sessions(
        turns=1.0, first_tokens=140_000.0
    )  # each turn is a first one: only what all share is read
    assert number(read_share(alone, 3600.0)) == pytest.approx(14_300 / 140_000)
    assert number(read_share(alone, 3600.0, 0.0)) == 0.0
    never = sessions(gaps=Gaps(beyond=((1.0, 1.0), (1e9, 1.0))), shared_tokens=0.0)
    assert number(read_share(never, 300.0)) == 0.0


def test_what_is_believed_moves_what_is_read_between_nothing_and_all() -> None:
    believed = np.array([0.0, 0.475, 0.95, 0.975, 1.0])
    found = np.asarray(believed_share(0.9, believed, 0.95))
    assert found == pytest.approx([0.0, 0.45, 0.9, 0.95, 1.0])
    assert number(believed_share(0.9, 1.0, 1.0)) == 0.9
    assert number(believed_share(0.9, 0.0, 0.0)) == 0.9


# The same as questions are asked.

OPUS = "anthropic/claude-opus-4.5"


def tokens_usd(asked: Asked, option: str, **said: Any) -> float:
    """Return what an option charges for a month of 100 developers' tokens [USD/month]."""
    inputs = asked(**{"developers": 100.0, **said})
    found = resolve(option, inputs).best
    assert isinstance(found, TokenOption)
    return number(total_usd(charged_lines(found, inputs.settings)))


def by_hand(read: float, written: float, write_price: float) -> float:
    """Return the same of Claude Opus 4.5 for shares of the input [USD/month]."""
    mtok = 100 * 4_000 * 140_000 / 1e6
    return mtok * (read * 0.5 + written * write_price) + 100 * 4_000 * 450 / 1e6 * 25.0


def share(inputs: Question, lifetime_s: float) -> float:
    assert inputs.gaps is not None
    return number(read_share(sessions_of(inputs.settings, inputs.gaps), lifetime_s))


def test_a_bill_takes_the_lifetime_that_is_cheaper(asked: Asked) -> None:
    inputs = asked(developers=100.0)
    read_5m, read_1h = share(inputs, 300.0), share(inputs, 3600.0)
    bills = by_hand(read_5m, 1 - read_5m, 6.25), by_hand(read_1h, 1 - read_1h, 10.0)
    assert tokens_usd(asked, OPUS, cache_ttl="5m") == pytest.approx(bills[0], rel=1e-9)
    assert tokens_usd(asked, OPUS, cache_ttl="1h") == pytest.approx(bills[1], rel=1e-9)
    assert tokens_usd(asked, OPUS) == pytest.approx(min(bills), rel=1e-9)
    assert 0.14 < 1 - bills[1] / bills[0] < 0.20  # on recorded sessions an hour is cheaper
    quick = {"workload.sessions.gap_s": 20.0}  # few gaps beyond 5 minutes: an hour is dearer
    few = asked(developers=100.0, settings=quick)
    assert sessions_of(few.settings, few.gaps).gaps.longer(300.0) < 0.02  # type: ignore[arg-type]
    at_5m = tokens_usd(asked, OPUS, settings=quick, cache_ttl="5m")
    assert tokens_usd(asked, OPUS, settings=quick) == pytest.approx(at_5m, rel=1e-12)
    assert at_5m < tokens_usd(asked, OPUS, settings=quick, cache_ttl="1h")


ONE_TURN = {"workload.sessions.turns": 1.0}


def test_what_nobody_reads_is_not_written(asked: Asked) -> None:
    # 100 x 4,000 requests of 140,000 tokens at $5, and of 450 at $25: 280,000 + 4,500. What all
    # share is 14,300 of them, read at $0.5: 2,860 + 251,400 + 4,500; written, the rest is at 6.25.
    assert tokens_usd(asked, OPUS, settings=ONE_TURN) == pytest.approx(258_760)
    assert tokens_usd(asked, OPUS, settings=ONE_TURN, cache_ttl="5m") == pytest.approx(321_610)
    # A tenth of the turns comes when nobody keeps it: 0.1 x 14,300 are written at 6.25.
    cold = {**ONE_TURN, "workload.sessions.shared_warm_share": 0.9}
    usd = 251_400 + 4_500 + 5_720 * (0.9 * 0.5 + 0.1 * 6.25)
    assert tokens_usd(asked, OPUS, settings=cold) == pytest.approx(usd)
    # Less than 4,096 tokens are never cached there, and what is always cold is not worth it.
    for nothing in ({"shared_tokens": 4_000.0}, {"shared_warm_share": 0.0}):
        said = {f"workload.sessions.{name}": value for name, value in nothing.items()}
        assert tokens_usd(asked, OPUS, settings={**ONE_TURN, **said}) == pytest.approx(284_500)


def test_a_bill_is_the_least_of_its_ways_and_never_above_the_uncached(asked: Asked) -> None:
    kinds = set()
    turns = np.array([1.0, 1.1, 1.5, 2.0, 3.0, 68.5])[:, None, None]
    warm, gap = np.array([0.0, 0.5, 1.0])[:, None], np.array([20.0, 174.3, 5_000.0])
    said = {"turns": turns, "shared_warm_share": warm, "gap_s": gap}
    inputs = asked(developers=100.0)
    at = inputs.settings.with_values({f"workload.sessions.{k}": v for k, v in said.items()})
    for name in (OPUS, "openai/gpt-5.6-sol", "openai/gpt-6-luna"):
        option = resolve(name, inputs).best
        assert isinstance(option, TokenOption) and option.caching is not None
        ways = ways_to_cache(option, option.caching, at)
        each = [total_usd(token_lines(rates, load)) for load, rates in ways]
        bill = np.asarray(total_usd(charged_lines(option, at)))
        least = np.min(np.broadcast_arrays(*each), axis=0)
        assert bill == pytest.approx(least, rel=1e-12)
        plain, rates = replace(ways[0][0], cached_share=0.0, cache_write_share=0.0), ways[0][1]
        uncached = np.broadcast_to(total_usd(token_lines(rates, plain)), bill.shape)
        assert np.all(bill <= uncached * (1 + 1e-12))
        kinds |= {option.caching.ways[n][1] for n in np.argmin(np.broadcast_arrays(*each), 0).flat}
    assert kinds == {"all", "shared", "nothing"}
    # A cache that costs nothing to write has no other way, nor one whose lifetime is asked for.
    asked_for = asked(developers=100.0, cache_ttl="5m")
    for name, question in (("deepseek/deepseek-v4.1-flash", inputs), (OPUS, asked_for)):
        caching = resolve(name, question).best.caching  # type: ignore[union-attr]
        assert caching.ways == ((0, "all"),)


def test_gaps_are_told_of_sessions_that_have_some(asked: Asked) -> None:
    many, one = (
        " ".join(explain(asked(developers=100.0, settings=said), OPUS).steps)
        for said in ({}, ONE_TURN)
    )
    assert "of the gaps are longer" in many and "sessions of 68.5 turns" in many
    assert "gap" not in one and "sessions of one turn" in one
    assert "writes 0 at 6.25 and pays for 125.7k tokens at 5: $258,760 a month, the cheapest" in one
    inputs = asked(developers=100.0, settings=ONE_TURN)
    notes = option_result(resolve(OPUS, inputs).best, inputs).notes
    assert "only what all sessions share is cached, 19.5% cheaper than all" in notes


def test_what_the_user_says_of_caches_holds(asked: Asked) -> None:
    said = {"workload.cached_share": 0.95}
    assert tokens_usd(asked, OPUS, settings=said) == pytest.approx(by_hand(0.95, 0.05, 5.0))
    said["workload.cache_write_share"] = 0.05
    assert tokens_usd(asked, OPUS, settings=said) == pytest.approx(by_hand(0.95, 0.05, 6.25))
    today = by_hand(0.95, 0.05, 5.0)
    assert today / tokens_usd(asked, OPUS, cache_ttl="5m") == pytest.approx(0.70, abs=0.02)
    assert today / tokens_usd(asked, OPUS) == pytest.approx(0.86, abs=0.02)


def test_users_and_developers_are_one_question(asked: Asked) -> None:
    one, other = asked(developers=100.0), asked(users=100.0, profile="agent-coding")
    names = (OPUS, "openai/gpt-5.6-sol", "deepseek/deepseek-v4.1-flash", "self/glm-5.2")
    for name in names:
        rows = [option_result(resolve(name, q).best, q) for q in (one, other)]
        assert rows[0] == rows[1]
        assert rows[0].usd_per_developer_month == (rows[0].monthly_usd or 0.0) / 100
    for inputs in (asked(users=100.0), asked(tokens=1e9, profile="agent-coding")):
        assert option_result(resolve(OPUS, inputs).best, inputs).usd_per_developer_month is None


def test_each_provider_keeps_its_cache_as_long_as_is_known(asked: Asked) -> None:
    inputs = asked(developers=100.0)
    lives = {
        "openai/gpt-5.6-sol": [1800.0, 43200.0],
        "azure/gpt-5.6-sol": [1800.0],  # as its maker does
        "deepseek/deepseek-v4.1-flash": [10800.0],
        "deepinfra/deepseek-v4.1-flash": [600.0],  # nothing is known
        "moonshot/kimi-k3.1-pro": [300.0, 3600.0],
    }
    for name, seconds in lives.items():
        caching = resolve(name, inputs).best.caching  # type: ignore[union-attr]
        found = [number(caching.lifetime_s(n, inputs.settings)) for n in range(len(seconds))]
        assert (found, len(caching.lifetimes)) == (seconds, len(seconds)), name
    # What has no price for writing is input.
    items = {
        line.item
        for line in lines(resolve("deepinfra/deepseek-v4.1-flash", inputs).best, inputs.settings)
        if number(line.amount_usd)
    }
    assert {"input tokens", "cached input tokens"} <= items and "cache write tokens" not in items
    longer = asked(developers=100.0, settings={"price.cache_lifetime_s": 3600.0})
    host = "deepinfra/deepseek-v4.1-flash"
    assert usd_of(resolve(host, longer).best, longer.settings) < usd_of(
        resolve(host, inputs).best, inputs.settings
    )


def test_profiles_without_sessions_are_billed_as_before(asked: Asked, catalog: Catalog) -> None:
    plain = [n for n, p in catalog.workloads.profiles.items() if p.sessions is None]
    assert len(plain) > 5
    for name in plain:
        inputs = asked(requests=1e6, profile=name)
        option = resolve("openai/gpt-5.6-sol", inputs).best
        assert isinstance(option, TokenOption) and option.caching is None
        load, at = workload(inputs.settings), inputs.settings
        cached = number(load.cached_share)
        hand = number(load.isl) * (cached * 0.4 + (1 - cached) * 4.0)
        hand += number(load.osl * load.reasoning_factor) * 20.0
        assert number(total_usd(charged_lines(option, at))) == pytest.approx(hand, abs=0.005)


def test_many_cases_at_once_are_each_case_alone(asked: Asked) -> None:
    inputs = asked(developers=100.0)
    option = resolve(OPUS, inputs).best
    gaps = np.array([20.0, 174.3, 900.0])
    at = inputs.settings.with_values({"workload.sessions.gap_s": gaps})
    together = np.asarray(total_usd(lines(option, at)))
    for gap, usd in zip(gaps, together, strict=True):
        alone = inputs.settings.with_values({"workload.sessions.gap_s": float(gap)})
        assert usd_of(option, alone) == pytest.approx(usd, rel=1e-12)
    assert np.all(np.diff(together) > 0)
    # A volume changes nothing of a token's price, or curves would not be straight.
    volumes = inputs.settings.with_values({"workload.tokens_per_month": np.array([1e9, 2e9, 4e9])})
    some = np.asarray(total_usd(lines(option, volumes), "tokens"))
    assert some / some[0] == pytest.approx([1.0, 2.0, 4.0])


def test_what_is_described_keeps_a_cache_as_well(asked: Asked) -> None:
    spec = InlineOption(
        name="mine",
        kind="api",
        input=5.0,
        output=25.0,
        cached_input=0.5,
        cache_write=6.25,
        source="--option",
    )
    usd = tokens_usd(asked, "mine", options=(spec,))
    assert usd == pytest.approx(tokens_usd(asked, OPUS, cache_ttl="5m"), rel=1e-9)
