#!/usr/bin/env bash
# Cached tokens that first appear late in a log vanish: silently in DuckDB where they were null before, or nested.
#
# Guess:   a JSON reader that guesses types from the first lines either widens the type later or stops with an error.
# Seen:    four spellings of one log (25,000 requests without cached tokens, then 25,000 with 90 each), read by name:
#            null, then 90            DuckDB: type "NULL", sum NULL, no error     polars: error
#            absent, then 90          DuckDB: error                               polars: no column, no error
#            {"out": 1}, then nested  DuckDB: the nested key is dropped           polars: the nested key is dropped
#          With sample_size=-1 DuckDB finds all 2,250,000. A type given by hand does too; a cast in the query does not.
# Matters: caching is often switched on in the middle of a month. Every request is there, the input is right, and the
#          bill is that of no caching at all.
# Version: duckdb 2.0.1 (sample of 20,480 lines), polars 2.1.0 (sample of 100 lines).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q duckdb==2.0.1 polars==2.1.0
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import json
import sys
from collections.abc import Callable

import duckdb
import polars as pl

N = 25_000
KINDS = {
    "null": ({"cached": None}, {"cached": 90}),
    "absent": ({}, {"cached": 90}),
    "nested": ({"usage": {"out": 1}}, {"usage": {"out": 1, "cached": 90}}),
}
for name, (early, late) in KINDS.items():
    with open(f"{name}.jsonl", "w") as out:
        for i in range(2 * N):
            out.write(json.dumps({"id": i, "input": 100, **(early if i < N else late)}) + "\n")


def attempt(read: Callable[[], object]) -> object:
    try:
        return read()
    except (duckdb.Error, pl.exceptions.PolarsError):
        return "error"


def by_duckdb(name: str, column: str, how: str = "") -> object:
    return duckdb.sql(f"SELECT sum({column}) FROM read_json('{name}.jsonl'{how})").fetchall()[0][0]


def nested_keys() -> object:
    return duckdb.sql("SELECT usage FROM read_json('nested.jsonl') WHERE id = 40000").fetchall()[0][0]


def by_polars(name: str) -> object:
    table = pl.read_ndjson(f"{name}.jsonl")
    return table["cached"].sum() if "cached" in table.columns else "no column"


seen = {
    "duckdb": [attempt(lambda: by_duckdb("null", "cached")), attempt(lambda: by_duckdb("absent", "cached")),
               attempt(nested_keys)],
    "polars": [attempt(lambda: by_polars("null")), attempt(lambda: by_polars("absent")),
               attempt(lambda: pl.read_ndjson("nested.jsonl")["usage"][40_000])],
    "duckdb, whole file": [attempt(lambda: by_duckdb("null", "cached", ", sample_size=-1"))],
    "duckdb, cast": [attempt(lambda: by_duckdb("null", "CAST(cached AS BIGINT)"))],
}
for reader, found in seen.items():
    print(f"{reader:20}", found)
wanted = {
    "duckdb": [None, "error", {"out": 1}], "polars": ["error", "no column", {"out": 1}],
    "duckdb, whole file": [2_250_000], "duckdb, cast": [None],
}
if seen != wanted:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
