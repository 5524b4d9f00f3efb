"""Whether a bill from a profile is that of its requests one by one, on a million of them.

    python benchmarks/bill_rows.py LOGS      LOGS is a folder of Parquet by generate_requests.py

The rows are read here by their own columns, judged by the rules that `plain.sql` writes out, each
id counted once, and priced one by one; the profile is made by `tco profile`, and billed from its
file. `claude-sonnet-4.5` is taken for a model with two limits of context, both within its lengths.
Exits 1 where the two differ by more than 1e-9, of any model or of all. Figures:
docs/performance.md.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np

from tco.catalog.load import load_catalog
from tco.usage.aggregates import filled
from tco.usage.bill import BillAsk, billed
from tco.usage.matching import Matcher
from tco.usage.pricing import matches_of, priced
from tco.usage.profile import profiled
from tco.usage.read import Reading

DAY = date(2026, 11, 21)
TIERED, LIMIT = "claude-sonnet-4.5", 32_000
MATCH = (f"{TIERED}=alibaba/qwen3-max", "llama-3.3-70b=deepinfra/llama-3.3-70b")
MOST = 1e-9

ROWS = """
SELECT model, batch, input_tokens AS input, cached_tokens AS read, cache_write_tokens AS
 write_unknown, output_tokens AS output, reasoning_tokens AS reasoning, status >= 400 AS failed
FROM (SELECT *, row_number() OVER (PARTITION BY request_id ORDER BY start) AS place
 FROM read_parquet('{}/*.parquet') WHERE model IS NOT NULL AND output_tokens IS NOT NULL
 AND least(input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens) >= 0
 AND cached_tokens + cache_write_tokens <= input_tokens AND reasoning_tokens <= output_tokens
 AND "end" >= start AND start >= TIMESTAMPTZ '2020-01-01 00:00:00+00') WHERE place = 1
"""


def rows_of(folder: str) -> dict[str, Any]:
    """Return the good requests of a folder as columns, each a cell by itself."""
    import duckdb

    con = duckdb.connect(config={"threads": "2"})
    con.execute("SET TimeZone='UTC'")
    found: dict[str, Any] = con.execute(ROWS.format(folder)).fetchnumpy()
    batch = np.asarray(found.pop("batch"), dtype=bool)
    size = len(batch)
    none = np.zeros(size, np.int64)
    rest = ("write_5m", "write_1h", "write_30m", "write_12h", "longer_than", "tier", "bucket_s")
    flags = ("only_cost", "unsplit", "uncounted", "unthought", "stated")
    found |= dict.fromkeys(rest, none) | dict.fromkeys(flags, none.astype(bool))
    found |= {"n": none + 1, "t": none - 1, "service": np.where(batch, "batch", "standard")}
    return filled(found)


def main(folder: str) -> int:
    """Print both bills and return the exit code."""
    catalog = load_catalog()
    every = rows_of(folder)
    matches = matches_of(every, Matcher(catalog, dict(m.split("=") for m in MATCH)))
    each = priced(catalog, every, matches, DAY, on=DAY)
    with tempfile.TemporaryDirectory() as made:
        path = str(Path(made) / "own.yaml")
        quiet = lambda _: None  # noqa: E731
        Path(path).write_text(profiled(Reading((folder,)), catalog, DAY, quiet)[1])
        ask = BillAsk(match=MATCH, beside=False)
        recorded = billed(Reading((path,)), catalog, DAY, ask, quiet)
    over = (every["model"] == TIERED) & (every["input"] > LIMIT) & ~every["failed"].astype(bool)
    whole, worst = fsum(each.usd.tolist()), 0.0
    print(f"{len(each.usd):,} requests, {int(over.sum()):,} above {LIMIT:,} tokens of a tier")
    for name in sorted({str(m) for m in every["model"]}):
        by_row = fsum(each.usd[every["model"] == name].tolist())
        usd = recorded.models[name].list_usd or 0.0
        worst = max(worst, abs(usd / by_row - 1.0) if by_row else abs(usd))
        print(f"{name:<20} row by row {by_row:16.9f}   from the profile {usd:16.9f}")
    worst = max(worst, abs((recorded.list_usd or 0.0) / whole - 1.0))
    print(f"all: {whole:.9f} and {recorded.list_usd:.9f}; worst difference {worst:.2e}")
    return int(worst > MOST or not over.any())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
