"""A table of requests as DuckDB reads it: the relation, and each thing that is known as SQL."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from tco.errors import DataError, UsageError
from tco.usage import formats
from tco.usage.formats import (
    AROUND,
    COMMA,
    COMMA_DECIMAL,
    EITHER,
    HITS,
    POINT_DECIMAL,
    SERVICES,
    THOUSANDS,
    date_in_sql,
)
from tco.usage.formats.bedrock import WITHOUT_OUTPUT
from tco.usage.formats.litellm import ERROR
from tco.usage.formats.table import (
    ALL,
    CACHED,
    CLAUDE,
    TOTAL,
    cache_in,
    columns_of,
    fields_of,
    found_columns,
    later_names,
    left_out_of,
    natives,
    paths_of,
    says,
)
from tco.usage.rows import MARKS, NOTHING
from tco.usage.sources import LogSource, Sample, delimiter_in
from tco.usage.store import Store, duckdb_module, one_line, quoted

TIMES = ("start", "end")


def raw_of(
    sources: Sequence[LogSource], samples: Sequence[Sample], given: dict[str, str], store: Store
) -> Raw:
    """Return how files of one shape are read: what any of them has is a field of all.

    Raises:
        UsageError: A column that was named and is not there, or one that is needed and not found.
        DataError: DuckDB cannot read the Parquet files together.
    """
    source, shape = sources[0], samples[0].shape
    values = [value for sample in samples for value in sample.values()]
    at = _columns(source, values, given)
    header: list[str] = []
    types: dict[str, str] = {}
    delimiter = ","
    late: dict[str, tuple[str, ...]] = {}
    if shape == "csv":
        delimiter, header = delimiter_in(source), [*values[0]]
    elif shape == "parquet":
        every = Raw(shape, at, header, delimiter, types, late).relation([s.path for s in sources])
        types = _types(store, every, sources)
    else:
        late = later_names(at, given)
    dotted = {name for value in values for name in value if "." in name}
    if at.get("input") in dotted:
        dotted |= {name for names in late.values() for name in names if "." in name}
    if "input" not in given and any(name in at for name in CACHED):
        at |= {n: f for n, f in found_columns(fields_of(values), TOTAL).items() if n not in late}
    raw = Raw(shape, at, header, delimiter, types, late, dotted)
    _begin(raw, values, given)
    return raw


def _columns(
    source: LogSource, values: Sequence[dict[str, Any]], given: dict[str, str]
) -> dict[str, str]:
    """Return which column is which, as the user or the first rows of a table tell."""
    for ours, name in given.items():
        if not any(name in paths_of(value) for value in values):
            raise UsageError(f"--columns {ours}={name}: {source.shown} has no such column")
    at = {**cache_in(values), **columns_of(fields_of(values), given)}
    for ours in ("start", "model", "fresh" if "fresh" in at else "input", "output"):
        if ours not in at:
            raise UsageError(f"{source.shown}: which column is {ours}? say --columns {ours}=NAME")
    return at


def _begin(raw: Raw, values: Sequence[dict[str, Any]], given: dict[str, str]) -> None:
    """Note how the first rows are written, and what their input leaves out."""
    at = raw.at
    cells = (str(value[name]) for value in values for name in at.values() if name in value)
    raw.decimals = any(map(DECIMAL.fullmatch, cells))
    amounts = [value.get(at["cost"]) for value in values] if "cost" in at else []
    raw.commas = formats.comma_decimals(raw.delimiter, amounts)
    raw.apart, raw.whole_input = left_out_of(at, given, values), "input" in given
    raw.notes = [says(at, raw.apart)] if raw.apart else []
    times = [str(paths_of(v).get(at[n], "")) for v in values for n in at if n in TIMES]
    raw.untidy = any(map(UNTIDY.search, times))
    raw.dated = any(map(formats.AS_PEOPLE_WRITE.search, times))
    raw.day_first = formats.day_first(times)


def _types(store: Store, every: str, sources: Sequence[LogSource]) -> dict[str, str]:
    """Return the types of the fields of Parquet files."""
    try:
        described = store.con.execute(f"DESCRIBE SELECT * FROM {every}").fetchall()
    except duckdb_module().Error as problem:
        raise DataError(refused(problem, sources)) from None
    return {row[0]: row[1] for row in described}


def refused(problem: Exception, files: Sequence[LogSource]) -> str:
    """Return what DuckDB complains of, in one line that begins with a file."""
    named = next((s.shown for s in files if s.path in str(problem)), files[0].shown)
    return f"{named}: {one_line(problem)}"


INTEGERS = (
    *("INTEGER", "BIGINT", "SMALLINT", "TINYINT", "HUGEINT"),
    *("UINTEGER", "USMALLINT", "UTINYINT", "UBIGINT"),
)


FILE = "file_of_the_row"
"""What DuckDB calls the path of a file beside its columns, one of which may be `filename`."""
UNTIDY = re.compile(r":\d\d(,\d+|[.\d]*\s+[-+]\d\d:?\d\d( UTC)?)$")
"""A time that DuckDB does not cast: `10:00:00,123`, `10:00:00 +00:00`, `10:00:00 +0000 UTC`."""
ODD = -(10**18)
"""Stands for a count that is no number."""
DECIMAL = re.compile(r"[-+]?(0|[1-9]\d*)[.](\d{1,2}|\d{4,})|[-+]?(0|[1-9]\d{3,})[.]\d{3}")
"""A number whose point stands before decimals, and marks no thousands."""
GROUPED = r"[-+]?[1-9]\d{0,2}([MARKS]\d{3}){1,4}"
"""Of a text `2.000` is two thousand, too, as `totals` has it."""


class Raw:
    """How some files of one shape are read: the relation, and an expression for each column.

    Args:
        files: Their paths.
        shape: `csv`, `json` or `parquet`.
        at: Which field is which.
        types: Types of the fields of a Parquet file.
        late: What a later line may have though the beginning of no file has it, or not so called,
            by all its names.
        dotted: Fields that have a dot in their names, and lie in no other.
        decimals: Some number has a point before its decimals: in none it marks thousands.
        untidy: Some time is written as DuckDB does not cast it.
        commas: Amounts have a comma before their decimals.
        apart: Of which models the input leaves out what was cached.
        whole_input: The user said that the input has all.
        unsure: What to tell of a cost that may be two.
        notes: What the user should know of it.
        dated, day_first: Some time is written as people do; with days before months, if known.
    """

    def __init__(
        self,
        shape: str,
        at: Mapping[str, str],
        header: Sequence[str],
        delimiter: str,
        types: Mapping[str, str],
        late: Mapping[str, Sequence[str]],
        dotted: Collection[str] = (),
    ) -> None:
        """Keep what is needed to write the query."""
        self.shape, self.at, self.header, self.dotted = shape, at, header, dotted
        self.delimiter, self.types, self.late, self.decimals = delimiter, types, late, False
        self.untidy = self.commas = self.dated = self.whole_input = False
        self.apart = self.unsure = ""
        self.notes: list[str] = []
        self.day_first: bool | None = None

    def relation(self, files: Sequence[str], *, torn: bool = False) -> str:
        """Return the relation of all records of some files; of CSV torn lines are none.

        Args:
            files: Their paths.
            torn: Have DuckDB keep which lines of CSV were none, in `reject_errors`.
        """
        listed = "[" + ", ".join(quoted(f) for f in files) + "]"
        if self.shape == "parquet":
            return f"read_parquet({listed}, union_by_name=true, filename={quoted(FILE)})"
        if self.shape == "csv":
            columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(len(self.header)))
            return (
                f"read_csv({listed}, header=true, auto_detect=false, "
                f"delim={quoted(self.delimiter)}, quote='\"', escape='\"', "
                f"columns={{{columns}}}, ignore_errors=true, null_padding=false, "
                f"filename={quoted(FILE)}"
                f"{', store_rejects=true, rejects_limit=0' * torn})"
            )
        columns = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in self._tree())
        return (
            f"read_json({listed}, format='newline_delimited', ignore_errors=true, "
            f"maximum_object_size=32000000, columns={{{columns}}}, filename={quoted(FILE)})"
        )

    def _tree(self) -> Iterator[tuple[str, str]]:
        """Return the fields of JSON that are read, as types of DuckDB: doubtful ones as texts."""
        tree: dict[str, Any] = {}
        for path in dict.fromkeys((*self.at.values(), *chain(*self.late.values()))):
            inner = tree
            *outer, last = self.steps(path)
            for name in outer:
                inner = inner.setdefault(name, {})
            inner[last] = None
        yield from ((name, _struct(inner)) for name, inner in tree.items())

    def field(self, name: str) -> str | None:
        """Return a field as an expression; None where there is none."""
        if name in self.late:
            return f"coalesce({', '.join(map(self._dotted, self.late[name]))})"
        path = self.at.get(name)
        if path is None:
            return None
        return self._at(path)

    def _at(self, path: str) -> str:
        return f"c{self.header.index(path)}" if self.shape == "csv" else self._dotted(path)

    def steps(self, path: str) -> list[str]:
        """Return the names that lead to a field, from the outermost."""
        return [path] if path in self.dotted else path.split(".")

    def _dotted(self, path: str) -> str:
        return ".".join(map(identifier, self.steps(path)))

    def torn(self) -> str:
        """Return whether nothing of a record could be read: no model, to begin with."""
        if self.shape != "json":
            return "false"
        tops = {self.steps(path)[0] for path in self.at.values()}
        nothing = " AND ".join(f"{identifier(name)} IS NULL" for name in sorted(tops))
        return f"CASE WHEN {self.field('model')} IS NULL THEN {nothing} ELSE false END"

    def hit(self) -> str:
        """Return whether a proxy's own cache answered, by what its log says."""
        words, found = ", ".join(map(quoted, HITS)), []
        for name, free in (("hit", ""), ("hit_if_free", f" AND {nano_in(self)} = 0")):
            field = self.field(name)
            if field is not None and (not free or self.field("cost") is not None):
                found.append(f"(lower(trim(CAST({field} AS VARCHAR))) IN ({words}){free})")
        return f"coalesce({' OR '.join(found)}, false)" if found else "false"

    def whole(self, name: str) -> str:
        """Return a count as a whole number, null where there is none, and `ODD` for what is none.

        A cast alone would round 1.5 tokens to 2. What is plain digits is read in one step.
        """
        if name in self.late:  # a text of one name hides no number of another
            casts = (f"TRY_CAST({self._dotted(one)} AS BIGINT)" for one in self.late[name])
            said = [self._whole(name, self._dotted(self.at[name]))] if name in self.at else []
            return f"coalesce({', '.join([*said, *casts])})"
        return self._whole(name, str(self.field(name)))

    def _whole(self, name: str, field: str) -> str:
        cast = f"TRY_CAST({field} AS BIGINT)"
        exact = f"coalesce(CASE WHEN TRY_CAST({field} AS DOUBLE) % 1 = 0 THEN {cast} END, {ODD})"
        if self.types.get(self.at.get(name, ""), "VARCHAR") != "VARCHAR":
            return f"CASE WHEN {field} IS NOT NULL THEN {exact} END"
        if self.shape == "parquet":  # of a field inside another the type is not known
            field = f"CAST({field} AS VARCHAR)"
        points = self.shape != "json" and not self.decimals
        marks = (MARKS + "." * points).replace("'", "''")
        nothing = ", ".join(map(quoted, NOTHING))
        return (
            f"coalesce(CASE WHEN NOT contains({field}, '.') THEN {cast} END, "
            f"CASE WHEN {field} IS NULL OR lower(trim({field})) IN ({nothing}) THEN NULL "
            f"WHEN regexp_full_match(trim({field}), '{GROUPED.replace('MARKS', marks)}') "
            f"THEN CAST(regexp_replace({field}, '[^-0-9]', '', 'g') AS BIGINT) ELSE {exact} END)"
        )

    def left_out(self) -> str | None:
        """Return whether the input of a row leaves out what was cached; None where it never does.

        By the first lines; by the names that the row itself has; by its own total.
        """
        if "fresh" in self.at:
            return "true"
        if self.whole_input:
            return None
        model = f"lower(CAST({self.field('model')} AS VARCHAR))"
        told = f"regexp_matches({model}, '{self.apart}')" if self.apart else "false"
        if self.apart in ("", CLAUDE) and (named := self._natively()):
            told = f"CASE WHEN {named} THEN regexp_matches({model}, '{CLAUDE}') ELSE false END"
        if self.field("total") is not None:
            said, made, read, written = (
                _count(self, name) for name in ("input", "output", "read", "written")
            )
            cached, total = f"coalesce({read}, 0) + {written}", self.whole("total")
            told = (
                f"CASE WHEN {cached} > 0 AND {total} = {said} + {cached} + {made} THEN true "
                f"{f'WHEN {total} = {said} + {made} THEN false ' * (self.apart == ALL)}"
                f"ELSE {told} END"
            )
        return None if told == "false" else told

    def _natively(self) -> str:
        """Return whether a row tells what was cached as Claude's own API does; empty for never."""
        taken = self.late.get("input", (self.at["input"],))
        every = [*self.at.values(), *chain(*self.late.values())]
        sure = [name for name in taken if natives(every, name)]
        told = [self._first_of(taken, sure)]
        for ours in ("read", "written"):
            names = self.late.get(ours, (self.at[ours],) if ours in self.at else ())
            own = natives(names, sure[0]) if sure else []
            told += [self._first_of(names, own)] if own else []
        return f"{told[0]} AND ({' OR '.join(told[1:])})" if told[1:] else ""

    def _first_of(self, names: Sequence[str], some: Collection[str]) -> str:
        """Return whether the first of the names that a row has is one of some."""
        cases = " ".join(
            f"WHEN {self._at(n)} IS NOT NULL THEN {str(n in some).lower()}" for n in names
        )
        return f"CASE {cases} ELSE false END"

    def judge_marks(self, decimals: bool, costs: Sequence[str]) -> None:
        """Read numbers as all rows tell.

        Args:
            decimals: Some have decimals after a point.
            costs: One with a comma before decimals, one with a point, one that may be either.
        """
        self.decimals = self.decimals or decimals
        self.commas = formats.comma_decimals(self.delimiter, costs)
        self.unsure = formats.comma_unsure(self.delimiter, costs)

    def doubted(self, seen: Mapping[str, int]) -> Iterator[str]:
        """Return what to tell of rows that the first ones do not explain, by how many there are."""
        if self.decimals and seen["grouped"]:
            yield (
                f"counts such as 2.000 are read as 2 (rows: {seen['grouped']:,}), for others have "
                "decimals after a point: save counts without marks if they are thousands"
            )
        if self.unsure:
            yield self.unsure
        if seen["apart"] and not self.apart:
            yield says(self.at, CLAUDE, seen["apart"])

    def is_number(self, name: str) -> bool:
        """Return whether a field is a whole number by its type."""
        return self.types.get(self.at.get(name, ""), "") in INTEGERS

    def is_time(self, name: str) -> bool:
        """Return whether a field is a time with its zone by its type."""
        return self.types.get(self.at.get(name, "")) == "TIMESTAMP WITH TIME ZONE"


