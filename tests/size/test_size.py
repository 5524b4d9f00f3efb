"""`tco size`: whole screens, laws of its rows, and what it refuses."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from running import DAY, load_small, published, run
from strategies import shipped_catalog

from tco.analysis.size.results import SizeResult
from tco.analysis.size.size import size
from tco.analysis.size.validation import size_validation
from tco.options.question import prepare
from tco.options.scenario import Scenario
from tco.render.jsonio import from_document

ROOT = Path(__file__).resolve().parents[2]
SCREENS = Path(__file__).parent / "screens"
CASES = {
    "size": "size llama-3.3-70b",
    "size-slo": "size llama-3.3-70b --gpu h100-sxm --slo tpot=30ms,ttft=1s --demand '20 req/s'",
    "size-nothing": "size llama-3.3-70b --gpu h100-sxm --gpus 1 --precision bf16",
    "size-measured": "size llama-3.3-70b --gpus 2 --isl 1000 --osl 500 --measured mine.csv",
    "size-csv": "size llama-3.3-70b --gpu h100-sxm -o csv",
    "validate": "size --validate mixed.csv",
    "import-bench": "import bench vllm.json --gpu h100-sxm --gpus 2 --precision fp8 --engine vLLM",
}
MINE = (
    "source,date,model,gpu,n_gpus,weight_dtype,kv_dtype,engine,mode,isl,osl,concurrency,"
    "output_tok_s\n"
    "mine,2026-11-01,llama-3.3-70b,h100-sxm,2,fp8,fp16,vLLM,continuous,1000,500,64,1500\n"
)
MIXED = (
    MINE
    + "mine,2026-11-01,llama-9-70b,h100-sxm,2,fp8,fp16,vLLM,continuous,1000,500,64,1500\n"
    + "mine,2026-11-01,llama-3.3-70b,h1000,2,fp8,fp16,vLLM,continuous,1000,500,64,1500\n"
    + "mine,2026-11-01,llama-3.3-70b,h100-sxm,2,fp8,fp16,vLLM,continuous,1000,500,64,\n"
    + "mine,2026-11-01,llama-3.3-70b,h100-sxm,2,fp8,fp16,vLLM,continuous\n"
    + "mine,2026-11-01,llama-3.3-70b,h100-sxm,2,fp8,fp16,vLLM,continuous,1000,500,64,fast\n"
)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let every command read the small catalog, in a folder with these files."""
    monkeypatch.setattr("tco.catalog.load.load_catalog", load_small)
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text(MINE, "utf-8")
    Path("mixed.csv").write_text(MIXED, "utf-8")
    bench = Path(__file__).parent / "files" / "vllm.json"
    Path("vllm.json").write_text(bench.read_text("utf-8"), "utf-8")


@pytest.mark.parametrize("name", CASES)
def test_screen(name: str, request: pytest.FixtureRequest) -> None:
    words = shlex.split(CASES[name])
    day = DAY if words[0] == "size" and "--validate" not in words else ()
    done = run(*words, *day)
    shown = f"$ tco {CASES[name]}\n{done.stdout}" + (
        f"[stderr]\n{done.stderr}" if done.stderr else ""
    )
    shown += f"[exit {done.exit_code}]\n" if done.exit_code else ""
    shown = re.sub(r"\([0-9a-f]{7}\)", "(digest)", shown)
    path = SCREENS / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def sized(model: str = "llama-3.3-70b", **said: Any) -> SizeResult:
    request = Scenario(models=(model,), tiers=("self",), **said)
    inputs = prepare(shipped_catalog(), request, date(2026, 11, 21))
    return size(inputs)


def test_rows_keep_the_limits_and_say_why_not() -> None:
    result = sized(tokens=50e9, settings={"serving.max_ttft_s": 1.0})
    for row in result.rows:
        assert row.feasible != bool(row.reasons)
        assert row.fits == (row.max_batch >= 1)
        if row.feasible:
            assert row.tpot_s is not None and row.ttft_s is not None
            assert row.tpot_s <= result.limits.max_tpot_s * (1 + 1e-9)
            first = row.ttft_s
            assert first.median is not None and first.low < first.median < first.high
            assert first.low <= 1.0
            assert first.median <= 1.0 or row.concurrency == 1.0
            kept = "kept" if first.high <= 1.0 else "depends"
            assert row.ttft_slo == kept
            assert row.concurrency is not None and row.concurrency <= row.max_batch
            assert row.band[0] < 1 < row.band[1]


