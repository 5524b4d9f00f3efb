"""What rows far down in a table have that contradicts how its first ones had it read."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import disk_usage

from tco.usage import formats
from tco.usage.formats import COMMA_DECIMAL, EITHER, POINT_DECIMAL
from tco.usage.formats.table import CACHED
from tco.usage.raw_table import DECIMAL, GROUPED, Raw, bare_cost, when
from tco.usage.rows import LeftOutTally
from tco.usage.sources import GZIP, MOST_LINE, LogSource, opened
from tco.usage.store import Store, duckdb_module

DOUBTS = {"grouped": 1, "either": 2, "time": 4, "day": 8, "month": 16, "apart": 32}
"""What a row may have that the first rows do not explain, as bits: a count or a cost whose mark may
be either, a time of another form, a day or a month above 12 of days, input without its cache."""
SLASHED = r"^\s*(\d{1,2})[/-](\d{1,2})[/-]20\d\d"


def doubts(raw: Raw) -> str:
    """Return what a row has of `DOUBTS` as SQL, empty where nothing can be."""
    found: dict[str, str] = {}
    counts = [raw.field(n) for n in ("input", "fresh", "output", *CACHED) if _is_text(raw, n)]
    if counts and raw.shape != "json":
        grouped = GROUPED.replace("MARKS", ".")
        cells = (
            f"contains({f}, '.') AND regexp_full_match(trim({f}), '{grouped}')" for f in counts
        )
        found["grouped"] = " OR ".join(f"({cell})" for cell in cells)
    if _is_text(raw, "cost"):
        cell, mark = bare_cost(raw), "[.,]" if raw.commas else ","
        either = f"regexp_full_match({cell}, '-?[1-9]\\d{{0,2}}{mark}\\d{{3}}')"
        some = f"contains({raw.field('cost')}, ',')"
        found["either"] = either if raw.commas else f"{some} AND {either}"
    if _is_text(raw, "start"):
        field = str(raw.field("start"))
        if not (raw.dated and raw.untidy):
            other = f"{when(raw, 'start', None)} IS NULL AND regexp_matches({field}, '\\d\\D+\\d')"
            half = f" OR suffix({field}, 'M') OR suffix({field}, 'm')"  # a cast passes over it
            found["time"] = f"({other}){half * (not raw.dated)}"
        for n, name in ((1, "day"), (2, "month")) if raw.dated else ():
            found[name] = f"TRY_CAST(regexp_extract({field}, '{SLASHED}', {n}) AS INTEGER) > 12"
    if "fresh" not in raw.at and not raw.apart and (apart := raw.left_out()) is not None:
        found["apart"] = apart
    bits = (f"CASE WHEN {told} THEN {DOUBTS[name]} ELSE 0 END" for name, told in found.items())
    return f"CAST({' + '.join(bits)} AS UTINYINT)" if found else ""


def marks_in(raw: Raw) -> str:
    """Return whether any number has decimals, and costs as `Raw.judge_marks` takes them."""
    cells = [str(raw.field(name)) for name in raw.at if _is_text(raw, name)]
    decimals = " OR ".join(
        f"coalesce(contains({f}, '.') AND regexp_full_match(trim({f}), '{DECIMAL.pattern}'), false)"
        for f in cells
    )
    cost = bare_cost(raw) if _is_text(raw, "cost") else "NULL"
    forms = (COMMA_DECIMAL, POINT_DECIMAL, EITHER)
    told = (f"min({cost}) FILTER (regexp_full_match({cost}, '{f.pattern}'))" for f in forms)
    return ", ".join([f"bool_or({decimals or 'false'})", *told])


def _is_text(raw: Raw, name: str) -> bool:
    """Return whether a field is there, and one of texts."""
    path = raw.at.get(name)
    return path is not None and (raw.shape != "parquet" or raw.types.get(path) == "VARCHAR")


def contradicted(
    store: Store, raw: Raw, paths: Mapping[str, LogSource], first: int, tally: LeftOutTally
) -> bool:
    """Return whether rows contradict how the first ones had them read; then read them otherwise.

    That is judged by all rows; what stays unsure, or is read by rows of their own kind, is told.
    """
    if not doubts(raw):
        return False
    listed = [str(store.folder / f"part-{n:05d}.parquet") for n in range(first, store.parts + 1)]
    counts = ", ".join(f"count_if((doubt & {bit}) > 0)" for bit in DOUBTS.values())
    found = store.con.execute(f"SELECT {counts} FROM read_parquet({listed})").fetchone()
    seen = dict(zip(DOUBTS, found, strict=True))
    before = (raw.decimals, raw.commas, raw.dated, raw.untidy, raw.day_first)
    if seen["grouped"] or seen["either"]:
        marks = []
        for path in paths:
            with text_of(store, raw, path) as text, suppress(duckdb_module().Error):  # cut off
                asked = f"SELECT {marks_in(raw)} FROM {raw.relation([text])}"
                marks.append(store.con.execute(asked).fetchone())
        decimals, *costs = (
            max(filter(None, some), default="") for some in zip(*marks, strict=True)
        )
        raw.judge_marks(bool(decimals), costs)
    if seen["time"]:
        raw.dated = raw.untidy = True
    if seen["day"] and seen["month"]:
        raw.day_first = None
    if before != (raw.decimals, raw.commas, raw.dated, raw.untidy, raw.day_first):
        return True
    for note in raw.doubted(seen):
        tally.note(f"{next(iter(paths.values())).shown}: {note}")
    return False


def day_first(store: Store, raw: Raw, paths: Sequence[str]) -> bool | None:
    """Return whether days stand before months in all dates of the files, which are read for it."""
    first = second = False
    for path in paths if raw.dated and raw.day_first is None else ():
        with text_of(store, raw, path) as text, suppress(duckdb_module().Error):  # cut off
            asked = formats.day_first_in_sql(str(raw.field("start")), raw.relation([text]))
            one, other = (int(n or 0) > 12 for n in store.con.execute(asked).fetchone())
            first, second = first or one, second or other
    return first if first != second else raw.day_first


@contextmanager
def text_of(store: Store, raw: Raw, path: str) -> Iterator[str]:
    """Return where the text of a packed CSV lies for a while; else its own path."""
    text = unpacked(path, store.folder / "text") if raw.shape == "csv" else path
    try:
        yield text or path
    finally:
        (store.folder / "text").unlink(missing_ok=True)


def unpacked(path: str, to: Path) -> str | None:
    """Write the text of a packed file; return where it lies.

    That is its own path if it is not packed, or if the disk has not room enough; None if it is cut
    off, or has half the longest line without an end.
    """
    with Path(path).open("rb") as stream:
        if stream.read(2) != GZIP:
            return path
    room, since = disk_usage(to.parent).free // 2, 0
    with opened(LogSource(path)) as text, to.open("wb") as out:
        try:
            while chunk := text.read(1_000_000):
                end = chunk.rfind(b"\n")
                since = since + len(chunk) if end < 0 else len(chunk) - end
                if since > MOST_LINE // 2:
                    break
                room -= len(chunk)
                if room > 0:
                    out.write(chunk)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            since = MOST_LINE
    whole = since <= MOST_LINE // 2
    if whole and room > 0:
        return str(to)
    to.unlink()
    return path if whole else None
