"""The same questions to chimeraforge 0.76.0 and workingset 0.2.0: who answers what, how far apart.

    python benchmarks/peers/load.py --chimeraforge PATH --ws PATH

The two are installed in an environment of their own (their requirements are not ours); one that is
not there is skipped. Their answers are read from what they print as JSON, ours from `tco`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DAY = ("--as-of", "2026-11-21")
FLEET = ("--request-rate", "10", "--prompt-tokens", "1200", "--avg-tokens", "330")
OURS = ("--peak", "10 req/s", "--isl", "1200", "--osl", "330", "--cached", "0")
OURS += ("--set", "serving.redundancy=0")  # theirs has no spare
H100 = ("size", "llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "1", "--precision", "fp8")
B300 = ("--gpu", "b300", "--gpus", "8", "--precision", "nvfp4")
AGENTS = {
    "system_prefix_tokens": 14300,
    "user_prompt_median_tokens": 98000,
    "user_prompt_sigma": 0.55,
    "warm_turn_tokens": 3200,
    "think_time_s": 177.0,
    "max_output_tokens": 450,
    "max_model_len": 400000,
    "kv_sharding": '"replicate"',
}
"""Our profile of coding agents in the words of workingset: a mean of 125,700 tokens of its own."""

NOTHING = "–"


def said(command: list[str]) -> Any:
    """Return the document that a command prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return json.loads(done.stdout)


def ours(*words: str) -> Any:
    """Return our answer."""
    return said([sys.executable, "-m", "tco", *words, *DAY, "-o", "json"])


def chimeraforge(tool: str | None) -> Any:
    """Return its cheapest vLLM plan of a fleet for 10 requests a second; nothing without it."""
    if tool is None:
        return {}
    limits = ("--latency-slo", "20000", "--budget", "100000", "--no-network", "--json")
    plans = said(
        [tool, "plan", "--model", "llama3.1-8b", "--hardware", "H100 80GB", *FLEET, *limits]
    )
    return next((p for p in plans if p["backend"] == "vllm"), {})


def workingset(tool: str | None) -> Any:
    """Return what it predicts of agents on 8 B300; nothing without it."""
    if tool is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "agents.toml"
        setup = ("--model", "GLM52", "--gpu", "B300", "--tp", "8")
        kinds = ("--weight-dtype", "nvfp4", "--kv-dtype", "fp8", "-o", str(file))
        subprocess.run([tool, "init", *setup, *kinds], check=True, capture_output=True)
        lines = file.read_text(encoding="utf-8").splitlines()
        changed = [
            f"{name} = {AGENTS[name]}" if (name := line.partition(" ")[0]) in AGENTS else line
            for line in lines
        ]
        file.write_text("\n".join(changed), encoding="utf-8")
        return said([tool, "predict", str(file), "--json"])["predictions"]


def main() -> None:
    """Print one table: each question, and what each tool says."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--chimeraforge", default=shutil.which("chimeraforge"))
    ask.add_argument("--ws", default=shutil.which("ws"))
    told = ask.parse_args()
    theirs, cache = chimeraforge(told.chimeraforge), workingset(told.ws)
    fleet = ours(*H100, *OURS)["rows"][0]
    agents = ours("size", "glm-5.3", "--profile", "agent-coding", *B300, "--sessions", "64")
    kept = agents["rows"][0]["sessions"]
    first = agents["rows"][0]["first_token"]
    bill = ours("compare", "--developers", "100", "--model", "claude-opus-4.5")["options"][0]
    rows: list[tuple[str, Any, Any, Any, str]] = [
        (
            "GPUs for 10 req/s, 8B, H100",
            fleet["fleet_gpus"],
            theirs.get("gpus_total", NOTHING),
            NOTHING,
            "no spare in either",
        ),
        (
            "$ a month of them",
            round(fleet["fleet_usd_per_month"]),
            theirs.get("monthly_cost", NOTHING),
            NOTHING,
            "at a seller's price for 730 h; at $2.50 an hour for 720 h",
        ),
        (
            "ms a token",
            round(fleet["tpot_s"] * 1e3, 1),
            theirs.get("tpot_ms", NOTHING),
            NOTHING,
            "ours of a full replica; theirs names no requests in flight",
        ),
        (
            "open sessions, GLM on 8 B300",
            f"{kept['cold']:g} cold, {kept['warm']:g} warm",
            NOTHING,
            cache.get("predicted_limit_users", NOTHING),
            "the same pool; no start from an empty cache in theirs",
        ),
        (
            "first token, p95 [s]",
            round(first["p95_s"], 2),
            NOTHING,
            f"{cache.get('ttft_hit_s', NOTHING)} hit, {cache.get('ttft_miss_s', NOTHING)} miss",
            "ours with the queue",
        ),
        (
            "100 developers at an API, $/month",
            round(bill["monthly_usd"]),
            NOTHING,
            NOTHING,
            "writes and lifetimes from the gaps",
        ),
    ]
    print(f"{'':36}{'tco':>20}{'chimeraforge':>16}{'workingset':>24}  why")
    for name, *cells in rows:
        mine, one, two, why = (str(cell) for cell in cells)
        print(f"{name:36}{mine:>20}{one:>16}{two:>24}  {why}")


if __name__ == "__main__":
    main()
