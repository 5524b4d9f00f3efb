"""The screen of `tco catalog check --rules`."""

from __future__ import annotations

from collections.abc import Iterator

from tco.catalog.check.entry import RuleList
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Sheet, View


def everything(result: RuleList) -> Sheet:
    """Return all rules."""
    return Sheet(
        rows=result.rules,
        columns=(
            Column(key="id", head="id", get=lambda r: r.id),
            Column(key="name", head="name", get=lambda r: r.name),
            Column(key="severity", head="severity", get=lambda r: r.severity),
            Column(key="title", head="what must hold", get=lambda r: r.title, wraps=True),
            Column(key="advice", head="what to do", get=lambda r: r.advice, wraps=True),
        ),
        usual=("id", "name", "severity", "title"),
        keys={},
    )


def sheet(result: RuleList, view: View) -> Sheet:
    """Return all rules."""
    return everything(result)


def blocks(result: RuleList, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return a paragraph for each rule."""
    for rule in sheet.rows:
        text = f"{rule.id} {rule.name} ({rule.severity}): {rule.title} Else: {rule.advice}."
        yield Paragraph(text=text, hanging=2, bullet=True)


SCREEN = Screen(rows=("rules",), everything=everything, sheet=sheet, blocks=blocks)
