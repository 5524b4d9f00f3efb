"""One module a log format: adding one is one file here and its case in the tests.

A module has an object `FORMAT`, or several of one maker. Its functions get one record and the
context, and return rows; what cannot be used they refuse with a reason (`Wrong`), which is counted
with its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from tco.usage.rows import NOTHING, LeftOutTally, UsageRow, Wrong, moment, nano
from tco.usage.sources import RawRecord, Sample

Span = tuple[float | None, float | None]
"""Beginning and end, in seconds since 1970, UTC; None where the log does not tell [s]."""
Grain = Literal["requests", "buckets", "costs", "counters"]


@dataclass(slots=True)
class Context:
    """What a format may know besides the record.

    Args:
        tally: Where it counts what it leaves out.
        shown: How the file is called.
        zone: Zone of times that name none.
        columns: What the user calls the columns of a table.
        state: What it keeps from record to record of one file.
        kept: What it keeps from file to file.
        delimiter: What parts the columns of a table.
        first: The first records of the file.
        every: Returns all records of the file, from the beginning.
    """

    tally: LeftOutTally
    shown: str = ""
    zone: ZoneInfo | None = None
    columns: dict[str, str] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    line: int = 0
    delimiter: str = ","
    first: Sequence[dict[str, Any]] = ()
    every: Callable[[], Iterable[Any]] = tuple

    @property
    def place(self) -> str:
        """Return where the record is, as `file:line`."""
        return f"{self.shown}:{self.line}"


def whole(record: RawRecord, _: Context) -> Iterable[Any]:
    """Return a record as its only part."""
    return () if record.value is None else (record.value,)


def nothing(_: Context) -> Iterator[UsageRow]:
    """Return no rows after the last file."""
    return iter(())


class Format(NamedTuple):
    """A log format.

    Args:
        name: What `--from` calls it.
        title: What it is.
        exported: Where it comes from: how to get such a file.
        grain: A row is a request, a bucket of them, a charge, or a counter's increase.
        looks: Whether the beginning of a file is of this format.
        row: Returns the row of a part of a record; None for a part that is no request.
        parts: Returns the parts of a record.
        done: Returns rows that are only known after the last file.
        grows: A record is written several times while it grows: the largest counts.
        knows: What a reader should know of what such a file cannot tell.
    """

    name: str
    title: str
    exported: str
    grain: Grain
    looks: Callable[[Sample], bool]
    row: Callable[[Any, Context], UsageRow | None]
    parts: Callable[[RawRecord, Context], Iterable[Any]] = whole
    done: Callable[[Context], Iterator[UsageRow]] = nothing
    grows: bool = False
    knows: str = ""


@cache
def formats() -> dict[str, Format]:
    """Return every format by its name."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = [one for module in modules for one in vars(module).values() if isinstance(one, Format)]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def spelled(record: dict[str, Any], name: str) -> Any:
    """Return a field, which some exports call `usage_metadata` in place of `usageMetadata`."""
    return record[name] if name in record else record.get(CAPITAL.sub(r"_\1", name).lower())


CAPITAL = re.compile("([A-Z])")


def sequence(value: Any) -> list[Any]:
    """Return a list; an empty one for anything else."""
    return value if isinstance(value, list) else []


def first(*values: Any) -> Any:
    """Return the first value that there is."""
    return next((value for value in values if value is not None), None)


def both(taken: int | None, made: int | None, total: int | None = None) -> tuple[int, int]:
    """Return input and output of an answered call; the one that is not told by their total.

    Raises:
        Wrong: One is not known: an embedding without a word of output has a total.
    """
    if taken is None and made is not None and total is not None:
        taken = total - made
    if made is None and taken is not None and total is not None:
        made = total - taken
    if taken is None or made is None or min(taken, made) < 0:
        raise Wrong("no_output")
    return taken, made


def charge(value: Any, ctx: Context, *, per_usd: int = 1) -> int | None:
    """Return what a call is said to have cost [1e-9 USD]; None where nobody can tell, counted.

    Its tokens count all the same.

    Args:
        value: An amount, or what returns one.
        per_usd: 100 for cents.
    """
    try:
        return nano(value() if callable(value) else value, per_usd=per_usd)
    except Wrong as wrong:
        unread = str(wrong) in ("not_a_number", "out_of_range")
        ctx.tally.doubt("cost_" + ("not_readable" if unread else str(wrong)), ctx.place)
        return None


