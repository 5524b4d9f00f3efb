"""Gemini and Vertex AI responses: `usageMetadata`, also of batch output."""

from __future__ import annotations

from typing import Any

from tco.usage.formats import Context, Format, both, mapping, sequence, spelled
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import WHEN, Sample

KEY = "usageMetadata"
COUNTS = ("prompt", "total", "candidates")
GROUNDED = "groundingMetadata"  # of an answer with searches, which are billed by the query
TIERS = {"priority": "priority", "flex": "flex", "throughput": "provisioned"}
"""Last words of `trafficType`, and what is billed as such."""


def _response(value: Any) -> tuple[dict[str, Any], bool]:
    """Return the response in a record, and whether it is of a batch.

    A log of one's own may have a request and its response, too, but at the time of the call.
    """
    record = mapping(value)
    batch = "processed_time" in record or ("key" in record and not record.keys() & {*WHEN})
    if spelled(record, KEY) is None and isinstance(record.get("response"), dict):
        return record["response"], batch
    return record, False


def looks(sample: Sample) -> bool:
    """Return whether some records carry `usageMetadata`."""
    told = (spelled(_response(v)[0], KEY) for v in sample.values())
    return any(
        spelled(usage, f"{n}TokenCount") is not None
        for usage in told
        for n in COUNTS
        if isinstance(usage, dict)
    )


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a response: thoughts are apart from candidates, tools from prompt."""
    response, batch = _response(value)
    usage = spelled(response, KEY)
    if not isinstance(usage, dict):
        raise Wrong(
            "failed"
            if mapping(value).get("error") or mapping(value).get("status")
            else "not_a_call"
        )
    cached, answer, thought, tools = (
        count(spelled(usage, f"{name}TokenCount"))
        for name in ("cachedContent", "candidates", "thoughts", "toolUsePrompt")
    )
    said, total = (
        count(spelled(usage, f"{n}TokenCount"), missing=None) for n in ("prompt", "total")
    )
    prompt, _ = both(said, answer + thought + tools, total)  # all but the prompt may be left out
    if total is not None and total != prompt + answer + thought + tools:
        ctx.tally.doubt("total_contradicts_parts", ctx.place)
    if any(spelled(mapping(c), GROUNDED) for c in sequence(response.get("candidates"))):
        ctx.tally.doubt("grounding_not_priced", ctx.place)
    service = str(spelled(usage, "trafficType") or "").lower().rpartition("_")[2]
    known = spelled(response, "createTime") or mapping(value).get("processed_time")
    beside = (mapping(value).get(name) for name in WHEN)
    return UsageRow(
        model=text(spelled(response, "modelVersion")).rpartition("/")[2],
        input=prompt + tools,
        output=answer + thought,
        read=cached,
        reasoning=thought,
        start=moment(known or next(filter(None, beside), None)),
        provider="google",
        service="batch" if batch else TIERS.get(service, "standard"),
        id=text(spelled(response, "responseId")),
        status=200,
        image_input=_images(usage),
    )


def _images(usage: dict[str, Any]) -> int:
    """Return the part of the prompt that was images [token]."""
    modalities = map(mapping, sequence(spelled(usage, "promptTokensDetails")))
    return sum(count(spelled(m, "tokenCount")) for m in modalities if m.get("modality") == "IMAGE")


FORMAT = Format(
    name="vertex",
    title="Gemini and Vertex AI responses and batch output",
    exported="the JSON that the API returns, one a line; output files of batch jobs",
    grain="requests",
    looks=looks,
    row=row,
    grows=True,
    knows="storage of explicit caches is billed by the hour and is in no response",
)
