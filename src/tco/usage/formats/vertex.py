"""Gemini and Vertex AI responses: `usageMetadata`, also of batch output."""

from __future__ import annotations

from typing import Any

from tco.usage.formats import Context, Format, mapping, sequence
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import Sample


def _response(value: Any) -> tuple[dict[str, Any], bool]:
    """Return the response in a record, and whether it is of a batch."""
    record = mapping(value)
    if "usageMetadata" not in record and isinstance(record.get("response"), dict):
        return record["response"], True
    return record, False


def looks(sample: Sample) -> bool:
    """Return whether some records carry `usageMetadata`."""
    return any("usageMetadata" in _response(v)[0] for v in sample.values())


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a response: thoughts are apart from candidates, tools from prompt."""
    response, batch = _response(value)
    usage = response.get("usageMetadata")
    if not isinstance(usage, dict):
        raise Wrong(
            "failed"
            if mapping(value).get("error") or mapping(value).get("status")
            else "not_a_call"
        )
    prompt, cached, answer, thought, tools = (
        count(usage.get(f"{name}TokenCount"))
        for name in ("prompt", "cachedContent", "candidates", "thoughts", "toolUsePrompt")
    )
    total = count(usage.get("totalTokenCount"), missing=None)
    if total is not None and total != prompt + answer + thought + tools:
        ctx.tally.doubt("total_contradicts_parts", ctx.place)
    modalities = map(mapping, sequence(usage.get("promptTokensDetails")))
    images = sum(count(m.get("tokenCount")) for m in modalities if m.get("modality") == "IMAGE")
    traffic = str(usage.get("trafficType") or "")
    service = "provisioned" if traffic == "PROVISIONED_THROUGHPUT" else "standard"
    return UsageRow(
        model=text(response.get("modelVersion")).rpartition("/")[2],
        input=prompt + tools,
        output=answer + thought,
        read=cached,
        reasoning=thought,
        start=moment(response.get("createTime") or mapping(value).get("processed_time")),
        provider="google",
        service="batch" if batch else service,
        id=text(response.get("responseId")),
        status=200,
        image_input=images,
    )


FORMAT = Format(
    name="vertex",
    title="Gemini and Vertex AI responses and batch output",
    exported="the JSON that the API returns, one a line; output files of batch jobs",
    grain="requests",
    looks=looks,
    row=row,
    knows="storage of explicit caches is billed by the hour and is in no response",
)
