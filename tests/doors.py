"""One question asked at every public door, and what each of them says a month costs.

A door is a command or a function that prices the same month in its own way. `reference` is what
`explain` says of an option by its full id; `tests/laws/test_same_question.py` holds the others
against it on a sample, `benchmarks/same_question.py` on thousands of questions.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from running import run

import tco
from tco.ask.options import lacking
from tco.errors import TcoError

DAY = "2026-11-21"
OVERLAY = Path(__file__).parent / "laws" / "dearer.yaml"
SALARY = "people.salary_usd_per_year"

MODELS = {  # an open model, and what it is held against
    "llama-3.3-70b": ("deepinfra/llama-3.3-70b", "openai/gpt-4.1", "nebius/llama-3.3-70b"),
    "gpt-oss-120b": ("deepinfra/gpt-oss-120b", "openai/gpt-6-luna", "google/gemini-3.8-flash"),
    "qwen3-235b-2507": ("deepinfra/qwen3-235b-2507", "anthropic/claude-sonnet-5.5"),
    "glm-5.2": ("deepinfra/glm-5.2", "openai/gpt-4.1"),
}
PROFILES = ("general", "chat", "rag", "reasoning", "code-complete", "classify")
PURCHASES = ("on_demand", "on_demand", "spot", "reserved_1y", "own", "dedicated")
SETTINGS: Mapping[str, tuple[float, float]] = {
    "workload.retry_share": (0.0, 0.1),
    "workload.length_cv": (0.0, 1.5),
    "serving.headroom": (0.6, 1.0),
    "serving.redundancy": (0, 2),
    "serving.throughput_factor": (0.5, 1.5),
    "rent.factor": (0.5, 2.0),
    "rent.monitoring_share": (0.0, 0.1),
    "price.api_factor": (0.5, 2.0),
    "price.hosted_factor": (0.5, 2.0),
    "people.api_fte": (0.0, 1.0),
    "people.salary_usd_per_year": (50e3, 400e3),
    "people.fte_per_gpu": (0.0, 0.05),
    "service.egress_factor": (0.0, 3.0),
    "service.storage_usd_per_gb_month": (0.0, 1.0),
    "own.life_months": (24, 60),
    "own.usd_per_kwh": (0.05, 0.4),
    "own.price_factor": (0.5, 1.5),
}
WHOLE = ("serving.redundancy", "own.life_months")


Said = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A month, an offer by the token and a set-up on own GPUs.

    Args:
        said: Keywords of the library.
        offer: Id of an offer by the token.
        model: Open model that own GPUs serve.
        explained: What `explain` has said so far, by the option's name.
    """

    said: dict[str, Any]
    offer: str
    model: str
    own: str = field(default="")
    explained: dict[str, Any] = field(default_factory=dict, compare=False)

    def option(self, name: str) -> Any:
        """Return what `explain` says of an option: asked once, for every door asks for it."""
        if name not in self.explained:
            self.explained[name] = tco.explain(name, **self.said).option
        return self.explained[name]

    @property
    def volumeless(self) -> dict[str, Any]:
        """Return what was said but the volume."""
        return {k: v for k, v in self.said.items() if k != "tokens"}

    @property
    def tokens(self) -> float:
        """Return the volume [token/month]."""
        return float(self.said["tokens"])


def cases(seed: int, count: int) -> Iterator[Case]:
    """Yield so many questions, always the same ones for a seed."""
    for i in range(count):
        yield _case(random.Random(f"{seed}/{i}"))


def _case(pick: random.Random) -> Case:
    """Return a question drawn over traffic, buying, fleets, people, days and overlays."""
    model = pick.choice(list(MODELS))
    offer = pick.choice(MODELS[model])
    said = {"tokens": round(10 ** pick.uniform(8, 12)), "as_of": DAY}
    said |= _traffic(pick) | _fleet(pick) | _people(pick) | _data(pick)
    chosen = pick.sample(list(SETTINGS), pick.randint(0, 4))
    if "salary_region" in said:
        chosen = [p for p in chosen if p != SALARY]
    values = {p: round(pick.uniform(*SETTINGS[p]), 4) for p in chosen}
    said["set"] = {p: round(v) if p in WHOLE else v for p, v in values.items()}
    return Case(said=said, offer=offer, model=model)