CACHE = (
    *("cache_status", "cacheStatus", "cf-aig-cache-status", "x-portkey-cache-status"),
    "helicone-cache",
)
"""What gateways call it whether their own cache answered, and not a model."""
CACHE_OR_READ = ("cache_hit", "cacheHit", "cached", "from_cache")
"""What may be said of it, and of what a provider's cache had: the former only where it is free."""
HIT = "answered_by_proxy_cache"
HITS = ("hit", "semantic hit", "semantic_hit", "true")


def from_cache(record: Any, names: Sequence[str] = CACHE) -> bool:
    """Return whether a record, or headers in it, says by some names that a cache answered."""
    if not isinstance(record, dict):
        return False
    said = any(str(record[name]).strip().lower() in HITS for name in names if name in record)
    return said or any(
        from_cache(inner, names)
        for name, inner in record.items()
        if isinstance(inner, dict) and "headers" in str(name).lower()
    )


def results(sample: Sample) -> Iterator[dict[str, Any]]:
    """Yield the results of the first buckets of a report of usage or costs."""
    for value in sample.values():
        for result in sequence(value.get("results")):
            yield mapping(result)


def bucketed(
    record: RawRecord, ctx: Context, begins: str = "start_time", ends: str = "end_time"
) -> Iterable[tuple[float | None, float | None, dict[str, Any]]]:
    """Return the results of a bucket with its times, which the report covers."""
    bucket = mapping(record.value)
    start, end = moment(bucket.get(begins)), moment(bucket.get(ends))
    if start is not None and end is not None:
        ctx.tally.cover(start, end)
    for result in sequence(bucket.get("results")):
        yield start, end, mapping(result)


def times(start: float | None, end: float | None) -> dict[str, Any]:
    """Return the times of a row that stands for a bucket."""
    length_s = 0 if start is None or end is None else int(end - start)
    return {"start": start, "end": end, "bucket_s": length_s}


DAY_S = 86_400


def day_of(value: Any, zone: ZoneInfo | None = None, days: int = 1) -> Span:
    """Return beginning and end of so many days that begin at a time; nothing of none."""
    start = moment(value, zone)
    return start, None if start is None else start + days * DAY_S


SERVICES = dict.fromkeys((*NOTHING, "default", "auto", "standard_only", "on_demand"), "standard")


def service_of(value: Any) -> str:
    """Return the service tier of a name for it: `standard`, `batch`, `flex`, `priority`, ..."""
    word = str(value or "").strip().lower()
    return SERVICES.get(word, word[:40])


# Dates, as people write them.

DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(20\d\d)$")
SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](20\d\d)(?=\D|$)")
OF_MONTH = re.compile(r"(\d{1,2})/(20\d\d)$")
MONTHS = ("%b %Y", "%B %Y", "%b-%Y", "%b-%y")
NAMED = ("%b %d %Y", "%B %d %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%a %d %b %Y")
CLOCK = re.compile(
    r"(?:T|,?\s+)(\d{1,2})(:\d\d(?::\d\d)?)(?:[.,](\d+))?(?:\s*([ap])\.?m\.?)?(?![:\d])", re.I
)
AS_PEOPLE_WRITE = re.compile(
    r"^\s*(\d{1,2}[./-]\d{1,2}[./-]20\d\d|\D*[a-z]{3}.*20\d\d)|\d\s*[ap]\.?m\b", re.I
)
"""A time that is no plain one of a machine."""
AMBIGUOUS = "day_or_month_first"
WHY_AMBIGUOUS = (
    "no date of {} tells whether its day or its month comes first: save them as 2026-11-20"
)


def day_first(values: Iterable[Any]) -> bool | None:
    """Return whether days stand before months in `20/11/2026`; None where nothing tells."""
    found = [m for v in values if (m := SLASHED.match(str(v).strip()))]
    first, second = (max((int(m[n]) for m in found), default=0) > 12 for n in (1, 2))
    return first if first != second else None


def written_date(value: Any, first: bool | None) -> Any:
    """Return a time as people write it, as `2026-11-20T15:04`, `2026-11-20` or `2026-11`.

    Raises:
        Wrong: Nothing tells whether its first number is the day or the month.
    """
    if not isinstance(value, str):
        return value
    told, clock = value.strip(), ""
    if found := CLOCK.search(told):
        hour, minutes, part, half = found.groups()
        hour = int(hour) if half is None else int(hour) % 12 + 12 * (half in "pP")
        clock = f"T{hour:02d}{minutes}{f'.{part}' if part else ''}{told[found.end() :]}"
        told = told[: found.start()]
    if found := OF_MONTH.match(told):
        return f"{found[2]}-{int(found[1]):02d}"
    return f"{_day(told, first)}{clock}"


