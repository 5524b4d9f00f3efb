"""Sessions that wait: the closed form against turn by turn, its laws, and what `size` says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import DAY, run
from sessions_by_event import Case, simulated

from tco.catalog.load import load_catalog
from tco.engine import sessions
from tco.engine.arrivals import turn_percentiles_s
from tco.engine.gaps import Gaps
from tco.engine.replica import FirstTokens
from tco.engine.sessions import (
    SPREAD,
    KeptSessions,
    Limits,
    Sessions,
    SessionServer,
    kept,
    steady,
)
from tco.options.bills import SelfOption, replica_of, shapes_of
from tco.options.first_tokens import first_tokens
from tco.options.names import resolve
from tco.options.question import prepare
from tco.options.scenario import Scenario
from tco.options.sessions import sessions_of

RECORDED = Gaps(
    beyond=(
        *((3, 0.95), (4, 0.9), (6, 0.75), (10, 0.5), (30, 0.284), (60, 0.204)),
        *((300, 0.0759), (600, 0.0473), (1800, 0.0198), (3600, 0.0068), (43200, 0.0004)),
    )
)
PREFILL_PER_S, TOKEN_S, TOKEN_MORE_S = 18e3, 7.5e-3, 0.5e-3
NO_LIMIT = Limits()


def agents(lanes: float = 1.0, cap_s: float = np.inf) -> Sessions:
    """Return the sessions of coding agents as they were recorded."""
    return Sessions(
        context_tokens=123_450.0,
        output_tokens=440.0,
        shared_tokens=14_300.0,
        new_tokens=3_205.0,
        first_tokens=91_238.0,
        last_tokens=1.3 * 123_450.0,
        turns=68.5,
        lanes=lanes,
        gaps=replace(RECORDED, cap_s=cap_s),
    )


def server(of: Sessions, pool: Any, **more: Any) -> SessionServer:
    """Return a replica that prefills 18,000 tokens a second whatever their length."""
    return SessionServer(
        pool_tokens=pool,
        hit_s=of.new_tokens / PREFILL_PER_S,
        miss_s=(of.context_tokens - of.shared_tokens) / PREFILL_PER_S,
        first_s=(of.first_tokens - of.shared_tokens) / PREFILL_PER_S,
        token_s=TOKEN_S,
        token_more_s=TOKEN_MORE_S,
        **more,
    )


def case_of(of: Sessions, pool: float, sessions: int, *, warm: bool) -> Case:
    """Return what a simulation needs."""
    return Case(
        sessions=sessions,
        pool=pool,
        context=float(of.context_tokens),
        shared=float(of.shared_tokens),
        new=float(of.new_tokens),
        first=float(of.first_tokens),
        last=float(of.last_tokens),
        turns=float(of.turns),
        output=float(of.output_tokens),
        lanes=float(of.lanes),
        prefill_per_s=PREFILL_PER_S,
        tpot_s=TOKEN_S,
        tpot_more_s=TOKEN_MORE_S,
        beyond=of.gaps.beyond,
        cap_s=float(of.gaps.cap_s),
        warm=warm,
    )


def by_event(of: Sessions, pool: float, sessions: int, *, warm: bool) -> float:
    """Return the hit rate of a simulation."""
    case = case_of(of, pool, sessions, warm=warm)
    # Which contexts a few sessions drew weighs more than anything else: the median of three.
    return float(np.median([simulated(case, 1500 + 50 * sessions, n).hit for n in (1, 2, 3)]))


LADDER = (4, 8, 12, 16, 24, 32, 48, 64, 96, 128)
CASES = [(pool, cap) for pool in (1e6, 3.3e6, 10e6) for cap in (10.0, 300.0, np.inf)]


@cache
def ladders(pool: float, cap_s: float) -> tuple[np.ndarray, np.ndarray, KeptSessions]:
    """Return hit rates by event and by the closed form, both [steps], and what is kept."""
    of = agents(cap_s=cap_s)
    seen = [by_event(of, pool, n, warm=True) for n in LADDER]
    said = steady(of, server(of, pool), np.array(LADDER, dtype=float)).hit_share
    return np.array(seen), np.asarray(said), kept(of, server(of, pool), NO_LIMIT)


def wall(hits: np.ndarray) -> int:
    """Return the first step of the ladder at which the hit rate is lost."""
    lost = np.flatnonzero(hits < 0.8)
    return int(lost[0]) if lost.size else len(LADDER)


@pytest.mark.parametrize("ranks", [1.0, 8.0])
@pytest.mark.parametrize(("pool", "cap"), CASES)
def test_a_replica_settles(
    pool: float, cap: float, ranks: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One round more moves nothing: where misses answer steeply, halves go to and fro for ever."""
    of, some, hits = agents(cap_s=cap), np.arange(2.0, 140.0), []
    for rounds in (30, 31):
        monkeypatch.setattr(sessions, "ROUNDS", rounds)
        found = steady(of, server(of, pool, ranks=ranks), some, warm=False)
        hits.append(np.asarray(found.hit_share))
    moved = np.abs(hits[1] - hits[0])
    assert np.max(moved) < 0.01  # it was 0.28
    assert np.count_nonzero(moved > 1e-4) <= 3  # on the very wall it takes longer