def file_number(numbers: Mapping[str, int], path: str) -> str:
    """Return the number that stands for a file: names take long to write."""
    known = ", ".join(map(quoted, numbers))
    return f"[{', '.join(map(str, numbers.values()))}][list_position([{known}], {path})]"


def identifier(name: str) -> str:
    """Return a name as one of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _struct(inner: Any) -> str:
    if inner is None:
        return "VARCHAR"
    return f"STRUCT({', '.join(f'{identifier(n)} {_struct(more)}' for n, more in inner.items())})"


MOST_OF_A_REQUEST = 2_000_000_000
"""A request of more tokens is a mistake; so counts fit into 32 bits."""

FAILED = ("error", "failed", "failure")
"""What a status says in words where a request failed."""
SETTLED = ("read", "reasoning")
"""Counts that are not known where no row has them, and 0 in a row without where another has."""


def integer(raw: Raw, name: str) -> str:
    """Return a count as a BIGINT, null where there is none or where it is no number.

    A count that no column has is not known; a cell that is empty in a column of parts is 0.
    """
    if name == "input" and (apart := raw.left_out()) is not None:
        said = "fresh" if "fresh" in raw.at else "input"
        fresh, read, written = (_count(raw, part) for part in (said, "read", "written"))
        return f"{fresh} + CASE WHEN {apart} THEN coalesce({read}, 0) + {written} ELSE 0 END"
    return _count(raw, name)


def _count(raw: Raw, name: str) -> str:
    """Return a count as it stands in its column; all that was written, by any lifetime or not."""
    if name == "written" and (told := [n for n in LIFETIMES if raw.field(n) is not None]):
        whole, *parts = (_plain(raw, one) for one in (name, *told))
        least = f"least({', '.join([whole, *parts])})"  # below 0 what is no count
        return f"CASE WHEN {least} < 0 THEN {least} ELSE greatest({whole}, {' + '.join(parts)}) END"
    return _plain(raw, name)


LIFETIMES = ("write_5m", "write_1h")


def _plain(raw: Raw, name: str) -> str:
    field = raw.field(name)
    if field is None:
        return "0" if name in ("written", *LIFETIMES, "status") else "NULL::BIGINT"
    cast = f"CAST({field} AS BIGINT)" if raw.is_number(name) else raw.whole(name)
    if name == "output":  # what embeds or ranks puts none out
        silent = f"regexp_matches({raw.field('model')}, '{WITHOUT_OUTPUT.pattern}')"
        return _first(cast, f"CASE WHEN {silent} THEN 0 END")
    unknown = name in SETTLED and name in raw.late and name not in raw.at
    return cast if unknown or name in ("input", "fresh") else f"coalesce({cast}, 0)"


def when(raw: Raw, name: str, zone: ZoneInfo | None) -> str:
    """Return a time as microseconds since 1970, UTC."""
    field = raw.field(name)
    if field is None:
        return "NULL::BIGINT"
    if raw.is_time(name):
        return f"epoch_us({field})"
    kind = raw.types.get(raw.at[name], "VARCHAR")
    if kind == "TIMESTAMP":
        return f"epoch_us({_zoned(field, zone)})"
    if kind in INTEGERS or kind == "DOUBLE":
        return f"CAST({_in_us(field)} AS BIGINT)"
    number = f"TRY_CAST({_in_us(f'TRY_CAST({field} AS DOUBLE)')} AS BIGINT)"
    if raw.untidy:
        end = r"'\s*([+-]\d\d:?\d\d)( UTC)?$', '\1'"
        field = f"regexp_replace(replace({field}, ',', '.'), {end})"
    found = _first(_cast(field, zone), number)
    # A cast reads `3:04 PM` as 3:04.
    told = date_in_sql(field, raw.day_first, str(zone or "UTC"))
    return _first(told, found) if raw.dated else found


def _cast(field: str, zone: ZoneInfo | None) -> str:
    """Return a time as DuckDB casts it as microseconds since 1970, UTC."""
    if zone is None:
        return f"epoch_us(TRY_CAST({field} AS TIMESTAMPTZ))"
    zoned = rf"regexp_matches({field}, '[: T].*(Z|[A-Z]{{3,}}|[+-]\d\d(:?\d\d)?)$')"
    local = _zoned(f"TRY_CAST({field} AS TIMESTAMP)", zone)
    return f"epoch_us(CASE WHEN {zoned} THEN TRY_CAST({field} AS TIMESTAMPTZ) ELSE {local} END)"


def _first(value: str, other: str) -> str:
    """Return a value, or where it is null another, which coalesce would work out of every row."""
    return f"CASE WHEN {value} IS NOT NULL THEN {value} ELSE {other} END"


def _zoned(field: str, zone: ZoneInfo | None) -> str:
    return f"timezone({quoted(str(zone or 'UTC'))}, {field})"


def _in_us(field: str) -> str:
    """Return a number of seconds, milliseconds, microseconds or nanoseconds as microseconds."""
    return (
        f"CASE WHEN abs({field}) < 1e11 THEN {field} * 1000000 WHEN abs({field}) < 1e14 THEN "
        f"{field} * 1000 WHEN abs({field}) < 1e17 THEN {field} ELSE {field} / 1000 END"
    )


def status_in(raw: Raw) -> str:
    """Return the status of a request; logs of one's own say `failed` in place of a number."""
    field, number = raw.field("status"), integer(raw, "status")
    if field is None or raw.is_number("status"):
        return number
    words = ", ".join(map(quoted, FAILED))
    failed = f"lower(trim(CAST({field} AS VARCHAR))) IN ({words})"
    told = f"CASE WHEN {failed} THEN {ERROR} ELSE greatest({number}, 0) END"
    plain = f"CASE WHEN NOT contains({field}, '.') THEN TRY_CAST({field} AS USMALLINT) END"
    return told if raw.shape == "parquet" else _first(plain, told)


