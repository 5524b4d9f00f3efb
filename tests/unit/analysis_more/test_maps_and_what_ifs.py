"""Maps say of every cell what its bills say; what-ifs mean what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tco.analysis.vary.over import GRID, winner_map
from tco.analysis.vary.variables import chosen
from tco.analysis.vary.whatif import what_if, what_ifs
from tco.engine.ledger import total_usd
from tco.errors import UsageError
from tco.options.bills import lines
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.settings import TOKENS
from tco.ranges import span

Asked = Callable[..., Question]
THREE = ("gpt-4.1", "gemini-3.8-flash", "self/llama-3.3-70b")


def usd(option, settings) -> float:  # type: ignore[no-untyped-def]
    return float(np.asarray(total_usd(lines(option, settings))))


def test_cells_are_what_the_bills_say(asked: Asked) -> None:
    inputs = asked(tokens=20e9)
    found = winner_map(inputs, THREE, ("volume", "peak"))
    wide, tall = len(found.x.values), len(found.y.values)
    assert len(found.cells) == wide * tall == 25 * 13
    volumes = np.append(np.array(found.x.values), 20e9)
    options = [resolve(name, inputs, at=volumes).options for name in THREE]
    for cell in found.cells[::17]:
        settings = inputs.settings.with_values({TOKENS: cell.x, "workload.peak_to_mean": cell.y})
        bills = sorted(min((usd(o, settings), o.id) for o in each) for each in options)
        assert (cell.usd, cell.winner) == (pytest.approx(bills[0][0]), bills[0][1])
        assert cell.margin_usd == pytest.approx(bills[1][0] - bills[0][0])
    winners = np.array([c.mark for c in found.cells]).reshape(tall, wide)
    flips = np.array([c.flips for c in found.cells]).reshape(tall, wide)
    assert np.array_equal(
        flips[1:, 1:], (winners[1:, 1:] != winners[1:, :-1]) | (winners[1:, 1:] != winners[:-1, 1:])
    )
    assert sum(o.cells for o in found.options) == len(found.cells)
    assert sum(c.now for c in found.cells) == 1


def test_given_values_and_a_grid(asked: Asked) -> None:
    found = winner_map(
        asked(tokens=20e9),
        THREE[::2],
        ("rent", "engineers"),
        (span("1..3:3"), span("0.5..2:4")),
        GRID,
    )
    assert found.x.values == (1.0, 2.0, 3.0)
    assert found.x.unit == "USD/GPU-hour"
    assert [c.y for c in found.cells[::3]] == [0.5, 1.0, 1.5, 2.0]


def test_a_map_over_volume_needs_no_volume(asked: Asked) -> None:
    found = winner_map(asked(), THREE, ("volume", "rent"))
    assert found.x.now is None
    assert not any(c.now for c in found.cells)


def test_a_map_over_volume_has_the_best_set_ups_of_its_ends(asked: Asked) -> None:
    inputs = asked(tokens=50e9, models=("llama-3.3-70b",))
    found = winner_map(inputs, (), ("volume", "rent"), (span("100M..10T:log9"), None))
    assert len([o for o in found.options if o.tier == "self"]) > 1


@pytest.mark.parametrize(
    ("axes", "spans", "why"),
    [
        (("rent", "rent"), (None, None), "two different"),
        (("engineers", "people.floor_fte"), (None, None), "both change people.floor_fte"),
        (("horizon", "rent"), (None, None), "does not enter"),
        (("rent", "peak"), (span("0..9:9999"), span("1..9:9999")), "too large"),
        (("cached", "peak"), (span("0..2:3"), None), "goes beyond"),
    ],
)
def test_maps_that_cannot_be(asked: Asked, axes, spans, why: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match=why):
        winner_map(asked(tokens=20e9), THREE, axes, spans)


def test_the_usual_options_are_the_short_list(asked: Asked) -> None:
    inputs = asked(tokens=50e9)
    picked = chosen(inputs, ())
    bills = [usd(o, inputs.settings) for o in picked.options]
    assert bills == sorted(bills)
    assert len(bills) == 10
    assert {o.model for o in picked.options} <= set(inputs.catalog.assumptions.short_list)


@pytest.mark.parametrize(
    ("text", "paths", "factor", "months"),
    [
        ("api price x3", ["price.api_factor"], 3.0, None),
        ("GPU rent +30%", ["rent.factor"], 1.3, None),
        ("prices -25%", ["price.api_factor", "price.hosted_factor"], 0.75, None),
        ("price cut in half in 12 months", ["price.api_factor", "price.hosted_factor"], 0.5, 12.0),
        ("salaries doubled in 2 years", ["people.salary_usd_per_year"], 2.0, 24.0),
        ("rent cut by 10%", ["rent.factor"], 0.9, None),
        ("serving.headroom x 0.9", ["serving.headroom"], 0.9, None),
    ],
)
def test_grammar(asked: Asked, text, paths, factor, months) -> None:  # type: ignore[no-untyped-def]
    said, changes = what_if(text, asked(tokens=1e9).settings)
    assert said.months == months
    assert said.name == " ".join(text.lower().split())
    ((found, goal_of),) = changes
    assert (list(found), goal_of(7.0)) == (paths, pytest.approx(7.0 * factor))


def test_several_changes_under_a_name(asked: Asked) -> None:
    said, changes = what_if(
        "Bad times: rent x2, cached to 10%, volume to 5B", asked(tokens=1e9).settings
    )
    assert said.name == "bad times"
    assert [(paths[0], goal_of(0.7)) for paths, goal_of in changes] == [
        ("rent.factor", 1.4),
        ("workload.cached_share", 0.1),
        (TOKENS, 5e9),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x:",
        "api price",
        "api price x",
        "foo x3",
        "rent -120%",
        "price x3 in 0 months",
        "price x3 in a while",
        "cached x9",
        "peak to 0.5",
        "throughput x0",
        "cached to 130%",
    ],
)
def test_what_ifs_that_cannot_be(asked: Asked, text: str) -> None:
    with pytest.raises(UsageError, match="--what-if"):
        what_ifs(asked(tokens=20e9), THREE, [text])


def test_bills_under_what_ifs(asked: Asked) -> None:
    inputs = asked(tokens=20e9)
    found = what_ifs(inputs, THREE[::2], ["api price x3", "price cut in half in 12 months"])
    api, own = resolve(THREE[0], inputs).best, resolve(THREE[2], inputs).best
    rows = {row.id: row for row in found.options}
    half = usd(api, inputs.settings.with_values({"price.api_factor": 0.5}))
    assert rows[api.id].usd == pytest.approx(
        (usd(api, inputs.settings.with_values({"price.api_factor": 3.0})), half)
    )
    months = [
        usd(api, inputs.settings.with_values({"price.api_factor": 0.5 ** (m / 12)}))
        for m in range(1, 13)
    ]
    assert rows[api.id].mean_usd[1] == pytest.approx(np.mean(months))
    assert rows[own.id].usd == pytest.approx((rows[own.id].base_usd,) * 2)
    assert len(found.cheapest) == 3
