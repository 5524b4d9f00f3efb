"""Bills of 200 random requests against the calculators of genai-prices and LiteLLM.

Each brings its own prices; those of the offers below are the same in all three, so that what is
held is the sum: which tokens are a part of which, what a cache costs to read and to write, and
what a long request pays. DeepSeek, whose prices go by the hour, is left out: LiteLLM takes the
hour in which it is asked, not that of the request. Where the three state other prices is no matter
of these tests: `tco catalog verify` tells it.
"""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import tco

WHEN = datetime(2026, 11, 20, 12, tzinfo=UTC)
CASES = 200
COLUMNS = (
    *("start", "model", "provider", "team"),
    *("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens"),
)


@dataclass(frozen=True)
class Sold:
    """An offer, what the others call it, and what it charges for.

    Args:
        offer: Our id.
        name: What it is called by the others.
        genai, litellm: What they call its provider.
        writes: Input can be written to a cache at a price of its own.
        beyond: Input from which a request pays more [token]; None where it never does.
    """

    offer: str
    name: str
    genai: str
    litellm: str
    writes: bool = False
    beyond: int | None = None


OFFERS = (
    Sold("openai/gpt-4.1", "gpt-4.1", "openai", "openai"),
    Sold("openai/gpt-4.1-mini", "gpt-4.1-mini", "openai", "openai"),
    Sold("openai/gpt-4o", "gpt-4o", "openai", "openai"),
    Sold("openai/gpt-5", "gpt-5", "openai", "openai"),
    Sold("openai/o3", "o3", "openai", "openai"),
    Sold("anthropic/claude-haiku-4.5", "claude-haiku-4-5", "anthropic", "anthropic", writes=True),
    Sold("anthropic/claude-opus-4.5", "claude-opus-4-5", "anthropic", "anthropic", writes=True),
    Sold("anthropic/claude-opus-4.6", "claude-opus-4-6", "anthropic", "anthropic", writes=True),
    Sold("google/gemini-2.5-pro", "gemini-2.5-pro", "google", "gemini", beyond=200_000),
    Sold("google/gemini-2.5-flash", "gemini-2.5-flash", "google", "gemini"),
)


@dataclass(frozen=True)
class Usage:
    """A request: input in all, of it read from and written to a cache, and output [token]."""

    sold: Sold
    input: int
    cached: int
    written: int
    output: int


def usages(seed: int, count: int) -> Iterator[Usage]:
    """Yield requests drawn by a seed."""
    pick = random.Random(seed)
    for _ in range(count):
        sold = pick.choice(OFFERS)
        whole = round(10 ** pick.uniform(2, 4.9))
        if sold.beyond is not None and pick.random() < 0.7:
            whole = round(sold.beyond * pick.uniform(0.9, 1.5))
        cached = round(whole * pick.choice((0.0, 0.2, 0.5, 0.95)))
        written = round((whole - cached) * pick.choice((0.0, 0.5))) if sold.writes else 0
        yield Usage(sold, whole, cached, written, round(10 ** pick.uniform(1, 3.8)))


def of_genai(u: Usage) -> float:
    """Return what genai-prices says of a request [USD]."""
    genai = pytest.importorskip("genai_prices")
    said = genai.Usage(
        input_tokens=u.input,
        cache_read_tokens=u.cached,
        cache_write_tokens=u.written,
        output_tokens=u.output,
    )
    found = genai.calc_price(
        said, model_ref=u.sold.name, provider_id=u.sold.genai, genai_request_timestamp=WHEN
    )
    return float(found.total_price)


