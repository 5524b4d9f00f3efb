"""The aggregates of the canonical table: everything that a profile or a bill needs, and no rows.

The SQL stands here once; what is small is folded further with numpy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from tco.usage.rows import WRITES, UsageRow
from tco.usage.store import COLUMNS, Store, columns, plain

HOUR_S, DAY_S = 3_600, 86_400
NAMES = ("model", "provider", "region", "service")
BY = ("team", "project", "key", "tag")
SUMS = (
    *("n", "input", "read", *WRITES, "output", "reasoning", "usd_nano"),
    *("read_estimate", "searches", "image_input"),
)
FLAGS = {
    "failed": "status >= 400",
    "stated": "usd_nano IS NOT NULL",
    "unsplit": "read IS NULL",
    "uncounted": "n IS NULL",
    "unthought": "reasoning IS NULL",
}
"""What keeps rows apart whose sums mean different things."""

STEP_S = 10
"""Grid on which requests in flight are counted [s]."""

TOKENS_PER_S = (200, 50, 10)
"""Speeds at which requests in flight are counted: from a fast replica to a slow one [token/s]."""

PREFILL = 400
"""Uncached input tokens that a full replica takes in the time of one output token [1]."""

REUSE_GAPS_S = (1, 10, 30, 100, 300, 1000, 3600, 86_400)

FLIGHT_SHARES = (0.5, 0.9, 0.99, 0.999)
"""Shares of the requests that find at most so many others in flight."""

Arrays = dict[str, Any]


class Flight(NamedTuple):
    """Requests in flight of a model.

    Args:
        found: What `FLIGHT_SHARES` of the requests find.
        mean: Over the time from the first to the last of them.
        starts: Requests.
    """

    found: list[float]
    mean: float
    starts: int


Flights = dict[str, Flight]


@dataclass(frozen=True, slots=True)
class Distributions:
    """What only requests tell, by model.

    Args:
        inputs: Requests by model, service and exact input: `model`, `service`, `k`, and sums.
        outputs: Requests by model and exact output: `model`, `k`, `n`.
        hours: Requests by model and hour since 1970: `model`, `hour`, `n`.
        busiest: Requests of the busiest second and minute, by model; "" for all together.
        logged: Requests in flight as logged, by model, "" for all; None where no end is logged.
        virtual: The same had each request its time at one of `TOKENS_PER_S`.
        reuse: Input tokens by model and gap since the session's last request: `model`, `gap`,
            `tokens`; None without sessions.
        tens: Variance over mean of the requests in 10 s within their hour, by model; "" for all.
    """

    inputs: Arrays
    outputs: Arrays
    hours: Arrays
    busiest: dict[str, dict[str, int]]
    logged: Flights | None
    virtual: tuple[Flights, ...]
    reuse: Arrays | None
    tens: dict[str, float] = field(default_factory=dict)


def cells(
    store: Store, *, by: Sequence[str] = (), edges: Sequence[int] = (), hourly: Sequence[str] = ()
) -> Arrays:
    """Return sums over good rows by model and by whatever changes their price.

    Args:
        store: The canonical table.
        by: Of `BY`, what they are kept apart by besides.
        edges: Limits of context tiers: rows over different ones are kept apart [token].
        hourly: Models whose price depends on the hour; the others are summed by the day.
    """
    each = "CASE WHEN bucket_s = 0 OR coalesce(n, 0) < 1 THEN abs(input) ELSE abs(input) // n END"
    tier = " + ".join(f"CAST({each} > {edge} AS INTEGER)" for edge in edges) or "0"
    day = f"t - t % {DAY_S}"
    if hourly:
        listed = ", ".join("'" + name.replace("'", "''") + "'" for name in hourly)
        day = f"CASE WHEN model IN ({listed}) THEN t - t % {HOUR_S} ELSE {day} END"
    picked = [*NAMES, *by, f"CASE WHEN bucket_s > {DAY_S} THEN t ELSE {day} END AS t", "bucket_s"]
    picked += ["longer_than", "only_cost", f"{tier} AS tier"]
    picked += [f"{test} AS {name}" for name, test in FLAGS.items()]
    made = [f"CAST(sum({name}) AS BIGINT) AS {name}" for name in SUMS]
    have = {row[0] for row in store.con.execute("DESCRIBE good").fetchall()}
    picked, made = ([_known(item, have) for item in some] for some in (picked, made))
    return filled(
        store.numbers(f"SELECT {', '.join([*picked, *made])} FROM good GROUP BY ALL ORDER BY ALL")
    )


def _known(item: str, have: set[str]) -> str:
    """Return a part of a query, with nothing in place of a column that no file has."""
    for name, kind in COLUMNS.items():
        if name not in have and item == name:
            return f"CAST(NULL AS {kind}) AS {name}"
        if name not in have and item == f"CAST(sum({name}) AS BIGINT) AS {name}":
            return f"0::BIGINT AS {name}"
    return item


TEXTS = (*NAMES, *BY)


def filled(found: Arrays) -> Arrays:
    """Return cells without masks: 0 for no count, -1 for no time, an empty text for no name."""
    size = len(found["model"])
    out: Arrays = {}
    for name in (*TEXTS, *(k for k in found if k not in TEXTS)):
        values = found.get(name, np.full(size, None, dtype=object))
        if name in TEXTS:
            out[name] = np.array([v or "" for v in plain(name, values)], dtype=object)
        else:
            out[name] = plain(name, values)
    out["service"] = np.array([s or "standard" for s in out["service"]], dtype=object)
    return out


def cells_of(rows: Iterable[UsageRow], edges: Sequence[int] = ()) -> Arrays:
    """Return rows that are buckets already as cells, each by itself."""
    some = list(rows)
    if not some:
        return {k: v[:0] for k, v in cells_of([UsageRow(model="", input=0, output=0)]).items()}
    found = columns(some)
    at = {name: _mask(found[name]) for name in ("usd_nano", "read", "n", "reasoning")}
    found["failed"] = plain("status", found["status"]) >= 400
    found["stated"], found["unsplit"] = ~at["usd_nano"], at["read"]
    found["uncounted"], found["unthought"] = at["n"], at["reasoning"]
    requests = plain("n", found["n"])
    each = np.where(
        (found["bucket_s"] == 0) | (requests < 1),
        found["input"],
        found["input"] // np.maximum(requests, 1),
    )
    found["tier"] = np.searchsorted(np.asarray(edges), each, side="left") if edges else 0 * each
    return filled(found)


def _mask(values: Any) -> Any:
    return np.ma.getmaskarray(values)


def virtual_end(speed: int) -> str:
    """Return when a request would end at a speed [token/s], as seconds since 1970.

    ``start + (output + (input - cached) / PREFILL) / speed``, in whole numbers throughout: doubles
    take six times as long to divide.
    """
    work = f"abs(output)::BIGINT * {PREFILL} + abs(input - coalesce(read, 0))"
    return f"t + ({work}) // {PREFILL * speed}"


def distributions(
    store: Store, sums: Mapping[str, int], speeds: Sequence[int] = TOKENS_PER_S
) -> Distributions | None:
    """Return what only requests tell; None where every row is a bucket or has no time.

    Args:
        store: The canonical table.
        sums: Sums over all rows, by which columns are left out that have nothing.
        speeds: Speeds at which requests in flight are counted [token/s].
    """
    con = store.con
    have = {row[0] for row in con.execute("DESCRIBE good").fetchall()}
    cost = " AND NOT only_cost" if "only_cost" in have else ""
    con.execute(f"CREATE OR REPLACE VIEW calls AS SELECT * FROM good WHERE bucket_s = 0{cost}")
    con.execute("CREATE OR REPLACE VIEW timed AS SELECT * FROM calls WHERE t IS NOT NULL")
    if not con.execute("SELECT 1 FROM calls LIMIT 1").fetchall():
        return None
    kinds = [k for k in ("read", *WRITES, "reasoning") if sums.get(k)]
    added = "".join(f", CAST(sum({k}) AS BIGINT) AS {k}" for k in kinds)
    inputs = store.numbers(
        f"SELECT model, {_service(con, have)} AS service, abs(input) AS k, "
        "CAST(sum(n) AS BIGINT) AS n, "
        f"CAST(sum(output) AS BIGINT) AS output{added} FROM calls WHERE status < 400 "
        "GROUP BY ALL ORDER BY ALL"
    )
    outputs = store.numbers(
        "SELECT model, abs(output) AS k, CAST(sum(n) AS BIGINT) AS n FROM calls "
        "WHERE status < 400 GROUP BY ALL ORDER BY ALL"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE seconds AS SELECT model, t, sum(n)::INTEGER AS n "
        "FROM timed GROUP BY ALL"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE tens AS SELECT model, t // {STEP_S} AS ten, sum(n)::BIGINT "
        "AS n FROM seconds GROUP BY ALL"
    )
    hours = store.numbers(
        f"SELECT model, t // {HOUR_S} AS hour, CAST(sum(n) AS BIGINT) AS n FROM seconds "
        "GROUP BY ALL ORDER BY ALL"
    )
    ends = con.execute("SELECT count(e) FROM timed").fetchall()[0][0]
    logged = _flights(store, "e") if ends else None
    virtual = tuple(_flights(store, virtual_end(speed)) for speed in speeds)
    found = Distributions(
        inputs=inputs,
        outputs=outputs,
        hours=hours,
        busiest=_busiest(store),
        logged=logged,
        virtual=virtual,
        reuse=_reuse(store) if "session" in have else None,
        tens=_tens(store),
    )
    con.execute("DROP TABLE seconds")
    con.execute("DROP TABLE tens")
    return found


def _service(con: Any, have: set[str]) -> str:
    """Return the tier of a request, with its region where any has one: both change the price."""
    usual = "coalesce(service, 'standard')"
    if "region" not in have:
        return usual
    if not con.execute("SELECT 1 FROM calls WHERE region <> '' LIMIT 1").fetchall():
        return usual
    return f"CASE WHEN region <> '' THEN {usual} || '@' || region ELSE {usual} END"


def _busiest(store: Store) -> dict[str, dict[str, int]]:
    """Return the requests of the busiest second and minute, by model and of all together."""
    found: dict[str, dict[str, int]] = {}
    minutes = "(SELECT model, t // 60 AS t, sum(n)::BIGINT AS n FROM seconds GROUP BY ALL)"
    for name, table in (("second", "seconds"), ("minute", minutes)):
        rows = store.con.execute(
            f"SELECT model, max(n) FROM {table} GROUP BY ALL UNION ALL "
            f"SELECT '', max(n) FROM (SELECT sum(n)::BIGINT AS n FROM {table} GROUP BY t)"
        ).fetchall()
        for model, most in rows:
            found.setdefault(model, {})[name] = int(most or 0)
    return found


def _tens(store: Store) -> dict[str, float]:
    """Return the variance over the mean of the requests in 10 s, within the hours they lie in."""
    per = HOUR_S // STEP_S
    rows = store.con.execute(
        "WITH u AS (FROM tens UNION ALL SELECT '' AS model, ten, sum(n)::BIGINT AS n FROM tens "
        f"GROUP BY ten), h AS (SELECT model, ten // {per} AS hour, sum(n)::BIGINT AS c, "
        "sum(n * n)::BIGINT AS cc FROM u GROUP BY ALL) "
        "SELECT model, sum(cc)::BIGINT, sum(c * c)::BIGINT, sum(c)::BIGINT FROM h GROUP BY ALL"
    ).fetchall()  # whole numbers, so that no order of adding changes a digit
    return {model: (cc - c2 / per) / c if c else 0.0 for model, cc, c2, c in rows}


def _flights(store: Store, end: str) -> Flights:
    """Return the requests in flight of each model and of all together, by when they end."""
    grid = store.numbers(
        "SELECT coalesce(a.model, b.model) AS model, coalesce(a.ten, b.ten) AS ten, "
        "coalesce(a.n, 0) AS starts, coalesce(a.n, 0) - coalesce(b.n, 0) AS d FROM tens a "
        f"FULL JOIN (SELECT model, CAST(({end}) // {STEP_S} AS INTEGER) AS ten, "
        f"sum(n)::BIGINT AS n FROM timed WHERE ({end}) IS NOT NULL GROUP BY ALL) b "
        "ON a.model = b.model AND a.ten = b.ten "
        "ORDER BY 1, 2"
    )
    if not len(grid["ten"]):
        return {}
    names = grid["model"]
    bounds = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)]
    found = {
        str(names[low]): _flight(*(grid[k][low:high] for k in ("ten", "starts", "d")))
        for low, high in pairwise(bounds)
    }
    ten, at = np.unique(grid["ten"], return_inverse=True)
    starts, d = np.zeros(len(ten), np.int64), np.zeros(len(ten), np.int64)
    np.add.at(starts, at, grid["starts"])
    np.add.at(d, at, grid["d"])
    return {**found, "": _flight(ten, starts, d)}


def _flight(ten: Any, starts: Any, d: Any) -> Flight:
    values, mean = in_flight(ten, starts, d, FLIGHT_SHARES)
    return Flight(values, mean, int(starts.sum()))


def _reuse(store: Store) -> Arrays | None:
    """Return input tokens that a session had sent or been given before, by the gap since then.

    `min(input, input before + output before)` is the most that can be reused of a request.
    """
    if not store.con.execute("SELECT count(session) FROM timed").fetchall()[0][0]:
        return None
    gaps = " ".join(f"WHEN gap <= {g} THEN {g}" for g in REUSE_GAPS_S)
    return store.numbers(
        f"SELECT model, CASE {gaps} ELSE 0 END AS gap, CAST(sum(again) AS BIGINT) AS tokens FROM ("
        "SELECT model, t - lag(t) OVER w AS gap, least(input, lag(input + output) OVER w) AS again "
        "FROM timed WHERE session IS NOT NULL AND n > 0 "
        "WINDOW w AS (PARTITION BY model, session ORDER BY t, input)) "
        "WHERE again IS NOT NULL GROUP BY ALL ORDER BY ALL"
    )


def quantiles(values: Any, weights: Any, shares: Sequence[float]) -> list[float]:
    """Return the values that shares of the weight do not exceed.

    Args:
        values: Ascending [n].
        weights: Of each, 0 or more [n].
        shares: Between 0 and 1.
    """
    total = np.cumsum(np.asarray(weights, dtype=float))
    if total.size == 0 or total[-1] <= 0:
        return [0.0 for _ in shares]
    at = np.searchsorted(total, np.asarray(shares) * total[-1] - 1e-9)
    return [float(values[min(int(i), len(values) - 1)]) for i in at]


def in_flight(ten: Any, starts: Any, d: Any, shares: Sequence[float]) -> tuple[list[float], float]:
    """Return the requests in flight that shares of the requests find, and their mean over time.

    Args:
        ten: Ascending steps of the grid at which anything begins or ends [n].
        starts: Requests that begin in each [n].
        d: Starts less ends in each [n].
        shares: Between 0 and 1.
    """
    now = np.cumsum(d)
    spans = np.diff(np.append(ten, ten[-1] + 1))
    order = np.argsort(now, kind="stable")
    mean = float((now * spans).sum() / max(spans.sum(), 1))
    return quantiles(now[order], np.asarray(starts)[order], shares), mean
