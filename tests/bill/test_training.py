"""Fine-tuning and embedding: formulas by hand, laws, the article's example, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from running import DAY, run
from strategies import magnitude, real

from tco.analysis.jobs.embedding import embed
from tco.analysis.jobs.results import JobRow
from tco.analysis.jobs.training import train
from tco.engine.shapes import Workload
from tco.engine.training import (
    embed_flops,
    gpu_hours,
    gpus_for_memory,
    gpus_in_time,
    pays_from,
    serving_gpus,
    state_bytes,
    total_of,
    training_flops,
    whole_gpus,
)
from tco.errors import InfeasibleError, UnknownNameError, UsageError

LLAMA = "llama-3.3-70b"


def test_by_hand() -> None:
    full, lora = (training_flops(70e9, 30e6, full=way) for way in (True, False))
    assert full == pytest.approx(6 * 70e9 * 30e6)
    assert lora == pytest.approx(4 * 70e9 * 30e6)
    assert total_of(state_bytes(70e9)) == pytest.approx(16 * 70e9)
    assert total_of(state_bytes(70e9, 0.01 * 70e9)) == pytest.approx((2 + 0.16) * 70e9)
    assert gpu_hours(lora, 312e12, 0.35) == pytest.approx(8.4e18 / 1.092e14 / 3600)
    assert gpus_for_memory(total_of(state_bytes(70e9)), 80 * 2**30, 0.75) == 18
    assert gpus_in_time(21.0, 7.5, 0.5) == 3.0
    assert embed_flops(0.6e9, 1e9) == 1.2e18


@pytest.mark.parametrize(
    ("least", "node", "instance", "gpus"),
    [(0.2, 8, 1, 1), (3, 8, 1, 4), (5, 8, 1, 8), (3, 8, 8, 8), (9, 8, 8, 16), (17.1, 8, 8, 24)],
)
def test_gpus_come_whole(least: float, node: int, instance: int, gpus: int) -> None:
    assert whole_gpus(least, node, instance) == gpus


@given(least=magnitude(0.01, 500.0))
def test_no_fewer_gpus_than_are_needed(least: float) -> None:
    got = float(np.asarray(whole_gpus(least, 8, 8)))
    assert got >= least and got % 8 == 0 and got < least + 8
    assert whole_gpus(least, 8, 1) <= got


@given(tokens=magnitude(1e4, 1e12), epochs=magnitude(1.0, 10.0), mfu=real(0.05, 0.6))
def test_work_is_proportional_and_lora_is_two_thirds_of_it(
    tokens: float, epochs: float, mfu: float
) -> None:
    full, lora = (training_flops(8e9, tokens * epochs, full=way) for way in (True, False))
    assert lora == pytest.approx(full * 2 / 3, rel=1e-12)
    assert total_of(state_bytes(8e9, 8e7)) < total_of(state_bytes(8e9))
    twice = gpu_hours(2 * full, 1e15, mfu)
    assert twice == pytest.approx(2 * gpu_hours(full, 1e15, mfu), rel=1e-12)


def test_a_run_must_be_longer_than_its_start() -> None:
    with pytest.raises(ValueError, match="more than"):
        gpus_in_time(1.0, 0.5, 0.5)


@given(fixed=magnitude(0.1, 1e4), own=magnitude(1e-8, 1e-5), more=magnitude(1e-8, 1e-5))
def test_both_cost_the_same_at_the_crossing(fixed: float, own: float, more: float) -> None:
    tokens = float(pays_from(fixed, own, own + more))
    assert fixed + own * tokens == pytest.approx((own + more) * tokens, rel=1e-6)
    assert np.isinf(pays_from(fixed, own + more, own))


def test_queries_are_served_at_their_peak_with_one_to_spare() -> None:
    load = Workload(tokens_per_month=730 * 3600 * 1e4, isl=200.0, osl=0.0, peak_to_mean=2.0)
    # 20,000 tokens a second of 1e9 weights are 4e13 flop/s: at 85 % of 1e13 each, five GPUs.
    assert serving_gpus(load, 1e9, 1e13, 0.85, 1.0) == 6.0


def way(rows: tuple[JobRow, ...], start: str) -> JobRow:
    return next(r for r in rows if r.id.startswith(start))


def test_a_provider_takes_its_price_a_token(asked: Any) -> None:
    made = train(asked(), models=("gpt-4.1",), training_tokens=10e6)
    row = way(made.rows, "openai/gpt-4.1")
    assert row.usd_once == pytest.approx(30 * 25 * 1.2)
    assert [line.amount_usd for line in row.once] == pytest.approx([750.0, 150.0])
    assert row.monthly_usd is None and row.total_usd == row.usd_once
    assert way(made.rows, "self/gpt-4.1").reasons == ("its weights are closed",)


def test_a_tuned_model_is_dearer_to_call(asked: Any) -> None:
    inputs = asked(tokens=2e9, settings={"workload.cached_share": 0.0})
    made = train(inputs, models=("gpt-4.1",), training_tokens=10e6)
    row = way(made.rows, "openai/gpt-4.1")
    mtok_in, mtok_out = 2e3 * 1200 / 1530, 2e3 * 330 / 1530
    assert row.monthly_usd == pytest.approx(mtok_in * (3 - 2) + mtok_out * (12 - 8))
    assert row.usd_once is not None and row.monthly_usd is not None
    assert row.total_usd == pytest.approx(row.usd_once + 36 * row.monthly_usd)


def test_open_weights_take_the_price_of_their_size(asked: Any) -> None:
    rows = train(asked(), models=(LLAMA, "llama-3.1-8b"), training_tokens=10e6).rows
    found = {r.id: r.usd_per_mtok for r in rows if r.tier == "hosted" and r.feasible}
    assert found[f"together/{LLAMA}:lora"] == pytest.approx(2.9 * 1.2)
    assert found[f"together/{LLAMA}:full"] == pytest.approx(8 * 1.2)
    assert found["together/llama-3.1-8b:lora"] == pytest.approx(0.48 * 1.2)
    assert found[f"fireworks/{LLAMA}:lora"] == pytest.approx(3 * 1.2)


def test_the_articles_run_of_a_70b_model(asked: Any) -> None:
    """4-8 A100, 2-10 hours, $40-800 a run: so it is with LoRA and some 10M tokens."""
    inputs = asked(gpus=("a100-sxm-80gb",), min_trust="low")
    made = train(inputs, models=(LLAMA,), training_tokens=10e6, ways=("lora",))
    row = way(made.rows, f"self/{LLAMA}@4xa100-sxm-80gb:lora")
    assert row.hours is not None and 2.0 < row.hours < 10.0
    assert row.usd_once is not None and 40.0 < row.usd_once < 800.0
    work = 4 * 70e9 * 30e6 / (312e12 * 0.35) / 3600
    assert row.once[0].quantity == pytest.approx(work, rel=0.02)
    assert row.hours == pytest.approx(0.5 + work / 4, rel=0.02)
    assert row.usd_once == pytest.approx(sum(line.amount_usd for line in row.once))


def test_new_runs_come_every_so_many_months(asked: Any) -> None:
    inputs = asked(gpus=("h100-sxm",))
    ask = {
        "models": (LLAMA,),
        "training_tokens": 10e6,
        "ways": ("lora",),
        "refresh_months": 3.0,
    }
    row = next(r for r in train(inputs, **ask).rows if r.tier == "self")
    assert row.usd_once is not None
    assert row.monthly_usd == pytest.approx(row.usd_once / 3)
    assert row.total_usd == pytest.approx(row.usd_once * 12)


def test_less_time_takes_more_gpus_and_about_as_much_money(asked: Any) -> None:
    def row(hours: float) -> JobRow:
        inputs = asked(gpus=("h100-sxm",), settings={"training.within_h": hours})
        ask = {
            "models": ("llama-3.1-8b",),
            "training_tokens": 1e9,
            "ways": ("lora",),
        }
        return next(r for r in train(inputs, **ask).rows if r.tier == "self")

    slow, fast = row(300.0), row(12.0)
    assert slow.gpus is not None and fast.gpus is not None and fast.hours is not None
    assert fast.gpus > slow.gpus and fast.hours <= 12.0
    assert fast.once[0].quantity == pytest.approx(slow.once[0].quantity)


def test_weights_are_not_spread_over_pcie_unless_asked(asked: Any) -> None:
    ask = {"models": (LLAMA,), "training_tokens": 10e6, "ways": ("lora",)}
    usual = train(asked(), **ask).rows
    assert not any("l40s" in r.id for r in usual)
    assert any("l40s" in r.id for r in train(asked(gpus=("l40s",)), **ask).rows)
    joined = [r for r in usual if r.tier == "self" and r.gpus and r.gpus > 8]
    assert all("nodes, taken to be" in " ".join(r.notes) for r in joined)


def test_the_crossing_is_where_both_runs_cost_the_same(asked: Any) -> None:
    inputs = asked(gpus=("h100-sxm",))
    made = train(inputs, models=(LLAMA,), training_tokens=10e6, ways=("lora",))
    cross = made.crossing
    assert cross is not None and cross.tokens is not None
    hosted = cross.hosted_usd_per_mtok * cross.tokens / 1e6
    rented = cross.rented_usd_fixed + cross.rented_usd_per_mtok * cross.tokens / 1e6
    assert hosted == pytest.approx(rented)
    at = train(inputs, models=(LLAMA,), training_tokens=cross.tokens / 3, ways=("lora",))
    sure = [r for r in at.rows if r.trust != "low"]
    costs = [(r.tier, r.usd_once) for r in sure if r.usd_once is not None]
    hosted, rented = (min(usd for tier, usd in costs if tier == t) for t in ("hosted", "self"))
    assert hosted == pytest.approx(rented, rel=1e-9)


def test_what_is_refused(asked: Any) -> None:
    with pytest.raises(InfeasibleError, match="its weights are closed"):
        train(asked(), models=("claude-opus-4.8",), training_tokens=1e6)
    with pytest.raises(UnknownNameError):
        train(asked(), models=("gpt-99",), training_tokens=1e6)
    with pytest.raises(UsageError, match="to start alone"):
        inputs = asked(settings={"training.within_h": 0.25})
        train(inputs, models=(LLAMA,), training_tokens=1e6)
    with pytest.raises(UsageError, match="must be more than 0"):
        asked(settings={"training.mfu": 0.0})


def test_embedding_by_the_token(asked: Any) -> None:
    made = embed(asked(), corpus_tokens=10e9, queries=5e6, query_tokens=200.0)
    row = way(made.rows, "openai/text-embedding-3-small")
    assert (row.usd_once, row.monthly_usd) == (pytest.approx(200.0), pytest.approx(20.0))
    assert row.total_usd == pytest.approx(200 + 36 * 20)
    assert made.crossing is None and all(r.tier == "hosted" for r in made.rows)
    waits = asked(settings={"workload.batch_share": 1.0})
    rows = embed(waits, corpus_tokens=10e9).rows
    assert way(rows, "openai/text-embedding-3-small").usd_once == pytest.approx(100.0)
    assert "no batch tier: its usual price" in way(rows, "cohere/embed-v4").notes


def test_embedding_on_rented_gpus(asked: Any) -> None:
    inputs = asked(gpus=("l40s",))
    ask = {
        "corpus_tokens": 10e9,
        "queries": 5e6,
        "query_tokens": 200.0,
        "params": 0.6e9,
    }
    row = way(embed(inputs, **ask).rows, "self/given@l40s")
    peak = inputs.catalog.hardware.accelerators["l40s"].tflops.bf16
    assert peak is not None
    work = 2 * 0.6e9 * 10e9 / (peak * 1e12 * 0.3) / 3600
    assert row.once[0].quantity == pytest.approx(work)
    assert row.gpus == 2 and row.monthly[0].quantity == 2 * 730  # one serves, one is spare
    with pytest.raises(InfeasibleError, match="no single GPU"):
        only = asked(gpus=("l40s",), models=("embed-v4",), providers=("lambda",))
        embed(only, corpus_tokens=1e9, params=100e9)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        ({"corpus_tokens": 0.0}, "what is embedded"),
        ({"corpus_tokens": 0.0, "queries": 5.0}, "how long is a query"),
    ],
)
def test_embedding_nothing_is_refused(asked: Any, ask: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        embed(asked(), **ask)


def test_a_query_too_long_is_told(asked: Any) -> None:
    rows = embed(asked(), corpus_tokens=0.0, queries=1e6, query_tokens=10_000.0).rows
    reason = way(rows, "openai/text-embedding-3-small").reasons
    assert reason == ("a query is longer than the 8,191 tokens that it takes",)
    assert way(rows, "cohere/embed-v4").feasible and way(rows, "cohere/embed-v4").usd_once is None


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["train"], 2, "which model?"),
        (["train", LLAMA], 2, "how many tokens are trained on?"),
        (["train", LLAMA, "--training-tokens", "0"], 2, "--training-tokens: 0: must be more"),
        (["train", LLAMA, "--training-tokens", "1M", "--method", "qlor"], 2, "did you mean qlora"),
        (["train", LLAMA, "--training-tokens", "1M", "--refresh", "soon"], 2, "--refresh"),
        (["train", LLAMA, "--training-tokens", "1M", "--within", "10min"], 2, "--within"),
        (["train", "claude-opus-4.8", "--training-tokens", "1M"], 4, "nobody tunes"),
        (["embed"], 2, "--corpus 10B"),
        (["embed", "--corpus", "ten"], 2, "--corpus"),
        (
            ["embed", "--queries", "5M", "--query-tokens", "300k", "--provider", "azure"],
            4,
            "and 2 more",
        ),
    ],
)
def test_what_is_said(args: list[str], code: int, words: str) -> None:
    result = run(*args, *DAY)
    assert result.exit_code == code, result.output
    assert words in result.stderr and result.stderr.count("\n") == 1


def test_every_format() -> None:
    args = ("train", LLAMA, "gpt-4.1", "--training-tokens", "10M", *DAY)
    document = json.loads(run(*args, "-o", "json").stdout)
    assert document["schema"] == "tco.train/1" and document["crossing"]["tokens"] > 0
    rows = document["rows"]
    for found in rows:
        if found["feasible"]:
            total = sum(line["amount_usd"] for line in found["once"])
            assert total == pytest.approx(found["usd_once"], rel=1e-12)
    table = run(*args, "--top", "3").stdout
    assert "trained on; within 72 h" in table and max(map(len, table.splitlines())) <= 80
    assert run(*args, "-o", "csv").stdout.count("\n") == len(rows) + 1
    assert run(*args, "-o", "md").stdout.count("| ") > 3


def test_that_speed_is_judgment_is_told_with_what_it_does_to_the_cost(asked: Any) -> None:
    ask = {"models": (LLAMA,), "training_tokens": 10e6}
    (told,) = [w for w in train(asked(), **ask).warnings if "MFU" in w]
    assert "35% is judgment" in told and "from 50% to 20%" in told
    given = asked(settings={"training.mfu": 0.2})
    slow = next(r for r in train(given, **ask).rows if r.tier == "self")
    assert not [w for w in train(given, **ask).warnings if "MFU" in w]
    assert slow.usd_once is not None and f"to ${slow.usd_once:,.2f}" in told
    hurried = asked(settings={"training.within_h": 3.0})
    assert train(hurried, models=(LLAMA,), training_tokens=1e9).rows


def test_the_price_of_a_tuned_model_may_be_a_factor_on_its_base(asked: Any) -> None:
    ask = {"models": ("gpt-4.1",), "training_tokens": 10e6}
    inputs = asked(tokens=1e9)
    (offer,) = [o for o in inputs.catalog.prices.fine_tuning if o.model == "gpt-4.1"]
    assert offer.inference_multiply == 1.5

    def monthly(**other: Any) -> JobRow:
        changed = [offer.model_copy(update=other)]
        prices = inputs.catalog.prices.model_copy(update={"fine_tuning": changed})
        catalog = replace(inputs.catalog, prices=prices)
        return train(replace(inputs, catalog=catalog), **ask).rows[0]

    stated, factor = monthly(), monthly(inference_usd_per_mtok=None)
    assert factor.monthly_usd == pytest.approx(stated.monthly_usd)
    nothing = monthly(inference_usd_per_mtok=None, inference_multiply=None)
    assert nothing.monthly_usd is None
    assert any("is not known" in note for note in nothing.notes)


def test_that_serving_is_not_in_the_rows_of_own_runs_is_told(asked: Any) -> None:
    ask = {"models": (LLAMA,), "training_tokens": 10e6}
    assert any("tco compare prices it" in w for w in train(asked(tokens=1e9), **ask).warnings)
    assert not any("serving" in w for w in train(asked(), **ask).warnings)
