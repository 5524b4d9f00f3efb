"""Each rule of `tco catalog check` finds what it is for, and nothing in a sound file."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tco.catalog.build import Overlay
from tco.catalog.check.finding import CheckContext, Finding
from tco.catalog.check.run import RULES, check
from tco.catalog.files import File
from tco.catalog.load import load_catalog
from tco.catalog.prices import Offer

BASE = Path(__file__).parents[1] / "broken" / "base"
DAY = date(2026, 11, 21)
Data = dict[str, Any]


def priced(entry: float, output: float, **more: Any) -> Data:
    says = {"input": entry, "output": output}
    return {
        "since": "2026-01-01",
        "checked": "2026-11-20",
        "usd_per_mtok": {**says, "cached_input": entry / 10},
        "evidence": [{"source": "page", **says}, {"source": "list", **says}],
        **more,
    }


def offer(provider: str, model: str, *prices: Data, **more: Any) -> Data:
    return {"provider": provider, "model": model, "prices": list(prices), **more}


def sound() -> Data:
    """Return a file in which nothing is wrong."""
    hosts = {f"host-{i}": {"name": f"Host {i}", "kind": "host"} for i in range(4)}
    batch = {"when": {"service": "batch"}, "multiply": 0.5}
    return {
        "version": "2026-11-21",
        "sources": {
            "page": {"title": "A", "read": "2026-11-20", "url": "https://a.example"},
            "list": {"title": "B", "read": "2026-11-20", "where": "prices.json"},
        },
        "providers": {"newco": {"name": "Newco", "kind": "first_party"}, **hosts},
        "models": {
            "open-8b": {
                "name": "Open 8B",
                "org": "Newco",
                "weights": "open",
                "params_b": {"total": 8.03, "active": 8.03},
                "architecture": {
                    "layers": 32,
                    "hidden_size": 4096,
                    "heads": 32,
                    "kv_heads": 8,
                    "head_dim": 128,
                    "vocab_size": 128256,
                    "ffn": 14336,
                    "sources": ["page"],
                },
                "sources": ["page"],
            },
            "closed-1": {
                "name": "Closed",
                "org": "Newco",
                "weights": "closed",
                "sources": ["page"],
            },
        },
        "offers": [
            offer("newco", "closed-1", priced(2.0, 8.0, modifiers=[batch])),
            *(offer(host, "open-8b", priced(0.1, 0.2)) for host in hosts),
        ],
        "accelerators": {
            "x100": {
                "name": "X100",
                "vendor": "newco",
                "family": "x",
                "launch_year": 2024,
                "memory_gib": 80,
                "bandwidth_gb_per_s": 3350,
                "tflops": {"bf16": 989, "fp8": 1979},
                "tdp_w": 700,
                "all_in_w": 1300,
                "link": {"kind": "nvlink"},
                "purchase": {
                    "low": 20000,
                    "typical": 25000,
                    "high": 30000,
                    "seen": "2026",
                    "source": "page",
                },
                "sources": ["page"],
            }
        },
        "sellers": {"rent": {"name": "Rent", "kind": "neocloud"}},
        "rentals": [
            {
                "seller": "rent",
                "gpu": "x100",
                "option": "on_demand",
                "gpus": n,
                "rents": [
                    {
                        "since": "2026-11-01",
                        "checked": "2026-11-20",
                        "usd_per_gpu_hour": 2.0,
                        "source": "page",
                    }
                ],
            }
            for n in (1, 2, 4, 8)
        ],
    }


def put(*path: str | int, to: Any) -> Callable[[Data], None]:
    """Return what sets one value, or takes a key out for None."""

    def change(data: Data) -> None:
        here: Any = data
        for part in path[:-1]:
            here = here[part]
        if to is None:
            del here[path[-1]]
        else:
            here[path[-1]] = to

    return change


PRICE = ("offers", 0, "prices", 0)
RATES = (*PRICE, "usd_per_mtok")
GPU = ("accelerators", "x100")
MODEL = ("models", "open-8b")


def both(*changes: Callable[[Data], None]) -> Callable[[Data], None]:
    def change(data: Data) -> None:
        for one in changes:
            one(data)

    return change


def windows(*later: Data) -> Callable[[Data], None]:
    return lambda data: data["offers"][0]["prices"].extend(later)


def dear(data: Data) -> None:
    data["offers"][0]["prices"] = [priced(300.0, 600.0)]


BROKEN: dict[str, Callable[[Data], None]] = {
    "schema": put("offers", 0, "colour", to="red"),
    "reference": put("offers", 0, "model", to="closed-2"),
    "absolute-cap": dear,
    "output-below-input": put(*RATES, "output", to=1.0),
    "cached-not-below-input": put(*RATES, "cached_input", to=2.0),
    "batch-ratio": put(*PRICE, "modifiers", 0, "multiply", to=0.7),
    "tier-far-off": put(
        *PRICE, "modifiers", 0, to={"when": {"service": "priority"}, "usd_per_mtok": {"input": 40}}
    ),
    "host-spread": put("offers", 1, "prices", 0, to=priced(100.0, 200.0)),
    "unreachable-modifier": both(
        put("models", "closed-1", "context_tokens", to=200000),
        put(*PRICE, "modifiers", 0, to={"when": {"input_tokens_over": 200000}, "multiply": 2.0}),
    ),
    "price-jump": both(
        put(*PRICE, "until", to="2026-06-01"), windows(priced(60.0, 80.0, since="2026-06-01"))
    ),
    "windows": windows(priced(2.0, 8.0, since="2026-06-01")),
    "retired-but-offered": put("offers", 0, "retires", to="2026-11-01"),
    "scheduled-change": windows(priced(3.0, 9.0, since="2027-01-01", status="scheduled")),
    "retires-soon": put("offers", 0, "retires", to="2026-12-24"),
    "checked-in-future": put(*PRICE, "checked", to="2026-11-22"),
    "checked-before-since": both(
        put(*PRICE, "since", to="2026-11-10"), put(*PRICE, "checked", to="2026-11-01")
    ),
    "stale": put(*PRICE, "checked", to="2026-10-01"),
    "stale-rate": put(
        *PRICE, "currency", to={"code": "EUR", "usd": 1.1, "on": "2026-01-01", "source": "page"}
    ),
    "one-source": put(*PRICE, "evidence", 1, to=None),
    "sources-disagree": put(*PRICE, "evidence", 1, "output", to=9.0),
    "unsupported": put(*RATES, "input", to=2.5),
    "unused-source": put("sources", "spare", to={"title": "C", "read": "2026-01-01", "where": "x"}),
    "unreachable-source": put("sources", "page", "url", to=None),
    "flops-ratio": put(*GPU, "tflops", "fp8", to=3958),
    "flops-density": put(*GPU, "tflops", to={"bf16": 3958}),
    "bandwidth-range": put(*GPU, "bandwidth_gb_per_s", to=3.35),
    "tdp-range": put(*GPU, "tdp_w", to=5600),
    "memory-range": put(*GPU, "visible_memory_mib", to=90000),
    "purchase-order": put(*GPU, "purchase", "low", to=40000),
    "rent-far-off": put("rentals", 0, "rents", 0, "usd_per_gpu_hour", to=16.0),
    "params-recompute": put(*MODEL, "params_b", to={"total": 13, "active": 13}),
    "params-order": put(*MODEL, "params_b", "active", to=80),
    "below-floor": put(*PRICE, "usd_per_mtok", "cached_input", to=0.0001),
    "sellers-far-off": put("offers", 1, "prices", 0, to=priced(0.001, 0.2)),
    "pair-far-off": put("offers", 1, "prices", 0, to=priced(0.1, 1.1)),
    "dearer-than-standard": put(*PRICE, "modifiers", 0, "multiply", to=1.5),
    "rent-not-hourly": put("rentals", 3, "rents", 0, "usd_per_gpu_hour", to=2190.0),
    "endless-waiver": both(
        put("offers", 0, "waive", to=["stale"]), put("offers", 0, "waive_because", to="x")
    ),
    "waiver-without-reason": put("offers", 0, "waive", to=["stale"]),
    "unknown-waiver": both(
        put("offers", 0, "waive", to=["stael"]), put("offers", 0, "waive_because", to="x")
    ),
    "idle-waiver": both(
        put("offers", 0, "waive", to=["stale"]), put("offers", 0, "waive_because", to="x")
    ),
}
ELSEWHERE = {
    "unreadable",
    "not-found",
    "zero-price",
    "not-a-price",
    "changed-without-window",
    "window-removed",
}
ELSEWHERE |= {"new-key", "record-far-off", "spot-above-on-demand", "not-found"}
"""Rules whose cases stand in other tests: no file, upstream lists, an older edition."""


def checked(data: Data, day: date = DAY, before: Data | None = None) -> list[Finding]:
    files = [File("my.yaml", json.dumps(data, indent=1).encode())]
    old = None
    if before is not None:
        some = [Offer.model_validate_json(json.dumps(o)) for o in before["offers"]]
        old = {o.id: o for o in some}
    report = check(files, [Overlay], CheckContext(as_of=day, before=old), load_catalog(data=BASE))
    return [*report.findings, *report.waived]


def broken(change: Callable[[Data], None]) -> Data:
    data = sound()
    change(data)
    return data


def test_a_sound_file_has_no_findings() -> None:
    assert checked(sound()) == []


def test_every_rule_has_a_case() -> None:
    assert {rule.name for rule in RULES} == BROKEN.keys() | ELSEWHERE


def test_rules_are_told_apart() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES) == len({rule.name for rule in RULES})
    assert all(rule.title.endswith(".") and rule.advice for rule in RULES)


@pytest.mark.parametrize("name", BROKEN)
def test_a_rule_finds_its_case(name: str) -> None:
    found = checked(broken(BROKEN[name]))
    assert name in {f.name for f in found}
    rule = next(r for r in RULES if r.name == name)
    hit = next(f for f in found if f.name == name)
    assert (hit.rule, hit.advice, hit.file) == (rule.id, rule.advice, "my.yaml")
    assert hit.line > 1
    assert hit.where
    assert hit.message


def test_the_line_is_that_of_the_figure() -> None:
    data = broken(BROKEN["cached-not-below-input"])
    lines = json.dumps(data, indent=1).splitlines()
    (hit,) = checked(data)
    assert "cached_input" in lines[hit.line - 1]
    assert hit.where == "newco/closed-1 prices.0.usd_per_mtok.cached_input"


@pytest.mark.parametrize(
    ("kind", "age", "severity"),
    [
        ("first_party", 45, None),
        ("first_party", 46, "warning"),
        ("first_party", 91, "error"),
        ("host", 30, None),
        ("host", 31, "warning"),
        ("host", 61, "error"),
        ("cloud", 31, "warning"),
        ("aggregator", 7, None),
        ("aggregator", 8, "warning"),
        ("aggregator", 15, "error"),
    ],
)
def test_a_price_goes_stale_by_kind(kind: str, age: int, severity: str | None) -> None:
    data = broken(put("providers", "newco", "kind", to=kind))
    seen = date.fromordinal(DAY.toordinal() - age).isoformat()
    data["offers"][0]["prices"][0]["checked"] = seen
    found = [f.severity for f in checked(data) if f.name == "stale"]
    assert found == ([] if severity is None else [severity])


def test_a_rent_goes_stale_after_thirty_days() -> None:
    data = broken(put("rentals", 0, "rents", 0, "checked", to="2026-10-21"))
    assert [f.severity for f in checked(data)] == ["error", "warning"]  # before it began, too


def test_what_is_gone_is_not_stale() -> None:
    data = broken(put(*PRICE, "checked", to="2026-02-01"))
    data["offers"][0]["prices"][0]["until"] = "2026-02-02"
    assert checked(data) == []


JUDGED = {"waive_on": "2026-11-21", "waive_until": "2027-01-31"}


def test_a_waiver_does_not_cover_newer_evidence() -> None:
    data = sound()
    judged = {"waive": ["sources-disagree"], "waive_because": "settled", **JUDGED}
    data["offers"][0] |= {**judged, "waive_on": "2026-10-01"}
    against = {"source": "list", "input": 3.0, "output": 8.0, "seen": "2026-09-30"}
    data["offers"][0]["prices"][0]["evidence"].append(against)
    assert [f.waived_because for f in checked(data)] == ["settled"]
    against["seen"] = "2026-10-02"  # seen after the judgment: raised again
    assert [f.waived_because for f in checked(data) if f.name == "sources-disagree"] == [None]


def test_what_was_looked_for_is_told_as_old_and_fails_only_when_that_is_old() -> None:
    data = broken(BROKEN["stale"])
    old = {f.severity for f in checked(data) if f.name == "stale"}
    assert old == {"warning"} or old == {"error"}
    data["offers"][0]["prices"][0]["checked"] = "2026-01-02"
    assert [f.severity for f in checked(data) if f.name == "stale"] == ["error"]
    for name in ("page", "list"):
        data["sources"][name]["sought"] = "2026-11-20"
    (hit,) = (f for f in checked(data) if f.name == "stale")
    assert hit.severity == "warning" and "looked for on 2026-11-20" in hit.message


def test_a_waiver_takes_a_finding_out_and_keeps_its_reason() -> None:
    data = broken(both(BROKEN["stale"], put("offers", 0, "waive", to=["stale"])))
    data["offers"][0] |= {"waive_because": "the page is gone", **JUDGED}
    (hit,) = checked(data)
    assert hit.waived_because == "the page is gone"


def test_a_waiver_ends_on_its_day() -> None:
    data = broken(both(BROKEN["stale"], put("offers", 0, "waive", to=["tco301"])))
    data["offers"][0] |= {"waive_because": "x", "waive_until": "2026-11-20"}
    stale = [f for f in checked(data) if f.name == "stale"]
    assert [f.waived_because for f in stale] == [None]


def test_a_source_waives_for_all_its_figures() -> None:
    data = broken(BROKEN["stale"])
    for name in ("page", "list"):
        data["sources"][name] |= {"waive": ["stale"], "waive_because": "a snapshot", **JUDGED}
    found = checked(data)
    assert [(f.name, f.waived_because) for f in found] == [("stale", "a snapshot")]
    del data["sources"]["list"]["waive"], data["sources"]["list"]["waive_because"]
    assert "stale" in {f.name for f in checked(data) if f.waived_because is None}


def test_sources_of_one_family_are_one_witness() -> None:
    data = sound()
    for name in ("page", "list"):
        data["sources"][name]["family"] = "both"
    assert {f.name for f in checked(data)} == {"one-source"}


def test_cached_input_in_a_batch_may_cost_what_input_does() -> None:
    half = {
        "when": {"service": "batch"},
        "usd_per_mtok": {"input": 1, "cached_input": 1, "output": 4},
    }
    assert checked(broken(put(*PRICE, "modifiers", 0, to=half))) == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"cached_input": 0.0004}, "cached_input"),
        ({"cache_write": 1.0}, "cache_write"),
        ({"cache_write": 0.01}, "cache_write"),
        ({"audio_input": 5.0}, "audio_input"),
        ({"output": 0.03}, "output"),
    ],
)
def test_prices_of_one_offer_fit_together(changes: Data, key: str) -> None:
    fine = {"input": 0.1, "cached_input": 0.01, "cache_write": 0.125, "output": 0.2}
    data = broken(put("offers", 1, "prices", 0, "usd_per_mtok", to=fine))
    assert "pair-far-off" not in {f.name for f in checked(data)}
    data["offers"][1]["prices"][0]["usd_per_mtok"] = {**fine, **changes}
    places = {f.where.rpartition(".")[2] for f in checked(data) if f.name == "pair-far-off"}
    assert places == {key}


@pytest.mark.parametrize(
    ("when", "factor", "sound_factor"),
    [
        ({"service": "batch"}, 5.0, 0.8),
        ({"service": "flex"}, 0.05, 0.5),
        ({"service": "priority"}, 0.25, 2.5),
        ({"input_tokens_over": 200000}, 0.2, 5.0),
        ({"region": "eu"}, 11.0, 1.1),
    ],
)
def test_a_condition_has_its_own_span(when: Data, factor: float, sound_factor: float) -> None:
    for times, found in ((factor, True), (sound_factor, False)):
        modifier = {"when": when, "usd_per_mtok": {"input": 2.0 * times, "output": 8.0 * times}}
        data = broken(put(*PRICE, "modifiers", 0, to=modifier))
        assert ("tier-far-off" in {f.name for f in checked(data)}) == found


def test_the_cap_holds_for_multiplied_prices() -> None:
    fast = {"when": {"service": "ultrafast"}, "multiply": 9}  # 270 is true of a fast service
    data = broken(put(*PRICE, "modifiers", 0, to=fast))
    assert checked(data) == []
    data["offers"][0]["prices"] = [priced(30.0, 90.0, modifiers=[fast])]
    assert [f.message for f in checked(data)] == ["output $810.00/Mtok is above $600/Mtok"]


def test_a_batch_is_held_against_the_tier_that_it_names() -> None:
    tiers = [
        {"when": {"input_tokens_over": 1000}, "usd_per_mtok": {"input": 4, "output": 16}},
        {
            "when": {"input_tokens_over": 1000, "service": "batch"},
            "usd_per_mtok": {"input": 2, "output": 8},
        },
    ]
    assert checked(broken(put(*PRICE, "modifiers", to=tiers))) == []


def test_a_number_that_changed_without_a_window_is_found() -> None:
    new = broken(both(put(*RATES, "input", to=1.9), put(*PRICE, "evidence", 0, "input", to=1.9)))
    found = [f for f in checked(new, before=sound()) if f.name == "changed-without-window"]
    assert [f.message for f in found] == ["input was $2.00 and is now $1.90, both from 2026-01-01"]


def test_appending_a_window_is_no_change() -> None:
    new = sound()
    new["offers"][0]["prices"][0]["until"] = "2026-11-01"
    new["offers"][0]["prices"].append(priced(1.5, 6.0, since="2026-11-01"))
    assert checked(new, before=sound()) == []


def test_a_window_that_disappears_is_found() -> None:
    old = copy.deepcopy(sound())
    old["offers"][0]["prices"][0]["until"] = "2026-11-01"
    old["offers"][0]["prices"].append(priced(1.5, 6.0, since="2026-11-01"))
    assert {f.name for f in checked(sound(), before=old)} == {"window-removed"}


def test_a_correction_of_the_first_day_alone_is_no_change() -> None:
    new = broken(put(*PRICE, "since", to="2025-12-01"))
    assert checked(new, before=sound()) == []


def test_all_findings_come_in_one_run() -> None:
    names = [n for n in BROKEN if n not in ("schema", "reference", "one-source", "windows")]
    data = sound()
    for name in ("output-below-input", "flops-ratio", "params-order", "unused-source", "stale"):
        assert name in names
        BROKEN[name](data)
    assert {"output-below-input", "flops-ratio", "params-order", "unused-source", "stale"} <= {
        f.name for f in checked(data)
    }


def test_the_page_lists_the_rules() -> None:
    page = (Path(__file__).parents[2] / "docs" / "catalog.md").read_text("utf-8")
    for rule in RULES:
        assert f"| {rule.id} | `{rule.name}` | {rule.severity} | {rule.title} |" in page
