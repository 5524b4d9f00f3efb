"""A spreadsheet of totals: a row a month or day and model, as kept by hand."""

from __future__ import annotations

import re
from calendar import monthrange
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, pairwise
from typing import Any

from tco.errors import UsageError, printable
from tco.usage.formats import (
    AROUND,
    COMMA,
    COMMA_DECIMAL,
    DAY_S,
    SLASHED,
    THOUSANDS,
    Context,
    Format,
    Span,
    charge,
    comma_decimals,
    comma_unsure,
    day_first,
    day_of,
    mapping,
    openrouter,
    service_of,
    table,
    written_date,
)
from tco.usage.formats.litellm import DAILY
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import SAMPLE, Sample

PERIODS = ("month", "date", "day", "period", "week", "hour", "time", "created_at", "ts")
NAMES: dict[str, tuple[str, ...]] = {
    "period": (*PERIODS, *table.NAMES["start"], "period_start", "start_date", "date_from", "from"),
    "end": (*table.NAMES["end"], "period_end", "end_date", "date_to", "to", "until"),
    "model": ("model", "model_name", "model_id"),
    "input": table.NAMES["input"],
    **{name: table.NAMES[name] for name in table.TOKENS[1:]},
    "requests": table.COUNTS_OF_REQUESTS,
    "cost": ("cost", "cost_usd", "usd", "spend", "amount"),
    "provider": ("provider", "vendor"),
    "team": ("team", "department", "cost_center"),
    "project": ("project",),
    "tag": ("tag", "tags"),
    "service": ("service", "service_tier", "tier"),
}
MONTH = re.compile(r"^(\d{4})(?:[-/]|(?=\d\d$))(\d{1,2})$")
WEEK = re.compile(r"^\d{4}-?W\d{2}$")


def columns_of(header: Any, given: dict[str, str]) -> dict[str, str]:
    """Return which column of a table is which, by its names or by what the user said.

    Raises:
        UsageError: Something was named that a spreadsheet does not have, or is not there.
    """
    known = [*map(str, header)]
    table.refuse_others(given, NAMES, "a spreadsheet of totals, where no column is a start")
    for ours, name in given.items():
        if name not in known:
            there = ", ".join(sorted(known))
            raise UsageError(f"--columns {ours}={name}: no such column; there are {there}")
    return table.one_input(table.found_columns(known, NAMES), given)


def looks(sample: Sample) -> bool:
    """Return whether a table has a model and tokens, by the day or more, or of many requests."""
    first = next(sample.values(), None)
    if sample.shape not in ("csv", "parquet", "json") or first is None:
        return False
    if FOREIGN & first.keys() or openrouter.looks(sample):
        return False
    of_others = first.keys() & {"usage", "object"} or first.keys() >= {*DAILY}
    if sample.shape == "json" and (of_others or not table.counts_several(sample)):
        return False
    at = columns_of(first, {})
    tokens = "output" in at and ("input" in at or "fresh" in at)
    timed = {*table.NAMES["start"], *table.NAMES["end"], *table.NAMES["id"]} - {"id"}
    if "requests" in at:
        timed -= timed if table.counts_several(sample) else {*PERIODS}
    others = {*map(table.folded, timed)} & {table.folded(str(k)) for k in first}
    return tokens and "model" in at and not others


FOREIGN = {"custom_llm_provider", "num_model_requests"}
"""Fields of reports of others, which count requests, too."""


