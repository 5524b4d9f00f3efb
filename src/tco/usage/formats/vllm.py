"""vLLM's Prometheus counters: what they grew by from one scrape to the next."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from tco.usage.formats import Context, Format, mapping, sequence
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import RawRecord, Sample

INPUT, OUTPUT = "vllm:prompt_tokens_total", "vllm:generation_tokens_total"
READ, REQUESTS = "vllm:prompt_tokens_cached_total", "vllm:request_success_total"
OLD_READ = "vllm:prefix_cache_hits_total"
SOURCES = "vllm:prompt_tokens_by_source_total"
COUNTERS = (INPUT, OUTPUT, READ, OLD_READ, SOURCES, REQUESTS)
STAMP = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)[T_-]?(\d\d)(?:[:h-]?(\d\d)(?:[:m-]?(\d\d))?)?")


Scrape = dict[str, Any]
"""When (`at`, None where nothing tells), and what each counter showed (`counters`)."""


def looks(sample: Sample) -> bool:
    """Return whether some samples are of vLLM, or series of them that Prometheus was asked for."""
    series = (mapping(one.get("metric")) for v in sample.values() for one in _series(v))
    names = [*(v.get("name", "") for v in sample.values()), *(m.get(NAME, "") for m in series)]
    return any(str(name).startswith("vllm:") for name in names)


NAME = "__name__"


def _series(value: Any) -> list[dict[str, Any]]:
    """Return the series of an answer of Prometheus' API."""
    return [*map(mapping, sequence(mapping(mapping(value).get("data")).get("result")))]


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return a sample, or those of an answer of Prometheus' API: what each series was at a time."""
    if record.value is not None and "data" not in mapping(record.value):
        yield record.value
    for one in _series(record.value):
        labels = {k: text(v) for k, v in mapping(one.get("metric")).items()}
        for point in sequence(one.get("values") or [one.get("value")]):
            if not isinstance(point, list) or len(point) != 2:
                ctx.tally.leave("not_a_number", ctx.place)
                continue
            of = {"name": labels.get(NAME), "labels": labels, "value": point[1]}
            yield {**of, "at": round((moment(point[0]) or 0.0) * MS), "timed": True}


MS = 1_000.0


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Keep a counter of a scrape; each engine of a server counts by itself."""
    sample = mapping(value)
    name = sample.get("name")
    labels = mapping(sample.get("labels"))
    if name not in COUNTERS or (name == SOURCES and labels.get("source") == "local_compute"):
        return None
    try:
        amount = count(float(sample.get("value", "")))
    except (TypeError, ValueError):
        raise Wrong("not_a_number") from None
    key = (labels.get("model_name", ""), tuple(sorted(labels.items())), name)
    at = None if sample.get("at") is None else int(sample["at"]) / MS
    scrapes: dict[Any, Scrape] = ctx.kept.setdefault(ctx.shown, {})
    which = at if sample.get("timed") else max(len(scrapes) - 1, 0)
    if not sample.get("timed") and key in scrapes.get(which, {}).get("counters", {}):
        which = len(scrapes)  # a counter that comes again is one of another scrape
    scrape = scrapes.setdefault(which, {"at": None, "counters": {}})
    scrape["at"] = at if at is not None else scrape["at"]
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
    """Return what the counters of each server grew by between scrapes, in the order of time."""
    every = (scrape["counters"] for some in ctx.kept.values() for scrape in some.values())
    seen = {key[2] for counters in every for key in counters}
    for metric in {INPUT, OUTPUT} - seen if seen else ():
        ctx.tally.part(f"no file has the metric {metric}: those tokens are not counted")
    for scrapes in _servers(ctx.kept):
        if len(scrapes) == 1:
            ctx.tally.note("one scrape: its counters are what was served since the server began")
            scrapes.insert(0, {"at": None, "counters": {}})
        shown: dict[Any, int] = dict(scrapes[0]["counters"])
        for before, after in pairwise(scrapes):
            yield from _between(before, after, shown, ctx)
            shown |= after["counters"]


def _servers(files: dict[str, dict[Any, Scrape]]) -> list[list[Scrape]]:
    """Return the scrapes of each server.

    Files whose names differ by more than a time are of other servers if their times overlap, and
    of one that follow one another, as logs that were turned do. Without times all are of one.
    """
    by: dict[str, list[Scrape]] = {}
    for shown, scrapes in files.items():
        if len(scrapes) == 1:
            scrapes = {n: {**s, "at": s["at"] or _time(shown)} for n, s in scrapes.items()}
        by.setdefault(STAMP.sub("", shown), []).extend(scrapes.values())
    if any(scrape["at"] is None for some in by.values() for scrape in some):
        return [[scrape for some in by.values() for scrape in some]]
    servers: list[list[Scrape]] = []
    for some in sorted((sorted(s, key=_at) for s in by.values()), key=lambda s: _at(s[0])):
        last = next((one for one in servers if _at(one[-1]) < _at(some[0])), None)
        if last is None:
            servers.append(some)
        else:
            last += some
    return servers


def _at(scrape: Scrape) -> float:
    return float(scrape["at"])


def _between(
    before: Scrape, after: Scrape, shown: dict[Any, int], ctx: Context
) -> Iterator[UsageRow]:
    """Return what counters grew by; one that fell began again at 0: what it shows it grew by."""
    grown: dict[str, dict[str, int]] = {}
    for key, now in after["counters"].items():
        then = shown.get(key, 0)
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
    exported="curl -s http://SERVER:8000/metrics > metrics_2026-11-20T10.prom, every hour; or "
    "what Prometheus answers on /api/v1/query_range for the same counters",
    grain="counters",
    looks=looks,
    row=row,
    parts=parts,
    done=done,
    knows="only what came between two scrapes; the time is taken from the file's name",
)
