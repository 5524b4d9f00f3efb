"""What a bill can be asked without: every line the engine can make has a name that takes it off."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import DAY, run
from strategies import own_option

import tco.engine.ledger as ledger
from tco.analysis.breakeven import breakeven
from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.analysis.plan.plan import plan
from tco.engine.ledger import Line, Terms, total_usd
from tco.errors import UnknownNameError, UsageError
from tco.options.bills import Option, TokenOption, lines
from tco.options.described import inline_option
from tco.options.machines import Egress
from tco.options.names import resolve
from tco.options.provisioned import FixedOption
from tco.options.scenario import InlineOption
from tco.options.settings import Settings
from tco.options.without import BARE, GROUPS, SWITCHES, left_out

SRC = Path(ledger.__file__).resolve().parents[1]
GIVEN = {"set-up at a given price", "seats", "commitment not used", "units at a given price"}
"""Lines that stand in the question itself: whoever does not want them does not give them."""

EVERYTHING = {
    "workload.cached_share": 0.3,
    "workload.cache_write_share": 0.2,
    "workload.batch_share": 0.2,
    "workload.retry_share": 0.01,
    "people.setup_fte_months": 6.0,
    "people.refresh_fte_months_per_year": 3.0,
    "people.evaluation_fte": 0.2,
    "compliance.licence_usd_per_month": 500.0,
    "compliance.audit_usd_per_month": 900.0,
    "extra.usd_per_month": 400.0,
    "extra.usd_per_gpu_month": 30.0,
    "extra.usd_per_server_month": 70.0,
    "extra.upfront_usd": 9e4,
}
RENTED = "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand"
OWN = "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m"
SPOT = "self/llama-3.3-70b@8xh100-sxm:fp8/aws:spot"
API = "openai/gpt-4.1"
PAIR = ("gpt-4.1", "self/llama-3.3-70b")


def all_options(asked: Any) -> Iterator[Option]:
    """Return an option of every kind that a bill is made for, all that it can have switched on."""
    inputs = asked(tokens=50e9)
    yield from (resolve(name, inputs).best for name in (API, RENTED, OWN, SPOT))
    token = resolve(API, inputs).best
    assert isinstance(token, TokenOption)
    yield replace(
        token, terms=Terms(limits=(1e9,), discounts=(0.1,), cliff=False, commit_usd_per_month=1e7)
    )
    yield FixedOption(id="given", usd_per_month=5e3, tokens_per_month=None, source="test")
    quote = InlineOption(
        name="quote",
        kind="provisioned",
        source="test",
        model="gpt-4.1",
        usd_per_unit_hour=1.0,
        tokens_per_s=2_500.0,
        output_weight=4.0,
    )
    yield inline_option(inputs, quote)
    made = own_option(tokens_per_s=1e4, gpus=2, instance_gpus=2, usd_per_gpu_hour=2.0)
    yield replace(made, egress=Egress(usd_per_gb=0.09, source="test"), purchase="dedicated")


def with_all(asked: Any, **more: Any) -> Settings:
    far = dict.fromkeys(EVERYTHING, 1)  # what is left out is said nearer
    found: Settings = asked(tokens=50e9, settings=EVERYTHING, layers=far, **more).settings
    return found


def amounts(option: Option, settings: Settings) -> dict[str, float]:
    return {x.item: float(np.asarray(x.amount_usd)) for x in lines(option, settings)}


def test_every_line_has_a_name_that_takes_it_off(asked: Any) -> None:
    everything = with_all(asked)
    name_of = {item: name for name, one in SWITCHES.items() for item in one.items}
    for option in all_options(asked):
        bill = amounts(option, everything)
        for item in bill.keys() - GIVEN:
            assert item in name_of, f"{item} of {option.id} has no name in SWITCHES"
            without = amounts(option, with_all(asked, without=(name_of[item],)))
            assert without.get(item, 0.0) == 0.0, f"{name_of[item]} leaves {item} in {option.id}"


def test_no_line_is_made_that_the_options_above_do_not_show(
    asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each place in the code that makes a line is reached, so that no new one can be forgotten."""
    reached: set[tuple[Path, int]] = set()
    made = Line.__init__

    def noted(self: Line, *args: Any, **values: Any) -> None:
        caller = sys._getframe(1)
        reached.add((Path(caller.f_code.co_filename).resolve(), caller.f_lineno))
        made(self, *args, **values)

    monkeypatch.setattr(Line, "__init__", noted)
    for option in all_options(asked):
        lines(option, with_all(asked))
    left = {path.relative_to(SRC).as_posix() for path, _ in places() - reached}
    # Units at a given price, and jobs of tuning and embedding, which no bill of serving has.
    assert left <= {"analysis/plan/mix.py", "analysis/jobs/bills.py"}


