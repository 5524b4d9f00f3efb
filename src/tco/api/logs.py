"""`tco.profile` and `tco.bill`: logs by their paths, or as data frames, as answers with types."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from tco.api.answers import UsageBill, UsageTraffic, answer_of
from tco.ask import logs as asking
from tco.ask.fields import day
from tco.errors import UsageError

Columns = Mapping[str, str] | str | Sequence[str] | None


def profile(
    *logs: Any,
    to: str | None = None,
    format_from: str | None = None,
    columns: Columns = None,
    timezone: str | None = None,
    warehouse: str | None = None,
    catalog: Sequence[Any] = (),
    as_of: str | date | None = None,
) -> UsageTraffic:
    """Return what traffic is like, from logs: paths of files and folders, patterns, data frames.

    Args:
        logs: Where they are, or what they hold.
        to: Where the profile file is written, for `profile=` of other questions.
        format_from: The format, if the content does not tell.
        columns: What a table calls its columns: `{"input": "prompt_tok"}`.
        timezone: Zone of times that name none; UTC unless said.
        warehouse: Address of a table in place of logs: `postgresql://me@host/litellm`.
        catalog: Catalog files laid over the shipped ones.
        as_of: The day that the profile is made on.

    >>> import tco
    >>> rows = [{"date": "2026-11-18", "model": "gpt-5", "input": 900, "output": 80, "requests": 2}]
    >>> tco.profile(rows).totals.output
    80
    """
    from tco.catalog.load import load_catalog
    from tco.usage.profile import profiled

    with _paths(logs) as paths:
        reading = asking.reading(paths, format_from, columns, timezone, warehouse)
        made, text = profiled(reading, load_catalog(tuple(catalog)), _day(as_of), _quiet, to=to)
    if to is not None:
        asking.save(to, text)
    return answer_of(made)  # type: ignore[no-any-return]


def bill(
    *logs: Any,
    by: str | None = None,
    match: Columns = None,
    invoice: str | float | None = None,
    growth: str | float | None = None,
    elsewhere: bool = True,
    format_from: str | None = None,
    columns: Columns = None,
    timezone: str | None = None,
    warehouse: str | None = None,
    catalog: Sequence[Any] = (),
    as_of: str | date | None = None,
) -> UsageBill:
    """Return what was used, at the list price of each day, beside what the logs state.

    Args:
        logs: As for `profile`, or the file of a profile.
        by: What it is summed by: `model`, `team`, `key`, `tag`, `day`, `month`, ...
        match: Offers of models that the catalog does not know: `{"blue": "openai/gpt-5"}`.
        invoice: An invoice to hold it against [USD].
        growth: Growth for the forecast: `"5%/month"`.
        elsewhere: With what the same traffic would cost elsewhere.
        format_from, columns, timezone, warehouse, catalog, as_of: As for `profile`.

    >>> import tco
    >>> rows = [{"month": "2026-10", "model": "gpt-5", "input": 1_000_000, "output": 100_000}]
    >>> round(tco.bill(rows, elsewhere=False).list_usd, 2)
    2.25
    """
    from tco.catalog.load import load_catalog
    from tco.usage.bill import billed

    said = {"by": by, "match": match, "invoice": invoice, "growth": growth}
    ask = asking.bill_ask({**said, "no_elsewhere": not elsewhere}, focus=False)
    with _paths(logs) as paths:
        reading = asking.reading(paths, format_from, columns, timezone, warehouse)
        made = billed(reading, load_catalog(tuple(catalog)), _day(as_of), ask, _quiet)
    return answer_of(made)  # type: ignore[no-any-return]


def _quiet(_: float) -> None:
    """Show no progress."""


def _day(as_of: str | date | None) -> date:
    from tco.ask.layers import today

    return today() if as_of is None else day(as_of)


@contextmanager
def _paths(logs: Sequence[Any]) -> Iterator[list[str]]:
    """Return logs as paths; frames and rows are written to a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tco-frames-") as folder:
        yield [_path(one, Path(folder) / f"frame-{n}.csv") for n, one in enumerate(logs)]


def _path(log: Any, to: Path) -> str:
    """Return the path of a log.

    Raises:
        UsageError: It is neither a path nor a frame of some kind.
    """
    if isinstance(log, str | Path):
        return str(log)
    if hasattr(log, "write_csv"):
        log.write_csv(to)
    elif hasattr(log, "to_csv"):
        log.to_csv(to, index=False)
    elif isinstance(log, Sequence) and log and isinstance(log[0], Mapping):
        import csv

        with to.open("w", newline="", encoding="utf-8") as stream:
            names = list(dict.fromkeys(key for row in log for key in row))
            writer = csv.DictWriter(stream, names)
            writer.writeheader()
            writer.writerows(log)
    else:
        raise UsageError(
            f"a log is a path, a data frame, or a list of rows; this is a {type(log).__name__}"
        )
    return str(to)
