"""One answer whichever command is asked: what wins, what is told beside it, and how sure it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import DAY as AS_OF
from running import run
from strategies import DAY, shipped_catalog

import tco
from tco.catalog.fields import Source
from tco.catalog.hardware import Rent, Rental
from tco.catalog.load import Catalog
from tco.catalog.lookup import price_at, rents_at
from tco.catalog.prices import Discount, Evidence, Offer, Price, Provider, Rates
from tco.catalog.trust import GIVEN, LEVELS, confidence, freshest_rents, offer_trust, rent_trust
from tco.errors import InfeasibleError, UsageError
from tco.options.candidates import rent_entries
from tco.options.cheapest import cheapest, cheapest_each, sure_enough, undercut
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario
from tco.options.selection import select

BILLS = st.sampled_from([1.0, 2.0, 2.0, 3.0, np.inf, np.nan])


# --- the rule, against the plainest way to write it ------------------------------------------


def plainly(usd: Sequence[float], trust: Sequence[int], least: int, ids: Sequence[str]) -> int:
    """Return the answer as a person would find it, one option after another."""
    able = [i for i in range(len(usd)) if np.isfinite(usd[i])]
    sure = [i for i in able if trust[i] >= least]
    if not sure and able:
        most = max(trust[i] for i in able)
        sure = [i for i in able if trust[i] == most]
    return min(sure, key=lambda i: (usd[i], ids[i]), default=-1)


@given(st.data())
def test_cheapest_is_what_a_person_would_find(data: st.DataObject) -> None:
    count, cases = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 4))
    column = st.lists(BILLS, min_size=count, max_size=count)
    usd = np.array([data.draw(column) for _ in range(cases)]).T
    trust = np.array(data.draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)))
    ids = data.draw(st.permutations("abcdef"))[:count]
    least = data.draw(st.integers(0, 2))
    found = cheapest(usd, trust, least, ids)
    wanted = [plainly(usd[:, case], trust, least, ids) for case in range(cases)]
    assert found.tolist() == wanted
    assert [int(cheapest(usd[:, c], trust, least, ids)) for c in range(cases)] == wanted
    may = sure_enough(usd, trust, least)
    for case, winner in enumerate(wanted):
        assert bool(may[:, case].any()) == (winner >= 0)
        assert winner < 0 or may[winner, case]
    below = [
        sum(w >= 0 and bool(usd[i, c] < usd[w, c]) for c, w in enumerate(wanted))
        for i in range(count)
    ]
    assert undercut(usd, found).tolist() == below


@given(st.data())
def test_the_answers_of_groups_are_those_of_each_alone(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 12))
    group = np.array(data.draw(st.lists(st.integers(0, 3), min_size=rows, max_size=rows)))
    usd = np.array(data.draw(st.lists(st.integers(1, 4), min_size=rows, max_size=rows)), float)
    trust = np.array(data.draw(st.lists(st.integers(0, 2), min_size=rows, max_size=rows)))
    for least in (0, 1, 2):
        found = cheapest_each(group, usd, trust, least)
        for place, one in zip(found.tolist(), sorted(set(group.tolist())), strict=True):
            some = np.flatnonzero(group == one)
            alone = some[int(cheapest(usd[some], trust[some], least))]
            assert usd[place] == usd[alone]
            assert group[place] == one


# --- how far a price can be trusted ----------------------------------------------------------

SOURCES = {
    "page": Source(title="the seller's page", read=DAY, kind="vendor"),
    "a": Source(title="a catalog", read=DAY, family="one"),
    "a-copy": Source(title="a copy of it", read=DAY, family="one"),
    "b": Source(title="another catalog", read=DAY),
    "ours": Source(title="our estimate", read=DAY, kind="judgment"),
    "bad": Source(title="a catalog that was wrong", read=DAY, doubt="100,000 times too high"),
}
PROVIDERS = {
    name: Provider(name=name, kind=kind)  # type: ignore[arg-type]  # words of the schema
    for name, kind in (("maker", "first_party"), ("host", "host"), ("shop", "aggregator"))
}
NOW = Rates(input=1.0, output=4.0)


def price(*says: str, since: int = 100, seen: int = 5, rates: Rates = NOW, **more: Any) -> Price:
    """Return a price that began and was last seen so many days before the day asked about."""
    evidence = [Evidence(source=s.strip("!"), input=9.0 if "!" in s else rates.input) for s in says]
    since_on, seen_on = (DAY - timedelta(days=days) for days in (since, seen))
    return Price(since=since_on, checked=seen_on, usd_per_mtok=rates, evidence=evidence, **more)


def offer(*prices: Price, provider: str = "host", model: str = "m", **more: Any) -> Offer:
    return Offer(provider=provider, model=model, prices=[*prices], **more)


@pytest.fixture
def made(catalog: Catalog) -> Callable[..., Catalog]:
    """Return a function from offers to the catalog of them alone."""

    def of(*offers: Offer, origins: dict[tuple[str, str], str] | None = None) -> Catalog:
        changed = {"offers": [*offers], "sources": SOURCES, "providers": PROVIDERS}
        prices = catalog.prices.model_copy(update=changed)
        return replace(catalog, prices=prices, origins=origins or {})

    return of


def level(catalog: Catalog, one: Offer, day: date = DAY) -> str:
    found = price_at(one, day, catalog.offers)
    assert found is not None
    trust = offer_trust(catalog, one, found, day)
    assert trust.reasons and all(trust.reasons)
    return trust.level


@pytest.mark.parametrize(
    ("says", "wanted"),
    [
        (("a", "b"), "high"),
        (("a", "a-copy"), "low"),  # copies are one witness
        (("page",), "medium"),
        (("page", "b"), "high"),
        (("a", "b", "page!"), "medium"),  # two against one
        (("page", "b!"), "low"),
        (("a",), "low"),
        (("a", "ours"), "low"),  # our estimate is no witness
        (("a", "bad"), "low"),  # nor is a source in doubt
        (("bad",), "low"),
    ],
)
def test_trust_begins_with_the_witnesses(
    made: Callable[..., Catalog], says: tuple[str, ...], wanted: str
) -> None:
    one = offer(price(*says))
    assert level(made(one), one) == wanted
    evidence = one.prices[0].evidence
    assert confidence(evidence, NOW, SOURCES) == wanted


def test_a_mark_of_doubt_takes_trust_away(made: Callable[..., Catalog]) -> None:
    one = offer(price("a", "b"), doubt="Row of a catalog.")
    assert level(made(one), one) == "low"
    sound = offer(price("a", "b"))
    catalog = made(sound)
    shady = {**PROVIDERS, "host": Provider(name="host", kind="host", doubt="Nobody knows it.")}
    prices = catalog.prices.model_copy(update={"providers": shady})
    assert level(catalog, sound) == "high"
    assert level(replace(catalog, prices=prices), sound) == "low"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ((4.0, 4.0), (1.9, 4.0), "low"),  # -52.5 % of one of them is enough
        ((4.0, 4.0), (2.1, 4.0), "medium"),
        ((1.0, 4.0), (1.6, 4.0), "low"),  # up counts as down does
        ((1.0, 4.0), (1.4, 4.0), "medium"),
        ((4.0, 4.0), (4.0, 1.0), "low"),
    ],
)
def test_a_large_step_wants_a_second_witness(
    made: Callable[..., Catalog],
    old: tuple[float, float],
    new: tuple[float, float],
    wanted: str,
) -> None:
    before = Rates(input=old[0], output=old[1])
    after = Rates(input=new[0], output=new[1])
    first = price("page", since=300, seen=200, rates=before)
    alone = offer(first, price("page", since=100, rates=after))
    assert level(made(alone), alone) == wanted
    seen_by_two = offer(first, price("page", "b", since=100, rates=after))
    assert level(made(seen_by_two), seen_by_two) == "high"
    cancelled = price("page", since=200, rates=after, status="cancelled")
    between = offer(first, cancelled, price("page", since=100, rates=after))
    assert level(made(between), between) == wanted  # a price that never held is no step


def test_age_counts_only_while_a_fresher_price_of_the_model_exists(
    made: Callable[..., Catalog],
) -> None:
    old = offer(price("a", "b", seen=60))
    assert level(made(old), old) == "high"  # nobody knows better
    fresh = offer(price("a", "b", seen=5), provider="maker")
    assert level(made(old, fresh), old) == "low"
    assert level(made(old, fresh), fresh) == "high"
    assert level(made(old, offer(price("a"), provider="maker", model="other")), old) == "high"
    doubted = offer(price("a", seen=5), provider="maker", doubt="Row of a catalog.")
    assert level(made(old, doubted), old) == "high"  # what is in doubt makes nothing old
    young = offer(price("a", "b", seen=29))
    assert level(made(young, fresh), young) == "high"  # hosts: 30 days
    # Counted from the day asked about: 40 days later the fresh one is old too, and nobody knows
    # better again, but that the first is older by far.
    later = DAY + timedelta(days=45)
    assert level(made(old, fresh), fresh, later) == "high"
    assert level(made(old, fresh), old, later) == "low"


def test_a_discount_is_trusted_no_more_than_what_it_is_of(made: Callable[..., Catalog]) -> None:
    def resold(base: Offer) -> tuple[Catalog, Offer]:
        evidence = [Evidence(source="a", input=0.7), Evidence(source="b", input=0.7)]
        off = Discount(of=base.id, multiply=0.7, since=DAY, checked=DAY, evidence=evidence)
        one = offer(provider="shop", discount=off)
        return made(base, one), one

    assert level(*resold(offer(price("a", "b"), provider="maker"))) == "high"
    assert level(*resold(offer(price("page"), provider="maker"))) == "medium"
    assert level(*resold(offer(price("a"), provider="maker"))) == "low"


def test_what_the_user_gave_is_trusted(made: Callable[..., Catalog]) -> None:
    one = offer(price("a", seen=400), provider="host")
    fresh = offer(price("a", "b"), provider="maker")
    given_by = {("offers", one.id): "mine.yaml"}
    assert level(made(one, fresh), one) == "low"
    assert level(made(one, fresh, origins=given_by), one) == "high"
    doubted = one.model_copy(update={"doubt": "I am not sure."})
    assert level(made(doubted, fresh, origins=given_by), doubted) == "low"


OLD_RENT = """
sources: {contract: {title: Our contract, read: 2025-11-20, where: drawer 3}}
rentals:
  - seller: lambda
    gpu: mi300x
    option: on_demand
    gpus: 1
    rents:
      - {since: 2025-11-01, checked: 2025-11-20, usd_per_gpu_hour: 1.5, source: contract}
