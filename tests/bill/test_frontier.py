"""The frontier: nothing on it is beaten, everything else is, and what has no score has no place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from running import run

import tco
from tco.analysis.frontier import frontier_of, frontier_points
from tco.analysis.results import ModelQuality, OptionResult
from tco.catalog.trust import LEVELS

DAY = "2026-11-29"
ASKED: dict[str, Any] = {"tokens": "50B", "as_of": DAY}


@pytest.fixture(scope="module")
def made() -> Any:
    return tco.compare(**ASKED, frontier=True)


def test_each_point_costs_more_and_is_better(made: Any) -> None:
    usd = [p.monthly_usd for p in made.points]
    score = [p.quality.value for p in made.points]
    assert usd == sorted(set(usd)) and score == sorted(set(score))
    first, *others = made.points
    assert first.more_usd is None and first.usd_per_point is None and first.apart is None
    for last, point in zip(made.points, others, strict=False):
        more = point.monthly_usd - last.monthly_usd
        assert point.more_usd == pytest.approx(more, rel=1e-12)
        points = point.quality.value - last.quality.value
        assert point.usd_per_point == pytest.approx(more / points, rel=1e-12)
        assert point.apart == (point.quality.low > last.quality.high)


def test_whatever_is_beaten_says_by_what(made: Any) -> None:
    by = {p.option: p for p in made.points}
    assert made.dominated
    for row in made.dominated:
        winner = by[row.by]
        assert winner.monthly_usd <= row.monthly_usd and winner.quality.value >= row.quality.value


def test_all_sure_options_have_their_place_or_none(made: Any) -> None:
    whole = tco.compare(**ASKED)
    least = LEVELS.index(made.min_trust)
    ways = {
        (o.model, o.tier)
        for o in whole.options
        if o.feasible and o.quality and LEVELS.index(o.trust) >= least
    }
    placed = [*made.points, *made.dominated]
    assert {(o.model, o.tier) for o in placed} == ways and len(placed) == len(ways)
    bills = {o.id: o.monthly_usd for o in whole.options}
    assert all(bills[o.option] == o.monthly_usd for o in placed)
    scored = {o.id for o in whole.options if o.quality}
    assert made.unscored and not scored & set(made.unscored)


def test_what_is_not_sure_enough_is_told_and_has_no_place(made: Any) -> None:
    rows = {o.id: o for o in tco.compare(**ASKED).options}
    assert made.cheaper_but_unsure
    placed = {o.option for o in (*made.points, *made.dominated)}
    for name in made.cheaper_but_unsure:
        row = rows[name]
        assert row.trust == "low" and name not in placed
        as_good = [p for p in made.points if p.quality.value >= row.quality.value]
        assert not as_good or row.monthly_usd < as_good[0].monthly_usd
    trusting = tco.compare(**ASKED, frontier=True, min_trust="low")
    assert not trusting.cheaper_but_unsure


def test_the_effort_of_a_score_is_told_in_its_row(made: Any) -> None:
    text = run("compare", "--tokens", "50B", "--as-of", DAY, "--frontier").stdout
    efforts = {p.model: p.quality.effort for p in made.points if p.quality.effort}
    assert efforts
    for line in text.splitlines():
        for model, effort in efforts.items():
            if f" {model} at " in line and line.startswith(("small", "mid", "flagship")):
                assert f" {effort}*" in line
    assert "its tokens are not billed" in text


@pytest.mark.parametrize(
    "said",
    [
        (),
        ("--tier", "self"),
        ("--as-good-as", "gpt-4.1"),
        ("--tokens", "1B", "--license", "permissive"),
        ("--slo", "ttft=1s"),
    ],
    ids=" ".join,
)
def test_the_screen_is_one_screen(said: tuple[str, ...]) -> None:
    volume = () if "--tokens" in said else ("--tokens", "50B")
    done = run("compare", "--frontier", *volume, "--as-of", DAY, *said)
    assert done.exit_code == 0, done.output
    lines = (done.stdout + done.stderr).splitlines()
    assert sum(max(-(-len(line) // 80), 1) for line in lines) <= 24, done.output


def test_folded_names_are_all_there_with_notes(made: Any) -> None:
    text = run("compare", "--tokens", "50B", "--as-of", DAY, "--frontier", "--notes").stdout
    flat = " ".join(text.split())
    assert f"Beaten: {len(made.dominated)} options" in flat
    for row in made.dominated:
        assert row.model in flat
    assert "more points" not in flat or made.points[-1].model in flat


def test_a_picture_has_every_point(made: Any) -> None:
    text = run("compare", "--tokens", "50B", "--as-of", DAY, "--frontier", "--plot").stdout
    for letter, point in zip("ABCDEFGHIJKLMNOP", made.points, strict=False):
        assert f"{letter}  {point.model} " in text
    field = text[text.index("USD a month over arena-text") :]
    assert {c for c in "ABCDE" if c in field} == set("ABCDE")


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (("--tokens", "50B", "--model", "gpt-4o"), 4, "nothing that was asked for has a score on"),
        (("--tokens", "50B", "--model", "kimi-k3", "--gpu", "l40s", "--tier", "self"), 4, "kimi"),
    ],
)
def test_bad_input_is_one_line(said: tuple[str, ...], code: int, words: str) -> None:
    done = run("compare", "--frontier", "--as-of", DAY, *said)
    assert done.exit_code == code and words in done.stderr and done.stderr.count("\n") == 1


# Laws, on made-up rows.


def rows_of(drawn: list[tuple[float, float | None, int]]) -> list[OptionResult]:
    from tco.render.jsonio import from_document

    whole = tco.compare(tokens="1B", model="gpt-4.1", as_of=DAY, tier="api").to_dict()
    base = from_document(whole)[0].options[0]
    return [
        replace(
            base,
            id=f"seller/model-{i}",
            model=f"model-{i}",
            monthly_usd=usd,
            trust=LEVELS[trust],
            quality=None if score is None else quality(score),
        )
        for i, (usd, score, trust) in enumerate(drawn)
    ]


def quality(score: float) -> ModelQuality:
    return ModelQuality(
        benchmark="b", value=score, low=score - 3, high=score + 3, date=None, source="s"
    )


drawn = st.lists(
    st.tuples(
        st.floats(1.0, 1e6),
        st.one_of(st.none(), st.floats(1000.0, 1500.0)),
        st.integers(0, 2),
    ),
    max_size=12,
)


@given(drawn=drawn, least=st.integers(0, 2))
def test_laws_of_a_frontier(drawn: list[tuple[float, float | None, int]], least: int) -> None:
    rows = rows_of(drawn)
    points, beaten, *_ = frontier_of(rows, (), least)
    enough = min(least, max((LEVELS.index(r.trust) for r in rows), default=0))
    sure = [r for r in rows if r.quality and LEVELS.index(r.trust) >= enough]
    assert {r.id for r in points} | {r.id for r, _ in beaten} == {r.id for r in sure}

    def beats(a: OptionResult, b: OptionResult) -> bool:
        assert a.quality and b.quality and a.monthly_usd is not None and b.monthly_usd is not None
        no_worse = a.quality.value >= b.quality.value and a.monthly_usd <= b.monthly_usd
        better = a.quality.value > b.quality.value or a.monthly_usd < b.monthly_usd
        return no_worse and better

    for point in points:
        assert not any(beats(other, point) for other in sure)
    for row, by in beaten:
        assert beats(by, row) or (by.quality, by.monthly_usd) == (row.quality, row.monthly_usd)
    spent = sum(p.more_usd or 0.0 for p in frontier_points(points))
    if points:
        ends = (points[-1].monthly_usd or 0.0) - (points[0].monthly_usd or 0.0)
        assert spent == pytest.approx(ends)


def test_the_maker_is_named_where_sellers_ask_the_same(made: Any) -> None:
    luna = next(p for p in made.points if p.model == "gpt-6-luna")
    assert luna.option == "openai/gpt-6-luna"
