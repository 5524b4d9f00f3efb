"""Anthropic messages as the API returns them, and the results of message batches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tco.usage.formats import Context, Format, both, mapping, sequence, service_of
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import REQUEST, RawRecord, Sample


def _message(value: Any) -> tuple[dict[str, Any], bool]:
    """Return the message in a record, and whether it is of a batch."""
    record = mapping(value)
    result = mapping(record.get("result"))
    if "custom_id" not in record:
        return record, False
    return mapping(result.get("message") or record.get("response")), True  # the latter of Vertex AI


BEGIN, DELTA, STOP = "message_start", "message_delta", "message_stop"
"""Events of a stream: the first has the message and its input; those after it say what came out so
far, the last of them in all."""


def _begun(message: dict[str, Any]) -> dict[str, Any]:
    return mapping(message.get("message")) if message.get("type") == BEGIN else message


def looks(sample: Sample) -> bool:
    """Return whether some records are messages of Anthropic's API, or results of its batches."""
    return any(
        message.get("type") in ("message", BEGIN)
        and "input_tokens" in mapping(_begun(message).get("usage"))
        for message, _ in map(_message, sample.values())
    ) or any("type" in mapping(v.get("result")) and "custom_id" in v for v in sample.values())


def is_message(value: Any) -> bool:
    """Return whether a record is a message as it came: a log may have answers of several APIs."""
    message, _ = _message(value)
    return message.get("type") == "message" and "input_tokens" in mapping(message.get("usage"))


def anthropic_tokens(usage: dict[str, Any], ctx: Context) -> dict[str, Any]:
    """Return the counts of Anthropic's usage: its input leaves out what was read and written.

    Writes are told by lifetime, and their sum beside it: the one or the other is counted. Without
    lifetimes all of them are of 5 minutes.
    """
    fresh, read = count(usage.get("input_tokens")), count(usage.get("cache_read_input_tokens"))
    total = count(usage.get("cache_creation_input_tokens"), missing=None)
    told = mapping(usage.get("cache_creation"))
    short, long = (count(told.get(f"ephemeral_{ttl}_input_tokens")) for ttl in ("5m", "1h"))
    unknown = 0
    if not told:
        short = total or 0
    elif total is not None and total != short + long:
        ctx.tally.doubt("total_contradicts_parts", ctx.place)
        unknown = max(total - short - long, 0)
    details = mapping(usage.get("output_tokens_details"))
    thought = next(
        (details[k] for k in ("thinking_tokens", "reasoning_tokens") if k in details), None
    )
    return {
        "input": fresh + read + short + long + unknown,
        "output": count(usage.get("output_tokens")),
        "read": read,
        "write_5m": short,
        "write_1h": long,
        "write_unknown": unknown,
        "reasoning": count(thought, missing=None),
        "searches": count(mapping(usage.get("server_tool_use")).get("web_search_requests")),
    }


def geo(value: Any) -> str:
    """Return the region of an `inference_geo` that has a price of its own; empty for any other."""
    word = str(value or "").lower()
    return "" if word in ("", "global", "not_available", "none") else word[:40]


KEPT = ("type", "id", "model", "usage", "timestamp")
"""What is kept of a message while its stream goes on: none of its text."""
MOST_HELD = 1_000
"""Streams that are held back in a file until it is sure that none before them goes on."""
MIXED = "streams_mixed"