def test_the_wall_is_where_turn_by_turn_it_is() -> None:
    off = [abs(wall(seen) - wall(said)) for seen, said, _ in (ladders(*case) for case in CASES)]
    assert sum(steps <= 1 for steps in off) >= 0.9 * len(off), off


@pytest.mark.parametrize(("pool", "cap_s"), CASES)
def test_the_hit_rate_is_that_of_turn_by_turn_away_from_the_wall(pool: float, cap_s: float) -> None:
    seen, said, _ = ladders(pool, cap_s)
    steps = np.arange(len(LADDER))
    away = (abs(steps - wall(seen)) > 2) & (abs(steps - wall(said)) > 2)
    assert np.all(abs(seen - said)[away] < 0.03), (seen, said)


@pytest.mark.parametrize(("pool", "cap_s"), CASES)
def test_what_is_counted_on_finds_its_cache_again(pool: float, cap_s: float) -> None:
    of, found = agents(cap_s=cap_s), ladders(pool, cap_s)[2]
    assert by_event(of, pool, int(found.cold), warm=False) > 0.85


def test_the_rule_of_thumb() -> None:
    # Open sessions over what the pool holds of mean contexts: 0.95, 1.3 and 3.2 were simulated.
    pool = 3.3e6
    for cap_s, share in ((10.0, 0.95), (300.0, 1.3), (np.inf, 3.2)):
        of = agents(cap_s=cap_s)
        found = float(kept(of, server(of, pool), NO_LIMIT).warm)
        assert found == pytest.approx(share * pool / 123_450.0, rel=0.2)


def test_worked_example() -> None:
    # GLM-5.2 on 8 B300 at $59.20 an hour: about 36 sessions cold and 64 warm, $1,041 and $576 a
    # developer of 4,000 turns a month whose peak is 3.01 times the mean.
    of = agents(lanes=1.8)
    found = kept(of, server(of, 3.3e6), NO_LIMIT)
    assert float(found.cold) == pytest.approx(36, rel=0.2)
    assert float(found.warm) == pytest.approx(64, rel=0.2)
    peak = 4_000 / (730 * 3600) * 3.01
    for at, usd in ((found.at_cold, 1_041), (found.at_warm, 576)):
        developers = float(at.turns_per_s) / peak
        assert 59.20 * 730 / developers == pytest.approx(usd, rel=0.2)


def test_a_fall_that_was_published() -> None:
    # 8 sessions hit 0.97 and 32 hit 0.05, with gaps of at most 10 s and a pool of 3.3M tokens.
    of = agents(lanes=1.8, cap_s=10.0)
    at = steady(of, server(of, 3.3e6), np.array([8.0, 32.0]))
    assert float(at.hit_share[0]) == pytest.approx(0.97, abs=0.02)
    assert float(at.hit_share[1]) == pytest.approx(0.05, abs=0.1)


