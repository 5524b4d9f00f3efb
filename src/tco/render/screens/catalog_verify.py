"""The screen of `tco catalog verify`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tco.catalog.verify import Agreement, Compared, ListUsed, VerifyReport
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View
from tco.show import show_share


def everything(result: VerifyReport) -> Sheet:
    """Return all disagreements."""
    return Sheet(
        rows=result.disagreements,
        columns=(
            Column(key="offer", head="offer", get=lambda c: c.offer, wraps=True),
            Column(key="against", head="list", get=lambda c: c.against),
            Column(key="key", head="row", get=lambda c: c.key, wraps=True),
            Column(key="strict", head="strict", get=lambda c: c.strict, show=_yes),
            _price("ours_input", "ours in"),
            _price("ours_output", "out"),
            _price("theirs_input", "theirs in"),
            _price("theirs_output", "out"),
            Column(key="culprit", head="likely", get=lambda c: c.culprit, wraps=True),
            Column(key="settled", head="settled", get=lambda c: c.settled or None, wraps=True),
        ),
        usual=("offer", "against", "ours_input", "ours_output", "theirs_input", "theirs_output"),
        keys={},
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _price(key: str, head: str) -> Column:
    return Column(key=key, head=head, get=lambda c: getattr(c, key), show=words.price, right=True)


def sheet(result: VerifyReport, view: View) -> Sheet:
    """Return all disagreements."""
    return everything(result)


def blocks(result: VerifyReport, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return agreement by list and provider, each disagreement, and the verdict."""
    yield _table(result.lists, _LISTS, "Held against")
    disagreeing = {one.provider for one in result.disagreements}
    rows = [a for a in result.agreement if view.top is not None or a.provider in disagreeing]
    if rows:
        yield _table(rows, _PROVIDERS, "Agreement by provider, where it is not whole")
    columns = sheet.pick(view.fields or sheet.usual)
    if sheet.rows:
        made = [_row(one, columns) for one in sheet.rows[: view.top]]
        yield Table(columns=columns, rows=tuple(made), title="Disagreements, $/Mtok")
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


def _row(one: Compared, columns: Sequence[Column]) -> Row:
    settled = one.settled or "not settled in the data"
    note = f"{one.key}: {one.culprit}; {settled}"
    return Row(cells=tuple(c.text(one) for c in columns), note=note, tone="")


def _col(key: str, head: str, show: Callable[[Any], str] = str, *, right: bool = True) -> Column:
    return Column(key=key, head=head, get=lambda r: getattr(r, key), show=show, right=right)


_LISTS = (
    _col("against", "list", right=False),
    _col("edition", "edition", right=False),
    _col("rows", "rows"),
    _col("compared", "offers"),
    _col("disagreeing", "differ"),
    _col("strict_compared", "strict"),
    _col("strict_disagreeing", "differ"),
    _col("strict_disagreement", "share", show_share),
)
_PROVIDERS = (
    _col("provider", "provider", right=False),
    _col("against", "list", right=False),
    _col("compared", "offers"),
    _col("agreeing", "agree"),
    _col("strict_compared", "strict"),
    _col("strict_agreeing", "agree"),
)


def _table(rows: Sequence[ListUsed | Agreement], columns: tuple[Column, ...], title: str) -> Table:
    made = tuple(Row(cells=tuple(c.text(row) for c in columns)) for row in rows)
    return Table(columns=columns, rows=made, title=title)


SCREEN = Screen(rows=("disagreements",), everything=everything, sheet=sheet, blocks=blocks)
