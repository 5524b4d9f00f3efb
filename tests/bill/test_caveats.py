"""Notes and warnings where a number can mislead: lengths, cache writes, settings without effect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

import tco
from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.catalog.load import load_catalog
from tco.errors import InfeasibleError
from tco.options import offers

LIMIT = 200_000
TIERED = "google/gemini-2.5-pro"


def notes(asked: Any, name: str, **said: Any) -> str:
    return "; ".join(explain(asked(tokens=5e9, **said), name).option.notes)


def warned(asked: Any, **said: Any) -> tuple[str, ...]:
    return compare(asked(**{"tokens": 5e10, "models": ("gpt-4.1",), **said})).warnings


def by_flag(path: str, value: float, flag: str) -> dict[str, Any]:
    return {"settings": {path: value}, "origins": {path: flag}}


@pytest.fixture
def shipped() -> Any:
    from datetime import date

    from tco.options.question import prepare
    from tco.options.scenario import Scenario

    found = load_catalog()
    return lambda **said: prepare(found, Scenario(**said), date(2026, 11, 21))


@pytest.mark.parametrize(
    ("isl", "told"),
    [(40_000.0, False), (LIMIT / 4, True), (199_000.0, True), (201_000.0, True)],
)
def test_one_length_near_a_limit_is_told(shipped: Any, isl: float, told: bool) -> None:
    found = notes(shipped, TIERED, isl=isl, osl=1000.0)
    assert ("above 200k tokens input costs 2x" in found) is told
    mixed = notes(shipped, TIERED, isl=isl, osl=1000.0, settings={"workload.length_cv": 1.0})
    assert "equally long" not in mixed


def test_a_cache_that_is_read_and_never_written_is_told(shipped: Any) -> None:
    name = "anthropic/claude-sonnet-5.5"
    assert "--cache-write" in notes(shipped, name)
    for path, value in (("workload.cache_write_share", 0.1), ("workload.cached_share", 0.0)):
        assert "--cache-write" not in notes(shipped, name, settings={path: value})


@pytest.mark.parametrize(
    ("path", "flag", "name"),
    [
        ("own.pue", "--set own.pue", "own.pue"),
        ("training.mfu", "--set training.mfu", "training.mfu"),
        ("workload.tokens_per_image", "--image-tokens", "--image-tokens"),
    ],
)
def test_a_setting_that_enters_no_bill_is_told(
    shipped: Any, path: str, flag: str, name: str
) -> None:
    line = f"{name} was given and enters none of these bills"
    assert line in warned(shipped, **by_flag(path, 1.0, flag))
    assert line not in warned(shipped, **by_flag(path, 1.0, "tco.yaml:3"))


def test_words_that_enter_no_bill_are_told(shipped: Any) -> None:
    origins = {"electricity": "--electricity", "tokenizers": "--tokenizer"}
    said = {"electricity": "eu_home", "tokenizers": (("claude-sonnet-5.5", 2.0),)}
    found = warned(shipped, **said, origins=origins)
    assert any(
        "--electricity eu_home, --tokenizer claude-sonnet-5.5=2 were given" in w for w in found
    )


def test_a_setting_that_enters_or_may_leave_out_is_not_told(shipped: Any) -> None:
    for path, value in (("price.api_factor", 1.1), ("people.api_fte", 0.2)):
        assert not any("enter" in w for w in warned(shipped, **by_flag(path, value, "--set")))
    slow = by_flag("serving.max_tpot_s", 1e-4, "--max-tpot")
    assert not any("enter" in w for w in warned(shipped, models=("llama-3.3-70b",), **slow))


def test_images_that_take_the_place_of_text_are_told(shipped: Any) -> None:
    images = {"settings": {"workload.images_per_request": 2.0}}
    assert any("images take the place of text" in w for w in warned(shipped, **images))
    more = warned(shipped, tokens=None, requests=1e6, **images)
    assert not any("images take the place" in w for w in more)


def test_machines_that_outlive_the_horizon_are_told(shipped: Any) -> None:
    said = {"models": ("llama-3.3-70b",), "purchases": ("own",)}
    for months, told in ((6.0, True), (60.0, False)):
        found = warned(shipped, **said, settings={"horizon.months": months})
        assert any("spread over 48 months" in w for w in found) is told


@pytest.mark.parametrize(("gpus", "told"), [(3, True), (4, False)])
def test_own_gpus_that_cannot_be_had_are_told_with_the_reason(
    shipped: Any, gpus: int, told: bool
) -> None:
    found = compare(shipped(tokens=5e10, gpu_count=gpus))
    assert any(row.feasible for row in found.options if row.id.startswith("self/")) is not told
    line = [w for w in found.warnings if w.startswith("own GPUs can serve none of these")]
    assert len(line) == told and all("3 GPUs of servers of 1" in text for text in line)


@pytest.mark.parametrize(("tokens", "told"), [(5e9, True), (5e10, False)])
def test_a_bill_that_is_mostly_engineers_says_so(shipped: Any, tokens: float, told: bool) -> None:
    found = compare(shipped(tokens=tokens, models=("llama-3.3-70b",)))
    [best] = [row for row in found.options if row.id == found.best]
    assert best.breakdown is not None and best.monthly_usd is not None
    assert (best.breakdown.people > best.monthly_usd / 2) is told
    assert ("$2,000 of it for engineers" in found.verdict) is told


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_what_nobody_sees_of_an_output_fills_context_and_limit_too(factor: float) -> None:
    """131,072 tokens are all that llama-3.3-70b reads and writes, 32,768 what gpt-4.1 writes."""
    thinks = {"workload.reasoning_factor": factor}
    said: dict[str, Any] = {"tokens": "1B", "set": thinks, "as_of": "2026-11-21"}
    most = int(32_768 / factor)
    assert tco.explain("openai/gpt-4.1", isl=1_000, osl=most, **said).option.monthly_usd
    with pytest.raises(InfeasibleError, match="longer than the 32,768 it gives"):
        tco.explain("openai/gpt-4.1", isl=1_000, osl=most + 1, **said)
    full = int(131_072 - 1_000 * factor)
    for name in ("deepinfra/llama-3.3-70b", "self/llama-3.3-70b"):
        assert tco.explain(name, isl=full, osl=1_000, **said).option.monthly_usd
        with pytest.raises(InfeasibleError, match=r"of 131,073 tokens is longer than its context"):
            tco.explain(name, isl=full + 1, osl=1_000, **said)


def test_a_price_to_come_is_weighed_with_what_nobody_sees(
    asked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Output from $1 to $2: (100 + 200) / 200 is 1.5; at three times the output 700 / 400."""
    rates = SimpleNamespace(input=1.0, output=1.0)
    later = SimpleNamespace(usd_per_mtok=SimpleNamespace(input=1.0, output=2.0))
    option: Any = SimpleNamespace(id="openai/gpt-4.1", later=(), rates=rates)
    for factor, times in ((1.0, 1.5), (3.0, 1.75)):
        inputs = asked(isl=100, osl=100, settings={"workload.reasoning_factor": factor})
        day = inputs.day + timedelta(days=9)
        monkeypatch.setattr(offers, "_next", lambda *_, day=day: (day, later))
        assert offers.coming(option, inputs) == (9, pytest.approx(times))
