"""Published sweeps of agent sessions against the model of sessions: the wall, and the speed.

    python benchmarks/sessions.py [--pool computed]

`data/agent_sweeps_2026_11.csv` has what was published, each row with its source. A sweep's pool is
taken where it was stated, and worked out from the memory otherwise. Sessions are those of the
replays: their gaps are cut off, and a slot holds 1.8 times its mean input. The wall of a sweep is
the first step whose hit rate is below 0.8, or the step that its authors name; the model's is the
first step beyond what a replica keeps warm. Short contexts never fill a pool, so that a hit rate
that falls there (dropped tails of sliding windows) is no wall. Speed is that of all tokens, cached
ones included, a GPU. Nothing here is fitted on these rows.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tco.catalog.load import load_catalog
from tco.engine.gaps import Gaps
from tco.engine.sessions import CacheRoom, Limits, Sessions, kept, session_server, steady
from tco.engine.shapes import PROFILES, number
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario
from tco.options.sessions import gaps_of, sessions_of
from tco.options.settings import target
from tco.options.setups import GpuEntry
from tco.options.shapes import gpu_shape, layout_of, model_shape, server_layout

ROWS = Path(__file__).parent / "data" / "agent_sweeps_2026_11.csv"
BELOW = 0.8
NAMES = {
    "GLM-5.2": "glm-5.2",
    "MiniMax-M3": "minimax-m3",
    "MiniMax-M2.5": "minimax-m2.5",
    "DeepSeek-V4-Pro": "deepseek-v4-pro",
    "Kimi-K2.5": "kimi-k2.5",
    "Qwen3.5-397B-A17B": "qwen3.5-397b-a17b",
    "DeepSeek-V4.1-Flash": "deepseek-v4.1-flash",
}
GPUS = {
    "B300": "b300-sxm",
    "B200": "b200-sxm",
    "H100": "h100-sxm",
    "H200": "h200-sxm",
    "MI300X": "mi300x",
    "MI325X": "mi325x",
    "MI355X": "mi355x",
    "MI35x": "mi355x",
    "GB200": "gb200",
    "GB300": "gb300",
}
PRECISIONS = {"mxfp8": "fp8", "": "fp8"}
WALLS = {
    "m3-h100-tp8": 6.0,
    "m3-b200-tp4": 15.0,
    "m3-mi355x-tp4": 48.0,
    "qwen35-mi325x-tp8": 80.0,
    "m3-mi300x-tp8": 12.0,
}
"""The step that authors name as beyond the knee, where no hit rate was published; on MI300X they
name memory and scheduling."""

POOLS = {"m3-b200-tp4": 4_300_000.0}
"""Where the file divides stated bytes by those of a token over two GPUs: 398 GB over the 92.6 kB of
four, each with all of the keys that sparse attention looks its blocks up by [token]."""

HOST = ("HiCache", "LMCache", "store")
NO_GAP = 0.5
"""Gap of replays that have none, time of the tool included [s]."""

INPUT, OUTPUT = 139_355.0, 986.0
"""Means of the replay of 393 traces where a sweep does not state its own [token]."""

SHORT = {"context_tokens": 6900.0, "new_tokens": 560.0, "shared_tokens": 3500.0}
SHORT |= {"first_tokens": 4000.0, "last_tokens": 9000.0, "output_tokens": 1490.0, "turns": 20.0}
"""The kernels of short replays: 7k in, 1,490 out, 0.914 of the input cached at best."""


class Step(NamedTuple):
    """One step of a ladder: published, and by the model."""

    sessions: float
    hit: float
    speed: float
    by_hit: float
    by_speed: float


class Sweep(NamedTuple):
    """One ladder.

    Args:
        name: Of the file.
        steps: Its steps.
        wall: Sessions of the first step beyond the published wall; not a number where none was met.
        keeps: Sessions that the model keeps warm, and finds again when cold [1].
        pool: Tokens of the pool, and whether they were stated.
    """

    name: str
    steps: list[Step]
    wall: float
    keeps: tuple[float, float]
    pool: tuple[float, bool]
    short: bool


def value(row: dict[str, str], name: str) -> float:
    """Return a figure of a row, not a number where it was not stated."""
    return float(row[name]) if row[name] else np.nan


def sessions(inputs: Question, row: dict[str, str]) -> Sessions:
    """Return the sessions of a replay."""
    of = sessions_of(inputs.settings, gaps_of(inputs.catalog.workloads.profiles[inputs.profile]))
    if row["trace"].startswith("Claude Code, kernels"):
        return replace(of, **SHORT, lanes=1.0, gaps=Gaps(beyond=((0.1, 1.0), (NO_GAP, 0.0))))
    cap = value(row, "gap_cap_s")
    if "no think time" in row["trace"]:
        cap = NO_GAP
    mean = 85201.0 if "256k" in row["trace"] else value(row, "mean_in")
    mean = INPUT if np.isnan(mean) else mean
    gaps = of.gaps if np.isnan(cap) else replace(of.gaps, cap_s=cap)
    out = value(row, "mean_out")
    out = OUTPUT if np.isnan(out) else out
    # Sub-agents beside the main one: all that a slot holds takes turns of its own
    at_once = of.lanes if "subagents" in row["trace"] else 1.0
    return replace(of, context_tokens=mean, output_tokens=out, gaps=gaps, at_once=at_once)


def swept(inputs: Question, name: str, rows: list[dict[str, str]], *, stated: bool) -> Sweep | None:
    """Return one ladder; None where the catalog lacks the model or the GPU, or nothing is told."""
    first = rows[0]
    if first["model"] not in NAMES or first["gpu"] not in GPUS:
        return None
    catalog = inputs.catalog
    model = model_shape(catalog.models.models[NAMES[first["model"]]])
    known = catalog.hardware.accelerators[GPUS[first["gpu"]]]
    gpu = gpu_shape(catalog.hardware, known)
    if model is None or gpu is None:
        return None
    node = GpuEntry(id=GPUS[first["gpu"]], shape=gpu, node_gpus=max(known.node_gpus, 8))
    profile = PROFILES["sglang" if first["engine"] == "SGLang" else "tuned"]
    precision = PRECISIONS.get(first["precision"], first["precision"])
    layout = layout_of(
        model, int(first["gpus"]), node, precision, server_layout(inputs.settings, profile)
    )
    each = "DP" in first["layout"].replace("1P1D", "") or "DEP" in first["layout"]
    layout = replace(layout, kv_bytes=1.0, dp_attention=each)
    of, pool = sessions(inputs, first), POOLS.get(name, value(first, "kv_pool_tokens"))
    room = CacheRoom(pool_tokens=pool if stated and pool > 0 else 0.0, pool_share=0.84)
    goal = replace(target(inputs.settings), drafts=float("MTP" in first["spec"]))
    server = session_server(model, gpu, layout, profile, goal, of, room)
    found = kept(of, server, Limits())
    ladder = np.array([value(r, "sessions") for r in rows])
    at = steady(of, server, ladder, warm=True)
    per_gpu = at.turns_per_s * (of.context_tokens + of.output_tokens) / int(first["gpus"])
    steps = [
        Step(n, value(r, "hit"), value(r, "total_tok_s_gpu"), float(h), float(v))
        for n, r, h, v in zip(ladder, rows, at.hit_share, np.asarray(per_gpu), strict=True)
    ]
    short = first["trace"].startswith("Claude Code, kernels")
    lost = [s.sessions for s in steps if s.hit < BELOW and not short]
    wall = lost[0] if lost else WALLS.get(name, np.nan)
    keeps = (number(found.warm), number(found.cold))
    return Sweep(
        name, steps, wall, keeps, (number(server.pool_tokens), room.pool_tokens > 0), short
    )


def sweeps(*, stated: bool) -> Iterator[Sweep]:
    """Yield the ladders of two steps or more on GPU memory alone."""
    inputs = prepare(load_catalog(), Scenario(profile="agent-coding"), date(2026, 11, 21))
    groups: dict[str, list[dict[str, str]]] = {}
    with ROWS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            groups.setdefault(row["sweep"], []).append(row)
    for name, rows in groups.items():
        on_gpu = [r for r in rows if not any(h in r["host_tier"] for h in HOST) or name in WALLS]
        told = [r for r in on_gpu if r["sessions"] and "P1D" not in r["layout"]]
        by_step = list({r["sessions"]: r for r in told}.values())
        if by_step and (made := swept(inputs, name, by_step, stated=stated)) is not None:
            yield made


def steps_off(sweep: Sweep) -> int | None:
    """Return by how many steps the model's wall is late; None where none was published."""
    if np.isnan(sweep.wall):
        return None
    ladder = [s.sessions for s in sweep.steps]
    ladder += [sweep.wall] if sweep.wall not in ladder else []
    beyond = [i for i, n in enumerate(ladder) if n > sweep.keeps[0]]
    return (beyond[0] if beyond else len(ladder)) - ladder.index(sweep.wall)


