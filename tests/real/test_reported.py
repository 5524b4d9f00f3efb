"""What people reported of tools that do this job, and the right values here, kind by kind."""

from __future__ import annotations

import csv
import json
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from running import DAY, run

from tco.catalog.prices import Modifier, Rates, When
from tco.options.prices import Buying, as_sold, token_rates
from tco.render.focus import UNITS

CONTRACT = """
schema: 1
version: mine-1
sources:
  paper: {{title: "A contract", kind: vendor, read: 2026-11-20, where: "page 1"}}
providers:
  mineco: {{name: Mineco, kind: host}}
offers:
  - provider: mineco
    model: gpt-4.1
    prices:
      - since: 2026-01-01
        checked: 2026-11-20
        usd_per_mtok: {{input: 1, output: 1}}
        modifiers:
          - when: {when}
            multiply: 2
        evidence: [{{source: paper, input: 1, output: 1}}]
"""


def rows(*args: str) -> dict[str, dict[str, str]]:
    """Return the lines of `tco explain ARGS` by what is paid for."""
    day = () if "--as-of" in args else DAY
    result = run("explain", *args, *day, "-q", "-o", "csv")
    assert result.exit_code == 0, result.stderr
    return {row["item"]: row for row in csv.DictReader(StringIO(result.stdout))}


def tokens_usd(*args: str) -> float:
    """Return what the tokens of a bill cost [USD/month]."""
    return sum(float(r["amount_usd"]) for r in rows(*args).values() if r["group"] == "tokens")


def rate(line: str, *args: str) -> float:
    return float(rows(*args)[line]["rate_usd"])


def load(isl: float, osl: float = 1000, requests: str = "1M", cached: str = "0") -> tuple[str, ...]:
    return ("--requests", requests, "--isl", f"{isl}", "--osl", f"{osl}", "--cached", cached)


SONNET = ("vertex/claude-sonnet-5.5", *load(1000))


@pytest.mark.parametrize("seller", ["vertex", "bedrock"])
@pytest.mark.parametrize("region", ["eu", "us", "jp", "au", "apac"])
def test_a_region_goes_by_the_sellers_own_word(seller: str, region: str) -> None:
    asked = (f"{seller}/claude-sonnet-5.5", *load(1000), "--region", region)
    assert tokens_usd(*asked) == pytest.approx(13_200)


def test_the_global_endpoint_is_the_list_price() -> None:
    assert tokens_usd(*SONNET, "--region", "global") == pytest.approx(12_000)


def test_fast_is_priority_where_that_is_what_is_sold() -> None:
    asked = ("openai/gpt-4.1", *load(1000))
    plain, fast = tokens_usd(*asked), tokens_usd(*asked, "--service", "fast")
    assert fast == pytest.approx(1.75 * plain)
    assert fast == tokens_usd(*asked, "--service", "priority")


def notes(*args: str) -> str:
    result = run("explain", *args, *DAY, "-q", "-o", "json")
    return " ".join(json.loads(result.stdout)["option"]["notes"])


def test_what_is_not_offered_is_said_with_what_is() -> None:
    asked = ("groq/gpt-oss-120b", *load(1000))
    assert "no flex tier: its usual price" in notes(*asked, "--service", "flex")
    asked = ("fireworks/deepseek-v4.1-flash", *load(1000), "--service", "fast")
    assert "no fast tier: its usual price; it has priority" in notes(*asked)
    asked = ("anthropic/claude-opus-5", *load(1000), "--region", "jp")
    done = run("explain", *asked, *DAY)
    assert (done.exit_code, done.stdout) == (4, "")
    assert "anthropic/claude-opus-5: anthropic is not known to serve region jp" in done.stderr
    assert "region eu is regional here" in notes(*SONNET, "--region", "eu")


@pytest.mark.parametrize("lifetime", ["1h", "5m"])
def test_nothing_is_written_to_a_cache_below_its_minimum(lifetime: str) -> None:
    asked = load(2000, 500, cached="60%")
    short = ("anthropic/claude-opus-4.5", *asked, "--cache-write", "30%", "--cache-ttl", lifetime)
    assert tokens_usd(*short) == pytest.approx(22_500)
    assert tokens_usd(*short, "--batch", "100%") == pytest.approx(11_250)


def test_of_a_mix_of_lengths_only_the_longer_ones_are_cached() -> None:
    rates = Rates(input=10, output=1, cached_input=1, cache_write=20)
    made = [
        token_rates(rates, [], isl=1000.0, length_cv=cv, cache_min_tokens=least)
        for cv, least in ((0.0, 1000), (0.0, 1001), (1.0, 1000))
    ]
    assert [float(m.cached_input) for m in made[:2]] == [1.0, 10.0]
    assert 1.0 < float(made[2].cached_input) < 10.0
    assert [float(m.cache_write) for m in made[:2] if m.cache_write is not None] == [20.0, 10.0]


