"""Azure Monitor's metrics of Azure OpenAI deployments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tco.usage.formats import Context, Format, mapping, sequence
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import RawRecord, Sample

INPUT, OUTPUT = "ProcessedPromptTokens", "GeneratedTokens"
REQUESTS, RATE = "AzureOpenAIRequests", "AzureOpenAIContextTokensCacheMatchRate"
FOUNDRY = {INPUT: "InputTokens", OUTPUT: "OutputTokens", REQUESTS: "ModelRequests"}
"""What Foundry calls the same counts: where both are there, one is taken."""
UNTOLD = "(not split by model)"
COUNTED = (REQUESTS, FOUNDRY[REQUESTS])
STEP = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


def _step_s(interval: Any) -> float:
    """Return the length of an interval such as `PT1H`; an hour of none [s]."""
    found = STEP.fullmatch(str(interval))
    days, hours, minutes = (int(n or 0) for n in found.groups()) if found else (0, 0, 0)
    return days * 86_400.0 + hours * 3600.0 + minutes * 60.0 or 3600.0


def _metric(series: Any) -> str:
    return str(mapping(mapping(series).get("name")).get("value", ""))


def looks(sample: Sample) -> bool:
    """Return whether a document has metrics of Azure OpenAI."""
    return any(
        _metric(m) in {*FOUNDRY, *FOUNDRY.values()}
        for v in sample.values()
        for m in sequence(v.get("value"))
    )


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return the hours of each deployment, with the counts of all metrics of that hour."""
    page = mapping(record.value)
    step = _step_s(page.get("interval"))
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    rates: dict[Any, Any] = {}
    for metric, labels, point in _points(page, ctx):
        stamp = text(point.get("timeStamp"))
        key = (labels.get("modelname", ""), labels.get("modeldeploymentname", ""), stamp)
        if metric == RATE:
            if point.get("average") is not None:
                rates[key] = point["average"]
            continue
        value = point.get("total")
        if value is not None:
            ctx.kept.setdefault("metrics", set()).add(metric)
            found.setdefault(key, {}).setdefault(metric, []).append(value)
        else:
            start = moment(stamp)
            if start is not None:
                ctx.tally.cover(start, start + step)
    for (model, deployment, stamp), values in found.items():
        keys = ((model, deployment, stamp), (model, "", stamp), ("", "", stamp))
        rate = next((rates[key] for key in keys if key in rates), None)
        yield model, deployment, stamp, step, values, rate


def _points(
    page: dict[str, Any], ctx: Context
) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """Return every point of every series, with its metric and its dimensions."""
    for series in sequence(page.get("value")):
        for part in map(mapping, sequence(mapping(series).get("timeseries"))):
            pairs = map(mapping, sequence(part.get("metadatavalues")))
            labels = {
                str(mapping(p.get("name")).get("value", "")).lower(): text(p.get("value"))
                for p in pairs
            }
            status = labels.get("statuscode") or labels.get("resultcode") or ""
            refused = _metric(series) in COUNTED and status[:1] in ("4", "5")
            for point in map(mapping, sequence(part.get("data"))):
                if not refused:
                    yield _metric(series), labels, point
                elif failed := count(point.get("total")):
                    ctx.tally.leave("failed", ctx.place, failed)


def _sum(values: dict[str, Any], metric: str) -> int | None:
    """Return a count that may be split by more than is asked for, such as regions."""
    some = values.get(metric, values.get(FOUNDRY[metric]))
    return None if some is None else sum(map(count, some))


def done(ctx: Context) -> Iterator[UsageRow]:
    """Say which counts no file has."""
    seen = ctx.kept.get("metrics", set())
    for metric in (INPUT, OUTPUT):
        if not seen & {metric, FOUNDRY[metric]}:
            ctx.tally.part(f"no file has the metric {metric}: those tokens are not counted")
    return iter(())


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of an hour; how much of its input was cached is told as a rate only."""
    model, deployment, stamp, step, values, rate = value
    taken = _sum(values, INPUT) or 0
    share = 0.0
    if rate is not None:
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise Wrong("not_a_number")
        share = float(rate) / 100.0
        if not 0.0 <= share <= 1.0:
            raise Wrong("out_of_range")
    if not model:
        ctx.tally.note("metrics are not split by ModelName: the model is not known", UNTOLD)
    start = moment(stamp)
    return UsageRow(
        model=model or UNTOLD,
        input=taken,
        output=_sum(values, OUTPUT) or 0,
        read=None,
        start=start,
        end=None if start is None else start + step,
        bucket_s=int(step),
        requests=_sum(values, REQUESTS),
        provider="azure",
        project=deployment,
        read_estimate=round(taken * share),
    )


FORMAT = Format(
    name="azure-monitor",
    title="Azure Monitor metrics of Azure OpenAI",
    exported="az monitor metrics list --metric ProcessedPromptTokens GeneratedTokens "
    "AzureOpenAIRequests AzureOpenAIContextTokensCacheMatchRate --interval PT1H "
    "--dimension ModelName ModelDeploymentName",
    grain="buckets",
    looks=looks,
    row=row,
    parts=parts,
    done=done,
    knows="cached tokens are told as a rate only, and no lengths of requests; "
    "failed requests are among the others unless split by StatusCode",
)