def _traffic(pick: random.Random) -> Said:
    said: Said = {"profile": pick.choice(PROFILES)}
    if pick.random() < 0.3:
        said["isl"], said["osl"] = pick.randint(50, 6000), pick.randint(10, 900)
    for name, share, high in (("cached", 0.3, 0.9), ("batch", 0.3, 1.0), ("cache_write", 0.2, 0.1)):
        if pick.random() < share:
            said[name] = round(pick.uniform(0, high), 3)
    if pick.random() < 0.3:
        said["peak_to_mean"] = round(pick.uniform(1, 4), 2)
    return said


def _fleet(pick: random.Random) -> Said:
    purchase = pick.choice(PURCHASES)
    said: Said = {"purchase": [purchase]}
    if purchase in ("on_demand", "spot") and pick.random() < 0.4:
        said["billing"] = pick.choice(("scheduled", "autoscaled", "scale_to_zero"))
        if said["billing"] == "scheduled":
            said["schedule"] = "mon-fri 08:00-20:00"
    if purchase == "own" and pick.random() < 0.5:
        said["site"] = pick.choice(("colo", "own_dc", "desk"))
    return said


def _people(pick: random.Random) -> Said:
    said: Said = {}
    if pick.random() < 0.25:
        said["coverage"] = pick.choice(("best_effort", "business_hours", "shared_24x7"))
    elif pick.random() < 0.2:
        said["fte"] = round(pick.uniform(0, 3), 2)
    if pick.random() < 0.15:
        said["salary_region"] = "us_median"
    return said


def _data(pick: random.Random) -> Said:
    said: Said = {}
    if pick.random() < 0.2:
        said["by_day"] = True
    if pick.random() < 0.2:
        said["catalog"] = [str(OVERLAY)]
    if pick.random() < 0.2:
        said["without"] = pick.sample(("egress", "monitoring", "storage", "load_balancer"), 1)
    if pick.random() < 0.1:
        said["bare"] = True
    return said


Bills = dict[str, float]
"""What some options cost, by id [USD/month]."""


def reference(case: Case) -> Bills:
    """Return the bills of both options, each explained by its full id."""
    own = case.own or case.option(f"self/{case.model}").id
    made = {}
    for name in (case.offer, own):
        option = case.option(name)
        assert option.id == name, f"{option.id} for {name}"
        assert option.monthly_usd is not None
        made[name] = option.monthly_usd
    return made


def named(case: Case, bills: Bills) -> tuple[str, str]:
    """Return both ids."""
    (own,) = (name for name in bills if name != case.offer)
    return case.offer, own


def cheapest(case: Case, bills: Bills) -> str:
    """Return the answer, the plain way: of what is sure enough the cheapest, else of all."""
    trust = {name: case.option(name).trust for name in bills}
    sure = [name for name in bills if trust[name] != "low"] or list(bills)
    return min(sure, key=lambda name: (bills[name], name))


def of_compare(case: Case, bills: Bills) -> Bills:
    """Return what the rows of compare say."""
    made = tco.compare(model=_models(case), **case.said)
    every = {row.id: row.monthly_usd for row in made.options if row.feasible}
    assert made.best == cheapest(case, every), made.best
    return {name: usd for name, usd in every.items() if name in bills}


def of_csv(case: Case, bills: Bills) -> Bills:
    """Return what the command prints as CSV."""
    shown = run("compare", *flags({**case.said, "model": _models(case)}), "-o", "csv", "-q")
    assert shown.exit_code == 0, shown.output
    rows = csv.DictReader(io.StringIO(shown.stdout))
    return {r["id"]: float(r["monthly_usd"]) for r in rows if r["id"] in bills}


def of_json(case: Case, bills: Bills) -> Bills:
    """Return what the bill lines of the command's JSON add up to."""
    shown = run("compare", *flags({**case.said, "model": _models(case)}), "-o", "json", "-q")
    assert shown.exit_code == 0, shown.output
    rows = json.loads(shown.stdout)["options"]
    return {r["id"]: sum(x["amount_usd"] for x in r["lines"]) for r in rows if r["id"] in bills}


def of_sensitivity(case: Case, bills: Bills) -> Bills:
    """Return the two bills that a tornado starts from."""
    made = tco.sensitivity(*named(case, bills), **case.said)
    return {made.a: made.a_usd, made.b: made.b_usd}


def of_breakeven(case: Case, bills: Bills) -> Bills:
    """Return the two bills at the volume asked about."""
    made = tco.breakeven(*named(case, bills), **case.said)
    return {made.a: made.a_usd, made.b: made.b_usd}


def of_short_breakeven(case: Case, bills: Bills) -> Bills:
    """Return the same by the short name, which stands for the cheapest set-up at the volume."""
    made = tco.breakeven(case.offer, f"self/{case.model}", **case.said)
    return {named(case, bills)[1]: made.b_usd}


