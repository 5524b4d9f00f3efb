"""A table of requests: CSV, Parquet or JSON lines, with a column for each thing that is known.

Read by DuckDB alone (`tco.usage.requests_table`): this module knows the names of columns, and that
a file is such a table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any

from tco.errors import UsageError, printable
from tco.usage.formats import CACHE, CACHE_OR_READ, Context, Format, mapping
from tco.usage.rows import UsageRow, Wrong, count
from tco.usage.sources import Sample

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("request_id", "id", "requestId", "call_id"),
    "start": (
        *("start", "start_time", "startTime", "timestamp", "time", "created_at", "ts"),
        *("time_generated", "time_generated_utc"),
    ),
    "end": ("end", "end_time", "endTime", "finished_at"),
    "model": ("model", "model_name", "model_id"),
    "input": (
        *("input_tokens", "prompt_tokens", "input", "tokens_in", "tokens_input", "tokens_prompt"),
        *("usage.prompt_tokens", "usage.input_tokens", "prompt_eval_count"),
        "usage.input_tokens.total",
    ),
    "fresh": (
        *("uncached_input", "input_uncached", "uncached_input_tokens", "input_uncached_tokens"),
        *("fresh_input_tokens", "input_fresh"),
    ),
    "read": (
        "usage.input_token_details.cache_read_tokens",  # before names that it keeps beside them
        *("cached_tokens", "cache_read_tokens", "cached_input_tokens", "cached"),
        *("cache_read_input_tokens", "cached_input", "cache_read", "input_cached"),
        *("input_cached_tokens", "input_cache_read", "input_cache_read_tokens"),
        *("prompt_cached_tokens", "cached_prompt_tokens", "tokens_cached", "cache_hit_tokens"),
        *("prompt_cache_read_tokens", "prompt_cache_hit_tokens"),
        *("usage.prompt_tokens_details.cached_tokens", "usage.input_tokens_details.cached_tokens"),
        *("usage.input_token_details.cache_read", "usage.input_tokens.cache_read"),
    ),
    "written": (
        *("cache_write_tokens", "cache_creation_tokens", "cache_write", "cache_writes"),
        *("cache_creation_input_tokens", "cache_write_input_tokens", "input_cache_write"),
        "providerMetadata.anthropic.cacheCreationInputTokens",
        *("input_cache_write_tokens", "input_cache_creation", "prompt_cache_write_tokens"),
        "usage.prompt_tokens_details.cache_write_tokens",
        "usage.input_token_details.cache_write_tokens",
        *("usage.input_token_details.cache_creation", "usage.input_tokens.cache_write"),
    ),
    **{
        f"write_{ttl}": (
            *(f"cache_write_{ttl}_tokens", f"cache_creation_{ttl}_tokens", f"cache_write_{ttl}"),
            *(f"input_cache_creation_{ttl}", f"cache_creation_{ttl}", f"write_{ttl}"),
            *(f"cache_creation_{ttl}_input_tokens", f"ephemeral_{ttl}_input_tokens"),
            f"usage.cache_creation.ephemeral_{ttl}_input_tokens",
            f"usage.input_token_details.ephemeral_{ttl}_input_tokens",
        )
        for ttl in ("5m", "1h")
    },
    "output": (
        *("output_tokens", "completion_tokens", "output", "tokens_out", "tokens_output"),
        *("tokens_completion", "eval_count"),
        *("usage.completion_tokens", "usage.output_tokens", "usage.output_tokens.total"),
    ),
    "reasoning": (
        *("reasoning_tokens", "reasoning", "output_reasoning_tokens", "tokens_reasoning"),
        *("usage.completion_tokens_details.reasoning_tokens",),
        *("usage.output_tokens_details.reasoning_tokens", "usage.output_tokens.reasoning"),
        *("usage.output_token_details.reasoning_tokens", "usage.output_token_details.reasoning"),
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
TOKENS = ("input", "fresh", "read", "written", "write_5m", "write_1h", "output", "reasoning")
"""What may lie in an object `usage`, or `usage_metadata`, by the same names."""
PARTS = ("read", "written", "reasoning")
"""Counts that a log need not have: a word such as `reasoning` heads other things in some."""


USAGE = ("usage", "usagemetadata")


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
            bare = folded(name).removeprefix("usage.")
            spellings = (folded(name), *(f"{of}.{bare}" for of in USAGE if ours in TOKENS))
            field = next((spelled[one] for one in spellings if one in spelled), None)
            field = name if name in known else field
            if field is not None:
                found.setdefault(ours, field)
    return found


def fields_of(values: Iterable[dict[str, Any]]) -> set[str]:
    """Return the names of all fields of records that can be what they are called.

    `reasoning` may be the effort that was asked for, and `cached` whether anything was.
    """
    some = list(values)
    known = {k for v in some for k, cell in paths_of(v).items() if not isinstance(cell, dict)}
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


def later_names(at: Mapping[str, str], given: Collection[str] = ()) -> dict[str, tuple[str, ...]]:
    """Return by which names lines may tell what the first ones do not, or tell by another.

    They are spelled as the first lines are; those of APIs lie where those have their input. What is
    known stands before other names of it; what the user named has no other.
    """
    fields = [*at.values()]
    capitals = any(map(str.isupper, "".join(fields)))
    within = at.get("input", at.get("fresh", "")).rpartition(".")[0]
    found = {}
    for ours in (one for one in LATE if one not in given and (one in at or one not in NEEDED)):
        sent = OF_APIS.get(ours, ())
        names = tuple(f"{within}.{name}" for name in sent) if within else sent
        if ours not in at:
            names = (*LATE[ours], *names)
        elif not any(f".{at[ours]}".endswith(f".{name}") for name in _spelled(sent, capitals)):
            continue  # a log with a name of its own has it in every line
        fit = []
        for name in dict.fromkeys(_spelled(names, capitals)):
            if name not in at.values() and not any(_clash(name, f) for f in fields if f != name):
                fit.append(name)
                fields.append(name)
        if fit:
            found[ours] = ((at[ours],) if ours in at else ()) + tuple(fit)
    return found


def _spelled(names: tuple[str, ...], capitals: bool) -> tuple[str, ...]:
    """Return names, also with capitals where a log has such."""
    more = (re.sub("_(.)", lambda m: m[1].upper(), name) for name in names if "_" in name)
    return (*names, *more) if capitals else names


def _clash(name: str, field: str) -> bool:
    """Return whether a name cannot be read beside a field: inside it, or apart in capitals."""
    for mine, theirs in zip(name.split("."), field.split("."), strict=False):
        if mine != theirs:
            return mine.lower() == theirs.lower()
    return True


NEEDED = ("input", "output")
OF_APIS: dict[str, tuple[str, ...]] = {
    "input": ("prompt_tokens", "input_tokens"),
    "output": ("completion_tokens", "output_tokens"),
    "read": (
        *("prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens"),
        *("cached_tokens", "cache_read_input_tokens", "prompt_cache_hit_tokens"),
    ),
    "written": (
        *("prompt_tokens_details.cache_write_tokens", "cache_creation_input_tokens"),
        "cache_write_input_tokens",
    ),
    **{f"write_{ttl}": (f"cache_creation.ephemeral_{ttl}_input_tokens",) for ttl in ("5m", "1h")},
    "reasoning": tuple(f"{of}_tokens_details.reasoning_tokens" for of in ("completion", "output")),
    "total": ("total_tokens",),
}
"""What APIs call it: a log that keeps usage as it came has another name of another provider."""
LATE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(NEEDED, ()),
    **{name: NAMES[name] for name in ("read", "written", "reasoning")},
    **{f"write_{ttl}": NAMES[f"write_{ttl}"][:2] for ttl in ("5m", "1h")},
    **{name: NAMES[name] for name in ("batch", "service", "status", "cost")},
    "total": (),
    "hit": CACHE[:2],
    "hit_if_free": CACHE_OR_READ,
}
"""What a log of JSON lines may say of some requests alone, and of none of its first lines."""
TOTAL = {"total": ("total_tokens", "usage.total_tokens", "tokens_total", "total")}


IN_UNITS = re.compile(r"(?i:\bmillions?|\bthousands?|\bmtok|\bktok)|\(\s*(?:M|k|K|mn)\b")
"""What says of a heading that its numbers are not of single tokens."""


def refuse_others(given: dict[str, str], names: Collection[str], what: str) -> None:
    """Raise `UsageError` for a thing that a kind of table does not have."""
    for ours in (one for one in given if one not in names):
        said, there = f"--columns {ours}={given[ours]}", ", ".join(names)
        raise UsageError(f"{said}: {what} has no such thing; there are {there}")
    for ours, name in given.items():
        if ours in TOKENS and (unit := IN_UNITS.search(name)):
            raise UsageError(
                f"--columns {ours}={name}: that counts {unit[0].strip('( ')} by its name: "
                "a column of single tokens is needed"
            )


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


FORMAT = Format(
    name="table",
    title="A table of requests: CSV, Parquet or JSON lines",
    exported="from any log of your own; --columns input=NAME,output=NAME names other columns",
    grain="requests",
    looks=looks,
    row=row,
)


# Whether the input of a table has in it what was read from a cache and written to one. It mostly
# has. Claude's own API and Bedrock's leave it out, and what logs their usage as it came has their
# names; of other names a total decides. What is not all input is told, and how to say otherwise.

CLAUDE = r"claude|nova-(micro|lite|pro|premier)"
"""Models whose own APIs tell input without what was cached."""
ALL = "."
NATIVE = ("cachereadinputtokens", "cachecreationinputtokens", "cachewriteinputtokens")
"""What those call it, beside `input_tokens` or `inputTokens`."""
VERCEL = ("inputTokens", "cachedInputTokens")
"""Names of version 5 of Vercel's AI SDK, which passes on what an API says; version 6 adds up."""
CACHED = ("read", "written", "write_5m", "write_1h")


