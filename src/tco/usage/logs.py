"""Logs as they are asked for: read once, then summed in whichever way a question needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.catalog.listed import folded
from tco.errors import DataError, UsageError
from tco.usage import aggregates, requests_table
from tco.usage.aggregates import Arrays, Distributions, cells_of
from tco.usage.formats import AMBIGUOUS, WHY_AMBIGUOUS
from tco.usage.formats.table import advice
from tco.usage.matching import DATED, Matched
from tco.usage.raw_table import raw_of
from tco.usage.read import TABLE, Found, Reading, found_files, in_buckets, rows_of, zone_of
from tco.usage.rows import WRITES, LeftOutTally, UsageRow, day_of
from tco.usage.sources import delimiter_in
from tco.usage.store import Shown, Store
from tco.usage.traffic import Profiler, TimeSpan, span_of

if TYPE_CHECKING:
    from tco.catalog.usage_profile import UsageModel, UsageProfile
    from tco.usage.warehouse import Warehouse


def part_of(shown: Shown, begin: float, end: float) -> Shown:
    """Return the progress of a part of the reading."""
    return lambda share: shown(begin + (end - begin) * share)


class Logs:
    """Logs that have been read: buckets in memory, requests in a database of this run."""

    def __init__(
        self, reading: Reading, shown: Shown, *, by: Sequence[str] = (), memory: str | None = None
    ) -> None:
        """Read everything.

        Args:
            shown: Is told how far it has come [1].
            by: Of `team`, `project`, `tag`, those that a question asks for.
            memory: What the database may take.

        Raises:
            UsageError: Something that was said means nothing, or a package is needed.
            DataError: Nothing is left, or the same traffic is there twice.
        """
        self.tally = LeftOutTally()
        self.found: list[Found] = []
        self.files_left_out: tuple[str, ...] = ()
        self.buckets: list[UsageRow] = []
        self.table: Warehouse | None = None
        self.store: Store | Warehouse | None = None
        if reading.warehouse is not None:
            from tco.usage.warehouse import Warehouse

            self.table = Warehouse(reading.warehouse, reading.columns, self.tally)
            self.store = self.table
            return
        self.found = found_files(reading, self.tally)
        self.files_left_out = self._aside()
        if in_buckets(self.found):
            self.buckets = list(rows_of(self.found, reading, self.tally, part_of(shown, 0.0, 0.9)))
        else:
            store = self.store = Store(memory=memory)
            try:
                self._into(store, reading, shown, by)
            except BaseException:
                store.__exit__()
                raise
        self._hint()

    def _hint(self) -> None:
        """Say what to do about dates that nobody can tell."""
        if self.tally.left.get(AMBIGUOUS):
            place = self.tally.first[AMBIGUOUS].rpartition(":")[0]
            self.tally.note(WHY_AMBIGUOUS.format(place))

    def _aside(self) -> tuple[str, ...]:
        """Return the files of a folder that are no logs: no rows of ours, so not among those."""
        count = self.tally.left.pop("file_of_no_known_format", 0)
        place = self.tally.first.pop("file_of_no_known_format", "")
        if not count:
            return ()
        more = f" and {count - 1} more" * (count > 1)
        return (f"{place.rpartition(':')[0]}{more}: of no known format",)

    def _into(self, store: Store, reading: Reading, shown: Shown, by: Sequence[str]) -> None:
        tables = [one for one in self.found if one.format.name == TABLE]
        others = [one for one in self.found if one.format.name != TABLE]
        for _ in store.add(rows_of(others, reading, self.tally, part_of(shown, 0.0, 0.4))):
            pass
        with_ids = []
        for some in _alike(tables):
            paths = [one.source for one in some]
            samples = [one.sample for one in some]
            raw = raw_of(paths, samples, reading.columns, store)
            for note in raw.notes:
                self.tally.note(f"{paths[0].shown}: {note}")
            over = self.tally.left["cached_over_input"]
            taken = requests_table.add_table(
                store, paths, raw, zone_of(reading.zone), self.tally, part_of(shown, 0.0, 0.5), by
            )
            if self.tally.left["cached_over_input"] > over and not raw.apart:
                self.tally.note(f"{paths[0].shown}: {advice(raw.at)}")
            with_ids += [taken] if taken is not None else []
        if len(with_ids) > 1:
            requests_table.take_off_across(store, with_ids, self.tally)
        store.view()

    def __enter__(self) -> Logs:
        """Return the logs."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give back what the database took."""
        if self.store is not None:
            self.store.__exit__()

    @property
    def formats(self) -> dict[str, int]:
        """Return the number of files, or of tables, of each format."""
        if self.table is not None:
            return {self.table.format: 1}
        return dict(sorted(Counter(one.format.name for one in self.found).items()))

    def knows(self) -> list[str]:
        """Return what readers should know of the formats."""
        return [
            f"{one.title}: {one.knows}"
            for one in {f.format.name: f.format for f in self.found}.values()
            if one.knows
        ]

    def cells(
        self, *, by: Sequence[str] = (), edges: Sequence[int] = (), hourly: Sequence[str] = ()
    ) -> Arrays:
        """Return sums by model and by whatever changes their price.

        Raises:
            DataError: Nothing is left.
        """
        if self.store is None:
            found = aggregates.cells_of(self.buckets, edges)
        else:
            found = aggregates.cells(self.store, by=by, edges=edges, hourly=hourly)
        if not len(found.get("model", ())) and (self.tally.left or not self.tally.spans):
            raise DataError(self._nothing())
        refuse_twice(found)
        return found

    def _nothing(self) -> str:
        """Return why nothing is left."""
        left = self.tally.left
        shown = self.found[0].source.shown if self.table is None else self.table.shown
        if not left:
            return f"{shown}{':1' * (self.table is None)}: no requests in it"
        reason, count = left.most_common(1)[0]
        place = self.tally.first.get(reason) or shown
        named = self.table is None and self.found[0].format.name in (TABLE, "totals")
        whys = [*self.tally.incomplete, *self.tally.notes, *(HINTS.get(reason, ())[:named])]
        return (
            f"{place}: no row can be used: {count:,} are left out as {reason}"
            + (f", {len(left) - 1} other reasons" if len(left) > 1 else "")
            + "".join(f"; {why}" for why in whys[:1])
        )

    def span(self, cells: Arrays, hours: Any | None = None) -> TimeSpan:
        """Return the time that the logs cover.

        Args:
            cells: Sums over their rows.
            hours: Hours since 1970 in which there are requests, where that is known already.
        """
        if hours is None and self.store is not None:
            told = self.store.ask("span")
            if int(told["timed"][0]):
                ends = (told["first"][0], told["last"][0])
                hours = np.array([int(t) // aggregates.HOUR_S for t in ends])
        return span_of(cells, self.tally.spans, hours)

    def matches(self) -> dict[tuple[str, str], Matched]:
        """Return the models whose offer is known already: none of them."""
        return {}

    def part(self, cells: Arrays) -> UsageModel:
        """Return the traffic of all models together, as a profile has it."""
        from tco.catalog.usage_profile import UsageModel

        found = self.distributions(cells)
        span = self.span(cells, None if found is None else found.hours["hour"])
        return UsageModel.model_validate(Profiler(cells, found, span, ()).of(None).file)

    def distributions(self, cells: Arrays) -> Distributions | None:
        """Return what only single requests tell; None where there are none."""
        if self.store is None:
            return None
        sums = {name: int(cells[name].sum()) for name in aggregates.SUMS}
        return aggregates.distributions(self.store, sums)


HINTS = {
    "no_time": ("write times as 2026-11-20T10:00:00Z; --columns start=NAME says which they are",),
    "no_model": ("--columns model=NAME says which column it is",),
    "not_a_number": ("--columns input=NAME,output=NAME says which columns count",),
}
"""What to do where no row is left."""


def _alike(tables: Sequence[Found]) -> list[list[Found]]:
    """Return tables of the same shape and columns together."""
    by: dict[Any, list[Found]] = {}
    for one in tables:
        shape = one.sample.shape
        keys = (delimiter_in(one.source), *next(one.sample.values(), {})) if shape == "csv" else ()
        by.setdefault((shape, keys), []).append(one)
    # A file whose lines are all torn has no columns: it goes with the others of its shape.
    return list(by.values())


def refuse_twice(cells: Arrays) -> None:
    """Refuse buckets and single requests of the same model and day: they are the same traffic.

    Raises:
        DataError: There are some.
    """
    days: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    keys = zip(cells["model"], cells["t"], cells["bucket_s"], cells["only_cost"], strict=True)
    for model, t, width, cost in keys:
        if cost or t < 0:
            continue
        name = folded(DATED.sub("", str(model).lower()))
        span = range(int(t), int(t) + max(int(width), 1), 86_400)
        days[bool(width)] |= {(name, day_of(at)) for at in span[:370]}
    both = sorted(days[True] & days[False])
    if both:
        model, day = both[0]
        raise DataError(
            f"logs: {model} on {day} is told by a report of buckets and by single requests: the "
            "same traffic twice; give one of them"
        )


def days_of(
    cells: Arrays, spans: set[tuple[float, float]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return requests by day, None where they are not counted, and charges by day [USD]."""
    requests: dict[str, Any] = {}
    usd: dict[str, Any] = {}
    for start, end in sorted(spans):
        for at in np.arange(start, end, 86_400):
            requests.setdefault(day_of(float(at)), 0)
    for i in np.flatnonzero(cells["t"] >= 0):
        day = day_of(float(cells["t"][i]))
        if cells["stated"][i]:
            usd[day] = usd.get(day, 0.0) + int(cells["usd_nano"][i]) / 1e9
        if cells["only_cost"][i]:
            continue
        if cells["uncounted"][i]:
            requests[day] = None if not requests.get(day) else requests[day]
        else:
            requests[day] = (requests.get(day) or 0) + int(cells["n"][i])
    if usd:
        usd = {day: usd.get(day, 0.0) for day in sorted({*usd, *requests})}
    return dict(sorted(requests.items())), usd


# A profile file in place of logs: so that a bill can be made of it, exact because no tier splits a
# bin.

HEAD_BYTES = 400


def is_profile(path: str) -> bool:
    """Return whether a file is a profile that `tco profile` wrote."""
    if not path.endswith((".yaml", ".yml")) or not Path(path).is_file():
        return False
    with Path(path).open("rb") as stream:
        return b"kind: usage-profile" in stream.read(HEAD_BYTES)


def cells_of_profile(profile: UsageProfile) -> tuple[Arrays, dict[tuple[str, str], Matched]]:
    """Return the sums of a profile by model, tier and bin of length, and what its models are."""
    rows: list[UsageRow] = []
    matches: dict[tuple[str, str], Matched] = {}
    for name, part in profile.models.items():
        matches["", name] = Matched(part.offer or "", "as the profile says")
        rows += list(_bins(name, part)) or [_sums(name, part)]
    cells = cells_of(rows)
    return {**cells, "t": np.full(len(cells["t"]), -1)}, matches


def _bins(name: str, part: UsageModel) -> list[UsageRow]:
    at = {column: i for i, column in enumerate(part.columns)}

    def value(row: list[int], column: str, empty: Any = 0) -> Any:
        return row[at[column]] if column in at else empty

    return [
        UsageRow(
            model=name,
            service=service.partition("@")[0],
            region=service.partition("@")[2],
            requests=value(row, "requests"),
            input=value(row, "input"),
            read=value(row, "read"),
            output=value(row, "output"),
            reasoning=value(row, "reasoning", None),
            **{kind: value(row, kind) for kind in WRITES},
        )
        for service, some in part.inputs.items()
        for row in some
    ]


def _sums(name: str, part: UsageModel) -> UsageRow:
    """Return the sums of a model whose lengths nobody knows."""
    tokens = part.tokens
    written: dict[str, Any] = {kind: tokens.get(kind, 0) for kind in WRITES}
    unsplit = tokens.get("input_with_read")
    read = None if unsplit is not None and "read" not in tokens else tokens.get("read", 0)
    taken = tokens.get("input", 0) + (unsplit or 0) + (read or 0) + sum(written.values())
    return UsageRow(
        model=name,
        requests=part.requests,
        bucket_s=1,
        input=taken,
        read=read,
        output=tokens.get("output", 0),
        reasoning=tokens.get("reasoning"),
        **written,
    )


class Recorded:
    """A profile file in place of logs: what `Logs` offers, as far as it is known."""

    store = None

    def __init__(self, path: str) -> None:
        """Read the file.

        Raises:
            DataError: It is wrong; the text begins `file:line:`.
        """
        from tco.catalog.usage_profile import read_usage_profile

        self.tally = LeftOutTally()
        self.profile = read_usage_profile(path)
        self.formats = {"profile": 1}
        self.files_left_out: tuple[str, ...] = ()
        head = self.profile.from_
        self.tally.left.update(head.left_out)
        if head.incomplete:
            self.tally.part(f"the logs of {path} were")

    def __enter__(self) -> Recorded:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: nothing was taken."""

    def matches(self) -> dict[tuple[str, str], Matched]:
        """Return what its models were taken for."""
        return cells_of_profile(self.profile)[1]

    def cells(self, *, by: Sequence[str] = (), **_: object) -> Arrays:
        """Return its sums.

        Raises:
            UsageError: They are asked for by what a profile does not keep.
        """
        if by:
            raise UsageError(f"a profile keeps no {by[0]}: give the logs for a bill by it")
        return cells_of_profile(self.profile)[0]

    def span(self, _: Arrays, hours: object = None) -> TimeSpan:
        """Return the time that its logs covered."""
        return TimeSpan(None, None, self.profile.all.observed_hours or 0.0)

    def part(self, _: Arrays) -> UsageModel:
        """Return the traffic of all models together."""
        return self.profile.all