def of_over(case: Case, bills: Bills) -> Bills:
    """Return the two bills at today's value of something else."""
    made = tco.breakeven(*named(case, bills), over=SALARY, **case.said)
    return {made.a: made.a_usd, made.b: made.b_usd}


def of_map(case: Case, bills: Bills) -> Bills:
    """Return the bill of the winner in the cell of today's values."""
    salary = _salary(case)
    spans = {"x": f"{case.tokens!r}..{case.tokens * 2!r}:2", "y": f"{salary!r}..{salary * 2!r}:2"}
    made = tco.breakeven(*named(case, bills), map=f"volume:{SALARY}", **spans, **case.said)
    cell = made.cells[0]
    assert cell.winner == cheapest(case, bills)
    return {cell.winner: cell.usd}


def of_what_if(case: Case, bills: Bills) -> Bills:
    """Return the bills under a change that changes nothing."""
    made = tco.sensitivity(*named(case, bills), what_if=["salary x1"], **case.said)
    for row in made.options:
        assert row.usd == (pytest_approx(row.base_usd),), row
    assert {*made.cheapest} == {cheapest(case, bills)}
    return {row.id: row.base_usd for row in made.options}


def of_draws(case: Case, bills: Bills) -> Bills:
    """Return the bills that a Monte Carlo starts from."""
    made = tco.sensitivity(*named(case, bills), draws=16, **case.said)
    return {row.id: row.base_usd for row in made.options}


def of_horizon(case: Case, bills: Bills) -> Bills:
    """Return the cash of one month, where none of it is paid before."""
    made = tco.horizon(*named(case, bills), horizon="1 month", **case.said)
    rows = [row for row in made.rows if not row.joined]  # hosts of the model are in unnamed
    return {row.id: row.total_usd for row in rows if row.upfront_usd == 0.0}


def of_plan(case: Case, bills: Bills) -> Bills:
    """Return the two plans without a mix, at the peak that the case has of its own."""
    made = tco.plan(*named(case, bills), **case.said)
    at = {**case.said, "peak_to_mean": made.curve.peak_to_mean}
    offer, own = named(case, bills)
    usd = {row.strategy: row.monthly_usd for row in made.strategies}
    expected = tco.explain(own, **at).option.monthly_usd
    if expected is None or usd["all own"] is None:
        assert usd["all own"] is expected
        return {offer: usd["all API"] or 0.0}
    return {
        offer: usd["all API"] or 0.0,
        own: usd["all own"] / expected * bills[own] if expected else usd["all own"],
    }


def of_curve(case: Case, bills: Bills) -> Bills:
    """Return the cost curves at the volume."""
    return {name: float(tco.curve(name, [case.tokens], **case.volumeless)[0]) for name in bills}


def of_portfolio(case: Case, bills: Bills, folder: Path) -> Bills:
    """Return what a portfolio of one task costs that is served in one way only."""
    made = {}
    for name, tier in zip(named(case, bills), (("api", "hosted"), ("self",)), strict=True):
        file = folder / "portfolio.yaml"
        model = case.offer.split("/", 1)[1] if tier[0] == "api" else case.model
        task = {"name": "all", "tokens": case.tokens, "models": [model]}
        file.write_text(yaml.safe_dump({"version": 1, "tasks": [task]}), encoding="utf-8")
        said = dict(case.volumeless)
        if tier[0] == "api":
            said["provider"] = [case.offer.split("/", 1)[0]]
        answer = tco.plan(file=str(file), tier=list(tier), **said)
        assert {s.option for t in answer.tasks for s in t.steps} == {name} == {*answer.best}
        made[name] = answer.monthly_usd
    return made


def of_mcp(case: Case, bills: Bills) -> Bills:
    """Return what an agent is told, of what the server has options for."""
    from tco.api.mcp import TOOLS, called

    said = {**case.said, "model": _models(case), "top": 1000}
    if not {*said} <= {*TOOLS["compare"].options, "top"}:
        return {}
    answer = called("compare", said)
    assert not answer.is_error and answer.structured_content, answer.content
    rows = answer.structured_content["rows"]
    return {r["id"]: r["monthly_usd"] for r in rows if r["id"] in bills}


