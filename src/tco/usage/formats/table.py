"""A table of requests: CSV, Parquet or JSON lines, with a column for each thing that is known.

Read by DuckDB alone (`tco.usage.requests_table`): this module knows the names of columns, and that
a file is such a table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from tco.errors import UsageError
from tco.usage.formats import (
    AROUND,
    CACHE,
    CACHE_OR_READ,
    COMMA,
    COMMA_DECIMAL,
    HITS,
    SERVICES,
    THOUSANDS,
    Context,
    Format,
    date_in_sql,
    mapping,
)
from tco.usage.formats.bedrock import WITHOUT_OUTPUT
from tco.usage.formats.litellm import ERROR
from tco.usage.rows import MARKS, NOTHING, UsageRow, Wrong, count
from tco.usage.sources import Sample
from tco.usage.store import quoted

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("request_id", "id", "requestId", "call_id"),
    "start": (
        *("start", "start_time", "startTime", "timestamp", "time", "created_at", "ts"),
        "time_generated",
    ),
    "end": ("end", "end_time", "endTime", "finished_at"),
    "model": ("model", "model_name", "model_id"),
    "input": (
        *("input_tokens", "prompt_tokens", "input", "tokens_in", "tokens_input", "tokens_prompt"),
        *("usage.prompt_tokens", "usage.input_tokens", "prompt_eval_count"),
    ),
    "fresh": (
        *("uncached_input", "input_uncached", "uncached_input_tokens", "input_uncached_tokens"),
        *("fresh_input_tokens", "input_fresh"),
    ),
    "read": (
        *("cached_tokens", "cache_read_tokens", "cached_input_tokens", "cached"),
        *("cache_read_input_tokens", "cached_input", "cache_read", "input_cached"),
        *("input_cached_tokens", "input_cache_read", "input_cache_read_tokens"),
        *("prompt_cached_tokens", "cached_prompt_tokens", "tokens_cached", "cache_hit_tokens"),
        *("prompt_cache_read_tokens", "prompt_cache_hit_tokens"),
        *("usage.prompt_tokens_details.cached_tokens", "usage.input_tokens_details.cached_tokens"),
        "usage.input_token_details.cache_read_tokens",
    ),
    "written": (
        *("cache_write_tokens", "cache_creation_tokens", "cache_write", "cache_writes"),
        *("cache_creation_input_tokens", "cache_write_input_tokens", "input_cache_write"),
        *("input_cache_write_tokens", "input_cache_creation", "prompt_cache_write_tokens"),
        "usage.prompt_tokens_details.cache_write_tokens",
        "usage.input_token_details.cache_write_tokens",
    ),
    "output": (
        *("output_tokens", "completion_tokens", "output", "tokens_out", "tokens_output"),
        *("tokens_completion", "eval_count"),
        *("usage.completion_tokens", "usage.output_tokens"),
    ),
    "reasoning": (
        *("reasoning_tokens", "reasoning", "output_reasoning_tokens", "tokens_reasoning"),
        *("usage.completion_tokens_details.reasoning_tokens",),
        *("usage.output_tokens_details.reasoning_tokens",),
    ),
    "batch": ("batch", "is_batch"),
    "service": ("service_tier", "service", "usage.service_tier"),
    "status": ("status", "status_code", "http_status"),
    "cost": ("cost_usd", "cost", "spend", "usd"),
    "provider": ("provider",),
    "region": ("region",),
    "team": ("team", "team_id", "metadata.team"),
    "project": ("project", "project_id", "metadata.project"),
    "tag": ("tag", "tags", "metadata.tag", "metadata.tags"),
    "session": ("session_id", "session", "user_id", "user", "conversation_id"),
    "hit": (),  # whether a proxy's own cache answered: `cache_in`
}
"""What each thing may be called, best first; a dot goes into a JSON object. Capitals, blanks and
what stands between words tell no names apart: `Input Tokens` and `inputTokens` are `input_tokens`.
"""
TOKENS = ("input", "fresh", "read", "written", "output", "reasoning")
"""What may lie in an object `usage` by the same names."""
PARTS = TOKENS[2:4] + TOKENS[5:]
"""Counts that a log need not have: a word such as `reasoning` heads other things in some."""


def folded(name: str) -> str:
    """Return a name of a field without capitals and what stands between words."""
    return re.sub(r"[^a-z0-9.]+", "", name.lower())


def found_columns(known: Collection[str], names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Return which field is which: the best name, and of one name the spelling that is ours."""
    spelled: dict[str, str] = {}
    for field in known if isinstance(known, list) else sorted(known):
        spelled.setdefault(folded(field), field)
    found: dict[str, str] = {}
    for ours, some in names.items():
        for name in some:
            field = name if name in known else spelled.get(folded(name))
            if field is None and ours in TOKENS:
                field = spelled.get(f"usage.{folded(name)}")
            if field is not None:
                found.setdefault(ours, field)
    return found


