"""Tuning as people do it: QLoRA, memory by its parts, speeds as measured, and what it saves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from running import DAY, run
from strategies import magnitude, real

from tco.analysis.jobs.results import JobRow
from tco.analysis.jobs.training import train
from tco.catalog.load import load_catalog
from tco.engine.capital import payback_months
from tco.engine.training import (
    NF4_BYTES,
    activation_bytes,
    adapter_params,
    gathered_bytes,
    gpus_that_hold,
    hours_at_speed,
    pays_from,
    shorter_prompt,
    state_bytes,
)
from tco.options.bills import usd_of
from tco.options.names import resolve

LLAMA, SMALL, MIXTURE = "llama-3.3-70b", "llama-3.1-8b", "qwen3-30b-a3b"
ONE: dict[str, Any] = {"training_tokens": 10e6}


def total(parts: dict[str, Any]) -> float:
    return float(sum(parts.values()))


# Memory by hand, from the papers.


def test_sixteen_bytes_a_weight_and_ten_with_moments_of_8_bits() -> None:
    assert state_bytes(7.5e9) == {
        "weights": 15e9,
        "adapters": 0,
        "gradients": 15e9,
        "optimizer": 90e9,
    }
    assert total(state_bytes(7.5e9)) == 120e9  # figure 1 of ZeRO
    assert total(state_bytes(7.5e9, optimizer_bytes=6.0)) == 75e9


def test_nf4_takes_4_127_bits_and_65b_fit_on_48_gb() -> None:
    assert pytest.approx(4.127, abs=5e-4) == NF4_BYTES * 8
    state = state_bytes(65e9, 0.4e9, 65e9)
    assert state["weights"] == pytest.approx(33.53e9, rel=1e-3)
    activations = activation_bytes(512, 80, 8192, 32000, checkpointing=1)
    gathered = gathered_bytes(state["weights"], 80)
    assert gpus_that_hold(total(state), activations, gathered, 48e9, 0.9) == 1  # QLoRA, 2023
    sixteen = total(state_bytes(65e9, 0.4e9))
    assert gpus_that_hold(sixteen, activations, gathered, 48e9, 0.9) == 4


def test_adapters_of_rank_64_on_all_matrices_of_llama_7b() -> None:
    widths = np.array([4096, 4096, 4096, 4096, 11008, 11008, 11008])
    assert adapter_params(64, 32, 4096, widths) == 159_907_840


def test_activations_of_a_layer_by_hand() -> None:
    whole = activation_bytes(2048, 96, 12288, 0, checkpointing=0)
    assert whole == 34 * 2048 * 12288 * 96
    again = activation_bytes(2048, 96, 12288, 51200, checkpointing=1)
    assert again == 2048 * (2 * 12288 * 96 + 34 * 12288 + 4 * 51200)


# Laws.


@given(params=magnitude(1e8, 1e12), share=real(1e-4, 0.1), tables=real(0.0, 0.3))
def test_qlora_holds_less_than_lora_and_lora_less_than_full(
    params: float, share: float, tables: float
) -> None:
    four = params * (1.0 - tables)
    sizes = [
        total(state_bytes(params, params * share, four)),
        total(state_bytes(params, params * share)),
        total(state_bytes(params)),
    ]
    assert sizes == sorted(sizes)
    assert sizes[1] - sizes[0] == pytest.approx((2.0 - NF4_BYTES) * four)


@given(tokens=magnitude(1.0, 1e6), layers=real(2.0, 200.0), hidden=magnitude(64, 20e3))
def test_checkpointing_never_takes_more(tokens: float, layers: float, hidden: float) -> None:
    sizes = [activation_bytes(tokens, layers, hidden, 1e5, checkpointing=x) for x in (1, 0)]
    assert sizes[0] <= sizes[1]


@given(
    shared=magnitude(1e9, 1e13), each=magnitude(1e8, 5e10), layer=real(0.0, 2e10),
    gpu=magnitude(2e10, 3e11),
)  # fmt: skip
def test_the_fewest_gpus_that_hold_a_run(
    shared: float, each: float, layer: float, gpu: float
) -> None:
    count = float(gpus_that_hold(shared, each, layer, gpu, 0.9))
    room = 0.9 * gpu

    def holds(gpus: float) -> bool:
        return shared / gpus + each + (layer if gpus > 1 else 0.0) <= room * (1 + 1e-9)

    if not np.isfinite(count):
        assert not holds(1.0) and each + layer >= room * (1 - 1e-9)
        return
    assert holds(count)
    assert count == 1 or not holds(count - 1 - 1e-6 * count)


@given(isl=magnitude(10, 1e6), cached=real(0.0, 1.0), part=real(0.0, 0.99))
def test_what_is_saved_was_cached_first(isl: float, cached: float, part: float) -> None:
    left, share = shorter_prompt(isl, cached, part * isl)
    assert left == pytest.approx(isl * (1 - part))
    read = float(np.asarray(share)) * float(np.asarray(left))
    assert read == pytest.approx(max(isl * cached - part * isl, 0.0), abs=1e-6 * isl)
    assert 0.0 <= float(np.asarray(share)) <= 1.0 + 1e-12


def test_no_prompt_is_shorter_than_nothing() -> None:
    with pytest.raises(ValueError, match="all that it has"):
        shorter_prompt(1000.0, 0.5, 1000.0)


@given(once=magnitude(1.0, 1e5), saved=magnitude(1.0, 1e5))
def test_it_pays_when_its_cash_is_back(once: float, saved: float) -> None:
    assume(once / saved < 200)
    months = float(pays_from(once, 0.0, saved))
    flow = np.array([-once, *[saved] * 201])
    assert months == pytest.approx(payback_months(flow), rel=1e-9)


# Runs.


def own(made: Any, way: str) -> JobRow:
    return next(r for r in made.rows if (r.tier, r.method) == ("self", way) and r.feasible)


def test_a_run_tells_the_memory_of_a_gpu(asked: Any) -> None:
    made = train(asked(gpus=("h100-sxm",)), (LLAMA,), **ONE)
    for way in ("lora", "qlora", "full"):
        row = own(made, way)
        of = row.memory_per_gpu
        assert of is not None and row.gpus is not None and of.used_gb <= of.usable_gb
        parts = (of.weights_gb, of.adapters_gb, of.gradients_gb, of.optimizer_gb)
        assert of.used_gb == pytest.approx(sum(parts) + of.activations_gb + of.gathered_gb)
    lora, full = (own(made, way).memory_per_gpu for way in ("lora", "full"))
    assert lora is not None and full is not None
    assert lora.weights_gb == pytest.approx(2 * 70.55 / 4) and full.adapters_gb == 0.0
    assert full.optimizer_gb == pytest.approx(12 * 70.55 / 24)


def test_qlora_needs_one_gpu_where_lora_needs_four_and_takes_longer(asked: Any) -> None:
    made = train(asked(gpus=("h100-sxm",)), (LLAMA,), **ONE)
    lora, qlora = own(made, "lora"), own(made, "qlora")
    assert (lora.gpus, qlora.gpus) == (4.0, 1.0)
    assert qlora.once[0].quantity == pytest.approx(1.66 * lora.once[0].quantity)


def test_qlora_keeps_tables_and_experts_in_32_bits_unless_packed(asked: Any) -> None:
    def weights_gb(model: str, **said: float) -> float:
        settings = {f"training.qlora_{name}": value for name, value in said.items()}
        made = train(asked(gpus=("h200-sxm",), settings=settings), (model,), **ONE)
        of, gpus = own(made, "qlora").memory_per_gpu, own(made, "qlora").gpus
        assert of is not None and gpus is not None
        assert any("leaves the experts" in w for w in made.warnings) is (
            model == MIXTURE and "packed_experts" not in said
        )
        return of.weights_gb * gpus

    tables = 2 * 128256 * 8192 / 1e9  # of Llama 3.3 70B: its card's vocabulary and width
    four = NF4_BYTES * (70.55 - tables)
    assert weights_gb(LLAMA) == pytest.approx(four + 4 * tables, rel=2e-3)
    assert weights_gb(LLAMA, other_bytes=2.0) == pytest.approx(four + 2 * tables, rel=2e-3)
    loose, packed = weights_gb(MIXTURE), weights_gb(MIXTURE, packed_experts=1.0)
    routed = 48 * 128 * 3 * 2048 * 768 / 1e9  # Qwen3-30B-A3B: layers, experts, matrices, widths
    assert loose - packed == pytest.approx((4 - NF4_BYTES) * routed, rel=1e-3)


def test_without_checkpointing_activations_grow(asked: Any) -> None:
    plain, whole = (
        own(train(asked(gpus=("h200-sxm",), settings=said), (SMALL,), **ONE), "lora").memory_per_gpu
        for said in ({}, {"training.checkpointing": 0.0})
    )
    assert plain is not None and whole is not None
    layers = 2 * 4096 * 32 + 34 * 4096
    assert plain.activations_gb == pytest.approx(4096 * (layers + 4 * 128256) / 1e9)
    assert whole.activations_gb == pytest.approx(4096 * (34 * 4096 * 32 + 4 * 128256) / 1e9)


@pytest.mark.parametrize(
    ("said", "hours"),
    [({"training.gpu_hours": 12.0}, 12.0), ({"training.tokens_per_s": 2500.0}, 30e6 / 2500 / 3600)],
)
def test_a_speed_of_ones_own_replaces_the_mfu(
    asked: Any, said: dict[str, float], hours: float
) -> None:
    made = train(asked(gpus=("h100-sxm",), settings=said), (SMALL,), ways=("lora",), **ONE)
    row = own(made, "lora")
    assert row.once[0].quantity == pytest.approx(hours)
    assert row.hours == pytest.approx(0.5 + hours / (row.gpus or 1))
    assert not any("MFU" in w for w in made.warnings)
    assert hours_at_speed(30e6, 2500.0) == pytest.approx(30e6 / 2500 / 3600)


def test_the_rank_sizes_the_adapters(asked: Any) -> None:
    inputs = asked(gpus=("h100-sxm",), settings={"training.lora_rank": 16.0})
    memory = own(train(inputs, (SMALL,), ways=("lora",), **ONE), "lora").memory_per_gpu
    each = 2 * (4096 + 4096) + 2 * (4096 + 1024) + 3 * (4096 + 14336)  # q, o; k, v; gate, up, down
    assert memory is not None
    assert memory.adapters_gb == pytest.approx(2 * 16 * 32 * each / 1e9)  # 41.9M weights


def test_what_does_not_fit_says_how_many_would(asked: Any) -> None:
    inputs = asked(gpus=("h100-sxm",), settings={"training.gpus": 4.0})
    rows = train(inputs, (LLAMA,), **ONE).rows
    (reason,) = next(r.reasons for r in rows if r.id.endswith("4xh100-sxm:full"))
    assert reason.startswith("it takes 18 of these GPUs: 1,129 GB of weights")
    assert {r.gpus for r in rows if r.tier == "self" and r.feasible} == {4.0}
    long = asked(gpus=("h100-sxm",), settings={"training.sequence_tokens": 2e6})
    rows = train(long, (LLAMA,), **ONE).rows
    assert any("no number of them holds it" in r.reasons[0] for r in rows if not r.feasible)
    hurried = asked(gpus=("h100-sxm",), settings={"training.gpus": 4.0, "training.within_h": 1.0})
    reasons = [
        r.reasons[0] for r in train(hurried, (LLAMA,), ways=("lora",), **ONE).rows if r.reasons
    ]
    assert any("more than 1 (--within)" in reason for reason in reasons)


# What it saves.


def test_beside_what_is_used_untuned(asked: Any) -> None:
    inputs = asked(requests=1e6, settings={"training.prompt_saved_tokens": 800.0})
    made = train(inputs, ("gpt-4.1-mini",), against="gpt-4.1", **ONE)
    row = next(r for r in made.rows if r.feasible)
    untuned = usd_of(resolve("gpt-4.1", inputs).best, inputs.settings)
    assert made.untuned_usd_per_month == pytest.approx(untuned)
    # 400 tokens in are left of 1,200: the 448.8 that were cached, and 351.2 more, are not needed.
    people = untuned - 1e3 * (1.2 * 0.626 * 2 + 1.2 * 0.374 * 0.5 + 0.33 * 8)
    tuned = 1e3 * (0.4 * 0.8 + 0.33 * 3.2) + people
    assert row.saved_usd_per_month == pytest.approx(untuned - tuned, rel=1e-6)
    assert row.usd_once is not None and row.pays_after_months is not None
    assert row.pays_after_months == pytest.approx(row.usd_once / (untuned - tuned), rel=1e-6)
    assert row.pays_after_requests == pytest.approx(1e6 * row.pays_after_months)
    assert row.monthly_usd == pytest.approx(sum(line.amount_usd for line in row.monthly))
    assert "has paid for itself after" in made.verdict


def test_a_month_is_told_once_and_not_less_what_it_replaces(asked: Any) -> None:
    """A bill of $20,964 less $8,400 was `at $1.39 a run and $12,564 a month`."""
    inputs = asked(requests=1e6, gpus=("h100-sxm",))
    made = train(inputs, (SMALL,), ways=("lora",), against="gpt-4.1", **ONE)
    row = own(made, "lora")
    assert row.monthly_usd is not None and row.monthly_usd > 0
    first, beside = made.verdict.split(" Beside ")
    assert " a month" not in first and "more a month" in beside


def test_a_part_that_is_not_known_is_no_sum_of_0(asked: Any) -> None:
    """Ways whose serving has no price came to their run alone over 36 months."""
    inputs = asked(requests=1e6)
    made = train(inputs, ("gpt-4.1-mini", SMALL), **ONE)
    known = [r.id for r in made.rows if r.feasible and r.total_usd is not None]
    assert known == ["openai/gpt-4.1-mini:any"]
    assert any("they rank by the run alone" in w and SMALL in w for w in made.warnings)
    once = train(asked(), ("gpt-4.1-mini", SMALL), **ONE)
    assert all(r.total_usd == r.usd_once for r in once.rows if r.feasible)


def test_a_shorter_prompt_is_a_saving_each_month(asked: Any) -> None:
    said = {"workload.cached_share": 0.0, "training.prompt_saved_tokens": 500.0}
    made = train(asked(requests=1e6, settings=said), ("gpt-4.1",), **ONE)
    row = next(r for r in made.rows if r.feasible)
    less = next(x for x in row.monthly if x.item == "shorter prompt")
    assert less.amount_usd == pytest.approx(-500 * 2.0)
    surcharge = next(x for x in row.monthly if x.item == "serving surcharge")
    assert surcharge.amount_usd == pytest.approx(700 * 1.0 + 330 * 4.0)
    assert row.saved_usd_per_month == pytest.approx(1000 - 2020)
    assert row.pays_after_months is None and "it never pays" in made.verdict


def test_new_runs_are_paid_before_anything_is_saved(asked: Any) -> None:
    inputs = asked(requests=1e6)
    ask: dict[str, Any] = {"models": ("gpt-4.1-mini",), "against": "gpt-4.1", **ONE}
    once = next(r for r in train(inputs, **ask).rows if r.feasible)
    anew = next(r for r in train(inputs, refresh_months=2.0, **ask).rows if r.feasible)
    assert once.saved_usd_per_month is not None and once.usd_once is not None
    assert anew.saved_usd_per_month == pytest.approx(once.saved_usd_per_month - once.usd_once / 2)


def test_own_gpus_serve_what_they_tuned_at_their_whole_bill(asked: Any) -> None:
    inputs = asked(requests=50e6, gpus=("h100-sxm",))
    made = train(inputs, (SMALL,), ways=("lora",), against="gpt-4.1", **ONE)
    row = own(made, "lora")
    served = usd_of(resolve(f"self/{SMALL}", inputs).best, inputs.settings)
    assert row.monthly[0].amount_usd == pytest.approx(served)
    assert not any("not in these rows" in w for w in made.warnings)


OURS = "ours:kind=tuned,training=$4,input=$0.9,output=$0.9,hosting=$500/month"
TUNE = ("train", LLAMA, "--training-tokens", "10M", *DAY)


def test_a_price_of_ones_own() -> None:
    made = run(*TUNE, "--tier", "hosted", "--option", OURS, "--requests", "5M", "-o", "json")
    rows = json.loads(made.stdout)["rows"]
    row = next(r for r in rows if r["id"] == "ours")
    assert row["usd_once"] == pytest.approx(30 * 4 * 1.2) and row["trust"] == "high"
    assert row["monthly_usd"] == pytest.approx(500.0)
    assert row["total_usd"] is None  # its tokens cost more than a base that has no price here
    assert row["once"][0]["origin"] == "given"
    held = run(*TUNE, "--tier", "hosted", "--option", OURS, "--requests", "5M", "--against",
               "gpt-4.1", "-o", "json")  # fmt: skip
    rows = json.loads(held.stdout)["rows"]
    assert [r["id"] for r in rows if r["feasible"]] == ["ours"]
    unknown = next(r for r in rows if r["id"].startswith("together"))
    assert "nor what it saves" in unknown["reasons"][0]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("--gpu-hours 12", 2, "--gpu-hours is of one run: name --method and --gpu"),
        (
            "--gpu-hours 12 --train-tokens-per-s 2500 --gpu h100-sxm --method lora",
            2,
            "--gpu-hours and --train-tokens-per-s both say how fast",
        ),
        (
            "--gpu-hours 12 --set training.mfu=0.4 --gpu h100-sxm --method lora",
            2,
            "--gpu-hours and training.mfu both say how fast",
        ),
        ("--method full --lora-rank 16", 2, "full fine-tuning has no adapters"),
        ("--lora-rank 16 --set training.adapter_share=1%", 2, "both size the adapters"),
        ("--lora-rank 1.5", 2, "--lora-rank"),
        ("--prompt-saved 500", 2, "--prompt-saved is about the tokens of a month"),
        ("--against gpt-4.1", 2, "--against is about the tokens of a month"),
        ("--prompt-saved 5000 --requests 1M", 2, "it must be less, or say --isl"),
        ("--against gpt-99 --requests 1M", 3, "no option called 'gpt-99'"),
        ("--option x:kind=tuned,input=$3,output=$4", 2, "of kind tuned needs training"),
        ("--option x:kind=tuned,training=$3,input=$4", 2, "needs output"),
        ("--option x:kind=tuned,training=$3,method=foo", 2, "none of lora, qlora, full"),
        ("--train-gpus 0", 2, "--train-gpus"),
        ("--gpu l40s --train-gpus 1 --method lora --tier self", 4, "it takes 5 of these GPUs"),
    ],
)
def test_what_is_refused(words: str, code: int, told: str) -> None:
    made = run(*TUNE, *words.split(" "))
    assert made.exit_code == code, made.output
    assert told in made.stderr and made.stderr.count("\n") == 1


def test_what_has_no_part_is_told() -> None:
    box = run(*TUNE, "--tier", "hosted", "--option", "box:kind=fixed,usd_per_month=5")
    assert "box has no part in this answer: --against box" in box.stderr
    other = run(*TUNE, "--tier", "hosted", "--option", "x:kind=tuned,training=$3,model=gpt-4.1")
    assert "x has no part in this answer: it tunes gpt-4.1" in other.stderr
    compared = run("compare", "--tokens", "1B", "--option", "x:kind=tuned,training=$3", *DAY)
    assert compared.exit_code == 2 and "for tco train alone" in compared.stderr
    experts = run("train", "mixtral-8x7b", "--training-tokens", "1M", "--lora-rank", "8", *DAY)
    assert experts.exit_code == 2 and "are not worked out" in experts.stderr
    unknown = run("train", "command-a", "--training-tokens", "1M", *DAY)
    assert unknown.exit_code == 4 and "its dimensions are not in the catalog" in unknown.stderr


def test_what_was_described_is_on_the_screen() -> None:
    assert "\n38  ours " in run(*TUNE, "--option", "ours:kind=tuned,training=$4").stdout
    mine = run("embed", "--corpus", "10B", "--params", "8B", "--gpu", "l4", *DAY).stdout
    assert "self/given@l4/" in mine
    refused = run("embed", "--corpus", "10B", "--private", *DAY)
    assert refused.exit_code == 4 and "--params 0.6B" in refused.output


def test_each_named_model_has_its_best_row_on_the_screen() -> None:
    asked = ("train", "qwen3-235b-2507", LLAMA, "--training-tokens", "100M", *DAY)
    rows = json.loads(run(*asked, "-o", "json").stdout)["rows"]
    best = next(i for i, r in enumerate(rows, 1) if r["model"] == LLAMA and r["feasible"])
    assert best > 12  # all before it are of the other model
    shown = run(*asked).stdout
    assert f"\n{best}  self/{LLAMA}@" in shown and "\n 1  self/qwen3-235b-2507@" in shown
    assert LLAMA not in run(*asked, "--top", "2").stdout


@pytest.mark.parametrize(("bytes_", "bits"), [(4.0, 32), (2.0, 16)])
def test_who_leaves_experts_in_how_many_bits_is_said_alike(
    asked: Any, bytes_: float, bits: int
) -> None:
    said = {"training.qlora_other_bytes": bytes_}
    made = train(asked(gpus=("h200-sxm",), settings=said), (MIXTURE,), **ONE)
    told = f"in {bits} bits (bitsandbytes leaves 16, peft's preparation makes 32 of these)"
    assert any(told in line for line in made.warnings)
    assumed = load_catalog().assumptions.assumptions
    assert "leaves them as they are, in 16 bits" in assumed["training.qlora_packed_experts"].note
    assert "made 32 bits" in assumed["training.qlora_other_bytes"].note


def test_a_model_of_ones_own_is_tuned_without_its_name(tmp_path: Path) -> None:
    said = {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32}
    said |= {"num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256}
    config = {"model_type": "llama", "torch_dtype": "bfloat16", **said}
    (tmp_path / "config.json").write_text(json.dumps(config))
    own = ["--model-config", str(tmp_path / "config.json"), "--training-tokens", "50M"]
    alone, named = (run("train", *name, *own, *DAY) for name in ([], [tmp_path.name]))
    assert alone.exit_code == 0, alone.stderr
    assert alone.stdout.splitlines()[:6] == named.stdout.splitlines()[:6]
