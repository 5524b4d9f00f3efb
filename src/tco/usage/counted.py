"""Requests counted by model and step of time in arrays, where a database would hash each of them.

Which rows are counted, and at what time, stands in `tco.usage.expressions` alone: `each_NAME` of
`duckdb.sql` are the rows of the query NAME before they are grouped. They are fetched as places in
an array, some millions at a time; what lies outside of it is grouped by the database after all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tco.usage.raw_table import Raw

STEP_S = 10
"""Grid on which requests in flight are counted [s]."""

PREFILL = 400
"""Uncached input tokens that a full replica takes in the time of one output token [1]."""

TOKENS_PER_S = (200, 50, 10)
"""Speeds at which requests in flight are counted: from a fast replica to a slow one [token/s]."""

TIMED = {"tens": 1, "busiest": 1, "ends": 1, **{f"ends_{n}": PREFILL * n for n in TOKENS_PER_S}}
"""Queries that count requests by time, and the units of their times [1/s]."""

MOST_CELLS = 32_000_000
"""Widest array, of 2 B or 4 B a cell: a year of steps of ten models."""

MOST_ROWS = 8_000_000
"""Rows that are fetched at once, on the average."""

MARGIN_S = 86_400
"""How long after the last begin an end may lie and still be counted in the array [s]."""

Arrays = dict[str, Any]
CODE = "coalesce(CAST(enum_code(model) AS INTEGER) + 1, 0)"


class TimeCounter:
    """Counts what a table of good rows has."""

    def __init__(self, ask: Callable[[str], Arrays], models: Any, texts: Mapping[str, str]) -> None:
        """Look at how long the requests are spread.

        Args:
            ask: Returns what a query finds.
            models: Names by their numbers in the table, and an empty text at the end.
            texts: The queries of `duckdb.sql`.
        """
        self.ask, self.models, self.texts = ask, models, texts
        told = ask("SELECT count(t) AS rows, min(t) AS low, max(t) AS high FROM good")
        self.rows, low, high = (int(values[0]) for values in told.values())
        self.first, self.last = low - low % STEP_S, high - high % STEP_S + STEP_S
        self.begun: dict[str, Arrays] | None = None

    def found(self, name: str) -> Arrays | None:
        """Return what a query of `TIMED` would find; None where it has to be asked."""
        if not self.rows:
            return None
        if name in ("tens", "busiest"):
            self.begun = self.begun or self._begun()
            return self.begun.get(name)
        return self._ends(self.texts[f"each_{name}"], TIMED[name])

    def _slices(self, cells: int) -> Iterator[tuple[int, int]]:
        """Return spans of time in which few enough requests begin, and seconds lie."""
        parts = max(ceil(cells / MOST_CELLS), ceil(self.rows / MOST_ROWS))
        width = max(ceil((self.last - self.first) / parts / STEP_S), 1) * STEP_S
        return ((at, min(at + width, self.last)) for at in range(self.first, self.last, width))

    def _begun(self) -> dict[str, Arrays]:
        """Return requests by model and step, and the most in a second by model."""
        size, width = len(self.models), self.last - self.first
        if size * width > STEP_S * MOST_CELLS:
            return {}
        tens = Grid(size, self.first // STEP_S, width // STEP_S, np.int32)
        most, whole = np.zeros(size, np.int64), 0
        for low, high in self._slices(size * width):
            grid = Grid(size, low, high - low, np.uint16)
            one_by_one, rest = self._fill(grid, sliced(self.texts["each_begun"], low, high), 1)
            by = grid.counts.reshape(size, high - low)
            every = by.sum(axis=0, dtype=np.int64)
            if every.sum() != len(one_by_one) + rest["n"].sum():  # too many in one second
                return {}
            most, whole = np.maximum(most, by.max(axis=1)), max(whole, int(every.max()))
            code, at = np.divmod(one_by_one, high - low)
            tens.add(code * tens.width + (at + (low - self.first)) // STEP_S)
            tens.add_rest(rest["code"], rest["step"] // STEP_S, rest["n"])
        code, step, n = tens.all()
        there = np.unique(code)
        names = [*self.models[there - 1], ""]
        return {
            "tens": self._named(code, step * STEP_S, n, np.int32),
            "busiest": {"model": np.array(names, object), "n": np.append(most[there], whole)},
        }

    def _ends(self, each: str, unit: int) -> Arrays | None:
        """Return requests by model and the step in which they end."""
        size, width = len(self.models), (self.last + MARGIN_S - self.first) // STEP_S
        if size * width > MOST_CELLS:
            return None
        grid = Grid(size, self.first // STEP_S, width, np.int32)
        for low, high in self._slices(0):
            self._fill(grid, sliced(each, low, high), STEP_S * unit)
        code, step, n = grid.all()
        kind = np.int32 if unit == 1 else np.int64
        return self._named(code, step * (STEP_S * unit), n, kind)

    def _fill(self, grid: Grid, each: str, step: int) -> tuple[Any, Arrays]:
        """Count rows of a query in a grid; return their places, and what was added besides."""
        rows = f"SELECT {CODE} AS code, t // {step} AS step, n FROM ({each})"
        inside = f"step >= {grid.first} AND step < {grid.first + grid.width}"
        place = f"CAST(code * {grid.width} + (step - {grid.first}) AS INTEGER)"
        places = self.ask(
            f"SELECT CASE WHEN {inside} THEN {place} ELSE -1 END AS place FROM ({rows}) WHERE n = 1"
        )["place"]
        outside = len(places) > 0 and int(places.min()) < 0
        places = places[places >= 0] if outside else places
        grid.add(places)
        others = f"n <> 1 OR NOT ({inside})" if outside else "n <> 1"
        rest = self.ask(
            f"SELECT code, step, CAST(sum(n) AS BIGINT) AS n FROM ({rows}) WHERE {others} "
            "GROUP BY code, step"
        )
        grid.add_rest(rest["code"], rest["step"], rest["n"])
        return places, rest

    def _named(self, code: Any, t: Any, n: Any, kind: Any) -> Arrays:
        return {"model": self.models[code - 1], "t": t.astype(kind), "n": n.astype(np.int64)}


class Grid:
    """Counts by number of a model and step of time.

    Args:
        size: Numbers of models, 0 for none.
        first: First step.
        width: Steps.
        kind: Type of a count.
    """

    def __init__(self, size: int, first: int, width: int, kind: Any) -> None:
        """Begin with nothing counted."""
        self.first, self.width = first, width
        self.counts = np.zeros(size * width, kind)
        self.touched: list[Any] = []
        self.outside: list[tuple[Any, Any, Any]] = []

    def add(self, places: Any) -> None:
        """Count one request at each place."""
        np.add.at(self.counts, places, self.counts.dtype.type(1))

    def add_rest(self, code: Any, step: Any, n: Any) -> None:
        """Count what is not one request, as duplicates that are taken off, or lies outside."""
        inside = (step >= self.first) & (step < self.first + self.width)
        places = code[inside] * self.width + (step[inside] - self.first)
        np.add.at(self.counts, places, n[inside].astype(self.counts.dtype))
        self.touched.append(places)  # a sum of 0 is found, too
        self.outside.append((code[~inside], step[~inside], n[~inside]))

    def all(self) -> tuple[Any, Any, Any]:
        """Return models, steps and counts where there is anything, in their order."""
        there = self.counts != 0
        for places in self.touched:
            there[places] = True
        at = np.flatnonzero(there)
        inside = at // self.width, at % self.width + self.first, self.counts[at].astype(np.int64)
        if not any(len(code) for code, _, _ in self.outside):
            return inside
        parts = [inside, *self.outside]
        code, step, n = (np.concatenate(some) for some in zip(*parts, strict=True))
        order = np.lexsort((step, code))
        code, step, n = code[order], step[order], n[order]
        new = np.flatnonzero(np.append(True, (code[1:] != code[:-1]) | (step[1:] != step[:-1])))
        return code[new], step[new], np.add.reduceat(n, new)


def sliced(each: str, low: int, high: int) -> str:
    """Return a query over the good rows as one over those that begin in a span [s]."""
    some = f'(SELECT * FROM "good" WHERE t >= {low} AND t < {high})'
    return each.replace('FROM "good" AS', f"FROM {some} AS")


def count_ids(times: Any, ids: Any) -> None:
    """Count ids of one file, up to 2; those of a file mostly lie together.

    Args:
        times: How often each id from 0 on was there already, changed here [n].
        ids: Of the file.
    """
    first, last = int(ids.min()), int(ids.max())
    if last - first <= 8 * len(ids):
        here = np.bincount(ids - first)
        times[first : last + 1] = np.minimum(times[first : last + 1] + here, 2)
    else:
        unique, here = np.unique(ids, return_counts=True)
        times[unique] = np.minimum(times[unique] + here, 2)


MOST_COUNTED = 250_000_000
"""Widest range of ids that are counted one by one, a byte each."""


def ids_counted(con: Any, raw: Raw, paths: Sequence[str]) -> bool:
    """Find ids that are there twice by counting each; return False where they lie too far apart.

    A GROUP BY over as many ids as rows takes a sixth of all the time; whole numbers without large
    gaps are counted in an array.
    """
    field = raw.field("id")
    low, high, count = con.execute(
        f"SELECT min({field}), max({field}), count({field}) FROM {raw.relation(paths)}"
    ).fetchone()
    if not count or high - low > min(MOST_COUNTED, 8 * count + 1_000_000):
        return False
    times = np.zeros(int(high - low) + 1, np.uint8)
    for path in paths:
        ids = con.execute(
            f"SELECT CAST({field} AS BIGINT) AS id FROM {raw.relation([path])} "
            f"WHERE {field} IS NOT NULL"
        ).fetchnumpy()["id"]
        if len(ids):
            count_ids(times, ids - low)
    twice = np.flatnonzero(times > 1).astype(np.int64) + int(low)
    con.register("twins", {"same": twice})
    con.execute("CREATE OR REPLACE TEMP TABLE twice AS SELECT same FROM twins")
    con.unregister("twins")
    return True