def main() -> None:
    """Print the ladders and what comes out."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--pool", choices=("stated", "computed"), default="stated")
    stated = ask.parse_args().pool == "stated"
    before, after, off, false_alarms, beyond = [], [], [], 0, 0
    for sweep in sweeps(stated=stated):
        late, pool = steps_off(sweep), sweep.pool
        kind = "stated" if pool[1] else "computed"
        print(
            f"\n{sweep.name}: pool {pool[0] / 1e6:.2f}M {kind}, warm {sweep.keeps[0]:.0f}, cold "
            f"{sweep.keeps[1]:.0f}, published wall {sweep.wall:g}"
            + ("" if late is None else f", {late:+d} steps")
        )
        for s in sweep.steps:
            print(
                f"  {s.sessions:5g} hit {s.hit:5.2f} / {s.by_hit:4.2f}  "
                f"tok/s/GPU {s.speed:8.0f} / {s.by_speed:8.0f}"
            )
            if s.speed > 0:
                error = abs(np.log(s.by_speed / s.speed))
                (before if np.isnan(sweep.wall) or s.sessions < sweep.wall else after).append(error)
        if late is not None:
            off.append(late)
            beyond += sweep.keeps[1] >= sweep.wall
        if sweep.short and np.isnan(sweep.wall):
            false_alarms += sweep.keeps[0] < max(s.sessions for s in sweep.steps)
    within = sum(abs(x) <= 1 for x in off)
    print(f"\nwall within one step: {within} of {len(off)}; counted on beyond it: {beyond}")
    print(f"walls announced on short contexts: {false_alarms}")
    print(f"median |ln| of speed before the wall {np.median(before):.2f} ({len(before)} steps)")
    print(f"                      from the wall on {np.median(after):.2f} ({len(after)} steps)")


if __name__ == "__main__":
    main()