def test_a_local_engine_serves_one_request_at_a_time() -> None:
    result = sized("llama-3.1-8b", engine="local", precisions=("q4_k_m",), gpus=("rtx-4090",))
    assert {row.concurrency for row in result.rows if row.feasible} == {1.0}
    assert result.limits.max_concurrency == 1.0


def test_a_local_engine_has_as_many_slots_as_are_said() -> None:
    """As `llama-server --parallel 8` has; each waits for the others, all together are faster."""
    alone, eight = (
        sized("llama-3.1-8b", engine="local", precisions=("q4_k_m",), gpus=("rtx-4090",), **said)
        for said in ({}, {"settings": {"serving.max_concurrency": 8.0}})
    )
    one, more = alone.rows[0], eight.rows[0]
    assert (one.concurrency, more.concurrency) == (1.0, 8.0)
    assert more.tpot_s > one.tpot_s
    assert more.output_tokens_per_s > 2.0 * one.output_tokens_per_s
    assert eight.limits.max_concurrency == 8.0


def test_nothing_is_both_cheaper_and_faster_than_the_front() -> None:
    result = sized()
    points = result.front
    assert len(points) > 3
    assert all(a.usd_per_mtok <= b.usd_per_mtok for a, b in itertools.pairwise(points))
    assert all(a.user_tokens_per_s < b.user_tokens_per_s for a, b in itertools.pairwise(points))
    for row in result.rows:
        if row.usd_per_mtok is not None and row.user_tokens_per_s is not None:
            beaten = [
                p
                for p in points
                if p.usd_per_mtok <= row.usd_per_mtok
                and p.user_tokens_per_s * 1.02 >= row.user_tokens_per_s
            ]
            assert beaten
    assert {p.id for p in points} == {row.id for row in result.rows if row.on_front}


def test_more_memory_holds_more_and_a_longer_request_less() -> None:
    by_id = {row.id: row for row in sized().rows}
    longer = {row.id: row for row in sized(isl=8000.0, osl=1000.0).rows}
    for name, row in by_id.items():
        assert longer[name].max_batch <= row.max_batch
    two, four = (by_id[f"llama-3.3-70b@{n}xh100-sxm:fp8"] for n in (2, 4))
    assert four.max_batch > two.max_batch
    assert four.weights_gb == two.weights_gb


def test_a_measurement_of_ones_own_is_believed() -> None:
    options = ("--gpu", "h100-sxm", "--gpus", "2", "--precision", "fp8", "--concurrency", "64")
    shape = ("--isl", "1000", "--osl", "500", "--slo", "tpot=1s", "--cached", "0")
    with_mine = run("size", "llama-3.3-70b", *options, *shape, "--measured", "mine.csv", "-ojson")
    (row,) = json.loads(with_mine.stdout)["rows"]
    assert row["evidence_tier"] == 1
    assert row["output_tokens_per_s"] == pytest.approx(1500, rel=0.01)
    alone = run("size", "llama-3.3-70b", *options, *shape, "-ojson")
    (other,) = json.loads(alone.stdout)["rows"]
    assert other["band"][1] - other["band"][0] > row["band"][1] - row["band"][0]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("size", "size llama-3.3-70b --demand 50B"),
        ("size-validation", "size --validate mixed.csv"),
        ("import-bench", "import bench vllm.json --gpu h100-sxm --gpus 2 --precision fp8"),
    ],
)
def test_documents_hold_to_their_published_schema(name: str, command: str) -> None:
    words = shlex.split(command) + (["--engine", "vLLM"] if name == "import-bench" else [])
    document = json.loads(run(*words, "-o", "json").stdout)
    published(name).validate(document)


