"""How good a model has to be: a score that its interval reaches, another model's, a class."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from running import run

import tco
from tco.catalog.load import Catalog
from tco.catalog.lookup import model_class, quality
from tco.errors import InfeasibleError

DAY = "2026-11-29"
ASKED: dict[str, Any] = {"tokens": "50B", "as_of": DAY}
RIVAL = "gemini-3.8-flash"


def test_as_good_as_lets_through_what_reaches_the_score_within_its_interval(
    catalog: Catalog,
) -> None:
    models = catalog.models.models
    bar = quality(models[RIVAL])
    assert bar is not None
    found = {o.model for o in tco.compare(**ASKED, as_good_as=RIVAL).options}
    reaching = {
        name
        for name, model in models.items()
        if (score := quality(model)) is not None and (score.high or score.value) >= bar.value
    }
    assert RIVAL in found and found <= reaching
    worse = {n for n in found if (s := quality(models[n])) is not None and s.value < bar.value}
    assert worse, "one whose value is below, and whose interval is not"


def test_a_higher_bar_lets_fewer_through() -> None:
    found = [
        {o.id for o in tco.compare(**ASKED, min_score={"arena": least}, tier="api").options}
        for least in (1300, 1400, 1450, 1500)
    ]
    assert all(fewer < more for more, fewer in pairwise(found))


def test_one_bar_said_in_two_ways_is_one() -> None:
    value = quality_of(RIVAL)["value"]
    by_model = tco.compare(**ASKED, as_good_as=RIVAL)
    by_score = tco.compare(**ASKED, min_score={"arena": value})
    assert [o.id for o in by_model.options] == [o.id for o in by_score.options]
    assert by_model.best == by_score.best


def quality_of(model: str) -> dict[str, Any]:
    done = run("compare", "--tokens=1B", f"--model={model}", f"--as-of={DAY}", "--format=json")
    found: dict[str, Any] = json.loads(done.stdout)["options"][0]["quality"]
    return found


def test_both_bars_hold() -> None:
    both = tco.compare(**ASKED, as_good_as=RIVAL, min_score={"arena": 1300})
    alone = tco.compare(**ASKED, as_good_as=RIVAL)
    assert [o.id for o in both.options] == [o.id for o in alone.options]


@pytest.mark.parametrize("kind", ["small", "mid", "flagship"])
def test_a_class_lets_only_its_own_through(kind: str, catalog: Catalog) -> None:
    models = catalog.models
    found = {o.model for o in tco.compare(**ASKED, model_class=kind).options}
    assert found
    assert {model_class(models.models[name], models.classes) for name in found} == {kind}


def test_of_each_model_one_row_a_tier_is_shown() -> None:
    made = tco.compare(**ASKED, model_class="flagship", tier="api")
    shown = [o for o in made.options if o.id in made.shown]
    assert len({o.model for o in shown if o.trust != "low"}) == sum(o.trust != "low" for o in shown)
    assert made.best in made.shown and "Closed, short list" not in made.verdict


def test_a_class_or_all_setups_leave_the_answer_of_the_short_list() -> None:
    """The smallest models cost least and are far from as good: they are named beside the answer."""
    usual = tco.compare(**ASKED)
    for more in ({"model_class": "small"}, {"all": True}):
        made = tco.compare(**ASKED, **more)
        assert (made.best, made.pair) == (usual.best, usual.pair)
        by_id = {o.id: o for o in made.options}
        best = by_id[made.best or ""]
        outside = [o for o in made.options if o.id not in made.shown and o.trust != "low"]
        least = min(outside, key=lambda o: (o.monthly_usd or 1e99, o.id))
        assert (least.monthly_usd or 0) < (best.monthly_usd or 0)
        assert f"Not on the short list: {least.model} at {least.provider} for" in made.verdict


def test_the_pair_is_of_one_model_and_its_own_gpus_are_shown() -> None:
    made = tco.compare(
        tokens="5B",
        profile="chat",
        model_class="small",
        as_good_as="gpt-oss-120b",
        as_of="2026-11-29",
    )
    by_id = {o.id: o for o in made.options}
    bought, own = (by_id[name] for name in made.pair)
    assert bought.model == own.model and {bought.id, own.id} <= {*made.shown}
    if by_id[made.best or ""].tier == "hosted":
        assert made.best == bought.id
    line = next(x for x in made.to_text(80).splitlines() if x.startswith("run yourself"))
    assert own.model in line


def test_a_score_of_ones_own_is_a_bar_too_and_is_what_is_shown(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "sources:\n  ours: {title: Ours, read: 2026-11-20, where: wiki}\n"
        "scores:\n"
        "  gpt-oss-120b: [{benchmark: ours, value: 78, low: 74, high: 82, seen: 2026-11-20, "
        "source: ours}]\n"
        "  llama-3.3-70b: [{benchmark: ours, value: 70, low: 66, high: 74, seen: 2026-11-20, "
        "source: ours}]\n"
    )
    asked: dict[str, Any] = {**ASKED, "catalog": own, "tier": "hosted"}
    one = tco.compare(**asked, min_score={"ours": 75})
    assert {o.model for o in one.options} == {"gpt-oss-120b"}
    score = one.options[0].quality
    assert score is not None and (score.benchmark, score.value) == ("ours", 78)
    both = tco.compare(**asked, min_score={"ours": 74})
    assert {o.model for o in both.options} == {"gpt-oss-120b", "llama-3.3-70b"}
    held = tco.compare(**asked, min_score={"ours": 60}, as_good_as="gpt-oss-120b")
    assert {o.model for o in held.options} == {"gpt-oss-120b"}, "on the benchmark that was named"


COMMANDS = (
    ("compare",),
    ("breakeven",),
    ("sensitivity",),
    ("sensitivity", "--draws", "200"),
    ("horizon",),
    ("plan",),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_that_chooses_options_keeps_to_it(
    words: tuple[str, ...], catalog: Catalog
) -> None:
    asked = (*words, "--tokens", "50B", "--as-of", DAY, "--min-score", "arena=1400")
    done = run(*asked, "--class", "small", "--format", "json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    named = models_in(told)
    models = catalog.models
    chosen = {n for n in named if n in models.models} - {told.get("against", "").split("/")[-1]}
    assert chosen
    for name in chosen:
        score = quality(models.models[name])
        assert score is not None and (score.high or score.value) >= 1400, name
        assert model_class(models.models[name], models.classes) == "small", name
    assert any("reaches it" in text for text in told["warnings"])


def models_in(told: dict[str, Any]) -> set[str]:
    """Return the models that an answer is about, wherever it names them."""
    ids: set[str] = set()

    def walk(value: Any, key: str) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                walk(inner, name)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, key)
        elif isinstance(value, str) and key in ("a", "b", "id", "model", "option", "overflow"):
            ids.add(value.removeprefix("self/").split("@")[0].split("/")[-1])

    walk({k: v for k, v in told.items() if k not in ("assumptions", "catalog")}, "")
    return ids


def test_what_is_named_and_falls_short_is_told() -> None:
    made = tco.explain("novita/gpt-oss-120b", **ASKED, as_good_as="gpt-4.1")
    assert "below it, and named all the same: gpt-oss-120b" in made.warnings


def test_an_effort_whose_tokens_are_in_no_bill_is_told() -> None:
    made = tco.compare(**ASKED, as_good_as="gpt-6-luna", model="gpt-6-luna")
    assert any("scored at an effort" in w and "gpt-6-luna (max)" in w for w in made.warnings)


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (
            ("--as-good-as", "gpt-4o"),
            4,
            "gpt-4o has no arena-text score; the nearest that have one: gpt-4o-2024-05-13 (",
        ),
        (("--as-good-as", "falcon-180b"), 4, "falcon-180b has no arena-text score; the nearest"),
        (("--as-good-as", "gpt-x"), 3, "no model called 'gpt-x'"),
        (("--as-good-as", "openai/gpt-4.1"), 3, "is an option, not a model"),
        (("--min-score", "arena=1700"), 4, "nothing that was asked for reaches it; the nearest: "),
        (("--min-score", "arena=5"), 2, "scores of arena-text run from"),
        (("--min-score", "mlu=80"), 3, "no benchmark called 'mlu'"),
        (("--class", "tiny"), 2, "'tiny' is none of small, mid, flagship"),
        (
            ("--class", "small", "--model", "kimi-k3"),
            4,
            "no small model is among what was asked for; the nearest are flagship: kimi-k3",
        ),
        (
            ("--class", "flagship", "--model", "gpt-oss-120b"),
            4,
            "the nearest are small: gpt-oss-120b",
        ),
        (
            ("--class", "mid", "--model", "falcon-180b"),
            4,
            "the class of none of it is known",
        ),
    ],
)
def test_bad_input_is_one_line(said: tuple[str, ...], code: int, words: str) -> None:
    done = run("compare", "--tokens", "50B", "--as-of", DAY, *said)
    assert done.exit_code == code, done.output
    assert done.stdout == "" and done.stderr.count("\n") == 1 and words in done.stderr


def test_the_library_raises_the_same() -> None:
    with pytest.raises(InfeasibleError, match="gpt-4o has no arena-text score"):
        tco.compare(**ASKED, as_good_as="gpt-4o")


def test_a_scenario_file_says_it(tmp_path: Path) -> None:
    file = tmp_path / "tco.yaml"
    file.write_text(
        "version: 1\nworkload: {tokens: 50B}\n"
        f"select: {{as_good_as: {RIVAL}, classes: [mid]}}\nas_of: {DAY}\n"
    )
    asked = tco.compare(file=file)
    said = tco.compare(**ASKED, as_good_as=RIVAL, model_class="mid")
    assert [o.id for o in asked.options] == [o.id for o in said.options]
