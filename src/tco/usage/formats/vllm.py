"""Prometheus counters of vLLM and SGLang: what they grew by from one scrape to the next."""

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
BEGAN = ("process_start_time_seconds", "vllm:prompt_tokens_created")
"""When a process began: scrapes that agree on one are of the same."""
STAMP = re.compile(r"(20\d\d)-?(\d\d)-?(\d\d)[T_-]?(\d\d)(?:[:h-]?(\d\d)(?:[:m-]?(\d\d))?)?")
NUMBER = re.compile(r"(?<=\0)[_.-]\d+(?=\.\w+$|$)")
"""What counts the scrapes of one time in names of files, behind it."""
OWN = {
    *("__name__", "model_name", "engine", "finished_reason", "source"),
    *("engine_type", "tp_rank", "pp_rank", "dp_rank", "moe_ep_rank"),
    *("cache_source", "is_embedding"),
}
"""Labels by the servers; what others say tells where a server was scraped."""

UNTIMED = (
    "scrapes tell no times: files are taken for scrapes of one server, one after the other; of "
    "several servers, have a time and the server in their names (a_2026-11-20T10.prom)"
)
PREFIX = ("vllm:", "sglang:")
SGLANG = {
    "sglang:prompt_tokens_total": INPUT,
    "sglang:generation_tokens_total": OUTPUT,
    "sglang:cached_tokens_total": READ,
    "sglang:num_requests_total": REQUESTS,
}
"""What SGLang calls the same counters."""

Scrape = dict[str, Any]
"""When (`at`, None where nothing tells), what each counter showed (`counters`), and when its
processes began (`began`)."""


def looks(sample: Sample) -> bool:
    """Return whether some samples are of vLLM, or series of them that Prometheus was asked for."""
    series = (mapping(one.get("metric")) for v in sample.values() for one in _series(v))
    names = [*(v.get("name", "") for v in sample.values()), *(m.get(NAME, "") for m in series)]
    return any(str(name).startswith(PREFIX) for name in names)


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
    name = SGLANG.get(str(sample.get("name")), sample.get("name"))
    labels = mapping(sample.get("labels"))
    computed = name == SOURCES and labels.get("source") == "local_compute"
    if name not in (*COUNTERS, *BEGAN) or computed:
        return None
    try:
        value = float(sample.get("value", ""))
        amount = value if name in BEGAN else count(value)
    except (TypeError, ValueError):
        raise Wrong("not_a_number") from None
    key = (labels.get("model_name", ""), tuple(sorted(labels.items())), name)
    at = None if sample.get("at") is None else int(sample["at"]) / MS
    scrapes: dict[Any, Scrape] = ctx.kept.setdefault(ctx.shown, {})
    which = at if sample.get("timed") else max(len(scrapes) - 1, 0)
    kind = "began" if name in BEGAN else "counters"
    if not sample.get("timed") and key in scrapes.get(which, {}).get(kind, {}):
        which = len(scrapes)  # a counter that comes again is one of another scrape
    scrape = scrapes.setdefault(which, {"at": None, "counters": {}, "began": {}})
    scrape["at"] = at if at is not None else scrape["at"]
    scrape[kind][key] = amount
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
    for scrapes in _servers(ctx):
        if len(scrapes) == 1:
            ctx.tally.note("one scrape: its counters are what was served since the server began")
            scrapes.insert(0, {"at": None, "counters": {}, "began": {}})
        shown: dict[Any, int] = dict(scrapes[0]["counters"])
        for before, after in pairwise(scrapes):
            yield from _between(before, after, shown, ctx)
            shown |= after["counters"]


