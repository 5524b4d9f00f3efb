"""The shipped hardware and model catalogs: shape, references, sums, and figures known by heart."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from strategies import shipped_catalog

from tco.catalog.check.models import recomputed_params
from tco.catalog.hardware import Rental
from tco.catalog.models import Model
from tco.engine.capacity import kv_bytes_per_sequence
from tco.engine.capacity import kv_bytes_per_token as kv_bytes_per_token_of
from tco.engine.shapes import Layout
from tco.options.shapes import model_shape

DATA = Path(__file__).parents[2] / "data"

# Names that public throughput measurements use.
MEASURED_GPUS = """
    A100-PCIe-80 A100-SXM-40 A100-SXM-80 A10G A40 ARC-PRO-B60 B200 B300 GAUDI2 GB200 GB300 GH200
    H100-NVL H100-PCIe H100-SXM H200-NVL H200-SXM L40S M1 M1-MAX M2-ULTRA M3-MAX MI250 MI250-GCD
    MI300X MI325X MI350X MI355X R9700 RTX-3070 RTX-3080 RTX-3080TI RTX-3090 RTX-3090TI
    RTX-4000-ADA RTX-4070TI RTX-4080 RTX-4090 RTX-5000-ADA RTX-5090 RTX-6000-ADA RTX-A6000
    RTX-PRO-6000 RX-7900XTX
"""
MEASURED_MODELS = """
    codellama-34b deepseek-coder-33b deepseek-v3 falcon-180b gemma-2-9b glm-4.5 glm-4.5-air glm-5
    gpt-j-6b gpt-oss-120b gpt-oss-20b kimi-k2.5 llama-2-13b llama-2-70b llama-2-7b llama-3-70b
    llama-3-8b llama-3.1-405b llama-33b llama-4-maverick llama-4-scout minimax-m2.5 mistral-7b
    mixtral-8x22b mixtral-8x7b phi-4 qwen2-72b qwen2-7b qwen2.5-1.5b qwen2.5-14b qwen2.5-32b
    qwen2.5-7b qwen3-14b qwen3-235b-a22b qwen3-30b-a3b qwen3-32b qwen3-8b qwen3.5-397b-a17b
    tinyllama-1.1b
"""
ARTICLE_MODELS = """
    claude-3.5-sonnet claude-opus-4 claude-opus-4.5 claude-opus-4.6 claude-sonnet claude-sonnet-4
    claude-sonnet-4.5 codestral command-r+ deepseek-r1 deepseek-v3 deepseek-v3.2
    gemini-2.0-pro gemini-2.5-flash gemini-2.5-pro gemma-2-27b gpt-4 gpt-4-turbo gpt-4.1
    gpt-4.1-nano gpt-4o gpt-4o-mini gpt-5 grok-4.1 llama-3.1-405b llama-3.1-70b llama-3.1-8b
    llama-3.3-70b llama-4-maverick llama-4-scout mistral-7b mistral-large
    mistral-large-2 phi-4 qwen-2.5-72b qwen-2.5-max qwen3-235b qwq-32b
