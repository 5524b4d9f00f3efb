"""Claude Code's own session files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from tco.usage.formats import Context, Format, both, mapping, service_of
from tco.usage.formats.anthropic_messages import anthropic_tokens, apart, geo
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import RawRecord, Sample

SYNTHETIC = "<synthetic>"


def looks(sample: Sample) -> bool:
    """Return whether some lines are of a session."""
    return any("sessionId" in v and v.get("type") in ("user", "assistant") for v in sample.values())


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return a line, and lines for what its message was billed beside its own counts."""
    if record.value is None:
        return
    line = mapping(record.value)
    agent = mapping(mapping(line.get("data")).get("message"))
    if line.get("type") == "progress" and agent:  # what an agent said, mostly in its own file, too
        line = {"sessionId": line.get("sessionId"), "cwd": line.get("cwd"), **agent}
        line["isSidechain"] = True
    yield line or record.value
    if line.get("type") == "assistant":
        for message in apart(mapping(line.get("message")), ctx):
            yield {**line, "message": message}


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a line by the assistant.

    A message is written several times while it grows, and again when a session is resumed: its key
    holds over all files, and the largest counts.
    """
    line = mapping(value)
    if line.get("type") != "assistant":
        return None
    message = mapping(line.get("message"))
    usage = message.get("usage")
    if not isinstance(usage, dict):
        raise Wrong("not_a_call")
    if message.get("model") == SYNTHETIC:
        raise Wrong("synthetic")
    both(*(count(usage.get(f"{way}_tokens"), missing=None) for way in ("input", "output")))
    start = moment(line.get("timestamp"))
    if start is None:
        raise Wrong("no_time")
    speed = str(usage.get("speed") or "standard")
    key = _key(text(message.get("id")), text(line.get("requestId")), ctx)
    return UsageRow(
        model=text(message.get("model")),
        start=start,
        provider="anthropic",
        region=geo(usage.get("inference_geo")),
        service=speed if speed != "standard" else service_of(usage.get("service_tier")),
        project=PurePath(text(line.get("cwd"))).name,
        tag="sidechain" if line.get("isSidechain") else "",
        session=text(line.get("sessionId")),
        id=key,
        status=200,
        **anthropic_tokens(usage, ctx),
    )


def _key(message: str, request: str, ctx: Context) -> str:
    """Return what makes a line the same as another: a fork may leave out whose request it was."""
    if message:
        known: dict[str, str] = ctx.kept.setdefault("requests", {})
        first = known.setdefault(message, request)
        request = request if first and request else first
    return f"{message}/{request}" if message or request else ""


FORMAT = Format(
    name="claude-code",
    title="Claude Code session files",
    exported="~/.claude/projects (kept for 30 days unless told otherwise)",
    grain="requests",
    looks=looks,
    row=row,
    parts=parts,
    grows=True,
    knows="a line tells when it was written, not how long the call took: no requests in flight",
)
