"""A table of requests: CSV, Parquet or JSON lines, with a column for each thing that is known.

Read by DuckDB alone (`tco.usage.requests_table`): this module knows the names of columns, and that
a file is such a table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tco.errors import UsageError
from tco.usage.formats import Context, Format, mapping
from tco.usage.rows import UsageRow, Wrong
from tco.usage.sources import Sample

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("request_id", "id", "requestId", "call_id"),
    "start": ("start", "start_time", "startTime", "timestamp", "time", "created_at", "ts"),
    "end": ("end", "end_time", "endTime", "finished_at"),
    "model": ("model", "model_name", "model_id"),
    "input": (
        *("input_tokens", "prompt_tokens", "input", "tokens_in", "tokens_input", "tokens_prompt"),
        *("usage.prompt_tokens", "usage.input_tokens"),
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
    ),
    "written": (
        *("cache_write_tokens", "cache_creation_tokens", "cache_write", "cache_writes"),
        *("cache_creation_input_tokens", "cache_write_input_tokens", "input_cache_write"),
        *("input_cache_write_tokens", "input_cache_creation", "prompt_cache_write_tokens"),
        "usage.prompt_tokens_details.cache_write_tokens",
    ),
    "output": (
        *("output_tokens", "completion_tokens", "output", "tokens_out", "tokens_output"),
        "tokens_completion",
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
}
"""What each thing may be called, best first; a dot goes into a JSON object. Capitals, blanks and
what stands between words tell no names apart: `Input Tokens` and `inputTokens` are `input_tokens`.
"""
PARTS = ("read", "written", "reasoning")
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


def paths_of(value: dict[str, Any]) -> set[str]:
    """Return the names of all fields of a record, `outer.inner` for those inside."""
    found: set[str] = set()
    for key, inner in value.items():
        found.add(key)
        if isinstance(inner, dict):
            found |= {f"{key}.{path}" for path in paths_of(inner)}
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


def looks(sample: Sample) -> bool:
    """Return whether records have a time, a model, input and output, and no gateway's fields."""
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
