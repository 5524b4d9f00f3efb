"""Of more options than 200 all but the cheapest have key figures alone, in every format."""

import io
import json
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from tco.analysis.compare import MOST_WHOLE, candidates, compare
from tco.analysis.results import CompareResult
from tco.catalog.files import File
from tco.engine.replica import best_replica
from tco.errors import UsageError
from tco.options import sessions
from tco.options.bills import SelfOption, shapes_of
from tco.options.candidates import own_setups
from tco.options.selection import select
from tco.options.settings import FACTOR, target
from tco.options.setups import SetUps, size_together, sized
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
        assert row.trust_reasons == full.trust_reasons
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


def test_a_price_that_is_not_sure_has_its_reason_beyond_the_cheapest_too(asked: Asked) -> None:
    """More than 200 set-ups of other models cost less than the short list's answer."""
    which = {"tokens": 200e9, "tiers": ("self",), "settings": {"serving.max_tpot_s": 0.02}}
    found = compare(asked(**which, all_setups=True))
    of = {row.id: row for row in found.options}
    unsure = [of[name] for name in found.cheaper_but_unsure]
    assert unsure and all(row.trust_reasons for row in unsure)
    assert any(row.brief for row in unsure)


def test_replicas_sized_together_are_those_sized_alone(asked: Asked) -> None:
    question = asked(tokens=50e9, tiers=("self",), gpus=("h100-sxm", "a30"))
    found, _ = candidates(question, select(question.catalog, question.request))
    own = [option for option, _ in found if isinstance(option, SelfOption)]
    wanted = []
    for option in own:
        for speed in (1.0, *option.band):
            at = question.settings.with_values({FACTOR: speed})
            shapes = shapes_of(option, at)
            assert shapes is not None
            wanted.append((*shapes, target(at), option.speed_factors))
    size_together(wanted)
    assert any(one[-1] for one in wanted) and not all(one[-1] for one in wanted)
    for one in wanted:
        alone, together = best_replica(*one), sized(one)
        for field in fields(alone):
            want = float(np.asarray(getattr(alone, field.name)))
            got = float(np.asarray(getattr(together, field.name)))
            assert got == pytest.approx(want, rel=1e-14, nan_ok=True), field.name


def test_sessions_kept_together_are_those_kept_alone(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    which = {"developers": 300.0, "gpus": ("h200-sxm", "b200-sxm")}
    question = asked(**which, tiers=("self",), all_setups=True)
    monkeypatch.setattr(sessions, "_KEPT", {})
    together = compare(question)
    found = len(sessions._KEPT)
    monkeypatch.setattr(sessions, "keep_together", lambda wanted: None)
    monkeypatch.setattr(sessions, "_KEPT", {})
    alone = compare(question)
    assert found > 20 and len({row.band_usd for row in together.options}) > 20
    for one, other in zip(together.options, alone.options, strict=True):
        assert (one.id, one.replica) == (other.id, other.replica)
        ends = [[end or 0.0 for end in row.band_usd or ()] for row in (one, other)]
        assert ends[0] == pytest.approx(ends[1], rel=1e-12), one.id


def test_set_ups_are_searched_once_for_questions_that_differ_in_bills_alone(asked: Asked) -> None:
    which = {"tokens": 20e9, "models": ("mistral-7b",), "tiers": ("self",), "gpus": ("l4", "a30")}
    question = asked(**which)
    question = replace(question, catalog=replace(question.catalog))  # nothing is known of it yet
    wanted = select(question.catalog, question.request)

    def found(**values: float) -> SetUps:
        settings = question.settings.with_values(
            {n.replace("__", "."): v for n, v in values.items()}
        )
        return own_setups(replace(question, settings=settings), wanted)

    first = found()
    assert found(rent__factor=1.2, serving__headroom=0.5).replica is first.replica
    for path, value in {"workload__isl": 900.0, "serving__kv_bytes": 1.0}.items():
        other = found(**{path: value}).replica
        assert not np.array_equal(other.memory_slots, first.replica.memory_slots), path
    again = found(rent__factor=1.2)
    assert again.replica is first.replica
    assert float(np.asarray(again.inputs.settings.value("rent.factor"))) == 1.2


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