def places() -> set[tuple[Path, int]]:
    """Return where in the code a line of a bill is made."""
    found = set()
    for path in SRC.rglob("*.py"):
        calls = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))
        found |= {
            (path.resolve(), call.lineno)
            for call in calls
            if isinstance(call.func, ast.Name) and call.func.id == "Line"
        }
    return found


DEARER = ("cache", "resale", "part_load", "bare")
"""Without a cache tokens cost more, as do machines never sold or always at their rated power."""


@pytest.mark.parametrize("name", [*SWITCHES, *GROUPS])
def test_a_name_only_takes_off_and_holds_in_every_command(asked: Any, name: str) -> None:
    all_of_it, left = asked(tokens=50e9), asked(tokens=50e9, without=(name,))
    for option in (API, RENTED, OWN):
        before, after = (explain(inputs, option).option for inputs in (all_of_it, left))
        if name not in DEARER:
            assert (after.monthly_usd or 0.0) <= (before.monthly_usd or 0.0) * (1 + 1e-12)
    paths = left_out((name,))
    assert paths and all(left.settings.value(path) == value for path, value in paths.items())


def test_people_are_left_out_of_every_answer(asked: Any) -> None:
    inputs = asked(tokens=50e9, models=("llama-3.3-70b",), without=("people",))
    for row in compare(inputs).options:
        assert row.breakdown is None or row.breakdown.people == 0.0
    made = breakeven(asked(without=("people",)), API, RENTED)
    paid = breakeven(asked(), API, RENTED)
    assert made.first is not None and paid.first is not None and made.first < paid.first
    mixed = plan(inputs)
    assert all(line.group != "people" for s in mixed.strategies for line in s.lines)


def test_the_nearer_place_wins_over_what_is_left_out(asked: Any) -> None:
    """`--fte 3` on the command line and `without: [people]` in a file, and the other way round."""
    near = asked(tokens=50e9, fte=3.0, without=("people",), layers={"without": 2})
    bill = {line.item: line for line in explain(near, RENTED).option.lines}
    assert bill["engineers"].quantity == 3.0
    told = [r.value for r in explain(near, RENTED).assumptions if r.path == "bill.left_out"]
    assert told == ["setup, refresh, evaluation"]
    far = asked(tokens=50e9, fte=3.0, without=("people",), layers={"fte": 2})
    items = [line.item for line in explain(far, RENTED).option.lines]
    assert "engineers" not in items and "GPU rent" in items


@pytest.mark.parametrize("name", SWITCHES)
def test_one_place_that_says_both_is_refused(asked: Any, name: str) -> None:
    """For every name and every assumption of it; the same value is no contradiction."""
    for path, gone in SWITCHES[name].settings.items():
        assert asked(settings={path: gone}, without=(name,)).settings.value(path) == gone
        with pytest.raises(UsageError, match=rf"^--without and {path} contradict each other: "):
            asked(settings={path: gone + 0.5}, without=(name,))


@pytest.mark.parametrize(
    ("said", "by"),
    [
        (("--without", "people", "--fte", "2"), "--fte"),
        (("--without", "power", "--electricity", "texas"), "--electricity"),
        (("--without", "cache", "--cached", "20%"), "--cached"),
        (("--without", "idle", "--peak-to-mean", "2"), "--peak-to-mean"),
        (("--without", "engineers", "--coverage", "business_hours"), "--coverage"),
        (("--without", "interest", "--set", "own.yearly_rate=5%"), "--set"),
    ],
)
def test_both_on_the_command_line_are_one_line_and_exit_2(said: tuple[str, ...], by: str) -> None:
    result = run("explain", RENTED, "--tokens", "50B", *DAY, *said)
    assert result.exit_code == 2 and result.stdout == ""
    assert result.stderr.startswith(f"tco: --without and {by} contradict each other: ")
    assert result.stderr.count("\n") == 1


def test_a_variable_gives_way_to_a_flag() -> None:
    asked = ("explain", RENTED, "--tokens", "50B", *DAY)
    flag = run(*asked, "--fte", "2", env={"TCO_WITHOUT": "people"})
    assert flag.exit_code == 0 and "\nengineers" in flag.stdout
    other = run(*asked, "--without", "people", env={"TCO_FTE": "2"})
    assert other.exit_code == 0 and "\nengineers" not in other.stdout


def test_a_nearer_switch_wins_over_a_farther_value(asked: Any) -> None:
    """`--bare` on the command line beats a headroom of a file; beside a value it gives way."""
    path = "serving.headroom"
    values = {path: 0.5}
    assert asked(bare=True, settings=values).settings.value(path) == 0.5
    assert asked(bare=True, settings=values, layers={path: 2}).settings.value(path) == 1.0
    assert asked(bare=True, settings=values, layers={"bare": 2}).settings.value(path) == 0.5


