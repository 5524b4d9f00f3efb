"""A table of requests in a team's own warehouse, asked for the same aggregates; no row leaves it.

`postgresql://user@host/db` reads LiteLLM's own `LiteLLM_SpendLogs` unless `?table=` names another;
`spark://local?path=FOLDER`, `spark://HOST:PORT?table=NAME` and `sc://HOST` go to Spark; BigQuery,
Snowflake, ClickHouse and Trino are addressed as Ibis does. What is written is nothing at all.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np

from tco.errors import DataError, UsageError, install_command, printable
from tco.usage import expressions
from tco.usage.aggregates import BY, Arrays
from tco.usage.expressions import (
    TYPES,
    emptied,
    epoch_of,
    first_of,
    ibis_module,
    nano_of,
    tree_of,
    whole,
)
from tco.usage.formats import CACHE, CACHE_OR_READ, HIT, HITS, SERVICES
from tco.usage.formats.litellm import (
    BASES,
    ERROR,
    KEPT_AS_JSON,
    LOG,
    SPENT,
    provider_usd_of,
    usage_of,
)
from tco.usage.formats.table import CACHED, TOTAL, columns_of, found_columns, left_out_of, says
from tco.usage.raw_table import FAILED, LIFETIMES, MOST_OF_A_REQUEST
from tco.usage.rows import COLUMNS, FIRST_S, LAST_S, MOST_TOKENS, WRITES, LeftOutTally, hashed

LITELLM = "LiteLLM_SpendLogs"
ENGINES = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "spark": "pyspark",
    "sc": "pyspark",
    **{name: name for name in ("bigquery", "snowflake", "clickhouse", "trino")},
}
"""Which engine the scheme of an address means, by its name in Ibis."""

DIALECTS = {**ENGINES, "duckdb": "duckdb"}
ZONE = "spark.sql.session.timeZone"
NEEDED = ("start", "model", "input", "output")
COUNTED = ("input", "fresh", "read", "written", *LIFETIMES, "output", "reasoning")
FIELDS = {
    **dict.fromkeys((*COUNTED, "status"), "int64"),
    "start": "timestamp",
    "end": "timestamp",
    "batch": "boolean",
    "cost": "float64",
}
"""Types that columns are taken to have where SQL is shown without asking the warehouse."""


class Warehouse:
    """A connection, and the canonical table as an expression over a table that is there."""

    def __init__(self, url: str, columns: Mapping[str, str], tally: LeftOutTally) -> None:
        """Connect, look at the columns, and count what is left out.

        Args:
            url: Where the table is.
            columns: What the table calls what is needed.
            tally: Where bad rows are counted.

        Raises:
            UsageError: The address or a column means nothing, or a package is missing.
            DataError: The server does not answer, or has no such table.
        """
        self.at = Address(url)
        self.shown = self.at.shown
        self.connection = self._connected()
        try:
            self.format, self.rows = rows_of(self._table(), columns, self.shown, tally)
            self.keep()
            self._count_bad(tally)
        except BaseException:
            self.__exit__()
            raise

    def _connected(self) -> Any:
        ibis = ibis_module()
        try:
            if self.at.engine == "pyspark":
                self.session, self.own = self._spark()
                self.zone = self.session.conf.get(ZONE)
                return ibis.pyspark.connect(self.session)
            return ibis.connect(self.at.plain)
        except ImportError:
            raise UsageError(_missing(self.at.engine)) from None
        except Exception as error:  # noqa: BLE001 - each driver has errors of its own
            raise DataError(f"{self.at.shown}: cannot connect: {self.at.fault(error)}") from None

    def _spark(self) -> tuple[Any, bool]:
        """Return a session of Spark, and whether it is ours: one that is there is taken."""
        from pyspark.sql import SparkSession

        active = SparkSession.getActiveSession()
        if active is not None:
            return active, False
        builder = SparkSession.builder.appName("tco").config("spark.ui.enabled", "false")
        builder = builder.config("spark.ui.showConsoleProgress", "false")
        if self.at.url.scheme == "sc":
            return builder.remote(f"sc://{self.at.url.netloc}").getOrCreate(), True
        local = self.at.url.netloc.partition(":")[0] in ("local", "")
        master = "local[*]" if local else f"spark://{self.at.url.netloc}"
        session = builder.master(master).getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        return session, True

    def _table(self) -> Any:
        self._in_utc()
        path, name = self.at.query.get("path"), self.at.table
        try:
            if path:
                return self.connection.read_parquet(path, table_name="tco_requests")
            *outer, table = name.split(".")
            return self.connection.table(table, database=".".join(outer) or None)
        except Exception as error:  # noqa: BLE001 - each driver has errors of its own
            raise DataError(f"{self.at.shown}: {self._absent(error)}") from None

    def _in_utc(self) -> None:
        """Set the zone of the session: nothing may hang on where a server stands; write nothing."""
        if self.at.engine == "pyspark":
            self.session.conf.set(ZONE, "UTC")
        elif self.at.engine == "postgres":
            for setting in ("TIME ZONE 'UTC'", "default_transaction_read_only = on"):
                self.connection.con.execute(f"SET {setting}")

    def _absent(self, error: Exception) -> str:
        """Return what there is in place of a table that is missing."""
        try:
            there = sorted(self.connection.list_tables())[:12]
        except Exception:  # noqa: BLE001 - it says less, and that is all
            there = []
        if self.at.query.get("path") or not there:
            return f"no table {printable(self.at.table, 60)!r}: {self.at.fault(error)}"
        return (
            f"no table {printable(self.at.table, 60)!r}; there are {', '.join(there)}; "
            "say which with ?table=NAME"
        )

    def _count_bad(self, tally: LeftOutTally) -> None:
        found = self.numbers(expressions.left_out(self.rows))
        names = ("bad", "doubt", "rows", "unread")
        for bad, doubt, rows, unread in zip(*(found[name] for name in names), strict=True):
            if bad:
                tally.leave(bad, "", int(rows))
            elif unread and self.format == "litellm":
                tally.note("some rows keep no usage_object: what was cached in them is not known")
            if doubt:
                tally.doubts[doubt] += int(rows)

    def __exit__(self, *_: object) -> None:
        """Hang up; a session of Spark that was there before stays as it was."""
        if self.at.engine != "pyspark":
            self.connection.disconnect()
        elif self.own:
            self.session.stop()
        else:
            self.session.conf.set(ZONE, self.zone)

    def keep(self, without: Collection[str] = ()) -> None:
        """Have nothing in some columns from now on."""
        self.good = emptied(self.rows.filter(self.rows.bad.isnull()), without)

    def ask(self, name: str, *, edges: Sequence[int] = (), hourly: Sequence[str] = ()) -> Arrays:
        """Return what a query of `expressions` finds."""
        found = self.numbers(tree_of(name, self.good, edges, hourly))
        if name == "cells" and self.format == "litellm":
            found["key"] = np.array([hashed(key) for key in found["key"]], dtype=object)
            found["tag"] = np.array([_tags(tag) for tag in found["tag"]], dtype=object)
        return found

    def numbers(self, tree: Any) -> Arrays:
        """Return the columns of a tree's result: no number is 0, no time -1, no text empty.

        Raises:
            DataError: The engine refuses it.
        """
        try:
            table = self.connection.to_pyarrow(tree)
        except Exception as error:  # noqa: BLE001 - each driver has errors of its own
            raise DataError(f"{self.at.shown}: {self.at.fault(error)}") from None
        return {name: _array(name, table[name].combine_chunks()) for name in table.column_names}


class Address:
    """Where a table is; its password is never shown."""

    def __init__(self, url: str) -> None:
        """Read an address.

        Raises:
            UsageError: It means nothing.
        """
        try:
            self.url = urlsplit(url)
            self.url.port  # noqa: B018 - says at once where it is no number
        except ValueError:
            raise UsageError("--warehouse: the port is no number") from None
        if self.url.scheme not in ENGINES:
            shown = printable(self.url.scheme or "no scheme", 40)
            raise UsageError(
                f"--warehouse: {shown} is no kind of address known here; there are "
                f"{', '.join(f'{name}://' for name in ENGINES)}"
            )
        self.engine = ENGINES[self.url.scheme]
        self.query = dict(parse_qsl(self.url.query))
        self.table = self.query.get("table") or self.query.get("path") or LITELLM

    @property
    def shown(self) -> str:
        """Return the address without who asks and with what password."""
        host = self.url.netloc.rpartition("@")[2]
        table = "" if "path" in self.query else f" {self.table}"
        return printable(f"{self.url.scheme}://{host}{self.url.path}{table}", 200)

    @property
    def plain(self) -> str:
        """Return the address as Ibis takes it."""
        kept = {k: v for k, v in self.query.items() if k not in ("table", "path")}
        scheme = "postgres" if self.engine == "postgres" else self.url.scheme
        return self.url._replace(scheme=scheme, query=urlencode(kept)).geturl()

    def fault(self, error: Exception) -> str:
        """Return what a driver complains of, in one line without the password."""
        words = " ".join(str(error).split()) or type(error).__name__
        for secret in (self.url.password, self.query.get("password"), self.query.get("token")):
            words = words.replace(secret, "***") if secret else words
        return printable(words, 240)


def _missing(engine: str) -> str:
    if engine == "postgres":
        return f"a warehouse is asked by way of Ibis: {install_command('warehouse')}"
    return f"{engine} needs its driver: pip install 'ibis-framework[{engine}]>=12,<13'"


def _array(name: str, column: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        return column.fill_null(False).to_numpy(zero_copy_only=False)
    if pa.types.is_integer(column.type) or pa.types.is_decimal(column.type):
        empty = -1 if name == "t" else 0
        return column.cast(pa.int64()).fill_null(empty).to_numpy(zero_copy_only=False)
    return np.array([value or "" for value in column.to_pylist()], dtype=object)


def _tags(text: str) -> str:
    """Return tags as they are told of logs: sorted, and joined by `;`."""
    try:
        return ";".join(sorted(map(str, json.loads(text) or ())))[:200]
    except (ValueError, TypeError):
        return text


def shown_sql(
    dialect: str,
    url: str | None,
    columns: Mapping[str, str],
    edges: Sequence[int],
    by: Sequence[str],
) -> str:
    """Return every query that would run, without asking anything of a server.

    Args:
        dialect: Of `DIALECTS`, or `url` for that of the address.
        url: Where the table is.
        columns: What the table calls what is needed; LiteLLM's own table where nothing is said.
        edges: Limits of context tiers [token].
        by: Of `BY`, what is kept apart.

    Raises:
        UsageError: No such dialect, or a column that is needed is not said.
    """
    at = Address(url) if url else None
    engine = at.engine if at and dialect == "url" else DIALECTS.get(dialect)
    given = f"--sql {printable(dialect, 40)}"
    if engine is None:
        named = ", ".join(dict.fromkeys(DIALECTS))
        raise UsageError(f"{given}: there are {named}, and url with an address")
    if not columns and engine not in ("postgres", "duckdb"):
        raise UsageError(
            f"{given}: LiteLLM's own table lies in PostgreSQL; name the columns of yours: "
            "--columns start=at,model=name,input=prompt_tok,output=gen_tok"
        )
    ibis = ibis_module()
    binary = ibis.expr.datatypes.JSON(binary=engine == "postgres")
    fields: dict[str, Any] = {**SPENT, **dict.fromkeys(KEPT_AS_JSON, binary)}
    if columns:
        fields = {name: FIELDS.get(ours, "string") for ours, name in columns.items()}
    name = at.table if at else LITELLM if not columns else "requests"
    rows = rows_of(ibis.table(fields, name=name.rpartition(".")[2]), columns, name)[1]
    good = emptied(rows.filter(rows.bad.isnull()), {*BY} - {*by})
    texts: dict[str, Any] = {
        "left_out": expressions.sql(expressions.left_out(rows), engine),
        "cells": expressions.sql(tree_of("cells", good, edges), engine),
        **{n: expressions.sql(make(good), engine) for n, make in expressions.TREES.items()},
    }
    return "\n".join(f"-- {name}\n{text};\n" for name, text in texts.items())


def rows_of(
    table: Any, columns: Mapping[str, str], shown: str, tally: LeftOutTally | None = None
) -> tuple[str, Any]:
    """Return what a table is, and its rows as those of the canonical table, good and bad.

    Raises:
        UsageError: A column that is needed is not found, or is of a type that is no count or time.
    """
    known = set(table.columns)
    if not columns and known.issuperset(LOG):
        if not table.metadata.type().is_json():
            raise UsageError(
                f"{shown}: LiteLLM's table is understood where its metadata is JSON, as in "
                "PostgreSQL; say --columns start=startTime,input=prompt_tokens,... for a copy"
            )
        return "litellm", _canonical(table, _spent(table))
    there = f"there are {printable(', '.join(table.columns[:20]), 300)}"
    for ours, name in columns.items():
        if name not in known:
            said = f"--columns {ours}={printable(name, 60)}"
            raise UsageError(f"{said}: {shown} has no such column; {there}")
    hits = {"hit": CACHE, "hit_if_free": CACHE_OR_READ}
    at = {**found_columns(known, hits), **columns_of(known, dict(columns))}
    for ours in NEEDED:
        if ours not in at and (ours != "input" or "fresh" not in at):
            raise UsageError(f"{shown}: which column is {ours}? say --columns {ours}=NAME; {there}")
    _check_types(table, at, shown)
    apart = left_out_of(at, columns, () if tally is None else _first_rows(table, at))
    if apart and tally is not None:
        tally.note(f"{shown}: {says(at, apart)}")
    return "table", _canonical(table, _mapped(table, at, apart))


def _first_rows(table: Any, at: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Return some rows with a total, which is asked for only where it decides."""
    if total := found_columns(table.columns, TOTAL).get("total"):
        names = {at[name] for name in ("input", "output", *CACHED) if name in at} | {total}
        with suppress(Exception):  # of what a server refuses the next query tells
            yield from table.select(*sorted(names)).limit(SOME).to_pyarrow().to_pylist()