"""


def load(name: str) -> Any:
    return yaml.load((DATA / name).read_bytes(), yaml.CSafeLoader)


HARDWARE = shipped_catalog().hardware
MODELS = shipped_catalog().models
DIMENSIONED = {i: m for i, m in MODELS.models.items() if m.architecture}


def names(records: dict[str, Any]) -> Counter[str]:
    """Return how many records answer to each id or alias, whatever its case."""
    return Counter(n for i, r in records.items() for n in {x.lower() for x in (i, *r.aliases)})


def key(rental: Rental) -> tuple[object, ...]:
    return (
        rental.seller,
        rental.gpu,
        rental.option,
        rental.channel,
        rental.gpus,
        rental.instance,
    )


def test_how_much_is_there() -> None:
    assert len(HARDWARE.accelerators) >= 60
    assert len(HARDWARE.sellers) == 33
    assert len(HARDWARE.rentals) >= 380
    assert len(MODELS.models) >= 230
    assert len(DIMENSIONED) >= 100
    assert sum(m.kind == "embedding" for m in MODELS.models.values()) >= 10


@pytest.mark.parametrize("file", ["hardware.yaml", "models.yaml"])
def test_file_is_plain_and_sorted(file: str) -> None:
    text = (DATA / file).read_text(encoding="utf-8")
    events = list(yaml.parse(text, yaml.CSafeLoader))
    assert not [e for e in events if isinstance(e, yaml.AliasEvent)]
    assert not [e for e in events if getattr(e, "anchor", None)]
    assert not [n for n in text.splitlines() if len(n) > 120]
    document = load(file)
    for block in ("sources", "accelerators", "sellers", "models"):
        ids = list(document.get(block, {}))
        assert ids == sorted(ids), block


def test_every_name_means_one_thing() -> None:
    for records in (HARDWARE.accelerators, MODELS.models):
        assert [n for n, count in names(records).items() if count > 1] == []


def test_hardware_references_resolve_and_every_source_is_used() -> None:
    used = {s for x in HARDWARE.rentals for r in x.rents for s in (r.source, *r.also)}
    used |= {k.source for k in HARDWARE.kernel_shares.values()}
    used |= {s.egress.source for s in HARDWARE.sellers.values() if s.egress}
    used |= {served.source for s in HARDWARE.sellers.values() for served in s.serves}
    for a in HARDWARE.accelerators.values():
        used |= set(a.sources)
        used |= {a.kernel_share.source} if a.kernel_share else set()
        used |= {a.purchase.source, *a.purchase.also} if a.purchase else set()
        used |= {a.skypilot.source} if a.skypilot else set()
    assert used == set(HARDWARE.sources)
    assert {r.gpu for r in HARDWARE.rentals} <= set(HARDWARE.accelerators)
    assert {r.seller for r in HARDWARE.rentals} == set(HARDWARE.sellers)


def test_model_references_resolve_and_every_source_is_used() -> None:
    used = {s for m in MODELS.models.values() for s in m.sources}
    known = [m.hugging_face for m in MODELS.models.values() if m.hugging_face]
    assert {v.source for h in known for v in h.served_since.values()} <= set(MODELS.sources)
    used |= {s for m in DIMENSIONED.values() for s in m.architecture.sources}  # type: ignore[union-attr]
    used |= {s.source for m in MODELS.models.values() for s in m.scores}
    assert MODELS.classes
    used.add(MODELS.classes.source)
    assert used == set(MODELS.sources)
    assert not [i for i, m in MODELS.models.items() if not m.sources]


def test_recalled_names_fields_that_are_there() -> None:
    written = load("hardware.yaml")["accelerators"]
    for i, a in HARDWARE.accelerators.items():
        for path in a.recalled:
            value: Any = written[i]
            for step in path.split("."):
                assert step in value, f"{i}: {path}"
                value = value[step]


def test_rental_windows_are_ordered_and_disjoint() -> None:
    assert [k for k, n in Counter(map(key, HARDWARE.rentals)).items() if n > 1] == []
    for rental in HARDWARE.rentals:
        for region in {r.region for r in rental.rents}:
            rents = [r for r in rental.rents if r.region == region]
            for now, after in pairwise(rents):
                assert now.since < after.since and now.until == after.since, key(rental)
            assert rents[-1].until is None or rents[-1].flag, key(rental)
        assert all(r.checked >= r.since for r in rental.rents)


def test_suspect_rents_are_kept_out_of_the_cheapest() -> None:
    named = [r for x in HARDWARE.rentals for r in x.rents if r.only_if_named]
    assert len(named) == 35
    assert all(r.flag for r in named)


def test_dense_rates_are_plausible() -> None:
    """Sparse rates, or INT8 taken for FP8, would show here; Blackwell Ultra cut its INT8."""
    for i, a in HARDWARE.accelerators.items():
        t = a.tflops
        sixteen = t.bf16 or t.fp16
        if sixteen is None:
            assert i == "gb10"
            continue
        for rate in (t.fp8, t.fp4):
            assert rate is None or 1.0 <= rate / sixteen <= 8.01, i
        if t.int8 and i not in ("b300-sxm", "gb300"):
            assert 1.0 <= t.int8 / sixteen <= 4.01, i
        assert 0.05 <= a.bandwidth_gb_per_s / sixteen <= 40, i


def test_server_price_is_that_of_its_gpus_and_a_box() -> None:
    for i, a in HARDWARE.accelerators.items():
        p = a.purchase
        if p and p.server_usd and p.typical:
            assert 1.0 <= p.server_usd / (a.node_gpus * p.typical) <= 2.0, i
        if p:
            given = [x for x in (p.low, p.typical, p.high) if x]
            assert given == sorted(given), i


@pytest.mark.parametrize("name", MEASURED_GPUS.split())
def test_measured_gpu_resolves(name: str) -> None:
    assert names(HARDWARE.accelerators)[name.lower()] == 1


@pytest.mark.parametrize("name", MEASURED_MODELS.split())
def test_measured_model_resolves_and_has_dimensions(name: str) -> None:
    found = [m for i, m in MODELS.models.items() if name in (i, *m.aliases)]
    assert len(found) == 1
    assert found[0].architecture


@pytest.mark.parametrize("name", ARTICLE_MODELS.split())
def test_model_of_the_articles_resolves(name: str) -> None:
    assert names(MODELS.models)[name] == 1


@pytest.mark.parametrize("model", DIMENSIONED.values(), ids=DIMENSIONED)
def test_weights_recompute_from_the_dimensions(model: Model) -> None:
    assert model.architecture and model.params_b
    found = recomputed_params(model.architecture)
    assert found is not None
    off = 0.03 if model.architecture.outside_calibration else 0.01
    off = 0.15 if model.waive == ["params-recompute"] and model.waive_because else off
    assert found[0] == pytest.approx(model.params_b.total, rel=off)
    assert found[1] == pytest.approx(model.params_b.active, rel=0.17)
    experts = model.architecture.experts
    assert found[2] == pytest.approx(experts.routed_params_b if experts else 0.0, rel=0.002)


def test_every_priced_model_and_gpu_is_known() -> None:
    prices = load("prices.yaml")
    assert {o["model"] for o in prices["offers"]} <= set(MODELS.models)
    gpus = {c["gpu"] for c in prices.get("capacity", []) if "gpu" in c}
    assert gpus <= set(HARDWARE.accelerators)


def test_dense_models_use_all_their_weights() -> None:
    for i, m in DIMENSIONED.items():
        if m.architecture and m.params_b and not m.architecture.experts:
            assert m.params_b.active == m.params_b.total, i


def test_known_figures_of_gpus() -> None:
    h100 = HARDWARE.accelerators["h100-sxm"]
    assert (h100.memory_gib, h100.bandwidth_gb_per_s, h100.tdp_w) == (80, 3350, 700)
    assert h100.tflops.bf16 == pytest.approx(989, rel=1e-3)
    assert h100.kernel_share and (h100.kernel_share.bf16, h100.kernel_share.fp8) == (0.77, 0.54)
    assert h100.all_in_w == 1370
    assert h100.link.gb_per_s == 450
    assert HARDWARE.accelerators["a100-sxm-80gb"].tflops.fp8 is None
    assert HARDWARE.accelerators["v100-32gb"].memory_gib == 32
    assert HARDWARE.accelerators["tpu-v6e"].tdp_w is None


def test_known_rents() -> None:
    rents = {key(x): x.rents for x in HARDWARE.rentals}
    aws = rents["aws", "h100-sxm", "on_demand", None, 8, "p5.48xlarge"]
    assert aws[0].usd_per_gpu_hour == 6.88
    lambda_ = rents["lambda", "h100-sxm", "on_demand", None, 1, None]
    assert [r.usd_per_gpu_hour for r in lambda_] == [4.29]
    eight = rents["lambda", "h100-sxm", "on_demand", None, 8, None]
    assert [r.usd_per_gpu_hour for r in eight] == [3.99]
    secure = rents["runpod", "h100-sxm", "on_demand", "secure", 1, None]
    assert [r.usd_per_gpu_hour for r in secure] == [3.29, 3.49, 3.99]
    nebius = rents["nebius", "h100-sxm", "on_demand", None, 1, None]
    assert [(r.usd_per_gpu_hour, str(r.since)) for r in nebius] == [
        (3.85, "2026-08-22"),
        (4.5, "2026-10-01"),
    ]


def test_coreweave_sells_eights_and_its_older_list_is_over() -> None:
    mine = [x for x in HARDWARE.rentals if x.seller == "coreweave"]
    h100 = [x for x in mine if x.gpu == "h100-sxm" and x.option == "on_demand" and not x.channel]
    assert [x.gpus for x in h100] == [8] and h100[0].rents[-1].usd_per_gpu_hour == 6.155
    assert all(r.until for x in mine if x.channel == "classic" for r in x.rents)


def test_a_waiver_over_all_rents_is_no_more() -> None:
    assert not [i for i, s in HARDWARE.sources.items() if "stale" in s.waive]
    assert sum(s.sought is not None for s in HARDWARE.sources.values()) >= 12


def test_a_bridge_joins_fewer_than_the_server_has() -> None:
    joins = {i: a.link.joins for i, a in HARDWARE.accelerators.items() if a.link.joins}
    assert joins == {"h100-nvl": 2, "h200-nvl": 4}


def kv_bytes_per_token(model: Model) -> float:
    """Return what one token leaves in a 16-bit cache, windows aside [byte]."""
    a = model.architecture
    assert a
    width = 2 * a.kv_heads * a.head_dim
    if a.mla:
        width = a.mla.kv_lora_rank + a.mla.rope_head_dim
    return 2.0 * width * (a.attention_layers or a.layers)


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("llama-3.1-8b", 131072),
        ("llama-3.3-70b", 327680),
        ("deepseek-v3", 70272),
        ("kimi-k2.5", 70272),
        ("gpt-oss-120b", 73728),
        ("gemma-3-27b", 507904),
        ("qwen3-235b", 192512),
        ("qwen3.5-397b-a17b", 30720),
    ],
)
def test_known_cache_sizes(model: str, size: int) -> None:
    assert kv_bytes_per_token(MODELS.models[model]) == size


SPARSE = (448 + 448 / 128 * 4 + 64 * 2) / (512 * 2)
"""A latent of 512 as kernels of sparse attention hold it, over 16 bits: 448 in 8 bits with a scale
of 4 bytes for 128, and 64 in 16 bits."""


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("deepseek-v4-flash", 5536 * SPARSE),
        ("deepseek-v4-pro", 7928 * SPARSE),
        ("deepseek-v4.1-flash", 2560 * SPARSE),
        ("gemma-4-31b", 819200 + 40960),
        ("gemma-4-26b-a4b", 204800 + 10240),
        ("mimo-v2-flash", 199680 + 23040),
        ("nemotron-3-super", 8192),
        ("nemotron-3-ultra", 12288),
        ("kimi-k3", 27648),
        ("glm-5.3-flash", 11264 * SPARSE),
        ("inkling", 450560 + 45056),
        ("qwen3.8-27b", 65536),
        ("mistral-small-4", 23040),
    ],
)
def test_cache_of_new_shapes(model: str, size: float) -> None:
    """The caches that the facts of November work out, by the formula that answers use."""
    shape = model_shape(MODELS.models[model])
    assert shape is not None
    layout = Layout()
    assert kv_bytes_per_token_of(shape, layout) == pytest.approx(size)


def test_a_window_layer_holds_no_more_than_its_window() -> None:
    shape = model_shape(MODELS.models["gemma-4-31b"])
    assert shape is not None
    layout = Layout()
    held = kv_bytes_per_sequence(shape, layout, 100_000)
    assert held == pytest.approx(819200 * 1024 + 40960 * 100_000, rel=1e-5)
    flash = model_shape(MODELS.models["deepseek-v4-flash"])
    assert flash is not None
    held = kv_bytes_per_sequence(flash, layout, 100_000)
    assert held == pytest.approx(5536 * SPARSE * 100_000 + 43 * 128 * 512 * 2)


def test_arena_scores_have_date_interval_votes_and_category() -> None:
    scored = {
        i: s for i, m in MODELS.models.items() for s in m.scores if s.benchmark == "arena-text"
    }
    assert len(scored) >= 150
    every = [s for m in MODELS.models.values() for s in m.scores if s.source == "arena"]
    assert len(every) == 1239 and MODELS.sources["arena"].license == "CC BY 4.0"
    assert all(s.low and s.high and s.votes and s.seen for s in every)
    assert all(s.low <= s.value <= s.high for s in every if s.low and s.high)
    assert scored["gpt-6-luna"].effort == "max" and scored["gpt-oss-120b"].effort is None
    assert scored["deepseek-v4-pro-0813"].value == 1464.6 and "deepseek-v4-pro" not in scored


def test_known_figures_of_models() -> None:
    models = MODELS.models
    scores = {s.benchmark: s.value for s in models["llama-4-maverick"].scores}
    assert scores["arena-elo"] == 1295 and scores["mmlu"] == 88.2
    gpt_oss = models["gpt-oss-120b"].architecture
    assert gpt_oss and (gpt_oss.window_tokens, gpt_oss.full_attention_share) == (128, 0.5)
    research = models["mistral-large-2"].license
    assert research and research.kind == "research"
    assert models["qwen2.5-max"].weights == "closed"
    assert models["text-embedding-3-large"].kind == "embedding"


def test_what_never_was_has_a_reason_and_no_dimensions() -> None:
    never = {i: m for i, m in MODELS.models.items() if m.never}
    assert set(never) == {"claude-sonnet", "mistral-large"}
    assert all(m.architecture is None and m.params_b is None for m in never.values())


def test_dimensions_that_do_not_tell_give_no_sum() -> None:
    qwen = MODELS.models["qwen3.5-27b"].architecture
    llama = MODELS.models["llama-3.1-8b"].architecture
    assert qwen and llama
    assert recomputed_params(qwen.model_copy(update={"linear": None})) is None
    assert recomputed_params(llama.model_copy(update={"ffn": None})) is None


def test_names_for_other_tools_mean_one_thing() -> None:
    """No name of SkyPilot stands for two GPUs, no repository for two models."""
    sky = [a.skypilot.name for a in HARDWARE.accelerators.values() if a.skypilot]
    assert len(sky) == len(set(sky)) >= 25
    repositories = [m.hugging_face.repo for m in MODELS.models.values() if m.hugging_face]
    assert len(repositories) == len(set(repositories)) >= 45
    assert all(m.weights == "open" for m in MODELS.models.values() if m.hugging_face)