def fields_of(values: Iterable[dict[str, Any]]) -> set[str]:
    """Return the names of all fields of records that can be what they are called.

    `reasoning` may be the effort that was asked for, and `cached` whether anything was.
    """
    some = list(values)
    known: set[str] = set().union(*map(paths_of, some)) if some else set()
    parts = {folded(n) for ours in PARTS for n in NAMES[ours] if "." not in n and "token" not in n}
    for name in [n for n in known if folded(n) in parts]:
        cells = [value[name] for value in some if value.get(name) not in (None, "")]
        if cells and not any(map(_may_count, cells)):
            known.discard(name)
    return known


def _may_count(cell: Any) -> bool:
    if isinstance(cell, str):
        return any(map(str.isdigit, cell))
    return not isinstance(cell, bool | dict | list)


def cache_in(values: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Return the field that says whether a proxy's own cache answered, as `hit`; none of counts.

    As `hit_if_free` one that may tell of what was read from a provider's cache.
    """
    some = [*map(paths_of, values)]
    known = {folded(field.rpartition(".")[2]): field for one in some for field in one}
    for names, ours in ((CACHE, "hit"), (CACHE_OR_READ, "hit_if_free")):
        for field in (known[name] for name in map(folded, names) if name in known):
            cells = [one[field] for one in some if one.get(field) not in (None, "")]
            if cells and not any(map(_may_count, cells)):
                return {ours: field}
    return {}


def paths_of(value: dict[str, Any]) -> dict[str, Any]:
    """Return all fields of a record by their names, `outer.inner` for those inside."""
    found: dict[str, Any] = {}
    for key, inner in value.items():
        found[key] = inner
        if isinstance(inner, dict):
            found |= {f"{key}.{path}": cell for path, cell in paths_of(inner).items()}
    return found


def columns_of(known: Collection[str], given: dict[str, str]) -> dict[str, str]:
    """Return which field is which, by its name or by what the user said.

    Raises:
        UsageError: Something was named that a table of requests does not have.
    """
    refuse_others(given, NAMES, "a table of requests")
    return one_input(found_columns(known, NAMES), given)


def later_names(at: Mapping[str, str], some: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return by which names lines may tell more than the first ones do, as those are spelled."""
    fields = [*at.values()]
    capitals = any(map(str.isupper, "".join(fields)))
    found = {}
    for ours in (one for one in some if one not in at):
        names = NAMES[ours]
        if capitals:
            names += tuple(re.sub("_(.)", lambda m: m[1].upper(), n) for n in names if "_" in n)
        if fit := tuple(n for n in names if not any(_clash(n, field) for field in fields)):
            found[ours] = fit
    return found


def _clash(name: str, field: str) -> bool:
    """Return whether a name cannot be read beside a field: inside it, or apart in capitals."""
    for mine, theirs in zip(name.split("."), field.split("."), strict=False):
        if mine != theirs:
            return mine.lower() == theirs.lower()
    return True


LATE = ("read", "written", "reasoning", "batch", "service", "status", "cost")
"""What a log of JSON lines may say of some requests alone, and of none of its first lines."""


def refuse_others(given: dict[str, str], names: Collection[str], what: str) -> None:
    """Raise `UsageError` for a thing that a kind of table does not have."""
    for ours in (one for one in given if one not in names):
        said, there = f"--columns {ours}={given[ours]}", ", ".join(names)
        raise UsageError(f"{said}: {what} has no such thing; there are {there}")


def one_input(found: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """Return what was found and what was said, with all input or with the part that is `fresh`.

    What no cache had stands beside what was read and written; all input has both in it.

    Raises:
        UsageError: Both were said.
    """
    if "fresh" in given and "input" in given:
        raise UsageError("--columns names both fresh and input: all input has the fresh part in it")
    at = {**found, **given}
    if "fresh" in at and "input" in at:
        del at["input" if "fresh" in given else "fresh"]
    return at


def not_read(known: set[str], at: dict[str, str]) -> list[str]:
    """Return the fields that count tokens by their names and are none of those that are read."""
    return sorted(
        name
        for name in known
        if not any(f"{path}.".startswith(f"{name}.") for path in at.values())
        and COUNTS.search(name.rpartition(".")[2])
        and not SUMS.search(name.rpartition(".")[2])
    )


COUNTS = re.compile(r"tokens|cache", re.IGNORECASE)
SUMS = re.compile(r"total|max|limit|hit|rate|key|control|_id|usd|cost", re.IGNORECASE)
"""Names of what adds tokens up, bounds them, or tells something else of a cache."""


COUNTS_OF_REQUESTS = ("requests", "calls", "num_requests", "api_requests", "request_count")
OF_ONE = tuple(name for name in NAMES["id"] if name != "id")
"""Columns of a row that is one request, whatever it counts."""


def counts_several(sample: Sample) -> bool:
    """Return whether rows count requests, some of them more than one: they are buckets."""
    for value in sample.values():
        at = found_columns([*value], {"n": COUNTS_OF_REQUESTS, "one": OF_ONE})
        if "n" not in at or "one" in at:
            continue  # a request of an agent may count the calls that it made
        with suppress(Wrong):
            if (count(value[at["n"]], missing=1) or 0) > 1:
                return True
    return False


def looks(sample: Sample) -> bool:
    """Return whether records have a time, a model, input and output, and no gateway's fields."""
    if sample.shape == "sse" or counts_several(sample):
        return False
    known = fields_of(list(sample.values())[:50])
    at = columns_of(known, {})
    foreign = {"object", "custom_llm_provider", "response_status", "usageDetails", "schemaType"}
    taken = "input" in at or "fresh" in at
    return taken and {"start", "model", "output"} <= at.keys() and not foreign & known


def row(value: Any, _: Context) -> UsageRow | None:
    """Refuse the record: tables of requests are read by DuckDB."""
    raise Wrong("not_a_call" if mapping(value) else "torn_line")


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
        late: What the beginning of no file has, though a later line may, by all its names.
        dotted: Fields that have a dot in their names, and lie in no other.
        decimals: Some number has a point before its decimals: in none it marks thousands.
        untidy: Some time is written as DuckDB does not cast it.
        commas: Amounts have a comma before their decimals.
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
        decimals: bool = False,
    ) -> None:
        """Keep what is needed to write the query."""
        self.shape, self.at, self.header, self.dotted = shape, at, header, dotted
        self.delimiter, self.types, self.late, self.decimals = delimiter, types, late, decimals
        self.untidy = self.commas = self.dated = False
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
        for path in (*self.at.values(), *chain(*self.late.values())):
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
        words, sure = ", ".join(map(quoted, HITS)), self.field("hit")
        field = sure or self.field("hit_if_free")
        if field is None or (sure is None and "cost" not in self.at):
            return "false"
        free = f" AND {nano_in(self)} = 0" * (sure is None)
        return f"lower(trim(CAST({field} AS VARCHAR))) IN ({words}){free}"

    def whole(self, name: str) -> str:
        """Return a count as a whole number, null where there is none, and `ODD` for what is none.

        A cast alone would round 1.5 tokens to 2. What is plain digits is read in one step.
        """
        field = self.field(name)
        cast = f"TRY_CAST({field} AS BIGINT)"
        if name in self.late:
            return cast
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


FORMAT = Format(
    name="table",
    title="A table of requests: CSV, Parquet or JSON lines",
    exported="from any log of your own; --columns input=NAME,output=NAME names other columns",
    grain="requests",
    looks=looks,
    row=row,
)


# Fields of such a table as SQL.

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
    if name == "input" and "fresh" in raw.at:
        fresh, read, written = (integer(raw, part) for part in ("fresh", "read", "written"))
        return f"{fresh} + coalesce({read}, 0) + {written}"
    field = raw.field(name)
    if field is None:
        return "0" if name in ("written", "status") else "NULL::BIGINT"
    cast = f"CAST({field} AS BIGINT)" if raw.is_number(name) else raw.whole(name)
    if name == "output":  # what embeds or ranks puts none out
        silent = f"regexp_matches({raw.field('model')}, '{WITHOUT_OUTPUT.pattern}')"
        return _first(cast, f"CASE WHEN {silent} THEN 0 END")
    unknown = name in SETTLED and name in raw.late
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
        bare = f"regexp_replace({field}::VARCHAR, '{AROUND}', '', 'g')"
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
