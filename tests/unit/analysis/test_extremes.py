"""What lies far outside of use: one line, or an answer of numbers that exist."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from running import DAY, SMALL, load_small, run

import tco
from tco.catalog.build import SCHEMAS, Overlay
from tco.catalog.check.finding import CheckContext
from tco.catalog.check.run import check
from tco.catalog.files import File
from tco.errors import TcoError, UsageError

PAIR = ("gpt-4.1", "self/llama-3.3-70b")
TOO_MUCH = (
    ("compare", "--tokens", "1e308"),
    ("breakeven", *PAIR, "--tokens", "1e308"),
    ("plan", "--tokens", "1e30"),
    ("sensitivity", "--tokens", "1e308"),
    ("horizon", *PAIR, "--tokens", "1e308"),
    ("size", "llama-3.3-70b", "--demand", "1e308"),
    ("compare", "--tokens", "1e-300"),
    ("compare", "--requests", "1e20", "--isl", "1e20"),
    ("compare", "--tokens", "1B", "--set", "rent.factor=1e300"),
    ("compare", "--tokens", "1B", "--option", "x:kind=fixed,usd_per_month=1e308"),
    ("compare", "--tokens", "9" * 300),
    ("compare", "--tokens", "1B", "--as-of", "9999-12-31"),
    ("horizon", *PAIR, "--tokens", "1B", "--as-of", "9999-12-31"),
    ("explain", "gpt-4.1", "--tokens", "1B", "-o", "focus", "--as-of", "9999-12-31"),
)


def day(args: tuple[str, ...]) -> tuple[str, ...]:
    return () if "--as-of" in args else DAY


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("args", TOO_MUCH, ids=" ".join)
def test_what_cannot_be_counted_with_is_refused(args: tuple[str, ...]) -> None:
    result = run(*args, *day(args))
    assert result.exit_code == 2, result.stderr
    assert re.fullmatch(r"tco: [^\n]{1,300}\n", result.stderr)


LARGE = (
    ("compare", "--tokens", "1e24"),
    ("compare", "--tokens", "1B", "--salary", "1e24", "--fte", "1e20"),
    ("breakeven", *PAIR, "--tokens", "1e20"),
    ("explain", PAIR[1], "--tokens", "1e24"),
    ("compare", "--tokens", "1B", "--set", "serving.throughput_factor=1e-20"),
    ("compare", "--tokens", "50B", "--as-of", "2999-12-31", "--by-day"),
    ("horizon", *PAIR, "--tokens", "50B", "--as-of", "2999-12-31"),
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("args", LARGE, ids=" ".join)
def test_what_can_be_counted_with_is_an_answer_of_numbers(args: tuple[str, ...]) -> None:
    shown = run(*args, *day(args), "-q")
    assert shown.exit_code == 0, shown.stderr
    assert not re.search(r"\b(nan|inf)\b", shown.stdout)
    assert max(map(len, re.findall(r"[\d,]+", shown.stdout))) < 25
    found = json.loads(run(*args, *day(args), "-q", "-o", "json").stdout)
    assert not list(nothings(found))


def nothings(value: Any) -> Iterator[Any]:
    """Return the lists that hold nothing but null: a band has two ends.

    The GPUs of a month are one number an option, null where there are none yet.
    """
    if isinstance(value, list) and value and all(one is None for one in value):
        yield value
    if isinstance(value, dict):
        inner = [one for key, one in value.items() if key != "gpus"]
    else:
        inner = value if isinstance(value, list) else []
    for one in inner:
        yield from nothings(one)


def test_the_first_day_has_no_prices() -> None:
    result = run("compare", "--tokens", "1B", "--model", "gpt-4.1", "--as-of", "0001-01-01")
    assert result.exit_code == 4
    assert "no price on 0001-01-01" in result.stderr


FREE = ("--without", "tokens", "--without", "people", "--bare")


@pytest.mark.parametrize(
    "args",
    [
        ("plan", "--tokens", "50B", *FREE),
        ("plan", *PAIR, "--tokens", "50B", *FREE, "--without", "rent"),
        ("sensitivity", "--tokens", "50B", *FREE),
        ("sensitivity", "--tokens", "50B", *FREE, "--draws", "50"),
        ("compare", "--tokens", "50B", *FREE, "--without", "rent", "--plot"),
        ("breakeven", *PAIR, *FREE, "--without", "rent", "--plot"),
        ("horizon", *PAIR, "--tokens", "50B", *FREE, "--without", "rent"),
    ],
    ids=" ".join,
)
def test_what_costs_nothing_is_an_answer(args: tuple[str, ...], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    drawn = () if args[0] == "horizon" else ("--export", f"html={page}")
    result = run(*args, *DAY, *drawn)
    assert result.exit_code == 0, result.stderr
    assert not drawn or page.stat().st_size > 10_000


def test_nothing_is_no_divisor() -> None:
    shown = " ".join(run("compare", "--tokens", "50B", *FREE, *DAY, "-q", "--notes").stdout.split())
    assert "Hosting elsewhere is cheaper for gpt-oss-120b ($" in shown
    assert " against baseten's $0)" in shown


NO_TEXTS: tuple[Any, ...] = (5, 2.5, True, ["gpt-4.1"], {"a": 1}, b"gpt-4.1", object())


@pytest.mark.parametrize("name", NO_TEXTS, ids=lambda v: type(v).__name__)
def test_a_name_that_is_no_text_is_refused(name: Any) -> None:
    asks = (
        lambda: tco.explain(name, tokens="1B"),
        lambda: tco.breakeven(name, "gpt-4.1"),
        lambda: tco.breakeven("gpt-4.1", b=name),
        lambda: tco.size(name),
        lambda: tco.plan(name, "gpt-4.1", tokens="1B"),
        lambda: tco.horizon("gpt-4.1", name, tokens="1B"),
        lambda: tco.train(name, training_tokens="1M"),
        lambda: tco.breakeven(map=name),
        lambda: tco.breakeven("gpt-4.1", "self/llama-3.3-70b", over=name),
    )
    for ask in asks:
        with pytest.raises(UsageError, match="is a text, for example"):
            ask()
    for key in ("region", "model", "catalog", "profile", "option", "set"):
        with pytest.raises(TcoError):
            tco.compare(**{"tokens": "1B", key: [object()]})
    mcp = pytest.importorskip("tco.api.mcp", reason="no MCP without its extra")
    answer = mcp.called("explain", {"name": name, "tokens": "1B"})
    assert answer.is_error
    assert "internal" not in str(answer.content)


def test_nothing_is_no_name_either() -> None:
    with pytest.raises(UsageError, match="name is a text"):
        tco.explain(None, tokens="1B")  # type: ignore[arg-type]


Place = tuple[Any, ...]
VALUES: tuple[Any, ...] = (None, 0, -1, 1e300, True, "", "x", "9999-12-31", [], {}, [1], {"a": 1})


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    some = value.items() if isinstance(value, dict) else ()
    some = enumerate(value) if isinstance(value, list) else some
    for key, inner in some:
        yield (*at, key)
        yield from places(inner, (*at, key))


def mutated(data: Any, place: Place, draw: random.Random) -> Any:
    """Return data with one key misspelt, left out, or given another value."""
    changed = copy.deepcopy(data)
    here = changed
    for key in place[:-1]:
        here = here[key]
    how = draw.choice(("name", "none", "value", "value"))
    if how == "none":
        del here[place[-1]]
    elif how == "name" and isinstance(here, dict):
        here[f"{place[-1]}x"] = here.pop(place[-1])
    else:
        here[place[-1]] = draw.choice(VALUES)
    return changed


@pytest.mark.parametrize("seed", range(25))
def test_no_mutation_of_a_data_file_is_our_bug(seed: int) -> None:
    draw = random.Random(seed)
    data = {n: yaml.safe_load((SMALL / n).read_text("utf-8")) for n in SCHEMAS}
    name = draw.choice(sorted(data))
    place = draw.choice(list(places(data[name])))
    data[name] = mutated(data[name], place, draw)
    files = [File(f"data/{n}", json.dumps(d, default=str).encode()) for n, d in data.items()]
    asked = CheckContext(as_of=date(2026, 11, 21))
    check(files, list(SCHEMAS.values()), asked)
    check([File("mine.yaml", files[list(data).index(name)].data)], [Overlay], asked, load_small())


def test_a_misspelt_path_to_follow_is_found_with_its_line(tmp_path: Path) -> None:
    data = yaml.safe_load((SMALL / "assumptions.yaml").read_text("utf-8"))
    path, entry = next((k, v) for k, v in data["assumptions"].items() if "follows" in v)
    entry["follows"] += "x"
    mine = tmp_path / "mine.yaml"
    mine.write_text(json.dumps(data, indent=1, default=str), "utf-8")
    line = next(i for i, text in enumerate(mine.read_text().splitlines(), 1) if '"follows"' in text)
    result = run("catalog", "check", str(mine), *DAY)
    assert result.exit_code == 1
    assert f"mine.yaml:{line}: error TCO003" in " ".join(result.stdout.split())
    assert f"assumptions.{path}.follows" in "".join(result.stdout.split())


def test_an_assumption_that_the_catalog_lacks_is_bad_data() -> None:
    from tco.options.settings import Settings

    with pytest.raises(TcoError, match=r"data/assumptions.yaml:1: lacks serving.headroom") as bad:
        Settings({}).value("serving.headroom")
    assert bad.value.exit_code == 3


@pytest.mark.parametrize("value", (5, True, b"gpt-4.1", object()), ids=lambda v: type(v).__name__)
@pytest.mark.parametrize("key", ["match", "columns", "format_from", "timezone"])
def test_what_is_said_of_logs_is_text(key: str, value: Any) -> None:
    rows = [{"month": "2026-10", "model": "gpt-5", "input": 1000, "output": 10}]
    asks = {tco.bill, *(() if key == "match" else (tco.profile,))}
    for ask in asks:
        with pytest.raises(UsageError, match=r"a text is expected, not"):
            ask(rows, **{key: value})


def test_a_place_or_a_number_that_is_none_is_refused() -> None:
    rows = [{"month": "2026-10", "model": "gpt-5", "input": 1000, "output": 10}]
    with pytest.raises(UsageError, match="not a path"):
        tco.profile(rows, to=5)
    with pytest.raises(UsageError, match="a text is expected, not object"):
        tco.size("llama-3.3-70b", concurrency=object())


@pytest.mark.parametrize("several", ["1,200", "8,16", [8, 16], [], ""])
def test_requests_at_once_are_one_number(several: Any) -> None:
    with pytest.raises(UsageError, match="concurrency: "):
        tco.size("llama-3.3-70b", concurrency=several)