def test_one_call_for_many_is_each_alone() -> None:
    of, pools = agents(lanes=1.8), np.array([0.9e6, 3.3e6, 12e6])
    many = kept(of, server(of, pools), NO_LIMIT)
    for i, pool in enumerate(pools):
        one = kept(of, server(of, float(pool)), NO_LIMIT)
        assert float(one.cold) == many.cold[i]
        assert float(one.warm) == many.warm[i]
        assert float(one.at_cold.turns_per_s) == pytest.approx(float(many.at_cold.turns_per_s[i]))


@settings(max_examples=25, deadline=None)
@given(
    pool=st.floats(5e5, 3e7),
    more=st.floats(1.2, 3.0),
    lanes=st.floats(1.0, 2.0),
    stretch=st.floats(0.05, 2.0),
)
def test_laws(pool: float, more: float, lanes: float, stretch: float) -> None:
    of = replace(agents(lanes), gaps=replace(RECORDED, stretch=stretch))
    found = kept(of, server(of, np.array([pool, pool * more])), NO_LIMIT)
    assert np.all(found.cold <= found.warm)
    assert found.cold[0] <= found.cold[1]
    assert found.warm[0] <= found.warm[1]
    behind = kept(of, server(of, pool, host_tokens=pool * more, host_s=0.1), NO_LIMIT)
    assert float(behind.warm) >= found.warm[0]
    ranks = kept(of, server(of, pool, ranks=8.0), NO_LIMIT)
    assert float(ranks.warm) <= found.warm[0]
    slower = kept(of, server(of, pool), Limits(tpot_s=1.01 * TOKEN_S))
    assert float(np.minimum(slower.warm, slower.limited)) <= found.warm[0]


@given(seconds=st.floats(0.1, 5e4), stretch=st.floats(0.1, 10.0), growth=st.floats(0.0, 0.1))
def test_gaps(seconds: float, stretch: float, growth: float) -> None:
    gaps, growth = replace(RECORDED, stretch=stretch), round(growth, 3)
    assert gaps.mean_s == pytest.approx(stretch * RECORDED.mean_s)
    assert gaps.within(seconds) <= min(seconds, float(gaps.mean_s)) * (1 + 1e-9)
    slack = gaps.within(seconds) + growth * seconds
    if growth or seconds < 43_200 * stretch:
        assert gaps.missed(slack, growth) == pytest.approx(float(gaps.longer(seconds)), abs=2e-3)
    capped = replace(gaps, cap_s=seconds)
    assert capped.longer(seconds) == 0.0
    assert capped.mean_s == pytest.approx(float(gaps.within(seconds)))


def test_the_mean_gap_is_that_of_the_recorded_sessions() -> None:
    assert RECORDED.mean_s == pytest.approx(177, rel=0.02)


# What `tco size` and the bills make of it; the catalog is the shipped one.

GLM = ("size", "glm-5.2", "--gpu", "b300", "--gpus", "8", "--precision", "nvfp4", *DAY)
AGENTS = (*GLM, "--profile", "agent-coding")


def row(*args: str) -> dict[str, Any]:
    """Return the only set-up of an answer."""
    result = run(*args, "-o", "json")
    assert result.exit_code == 0, result.output
    (one,) = json.loads(result.stdout)["rows"]
    return one  # type: ignore[no-any-return]


def test_the_pool_is_what_a_server_printed() -> None:
    # 3.3M tokens of GLM-5.2 in nvfp4 on 8 B300, a latent cache whole on every rank.
    of = row(*AGENTS)["sessions"]
    assert of["pool_tokens"] == pytest.approx(3.3e6, rel=0.02)
    assert not of["pool_stated"]