SOME = 200
"""Rows whose totals are looked at."""


def _check_types(table: Any, at: Mapping[str, str], shown: str) -> None:
    """Refuse texts in place of counts and times: how they are written, only their owner knows."""
    for ours, name in at.items():
        kind, count = table[name].type(), ours in (*COUNTED, "cost")
        timed = kind.is_timestamp() or kind.is_integer()
        if (count and not kind.is_numeric()) or (ours in ("start", "end") and not timed):
            wanted = "a number" if count else "a timestamp"
            raise UsageError(
                f"{shown}: column {printable(name, 60)} is {kind}, and {ours} is {wanted}; "
                "cast it in a view, and name that with ?table="
            )


def _canonical(table: Any, made: Mapping[str, Any]) -> Any:
    """Return the columns of the canonical table, those that nothing fills without a value."""
    ibis = ibis_module()
    plain = {"n": 1, "bucket_s": 0, "status": 0, "only_cost": False}
    empty = {
        name: ibis.literal(plain[name]) if name in plain else ibis.null(TYPES[kind])
        for name, kind in COLUMNS.items()
        if name != "file"
    }
    rows = table.select(**{**empty, **made})
    return _once(rows) if "id" in made else rows


def _once(rows: Any) -> Any:
    """Return rows of which each id counts once: the first, in an order that all engines keep."""
    ibis = ibis_module()
    order = [(rows.status >= 400).ifelse(1, 0)]  # of a retry the answer counts
    order += [ibis.asc(rows[n], nulls_first=False) for n in ("t", "model", "input", "output")]
    window = ibis.window(
        group_by=[rows.id, rows.bad.isnull()],
        order_by=[*order, ibis.asc(rows.usd_nano, nulls_first=False)],
    )
    rows = rows.mutate(place=ibis.row_number().over(window))
    again = rows.bad.isnull() & rows.id.notnull() & (rows.place > 0)
    return rows.mutate(bad=again.ifelse("duplicate", rows.bad)).drop("place", "id")