class _Streams:
    """The streams of a file, or of a request where its lines tell which: one after the other.

    Events do not say which message they go on with. A stream that begins before the one before it
    ended is held back: an end too many tells that they were mixed, and none of them counts, nor
    what begins before as many have ended as were begun. Of one alone the last count is the whole,
    but less than before is another's: that message does not count.
    """

    def __init__(self) -> None:
        self.now: dict[str, Any] | None = None
        self.open = self.ended = self.mixed = False
        self.place = ""
        self.unstopped = self.begun = self.ends = self.stops = 0
        self.before = False
        self.held: list[tuple[dict[str, Any], str]] = []

    def begin(self, event: dict[str, Any], ctx: Context) -> Iterator[dict[str, Any]]:
        """Begin a message; return those before it that are sure."""
        self.mixed &= (self.ends or self.stops) < self.begun
        if self.mixed:
            ctx.tally.leave(MIXED, ctx.place)
            self.begun += 1
            return
        self.unstopped += self.now is not None and not self.open
        yield from self.close(ctx)
        if not self.held:
            self.begun = self.ends = self.stops = 0
        self.begun += 1
        message = {**event, **_begun(event)}
        self.now = {"usage": {}, **{k: message[k] for k in KEPT if k in message}, OUT: None}
        self.open, self.ended, self.place = True, False, ctx.place

    def go_on(self, event: dict[str, Any], ctx: Context) -> None:
        """Take what an event says that came out so far.

        Raises:
            Wrong: It goes on with a message that has no beginning.
        """
        known = {k: v for k, v in mapping(event.get("usage")).items() if v is not None}
        made = count(known.get("output_tokens"), missing=None)
        before = None if self.now is None else self.now[OUT]
        why = mapping(event.get("delta"))
        self.ends += bool(why.get("stop_reason")) and not (self.ended and made == before)
        if self.now is None:
            if not self.held and not self.mixed:
                raise Wrong("no_output")
            self.mix(ctx)
            return
        if made is not None and before is not None:
            several = bool(self.held) or self.before
            if made < before or (self.ended and made > before and several):
                self.mix(ctx)
                return
            if self.ended and made == before:
                return
        usage = {**mapping(self.now["usage"]), **known}
        self.now |= {"usage": usage, OUT: before if made is None else made}
        self.ended |= bool(why.get("stop_reason"))
        self.open &= "stop_reason" in why and not self.ended

    def stop(self, ctx: Context) -> Iterator[dict[str, Any]]:
        """End the message; return it, if it is sure that it was this one."""
        self.stops += 1
        if self.now is None or self.now[OUT] is None:
            if self.now is not None and self.unstopped:
                self.unstopped -= 1  # the end of one before
                return
            if self.held:
                self.mix(ctx)
                return
        self.open = False
        yield from self.close(ctx)

    def close(self, ctx: Context) -> Iterator[dict[str, Any]]:
        """Go on with no message; return those that are sure."""
        if self.now is not None and (self.held or self.open):
            self.held.append((self.now, self.place))
        elif self.now is not None:
            yield from _known(self.now, self.place, ctx)
        self.now = None
        if len(self.held) > MOST_HELD:
            yield from self.rest(ctx)

    def rest(self, ctx: Context) -> Iterator[dict[str, Any]]:
        """Return the messages that are held back: nothing says that they were mixed."""
        held, self.held = self.held, []
        for message, place in held:
            yield from _known(message, place, ctx)

    def mix(self, ctx: Context) -> None:
        """Leave out what cannot be told apart, and what begins before all of it has ended."""
        if not self.before:
            ctx.tally.part(
                f"{ctx.shown} has events of several streams at once, which do not say whose they "
                "are: log message_start and message_delta with one request_id, or the whole message"
            )
        for _, place in [*self.held, *([] if self.now is None else [(self.now, self.place)])]:
            ctx.tally.leave(MIXED, place)
        self.mixed = self.before = True
        self.now, self.held, self.ended = None, [], False


OUT = "tco.out"
"""What came out so far of a message whose stream goes on [token]."""


def _known(message: dict[str, Any], place: str, ctx: Context) -> Iterator[dict[str, Any]]:
    """Return a message, if something said what came out of it."""
    if message[OUT] is None:
        ctx.tally.leave("no_output", place)
    else:
        yield from _whole(message, ctx)


APART = ("compaction", "advisor_message")
"""Iterations of a message that its own counts leave out; an advisor has a model of its own."""
PASSES = "what compaction and advisors took (usage.iterations) is counted as calls of their own"


def apart(message: dict[str, Any], ctx: Context) -> Iterator[dict[str, Any]]:
    """Return as messages what was billed for a message beside its own counts."""
    usage = mapping(message.get("usage"))
    for number, one in enumerate(map(mapping, sequence(usage.get("iterations")))):
        if one.get("type") in APART:
            ctx.tally.note(PASSES)
            keys = ("service_tier", "inference_geo", *(() if one.get("model") else ("speed",)))
            name = text(message.get("id"))
            yield {
                **message,
                "id": f"{name}/{number}" if name else "",
                "model": one.get("model") or message.get("model"),
                "usage": {**{k: usage[k] for k in keys if k in usage}, **one},
            }


def _whole(record: dict[str, Any], ctx: Context) -> Iterator[dict[str, Any]]:
    """Return a record, and records of the same kind for what was billed beside it."""
    yield record
    message, batch = _message(record)
    for one in apart(message, ctx):
        yield {**record, "result": {"message": one}} if batch else one


