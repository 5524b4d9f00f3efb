"""Notes and warnings where a number can mislead: lengths, cache writes, settings without effect."""

from __future__ import annotations

from typing import Any

import pytest

from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.catalog.load import load_catalog

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
