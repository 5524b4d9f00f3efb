"""The screens of `tco catalog check` and `verify`: findings, rules, who differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tco.catalog.check.finding import CheckReport, Finding
from tco.catalog.check.run import RuleList
from tco.catalog.verify import PriceComparison, VerifyReport
from tco.render import words
from tco.render.output import Screen
from tco.render.words import Block, Paragraph, Sheet, Tone, View, column, number
from tco.units import show_share

# The screen of `tco catalog check`.

SHOWN = 5  # warnings and notes of one rule, unless everything is asked for
TONES: dict[str, Tone] = {"error": "bold", "warning": "warn", "note": "dim"}


def _check_blocks(result: CheckReport, sheet: Sheet, view: View) -> Iterator[Block]:
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


CHECK = Screen(
    rows=("findings",),
    everything=Sheet(
        columns=(
            column("file", "file"),
            number("line", "line"),
            *words.plain("severity", "rule", "name"),
            column("where", "where", wraps=True),
            column("message", "message", wraps=True),
            column("advice", "what to do", wraps=True),
        ),
        usual=("file", "line", "severity", "rule", "where", "message"),
    ),
    blocks=_check_blocks,
)


# The screen of `tco catalog check --rules`.


def _rules_blocks(result: RuleList, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return a paragraph for each rule."""
    for rule in sheet.rows:
        text = f"{rule.id} {rule.name} ({rule.severity}): {rule.title} Else: {rule.advice}."
        yield Paragraph(text=text, hanging=2, bullet=True)


RULES = Screen(
    rows=("rules",),
    everything=Sheet(
        columns=(
            *words.plain("id", "name", "severity"),
            column("title", "what must hold", wraps=True),
            column("advice", "what to do", wraps=True),
        ),
        usual=("id", "name", "severity", "title"),
    ),
    blocks=_rules_blocks,
)


# The screen of `tco catalog verify`.


def _verify_blocks(result: VerifyReport, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return agreement by list and provider, each disagreement, and the verdict."""
    yield words.table(_LISTS, result.lists, "Held against")
    disagreeing = {one.provider for one in result.disagreements}
    rows = [a for a in result.agreement if view.top is not None or a.provider in disagreeing]
    if rows:
        yield words.table(_PROVIDERS, rows, "Agreement by provider, where it is not whole")
    columns = sheet.pick(view.fields or sheet.usual)
    if sheet.rows:
        yield words.table(columns, sheet.rows[: view.top], "Disagreements, $/Mtok", _note)
    yield Paragraph(text=verdict(result), tone="bold")


def verdict(result: VerifyReport) -> str:
    """Return the answer in one sentence."""
    share = result.strict_disagreement
    if share is None:
        return f"No offer of {result.as_of} is in any of the lists beyond doubt."
    unsettled = f"{result.unsettled} of them not settled in the data"
    settled = "all settled in the data" if not result.unsettled else unsettled
    count = len(result.disagreements)
    return (
        f"On {result.as_of} some list disagrees about {result.strict_disagreeing} of "
        f"{result.strict_compared} offers matched strictly ({show_share(share)}); "
        f"{count} disagreement{'' if count == 1 else 's'} in all, {settled}; "
        f"{len(result.unmatched)} offers are in no list."
    )


def _note(one: PriceComparison) -> str:
    return f"{one.key}: {one.culprit}; {one.settled or 'not settled in the data'}"


_LISTS = (
    column("against", "list"),
    column("edition", "edition"),
    number("rows", "rows"),
    number("compared", "offers"),
    number("disagreeing", "differ"),
    number("strict_compared", "strict"),
    number("strict_disagreeing", "differ"),
    number("strict_disagreement", "share", show_share),
)
_PROVIDERS = (
    column("provider", "provider"),
    column("against", "list"),
    number("compared", "offers"),
    number("agreeing", "agree"),
    number("strict_compared", "strict"),
    number("strict_agreeing", "agree"),
)


VERIFY = Screen(
    rows=("disagreements",),
    everything=Sheet(
        columns=(
            column("offer", "offer", wraps=True),
            column("against", "list"),
            column("key", "row", wraps=True),
            column("strict", "strict", words.yes),
            number("ours_input", "ours in", words.price),
            number("ours_output", "out", words.price),
            number("theirs_input", "theirs in", words.price),
            number("theirs_output", "out", words.price),
            column("culprit", "likely", wraps=True),
            column("settled", "settled", get=lambda c: c.settled or None, wraps=True),
        ),
        usual=("offer", "against", "ours_input", "ours_output", "theirs_input", "theirs_output"),
    ),
    blocks=_verify_blocks,
)