def test_a_longer_life_of_a_cache_never_costs_less() -> None:
    asked = ("openai/gpt-6-astra", *load(10_000), "--cache-write", "50%")
    dear = [rate("cache write tokens", *asked, "--cache-ttl", t) for t in ("5m", "1h", "12h")]
    assert dear == sorted(dear)
    assert rate("cache write tokens", *asked, "--cache-ttl", "24h") == dear[2] > dear[0]
    asked = ("anthropic/claude-opus-4.5", *load(10_000), "--cache-write", "50%")
    assert [rate("cache write tokens", *asked, "--cache-ttl", t) for t in ("5m", "1h", "24h")] == [
        6.25,
        10.0,
        10.0,
    ]


@pytest.mark.parametrize("asked", ["5m", "1h", "12h", "24h"])
@pytest.mark.parametrize("sold", [["1h"], ["12h"], ["1h", "12h"], ["5m", "24h"]])
def test_a_lifetime_is_the_shortest_that_is_long_enough(asked: str, sold: list[str]) -> None:
    some = [Modifier(when=When.model_validate({"cache_ttl": t}), multiply=2.0) for t in sold]
    found = as_sold(Buying(cache_ttl=asked), some).cache_ttl
    order = ("5m", "1h", "12h", "24h")
    enough = [t for t in order if t in sold and order.index(t) >= order.index(asked)]
    usual = asked == "5m" and "5m" not in sold
    assert found == (None if usual else enough[0] if enough else sold[-1])


def test_hidden_reasoning_has_its_own_price() -> None:
    asked = ("alibaba/qwen-turbo", *load(1000))
    assert tokens_usd(*asked, "--set", "workload.reasoning_factor=3") == pytest.approx(1_250)
    assert "hidden reasoning costs $0.5 per Mtok" in notes(*asked)


def test_hidden_reasoning_follows_the_output_where_a_tier_does_not_name_it() -> None:
    tier = Modifier(when=When(input_tokens_over=100), usd_per_mtok=Rates(input=2, output=6))
    batch = Modifier(when=When(service="batch"), multiply=0.5)
    rates = Rates(input=1, output=2, reasoning_output=5)
    made = token_rates(rates, [tier, batch], isl=200.0)
    assert made.reasoning_output == 15.0
    assert made.batch_reasoning_output == 7.5
    assert token_rates(Rates(input=1, output=2), [tier], isl=200.0).reasoning_output is None


def test_what_no_workload_counts_is_told_beside_the_bill() -> None:
    shown = run("explain", "google/gemini-2.5-flash", "--tokens", "1B", *DAY, "-q").stdout
    told = " ".join(shown.split())
    assert "not in this bill: web searches at $35 per 1,000 and input that is audio at $1" in told


@pytest.mark.parametrize("name", [n for n in Rates.model_fields if n != "audio_input"])
def test_every_price_of_a_token_is_read(name: str) -> None:
    rates = {"input": 1.0, "output": 2.0}
    says = ",".join(
        f"{key}=${value}" for key, value in {**rates, OF_FLAGS.get(name, name): 1.5}.items()
    )
    asked = (*load(1000, cached="20%"), "--cache-write", "20%", "--bare")
    thinks = ("--set", "workload.reasoning_factor=2")
    plain = tokens_usd("mine", "--option", "mine:kind=api,input=$1.0,output=$2.0", *asked, *thinks)
    told = tokens_usd("mine", "--option", f"mine:kind=api,{says}", *asked, *thinks)
    assert told != plain


OF_FLAGS = {"cached_input": "cached", "reasoning_output": "reasoning"}


def test_a_context_limit_belongs_to_a_window() -> None:
    asked = ("anthropic/claude-sonnet-4.5", *load(250_000, requests="1k"), "--as-of")
    assert tokens_usd(*asked, "2026-03-01") == pytest.approx(1_500 + 22.5)
    late = run("explain", *asked, "2026-05-01", "-q")
    assert late.exit_code == 4
    assert "longer than its context of 200,000" in late.stderr


def test_a_month_of_two_windows_has_the_shorter_context() -> None:
    asked = ("anthropic/claude-sonnet-4.5", *load(250_000, requests="1k"), "--by-day", "--as-of")
    assert run("explain", *asked, "2026-04-20", "-q").exit_code == 4
    assert run("explain", *asked, "2026-03-01", "-q").exit_code == 0


