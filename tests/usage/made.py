"""A table of requests with known totals, drawn here: arrivals that drift, lengths with a tail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

START = 1_791_158_400  # Monday 2026-10-05 00:00 UTC
MODELS = ("gpt-5-mini", "gemini-2.5-pro", "claude-sonnet-4.5")
PRICED = {"gpt-5-mini": (0.25, 0.025, 0.25, 2.0)}


def drawn(rows: int = 6000, days: int = 28, seed: int = 3) -> dict[str, Any]:
    """Return columns of good rows, in the order of their start."""
    rng = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    load = 1.0 + np.sin((hours % 24 - 8) / 24 * 2 * np.pi) + 0.2 * rng.random(hours.size)
    at = rng.choice(hours, rows, p=load / load.sum()) * 3600 + rng.integers(0, 3600, rows)
    model = rng.integers(0, len(MODELS), rows)
    median = np.array([800, 60_000, 30_000])[model]
    given = np.clip(np.exp(rng.normal(0, 1.2, rows)) * median, 1, 900_000).astype(np.int64)
    cached = np.where(rng.random(rows) < 0.5, given * rng.random(rows), 0).astype(np.int64)
    written = np.where((model == 2) & (rng.random(rows) < 0.5), given - cached, 0)
    made = np.clip(np.exp(rng.normal(0, 1, rows)) * 200, 1, 9000).astype(np.int64)
    thought = (made * 0.3 * (model == 0)).astype(np.int64)
    order = np.argsort(at, kind="stable")
    columns = {
        "start": START + at,
        "end": START + at + 1 + made // 100,
        "model": np.array(MODELS)[model],
        "team": np.array(["blue", "red"])[rng.integers(0, 2, rows)],
        "input_tokens": given,
        "cached_tokens": cached,
        "cache_write_tokens": written,
        "output_tokens": made,
        "reasoning_tokens": thought,
        "batch": (model == 0) & (rng.random(rows) < 0.2),
        "status": np.where(rng.random(rows) < 0.01, 429, 200),
    }
    out = {name: values[order] for name, values in columns.items()}
    for name in ("output_tokens", "reasoning_tokens", "cached_tokens", "cache_write_tokens"):
        out[name] = np.where(out["status"] == 200, out[name], 0)
    return {"request_id": np.arange(1, rows + 1), **out}


def write(columns: dict[str, Any], folder: Path, form: str, files: int = 3) -> list[str]:
    """Write columns as so many files of a form; return their paths."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute("SET TimeZone='UTC'")
    con.register(
        "made", {k: np.asarray(v, object) if v.dtype.kind == "U" else v for k, v in columns.items()}
    )
    times = 'to_timestamp("start") AS "start", to_timestamp("end") AS "end"'
    paths = []
    size = len(columns["start"])
    for n in range(files):
        low, high = n * size // files, (n + 1) * size // files
        path = folder / f"part-{n}.{form}"
        options = {
            "parquet": "FORMAT parquet",
            "csv.gz": "FORMAT csv, HEADER, COMPRESSION gzip",
            "jsonl.gz": "FORMAT json, COMPRESSION gzip",
        }[form]
        con.execute(
            f"COPY (SELECT * REPLACE ({times}) FROM made WHERE request_id > {low} "
            f"AND request_id <= {high}) TO '{path}' ({options})"
        )
        paths.append(str(path))
    con.close()
    return paths


def total(columns: dict[str, Any], model: str, name: str) -> int:
    """Return the sum of a column over the rows of a model."""
    return int(columns[name][columns["model"] == model].sum())


def spoilt(columns: dict[str, Any], reasons: Sequence[str]) -> dict[str, Any]:
    """Return the columns with one bad row more for each reason."""
    out = {k: np.array(v) for k, v in columns.items()}
    for reason in reasons:
        row = {k: v[:1].copy() for k, v in columns.items()}
        row["request_id"] = np.array([len(out["start"]) + 1])
        if reason == "negative":
            row["input_tokens"] = np.array([-5])
        elif reason == "cached_over_input":
            row["cached_tokens"] = row["input_tokens"] + 1
        elif reason == "reasoning_over_output":
            row["reasoning_tokens"] = row["output_tokens"] + 1
        elif reason == "ends_before_start":
            row["end"] = row["start"] - 1
        elif reason == "out_of_range":
            row["start"], row["end"] = np.array([1]), np.array([2])
        elif reason == "duplicate":
            row["request_id"] = columns["request_id"][:1].copy()
        out = {k: np.concatenate([v, row[k].astype(v.dtype)]) for k, v in out.items()}
    return out
