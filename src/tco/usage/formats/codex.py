"""Codex's own session files."""

from __future__ import annotations

from operator import sub
from pathlib import PurePath
from typing import Any

from tco.usage.formats import Context, Format, mapping
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import Sample

FIELDS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")


def looks(sample: Sample) -> bool:
    """Return whether some lines are events of a session."""
    return any(
        v.get("type") in ("session_meta", "turn_context", "event_msg") and "payload" in v
        for v in sample.values()
    )


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a turn: what it added to the session's totals.

    Many events repeat the one before; the model is that of the context before the event.
    """
    line = mapping(value)
    payload = mapping(line.get("payload"))
    if line.get("type") == "session_meta":
        _begin(payload, ctx)
        return None
    if line.get("type") == "turn_context":
        ctx.state["model"] = text(payload.get("model"))
        return None
    if line.get("type") != "event_msg" or payload.get("type") != "token_count":
        return None
    info = payload.get("info")
    if not isinstance(info, dict):
        raise Wrong("no_counts_yet")
    total = _counts(info.get("total_token_usage"))
    taken, read, made, thought = _turn(total, info.get("last_token_usage"), ctx)
    start = moment(line.get("timestamp"))
    _once(line.get("timestamp"), total, ctx)
    return UsageRow(
        model=ctx.state.get("model", ""),
        input=taken,
        output=made,
        read=read,
        reasoning=thought,
        start=start,
        provider="openai",
        project=PurePath(ctx.state.get("cwd", "")).name,
        session=ctx.state.get("session", ""),
        status=200,
    )


def _begin(payload: dict[str, Any], ctx: Context) -> None:
    """Begin a session: a fork tells its parent, or repeats the parent's own head after its own."""
    session, parents = text(payload.get("id")), ctx.kept.setdefault("parents", {})
    parent = text(payload.get("forked_from_id")) or ctx.state.get("session", "")
    if session and session not in parents:
        parents[session] = parents.get(parent, session) if parent else session
    ctx.state.update(session=session, cwd=text(payload.get("cwd")))


def _counts(usage: Any) -> tuple[int, ...]:
    return tuple(count(mapping(usage).get(name)) for name in FIELDS)


def _turn(total: tuple[int, ...], last: Any, ctx: Context) -> tuple[int, ...]:
    """Return what a turn took: what its event tells, else what the totals grew by.

    A session that is resumed in another file goes on with its totals.

    Raises:
        Wrong: The event repeats the one before, or tells less than nothing.
    """
    session, none = ctx.state.get("session", ""), (0,) * len(FIELDS)
    totals = ctx.kept.setdefault("totals", {}) if session else ctx.state
    before = ctx.state.get("total") or totals.get(session) or none
    if total == before and "total" in ctx.state:
        raise Wrong("repeated_event")
    ctx.state["total"] = totals[session] = total
    grown = tuple(map(sub, total, before))
    grown = total if min(grown) < 0 else grown  # it began again
    turn = _counts(last) if isinstance(last, dict) else grown
    if min(turn) < 0:
        raise Wrong("negative")
    return turn


def _once(timestamp: Any, total: tuple[int, ...], ctx: Context) -> None:
    """Refuse an event of its parent that a forked session repeats, with its time or a new one.

    Raises:
        Wrong: It was seen.
    """
    session = ctx.state.get("session", "")
    origin = ctx.kept.get("parents", {}).get(session, session)
    keys = {hash((timestamp, total)), *([hash((origin, total))] if origin else [])}
    seen: set[int] = ctx.kept.setdefault("seen", set())
    repeated = not keys.isdisjoint(seen)
    seen |= keys
    if repeated:
        raise Wrong("duplicate")


FORMAT = Format(
    name="codex",
    title="Codex session files",
    exported="~/.codex/sessions and ~/.codex/archived_sessions",
    grain="requests",
    looks=looks,
    row=row,
    knows="a line tells when it was written, not how long the call took: no requests in flight",
)
