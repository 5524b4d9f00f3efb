"""The aggregates of the canonical table as expressions of Ibis: one definition for every engine.

`python -m tco.usage.expressions` writes their SQL for DuckDB into `duckdb.sql`, so that files are
read without Ibis; a warehouse gets the same trees over its own table (`tco.usage.warehouse`). Times
are rounded by their remainder and not by division, which Ibis makes of doubles, and every sum is a
BIGINT: so that all engines find the same whole numbers. Nothing here is imported by other commands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tco.errors import UsageError, install_command
from tco.usage.aggregates import BY, DAY_S, HOUR_S, NAMES, REUSE_GAPS_S, SUMS
from tco.usage.counted import PREFILL, STEP_S, TOKENS_PER_S
from tco.usage.rows import COLUMNS, NANO, WRITES
from tco.usage.store import QUERIES_FILE

TYPES = {
    "VARCHAR": "string",
    "BIGINT": "int64",
    "INTEGER": "int32",
    "SMALLINT": "int16",
    "BOOLEAN": "boolean",
}
EDGE, TIER, HOURLY = 987_654_321, 987_654_322, "{hourly}"
"""What stands in the written SQL for a limit of a tier, for the tier, and for names of models."""

DIALECTS = ("duckdb", "postgres", "pyspark", "bigquery", "snowflake", "clickhouse", "trino")


def ibis_module() -> Any:
    """Return Ibis.

    Raises:
        UsageError: It is not installed; the text says how.
    """
    try:
        import ibis
    except ImportError:
        raise UsageError(
            f"a warehouse is asked by way of Ibis: {install_command('warehouse')}"
        ) from None
    return ibis


def canonical() -> Any:
    """Return the good rows of the canonical table, bound to no engine."""
    return ibis_module().table({k: TYPES[v] for k, v in COLUMNS.items()}, name="good")


def whole(value: Any) -> Any:
    """Return a value as a BIGINT, also where Ibis takes it for one that engines make wider."""
    from ibis.expr.operations import Cast

    return Cast(value, "int64").to_expr()


def epoch_of(value: Any) -> Any:
    """Return a time as whole seconds since 1970.

    Engines round, cut or keep the part of a second: it is taken off before.
    """
    if value.type().is_integer():
        size = value.abs()
        steps = ((10**11, 1), (10**14, 10**3), (10**17, 10**6))
        parts = [(size < most, whole((value - value % unit) / unit)) for most, unit in steps]
        return ibis_module().cases(*parts, else_=whole((value - value % 10**9) / 10**9))
    from ibis.expr.operations import Floor

    return whole(Floor(value.epoch_seconds()).to_expr())


def nano_of(spent: Any) -> Any:
    """Return dollars as whole 1e-9 dollars, by sums that doubles make alike everywhere."""
    return whole((spent.cast("float64") * float(NANO) + 0.5).floor())


def ordered(found: Any, *keys: str) -> Any:
    """Return a result in an order, its models as texts: an engine may number them meanwhile."""
    from ibis.expr.operations import Cast

    texts = {"model": Cast(found.model, "string").to_expr()}
    return found.select(**{n: texts.get(n, found[n]) for n in found.columns}).order_by([*keys])


def _sums(table: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: whole(table[name].sum()) for name in names}


def over(good: Any, edge: int) -> Any:
    """Return whether a request, or the mean request of a bucket, has more input than a limit.

    `input // n > edge` without a division.
    """
    n, given = good.n.fill_null(0), good["input"].abs()
    one = (good.bucket_s == 0) | (n < 1)
    return one.ifelse(given, given - n * edge - n + edge + 1) > edge


def cells(good: Any, tier: Any, hourly: Sequence[str] = ()) -> Any:
    """Return sums by model and by whatever changes their price; `filled` gives them no gaps."""
    day = good.t - good.t % DAY_S
    if hourly:
        day = good.model.isin(hourly).ifelse(good.t - good.t % HOUR_S, day)
    keys = {
        **{name: good[name] for name in (*NAMES, *BY)},
        "t": (good.bucket_s > DAY_S).ifelse(good.t, day),
        **{name: good[name] for name in ("bucket_s", "longer_than", "only_cost")},
        "tier": tier,
        "failed": good.status >= 400,
        "stated": good.usd_nano.notnull(),
        "unsplit": good["read"].isnull(),
        "uncounted": good.n.isnull(),
        "unthought": good.reasoning.isnull(),
    }
    picked = good.select(**keys, **{name: good[name] for name in SUMS})
    return ordered(picked.group_by([*keys]).agg(**_sums(picked, SUMS)), *keys)


def calls(good: Any) -> Any:
    """Return the rows that are single requests."""
    return good.filter(good.bucket_s == 0, ~good.only_cost.fill_null(False))


def inputs(good: Any) -> Any:
    """Return answered requests by model, tier with region, and exact input."""
    ok = calls(good).filter(lambda t: t.status < 400)
    counts = ("n", "output", "read", *WRITES, "reasoning")
    usual, region = ok.service.fill_null("standard"), ok.region.fill_null("")
    picked = ok.select(
        model=ok.model,
        service=(region == "").ifelse(usual, usual + "@" + region),
        k=ok["input"].abs(),
        **{name: ok[name] for name in counts},
    )
    found = picked.group_by(["model", "service", "k"])
    return ordered(found.agg(**_sums(picked, counts)), "model", "service", "k")


def outputs(good: Any) -> Any:
    """Return answered requests by model and exact output."""
    ok = calls(good).filter(lambda t: t.status < 400)
    picked = ok.select(model=ok.model, k=ok.output.abs(), n=ok.n)
    return ordered(picked.group_by(["model", "k"]).agg(**_sums(picked, ("n",))), "model", "k")


def timed(good: Any) -> Any:
    """Return the single requests whose time is known."""
    return calls(good).filter(lambda t: t.t.notnull())


def begun(good: Any) -> Any:
    """Return each request by when it begins."""
    some = timed(good)
    return some.select(some.model, some.t, some.n)


def seconds(good: Any) -> Any:
    """Return requests by model and second."""
    some = begun(good)
    return some.group_by([some.model, some.t]).agg(n=some.n.sum().cast("int32"))


def steps(each_second: Any) -> Any:
    """Return requests by model and step of `STEP_S`, by when it begins."""
    begun = each_second.t - each_second.t % STEP_S
    picked = each_second.select(each_second.model, t=begun, n=each_second.n)
    return ordered(picked.group_by(["model", "t"]).agg(**_sums(picked, ("n",))), "model", "t")


def busiest(each_second: Any) -> Any:
    """Return the most requests in a second, by model, and of all together under no name."""
    alone = each_second.group_by(each_second.model).agg(n=whole(each_second.n.max()))
    every = each_second.group_by(each_second.t).agg(**_sums(each_second, ("n",)))
    every = every.agg(n=whole(every.n.max()))
    return alone.union(every.select(model=ibis_module().literal(""), n=every.n))


def ended(good: Any, speed: int | None) -> Any:
    """Return each request by the step in which it ends, as logged or at a speed [token/s].

    At a speed: `start + (output + (input - cached) / PREFILL) / speed` in units of
    `1 / (PREFILL x speed)` s, whole numbers throughout.
    """
    some = timed(good)
    if speed is None:
        some = some.filter(some.e.notnull())
        at = some.e - some.e % STEP_S
    else:
        unit = PREFILL * speed
        fresh = (some["input"] - some["read"].fill_null(0)).abs()
        end = whole(some.t) * unit + whole(some.output.abs()) * PREFILL + fresh
        at = end - end % (STEP_S * unit)
    return some.select(model=some.model, t=at, n=some.n)


def ends(good: Any, speed: int | None) -> Any:
    """Return requests by model and the step of `STEP_S` in which they end."""
    picked = ended(good, speed)
    return ordered(picked.group_by(["model", "t"]).agg(**_sums(picked, ("n",))), "model", "t")


def reuse(good: Any) -> Any:
    """Return input that a session had sent or been given before, by the gap since then."""
    ibis = ibis_module()
    every = timed(good).filter(lambda t: t.session.notnull())
    some, off = every.filter(every.n > 0), every.filter(every.n < 0)
    window = ibis.window(group_by=["model", "session"], order_by=["t", "input", "output"])
    told = some.select(
        model=some.model,
        given=whole(some["input"]),
        gap=some.t - some.t.lag().over(window),
        had=(whole(some["input"]) + some.output).lag().over(window),
    )
    told = told.filter(told.gap.notnull())
    gap = ibis.cases(*((told.gap <= g, g) for g in REUSE_GAPS_S), else_=0)
    again = (told.given < told.had).ifelse(told.given, told.had)
    picked = told.select(model=told.model, gap=whole(gap), tokens=again)
    # A duplicate came at once after its twin; that it is taken off again takes its input off, too.
    least = whole(ibis.literal(REUSE_GAPS_S[0]))
    picked = picked.union(off.select(model=off.model, gap=least, tokens=whole(off["input"])))
    found = picked.group_by(["model", "gap"]).agg(**_sums(picked, ("tokens",)))
    return ordered(found.filter(lambda t: t.tokens != 0), "model", "gap")


def span(good: Any) -> Any:
    """Return how many requests there are; of how many time, end and session are told; when."""
    some = calls(good)
    told = {"calls": None, "timed": some.t, "ends": some.e, "sessions": some.session}
    counts = {
        name: whole(some.n.sum(where=None if value is None else value.notnull()).fill_null(0))
        for name, value in told.items()
    }
    return some.agg(**counts, first=some.t.min(), last=some.t.max())


TREES: dict[str, Callable[[Any], Any]] = {
    "inputs": inputs,
    "outputs": outputs,
    "tens": lambda good: steps(seconds(good)),
    "busiest": lambda good: busiest(seconds(good)),
    "ends": partial(ends, speed=None),
    **{f"ends_{speed}": partial(ends, speed=speed) for speed in TOKENS_PER_S},
    "reuse": reuse,
    "span": span,
}
"""Every query of the good rows by its name, but for `cells`, which hangs on what is asked."""


def left_out(rows: Any) -> Any:
    """Return rows by what is wrong with them, and how many of them tell nothing of a cache."""
    told = rows.select(rows.bad, rows.doubt, unread=rows["read"].isnull().cast("int32"))
    found = told.group_by(["bad", "doubt"])
    return found.agg(rows=told.count(), unread=whole(told.unread.sum()))


def sql(tree: Any, dialect: str) -> str:
    """Return the SQL of a tree; no driver of the engine is needed."""
    from ibis import options
    from ibis.backends.sql import compilers
    from ibis.config import Config

    if options.pyspark is None:  # its compiler looks for what only its driver sets
        said = {"__annotations__": {"treat_nan_as_null": bool}, "treat_nan_as_null": False}
        options.pyspark = type("SparkOptions", (Config,), said)()
    names = {"pyspark": "PySpark", "bigquery": "BigQuery", "clickhouse": "ClickHouse"}
    names |= {"duckdb": "DuckDB"}
    compiler = getattr(compilers, f"{names.get(dialect, dialect.title())}Compiler")()
    return str(compiler.to_sqlglot(tree).sql(dialect=compiler.dialect, pretty=True))


def duckdb_text() -> str:
    """Return the SQL of every query for DuckDB, as `duckdb.sql` holds it."""
    ibis = ibis_module()
    good = canonical()
    tier = ibis.literal(TIER)
    second = ibis.table({"model": "string", "t": "int32", "n": "int32"}, name="seconds")
    found = {
        "cells": cells(good, tier),
        "cells_hourly": cells(good, tier, (HOURLY,)),
        **{name: make(good) for name, make in TREES.items()},
        "seconds": seconds(good),
        "tens": steps(second),
        "busiest": busiest(second),
        "each_begun": begun(good),
        "each_ends": ended(good, None),
        **{f"each_ends_{speed}": ended(good, speed) for speed in TOKENS_PER_S},
    }
    texts = {name: sql(tree, "duckdb") for name, tree in found.items()}
    over_ = sql(good.select(over=over(good, EDGE).cast("int32")), "duckdb")
    texts["over"] = " ".join(over_.split()).removeprefix("SELECT ").partition(' AS "over"')[0]
    swaps = ((str(TIER), "{tier}"), (str(EDGE), "{edge}"), (f"'{HOURLY}'", HOURLY))
    out = ["-- Written by `python -m tco.usage.expressions`; not edited by hand."]
    for name, text in texts.items():
        for stands, shown in swaps:
            text = text.replace(stands, shown)
        out.append(f"-- name: {name}\n{text}\n")
    return "\n".join(out)


def tree_of(name: str, good: Any, edges: Sequence[int] = (), hourly: Sequence[str] = ()) -> Any:
    """Return a query over good rows as an expression."""
    if name != "cells":
        return TREES[name](good)
    tier = ibis_module().literal(0, "int32")
    for edge in edges:
        tier = tier + over(good, edge).cast("int32")
    return cells(good, tier, hourly)


def emptied(good: Any, names: Collection[str]) -> Any:
    """Return rows with nothing in some columns."""
    none = ibis_module().null
    empty = {name: none(TYPES[COLUMNS[name]]) for name in names if name != "session"}
    return good.mutate(**empty) if empty else good


def first_of(*pairs: tuple[Any, str]) -> Any:
    """Return the first reason that holds."""
    return ibis_module().cases(*pairs, else_=ibis_module().null("string"))


if __name__ == "__main__":
    Path(QUERIES_FILE).write_text(duckdb_text(), encoding="utf-8")