def test_limits_of_context_tiers() -> None:
    cached = load(262_960, 1744, cached="98.0966687%")
    assert tokens_usd("google/gemini-2.5-pro", *cached) == pytest.approx(103_161, abs=1)
    # Whether the limit itself pays more is the seller's choice.
    assert rate("input tokens", "xai/grok-4.5", *load(200_000, 1)) == 4.0
    assert rate("input tokens", "google/gemini-2.5-pro", *load(200_000, 1)) == 1.25
    wrote = rows("openai/gpt-6-astra", *load(300_000, requests="1k"), "--cache-write", "100%")
    assert float(wrote["cache write tokens"]["rate_usd"]) == 25.0
    assert float(wrote["output tokens"]["rate_usd"]) == 75.0


def test_read_and_written_tokens_are_parts_of_the_input() -> None:
    asked = load(98_805, 5_120, "1", "67.162593998%")
    usd = tokens_usd("anthropic/claude-opus-4.5", *asked, "--cache-write", "32.8272860685%")
    assert usd == pytest.approx(0.363949, abs=1e-6)


def test_hours_of_the_week_weigh_by_their_number() -> None:
    asked = ("deepseek/deepseek-v4-pro-0813", *load(1000), "--set", "price.holidays_per_year=0")
    assert rate("input tokens", *asked) == pytest.approx(0.66 * (1 + 35 / 168))


def contract(tmp_path: Path, when: str) -> str:
    path = tmp_path / "contract.yaml"
    path.write_text(CONTRACT.format(when=when), "utf-8")
    return str(path)


def test_weekdays_are_told_by_the_clock_of_the_zone(tmp_path: Path) -> None:
    hours = 'hours: ["23:00-24:00", "00:00-04:00"], weekdays: [1, 2, 3, 4, 5]'
    path = contract(tmp_path, f"{{{hours}, time_zone: Asia/Shanghai}}")
    found = rate("input tokens", "mineco/gpt-4.1", *load(1000), "--catalog", path)
    assert found == pytest.approx(1 + 25 / 168)


BAD_ZONES = ["Beijing", "Europe", "../etc/passwd", "utc+8", "Asia/Shangai", "x" * 300]


@pytest.mark.parametrize("zone", BAD_ZONES)
def test_a_zone_that_there_is_not_is_found_with_its_line(tmp_path: Path, zone: str) -> None:
    path = contract(tmp_path, f'{{hours: ["01:00-04:00"], time_zone: "{zone}"}}')
    found = run("catalog", "check", path, *DAY)
    assert found.exit_code == 1
    assert f"{Path(path).name}:16" in found.stdout
    asked = run("explain", "mineco/gpt-4.1", *load(1000), "--catalog", path, *DAY)
    assert asked.exit_code == 3
    assert f"{path}:16: " in asked.stderr
    scenario = tmp_path / "tco.yaml"
    scenario.write_text(f"workload: {{tokens: 1B}}\ncatalog: [{path}]\n", "utf-8")
    assert run("compare", "-f", str(scenario), *DAY).exit_code == 3


def test_a_zone_written_into_a_scenario_is_checked_too(tmp_path: Path) -> None:
    whole = CONTRACT.format(when='{hours: ["01:00-04:00"], time_zone: Beijing}')
    inner = "\n".join("  " + line for line in whole.splitlines() if "schema:" not in line)
    scenario = tmp_path / "tco.yaml"
    scenario.write_text(f"workload: {{tokens: 1B}}\ndata:{inner}\n", "utf-8")
    result = run("compare", "-f", str(scenario), *DAY)
    assert result.exit_code == 3
    assert "no time zone is called 'Beijing'" in result.stderr


def test_focus_says_what_was_priced_and_used() -> None:
    asked = ("self/llama-3.3-70b@2xh100-sxm", "--tokens", "50B", *DAY, "-q", "-o", "focus")
    found = {r["x_LineItem"]: r for r in csv.DictReader(StringIO(run("explain", *asked).stdout))}
    units = {name: (row["PricingUnit"], row["ConsumedUnit"]) for name, row in found.items()}
    assert units["storage of weights"] == ("GB", "GB")
    assert units["load balancer"] == ("Hours", "Hours")
    assert units["load balancer, traffic"] == ("GB", "GB")
    assert units["GPU rent"] == ("Hours", "Hours")
    assert units["monitoring"] == ("USD", "USD")  # a share of the rent


def test_every_unit_of_a_bill_has_its_name_in_focus() -> None:
    source = Path(__file__).parents[2] / "src" / "tco" / "engine"
    text = "".join(path.read_text("utf-8") for path in source.glob("*.py"))
    for unit in ("Mtok", "GB", "h", "GPU", "kWh", "kW", "engineer", "GPU-hour"):
        assert f'"{unit}"' in text
        assert unit in UNITS
        assert UNITS[unit] != "USD"
    bought = (
        "self/llama-3.1-8b",
        "--purchase",
        "own",
        "--tokens",
        "50B",
        *DAY,
        "-q",
        "-o",
        "focus",
    )
    found = {r["x_LineItem"]: r for r in csv.DictReader(StringIO(run("explain", *bought).stdout))}
    assert found["room, without power"]["PricingUnit"] == "kW"
    assert found["electricity, at work"]["PricingUnit"] == "kWh"


