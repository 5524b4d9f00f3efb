"""Jobs beside other bills: the same factors, spot and filters; and what has no part in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as few
from running import DAY, run
from strategies import magnitude, shipped_catalog

import tco
from tco.analysis.jobs.embedding import embed
from tco.analysis.jobs.results import JobRow
from tco.analysis.jobs.training import train
from tco.ask.options import QuestionOptions, idle, lacking

LLAMA = "llama-3.3-70b"
OPEN = {name for name, m in shipped_catalog().models.models.items() if m.weights == "open"}
TRAIN: dict[str, Any] = {"models": (LLAMA, "gpt-4.1"), "training_tokens": 10e6, "ways": ("lora",)}
EMBED: dict[str, Any] = {
    "corpus_tokens": 10e9,
    "queries": 5e6,
    "query_tokens": 200.0,
    "params": 0.6e9,
}


def rows(asked: Any, **fields: Any) -> list[JobRow]:
    inputs = asked(**{"gpus": ("h100-sxm",), **fields})
    found = (*train(inputs, **TRAIN).rows, *embed(inputs, **EMBED).rows)
    return [row for row in found if row.feasible]


def usd(row: JobRow) -> float:
    return (row.usd_once or 0.0) + (row.monthly_usd or 0.0)


@few(max_examples=15)  # every bill is linear in a factor
@given(factor=magnitude(0.2, 5.0))
def test_rents_and_prices_are_scaled_by_their_factors(asked: Any, factor: float) -> None:
    before = {r.id: r for r in rows(asked)}
    for path, of in (
        ("rent.factor", lambda r: r.tier == "self"),
        ("price.hosted_factor", lambda r: r.tier == "hosted" and r.model in OPEN),
        ("price.api_factor", lambda r: r.tier == "hosted" and r.model not in OPEN),
    ):
        after = rows(asked, settings={path: factor})
        assert {r.id for r in after} == before.keys()
        assert any(of(r) for r in after)
        for row in after:
            ratio = factor if of(row) else 1.0
            assert usd(row) == pytest.approx(ratio * usd(before[row.id]), rel=1e-9)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_spot_gpus_take_more_than_their_hours(asked: Any, share: float) -> None:
    given = {"rent.spot_overprovision": share, "rent.spot_interruptions_per_month": 2.0}
    own = [
        row
        for row in rows(asked, purchases=("spot",), settings={**given, "plan.lead_h": 0.5})
        if row.tier == "self"
    ]
    assert len(own) == 2
    for row in own:
        for bill in (row.once, row.monthly):
            lines = {line.item: line for line in bill}
            hours = sum(x.quantity for name, x in lines.items() if name.startswith("GPU rent"))
            more = lines.get("spot, over-provisioned")
            assert (more.quantity if more else 0.0) == pytest.approx(share * hours)
            if bill:
                assert lines["spot, restarts"].quantity == pytest.approx(hours / 730 * 2.0 * 0.5)
        assert "may be taken away at any time" in row.notes


def test_the_crossing_counts_what_spot_gpus_take(asked: Any) -> None:
    inputs = asked(gpus=("h100-sxm",), purchases=("spot",), min_trust="low")
    made = train(inputs, **TRAIN).crossing
    assert made is not None and made.tokens is not None
    ask = {
        "models": TRAIN["models"],
        "training_tokens": made.tokens / 3,
        "ways": ("lora",),
    }
    costs = [(r.tier, r.usd_once) for r in train(inputs, **ask).rows if r.usd_once is not None]
    hosted, own = (min(x for tier, x in costs if tier == t) for t in ("hosted", "self"))
    assert hosted == pytest.approx(own, rel=1e-9)


def test_what_is_left_out_is_left_out_of_jobs(asked: Any) -> None:
    spot = {"purchases": ("spot",)}
    kept = [line.item for r in rows(asked, without=("spot",), **spot) for line in r.once]
    assert "GPU rent, start" in kept and not any(item.startswith("spot") for item in kept)
    free = [r for r in rows(asked, without=("rent",)) if r.tier == "self"]
    assert [(usd(r), r.once) for r in free] == [(0.0, ())] * 2
    paid = [r for r in rows(asked, without=("tokens",)) if r.tier == "hosted"]
    assert paid and all(usd(r) == 0.0 for r in paid)


@pytest.mark.parametrize("only", [{"private": True}, {"tiers": ("self",)}])
def test_own_gpus_alone(asked: Any, only: dict[str, Any]) -> None:
    assert {r.tier for r in rows(asked, **only)} == {"self"}
    inputs = asked(tiers=("hosted",))
    assert {r.id.split("/")[0] for r in train(inputs, **TRAIN).rows} == {"together", "fireworks"}


def test_queries_pay_for_whole_machines(asked: Any) -> None:
    made = embed(asked(gpus=("h100-sxm",), sellers=("azure",)), **EMBED)
    (row,) = (r for r in made.rows if r.tier == "self")
    assert row.gpus == 8 and row.monthly[0].quantity == 8 * 730  # two would do, it rents eight


TUNED: dict[str, Any] = {"training_tokens": "10M", "gpu": "h100-sxm", "as_of": "2026-11-21"}
TEXTS: dict[str, Any] = {
    "corpus": "10B",
    "queries": "50M",
    "query_tokens": 200,
    "params": "0.6B",
    "gpu": "h100-sxm",
    "as_of": "2026-11-21",
}
SERVED = {"tokens": "2B"}
MATTERS: dict[str, tuple[dict[str, Any], Any]] = {
    "tokens": ({}, "2B"),
    "requests": ({}, "2M"),
    "users": ({"profile": "chat"}, "2k"),
    "developers": ({}, "20"),
    "profile": (SERVED, "rag"),
    "isl": (SERVED, 3000),
    "osl": (SERVED, 900),
    "cached": (SERVED, 0.9),
    "horizon": ({"refresh": "1 month"}, "12 months"),
    "provider": ({}, "together"),
    "min_trust": ({}, "low"),
    "tier": ({}, "self"),
    "private": ({}, True),
    "gpu": ({}, "a100-sxm-80gb"),
    "seller": ({}, "lambda"),
    "purchase": ({}, "spot"),
    "marketplaces": ({"gpu": "rtx-4090"}, True),
    "without": ({}, "rent"),
    "set": ({}, {"training.mfu": 0.5, "embedding.mfu": 0.5}),
    "as_of": ({}, "2026-03-01"),
    "batch": ({}, 1.0),
    "peak_to_mean": ({"params": "6B", "queries": "5B"}, 9.0),
    "model": ({}, "embed-v4"),
    "hours_per_month": ({}, 600.0),
    "option": ({}, "ours:kind=tuned,training=$4"),
}
"""For each option, what is asked besides, and a value that changes the answer."""
ELSEWHERE = ("catalog", "file", "model_config", "params", "currency", "fx")
"""Files and configs: tests/catalog; another money changes no row: test_currency.py."""


@pytest.mark.parametrize(
    "name", [n for n in QuestionOptions.__annotations__ if n not in lacking("train")]
)
def test_every_option_of_train_matters(name: str) -> None:
    if name in ELSEWHERE:
        return
    besides, value = MATTERS[name]
    models = ("llama-3.1-8b",) if name == "marketplaces" else (LLAMA, "gpt-4.1")
    usual = {**TUNED, **besides}
    if name == "hours_per_month":  # a rate comes to less in a shorter month
        usual["tokens"] = "30M/day"
    changed = tco.train(*models, **{**usual, name: value})
    assert changed.rows != tco.train(*models, **usual).rows


@pytest.mark.parametrize(
    "name", [n for n in QuestionOptions.__annotations__ if n not in lacking("embed")]
)
def test_every_option_of_embed_matters(name: str) -> None:
    if name in ELSEWHERE:
        return
    besides, value = MATTERS[name]
    usual = {**TEXTS, **{k: v for k, v in besides.items() if k != "refresh"}}
    if name == "hours_per_month":
        usual["queries"] = "2 req/s"
    assert tco.embed(**{**usual, name: value}).rows != tco.embed(**usual).rows


FILE = """version: 1
workload: {tokens: 5B, isl: 900}
select: {models: [gpt-4.1], licenses: [permissive], gpu_count: 2}
serving: {engine: default}
people: {fte: 1}
owning: {site: desk}
"""


@pytest.mark.parametrize(
    ("words", "load", "command"),
    [
        (("train", LLAMA, "--training-tokens", "1M"), ("--tokens", "5B"), "train"),
        (("embed", "--corpus", "1B", "--model", "embed-v4"), (), "embed"),
    ],
)
def test_what_a_file_says_in_vain_is_told(
    words: tuple[str, ...], load: tuple[str, ...], command: str, tmp_path: Path
) -> None:
    file = tmp_path / "tco.yaml"
    file.write_text(FILE, encoding="utf-8")
    plain = run(*words, *load, *DAY, "-o", "csv")
    made = run(*words, *DAY, "-o", "csv", "-f", str(file), env={"TCO_MAX_TPOT": "50ms"})
    assert made.exit_code == 0 and made.stdout == plain.stdout
    (note,) = [line for line in made.stderr.splitlines() if "no part in this answer" in line]
    for name, told in (
        ("license", f"select.licenses ({file}:3)"),
        ("gpus", f"select.gpu_count ({file}:3)"),
        ("engine", f"serving.engine ({file}:4)"),
        ("fte", f"people.fte ({file}:5)"),
        ("site", f"owning.site ({file}:6)"),
        ("tokens", f"workload.tokens ({file}:2)"),
    ):
        assert (told in note) == (name in idle(command)), name


def test_flags_that_need_another_are_told() -> None:
    without = run("embed", "--corpus", "1B", "--gpu", "l40s", *DAY)
    assert "no part in this answer: select.gpus (--gpu)" in without.stderr
    given = run("embed", "--corpus", "1B", "--gpu", "l40s", "--params", "1B", *DAY)
    assert "no part" not in given.stderr
    unserved = run("train", LLAMA, "--training-tokens", "1M", "--isl", "4k", *DAY)
    assert "no part in this answer: workload.isl (--isl)" in unserved.stderr


@pytest.mark.parametrize(
    "command", [("train", LLAMA, "--training-tokens", "1M"), ("embed", "--corpus", "1B")]
)
def test_what_jobs_refuse(command: tuple[str, ...], tmp_path: Path) -> None:
    for purchase in ("own", "dedicated", "spot,own"):
        refused = run(*command, "--purchase", purchase)
        assert refused.exit_code == 2 and refused.stderr.count("\n") == 1
        assert "jobs run on GPUs rented" in refused.stderr
    hours = run(*command, env={"TCO_BILLING": "autoscaled"})
    assert hours.exit_code == 2
    assert hours.stderr == (
        "tco: --billing autoscaled: a job's GPUs are on until it is done; leave it out\n"
    )
    file = tmp_path / "tco.yaml"
    file.write_text("version: 1\nselect: {purchases: [own]}\n", encoding="utf-8")
    bad = run(*command, "-f", str(file))
    assert bad.exit_code == 3 and f"{file}:2: own: jobs run on GPUs" in bad.stderr
    for flag in ("--billing", "--schedule", "--coverage", "--site", "--electricity"):
        assert run(*command, flag, "x").exit_code == 2
