"""Langfuse's observations: `usageDetails`, a map of kinds of use that should not overlap."""

from __future__ import annotations

from typing import Any

from tco.usage.formats import Context, Format, mapping
from tco.usage.rows import UsageRow, Wrong, count, moment, nano, text
from tco.usage.sources import Sample

CALLS = ("GENERATION", "EMBEDDING")
READ = ("input_cached_tokens", "input_cache_read", "cache_read_input_tokens")
WRITTEN = ("input_cache_creation", "cache_creation_input_tokens")
THOUGHT = ("output_reasoning_tokens", "output_reasoning")


def looks(sample: Sample) -> bool:
    """Return whether some records are observations."""
    return any("usageDetails" in v and "type" in v for v in sample.values())


def _one(usage: dict[str, Any], names: tuple[str, ...]) -> int:
    """Return the first of some counts that is there."""
    return next((count(usage[name]) for name in names if usage.get(name) is not None), 0)


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a generation; with `total` it is told what its input contains."""
    seen = mapping(value)
    if seen.get("type") not in CALLS:
        raise Wrong("not_a_call")
    usage = mapping(seen.get("usageDetails"))
    if not usage:
        raise Wrong("failed" if seen.get("level") == "ERROR" else "no_output")
    said, answer = count(usage.get("input")), count(usage.get("output"))
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
    return UsageRow(
        model=text(seen.get("model") or seen.get("providedModelName")),
        input=taken,
        output=made,
        read=read,
        write_5m=short,
        write_1h=long,
        write_unknown=unknown,
        reasoning=thought,
        start=moment(seen.get("startTime")),
        end=moment(seen.get("endTime")),
        project=text(seen.get("projectId")),
        session=text(seen.get("traceId")),
        id=text(seen.get("id")),
        status=200,
        usd_nano=nano(mapping(seen.get("costDetails")).get("total")),
    )


FORMAT = Format(
    name="langfuse",
    title="Langfuse observations",
    exported="GET /api/public/observations?type=GENERATION, or a blob storage export",
    grain="requests",
    looks=looks,
    row=row,
)
