"""Scores and classes: what is refused, what an overlay adds, and the rule of docs/catalog.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from running import ROOT, run

from tco.catalog.load import Catalog, load_catalog
from tco.catalog.lookup import model_class, quality
from tco.render.jsonio import document, from_document, json_text

DAY = ("--as-of", "2026-11-29")
OWN = """\
sources:
  ours: {title: Our evaluation, read: 2026-11-20, where: wiki}
scores:
  gpt-oss-120b:
    - {benchmark: our-set, value: 78, low: 74, high: 82, seen: 2026-11-20, source: ours}
"""


def laid(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(text, "utf-8")
    return path


def test_scores_of_ones_own_are_added_and_the_others_stay(tmp_path: Path, catalog: Catalog) -> None:
    own = load_catalog([laid(tmp_path, OWN)], cached=False).models.models["gpt-oss-120b"]
    shipped = catalog.models.models["gpt-oss-120b"]
    assert len(own.scores) == len(shipped.scores) + 1
    mine = quality(own, "our-set")
    assert mine is not None and (mine.value, mine.low, mine.high) == (78, 74, 82)


def test_a_score_of_the_same_kind_is_replaced(tmp_path: Path, catalog: Catalog) -> None:
    text = OWN.replace("our-set", "arena-text").replace("78", "1400").replace("74", "1390")
    path = laid(tmp_path, text.replace("82", "1410"))
    own = load_catalog([path], cached=False).models.models["gpt-oss-120b"]
    assert len(own.scores) == len(catalog.models.models["gpt-oss-120b"].scores)
    score = quality(own)
    assert score is not None and score.value == 1400


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("low: 74, ", "a score needs its interval and its day: low, high, seen"),
        ("high: 82, ", "a score needs its interval and its day: low, high, seen"),
        ("seen: 2026-11-20, ", "a score needs its interval and its day: low, high, seen"),
    ],
)
def test_a_score_without_interval_or_day_is_refused_with_its_line(
    gone: str, words: str, tmp_path: Path
) -> None:
    path = laid(tmp_path, OWN.replace(gone, ""))
    done = run("compare", "--tokens", "1B", "--catalog", str(path), *DAY)
    assert done.exit_code == 3
    assert f"{path}:5:" in done.stderr and words in done.stderr
    assert run("catalog", "check", str(path), *DAY).exit_code == 1


def test_a_score_outside_its_interval_and_of_no_model_is_refused(tmp_path: Path) -> None:
    path = laid(tmp_path, OWN.replace("value: 78", "value: 90"))
    assert (
        "90 is not between 74 and 82"
        in run("compare", "--tokens", "1B", "--catalog", str(path)).stderr
    )
    path = laid(tmp_path, OWN.replace("gpt-oss-120b", "gpt-oss-12b"))
    assert (
        "unknown model 'gpt-oss-12b'"
        in run("compare", "--tokens", "1B", "--catalog", str(path)).stderr
    )


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-6-luna", "small"),
        ("claude-haiku-5.5", "small"),
        ("gemini-3.8-flash", "mid"),
        ("claude-sonnet-5.5", "mid"),
        ("gpt-6.1-sol", "flagship"),
        ("claude-opus-5.5", "flagship"),
        ("gpt-oss-120b", "small"),  # 1352
        ("glm-5.1", "mid"),  # 1465
        ("kimi-k3", "flagship"),  # 1488
        ("mistral-large-4", "small"),  # open since this edition: by its score
        ("gemini-4-carbon", "unknown"),
        ("phi-4", "small"),
        ("falcon-180b", "unknown"),  # open, and nobody has measured it
    ],
)
def test_the_class_of_a_model(model: str, expected: str, catalog: Catalog) -> None:
    models = catalog.models
    assert model_class(models.models[model], models.classes) == expected


def test_the_page_states_the_limits_that_the_data_has(catalog: Catalog) -> None:
    page = (ROOT / "docs" / "catalog.md").read_text("utf-8")
    classes = catalog.models.classes
    assert classes is not None
    found = re.search(r"mid from \*\*(\d+)\*\*, flagship from \*\*(\d+)\*\*", page)
    assert found and (float(found[1]), float(found[2])) == (classes.mid_from, classes.flagship_from)


def test_an_effort_is_told_and_the_plain_score_comes_first(catalog: Catalog) -> None:
    models = catalog.models.models
    tuned = quality(models["gpt-6-luna"])
    assert tuned is not None and tuned.effort == "max"
    plain = tuned.model_copy(
        update={"effort": None, "value": 1300.0, "low": 1290.0, "high": 1310.0}
    )
    both = models["gpt-6-luna"].model_copy(update={"scores": [tuned, plain]})
    found = quality(both)
    assert found is not None and (found.effort, found.value) == (None, 1300.0)
    assert quality(models["gpt-4o"]) is None  # its score is that of a dated edition


def test_options_say_class_and_quality_and_are_read_back() -> None:
    text = run(
        "compare",
        "--tokens",
        "1B",
        "--model",
        "gpt-6-luna",
        "--model",
        "gpt-4o",
        *DAY,
        "--format=json",
    )
    rows = {o["id"]: o for o in json.loads(text.stdout)["options"]}
    luna, old = rows["openai/gpt-6-luna"], rows["openai/gpt-4o"]
    assert luna["class"] == "small" and "class_" not in luna
    kept = {name: luna["quality"][name] for name in ("benchmark", "date", "source", "effort")}
    assert kept == {
        "benchmark": "arena-text",
        "date": "2026-10-20",
        "source": "arena",
        "effort": "max",
    }
    assert luna["quality"]["low"] < luna["quality"]["value"] < luna["quality"]["high"]
    assert old["quality"] is None
    back, unknown = from_document(json.loads(text.stdout))
    assert unknown == () and json_text(document(back)) == text.stdout


def test_an_option_of_ones_own_without_a_model_has_no_class() -> None:
    described = "mine:kind=api,input=$1,output=$2"
    text = run("explain", "mine", "--tokens", "1B", "--option", described, *DAY, "--format=json")
    option = json.loads(text.stdout)["option"]
    assert (option["class"], option["quality"]) == ("unknown", None)
