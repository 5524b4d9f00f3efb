"""From a request to a question: defaults, what replaces them, and what is refused in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from strategies import DAY, magnitude, shipped_catalog

from tco.catalog.load import Catalog
from tco.errors import TcoError, UnknownNameError, UsageError
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario
from tco.options.selection import select
from tco.options.settings import fleet_policy, people, target, workload

Asked = Callable[..., Question]


def value(inputs: Question, path: str) -> float:
    return float(np.asarray(inputs.settings.value(path)))


def test_without_a_request_every_value_is_the_catalogs(asked: Asked, catalog: Catalog) -> None:
    inputs = asked()
    profile = catalog.workloads.profiles["general"]
    assert (inputs.profile, inputs.engine, inputs.day) == ("general", "tuned", DAY)
    assert not inputs.volume_given
    assert (value(inputs, "workload.isl"), value(inputs, "workload.osl")) == (
        profile.isl,
        profile.osl,
    )
    for path, entry in catalog.assumptions.assumptions.items():
        if path not in ("workload.cached_share", "workload.peak_to_mean"):
            assert value(inputs, path) == entry.value
        assert inputs.settings[path].origin in ("assumed", "catalog")


@pytest.mark.parametrize("name", ["chat", "code-complete", "rag", "reasoning", "agent-coding"])
def test_a_traffic_profile_brings_lengths_cache_and_peak(
    name: str, asked: Asked, catalog: Catalog
) -> None:
    inputs, profile = asked(profile=name), catalog.workloads.profiles[name]
    load = workload(inputs.settings)
    assert (load.isl, load.osl) == (profile.isl, profile.osl)
    assert (load.cached_share, load.peak_to_mean) == (profile.cached_share, profile.peak_to_mean)
    for key in ("cached_share", "peak_to_mean"):
        setting = inputs.settings[f"workload.{key}"]
        assert setting.low <= getattr(profile, key) <= setting.high
        assert (setting.origin == "assumed") == (key in profile.judgment)


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({"tokens": 50e9}, 50e9),
        ({"tokens": 0.0}, 0.0),
        ({"requests": 1e6}, 1e6 * 1_530),
        ({"requests": 1e6, "isl": 500.0, "osl": 500.0}, 1e9),
        ({"requests": 1e6, "isl": 500.0}, 830e6),
        ({"users": 1_000.0}, 1_000 * 200 * 1_530),
        ({"users": 1_000.0, "profile": "reasoning"}, 1_000 * 60 * 2_800),
        ({"users": 50.0, "profile": "agent-coding"}, 50 * 4_000 * 140_450),
        ({"developers": 50.0}, 50 * 4_000 * 140_450),
        (
            {"profile": "agent-coding", "settings": {"workload.sessions.open": 40.0}},
            40 / (174.2 + 9.8) / 3.01 * 730 * 3600 * 140_450,
        ),
    ],
    ids=str,
)
def test_the_volume_by_tokens_requests_or_users(
    fields: dict[str, Any], tokens: float, asked: Asked
) -> None:
    inputs = asked(**fields)
    assert inputs.volume_given
    assert value(inputs, "workload.tokens_per_month") == pytest.approx(tokens)
    assert inputs.settings["workload.tokens_per_month"].origin == "given"


@given(ratio=magnitude(1e-3, 1e3))
def test_input_to_output_keeps_the_length_of_a_request(ratio: float) -> None:
    inputs = prepare(shipped_catalog(), Scenario(input_output=ratio), DAY)
    isl, osl = value(inputs, "workload.isl"), value(inputs, "workload.osl")
    assert isl / osl == pytest.approx(ratio)
    assert isl + osl == pytest.approx(1_530)


def test_a_number_of_engineers_replaces_the_staircase(asked: Asked) -> None:
    staff = people(asked(fte=2.5).settings)
    assert (staff.floor_fte, staff.fixed_fte, staff.fte_per_gpu) == (2.5, 2.5, 0.0)


def test_settings_reach_the_engine(asked: Asked) -> None:
    given = {
        "serving.headroom": 0.5,
        "serving.redundancy": 2.0,
        "serving.max_tpot_s": 0.1,
        "workload.isl_factor": 2.0,
    }
    settings = asked(settings=given).settings
    assert fleet_policy(settings).headroom == 0.5
    assert fleet_policy(settings).redundancy == 2.0
    assert target(settings).max_tpot_s == 0.1
    assert target(settings).isl == 2_400.0
    assert all(settings.given(path) for path in given)
    assert not settings.given("serving.peakedness")


def test_a_day_in_the_request_wins_over_today(asked: Asked) -> None:
    assert asked(as_of=date(2025, 6, 1)).day == date(2025, 6, 1)


def test_who_gave_a_value_is_named_in_a_complaint(catalog: Catalog) -> None:
    request = Scenario(
        settings={"serving.headroom": 1.5}, origins={"serving.headroom": "tco.yaml:12"}
    )
    with pytest.raises(UsageError, match=r"^tco\.yaml:12: serving\.headroom is 1\.5 share"):
        prepare(catalog, request, DAY)


REFUSED: list[tuple[dict[str, Any], type[TcoError], str]] = [
    ({"profile": "chatt"}, UnknownNameError, r"no traffic profile called 'chatt'.*chat"),
    ({"engine": "tunned"}, UnknownNameError, r"no engine profile called 'tunned'.*tuned"),
    ({"tokens": 1e9, "users": 10.0}, UsageError, "--tokens and --users both say the volume"),
    (
        {"tokens": 1.0, "requests": 1.0, "users": 1.0},
        UsageError,
        "--tokens and --requests and --users both",
    ),
    ({"users": 10.0, "profile": "classify"}, UsageError, "'classify' does not say how many"),
    ({"developers": 10.0, "profile": "rag"}, UsageError, "'rag' belong to no session"),
    ({"settings": {"workload.sessions.open": 9.0}}, UsageError, "belong to no session"),
    (
        {"profile": "agent-coding", "settings": {"workload.sessions.turns": 0.5}},
        UsageError,
        "a session has 1 turn at least",
    ),
    (
        {
            "profile": "agent-coding",
            "isl": 9e3,
            "settings": {"workload.sessions.new_tokens": 9.1e3},
        },
        UsageError,
        "more than the 9k tokens that a turn reads",
    ),
    ({"input_output": 3.0, "isl": 100.0}, UsageError, "not both"),
    ({"input_output": 3.0, "osl": 100.0}, UsageError, "not both"),
    ({"input_output": 0.0}, UsageError, r"workload\.isl is 0 tokens, but must be more than 0"),
    ({"input_output": -1.0}, UsageError, "must be 0 or more"),
    ({"isl": 0.0}, UsageError, "more than 0"),
    ({"osl": -5.0}, UsageError, "more than 0"),
    ({"tokens": -1.0}, UsageError, "0 or more"),
    ({"tokens": float("inf")}, UsageError, r"at most 1e\+24"),
    ({"requests": float("inf")}, UsageError, r"at most 1e\+24"),
    ({"fte": -1.0}, UsageError, "0 or more"),
    ({"isl": float("nan")}, UsageError, "more than 0"),
]


@pytest.mark.parametrize(("fields", "kind", "words"), REFUSED, ids=lambda v: str(v)[:60])
def test_a_request_that_contradicts_itself_is_refused(
    fields: dict[str, Any], kind: type[TcoError], words: str, asked: Asked
) -> None:
    with pytest.raises(kind, match=words) as error:
        asked(**fields)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == (3 if kind is UnknownNameError else 2)


OUT_OF_RANGE = [
    ("serving.headroom", 0.0, "more than 0 and at most 1"),
    ("serving.headroom", 1.01, "more than 0 and at most 1"),
    ("serving.redundancy", -1.0, "a whole number, 0 or more"),
    ("serving.redundancy", 1.5, "a whole number, 0 or more"),
    ("serving.max_concurrency", 0.5, "at least 1"),
    ("serving.max_tpot_s", 0.0, "more than 0"),
    ("serving.throughput_factor", 0.0, "more than 0"),
    ("serving.peakedness", -0.1, "0 or more"),
    ("workload.peak_to_mean", 0.9, "at least 1"),
    ("workload.cached_share", 1.2, "a share between 0 and 1"),
    ("workload.batch_share", -0.1, "a share between 0 and 1"),
    ("workload.isl_factor", 0.0, "more than 0"),
    ("people.salary_usd_per_year", -1.0, "0 or more"),
    ("people.fte_per_gpu", float("nan"), "0 or more"),
    ("rent.factor", float("inf"), r"at most 1e\+24"),
    ("price.api_factor", -1.0, "0 or more"),
    ("own.life_months", 0.0, "more than 0"),
    ("own.residual_share", 1.1, "a share between 0 and 1"),
    ("own.pue", 0.9, "at least 1"),
]


@pytest.mark.parametrize(("path", "bad", "words"), OUT_OF_RANGE)
def test_a_value_outside_its_range_is_refused(
    path: str, bad: float, words: str, asked: Asked
) -> None:
    with pytest.raises(UsageError, match=words) as error:
        asked(settings={path: bad})
    assert path in str(error.value)


@pytest.mark.parametrize("end", ["low", "high"])
def test_both_ends_of_every_assumption_are_allowed(end: str, catalog: Catalog) -> None:
    for path, entry in catalog.assumptions.assumptions.items():
        profile = "agent-coding" if path.startswith("workload.sessions.") else None
        request = Scenario(profile=profile, settings={path: getattr(entry, end)})
        made = prepare(catalog, request, DAY)
        assert value(made, path) == getattr(entry, end)


def test_settings_are_never_changed_in_place(asked: Asked) -> None:
    settings = asked().settings
    before = settings.value("serving.headroom")
    swept = settings.with_values({"serving.headroom": np.array([0.5, 0.9])})
    assert settings.value("serving.headroom") == before
    assert np.shape(swept.value("serving.headroom")) == (2,)
    assert swept["serving.headroom"].origin == settings["serving.headroom"].origin
    with pytest.raises(UsageError, match="did you mean"):
        settings.overridden("serving.headrom", 0.5, "--set")


def test_an_offers_id_given_as_a_model_is_told_how_to_be_asked_for(asked: Asked) -> None:
    inputs = asked(tokens=50e9, models=("openai/gpt-4.1",))
    with pytest.raises(UnknownNameError, match=r"--provider openai --model gpt-4\.1"):
        select(inputs.catalog, inputs.request)


def test_an_assumption_that_follows_another_takes_its_value(asked: Asked) -> None:
    most, large = "serving.max_concurrency", "serving.max_concurrency_large"
    given = asked(settings={most: 64.0}, origins={most: "--set"}).settings
    assert (given.value(large), given[large].source) == (64.0, "--set")
    both = asked(settings={most: 64.0, large: 128.0}).settings
    assert (both.value(most), both.value(large)) == (64.0, 128.0)
    assert asked(settings={large: 128.0}).settings.value(most) == 256.0