def left_out_of(
    at: Mapping[str, str], given: Mapping[str, str], values: Iterable[Mapping[str, Any]] = ()
) -> str:
    """Return a pattern of the models whose input leaves out what was cached; empty for none.

    Args:
        at: Which field is which.
        given: What the user said: where they name the input, it is all of it.
        values: First records, by whose totals it is told of names that are anybody's.
    """
    cached = [at[name] for name in CACHED if name in at]
    if "input" not in at or "input" in given or not cached:
        return ""
    if natives(cached, at["input"]):
        return CLAUDE
    return ALL if _total_tells(at, values) else ""


def natives(names: Iterable[str], taken: str) -> list[str]:
    """Return those names of cached tokens that stand beside input without them, if it is so called.

    Args:
        names: Of fields.
        taken: The name of the input.
    """
    bare = taken.rpartition(".")[2]
    if folded(bare) != "inputtokens":
        return []
    tails = {name: name.rpartition(".")[2] for name in names}
    vercel = VERCEL[1] if bare == VERCEL[0] else None
    return [name for name, tail in tails.items() if folded(tail) in NATIVE or tail == vercel]


def _total_tells(at: Mapping[str, str], values: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether most totals of rows with cached tokens are those of input and cached apart."""
    fits = [0, 0]
    for record in map(paths_of, map(dict, values)):
        field = found_columns([*record], TOTAL).get("total", "")
        with suppress(Wrong):
            said, made, total = (
                count(record.get(name)) for name in (at["input"], at.get("output", ""), field)
            )
            read, written, *parts = (count(record.get(at.get(name, ""))) for name in CACHED)
            cached = read + max(written, sum(parts))
            if cached and total:
                fits[0] += total == said + made
                fits[1] += total == said + cached + made
    return fits[1] > fits[0]


def says(at: Mapping[str, str], pattern: str, rows: int = 0) -> str:
    """Return what to tell of a table whose input is not all input, or is not in some rows."""
    field = printable(at["input"], 60)
    if rows:
        return (
            "the input leaves out what was read from a cache and written to one where names or "
            f"totals of later rows say so (rows: {rows:,}): --columns input={field} says that it "
            "has it"
        )
    of = "of Claude's, by the names of its columns" if pattern == CLAUDE else "by its totals"
    return (
        f"{field} leaves out what was read from a cache and written to one, {of}: "
        f"--columns input={field} says that it has it"
    )


def advice(at: Mapping[str, str]) -> str:
    """Return what to do where more was cached than the input had."""
    field = printable(at.get("input", at.get("fresh", "")), 60)
    return f"if {field} leaves out what was cached, --columns fresh={field} says so"


def is_apart(pattern: str, model: str) -> bool:
    """Return whether the input of a model leaves out what was cached."""
    return bool(pattern) and re.search(pattern, model.lower()) is not None