def _mapped(table: Any, at: Mapping[str, str], apart: str) -> dict[str, Any]:
    """Return the rows of a table of requests; what is wrong is told as of files."""
    ibis = ibis_module()
    field: dict[str, Any] = {ours: table[name] for ours, name in at.items()}
    counts, odd = _counts(field, apart)
    start = epoch_of(field["start"])
    status = field.get("status")
    if status is not None and not status.type().is_integer():
        status = status.cast("string").lower().isin(FAILED).ifelse(ERROR, 0)
    texts = [n for n in ("model", "provider", "region", "team", "project", "tag") if n in field]
    return {
        **{n: field[n] for n in texts},
        **{n: field[n].cast("string") for n in ("session", "id") if n in field},
        **{n: counts[n] for n in ("input", "output", "read", "reasoning")},
        **{name: counts[name] for name in LIFETIMES},
        "write_unknown": counts["written"] - counts["write_5m"] - counts["write_1h"],
        "t": start,
        "e": epoch_of(field["end"]) if "end" in field else ibis.null("int64"),
        "status": ibis.literal(0) if status is None else status.fill_null(0),
        "service": _service(field),
        "usd_nano": nano_of(field["cost"]) if "cost" in field else ibis.null("int64"),
        "bad": _wrong(field, counts, odd, start),
        "doubt": ibis.null("string"),
    }