def litellm() -> Any:
    """Return LiteLLM with the price file that it carries; untold it asks for a newer one."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    return pytest.importorskip("litellm", reason="LiteLLM is in no extra: it takes 200 MB")


def of_litellm(u: Usage) -> float:
    """Return what LiteLLM says of a request, by the price file that it carries [USD]."""
    both = litellm().cost_per_token(
        model=u.sold.name,
        custom_llm_provider=u.sold.litellm,
        prompt_tokens=u.input,
        completion_tokens=u.output,
        cache_read_input_tokens=u.cached,
        cache_creation_input_tokens=u.written,
    )
    return float(sum(both))


def of_ours(found: list[Usage], folder: Path) -> list[float]:
    """Return what `bill` says of each request of one log [USD]."""
    log = folder / "requests.csv"
    with log.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(COLUMNS)
        for n, u in enumerate(found):
            at = WHEN.isoformat(), u.sold.name, u.sold.offer.partition("/")[0], f"r{n}"
            rows.writerow([*at, u.input, u.cached, u.written, u.output])
    made: Any = tco.bill(str(log), by="team", as_of=WHEN.date().isoformat(), elsewhere=False)
    usd = {group.name: group.list_usd for group in made.groups}
    return [usd[f"r{n}"] for n in range(len(found))]


LOG = list(usages(1, CASES))


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """Return what `bill` says of each of the requests [USD]."""
    pytest.importorskip("duckdb", reason="logs are read with duckdb")
    return of_ours(LOG, tmp_path_factory.mktemp("log"))


def test_genai_prices_says_the_same(ours: list[float]) -> None:
    pytest.importorskip("genai_prices", reason="genai-prices comes with the extra dev")
    assert ours == pytest.approx([of_genai(u) for u in LOG], rel=1e-9)


def test_litellm_says_the_same(ours: list[float]) -> None:
    litellm()
    assert ours == pytest.approx([of_litellm(u) for u in LOG], rel=1e-9)


@pytest.mark.parametrize("whole", [199_999, 200_000, 200_001])
def test_all_pay_more_beyond_the_same_token(whole: int, tmp_path: Path) -> None:
    pytest.importorskip("duckdb", reason="logs are read with duckdb")
    sold = next(s for s in OFFERS if s.beyond)
    long = Usage(sold, whole, 0, 0, 1_000)
    assert of_ours([long], tmp_path) == pytest.approx([of_genai(long)], rel=1e-9)


@pytest.mark.parametrize("sold", OFFERS, ids=lambda sold: sold.offer)
@pytest.mark.parametrize("cached", [0.0, 0.5])
def test_a_month_is_so_many_requests(sold: Sold, cached: float) -> None:
    pytest.importorskip("genai_prices", reason="genai-prices comes with the extra dev")
    said: dict[str, Any] = {"isl": 8_000, "osl": 500, "cached": cached, "requests": 1e6}
    option = tco.explain(sold.offer, as_of=WHEN.date(), profile="chat", **said).option
    tokens = sum(line.amount_usd for line in option.lines if line.group == "tokens")
    one = Usage(sold, 8_000, round(8_000 * cached), 0, 500)
    assert tokens == pytest.approx(1e6 * of_genai(one), rel=1e-9)


@pytest.mark.parametrize("offer", ["anthropic/claude-haiku-4.5", "google/gemini-2.5-pro"])
def test_a_prompt_too_short_for_a_cache_pays_in_full(offer: str) -> None:
    """Here the others differ: they are told what came from a cache, and ask nothing.

    A question says a share for prompts of any length; where the provider caches none as short as
    these, `explain` lets them pay in full. A log says what was cached, and `bill` believes it.
    """
    pytest.importorskip("genai_prices", reason="genai-prices comes with the extra dev")
    sold = next(s for s in OFFERS if s.offer == offer)
    said: dict[str, Any] = {"isl": 1_000, "osl": 500, "cached": 0.3, "requests": 1e6}
    option = tco.explain(offer, as_of=WHEN.date(), profile="chat", **said).option
    tokens = sum(line.amount_usd for line in option.lines if line.group == "tokens")
    assert tokens == pytest.approx(1e6 * of_genai(Usage(sold, 1_000, 0, 0, 500)), rel=1e-9)
    assert tokens > 1e6 * of_genai(Usage(sold, 1_000, 300, 0, 500))
