"""Real benchmark tools against a server whose times are known; skipped where none is installed.

They are the extra `bench`: pip install -e .[bench]. vLLM takes ten gigabytes and is not in it; its
client is tried where it is on the path.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from mock_server import MODEL, TPOT_S, TTFT_S

from tco.catalog.benches.read import BenchReading, read_bench
from tco.catalog.files import user_file

HERE = Path(__file__).parent
IN_FLIGHT, ISL, OSL = 4, 100, 64
LASTS_S = TTFT_S + TPOT_S * (OSL - 1)
TOOLS = {name: shutil.which(name) or "" for name in ("guidellm", "aiperf", "vllm")}
# AIPerf looks a folder up as a repository when it is told to stay offline, and fails.
OFFLINE = {"guidellm": {"HF_HUB_OFFLINE": "1"}, "aiperf": {}, "vllm": {"HF_HUB_OFFLINE": "1"}}

pytestmark = [
    pytest.mark.skipif(not any(TOOLS.values()), reason="no benchmark tool is installed"),
    pytest.mark.loopback,
]


def tool(name: str) -> str:
    if not TOOLS[name]:
        pytest.skip(f"{name} is not installed")
    return TOOLS[name]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, str(HERE.parent / "mock_server.py"), str(port)])
    for _ in range(50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tokenizer")
    words = {"<unk>": 0, "</s>": 1} | {f"w{i}": i + 2 for i in range(2000)}
    made = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": words, "unk_token": "<unk>"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(made), "utf-8")
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    return str(folder)


def ran(*args: str) -> None:
    env = {**os.environ, **OFFLINE[Path(args[0]).name]}
    done = subprocess.run(args, env=env, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def server_times(url: str) -> list[tuple[float, float, float]]:
    """Return arrival, first token and end of the requests since the last time, by arrival [s]."""
    with urllib.request.urlopen(f"{url}/times") as answer:
        return sorted((a, b, c) for a, b, c in json.load(answer)["times"])


def holds(
    reading: BenchReading,
    starts: list[float] | None = None,
    times: list[tuple[float, float, float]] | None = None,
) -> None:
    """Say whether a reading is what the server did, within 1 %; a client's own delay is no error.

    A client counts from when it starts a request, the server from when it has come: on a busy
    machine 10 to 30 ms later, of a first token after 200. With the client's `starts` and the
    server's own `times` the rest is within 1 %. Rates and requests in flight obey Little's law
    whatever the client adds between two requests.
    """
    assert reading.osl == OSL
    assert reading.tpot_ms == pytest.approx(TPOT_S * 1e3, rel=0.01)
    assert reading.ttft_ms is not None
    assert reading.concurrency is not None
    if starts and times:
        first = (sum(t[1] for t in times) - sum(starts)) / len(starts)
        assert reading.ttft_ms == pytest.approx(first * 1e3, rel=0.01, abs=3.0)
        window = max(t[2] for t in times) - min(starts)
        flight = (sum(t[2] for t in times) - sum(starts)) / window
        assert reading.concurrency == pytest.approx(flight, rel=0.02)
    else:
        assert TTFT_S * 1e3 * 0.99 <= reading.ttft_ms <= TTFT_S * 1e3 * 1.15
    lasts_s = (reading.ttft_ms + reading.tpot_ms * (OSL - 1)) / 1e3
    law = reading.output_tok_s / OSL * lasts_s
    assert reading.concurrency == pytest.approx(law, rel=0.03)
    assert IN_FLIGHT * 0.8 < reading.concurrency <= IN_FLIGHT * 1.01
    assert reading.output_tok_s <= IN_FLIGHT / LASTS_S * OSL * 1.01


def test_guidellm(url: str, tokenizer: str, tmp_path: Path) -> None:
    out = tmp_path / "benchmarks.json"
    server_times(url)
    ran(
        *(tool("guidellm"), "run", "--disable-console"),
        *("--backend", f"kind=openai_http,target={url},model={MODEL}"),
        *("--tokenizer", f"kind=huggingface_auto,model={tokenizer}"),
        *("--data", f"kind=synthetic_text,prompt_tokens={ISL},output_tokens={OSL}"),
        *("--profile", f"kind=concurrent,streams={IN_FLIGHT}"),
        *("--constraint", "kind=max_duration,seconds=12"),
        *("--output", f"kind=json,path={out}"),
    )
    bench = read_bench(user_file(out))
    assert bench.tool == "GuideLLM"
    (reading,) = bench.readings
    done = json.loads(out.read_text("utf-8"))["benchmarks"][0]["requests"]["successful"]
    times = server_times(url)
    assert len(times) == len(done)
    holds(reading, [one["request_start_time"] for one in done], times)
    assert reading.model == MODEL
    assert reading.date


def test_aiperf(url: str, tokenizer: str, tmp_path: Path) -> None:
    server_times(url)
    ran(
        *(tool("aiperf"), "profile", "-m", MODEL, "--url", url, "--endpoint-type", "chat"),
        *("--streaming", "--tokenizer", tokenizer, "--concurrency", str(IN_FLIGHT)),
        *("--synthetic-input-tokens-mean", str(ISL), "--output-tokens-mean", str(OSL)),
        *("--request-count", "40", "--warmup-request-count", "4"),
        *("--artifact-dir", str(tmp_path / "out"), "--ui", "none"),
    )
    (reading,) = read_bench(user_file(tmp_path / "out" / "profile_export_aiperf.json")).readings
    path = tmp_path / "out" / "profile_export.jsonl"
    told = [json.loads(line)["metadata"] for line in path.read_text("utf-8").splitlines()]
    starts = [m["request_start_ns"] / 1e9 for m in told if m["benchmark_phase"] == "profiling"]
    times = server_times(url)[-len(starts) :]  # those of the warm-up came before
    holds(reading, starts, times)
    assert (reading.isl, reading.model) == (ISL, MODEL)
    (records,) = read_bench(user_file(path)).readings
    holds(records, starts, times)
    assert records.output_tok_s == pytest.approx(reading.output_tok_s, rel=0.01)
    assert "4 requests of the warm-up were left out" in records.notes


def vllm(url: str, tokenizer: str, out: Path, *load: str) -> BenchReading:
    ran(
        *(tool("vllm"), "bench", "serve", "--backend", "openai-chat", "--base-url", url),
        *("--endpoint", "/v1/chat/completions", "--model", MODEL, "--tokenizer", tokenizer),
        *("--dataset-name", "random", "--random-input-len", str(ISL)),
        *("--random-output-len", str(OSL), "--num-prompts", "40", "--ignore-eos", *load),
        *("--save-result", "--result-dir", str(out), "--result-filename", "out.json"),
    )
    (reading,) = read_bench(user_file(out / "out.json")).readings
    assert (reading.isl, reading.osl, reading.model) == (ISL, OSL, MODEL)
    return reading


def test_vllm(url: str, tokenizer: str, tmp_path: Path) -> None:
    reading = vllm(url, tokenizer, tmp_path, "--max-concurrency", str(IN_FLIGHT))
    holds(reading)
    assert reading.date


def test_vllm_at_a_rate_far_below_its_limit(url: str, tokenizer: str, tmp_path: Path) -> None:
    """Four requests a second of 1.46 s each are six in flight, whatever the limit says."""
    steady = ("--request-rate", "4", "--burstiness", "1000", "--max-concurrency", "64")
    reading = vllm(url, tokenizer, tmp_path, *steady)
    assert reading.concurrency is not None
    assert reading.tpot_ms == pytest.approx(TPOT_S * 1e3, rel=0.01)
    assert reading.concurrency == pytest.approx(reading.output_tok_s / OSL * LASTS_S, rel=0.03)
    assert 4.0 < reading.concurrency < 6.5
