"""Benchmark files: what each tool says, what is asked for, what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from running import run

from tco.catalog.benches.read import Bench, read_bench
from tco.catalog.files import File, user_file
from tco.errors import DataError

FILES = Path(__file__).parent / "files"
H100 = ("--gpu", "h100-sxm", "--gpus", "2", "--precision", "fp8", "--engine", "vLLM")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(name: str) -> Bench:
    return read_bench(user_file(FILES / name))


def said(document: Any) -> Bench:
    return read_bench(File("b.json", json.dumps(document).encode()))


def changed(name: str, **cells: Any) -> dict[str, Any]:
    return {**json.loads((FILES / name).read_text("utf-8")), **cells}


def test_vllm() -> None:
    (one,) = read("vllm.json").readings
    assert (one.isl, one.osl, one.output_tok_s) == (1000, 500, 1499.53)
    assert one.concurrency == pytest.approx(640 / 213.4 * 20.96)
    assert (one.date, one.ttft_ms, one.tpot_ms) == ("2026-11-01", 402.7, 41.2)
    assert one.model == "meta-llama/Llama-3.3-70B-Instruct"
    assert one.engine is one.gpu is one.gpus is None  # a protocol is not an engine


def test_vllm_metadata_and_appended_results() -> None:
    more = changed(
        "vllm.json", gpu_type="H200", num_gpus="4", tensor_parallel_size=2, backend="vllm"
    )
    text = (json.dumps(changed("vllm.json")) + "\n" + json.dumps(more)).encode()
    first, second = read_bench(File("two.json", text)).readings
    assert first.gpu is None
    assert (second.gpu, second.gpus, second.tp, second.engine) == ("H200", 4, 2, "vLLM")


def test_vllm_at_a_rate_counts_requests_in_flight_by_littles_law() -> None:
    (one,) = said(changed("vllm.json", request_rate=3.0, max_concurrency=None)).readings
    assert one.concurrency == pytest.approx(640 / 213.4 * 20.96)


def test_guidellm_has_a_row_for_each_run_of_a_sweep() -> None:
    bench = read("guidellm.json")
    assert bench.tool == "GuideLLM"
    assert [r.output_tok_s for r in bench.readings] == [45.0, 610.0, 1630.0]
    assert {(r.isl, r.osl, r.model) for r in bench.readings} == {(1024, 256, "Qwen/Qwen3-32B-FP8")}
    assert bench.readings[2].concurrency == pytest.approx(63.36)


def test_aiperf_and_genai_perf() -> None:
    (one,) = read("aiperf.json").readings
    assert (one.isl, one.osl, one.concurrency, one.output_tok_s) == (1000, 500, 31.6, 4000)
    assert (one.gpu, one.model) == ("NVIDIA H100 80GB HBM3", "openai/gpt-oss-120b")
    assert (one.ttft_ms, one.tpot_ms) == (210.0, 7.4)  # given in seconds and milliseconds
    (old,) = read("genai_perf.json").readings
    assert (old.concurrency, old.model) == (7.8, "llama-3.1-8b")


def test_inferencex_counts_per_gpu_and_draws_lengths() -> None:
    (one,) = read("inferencex.json").readings
    assert one.output_tok_s == pytest.approx(2 * 2051.1)
    assert (one.gpus, one.tp, one.isl, one.precision) == (2, 2, 921.6, "fp4")
    with pytest.raises(DataError, match="separate GPUs"):
        said(changed("inferencex.json", disagg=True))
    with pytest.raises(DataError, match="speculative"):
        said(changed("inferencex.json", spec_decoding="mtp"))


def test_llama_bench_leaves_prompt_processing_out() -> None:
    bench = read("llama_bench.json")
    (one,) = bench.readings
    assert (one.output_tok_s, one.osl, one.precision, one.mode) == (
        129.95,
        128,
        "q4_k_m",
        "single_stream",
    )
    assert bench.notes == ("tests of prompt processing alone were left out",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "b.json:1: empty"),
        ('{"duration": 12, "compl', "b.json:1: cut off: the JSON does not end"),
        ('{"duration": 12,\n "completed": 4', "b.json:2: cut off"),
        ("Serving benchmark result", "b.json:1: not JSON; the tools' .json result is read"),
        ('{"a": }', "b.json:1: not JSON: expecting value"),
        ("[1, 2]", "b.json:1: not a result file: a mapping is expected"),
        ('{"a": 1}', "b.json:1: not a result of any tool that is read here: vllm bench"),
        ('{"model": "x", "tokens/s": 5, "memory": 9}', "b.json:1: not a result of any tool"),
        ('{"benchmarks": []}', "b.json:1: nothing to import from GuideLLM"),
        ("[" * 5000, "b.json:1:"),
        ("\ufeff{}", "b.json:1: not a result of any tool"),
    ],
)
def test_what_is_no_result_is_refused(text: str, words: str) -> None:
    with pytest.raises(DataError) as raised:
        read_bench(File("b.json", text.encode()))
    assert str(raised.value).startswith(words)


def test_not_text() -> None:
    with pytest.raises(DataError, match=r"b\.json:1: not UTF-8 text"):
        read_bench(File("b.json", b"\xff\xfe{}"))


@pytest.mark.parametrize(
    ("name", "cells", "words"),
    [
        ("vllm.json", {"output_throughput": 2900.0}, "but 320,000 tokens in 213.4 s are 1,499.5"),
        ("vllm.json", {"duration": 21.34}, "it says 1,499.5 output tokens/s, but 320,000 tokens"),
        ("vllm.json", {"total_output_tokens": None}, "total_output_tokens is null"),
        ("vllm.json", {"duration": float("nan")}, "duration is null"),
        ("vllm.json", {"completed": 0}, "completed is 0, not a number above 0: was the run cut"),
        ("vllm.json", {"output_throughput": "fast"}, 'output_throughput is "fast"'),
        ("aiperf.json", {"output_token_throughput": {"avg": 9000.0}}, "320 requests of 500 tokens"),
        ("aiperf.json", {"output_sequence_length": {}}, "was it cut off?"),
        ("inferencex.json", {"output_tput_per_gpu": 9000.0}, "64 in flight of 1024 tokens"),
    ],
)
def test_what_contradicts_itself_is_refused(name: str, cells: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError) as raised:
        said(changed(name, **cells))
    assert str(raised.value).startswith("b.json:1: ")
    assert words in str(raised.value)


def test_a_sweep_whose_run_contradicts_its_duration_is_refused() -> None:
    document = json.loads((FILES / "guidellm.json").read_text("utf-8"))
    document["benchmarks"][1]["duration"] = 6.0
    with pytest.raises(DataError, match=r"610 output tokens/s, but 36,608 tokens in 6 s"):
        said(document)


def test_the_sheet_of_llama_bench_says_what_its_json_says(tmp_path: Path) -> None:
    tests = json.loads((FILES / "llama_bench.json").read_text("utf-8"))
    for commit in ("7fe450e19", "12345678"):  # digits alone are a commit, too
        rows = [{**test, "build_commit": commit, "flash_attn": 1} for test in tests]
        names = [name for name in rows[0] if not name.startswith("samples")]
        told = read_bench(_written(tmp_path / "a.json", json.dumps(rows)))
        sheet = "\n".join([",".join(names), *(_quoted(row[n] for n in names) for row in rows)])
        for text in (sheet, sheet.replace(",".join(names), _quoted(names))):
            found = read_bench(_written(tmp_path / "a.csv", text))
            assert (found.readings, found.notes) == (told.readings, told.notes)
            assert found.readings[0].engine_version == commit
    for text, why in (
        (sheet[:-40], r"a\.csv:3: \d+ cells under 25 names"),
        (sheet.partition("\n")[0], r"a\.csv:1: empty"),
        ("CREATE TABLE IF NOT EXISTS llama_bench (\n", "llama-bench: -o json, jsonl or csv"),
    ):
        with pytest.raises(DataError, match=why):
            read_bench(_written(tmp_path / "a.csv", text))


def _quoted(cells: Iterable[Any]) -> str:
    return ",".join(f'"{cell}"' for cell in cells)


def _written(path: Path, text: str) -> File:
    path.write_text(text)
    return user_file(path)


def test_llama_bench_that_contradicts_its_time_is_refused() -> None:
    tests = json.loads((FILES / "llama_bench.json").read_text("utf-8"))
    tests[1]["avg_ts"] = 400.0
    with pytest.raises(DataError, match=r"400 output tokens/s, but 128 tokens in 0\.985 s"):
        said(tests)


def test_what_the_file_does_not_say_is_asked_for_by_the_flag() -> None:
    asked = run("import", "bench", str(FILES / "vllm.json"))
    assert asked.exit_code == 3
    assert "does not say its GPU, number of GPUs, precision and engine" in asked.stderr
    assert "--gpu h100-sxm --gpus 2 --precision fp8 --engine vLLM" in asked.stderr
    assert not Path("tco-measured.csv").exists()
    assert run("import", "bench", str(FILES / "vllm.json"), *H100).exit_code == 0
    assert Path("tco-measured.csv").exists()


def test_a_rehearsal_writes_nothing() -> None:
    done = run("import", "bench", str(FILES / "vllm.json"), *H100, "--dry-run")
    assert (done.exit_code, Path("tco-measured.csv").exists()) == (0, False)
    assert "nothing was written" in done.stdout


def test_the_same_measurement_again_takes_its_place() -> None:
    bench = ("import", "bench", str(FILES / "vllm.json"), *H100, "--to", "ours.csv")
    assert " added" in run(*bench).stdout
    first = Path("ours.csv").read_text("utf-8")
    assert " unchanged" in run(*bench).stdout
    assert Path("ours.csv").read_text("utf-8") == first
    Path("new.json").write_text(
        json.dumps(changed("vllm.json", total_output_tokens=352_000, output_throughput=1649.5)),
        "utf-8",
    )
    again = run("import", "bench", "new.json", *H100, "--osl", "500", "--to", "ours.csv")
    assert " replaced" in again.stdout
    assert "the file says osl 550.0, you say 500.0: yours counts" in again.stderr
    assert Path("ours.csv").read_text("utf-8").count("llama-3.3-70b") == 1


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--gpu", "h1000"), 3, "no GPU called 'h1000'; did you mean"),
        (("--model", "lama-9"), 3, "no model called 'lama-9'"),
        (("--precision", "fp7"), 3, "no precision called 'fp7'"),
        (("--gpus", "0"), 2, "--gpus: 0: must be 1 or more"),
        (("--tp", "3"), 2, "2 GPUs are not --tp 3 times --pp 1 times --replicas 1"),
        (("--date", "yesterday"), 2, "--date: 'yesterday' is not a date"),
        (("--to", "no/such/folder/x.csv"), 3, "no/such/folder/x.csv: no such file"),
        (("--to", "other.csv"), 3, "other.csv:1: no column called source"),
    ],
)
def test_wrong_answers_are_one_line(flags: tuple[str, str], code: int, words: str) -> None:
    Path("other.csv").write_text("a,b\n1,2\n", "utf-8")
    given = dict(zip(H100[::2], H100[1::2], strict=True)) | {flags[0]: flags[1]}
    args = [part for pair in given.items() for part in pair]
    done = run("import", "bench", str(FILES / "vllm.json"), *args)
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert Path("other.csv").read_text("utf-8") == "a,b\n1,2\n"


def test_every_tool_reaches_the_file() -> None:
    answers: dict[str, tuple[str, ...]] = {
        "vllm.json": H100,
        "guidellm.json": (*H100, "--date", "2026-11-01"),
        "aiperf.json": ("--gpus", "1", "--precision", "mxfp4", "--engine", "SGLang"),
        "genai_perf.json": (*H100, "--date", "2026-11-01"),
        "inferencex.json": ("--date", "2026-10-01"),
        "llama_bench.json": ("--model", "llama-3.1-8b"),
    }
    for name, flags in answers.items():
        done = run("import", "bench", str(FILES / name), *flags)
        assert done.exit_code == 0, done.stderr
    document = json.loads(run("size", "--validate", "tco-measured.csv", "--format", "json").stdout)
    assert (document["rows"], document["used"], document["skipped"]) == (8, 8, {})