def test_validation_is_the_contract_and_counts_what_it_leaves_out() -> None:
    document = json.loads(run("size", "--validate", "mixed.csv", "-o", "json").stdout)
    assert list(document) == [
        "rows",
        "used",
        "skipped",
        "median_abs_pct_error",
        "p90_abs_log_ratio",
        "within_25pct",
        "band_coverage",
        "by",
        "tpot",
        "ttft",
    ]
    assert document["tpot"] is document["ttft"] is None  # the file states neither
    assert (document["rows"], document["used"]) == (6, 1)
    assert document["skipped"] == {
        "unknown model": 1,
        "unknown gpu": 1,
        "missing output_tok_s": 1,
        "missing isl": 1,
        "output_tok_s is not a positive number": 1,
    }
    assert document["rows"] == document["used"] + sum(document["skipped"].values())
    assert set(document["by"]) == {"source", "gpu", "model", "kind"}


def test_results_of_the_first_schema_are_still_read() -> None:
    text = run("size", "llama-3.3-70b", "--gpu", "h100-sxm", "-ojson", *DAY).stdout
    now = json.loads(text)
    old = {**now, "schema": "tco.size/1"}
    old["rows"] = [
        {**row, "ttft_s": row["ttft_s"] and [row["ttft_s"]["low"], row["ttft_s"]["high"]]}
        for row in now["rows"]
    ]
    read = from_document(old)[0]
    first = next(row for row in read.rows if row.feasible).ttft_s
    assert first.median is None
    assert 0.0 < first.low < first.high
    assert from_document(now)[0].rows[0].ttft_s.median is not None


def test_a_prefix_of_a_name_is_no_name_in_a_file_of_measurements() -> None:
    row = dict(zip(MINE.split("\n")[0].split(","), MINE.split("\n")[1].split(","), strict=True))
    catalog = shipped_catalog()
    assert size_validation(catalog, [row]).used == 1
    assert size_validation(catalog, [{**row, "gpu": "H100-SXM"}]).used == 1
    assert size_validation(catalog, [{**row, "gpu": "h100-s"}]).skipped == {"unknown gpu": 1}


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("size", 2, "which model? for example tco size llama-3.3-70b"),
        ("size llama-x", 3, "no model called 'llama-x'; did you mean"),
        ("size gpt-4.1", 4, "its weights are closed"),
        ("size kimi-k3", 4, "its dimensions are not in the catalog"),
        (
            "size llama-3.3-70b --gpus 3",
            4,
            "cannot be cut over these GPUs: 64 attention heads are not divided by 3",
        ),
        ("size llama-3.3-70b --gpus 0", 2, "0: must be 1 or more"),
        ("size llama-3.3-70b --slo tpot=30", 2, "--slo: tpot: 30: a duration needs its unit"),
        ("size llama-3.3-70b --slo tpot=0ms", 2, "--slo: tpot: must be more than 0"),
        ("size llama-3.3-70b --slo speed=1s", 2, "--slo: 'speed=1s' is no limit"),
        (
            "size llama-3.3-70b --slo tpot=1s,tpot=2s",
            2,
            "--slo: two values say tpot; give one of them",
        ),
        ("size llama-3.3-70b --demand 5m", 2, "--demand: 5m: 'm' could mean milli or million"),
        ("size llama-3.3-70b --concurrency none", 2, "not a quantity"),
        ("size llama-3.3-70b --measured nope.csv", 3, "nope.csv: no such file or directory"),
        ("size llama-3.3-70b --measured vllm.json", 3, "vllm.json:"),
        ("size llama-3.3-70b --validate mine.csv", 2, "--validate holds the whole model"),
        ("size --validate nope.csv", 3, "nope.csv: no such file or directory"),
        ("size --validate vllm.json", 3, "vllm.json:"),
    ],
)
def test_what_cannot_be_asked_is_one_line(command: str, code: int, words: str) -> None:
    done = run(*shlex.split(command))
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_how_many_replicas_take_all_that_was_asked_about_at_once() -> None:
    """100 in flight were answered with six, and no word on the others."""
    ask = "size llama-3.3-70b --gpu h100-sxm --gpus 4 --precision bf16 --isl 4000"
    few = json.loads(run(*ask.split(), "--concurrency", "200", "-o", "json", *DAY).stdout)
    (row,) = few["rows"]
    replicas = -(-200 // int(row["concurrency"]))
    assert replicas > 1
    assert f"{replicas} replicas ({4 * replicas} GPUs) take all" in "\n".join(few["warnings"])
    assert "take all" not in run(*ask.split(), "--notes", *DAY).output
