"""Of more options than 200 all but the cheapest have key figures alone, in every format."""

import io
import json
from dataclasses import replace
from itertools import pairwise

import pytest

from tco.analysis.compare import MOST_WHOLE, compare
from tco.analysis.results import CompareResult
from tco.catalog.files import File
from tco.errors import UsageError
from tco.render.jsonio import read_result
from tco.render.output import rendered
from tco.render.words import View

from ..conftest import Asked

WHICH = {"tokens": 50e9, "gpus": ("a30", "l4"), "all_setups": True}


@pytest.fixture(scope="module")
def pair(asked: Asked) -> tuple[CompareResult, CompareResult]:
    """Return the same answer short, and with every bill whole."""
    return compare(asked(**WHICH)), compare(asked(**WHICH, all_lines=True))


def test_key_figures_are_those_of_the_whole_bills(
    pair: tuple[CompareResult, CompareResult],
) -> None:
    short, whole = pair
    of = {row.id: row for row in whole.options}
    brief = [row for row in short.options if row.brief]
    assert len(of) == len(short.options) > MOST_WHOLE and len(brief) > 100
    assert not any(row.brief for row in whole.options)
    for row in short.options:
        full = of[row.id]
        assert (row.feasible, row.tier, row.model) == (full.feasible, full.tier, full.model)
        assert (row.provider, row.gpus, row.trust) == (full.provider, full.gpus, full.trust)
        assert (row.monthly_usd or 0) == pytest.approx(full.monthly_usd or 0, rel=1e-12)
        assert row.brief or row == replace(full, lines=())
    served = [row.monthly_usd for row in short.options if row.monthly_usd is not None]
    assert all(one <= other for one, other in pairwise(served))


def test_the_answer_and_its_words_are_the_same(pair: tuple[CompareResult, CompareResult]) -> None:
    short, whole = pair
    assert (short.best, short.verdict) == (whole.best, whole.verdict)
    assert next(row for row in short.options if row.id == short.best).breakdown is not None
    assert any("--lines" in text for text in short.warnings)
    assert not any("--lines" in text for text in whole.warnings)


def test_lines_are_left_out_and_the_answer_comes_back(
    pair: tuple[CompareResult, CompareResult],
) -> None:
    short, whole = pair
    text = rendered(short, "json", View())
    rows = json.loads(text)["options"]
    assert not any(row.get("lines") for row in rows)
    assert [row["id"] for row in rows] == [row.id for row in short.options]
    assert len(text) < len(rendered(whole, "json", View())) / 5
    back = read_result(File("saved.json", text.encode()))[0]
    assert len(back.options) == len(short.options) and back.verdict == short.verdict
    assert rendered(back, "json", View()) == text


def test_a_table_of_all_is_one_row_each(pair: tuple[CompareResult, CompareResult]) -> None:
    short, _ = pair
    text = rendered(short, "csv", View())
    served = sum(1 for _ in io.StringIO(text)) - 1
    assert served == len(short.options)


def test_a_charge_without_lines_is_refused(pair: tuple[CompareResult, CompareResult]) -> None:
    short, whole = pair
    with pytest.raises(UsageError, match="--lines"):
        rendered(short, "focus", View())
    assert rendered(whole, "focus", View()).count("\n") > len(whole.shown)