def _day(text: str, first: bool | None) -> str:
    """Return a day as `2026-11-20`, and a month of a name as `2026-11`."""
    if found := SLASHED.match(text):
        one, other, year = map(int, found.groups())
        if first is None and one != other and max(one, other) <= 12:
            raise Wrong(AMBIGUOUS)
        first = one > 12 or (bool(first) and other <= 12)
        month, day = (other, one) if first else (one, other)
        return f"{year}-{month:02d}-{day:02d}{text[found.end() :]}"
    if found := DOTTED.match(text):
        return f"{found[3]}-{int(found[2]):02d}-{int(found[1]):02d}"
    bare = re.sub(r",\s*", " ", text)
    for form in (*NAMED, *MONTHS) if re.search("[A-Za-z]{3}", text) else ():
        with suppress(ValueError):
            known = datetime.strptime(bare, form).replace(tzinfo=UTC)
            return f"{known:%Y-%m-%d}" if "d" in form else f"{known:%Y-%m}"
    return text


THIN = "\u202f"  # browsers put it before PM
CLOCKS = (
    "",
    *(
        f" %{h}"
        for h in ("H:%M", "H:%M:%S", "H:%M:%S.%f", "I:%M %p", "I:%M:%S %p", "I:%M:%S.%f %p")
    ),
)


def date_in_sql(field: str, first: bool | None, zone: str) -> str:
    """Return a time as people write it as microseconds since 1970, as SQL of DuckDB.

    -1 where nothing tells whether its first number is the day or the month; null for no time.
    """
    text = rf"regexp_replace(trim({field}), '[,\s{THIN}]+', ' ', 'g')"
    bare = rf"regexp_replace({text}, ' ?(Z|UTC|GMT)$', '')"
    bare = rf"regexp_replace({bare}, '^(\d+)[-/](\d+)[-/](20\d\d)', '\1/\2/\3')"
    slashed = ("%d/%m/%Y", "%m/%d/%Y")[:: 1 if first else -1]
    days = ("%d.%m.%Y", *slashed, *NAMED, "%Y-%m-%d")
    forms = ", ".join(f"'{day}{clock}'" for day in days for clock in CLOCKS)
    where = rf"CASE WHEN regexp_matches({text}, '(Z|UTC|GMT)$') THEN 'UTC' ELSE '{zone}' END"
    found = f"epoch_us(timezone({where}, try_strptime({bare}, [{forms}])))"
    if first is not None:
        return found
    one, other = (
        rf"TRY_CAST(regexp_extract({text}, '^(\d{{1,2}})[/-](\d{{1,2}})[/-]20\d\d', {n}) AS INT)"
        for n in (1, 2)
    )
    return f"CASE WHEN {one} <= 12 AND {other} <= 12 AND {one} <> {other} THEN -1 ELSE {found} END"


def day_first_in_sql(field: str, relation: str) -> str:
    """Return the query for the largest first and second number of dates as `20/11/2026`."""
    some = (
        rf"max(TRY_CAST(regexp_extract({field}, '^\s*(\d{{1,2}})[/-](\d{{1,2}})[/-]20\d\d', {n}) "
        "AS INT))"
        for n in (1, 2)
    )
    return f"SELECT {', '.join(some)} FROM {relation}"


# Amounts, as sheets write them.

THOUSANDS = re.compile(r"^-?\d{1,3}(\.\d{3})+$")
COMMA_DECIMAL = re.compile(
    r"^-?(\d{1,3}(\.\d{3})+,\d+|0,\d+|\d+,(\d{1,2}|\d{4,})|\d{1,3}(\.\d{3}){2,})$"
)
"""Numbers that only a comma before decimals explains: `1,234` and `1.234` can be both."""
COMMA = re.compile(r"^-?[\d.]*,\d+$")
POINT_DECIMAL = re.compile(
    r"^-?(\d{1,3}(,\d{3})+\.\d+|0\.\d+|\d+\.(\d{1,2}|\d{4,})|\d{1,3}(,\d{3}){2,})$"
)
AROUND = "[$\\s\u00a0\u202f_]|USD"
"""What may stand in an amount of dollars beside its number."""