def test_size_tells_both_and_counts_on_the_cold_one() -> None:
    cold = row(*AGENTS, "--users", "100")
    warm = row(*AGENTS, "--users", "100", "--admission-cap")
    of = cold["sessions"]
    assert of["cold"] < of["warm"] == of["wall"]
    assert of["kept"] == of["cold"]
    assert warm["sessions"]["kept"] == of["warm"]
    assert of["beyond_hit_share"] < 0.8 < of["hit_share"]
    assert warm["fleet_gpus"] < cold["fleet_gpus"]
    screen = " ".join(run(*AGENTS, "--users", "100").stdout.split())
    assert (
        f"keeps {of['warm']:.0f} open sessions warm, {of['cold']:.0f} from a cold start" in screen
    )
    assert "Wall: a tenth beyond" in screen


def test_developers_are_users_of_the_profile_of_agents() -> None:
    assert row(*GLM, "--developers", "100") == row(*AGENTS, "--users", "100")


@pytest.mark.parametrize(
    ("said", "more"),
    [
        (("--kv-pool", "5M"), True),
        (("--kv-pool", "1M"), False),
        (("--host-cache", "2000"), True),
        (("--think-time", "20s"), False),
        (("--turns", "20"), False),
        (("--set", "workload.sessions.lanes=1"), True),
        (("--set", "workload.sessions.gap_cap_s=10"), False),
        (("--isl", "60000"), True),
    ],
)
def test_what_is_said_of_sessions_changes_what_is_kept(
    said: tuple[str, ...], *, more: bool
) -> None:
    usual, other = row(*AGENTS)["sessions"]["warm"], row(*AGENTS, *said)["sessions"]["warm"]
    assert (other > usual) if more else (other < usual)


def test_open_sessions_size_the_fleet() -> None:
    of = row(*AGENTS)["sessions"]
    few, many = (row(*AGENTS, "--sessions", str(n)) for n in (of["cold"] - 1, of["cold"] * 3))
    assert few["replicas"] == 2  # one and a spare
    assert many["replicas"] == 4
    both = row(*AGENTS, "--sessions", str(of["cold"] * 3), "--users", "10")
    assert both["replicas"] == 4


def test_other_profiles_have_no_sessions_and_no_wall() -> None:
    assert row(*GLM, "--profile", "chat")["sessions"] is None
    short = ("--isl", "7000", "--set", "workload.sessions.new_tokens=600")
    assert row(*AGENTS, *short)["sessions"]["wall"] is None
    wrong = run(*GLM, "--profile", "chat", "--sessions", "5")
    assert wrong.exit_code == 2
    assert wrong.stderr.count("\n") == 1
    assert "belong to no session; --profile agent-coding has some" in wrong.stderr


def test_a_pool_that_keeps_no_session_serves_nothing() -> None:
    result = run(*AGENTS, "--kv-pool", "150k", "-o", "json")
    (one,) = json.loads(result.stdout)["rows"]
    assert not one["feasible"]
    assert "does not keep the context of one open session" in one["reasons"][0]


def test_a_cached_share_that_is_said_is_what_an_endless_cache_serves() -> None:
    inputs = prepare(
        load_catalog(),
        Scenario(profile="agent-coding", settings={"workload.cached_share": 0.9}),
        date(2026, 11, 21),
    )
    assert inputs.gaps is not None
    of = sessions_of(inputs.settings, inputs.gaps)
    assert of.new_tokens == pytest.approx(0.1 * 140_000)


@pytest.mark.parametrize("turns", [1.0, 1.05, 2.0, 5.0, 20.0, 68.5])
def test_turns_after_the_first_are_as_long_as_the_last_at_most(turns: float) -> None:
    asked = Scenario(profile="agent-coding", settings={"workload.sessions.turns": turns})
    inputs = prepare(load_catalog(), asked, date(2026, 11, 21))
    assert inputs.gaps is not None
    of = sessions_of(inputs.settings, inputs.gaps)
    later = turns * 140_000.0 - of.first_tokens
    assert later <= (turns - 1.0) * of.last_tokens * (1.0 + 1e-12)
    assert of.first_tokens == pytest.approx(
        {1.0: 140_000.0, 1.05: 139_968.0, 2.0: 138_720.0, 5.0: 127_100.0}.get(turns, 91_000.0),
        rel=0.01,
    )