def _wrong(field: Mapping[str, Any], counts: Mapping[str, Any], odd: Any, start: Any) -> Any:
    """Return the first reason why a row cannot be used, in the order of `rows.BAD`."""
    given, made, read, thought = (counts[n] for n in ("input", "output", "read", "reasoning"))
    none = ibis_module().literal(False)
    negative = none
    for value in counts.values():
        negative = negative | (value.fill_null(0) < 0)
    return first_of(
        (_from_cache(field, counts), HIT),
        (field["model"].fill_null("") == "", "no_model"),
        (start.isnull(), "no_time"),
        (odd, "not_a_number"),
        (made.isnull() | given.isnull(), "no_output"),
        (negative, "negative"),
        (read + counts["written"] > given, "cached_over_input"),
        (thought > made, "reasoning_over_output"),
        (field["end"] < field["start"] if "end" in field else none, "ends_before_start"),
        ((start < int(FIRST_S)) | (start > int(LAST_S)), "out_of_range"),
        ((given > MOST_OF_A_REQUEST) | (made > MOST_OF_A_REQUEST), "out_of_range"),
    )


def _from_cache(field: Mapping[str, Any], counts: Mapping[str, Any]) -> Any:
    """Return whether a proxy's own cache answered: of what was neither read nor charged."""
    none = ibis_module().literal(False)
    name = next((n for n in ("hit", "hit_if_free") if n in field), "")
    if not name or field[name].type().is_numeric() or (name != "hit" and "cost" not in field):
        return none
    usd = (
        field["cost"].fill_null(0 if name == "hit" else 1) if "cost" in field else none.cast("int8")
    )
    told = field[name].cast("string").strip().lower().isin([*HITS, "t"]).fill_null(False)
    return told & (usd <= 0) & (counts["read"].fill_null(0) <= 0)