def service_in(raw: Raw) -> str:
    """Return the tier that a request was served by."""
    batch, service = raw.field("batch"), raw.field("service")
    usual = "'standard'"
    if service is not None:
        tier, words = f"lower(trim(coalesce({service}, '')))", ", ".join(map(quoted, SERVICES))
        usual = f"CASE WHEN {tier} IN ({words}) THEN 'standard' ELSE {tier} END"
    if batch is None:
        return usual
    return f"CASE WHEN TRY_CAST({batch} AS BOOLEAN) THEN 'batch' ELSE {usual} END"


def nano_in(raw: Raw) -> str:
    """Return a cost as whole billionths of a dollar; `ODD` where a cell is no amount."""
    field = raw.field("cost")
    if field is None:
        return "NULL::BIGINT"
    number = f"TRY_CAST({field} AS DOUBLE)"
    if raw.types.get(raw.at.get("cost", ""), "VARCHAR") == "VARCHAR":
        bare = bare_cost(raw)
        comma = f"replace(replace({bare}, '.', ''), ',', '.')"
        forms = (COMMA.pattern, THOUSANDS.pattern) if raw.commas else (COMMA_DECIMAL.pattern,)
        told = f"regexp_full_match({bare}, '{'|'.join(forms)}')"
        other = f"CASE WHEN {told} THEN {comma} ELSE replace({bare}, ',', '') END"
        read = f"TRY_CAST({other} AS DOUBLE)"
        number = read if raw.commas else _first(number, read)
        cell, nothing = f"lower(trim(coalesce({field}::VARCHAR, '')))", map(quoted, NOTHING)
        odd = f"CASE WHEN {cell} NOT IN ({', '.join(nothing)}) THEN {ODD} END"
        return _first(f"TRY_CAST(round(({number}) * 1e9) AS BIGINT)", odd)
    return f"TRY_CAST(round({number} * 1e9) AS BIGINT)"