def comma_decimals(delimiter: str, amounts: Iterable[Any]) -> bool:
    """Return whether `1,234` is 1.234: a `;` parts the columns, or some amount says so itself.

    >>> comma_decimals(";", ["1,234"]), comma_decimals("\\t", ["1,234", "0,05"])
    (True, True)
    >>> comma_decimals(";", ["1,234", "12.50"]), comma_decimals(",", ["1,234"])
    (False, False)
    """
    bare = [re.sub(AROUND, "", str(amount)) for amount in amounts]
    told = any(map(COMMA_DECIMAL.match, bare))
    return told or (delimiter == ";" and not any(map(POINT_DECIMAL.match, bare)))


EITHER = re.compile(r"-?[1-9]\d{0,2},\d{3}")


def comma_unsure(delimiter: str, amounts: Iterable[Any]) -> str:
    """Return what to tell of amounts whose commas nothing but the marks between columns explains.

    >>> comma_unsure(";", ["1,234"])[:34], comma_unsure(";", ["1,234", "0,05"])
    ('a cost of 1,234 is read as 1.234, ', '')
    """
    bare = [re.sub(AROUND, "", str(amount)) for amount in amounts]
    either = next(filter(EITHER.fullmatch, bare), "")
    commas, points = (any(map(form.match, bare)) for form in (COMMA_DECIMAL, POINT_DECIMAL))
    if either and commas and points:
        return f"a cost of {either} may be either: some costs have a decimal comma, some a point"
    if commas or points or not either or delimiter == ",":
        return ""
    mark = "." if comma_decimals(delimiter, amounts) else ""
    return (
        f"a cost of {either} is read as {either.replace(',', mark)}, as sheets with such marks "
        "between their columns mean it: one cost with two decimals would tell"
    )


# What to do with logs that are known by their fields, and that no reader takes as they are.

POSTHOG = (
    "events of PostHog: --columns 'start=timestamp,model=properties.$ai_model,"
    "fresh=properties.$ai_input_tokens,read=properties.$ai_cache_read_input_tokens,"
    "written=properties.$ai_cache_creation_input_tokens,output=properties.$ai_output_tokens', "
    "with input in place of fresh where no model is Claude"
)
OPENCODE = (
    "messages of opencode: --columns start=time.created,model=modelID,fresh=tokens.input,"
    "read=tokens.cache.read,written=tokens.cache.write,output=tokens.output,id=id"
)
AIDER = (
    "aider's analytics: --columns start=time,model=properties.main_model,"
    "input=properties.prompt_tokens,output=properties.completion_tokens,cost=properties.cost"
)
GEMINI_CLI = (
    'telemetry of Gemini CLI: jq -c \'.attributes|select(."event.name"=="gemini_cli.api_response")|'
    '{start:."event.timestamp",model,input_tokens:.input_token_count,cached_tokens:'
    ".cached_content_token_count,output_tokens:(.output_token_count+.thoughts_token_count)}'"
)
CLINE = (
    'messages of Cline, which name no model: jq -c \'.[]|select(.say=="api_req_started")|'
    '{ts,model:"NAME"}+(.text|fromjson|{uncached_input:.tokensIn,cached_tokens:.cacheReads,'
    "cache_write_tokens:.cacheWrites,output_tokens:.tokensOut,cost_usd:.cost})'"
)
MLFLOW = "traces of MLflow: have it export its spans by OTLP to a file, which is read"
AZURE = (
    "diagnostics of Azure, which tell no tokens: az monitor metrics list has them "
    "(--from azure-monitor)"
)
LITELLM = "LiteLLM's costs by the day, which tell no tokens: /spend/logs?summarize=false has them"


def advice_for(values: Iterable[Mapping[str, Any]]) -> str:
    """Return what to do with the first records of a log of another tool; empty for an unknown one.

    >>> advice_for([{"info": {}, "data": {"spans": []}}])[:16]
    'traces of MLflow'
    """
    return next(filter(None, map(_advice, values)), "")


def _advice(value: Mapping[str, Any]) -> str:
    inner = {**mapping(value.get("properties")), **mapping(value.get("attributes"))}
    words = " ".join(map(str, (value.get("event"), inner.get("event.name"), value.get("say"))))
    category = str(value.get("category") or value.get("Category"))
    found = {
        POSTHOG: "$ai_generation" in words,
        GEMINI_CLI: "gemini_cli." in words,
        CLINE: "api_req_started" in words,
        AIDER: "main_model" in inner,
        OPENCODE: {"sessionID", "modelID", "tokens"} <= value.keys(),
        MLFLOW: "info" in value and "spans" in mapping(value.get("data")),
        AZURE: category in ("RequestResponse", "AzureOpenAIRequestUsage"),
        LITELLM: {"startTime", "spend", "models"} <= value.keys(),
    }
    return next((text for text, fits in found.items() if fits), "")
