"""Azure Monitor's metrics of Azure OpenAI deployments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from tco.usage.formats import Context, Format, mapping, sequence
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import RawRecord, Sample

INPUT, OUTPUT = "ProcessedPromptTokens", "GeneratedTokens"
REQUESTS, RATE = "AzureOpenAIRequests", "AzureOpenAIContextTokensCacheMatchRate"
STEPS = {
    "PT1M": timedelta(minutes=1),
    "PT5M": timedelta(minutes=5),
    "PT15M": timedelta(minutes=15),
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "PT6H": timedelta(hours=6),
    "PT12H": timedelta(hours=12),
    "P1D": timedelta(days=1),
}


def _metric(series: Any) -> str:
    return str(mapping(mapping(series).get("name")).get("value", ""))


def looks(sample: Sample) -> bool:
    """Return whether a document has metrics of Azure OpenAI."""
    return any(
        _metric(m) in (INPUT, OUTPUT, REQUESTS)
        for v in sample.values()
        for m in sequence(v.get("value"))
    )


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return the hours of each deployment, with the counts of all metrics of that hour."""
    page = mapping(record.value)
    step = STEPS.get(str(page.get("interval")), timedelta(hours=1)).total_seconds()
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    rates: dict[Any, Any] = {}
    for metric, labels, point in _points(page):
        stamp = text(point.get("timeStamp"))
        if metric == RATE:
            if point.get("average") is not None:
                rates[(labels.get("modelname", ""), stamp)] = point["average"]
            continue
        value = point.get("total")
        if value is not None:
            key = (labels.get("modelname", ""), labels.get("modeldeploymentname", ""), stamp)
            found.setdefault(key, {})[metric] = value
        else:
            start = moment(stamp)
            if start is not None:
                ctx.tally.cover(start, start + step)
    for (model, deployment, stamp), values in found.items():
        rate = rates.get((model, stamp), rates.get(("", stamp)))
        yield model, deployment, stamp, step, values, rate


def _points(page: dict[str, Any]) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """Return every point of every series, with its metric and its dimensions."""
    for series in sequence(page.get("value")):
        for part in map(mapping, sequence(mapping(series).get("timeseries"))):
            pairs = map(mapping, sequence(part.get("metadatavalues")))
            labels = {
                str(mapping(p.get("name")).get("value", "")).lower(): text(p.get("value"))
                for p in pairs
            }
            for point in map(mapping, sequence(part.get("data"))):
                yield _metric(series), labels, point


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of an hour; how much of its input was cached is told as a rate only."""
    model, deployment, stamp, step, values, rate = value
    taken = count(values.get(INPUT))
    share = 0.0
    if rate is not None:
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise Wrong("not_a_number")
        share = float(rate) / 100.0
        if not 0.0 <= share <= 1.0:
            raise Wrong("out_of_range")
    if not model:
        ctx.tally.note("metrics are not split by ModelName: the model is not known")
    start = moment(stamp)
    return UsageRow(
        model=model or "(not split by model)",
        input=taken,
        output=count(values.get(OUTPUT)),
        read=None,
        start=start,
        end=None if start is None else start + step,
        bucket_s=int(step),
        requests=count(values.get(REQUESTS), missing=None),
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
    knows="cached tokens are told as a rate only, and no lengths of requests",
)
