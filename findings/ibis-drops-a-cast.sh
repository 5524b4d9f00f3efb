#!/usr/bin/env bash
# A cast that is asked for is left out of the SQL, because Ibis believes a sum to have the type that it is cast to.
#
# Guess:   `column.sum().cast("int64")` is CAST(SUM(column) AS BIGINT) everywhere.
# Seen:    SUM(column) alone, in the SQL of DuckDB, PostgreSQL, Spark, ClickHouse and Trino: of an int64 column Ibis
#          takes a sum to be int64, and a cast to the same type is none. DuckDB's sum of BIGINT is a HUGEINT, and
#          PostgreSQL's (by its manual) a numeric. The same of a sum of int32 is cast. `ibis.expr.operations.Cast`,
#          made by hand, stays.
# Matters: a table that such a query writes has another type than its schema says; read back through a plain driver a
#          PostgreSQL sum is a Decimal, that no JSON writer takes, and two warehouses' "equal integers" differ in type.
# Version: ibis-framework 12.0.0, sqlglot 30.30.0, duckdb 2.0.1.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q 'ibis-framework[duckdb]==12.0.0' sqlglot==30.30.0 duckdb==2.0.1
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import sys

import duckdb
import ibis
from ibis.expr import operations as ops

table = ibis.table({"x": "int64", "small": "int32"}, name="t")
asked = table.aggregate(s=table.x.sum().cast("int64"))
by_hand = table.aggregate(s=ops.Cast(table.x.sum(), "int64").to_expr())
small = table.aggregate(s=table.small.sum().cast("int32"))
kept = {
    name: [
        "CAST" in str(ibis.to_sql(query, dialect=name)).upper() for query in (asked, by_hand, small)
    ]
    for name in ("duckdb", "postgres", "clickhouse", "trino")
}
for name, found in kept.items():
    print(f"{name:12} cast of a sum {found[0]}, by hand {found[1]}, of int32 to int32 {found[2]}")
db = duckdb.connect()
db.sql("CREATE TABLE t AS SELECT 1::BIGINT AS x, 1::INTEGER AS small")
types = [
    db.sql(f"SELECT typeof(s) FROM ({ibis.to_sql(query, dialect='duckdb')})").fetchall()[0][0]
    for query in (asked, by_hand)
]
print("duckdb gives", types)
wanted = dict.fromkeys(kept, [False, True, True])
if kept != wanted or types != ["HUGEINT", "BIGINT"]:
    sys.exit(f"changed: {kept}, {types}")
PY