def hash_in(raw: Raw, name: str) -> str:
    """Return an id as a number; null where a cell says nothing."""
    field = raw.field(name)
    if field is None:
        return "NULL::BIGINT"
    if raw.is_number(name):
        return f"CAST({field} AS BIGINT)"
    cell, nothing = f"CAST({field} AS VARCHAR)", ", ".join(map(quoted, NOTHING))
    there = f"length({cell}) > 4 OR lower(trim({cell})) NOT IN ({nothing})"
    return f"CASE WHEN {there} THEN CAST(hash({field}) >> 1 AS BIGINT) END"


def bare_cost(raw: Raw) -> str:
    """Return a cost without what stands around its number."""
    return f"regexp_replace({raw.field('cost')}::VARCHAR, '{AROUND}', '', 'g')"


DOUBTS = {"grouped": 1, "either": 2, "time": 4, "day": 8, "month": 16, "apart": 32}
"""What a row may have that the first rows do not explain, as bits: a count or a cost whose mark may
be either, a time of another form, a day or a month above 12 of days, input without its cache."""
SLASHED = r"^\s*(\d{1,2})[/-](\d{1,2})[/-]20\d\d"


def doubts(raw: Raw) -> str:
    """Return what a row has of `DOUBTS` as SQL, empty where nothing can be."""
    found: dict[str, str] = {}
    counts = [raw.field(n) for n in ("input", "fresh", "output", *CACHED) if _is_text(raw, n)]
    if counts and raw.shape != "json":
        grouped = GROUPED.replace("MARKS", ".")
        cells = (
            f"contains({f}, '.') AND regexp_full_match(trim({f}), '{grouped}')" for f in counts
        )
        found["grouped"] = " OR ".join(f"({cell})" for cell in cells)
    if _is_text(raw, "cost"):
        cell, mark = bare_cost(raw), "[.,]" if raw.commas else ","
        either = f"regexp_full_match({cell}, '-?[1-9]\\d{{0,2}}{mark}\\d{{3}}')"
        some = f"contains({raw.field('cost')}, ',')"
        found["either"] = either if raw.commas else f"{some} AND {either}"
    if _is_text(raw, "start"):
        field = str(raw.field("start"))
        if not (raw.dated and raw.untidy):
            other = f"{when(raw, 'start', None)} IS NULL AND regexp_matches({field}, '\\d\\D+\\d')"
            half = f" OR suffix({field}, 'M') OR suffix({field}, 'm')"  # a cast passes over it
            found["time"] = f"({other}){half * (not raw.dated)}"
        for n, name in ((1, "day"), (2, "month")) if raw.dated else ():
            found[name] = f"TRY_CAST(regexp_extract({field}, '{SLASHED}', {n}) AS INTEGER) > 12"
    if "fresh" not in raw.at and not raw.apart and (apart := raw.left_out()) is not None:
        found["apart"] = apart
    bits = (f"CASE WHEN {told} THEN {DOUBTS[name]} ELSE 0 END" for name, told in found.items())
    return f"CAST({' + '.join(bits)} AS UTINYINT)" if found else ""


def marks_in(raw: Raw) -> str:
    """Return whether any number has decimals, and costs as `Raw.judge_marks` takes them."""
    cells = [str(raw.field(name)) for name in raw.at if _is_text(raw, name)]
    decimals = " OR ".join(
        f"coalesce(contains({f}, '.') AND regexp_full_match(trim({f}), '{DECIMAL.pattern}'), false)"
        for f in cells
    )
    cost = bare_cost(raw) if _is_text(raw, "cost") else "NULL"
    forms = (COMMA_DECIMAL, POINT_DECIMAL, EITHER)
    told = (f"min({cost}) FILTER (regexp_full_match({cost}, '{f.pattern}'))" for f in forms)
    return ", ".join([f"bool_or({decimals or 'false'})", *told])


def _is_text(raw: Raw, name: str) -> bool:
    """Return whether a field is there, and one of texts."""
    path = raw.at.get(name)
    return path is not None and (raw.shape != "parquet" or raw.types.get(path) == "VARCHAR")
