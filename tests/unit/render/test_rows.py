"""Rows, columns, order, CSV and JSON."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import pytest

from tco.errors import UsageError
from tco.render.jsonio import document, json_text, projected
from tco.render.plain import csv_text
from tco.render.words import Sheet, View, column, number


@dataclass(frozen=True)
class Thing:
    id: str
    usd: float | None


@dataclass(frozen=True)
class Answer:
    schema: str
    things: tuple[Thing, ...]


THINGS = (Thing("b", 2.0), Thing("a", None), Thing("c", 1 / 3))
SHEET = Sheet(
    rows=THINGS,
    columns=(
        column("id", "thing"),
        number("usd", "$", lambda v: f"{v:.2f}"),
        number("double", "$$", get=lambda t: t.usd and t.usd * 2),
    ),
    usual=("id", "usd"),
    keys={"cost": "usd"},
)


def test_missing_sorts_last_and_shows_a_dash() -> None:
    arranged = SHEET.arranged("cost", None)
    assert [t.id for t in arranged.rows] == ["c", "b", "a"]
    assert [t.id for t in SHEET.arranged("id", 2).rows] == ["a", "b"]
    assert SHEET.column("usd").text(THINGS[1]) == "–"
    assert SHEET.column("usd").text(THINGS[2]) == "0.33"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (lambda: SHEET.arranged("price", None), "--sort: no order 'price'"),
        (lambda: SHEET.pick(["idd"]), "there are id, usd, double"),
    ],
)
def test_unknown_word(what: Any, words: str) -> None:
    with pytest.raises(UsageError) as error:
        what()
    assert words in str(error.value)


def test_csv_is_not_rounded_and_starts_no_formula() -> None:
    sheet = Sheet(
        rows=(Thing("=1+1", 1 / 3), Thing("a,b", None)),
        columns=SHEET.columns[:2],
        usual=(),
        keys={},
    )
    text = csv_text(sheet, sheet.columns)
    assert text == f'id,usd\n\'=1+1,{1 / 3!r}\n"a,b",\n'


def test_json_keeps_the_order_and_has_no_nan() -> None:
    answer = Answer("x/1", (Thing("a", float("nan")), Thing("b", float("inf"))))
    whole = document(answer)
    assert list(whole) == ["schema", "things"]
    assert [t["usd"] for t in whole["things"]] == [None, None]
    assert json.loads(json_text(whole)) == whole


def test_projection() -> None:
    answer = Answer("x/1", THINGS)
    view = View(fields=("double", "id"))
    whole = projected(answer, SHEET.arranged("cost", 1), view, ("things",))
    assert whole == {"schema": "x/1", "things": [{"double": 2 / 3, "id": "c"}]}
    with pytest.raises(UsageError, match="no field 'no'"):
        projected(answer, SHEET, View(fields=("no",)), ("things",))


def test_a_column_reads_a_place_inside_a_row() -> None:
    @dataclass(frozen=True)
    class Outer:
        inner: Thing | None
        band: tuple[float, float] | None
        by: dict[str, float] | None

    full, empty = Outer(Thing("a", 2.0), (1.0, 3.0), {"p50": 7.0}), Outer(None, None, None)
    for of, value in (("inner.usd", 2.0), ("band.1", 3.0), ("by.p50", 7.0)):
        one = number("x", "x", of=of)
        assert (one.get(full), one.get(empty), one.right) == (value, None, True)
    assert column("key", "x", of="by.p99").get(full) is None


class Month(IntEnum):
    """A number with a name."""

    MAY = 5


class Pair(NamedTuple):
    """A list by another name."""

    one: Any
    other: Any


STRANGE = {
    "text": 'ä – "quoted"\n\\ \u2028',
    "empty": [{}, [], ""],
    "numbers": [0, -1, 10**20, 0.0, -0.0, 1e-300, 1.5e300, 0.1, True, False, None],
    "": ({"deep": [[1.0], {"deeper": ({},)}]},),
    "keys": {1: {None: 1, True: [2]}, 1.5: {}, Month.MAY: Month.MAY},
    "derived": [OrderedDict(a=OrderedDict(), b=[OrderedDict(c=1)]), Pair(1, [Pair(2, {})])],
    "others": [np.float64(1.5), Month.MAY],
}


def test_json_is_indented_as_by_python() -> None:
    for value in (STRANGE, [STRANGE], {}, [], 1.5, None, "a"):
        assert json_text(value) == json.dumps(value, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("value", [np.int64(1), {1}, {(1, 2): 3}, b"x"])
def test_json_has_no_text_for_what_python_has_none(value: Any) -> None:
    with pytest.raises(TypeError) as by_python:
        json.dumps(value, indent=2)
    with pytest.raises(TypeError) as found:
        json_text([value])
    assert str(found.value) == str(by_python.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_has_no_number_that_is_none(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_text({"options": [{"usd": value}]})