def test_a_deployment_takes_on_every_open_session_that_a_replica_keeps() -> None:
    kept_cold = row(*AGENTS)["sessions"]["cold"]
    told = run("deploy", "self/glm-5.2@8xb300-sxm:nvfp4", *DAY, "--developers", "100").stdout
    assert f"--max-num-seqs {kept_cold:.0f} " in told


@pytest.mark.parametrize(("pool", "cap_s"), [(3.3e6, 10.0), (3.3e6, 300.0), (10e6, 300.0)])
def test_first_tokens_are_those_of_turn_by_turn(pool: float, cap_s: float) -> None:
    of, levels = agents(cap_s=cap_s), (0.5, 0.95, 0.99)
    here = server(of, pool)
    count = int(0.7 * float(kept(of, here, NO_LIMIT).cold))
    at, begins = steady(of, here, float(count)), 1.0 / float(of.turns)
    missed = float(at.missed)
    kinds = [
        (float(here.hit_s), (1.0 - begins) * (1.0 - missed)),
        (float(here.miss_s), (1.0 - begins) * missed),
        (float(here.first_s), begins),
    ]
    per_s = float(at.turns_per_s) * (1.0 - 1.0 / count)
    said = turn_percentiles_s(kinds, per_s, SPREAD, 0.0, levels)
    runs = [simulated(case_of(of, pool, count, warm=True), 12_000, n).first_s for n in (1, 2, 3)]
    found = np.median([np.quantile(run, levels) for run in runs], axis=0)
    # p95 lies where turns that find nothing begin: there a share of one in a hundred is a second
    assert said == pytest.approx(found, rel=0.4)
    assert said[0] == pytest.approx(found[0], rel=0.15)
    assert said[2] == pytest.approx(found[2], rel=0.25)


def told_of_turns(needed: float, **changed: float) -> FirstTokens:
    """Return the first tokens of some replicas that 100 developers share."""
    asked = Scenario(profile="agent-coding", developers=100.0, settings=changed)
    inputs = prepare(load_catalog(), asked, date(2026, 11, 21))
    option = resolve("self/glm-5.2@8xb300-sxm:nvfp4", inputs).best
    assert isinstance(option, SelfOption) and option.speed_factors
    said = (shapes_of(option, inputs.settings), inputs.settings)
    more = {"gaps": option.gaps, "factors": option.speed_factors}
    return first_tokens(*said, replica_of(option, said[1]), needed, **more)


def test_a_limit_on_the_first_token_changes_the_fleet_and_not_what_one_of_a_size_does() -> None:
    free, held = told_of_turns(5.0), told_of_turns(5.0, **{"serving.max_ttft_p95_s": 2.0})
    assert free.p99_s == pytest.approx(4.7388, rel=1e-3)
    assert (held.p50_s, held.p95_s, held.p99_s, held.load) == pytest.approx(
        (free.p50_s, free.p95_s, free.p99_s, free.load)
    )


def test_first_tokens_of_turns_take_twice_as_long_where_everything_does() -> None:
    usual, slow = told_of_turns(5.0), told_of_turns(10.0, **{"serving.throughput_factor": 0.5})
    assert slow.load == pytest.approx(usual.load)
    twice = [2.0 * x for x in (usual.p50_s, usual.p95_s, usual.p99_s) if x is not None]
    assert (slow.p50_s, slow.p95_s, slow.p99_s) == pytest.approx(twice, rel=0.05)


def test_size_and_explain_tell_the_same_first_token_of_turns() -> None:
    said = ("--developers", "100", "--set", "serving.throughput_factor=0.5")
    sized = row(*GLM, *said)["first_token"]
    done = run("explain", "self/glm-5.2@8xb300-sxm:nvfp4", *said, *DAY, "-o", "json")
    told = json.loads(done.stdout)["option"]["first_token"]
    assert told["p95_s"] > 1.0
    assert told == sized
