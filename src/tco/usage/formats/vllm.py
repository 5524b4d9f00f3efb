"""vLLM's Prometheus counters: what they grew by from one scrape to the next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from tco.usage.formats import Context, Format, mapping
from tco.usage.rows import UsageRow, Wrong, count
from tco.usage.sources import Sample

INPUT, OUTPUT = "vllm:prompt_tokens_total", "vllm:generation_tokens_total"
READ, REQUESTS = "vllm:prompt_tokens_cached_total", "vllm:request_success_total"
OLD_READ = "vllm:prefix_cache_hits_total"
SOURCES = "vllm:prompt_tokens_by_source_total"
COUNTERS = (INPUT, OUTPUT, READ, OLD_READ, SOURCES, REQUESTS)
STAMP = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)[T_-]?(\d\d)[:h-]?(\d\d)?")


def looks(sample: Sample) -> bool:
    """Return whether some samples are of vLLM."""
    return any(str(v.get("name", "")).startswith("vllm:") for v in sample.values())


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Keep a counter of a scrape; each engine of a server counts by itself."""
    sample = mapping(value)
    name = sample.get("name")
    labels = mapping(sample.get("labels"))
    if name not in COUNTERS or (name == SOURCES and labels.get("source") == "local_compute"):
        return None
    try:
        amount = count(float(sample.get("value", "")))
    except ValueError:
        raise Wrong("not_a_number") from None
    key = (labels.get("model_name", ""), tuple(sorted(labels.items())), name)
    scrape = ctx.kept.setdefault(ctx.shown, {"at": _time(ctx.shown), "counters": {}})
    if sample.get("at"):
        scrape["at"] = int(sample["at"]) / 1000.0
    if key in scrape["counters"]:
        ctx.tally.leave("several_scrapes_in_one_file", ctx.place)
        return None
    scrape["counters"][key] = amount
    return None


def _time(path: str) -> float | None:
    """Return the time in a file's name, if it has one."""
    found = STAMP.search(path)
    if found is None:
        return None
    try:
        return datetime(*(int(part or 0) for part in found.groups()), tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def done(ctx: Context) -> Iterator[UsageRow]:
    """Return what the counters grew by between scrapes, in the order of time or of names.

    A counter that fell began again at 0: what it shows is what it grew by.
    """
    scrapes = list(ctx.kept.values())
    if all(s["at"] is not None for s in scrapes):
        scrapes.sort(key=lambda s: s["at"])
    if len(scrapes) == 1:
        ctx.tally.note("one scrape: its counters are what was served since the server began")
        scrapes.insert(0, {"at": None, "counters": {}})
    for before, after in pairwise(scrapes):
        yield from _between(before, after, ctx)


def _between(before: Any, after: Any, ctx: Context) -> Iterator[UsageRow]:
    grown: dict[str, dict[str, int]] = {}
    for key, now in after["counters"].items():
        then = before["counters"].get(key, 0)
        if now < then:
            ctx.tally.part("a server began again: what it served before that is not known")
            then = 0
        of = grown.setdefault(key[0], {})
        of[key[2]] = of.get(key[2], 0) + now - then
    for model, sums in grown.items():
        start, end = before["at"], after["at"]
        yield UsageRow(
            model=model,
            input=sums.get(INPUT, 0),
            output=sums.get(OUTPUT, 0),
            read=next((sums[name] for name in (READ, SOURCES, OLD_READ) if name in sums), None),
            start=start,
            end=end,
            bucket_s=int(end - start) if start is not None and end is not None else 0,
            requests=sums.get(REQUESTS),
            provider="self",
        )


FORMAT = Format(
    name="vllm",
    title="vLLM's Prometheus counters",
    exported="curl -s http://SERVER:8000/metrics > metrics_2026-11-20T10.prom, every hour",
    grain="counters",
    looks=looks,
    row=row,
    done=done,
    knows="only what came between two scrapes; the time is taken from the file's name",
)