"""


def rental(*rents: Rent, seller: str = "s", option: str = "on_demand") -> Rental:
    return Rental(seller=seller, gpu="h100-sxm", option=option, gpus=1, rents=[*rents])  # type: ignore[arg-type]


def rent(usd: float, source: str, *, since: int = 100, seen: int = 5, **more: Any) -> Rent:
    since_on, seen_on = (DAY - timedelta(days=days) for days in (since, seen))
    return Rent(since=since_on, checked=seen_on, usd_per_gpu_hour=usd, source=source, **more)


def rent_level(catalog: Catalog, one: Rental, *others: Rental) -> str:
    hardware = catalog.hardware.model_copy(update={"sources": SOURCES})
    today = [(r, r.rents[-1]) for r in (one, *others)]
    seen = freshest_rents(today, DAY)
    return rent_trust(replace(catalog, hardware=hardware), one, one.rents[-1], DAY, seen).level


def test_a_rent_is_trusted_by_the_same_rule(catalog: Catalog) -> None:
    page, fresh = rental(rent(2.0, "page")), rental(rent(3.0, "a", seen=3), seller="t")
    assert rent_level(catalog, page) == "medium"
    assert rent_level(catalog, rental(rent(2.0, "a"))) == "low"
    earlier = rent(2.0, "b", since=200, seen=110)
    assert rent_level(catalog, rental(earlier, rent(2.0, "a"))) == "high"  # another said the same
    assert rent_level(catalog, rental(rent(2.0, "a", also=["b"]))) == "high"  # and another later
    assert rent_level(catalog, rental(rent(2.0, "a", also=["a-copy"]))) == "low"  # which copies it
    step = rent(5.0, "page", since=200, seen=110)
    assert rent_level(catalog, rental(step, rent(2.0, "page"))) == "low"
    named = rent(2.0, "page", only_if_named=True, flag="the GPU alone")
    assert rent_level(catalog, rental(named)) == "low"
    old = rental(rent(2.0, "page", seen=60))
    assert rent_level(catalog, old) == "medium"
    assert rent_level(catalog, old, fresh) == "low"
    assert rent_level(catalog, old, rental(fresh.rents[0], option="spot")) == "medium"
    nearly = rental(rent(3.0, "page", seen=59), seller="t")
    assert rent_level(catalog, old, nearly) == "low"  # too old itself, but fresher
    assert rent_level(catalog, rental(rent(2.0, "page", seen=30)), fresh) == "medium"


@pytest.mark.parametrize("days", [0, 8, 60, 200, 500])
@pytest.mark.parametrize("purchase", ["on_demand", "spot", "reserved_3y"])
def test_no_rent_decides_that_is_too_old_on_the_day_asked_about(days: int, purchase: str) -> None:
    day, found = DAY + timedelta(days=days), shipped_catalog()
    inputs = prepare(found, Scenario(purchases=(purchase,)), day)
    known: dict[str, date] = {}
    for offer_, rent_ in rents_at(found.hardware, day):
        kind = found.hardware.sellers[offer_.seller].kind
        risky = kind == "marketplace" or offer_.channel == "community"
        if offer_.option == purchase and not risky and not rent_.only_if_named:
            known[offer_.gpu] = max(known.get(offer_.gpu, rent_.checked), rent_.checked)
    entries = rent_entries(inputs, select(found, inputs.request))
    for gpu in {e.gpu for e in entries}:
        rank = np.array([e.trust.rank for e in entries if e.gpu == gpu])
        may = sure_enough(np.ones(len(rank)), rank, 1)
        seen = [e.checked for e in entries if e.gpu == gpu]
        ages = [(day - s).days for s, decides in zip(seen, may, strict=True) if s and decides]
        freshest = (day - known[gpu]).days
        assert all(age <= 30 or age == freshest for age in ages), gpu
        assert all((day - s).days <= 120 or (day - s).days == freshest for s in seen if s), gpu


def test_age_counts_from_the_day_asked_about_and_not_from_the_newest_rent(tmp_path: Path) -> None:
    def seller(*words: str) -> str:
        question = ("compare", "--tokens", "50B", "--model", "gpt-oss-20b", "--gpu", "mi300x")
        done = run(*question, "--tier", "self", *words, "--format", "json")
        return str(json.loads(done.stdout)["best"])

    file = tmp_path / "mine.yaml"
    file.write_text(OLD_RENT)
    assert "/lambda:" not in seller("--as-of", "2026-11-29")
    # What the user wrote down is trusted whatever its age.
    assert "/lambda:" in seller("--as-of", "2026-11-29", "--catalog", str(file))


# --- every command names the same answer ----------------------------------------------------

QUESTIONS = (
    ("--tokens", "50B", "--model", "gpt-4.1"),
    ("--tokens", "50B"),
    ("--tokens", "2B", "--model", "gpt-oss-120b", "--tier", "hosted"),
    ("--tokens", "900B", "--model", "llama-3.3-70b", "--model", "gpt-oss-120b"),
    ("--tokens", "5B", "--tier", "self"),
    ("--tokens", "50B", "--min-trust", "low"),
    ("--tokens", "50B", "--min-score", "arena-elo=1280"),
    ("--tokens", "50B", "--option", "mine:kind=api,input=0.01,output=0.02"),
)


def answered(*words: str) -> Any:
    done = run(*words, *AS_OF, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_no_command_contradicts_another(question: tuple[str, ...], tmp_path: Path) -> None:
    whole = answered("compare", *question)
    best = whole["best"]
    rows = {row["id"]: row for row in whole["options"]}
    listed = [rows[i] for i in whole["shown"]] or whole["options"]
    told = [row for row in listed if row["feasible"]]
    least = LEVELS.index(whole["min_trust"])
    trust = [LEVELS.index(row["trust"]) for row in told]
    bills = [row["monthly_usd"] for row in told]
    assert best == told[plainly(bills, trust, least, [row["id"] for row in told])]["id"]
    unsure = {r["id"] for r in told if r["monthly_usd"] < rows[best]["monthly_usd"]}
    assert set(whole["cheaper_but_unsure"]) == unsure
    assert all(LEVELS.index(rows[i]["trust"]) < least for i in unsure)

    changed = answered("sensitivity", "--what-if", "salary x1.0001", *question)
    assert changed["best"] == changed["cheapest"][0] == best
    drawn = answered("sensitivity", "--draws", "64", *question)
    sure = {o["id"]: o["p_cheapest"] for o in drawn["options"]}
    assert all(sure[i] == 0.0 for i in unsure & sure.keys())
    assert best in sure

    saved = tmp_path / "answer.json"
    saved.write_text(json.dumps(whole))
    same = run("diff", str(saved), str(saved), "--format", "json")
    assert json.loads(same.stdout)["winner"]["after"] == best


def test_the_map_and_the_library_say_the_same() -> None:
    said = {"tokens": "50B", "model": "gpt-4.1", "as_of": "2026-11-21"}
    made = tco.compare(**said)
    cells = answered("breakeven", "--map", "volume:price", "--tokens", "50B", "--model", "gpt-4.1")
    now = next(cell for cell in cells["cells"] if cell["now"])
    assert made.best == now["winner"] == cells["best"]
    assert cells["cheaper_but_unsure"] == [*made.cheaper_but_unsure]
    assert all(o.trust in LEVELS for o in made.options)
    assert {o.id for o in made.options if o.id == made.best and o.trust_reasons}


def test_what_is_cheaper_but_not_sure_stands_beside_with_its_reason() -> None:
    all_told = ("--sort", "cost", "--notes", "--assumptions")
    done = run("compare", "--tokens", "50B", "--model", "gpt-4.1", *all_told, *AS_OF)
    made = answered("compare", "--tokens", "50B", "--model", "gpt-4.1")
    assert made["cheaper_but_unsure"], "the shipped catalog has a doubted reseller of gpt-4.1"
    below = next(o for o in made["options"] if o["id"] == made["cheaper_but_unsure"][0])
    flat = " ".join(done.stdout.split())
    assert below["id"] in flat and "? trust low" in flat and below["trust_reasons"][0][:40] in flat
    assert "sure enough (trust medium or high)" in flat
    assert "min_trust medium" in flat
    rows = [line.split() for line in done.stdout.splitlines() if below["id"] in line]
    assert any(row[-1].startswith("-") and row[-1].endswith("%") for row in rows)


def test_own_gpus_that_win_only_for_a_host_is_not_sure_say_so() -> None:
    """They were told to cost 3.5 times as much "for others", and what would make them win."""
    question = ("--tokens", "50B", "--model", "qwen3-32b")
    made = answered("compare", *question)
    host = next(o for o in made["options"] if o["id"] == made["cheaper_but_unsure"][0])
    assert made["best"].startswith("self/") and host["tier"] == "hosted"
    assert (
        f"{host['provider']} has its weights for $8,157, a price not sure enough."
        in made["verdict"]
    )
    assert "For others" not in made["verdict"]
    pair = (host["id"], "self/qwen3-32b")
    for words in (("compare",), ("sensitivity",), ("breakeven",), ("breakeven", *pair)):
        screen = run(*words, *question, *AS_OF).stdout
        assert "would cost less at 4.36 times deepinfra's price" in screen, words
        assert "would win" not in screen
    plan = run("plan", *question, *AS_OF).stdout
    assert "worth its price" not in plan and "The answer is all own." in plan


def test_the_first_line_says_where_nothing_is_sure_enough() -> None:
    made = answered("compare", "--tokens", "5B", "--provider", "crazyrouter")
    assert {o["trust"] for o in made["options"]} == {"low"}
    assert made["verdict"].startswith("No price is sure enough")
    assert made["best"] == made["options"][0]["id"]


def test_a_trust_that_nothing_has_is_infeasible_only_where_it_was_asked_for() -> None:
    question = ("--tokens", "5B", "--provider", "crazyrouter", *AS_OF)
    assert run("compare", *question).exit_code == 0
    done = run("compare", *question, "--min-trust", "high")
    assert done.exit_code == 4
    assert "nearest is low: --min-trust low" in done.stderr
    assert run("compare", *question, "--min-trust", "low").exit_code == 0
    named = run("explain", "crazyrouter/gpt-4.1", "--tokens", "5B", "--min-trust", "high", *AS_OF)
    assert named.exit_code == 4 and "crazyrouter/gpt-4.1" in named.stderr
    by_variable = run("compare", *question, env={"TCO_MIN_TRUST": "high"})
    assert by_variable.exit_code == 4
    with pytest.raises(InfeasibleError):
        tco.compare(tokens="5B", provider="crazyrouter", as_of="2026-11-21", min_trust="high")


def test_an_unknown_trust_is_refused_with_the_words() -> None:
    done = run("compare", "--tokens", "5B", "--min-trust", "total", *AS_OF)
    assert done.exit_code == 2
    assert "low, medium, high" in done.stderr
    with pytest.raises(UsageError, match="low, medium, high"):
        tco.compare(tokens="5B", min_trust="total")


def test_a_scenario_file_may_say_it(tmp_path: Path) -> None:
    file = tmp_path / "tco.yaml"
    file.write_text("version: 1\nworkload: {tokens: 50B}\nselect: {min_trust: low}\n")
    made = answered("compare", "-f", str(file))
    assert made["min_trust"] == "low" and not made["cheaper_but_unsure"]
    said = next(a for a in made["assumptions"] if a["path"] == "select.min_trust")
    assert (said["value"], said["origin"]) == ("low", "given")


def test_a_short_name_takes_a_rent_that_is_sure_enough(asked: Callable[..., Question]) -> None:
    from tco.options.names import resolve

    sure = resolve("self/llama-3.3-70b", asked(tokens=50e9)).best
    any_rent = resolve("self/llama-3.3-70b", asked(tokens=50e9, min_trust="low")).best
    assert sure.trust.rank >= 1
    assert any_rent.trust.rank < sure.trust.rank  # the cheapest rent is an old one


def test_what_the_user_describes_is_given(asked: Callable[..., Question]) -> None:
    made = answered(
        *("compare", "--tokens", "50B", "--tier", "api"),
        *("--option", "mine:kind=api,input=0.01,output=0.02"),
    )
    mine = next(o for o in made["options"] if o["id"] == "mine")
    assert (mine["trust"], tuple(mine["trust_reasons"])) == GIVEN
    assert made["best"] == "mine"


@pytest.mark.parametrize("kind", ["csv", "md", "llm"])
def test_every_format_says_the_trust(kind: str) -> None:
    done = run("compare", "--tokens", "50B", "--model", "gpt-4.1", *AS_OF, "--format", kind)
    head = next(line for line in done.stdout.splitlines() if "trust" in line)
    assert head
    lines = [line for line in done.stdout.splitlines() if "crazyrouter/gpt-4.1" in line]
    assert any("low" in line for line in lines)


def test_plan_is_about_the_pair_of_the_verdict() -> None:
    whole = answered("compare", "--tokens", "50B")
    plan = answered("plan", "--tokens", "50B")
    own = [o for o in whole["options"] if o["tier"] == "self" and o["id"] in whole["shown"]]
    first = min((o for o in own if o["trust"] != "low"), key=lambda o: o["monthly_usd"])
    assert plan["model"] == first["model"]
    assert plan["models"][0]["model"] == plan["model"]
    hosts = [o for o in whole["options"] if (o["tier"], o["model"]) == ("hosted", plan["model"])]
    host = min((o for o in hosts if o["trust"] != "low"), key=lambda o: o["monthly_usd"])
    assert plan["overflow"] == host["id"]
    assert plan["best"] in {s["strategy"] for s in plan["strategies"]}


def test_breakeven_says_where_the_volume_stands() -> None:
    table = answered("breakeven", "--tokens", "5B")
    whole = answered("compare", "--tokens", "5B")
    bills = {o["id"]: o["monthly_usd"] for o in whole["options"]}
    for row in table["rows"]:
        at = row["at"]
        assert at["tokens"] == 5e9
        assert at["a_usd"] == pytest.approx(bills[row["a"]], rel=1e-12)
        assert at["b_usd"] == pytest.approx(bills[at["b"]], rel=1e-12)
    assert "At 5B own GPUs pay against" in table["verdict"]
    assert table["best"] == whole["best"]
    without = run("breakeven", *AS_OF).stdout
    assert without != run("breakeven", "--tokens", "5B", *AS_OF).stdout
    assert all(
        row["at"] is None
        for row in json.loads(run("breakeven", *AS_OF, "--format", "json").stdout)["rows"]
    )
