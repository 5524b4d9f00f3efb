"""Langfuse's observations: `usageDetails`, a map of kinds of use that should not overlap.

And LangSmith's runs, whose prompt contains what was cached.
"""

from __future__ import annotations

import re
from typing import Any

from tco.usage.formats import Context, Format, both, charge, mapping, spelled
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import Sample, opened_json

CALLS = ("GENERATION", "EMBEDDING")
READ = ("input_cached_tokens", "input_cache_read", "cache_read_input_tokens")
WRITTEN = ("input_cache_creation", "cache_creation_input_tokens")
THOUGHT = ("output_reasoning_tokens", "output_reasoning")
KEY = "usageDetails"
KNOWN = re.compile(r"input|output|total|.*(cache|reasoning).*")
"""Keys that are read; others of input and output, such as those of audio, are parts beside them."""


def looks(sample: Sample) -> bool:
    """Return whether some records are observations."""
    return any(
        "type" in v
        and (
            spelled(v, KEY) is not None or (v["type"] in CALLS and "traceId" in v and "usage" in v)
        )
        for v in sample.values()
    )


def _one(usage: dict[str, Any], names: tuple[str, ...]) -> int:
    """Return the first of some counts that is there."""
    return next((count(usage[name]) for name in names if usage.get(name) is not None), 0)


def _others(usage: dict[str, Any], way: str) -> int:
    """Return the tokens of kinds that no other count has, where the total has them all."""
    others: int = sum(
        count(usage[name]) for name in usage if name.startswith(way) and not KNOWN.fullmatch(name)
    )
    whole = sum(count(usage[name]) for name in usage if name != "total")
    return others if usage.get("total") in (None, whole) else 0


def _usage(seen: dict[str, Any]) -> dict[str, Any]:
    """Return the map of kinds of use of a call.

    Raises:
        Wrong: It says nothing of input, or nothing of the output of a generation.
    """
    told = opened_json(spelled(seen, KEY))
    usage = mapping(told)
    if told is None:  # before version 3
        usage = {way: mapping(seen.get("usage")).get(way) for way in ("input", "output", "total")}
    told = [name for name, value in usage.items() if value is not None]
    has = {way for way in ("input", "output") if any(name.startswith(way) for name in told)}
    if not has and seen.get("level") == "ERROR":
        raise Wrong("failed")
    if not has or (usage.get("total") is None and len(has) < 2 and seen["type"] != CALLS[1]):
        raise Wrong("no_output")
    return usage


def _tokens(usage: dict[str, Any], ctx: Context) -> dict[str, Any]:
    """Return the counts of a call; with `total` it is told what its input contains."""
    said, answer = (count(usage.get(way)) + _others(usage, way) for way in ("input", "output"))
    read, thought = _one(usage, READ), _one(usage, THOUGHT)
    short, long = (count(usage.get(f"input_cache_creation_{ttl}")) for ttl in ("5m", "1h"))
    unknown = max(_one(usage, WRITTEN) - short - long, 0)
    cached = read + short + long + unknown
    total = count(usage.get("total"), missing=None)
    taken, made = said + cached, answer + thought
    if total is not None and cached + thought and total != taken + made:
        inclusive_in = total in (said + answer, said + made)
        inclusive_out = total in (said + answer, taken + answer)
        if inclusive_in or inclusive_out:
            taken, made = (said if inclusive_in else taken), (answer if inclusive_out else made)
            ctx.tally.doubt("counted_twice", ctx.place)
            ctx.tally.note("some counts contain the cached part or reasoning: told by their total")
        else:
            ctx.tally.doubt("total_contradicts_parts", ctx.place)
    if any("audio" in name for name in usage):
        ctx.tally.doubt("audio_tokens_priced_as_text", ctx.place)
    return {
        "input": taken,
        "output": made,
        "read": read,
        "write_5m": short,
        "write_1h": long,
        "write_unknown": unknown,
        "reasoning": thought,
    }


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a generation."""
    seen = mapping(value)
    if seen.get("type") not in CALLS:
        raise Wrong("not_a_call")
    told = (
        mapping(opened_json(spelled(seen, "costDetails"))).get("total"),
        *(seen.get(name) for name in ("calculatedTotalCost", "totalCost")),  # version 2
    )
    return UsageRow(
        model=text(seen.get("model") or spelled(seen, "providedModelName")),
        start=moment(spelled(seen, "startTime")),
        end=moment(spelled(seen, "endTime")),
        project=text(spelled(seen, "projectId")),
        session=text(spelled(seen, "traceId")),
        id=text(seen.get("id")),
        status=200,
        usd_nano=charge(next((usd for usd in told if usd is not None), None), ctx),
        **_tokens(_usage(seen), ctx),
    )


FORMAT = Format(
    name="langfuse",
    title="Langfuse observations",
    exported="GET /api/public/observations?type=GENERATION, or a blob storage export",
    grain="requests",
    looks=looks,
    row=row,
)


RUN = ("run_type", "prompt_tokens", "completion_tokens")


def looks_run(sample: Sample) -> bool:
    """Return whether some records are runs of LangSmith."""
    return sample.some(*RUN) is not None


def row_run(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a run that is a call; chains repeat the sums of what is in them."""
    run = mapping(value)
    if run.get("run_type") != "llm":
        raise Wrong("not_a_call")
    counts = (run.get(f"{name}_tokens") for name in ("prompt", "completion", "total"))
    taken, made, total = (count(one, missing=None) for one in counts)
    if not taken and not made and (run.get("error") or run.get("status") == "error"):
        raise Wrong("failed")
    taken, made = both(taken, made, total)
    more, out = (
        mapping(opened_json(run.get(f"{name}_token_details"))) for name in ("prompt", "completion")
    )
    extra = mapping(opened_json(run.get("extra")))
    of, asked = mapping(extra.get("metadata")), mapping(extra.get("invocation_params"))
    short, long = (count(more.get(f"ephemeral_{ttl}_input_tokens")) for ttl in ("5m", "1h"))
    return UsageRow(
        model=text(of.get("ls_model_name") or asked.get("model") or asked.get("model_name")),
        input=taken,
        output=made,
        read=count(more.get("cache_read"), missing=0 if more else None),
        write_5m=short,
        write_1h=long,
        write_unknown=max(count(more.get("cache_creation")) - short - long, 0),
        reasoning=count(out.get("reasoning"), missing=None),
        start=moment(run.get("start_time"), ctx.zone),
        end=moment(run.get("end_time"), ctx.zone),
        provider=text(of.get("ls_provider")).lower(),
        project=text(run.get("session_name") or run.get("project_name")),
        session=text(run.get("trace_id")),
        id=text(run.get("id")),
        status=200,
        usd_nano=charge(run.get("total_cost"), ctx),
    )


RUNS = Format(
    name="langsmith",
    title="LangSmith runs",
    exported="client.list_runs(project_name=..., run_type='llm'), one as JSON a line; bulk export",
    grain="requests",
    looks=looks_run,
    row=row_run,
    knows="what was cached is told where the library told it (prompt_token_details)",
)