def _servers(ctx: Context) -> list[list[Scrape]]:
    """Return the scrapes of each server.

    Scrapes of processes that began at the same time are of one server. Without that, files whose
    names differ by more than a time are of other servers if their times overlap, and of one that
    follow one another, as logs that were turned do. Without times all are of one, but for what was
    scraped elsewhere or began at another time.
    """
    by: dict[str, dict[str, list[Scrape]]] = {}
    for shown, scrapes in ctx.kept.items():
        scrapes = {n: s for n, s in scrapes.items() if s["counters"]}
        if len(scrapes) == 1:
            scrapes = {n: {**s, "at": s["at"] or _time(shown)} for n, s in scrapes.items()}
        named = STAMP.sub("\0", shown)
        by.setdefault(NUMBER.sub("", named), {}).setdefault(named, []).extend(scrapes.values())
    runs = [run for some in by.values() for run in _numbered(some, ctx) if run]
    timed = all(scrape["at"] is not None for run in runs for scrape in run)
    if timed:
        runs = sorted((sorted(run, key=_at) for run in runs), key=lambda run: _at(run[0]))
    servers: list[list[Scrape]] = []
    for run in runs:
        last = next((one for one in servers if _goes_on(one, run, timed, ctx)), None)
        if last is None:
            servers.append(run)
        else:
            last += run
    return [sorted(one, key=_at) if timed else one for one in servers]


def _numbered(files: dict[str, list[Scrape]], ctx: Context) -> list[list[Scrape]]:
    """Return files of one time that only a number tells apart: one server, if its counters grow."""
    joined = [scrape for some in files.values() for scrape in some]
    if len(files) < 2 or any(scrape["at"] is None for scrape in joined):
        return [*files.values()]
    joined.sort(key=_at)
    if not all(_grows(a, b) for a, b in pairwise(joined)):
        return [*files.values()]
    if len({_at(scrape) for scrape in joined}) < len(joined):
        ctx.tally.note(
            "files of one time that are numbered are taken for scrapes of one server: their "
            "counters only grow"
        )
    return [joined]


def _grows(before: Scrape, after: Scrape) -> bool:
    """Return whether no counter of a scrape is below what it was in another."""
    then, now = before["counters"], after["counters"]
    return bool(then) and then.keys() <= now.keys() and all(now[key] >= then[key] for key in then)


def _goes_on(one: list[Scrape], run: list[Scrape], timed: bool, ctx: Context) -> bool:
    """Return whether scrapes are later ones of a server."""
    began, begun = ({t for scrape in some for t in scrape["began"].values()} for some in (one, run))
    if began & begun:
        return True
    where, there = (
        {pair for s in some for key in s["counters"] for pair in key[1] if pair[0] not in OWN}
        for some in (one, run)
    )
    if where and there and where != there:
        return False
    if began and begun:
        again = timed and _at(one[-1]) <= min(begun)
        if not again:
            ctx.tally.note("scrapes of processes that began at other times: taken for servers each")
        return again
    if not timed:
        ctx.tally.note(UNTIMED)
    return not timed or _at(one[-1]) < _at(run[0]) or one[-1] == run[0]


def _at(scrape: Scrape) -> float:
    return float(scrape["at"])


def _between(
    before: Scrape, after: Scrape, shown: dict[Any, int], ctx: Context
) -> Iterator[UsageRow]:
    """Return what counters grew by; one that fell began again at 0: what it shows it grew by.

    So it does in a process that began after the one before.
    """
    grown: dict[str, dict[str, int]] = {}
    processes = [{*scrape["began"].values()} for scrape in (before, after)]
    again = all(processes) and processes[0].isdisjoint(processes[1])
    for key, now in after["counters"].items():
        then = shown.get(key, 0)
        if now < then or again:
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
    title="Prometheus counters of vLLM and SGLang",
    exported="curl -s http://SERVER:8000/metrics > metrics_2026-11-20T10.prom, every hour; or "
    "what Prometheus answers on /api/v1/query_range for the same counters",
    grain="counters",
    looks=looks,
    row=row,
    parts=parts,
    done=done,
    knows="only what came between two scrapes; the time is taken from the file's name",
)