def parts(record: RawRecord, ctx: Context) -> Iterable[Any]:
    """Return a record, or the messages of streams that end before it or with it."""
    event = mapping(record.value)
    kind = str(event.get("type"))
    if kind not in (BEGIN, DELTA, STOP):
        if record.value is not None and not PART.match(kind):
            yield from _whole(event, ctx) if event else (record.value,)
        return
    every: dict[Any, _Streams] = ctx.kept.setdefault("streams", {})
    key = ctx.shown, _request(event, ctx)
    if kind != BEGIN and not key[1] and key not in every:
        ctx.state["unnamed"] = _adopt(every, key)
    if kind == BEGIN and ctx.state.get("unnamed"):
        key = ctx.shown, ""
    streams = every.setdefault(key, _Streams())
    if kind == DELTA:
        streams.go_on(event, ctx)
        return
    yield from streams.begin(event, ctx) if kind == BEGIN else streams.stop(ctx)
    if key[1] and streams.now is None and not streams.held:
        del every[key]


def _ids(event: dict[str, Any]) -> dict[str, Any]:
    """Return the ids in an event and beside it by their names; its own count before others."""
    return {**mapping(event.get(REQUEST[0])), **{n: event[n] for n in REQUEST[1:] if n in event}}


def _request(event: dict[str, Any], ctx: Context) -> str:
    """Return of which request an event is; empty where no id says so.

    An id that no two of the first events share is one of lines, unless it stands at beginnings.
    """
    if "ids" not in ctx.state:
        kinds = {BEGIN, DELTA, STOP}
        first = [e for e in ctx.first if e.get("type") in kinds or PART.match(str(e.get("type")))]
        ctx.state["ids"] = []
        for name in REQUEST[1:]:
            told = [e for e in first if _ids(e).get(name)]
            some = {text(_ids(e)[name]) for e in told}
            if len(some) < len(told) or all(e.get("type") == BEGIN for e in told):
                ctx.state["ids"].append(name)
            else:
                ctx.tally.note(
                    f"{name} differs in every line of {ctx.shown}: its streams are told by another "
                    "id or by their order; log one id in all lines of a stream"
                )
    ids = _ids(event)
    return next((text(ids[name]) for name in ctx.state["ids"] if ids.get(name)), "")


def _adopt(every: dict[Any, _Streams], to: tuple[str, str]) -> bool:
    """Return whether streams of a file say only where they begin of which request they are.

    Those that began are then told apart as streams without a request are.
    """
    began = [k for k, s in every.items() if k[0] == to[0] and s.now and s.now[OUT] is None]
    for streams in map(every.pop, began):
        of_file = every.setdefault(to, _Streams())
        if of_file.now is not None:
            of_file.held.append((of_file.now, of_file.place))
        of_file.now, of_file.open, of_file.place = streams.now, True, streams.place
    return bool(began)


PART = re.compile(r"ping$|content_block_")
"""Events that count nothing."""


def done(ctx: Context) -> Iterator[UsageRow]:
    """Return the messages of streams that ended with their files."""
    for (shown, _), streams in ctx.kept.get("streams", {}).items():
        ctx.shown = shown
        for message in (*streams.close(ctx), *streams.rest(ctx)):
            try:
                if found := row(message, ctx):
                    yield found
            except Wrong as wrong:
                ctx.tally.leave(str(wrong), f"{shown}:1")


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a message."""
    message, batch = _message(value)
    usage = message.get("usage")
    if isinstance(usage, dict) and message.get("object"):
        from tco.usage.formats import openai_requests

        return openai_requests.row(value, ctx)
    if not isinstance(usage, dict):
        raise Wrong("failed" if batch or message.get("type") == "error" else "not_a_call")
    both(*(count(usage.get(f"{way}_tokens"), missing=None) for way in ("input", "output")))
    speed = str(usage.get("speed") or "standard")
    return UsageRow(
        model=text(message.get("model")),
        start=moment(message.get("timestamp")),
        provider="anthropic",
        region=geo(usage.get("inference_geo")),
        service=speed
        if speed != "standard"
        else service_of(usage.get("service_tier") or ("batch" if batch else "")),
        id=text(message.get("id")),
        status=200,
        **anthropic_tokens(usage, ctx),
    )


FORMAT = Format(
    name="anthropic-messages",
    title="Anthropic messages and batch results",
    exported="the JSON that the API returns, one a line; results of message batches",
    grain="requests",
    looks=looks,
    row=row,
    parts=parts,
    done=done,
    grows=True,
    knows="a message tells no time: no curve, no peaks, and the price is that of today",
)