def _number(value: Any, *, whole: bool, commas: bool = False) -> Any:
    """Return a cell of a spreadsheet as a number: `1,234,567`, `1.234.567`, `$12.30`, `12,30`.

    A whole number of the form `10.000` is one of thousands.

    Args:
        whole: It counts something.
        commas: Amounts have a comma before their decimals.

    Raises:
        Wrong: An amount in another money.
    """
    if not isinstance(value, str):
        return value
    if "€" in value or "£" in value:
        raise Wrong("not_in_usd")
    text = re.sub(AROUND, "", value)
    if (whole or commas) and THOUSANDS.match(text):
        return text.replace(".", "")
    if COMMA_DECIMAL.match(text) or (commas and not whole and COMMA.match(text)):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "")


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a line; cached input is a part of input, unless its name says otherwise."""
    cells = mapping(value)
    at: Any = ctx.state.get("columns") or _begin(cells, ctx)

    def cell(name: str) -> Any:
        return _number(cells.get(at.get(name)), whole=name != "cost")

    def amount() -> Any:
        return _number(cells.get(at.get("cost")), whole=False, commas=ctx.state["commas"])

    model = text(cells.get(at.get("model")))
    if model.lower() in ("total", "sum", "all", "grand total"):
        raise Wrong("sum_of_other_rows")
    read, written = count(cell("read")), count(cell("written"))
    short, long = count(cell("write_5m")), count(cell("write_1h"))
    written = max(written, short + long)
    exclusive = "fresh" in at or table.is_apart(ctx.state["apart"], model)
    said = count(cell("fresh" if "fresh" in at else "input"))
    start, end = _span(cells, at, ctx)
    return UsageRow(
        model=model,
        input=said + read + written if exclusive else said,
        output=count(cell("output")),
        read=read if "read" in at else None,
        write_5m=short,
        write_1h=long,
        write_unknown=written - short - long,
        reasoning=count(cell("reasoning"), missing=None),
        start=start,
        end=end,
        bucket_s=int(end - start) if start is not None and end is not None else 0,
        requests=count(cell("requests"), missing=None),
        provider=text(cells.get(at.get("provider"))).lower(),
        service=service_of(cells.get(at.get("service"))),
        team=text(cells.get(at.get("team"))),
        project=text(cells.get(at.get("project"))),
        tag=text(cells.get(at.get("tag"))),
        usd_nano=charge(amount, ctx),
    )


def _begin(cells: dict[str, Any], ctx: Context) -> dict[str, str]:
    """Return which column is which, and keep how its numbers are written and what they contain."""
    every = ctx.every if len(ctx.first) >= SAMPLE else lambda: ctx.first
    names = dict.fromkeys(chain(cells, *every()))  # a record of JSON need not have them all
    at: dict[str, str] = columns_of(names, ctx.columns)
    amounts = dict.fromkeys(r.get(at["cost"]) for r in every()) if "cost" in at else ()
    apart = table.left_out_of(at, ctx.columns, every())
    ctx.state |= {"columns": at, "apart": apart}
    ctx.state["commas"] = comma_decimals(ctx.delimiter, amounts)
    for note in (apart and table.says(at, apart), comma_unsure(ctx.delimiter, amounts)):
        if note:
            ctx.tally.note(f"{ctx.shown}: {note}")
    return at


def _span(cells: dict[str, Any], at: dict[str, str], ctx: Context) -> Span:
    """Return beginning and end of a month, a week (so headed, or `2026-W46`), a day or less."""
    period = at.get("period", "")
    dates = [first.get(period) for first in ctx.first]
    if "day_first" not in ctx.state:
        if any(SLASHED.match(str(date).strip()) for date in dates):
            dates = [mapping(record).get(period) for record in ctx.every()]
        ctx.state["day_first"] = day_first(dates)
    value = written_date(cells.get(period), ctx.state["day_first"])
    if (found := MONTH.match(str(value))) is not None:
        year, month = int(found.group(1)), int(found.group(2))
        if not 1 <= month <= 12:
            raise Wrong("no_time")
        begin = datetime(year, month, 1, tzinfo=UTC).timestamp()
        return moment(begin), begin + monthrange(year, month)[1] * DAY_S
    heading = table.folded(period)
    if heading == "hour" and str(value).isdigit() and int(value) < 24:
        return None, None  # of which day, nothing tells
    weekly = heading == "week" or WEEK.match(str(value))
    start, end = day_of(value, ctx.zone, 7 if weekly else 1)
    if start is None or weekly:
        return start, end
    if "step" not in ctx.state:
        ctx.state["step"] = _step(dates, ctx)
        ctx.state["gap"] = _gap(at, ctx) if "end" in at else 0.0
    return start, _end(start, _moment(cells.get(at.get("end", "")), ctx), ctx)


def _end(start: float, stated: float | None, ctx: Context) -> float:
    """Return when a row ends: as it says, if that is later, or a step after its beginning [s]."""
    step, gap = ctx.state["step"], ctx.state["gap"]
    end: float = start + step if stated is None else stated + gap
    return end if end > start else start + step


def _moment(value: Any, ctx: Context) -> float | None:
    return moment(written_date(value, ctx.state["day_first"]), ctx.zone)


def _gap(at: dict[str, str], ctx: Context) -> float:
    """Return how long after its end a row still lasts: a day where ends are last days [s].

    That is told by rows that begin where others end, or a day, a minute or a second after. Of one
    row alone the last day of its month ends it; else the day is taken not to count, and said.
    """
    pairs = []
    for first in ctx.first:
        with suppress(Wrong):
            pairs.append([_moment(first.get(at.get(name, "")), ctx) for name in ("period", "end")])
    spans = [(start, end) for start, end in pairs if start is not None and end is not None]
    begins = {start for start, _ in pairs}
    after = [datetime.fromtimestamp(end + DAY_S, ctx.zone or UTC) for _, end in spans]
    daily = all(day.hour == day.minute == 0 for day in after)
    gaps: tuple[float, ...] = (0.0, *((DAY_S,) if daily else (60.0, 1.0)))
    found = {gap: sum(end + gap in begins and end > start for start, end in spans) for gap in gaps}
    gap = max(gaps, key=lambda gap: found[gap])
    if not found[gap] and daily:
        whole = bool(after) and all(day.day == 1 for day in after)
        gap = DAY_S if whole or any(start == end for start, end in spans) else 0.0
    if daily and any(end > start for start, end in spans):
        last = "its last day" if gap else "the day after its last"
        how = "as others begin" if found[gap] else "taken so: no other row begins there"
        ctx.tally.note(f"{ctx.shown}: the {printable(at['end'], 60)} of a row is {last}, {how}")
    return gap


def _step(dates: list[Any], ctx: Context) -> float:
    """Return how long the rows of a sheet last: a day, or as far as times of the day lie apart [s].

    One time of the day alone is that of an hour, and so are times that mostly lie further apart
    than the nearest of them: rows without requests may be missing.
    """
    times: set[float] = set()
    for value in dates:
        with suppress(Wrong):
            times |= {moment(written_date(value, ctx.state["day_first"]), ctx.zone) or 0.0}
    known = sorted(times - {0.0})
    clocks = (datetime.fromtimestamp(t, ctx.zone or UTC) for t in known)
    if not any(clock.hour or clock.minute for clock in clocks):
        return DAY_S
    apart = [after - before for before, after in pairwise(known)]
    step = min(apart, default=HOUR_S)
    if step > DAY_S - 2 * HOUR_S:  # days that begin at another hour; clocks are set twice a year
        return DAY_S
    return step if 2 * apart.count(step) > len(apart) else HOUR_S


HOUR_S = 3_600.0
FORMAT = Format(
    name="totals",
    title="A spreadsheet of totals: month, model, input, cached, output, cost, team",
    exported="save the sheet as CSV; --columns input=NAME,output=NAME names other headings",
    grain="buckets",
    looks=looks,
    row=row,
    knows="totals tell no lengths, no peaks and no curve",
)