NOTHING = ("--requests", "0", "--model", "gpt-4.1", "--tier", "api", "--bare", *DAY, "-q")
SOMETHING = ("--tokens", "1B", *NOTHING[2:])


def saved(tmp_path: Path, name: str, *args: str) -> str:
    path = tmp_path / name
    result = run("compare", *args, "--export", f"json={path}")
    assert result.exit_code == 0, result.stderr
    return str(path)


@pytest.mark.parametrize("kind", ["table", "json", "csv", "md", "github", "llm", "focus"])
def test_a_month_of_nothing_is_rendered(tmp_path: Path, kind: str) -> None:
    result = run("render", saved(tmp_path, "zero.json", *NOTHING), "-q", "-o", kind)
    assert result.exit_code == 0, result.stderr


def test_a_result_that_was_edited_to_nothing_is_refused(tmp_path: Path) -> None:
    path = Path(saved(tmp_path, "one.json", *SOMETHING))
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    found["options"][0]["lines"] = []
    path.write_text(json.dumps(found), "utf-8")
    assert run("render", str(path)).exit_code == 3
    found["workload"]["tokens_per_month"] = 0
    path.write_text(json.dumps(found), "utf-8")
    assert run("render", str(path)).exit_code == 3


def test_no_share_of_nothing_may_be_added(tmp_path: Path) -> None:
    nothing = saved(tmp_path, "a.json", *NOTHING)
    some = saved(tmp_path, "b.json", *SOMETHING)
    for limit in ("+5%", "+1000%", "$5"):
        assert run("diff", nothing, some, "--fail-over", limit, "-q").exit_code == 1
    assert run("diff", nothing, nothing, "--fail-over", "+5%", "-q").exit_code == 0
    assert run("diff", some, nothing, "--fail-over", "+5%", "-q").exit_code == 0
    assert run("diff", nothing, some, "--fail-over", "$5k", "-q").exit_code == 0
    assert run("diff", nothing, some, "--fail-if", "cost-rises", "-q").exit_code == 1


def test_a_rise_just_over_the_limit_fails(tmp_path: Path) -> None:
    def month(name: str, entry: str, out: str) -> str:
        spec = f"x:kind=api,input={entry},output={out}"
        only = ("--tokens", "1B", "--provider", "x", "--model", "gpt-4.1", "--bare")
        return saved(tmp_path, name, *only, "--option", spec, *DAY, "-q")

    usual = month("a.json", "$2", "$8")
    assert (
        run("diff", usual, month("b.json", "$2.1001", "$8.4004"), "--fail-over", "+5%").exit_code
        == 1
    )
    assert run("diff", usual, month("c.json", "$2.1", "$8.4"), "--fail-over", "+5%").exit_code == 0


def test_described_prices_have_context_tiers_and_cache_writes() -> None:
    spec = (
        "mine:kind=api,input=$2,output=$8,cached=$0.2,cache_write=$2.5,above=200k:$4:$18:$0.4/1M:3x"
    )
    asked = ("mine", "--option", spec, "--bare", "--cache-write", "10%")
    long = rows(*asked, *load(250_000, requests="1k", cached="20%"))
    found = {name: float(row["rate_usd"]) for name, row in long.items()}
    assert found == {
        "input tokens": 4.0,
        "cached input tokens": 0.4,
        "cache write tokens": 5.0,
        "output tokens": 18.0,
    }
    short = rows(*asked, *load(200_000, requests="1k", cached="20%"))
    assert float(short["cache write tokens"]["rate_usd"]) == 2.5
    longest = rows(*asked, *load(1_000_001, requests="1k", cached="20%"))
    assert float(longest["output tokens"]["rate_usd"]) == 24.0


@pytest.mark.parametrize(
    "said", ["200k", "200k:$0:$3", "0:2x", "200k:0x", "200k:a:b", "200k:2x/200k:3x", "1:$1"]
)
def test_a_context_tier_that_says_nothing_is_refused(said: str) -> None:
    spec = f"mine:kind=api,input=$2,output=$8,above={said}"
    result = run("explain", "mine", "--option", spec, *load(1000), *DAY)
    assert result.exit_code == 2
    assert "above" in result.stderr


def test_a_count_of_more_rows_is_that_of_the_rows_to_come() -> None:
    asked = ("compare", "--tokens", "50B", *DAY, "-q")
    brief = run(*asked).stdout
    told = int(brief.split(" more: --top ")[1].split()[0])
    full = run(*asked, "-o", "json").stdout
    assert told == sum(option["feasible"] for option in json.loads(full)["options"])
    assert date.fromisoformat(DAY[1])