def _counts(field: Mapping[str, Any], apart: str) -> tuple[dict[str, Any], Any]:
    """Return counts as whole numbers, and whether one of a row is none."""
    ibis = ibis_module()
    counts: dict[str, Any] = {}
    odd = ibis.literal(False)
    for name in COUNTED:
        value = field.get(name)
        if value is None:
            known = name in ("written", *LIFETIMES)
            counts[name] = ibis.literal(0, "int64") if known else ibis.null("int64")
            continue
        if not value.type().is_integer():
            odd = odd | (value != value.floor()).fill_null(False)
            value = value.floor()
        number = whole(value)
        if name == "output":  # what embeds or ranks puts none out
            silent = field["model"].contains("embed") | field["model"].contains("rerank")
            number = (number.isnull() & silent).ifelse(0, number)
        counts[name] = number if name in ("input", "fresh", "output") else number.fill_null(0)
    counts["written"] = ibis.greatest(counts["written"], counts["write_5m"] + counts["write_1h"])
    cached = counts["read"].fill_null(0) + counts["written"]
    if "fresh" in field:
        counts["input"] = counts["fresh"] + cached
    elif apart:
        some = field["model"].lower().re_search(apart).fill_null(False)
        counts["input"] = counts["input"] + some.ifelse(cached, 0)
    return counts, odd


