"""`tco compare` without a volume: three whole answers, and where own GPUs begin to win."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from running import DAY, next_commands, published, run, schema_file

import tco
from tco.analysis.breakeven import breakeven
from tco.analysis.compare import compare
from tco.analysis.volumes import VOLUMES, at_volume, compare_volumes
from tco.errors import UsageError
from tco.options.question import Question
from tco.render.jsonio import document
from tco.render.output import rendered
from tco.render.words import View

Asked = Callable[..., Question]
BARE = ("compare", *DAY)
ASK = "how many tokens a month? for example --tokens 50B"


@pytest.fixture
def answer() -> Any:
    """Return the answer in full."""
    done = run(*BARE, "-o", "json", "-q")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_each_volume_has_the_answer_that_it_has_alone(answer: Any) -> None:
    assert answer["schema"] == "tco.compare-volumes/1"
    assert [one["workload"]["tokens_per_month"] for one in answer["volumes"]] == list(VOLUMES)
    for one, tokens in zip(answer["volumes"], ("1B", "10B", "100B"), strict=True):
        alone = json.loads(run(*BARE, "--tokens", tokens, "-o", "json", "-q").stdout)
        assert {**one, "asked": []} == {**alone, "asked": []}


def test_it_follows_its_schema(answer: Any) -> None:
    published("compare-volumes").validate(answer)
    assert answer.keys() == schema_file("compare-volumes")["properties"].keys() - {"currency"}


def test_own_gpus_begin_where_the_break_even_says(asked: Asked) -> None:
    inputs = asked()
    made = compare_volumes(inputs)
    assert made.begins
    for begin in made.begins:
        pair = breakeven(at_volume(inputs, VOLUMES[-1]), begin.against, f"self/{begin.own}")
        assert begin.tokens_per_month == pytest.approx(pair.first), begin
        assert begin.same_weights == bool(pair.same_weights)


def test_a_screen_is_the_same_whether_all_is_worked_out_or_the_short_list(asked: Asked) -> None:
    inputs = asked()
    brief, whole = (compare_volumes(inputs, brief=short) for short in (True, False))
    assert rendered(brief, "table", View()) == rendered(whole, "table", View())
    assert brief.verdict == whole.verdict


def test_a_screen_has_24_lines_and_next_commands_that_work() -> None:
    done = run(*BARE)
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    assert len(lines) <= 24
    assert all(len(line) <= 80 for line in lines)
    following = next_commands(done.stdout)
    assert [command.split()[1] for command in following] == ["compare", "explain", "breakeven"]
    for command in following:
        assert run(*command.split()[1:]).exit_code == 0, command


def test_every_option_at_every_volume_is_in_the_csv(answer: Any) -> None:
    rows = list(csv.DictReader(StringIO(run(*BARE, "-o", "csv", "-q").stdout)))
    told = {(float(row["tokens_per_month"]), row["id"]): row["monthly_usd"] for row in rows}
    for one in answer["volumes"]:
        for option in one["options"]:
            shown = told.pop((one["workload"]["tokens_per_month"], option["id"]))
            assert (float(shown) if shown else None) == option["monthly_usd"]
    assert not told


def test_a_saved_one_is_rendered_as_it_was(tmp_path: Path) -> None:
    saved = tmp_path / "volumes.json"
    saved.write_text(run(*BARE, "-o", "json", "-q").stdout, encoding="utf-8")
    for kind in ("table", "csv", "md", "llm"):
        assert (
            run("render", str(saved), "-o", kind, "-q").stdout
            == run(*BARE, "-o", kind, "-q").stdout
        )
    edited = json.loads(saved.read_text(encoding="utf-8"))
    edited["volumes"][1]["options"][0]["monthly_usd"] = 1.0
    saved.write_text(json.dumps(edited), encoding="utf-8")
    refused = run("render", str(saved))
    assert refused.exit_code == 3
    assert "does not add up" in refused.stderr


def test_where_a_volume_is_still_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tco.yaml"
    file.write_text("people: {fte: 1}\n", encoding="utf-8")
    checked = tmp_path / "config.yaml"
    checked.write_text("checks: {max_monthly: $5k}\n", encoding="utf-8")
    for typed, env in (
        (("-f", str(file)), {}),
        ((), {"TCO_FILE": str(file)}),
        ((), {"TCO_CONFIG": str(checked)}),
        (("--plot",), {}),
        (("--frontier",), {}),
        (("--export", f"html={tmp_path / 'report.html'}"), {}),
        (("-o", "focus"), {}),
    ):
        done = run(*BARE, *typed, env=env)
        assert (done.exit_code, done.stderr, done.stdout) == (2, f"tco: {ASK}\n", ""), typed


def test_a_volume_of_a_variable_counts() -> None:
    done = run(*BARE, "-o", "json", "-q", env={"TCO_TOKENS": "5B"})
    assert json.loads(done.stdout)["schema"] == "tco.compare/1"


def test_what_was_asked_is_carried_along() -> None:
    done = run(*BARE, "--profile", "chat", "--salary", "$100k/year")
    following = next_commands(done.stdout)
    assert following
    assert all("--profile chat --salary" in line for line in following)


def test_the_library_answers_the_same() -> None:
    made = tco.compare(as_of=DAY[1])
    assert type(made).__name__ == "Volumes"
    assert [one.best for one in made.volumes] == [  # type: ignore[attr-defined]
        tco.compare(tokens=tokens, as_of=DAY[1]).best for tokens in VOLUMES
    ]
    rows = made.to_dicts()
    assert {row["tokens_per_month"] for row in rows} == {*VOLUMES}
    with pytest.raises(UsageError, match="how many tokens a month"):
        tco.compare(frontier=True, as_of=DAY[1])


def test_an_agent_gets_the_same_in_few_words() -> None:
    from tco.api.mcp import called

    made = called("compare", {"as_of": DAY[1]})
    assert not made.is_error, made.content
    told = made.structured_content
    assert told is not None
    assert told["schema"] == "tco.compare-volumes/1"
    assert {"usd_per_month_at_1B", "own_from_tokens_per_month"} <= told["rows"][0].keys()


def test_volumes_are_told_apart_where_the_answer_changes(asked: Asked) -> None:
    inputs = asked(models=("llama-3.3-70b",), tiers=("self",))
    made = compare_volumes(inputs)
    best = [next(row for row in one.options if row.id == one.best) for one in made.volumes]
    for row in best:
        assert f"{row.monthly_usd:,.0f}" in made.verdict
    assert made.begins == ()
    alone = compare(at_volume(inputs, VOLUMES[0]))
    assert document(replace(made.volumes[0], asked=())) == document(replace(alone, asked=()))
