"""A spreadsheet of totals: a row a month or day and model, as kept by hand."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime
from typing import Any

from tco.errors import UsageError
from tco.usage.formats import (
    DAY_S,
    Context,
    Format,
    Span,
    charge,
    day_of,
    mapping,
    service_of,
    table,
)
from tco.usage.rows import UsageRow, Wrong, count, moment, text
from tco.usage.sources import Sample

NAMES: dict[str, tuple[str, ...]] = {
    "period": ("month", "date", "day", "period", "week", "time", "created_at", "ts"),
    "model": ("model", "model_name", "model_id"),
    "input": table.NAMES["input"],
    **{name: table.NAMES[name] for name in ("fresh", "read", "written", "output", "reasoning")},
    "requests": ("requests", "calls", "num_requests", "api_requests"),
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
    """Return whether a table has a model and tokens, by the day or the month at most."""
    first = next(sample.values(), None)
    if sample.shape not in ("csv", "parquet") or first is None:
        return False
    at = columns_of(first, {})
    tokens = "output" in at and ("input" in at or "fresh" in at)
    timed = {*table.NAMES["start"], *table.NAMES["end"], *table.NAMES["id"]} - {"id"}
    if "requests" in at:
        timed -= set(NAMES["period"])
    timed |= {"custom_llm_provider"}  # a daily table of LiteLLM
    others = {*map(table.folded, timed)} & {table.folded(str(k)) for k in first}
    return tokens and "model" in at and not others


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
    text = re.sub(table.AROUND, "", value)
    if (whole or commas) and table.THOUSANDS.match(text):
        return text.replace(".", "")
    if table.COMMA_DECIMAL.match(text) or (commas and not whole and table.COMMA.match(text)):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "")


def row(value: Any, ctx: Context) -> UsageRow | None:
    """Return the row of a line; cached input is a part of input, unless its name says otherwise."""
    cells = mapping(value)
    if "columns" not in ctx.state:
        at = ctx.state["columns"] = columns_of(cells, ctx.columns)
        amounts = [first.get(at["cost"]) for first in ctx.first] if "cost" in at else []
        ctx.state["commas"] = table.comma_decimals(ctx.delimiter, amounts)
    at = ctx.state["columns"]

    def cell(name: str) -> Any:
        return _number(cells.get(at.get(name)), whole=name != "cost")

    def amount() -> Any:
        return _number(cells.get(at.get("cost")), whole=False, commas=ctx.state["commas"])

    model = text(cells.get(at.get("model")))
    if model.lower() in ("total", "sum", "all", "grand total"):
        raise Wrong("sum_of_other_rows")
    read, written = count(cell("read")), count(cell("written"))
    exclusive = "fresh" in at
    said = count(cell("fresh" if exclusive else "input"))
    period = at.get("period")
    start, end = _span(cells.get(period), ctx, weekly=table.folded(period or "") == "week")
    return UsageRow(
        model=model,
        input=said + read + written if exclusive else said,
        output=count(cell("output")),
        read=read if "read" in at else None,
        write_unknown=written,
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


def _span(value: Any, ctx: Context, *, weekly: bool) -> Span:
    """Return beginning and end of a month, a week (so headed, or `2026-W46`) or a day."""
    found = MONTH.match(str(value).strip()) if isinstance(value, str) else None
    if found is None:
        return day_of(value, ctx.zone, 7 if weekly or WEEK.match(str(value).strip()) else 1)
    year, month = int(found.group(1)), int(found.group(2))
    if not 1 <= month <= 12:
        raise Wrong("no_time")
    begin = datetime(year, month, 1, tzinfo=UTC).timestamp()
    return moment(begin), begin + monthrange(year, month)[1] * DAY_S


FORMAT = Format(
    name="totals",
    title="A spreadsheet of totals: month, model, input, cached, output, cost, team",
    exported="save the sheet as CSV; --columns input=NAME,output=NAME names other headings",
    grain="buckets",
    looks=looks,
    row=row,
    knows="totals tell no lengths, no peaks and no curve",
)