def _service(field: Mapping[str, Any]) -> Any:
    """Return the tier of a request."""
    tier = ibis_module().literal("standard")
    if "service" in field:
        said = field["service"].fill_null("").lower()
        tier = said.isin([*SERVICES]).ifelse("standard", said)
    batch = field.get("batch")
    if batch is None:
        return tier
    if batch.type().is_boolean():
        return batch.fill_null(False).ifelse("batch", tier)
    true = batch.cast("string").fill_null("").lower().isin(["true", "t", "1", "yes", "y"])
    return true.ifelse("batch", tier)


def _spent(table: Any) -> dict[str, Any]:
    """Return the rows of LiteLLM's spend log; what is wrong is told as of its exports."""
    ibis = ibis_module()

    def name(column: str) -> Any:
        return table[column].nullif("") if column in table.columns else ibis.null("string")

    given, made = (whole(table[n].fill_null(0)) for n in ("prompt_tokens", "completion_tokens"))
    start, end = epoch_of(table.startTime), epoch_of(table.endTime)
    cached = usage_of(table.metadata)
    failed = name("status").fill_null("success").lower() != "success"
    usd_nano = nano_of(table.spend) + nano_of(provider_usd_of(table.metadata["usage_object"]))
    unpaid = failed & ~(usd_nano > 0).fill_null(False)
    early, late = _unusable(table, given, made, failed, cached)
    past = [(at < int(FIRST_S)) | (at >= int(LAST_S)) for at in (start, end)]
    counted = table.total_tokens.notnull() & (table.total_tokens != given + made)
    doubts = ((counted, "total_contradicts_parts"), (unpaid & (made > 0), "output_of_failed"))
    doubt = first_of(*((test, "") for test, _ in early), *doubts)
    bad = first_of(
        *early, (past[0] | past[1], "out_of_range"), (name("model").isnull(), "no_model"), *late
    )
    tags = table.request_tags.cast("string") if "request_tags" in table.columns else None
    return {
        "input": given,
        "output": made,
        "t": start,
        "e": end,
        **cached,
        "model": name("model").strip(),
        "provider": name("custom_llm_provider"),
        "team": name("team_id"),
        "key": name("api_key"),
        "tag": ibis.null("string") if tags is None else tags,
        "session": ibis.coalesce(name("session_id"), name("end_user"), name("user")),
        "service": _service(_tiers(table, name("call_type"))),
        "status": unpaid.ifelse(ERROR, 200),
        "usd_nano": usd_nano,
        "bad": bad,
        "doubt": doubt.nullif(""),
    }


def _tiers(table: Any, kind: Any) -> dict[str, Any]:
    """Return what tells the tier of a call, as an export of it does."""
    kept = [table.metadata[key]["service_tier"].str for key in BASES]
    if "proxy_server_request" in table.columns:
        kept.append(table.proxy_server_request["service_tier"].str)
    return {"service": ibis_module().coalesce(*kept), "batch": kind.contains("batch")}


def _unusable(
    table: Any, given: Any, made: Any, failed: Any, cached: Mapping[str, Any]
) -> tuple[tuple[tuple[Any, str], ...], tuple[tuple[Any, str], ...]]:
    """Return why a call is left out: what is looked for before its time and model, and after."""
    written = sum((cached[n] for n in WRITES[1:] if n in cached), cached["write_5m"])
    early = (
        (table.cache_hit.lower() == "true", "answered_by_proxy_cache"),
        ((given < 0) | (made < 0), "negative"),
        ((given > MOST_TOKENS) | (made > MOST_TOKENS), "out_of_range"),
        (failed & (given == 0) & (made == 0), "failed"),
    )
    late = (
        (cached["read"].fill_null(0) + written > given, "cached_over_input"),
        (cached["reasoning"] > made, "reasoning_over_output"),
        (table.endTime < table.startTime, "ends_before_start"),
    )
    return early, late
