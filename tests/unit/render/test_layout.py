"""Where characters go: nothing is lost, nothing is too wide, colour changes nothing."""

from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.render.output import coloured, lines, shell_lines, text, wrapped
from tco.render.plain import markdown
from tco.render.words import Column, Paragraph, Row, Table

NAME = Column(key="id", head="option", get=str, wraps=True)
COST = Column(key="usd", head="$/month", get=str, right=True)

ids = st.from_regex(
    r"[a-z0-9]{1,12}(/[a-z0-9.-]{1,20}){1,2}(@[0-9]x[a-z0-9-]{2,9}:fp8)?", fullmatch=True
)
prose = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200)


@given(ids, st.integers(24, 80))
def test_an_id_is_never_cut(name: str, width: int) -> None:
    parts = wrapped(name, width)
    assert parts[0] + "".join(part.removeprefix("  ") for part in parts[1:]) == name


@given(prose, st.integers(24, 80))
def test_wrapping_loses_nothing(words: str, width: int) -> None:
    assert "".join("".join(wrapped(words, width)).split()) == "".join(words.split())


@given(
    st.lists(st.tuples(ids, st.integers(0, 10**9)), min_size=1, max_size=5), st.integers(60, 120)
)
def test_tables_keep_to_the_width(cells: list[tuple[str, int]], width: int) -> None:
    rows = tuple(Row(cells=(name, f"{usd:,}"), note="a note") for name, usd in cells)
    table = Table(columns=(NAME, COST), rows=rows, title="Costs")
    for line in text([table], width).splitlines():
        assert len(line) <= width
        assert line == line.rstrip()


@given(prose, st.sampled_from(["", "bold", "dim", "good", "warn"]))
def test_colour_changes_nothing(words: str, tone: str) -> None:
    blocks = [Paragraph(text=words, tone=tone)]
    shown = coloured(blocks, 70)
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == text(blocks, 70)


def test_blocks_are_set_apart_and_bullets_are_not() -> None:
    blocks = [Paragraph(text="a"), Paragraph(text="b", bullet=True), Paragraph(text="c")]
    assert text(blocks) == "a\nb\n\nc\n"
    assert markdown(blocks) == "a\n\n- b\n\nc\n"


def test_text_is_not_markup() -> None:
    blocks = [Paragraph(text="[red]1x[/red] :smile: https://x.example", tone="bold")]
    shown = coloured(blocks)
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == "[red]1x[/red] :smile: https://x.example\n"


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("a|b", "a\\|b"),
        ("on_demand", "on_demand"),
        ("_x_ *y* `z`", "\\_x\\_ \\*y\\* \\`z\\`"),
        ("<b>[1]", "\\<b>\\[1]"),
    ],
)
def test_markdown_shows_what_it_is_given(given_: str, shown: str) -> None:
    assert markdown([Paragraph(text=given_)]) == f"{shown}\n"


def test_widths_are_counted_in_the_head_too() -> None:
    table = Table(columns=(NAME, COST), rows=(Row(cells=("a", "1")),))
    assert [line[0][0] for line in lines([table], 80)] == ["option  $/month", "a             1"]


shell_words = st.lists(
    st.text("abc-=/@:.0123456789 '", min_size=1, max_size=20), min_size=1, max_size=12
)


@given(shell_words, st.integers(40, 120))
def test_a_command_in_several_lines_is_the_same_to_a_shell(words: list[str], width: int) -> None:
    command = shlex.join(["tco", *words])
    made = shell_lines(command, width)
    as_read = "\n".join(made).replace("\\\n", "")  # which a shell takes for nothing
    assert shlex.split(as_read) == shlex.split(command)
    longest = max(len(shlex.quote(word)) for word in words)
    if 2 * longest + 5 <= width:
        assert all(len(line) <= width for line in made)


@given(st.integers(2, 12), st.integers(60, 120))
def test_a_table_that_is_too_wide_becomes_several(count: int, width: int) -> None:
    columns = (NAME, *(COST._replace(key=f"c{i}", head=f"c{i}") for i in range(count)))
    row = Row(cells=("a/b", *(f"{10**9 + i}" for i in range(count))), note="a note")
    shown = text([Table(columns=columns, rows=(row,))], width)
    assert all(len(line) <= width for line in shown.splitlines())
    assert all(cell in shown for cell in row.cells)
    assert shown.count("a note") == 1
