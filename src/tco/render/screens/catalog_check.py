"""The screen of `tco catalog check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tco.catalog.check.finding import CheckReport, Finding
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Sheet, Tone, View

SHOWN = 5  # warnings and notes of one rule, unless everything is asked for
TONES: dict[str, Tone] = {"error": "bold", "warning": "warn", "note": "dim"}


def everything(result: CheckReport) -> Sheet:
    """Return all findings."""
    return Sheet(
        rows=result.findings,
        columns=(
            Column(key="file", head="file", get=lambda f: f.file),
            Column(key="line", head="line", get=lambda f: f.line, right=True),
            Column(key="severity", head="severity", get=lambda f: f.severity),
            Column(key="rule", head="rule", get=lambda f: f.rule),
            Column(key="name", head="name", get=lambda f: f.name),
            Column(key="where", head="where", get=lambda f: f.where, wraps=True),
            Column(key="message", head="message", get=lambda f: f.message, wraps=True),
            Column(key="advice", head="what to do", get=lambda f: f.advice, wraps=True),
        ),
        usual=("file", "line", "severity", "rule", "where", "message"),
        keys={},
    )


def sheet(result: CheckReport, view: View) -> Sheet:
    """Return what a table shows: all errors, and the first of each other rule."""
    return everything(result)


def blocks(result: CheckReport, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the findings line by line, what to do about each rule, and the count."""
    rows: Sequence[Finding] = sheet.rows
    shown, left = _first(rows, everything=view.top is not None)
    for found in shown[: view.top]:
        yield Paragraph(text=_line(found), tone=TONES[found.severity], hanging=2, bullet=True)
    for rule, count in left.items():
        text = f"and {count} more of {rule} (--all lists them)"
        yield Paragraph(text=text, tone="dim", bullet=True)
    yield from _advice(shown)
    yield from _waived(result.waived)
    yield Paragraph(text=summary(result), tone="bold")


def _line(found: Finding) -> str:
    where = f"{found.where}: " if found.where else ""
    place = f"{found.file}:{found.line}"
    return f"{place}: {found.severity} {found.rule} {found.name}: {where}{found.message}"


def _first(rows: Sequence[Finding], *, everything: bool) -> tuple[list[Finding], dict[str, int]]:
    """Return what to list, and how many more there are by rule."""
    seen: Counter[str] = Counter()
    shown, left = [], Counter[str]()
    for found in rows:
        seen[found.rule] += 1
        if everything or found.severity == "error" or seen[found.rule] <= SHOWN:
            shown.append(found)
        else:
            left[f"{found.rule} {found.name}"] += 1
    return shown, dict(left)


def _advice(shown: Sequence[Finding]) -> Iterator[Block]:
    if not shown:
        return
    yield Paragraph(text="What to do", tone="bold")
    for rule, advice in {f"{f.rule} {f.name}": f.advice for f in shown}.items():
        yield Paragraph(text=f"{rule}: {advice}", hanging=2, bullet=True)


def _waived(waived: Sequence[Finding]) -> Iterator[Block]:
    """Return what the data excuses, counted by rule and reason."""
    if not waived:
        return
    yield Paragraph(text="Waived in the data", tone="bold")
    reasons = Counter((f.rule, f.name, f.waived_because or "") for f in waived)
    for (rule, name, because), count in reasons.items():
        yield Paragraph(text=f"{count} of {rule} {name}: {because}", hanging=2, bullet=True)


def summary(result: CheckReport) -> str:
    """Return how many findings there are, in one line."""
    counts = result.counts
    words = [_counted(counts[s], s) for s in ("error", "warning", "note")]
    waived = f" ({counts['waived']} waived)" if counts["waived"] else ""
    files = _counted(len(result.files), "file")
    records = f"{result.records:,} records"
    verdict = "passed" if result.passed else "failed"
    return f"{verdict}: {', '.join(words)}{waived} in {records} of {files}, as of {result.as_of}"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


SCREEN = Screen(rows=("findings",), everything=everything, sheet=sheet, blocks=blocks)