def test_bought_gpus_are_bare_too() -> None:
    """Price over the life and rated power every hour: `1600 / 24 + 0.35 kW * h * 0.15`."""
    result = run(
        *("explain", "s", "--tokens", "100/s", "--bare", *DAY, "--format", "json"),
        *("--option", "s:kind=own,gpus=1,gpu_usd=1600,watts=350,tokens_per_s=100"),
        *("--set", "own.life_months=24", "--set", "own.usd_per_kwh=0.15"),
    )
    assert result.exit_code == 0, result.stderr
    usd = json.loads(result.stdout)["option"]["monthly_usd"]
    assert usd == pytest.approx(1600 / 24 + 0.35 * 730 * 0.15)


def test_one_word_for_straight_line_ownership() -> None:
    """The same word, and all its values one by one; people stay."""
    spec = "s:kind=own,gpus=1,gpu_usd=1600,watts=350,tokens_per_s=100"
    asked = ("explain", "s", "--tokens", "50/s", "--option", spec, *DAY, "--format", "json")
    result = run(*asked, "--ownership", "straight_line", "--without", "service")
    answer = json.loads(result.stdout)
    lines = {line["item"]: line["amount_usd"] for line in answer["option"]["lines"]}
    gpus = answer["option"]["gpus"]
    assert lines.pop("engineers") > 0
    assert lines == {
        "servers, amortized": pytest.approx(gpus * 1600 / 48),
        "electricity, standing ready": pytest.approx(gpus * 0.35 * 730 * 0.0929),
    }
    row = next(r for r in answer["assumptions"] if r["path"] == "own.ownership")
    assert row["value"] == "straight_line" and row["source"] == "--ownership"
    books = json.loads(run(*asked, "--ownership", "books").stdout)["option"]["monthly_usd"]
    level = json.loads(run(*asked, "--ownership", "annuity").stdout)["option"]["monthly_usd"]
    assert answer["option"]["monthly_usd"] < books < level
    assert level == json.loads(run(*asked).stdout)["option"]["monthly_usd"]


def test_bare_is_one_of_the_groups() -> None:
    assert left_out(("bare",)) == BARE
    assert BARE["serving.headroom"] == 1.0 and BARE["people.floor_fte"] == 0.0


def test_what_is_left_out_is_told(asked: Any) -> None:
    rows = explain(asked(tokens=50e9, without=("power", "people")), OWN).assumptions
    assert [r.value for r in rows if r.path == "bill.left_out"] == ["power, people"]


def test_a_misspelt_name_is_one_line(asked: Any) -> None:
    with pytest.raises(
        UnknownNameError, match="no line of a bill called 'peeple'; did you mean pe"
    ):
        asked(without=("peeple",))


@pytest.mark.usefixtures("small")
def test_on_the_screen(tmp_path: Path) -> None:
    bill = ("explain", "self/llama-3.3-70b@2xh100-sxm", "--tokens", "50B", *DAY)
    told = run(*bill, "--without", "people", "--without", "monitoring")
    assert told.exit_code == 0, told.output
    assert told.stdout.endswith("Left out of every bill: people, monitoring (--without)\n")
    assert "\nengineers" not in told.stdout and "\nmonitoring" not in told.stdout
    file = tmp_path / "tco.yaml"
    file.write_text("version: 1\nwithout: [people, monitoring]\n", encoding="utf-8")
    assert run(*bill, "-f", str(file)).stdout.splitlines()[6:15] == told.stdout.splitlines()[6:15]
    wrong = run(*bill, "--without", "enginers")
    assert wrong.exit_code == 3 and "did you mean engineers" in wrong.stderr


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "command",
    [
        ("compare", "--tokens", "50B"),
        ("breakeven",),
        ("breakeven", *PAIR, "--over", "rent", "--tokens", "50B"),
        ("sensitivity", *PAIR, "--tokens", "50B"),
        ("sensitivity", *PAIR, "--tokens", "50B", "--grid", "rent:peak"),
        ("sensitivity", *PAIR, "--tokens", "50B", "--draws", "500"),
        ("plan", "--tokens", "50B"),
        ("horizon", *PAIR, "--tokens", "50B"),
    ],
    ids=" ".join,
)
def test_every_command_says_what_is_left_out(command: tuple[str, ...]) -> None:
    told = run(*command, *DAY, "--without", "people", env={"COLUMNS": "100"})
    assert told.exit_code == 0, told.output
    assert "Left out of every bill: people (--without)" in told.stdout


def test_the_sum_of_the_lines_left_is_the_total(asked: Any) -> None:
    settings = with_all(asked, without=("people", "idle"))
    option = resolve(OWN, asked(tokens=50e9)).best
    bill = lines(option, settings)
    by_hand = sum(amounts(option, settings).values())
    assert float(np.asarray(total_usd(bill))) == pytest.approx(by_hand, rel=1e-12)