def of_size(case: Case, bills: Bills) -> Bills:
    """Return the bill with the rent that `size` states in place of its own."""
    own = named(case, bills)[1]
    setup, _, rest = own.removeprefix("self/").partition("/")
    seller = rest.partition(":")[0]
    gpus, gpu, precision = re.fullmatch(r".*@(\d+)x(.*):(.*)", setup).groups()  # type: ignore[union-attr]
    lines = case.option(own).lines
    rates = [x.rate_usd for x in lines if x.item == "GPU rent"]
    if not rates:
        return {}
    kept = {
        k: v for k, v in case.said.items() if k not in (*lacking("size"), "billing", "schedule")
    }
    which = {"gpu": gpu, "gpus": int(gpus), "precision": precision, "seller": seller}
    rows = tco.size(case.model, **kept, **which).rows
    factor = case.said["set"].get("rent.factor", 1.0)
    for row in rows:
        if f"{row.seller}:{row.purchase}" == rest and row.usd_per_gpu_hour is not None:
            sold = row.usd_per_gpu_hour * factor  # a box of another size may have another rent
            one_size = row.instance_gpus in (1, int(gpus))
            assert rates[0] == pytest_approx(sold) or not one_size, (own, rates, sold)
    return {}


DOORS: dict[str, Callable[[Case, Bills], Bills]] = {
    "compare": of_compare,
    "csv": of_csv,
    "json": of_json,
    "sensitivity": of_sensitivity,
    "breakeven": of_breakeven,
    "short name": of_short_breakeven,
    "over": of_over,
    "map": of_map,
    "what-if": of_what_if,
    "draws": of_draws,
    "horizon": of_horizon,
    "plan": of_plan,
    "curve": of_curve,
    "mcp": of_mcp,
    "size": of_size,
}


def of_open_map(case: Case, bills: Bills) -> Bills:
    """Return nothing: of a map without names each cell is what compare answers at its volume."""
    salary, models = _salary(case), _models(case)
    spans = {
        "x": f"{case.tokens!r}..{case.tokens * 100!r}:log3",
        "y": f"{salary!r}..{salary * 2!r}:2",
    }
    made = tco.breakeven(map=f"volume:{SALARY}", **spans, **{**case.said, "model": models})
    for cell in made.cells[:3]:
        there = tco.compare(**{**case.said, "model": models, "tokens": cell.x})
        least = next(row.monthly_usd for row in there.options if row.id == there.best)
        assert (cell.winner, cell.usd) == (there.best, pytest_approx(least)), cell
    return {}


def of_breakeven_column(case: Case, bills: Bills) -> Bills:
    """Return nothing: a range that ends at today's value has the break-even of today there."""
    names = case.offer, f"self/{case.model}"
    first = tco.breakeven(*names, **case.said).first
    for row in tco.sensitivity(*names, **case.said).rows:
        for end, told in ((row.low, row.at_low_tokens), (row.high, row.at_high_tokens)):
            if end == row.value:
                assert told == (None if first is None else pytest_approx(first)), row
    return {}


OVER_VOLUME = {"open map": of_open_map, "break-even column": of_breakeven_column}
"""Doors that say what decides at other volumes: some seconds a case."""


def differences(case: Case, doors: Mapping[str, Callable[[Case, Bills], Bills]]) -> Iterator[str]:
    """Yield where a door says another figure than `explain`, or refuses what that answers."""
    try:
        bills = reference(case)
    except TcoError as error:
        yield f"refused: {error}"
        return
    for name, door in doors.items():
        try:
            told = door(case, bills)
        except TcoError as error:
            yield f"{name} refused: {error}"
            continue
        for option, usd in told.items():
            if option not in bills:
                yield f"{name} answers for {option}, not {sorted(bills)}"
            elif usd is None or abs(usd - bills[option]) > 1e-9 * max(1.0, abs(bills[option])):
                yield f"{name} says {usd!r} of {option}, explain {bills[option]!r}"


def flags(said: Mapping[str, Any]) -> list[str]:
    """Return keywords of the library as they are typed."""
    words: list[str] = []
    for name, value in said.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif isinstance(value, Mapping):
            words += [w for k, v in value.items() for w in (flag, f"{k}={v}")]
        elif isinstance(value, list):
            words += [w for v in value for w in (flag, str(v))]
        else:
            words += [flag, str(value)]
    return words


def pytest_approx(value: float) -> Any:
    """Return a number that is equal to what differs by rounding only."""
    import pytest

    return pytest.approx(value, rel=1e-9)


def _models(case: Case) -> list[str]:
    return [case.model, case.offer.split("/", 1)[1]]


def _salary(case: Case) -> float:
    """Return the pay of the case, as its assumptions say."""
    entered = {a.path: a.value for a in tco.explain(case.offer, **case.said).assumptions}
    return float(entered.get(SALARY, 240e3))
