"""`tco claims`: every claim answered or honestly not, and each verdict follows from its bill."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from running import DAY, ROOT, clean, published, run, shell

from tco.analysis.claims.judge import calculated, picked, span, state_of
from tco.catalog.claims import load_claims
from tco.cli import claims
from tco.errors import DataError

IDS = [claim.id for claim in load_claims().claims]
WRONG = {
    # What the articles' own inputs give where that is not what they claim.
    "crazyrouter-breakeven-deepseek": ("requests_per_day", 308_642),
    "longform-fine-tuning": ("a100_usd_hour", (5, 10)),
    "longform-energy": ("saved_kwh_year", (912, 1642)),
    "apiscout-price-decline": ("drop", 0.958),
    "techvernia-500m-day": ("annual_usd", (456_250, 2_737_500)),
}


PAGE, PICTURE = ROOT / "docs" / "claims.md", ROOT / "docs" / "rules.svg"


@pytest.fixture(autouse=True, scope="module")
def _one_memory() -> Iterator[None]:
    """Let all runs here share their answers, as those of one run are: the page, list and rules."""
    ask = claims._memory()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claims, "_memory", lambda: ask)
        yield


@cache
def whole() -> tuple[dict[str, Any], str]:
    """Return the claims as JSON and as the page, asked once."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "claims.md"
        result = run("claims", "--format", "json", "--export", f"md={page}", *DAY)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout), page.read_text(encoding="utf-8")


def answered() -> dict[str, Any]:
    return {row["id"]: row for row in whole()[0]["rows"]}


def rules() -> list[dict[str, Any]]:
    return whole()[0]["rules"]  # type: ignore[no-any-return]


def test_every_claim_is_there_and_no_verdict_is() -> None:
    assert len(IDS) == 30
    text = (ROOT / "data" / "claims.yaml").read_text(encoding="utf-8")
    assert "/work" not in text
    assert "verdict:" not in text


def test_all_are_answered_or_say_why_not() -> None:
    for row in answered().values():
        assert row["verdict"] != "not_answered" or row["missing"], row["id"]
        if row["verdict"] in ("depends", "infeasible", "arithmetic_error", "outside_range"):
            assert row["because"], row["id"]


def test_today_every_question_has_an_answer() -> None:
    """What has no price today is left to the article's day, and there it has one."""
    for row in answered().values():
        for question in row["questions"]:
            states = {question["then"]["state"], question["today"]["state"]}
            assert states != {"unknown"}, (row["id"], question["title"], question["today"])


@pytest.mark.parametrize("name", WRONG)
def test_errors_of_arithmetic_are_found(name: str) -> None:
    figure, expected = WRONG[name]
    row = answered()[name]
    assert "arithmetic_error" in (row["verdict"], *row["also"])
    (check,) = [c for c in row["checks"] if not c["agrees"]]
    assert check["claimed_name"] == figure
    ends = expected if isinstance(expected, tuple) else (expected, expected)
    assert check["recomputed"] == pytest.approx(ends, rel=1e-3)


def test_no_other_arithmetic_is_called_wrong() -> None:
    found = {i for i, row in answered().items() if any(not c["agrees"] for c in row["checks"])}
    assert found == set(WRONG)


def again(question: dict[str, Any], claim: Any, day: str, more: str = "") -> str:
    """Return where an answer lies, from the JSON of its commands run as a process of their own."""
    (asked,) = [q for q in claim.questions if q.title == question["title"]]
    figures = {n: span(v) for n, v in {**claim.claimed, **claim.inputs}.items()}
    for name, pick in asked.figures.items():
        document = asked_again(f"{pick.ask or asked.ask} {more} --as-of {day}", asked.file)
        if document is None:
            return "infeasible"
        value = picked(document, pick)[0]
        if value is None:
            return "outside" if question["claimed"] else "shown"
        figures[name] = value
    claimed = tuple(question["claimed"]) if question["claimed"] else None
    value = calculated(asked.answer, figures)
    return state_of(value, claimed, question["rule"], question["tolerance"])


@cache
def asked_again(command: str, file: str | None) -> Any:
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        if file is not None:
            Path("claim.yaml").write_text(file, encoding="utf-8")
        done = run(*shlex.split(command), "--format", "json", "--quiet")
    assert done.exit_code in (0, 4), (command, done.stderr)
    return json.loads(done.stdout) if done.stdout.strip() else None


@pytest.mark.parametrize("claim", load_claims().claims, ids=IDS)
def test_no_verdict_contradicts_its_bill(claim: Any) -> None:
    """Every answer is worked out again from its commands, and the verdict from those answers."""
    row = answered()[claim.id]
    day = row["judged_on"]
    states, sides, turns = [], {}, False
    for question in row["questions"]:
        reading = question["then"] if question["then"]["as_of"] == day else question["today"]
        assert again(question, claim, day) == reading["state"], question["title"]
        states.append(reading["state"])
        if reading["side"]:
            sides.setdefault(str(question["claimed"]), set()).add(reading["side"])
        turns = turns or bool(reading["turns"]) or reading["state"] == "partly"
        for turn in reading["turns"]:
            assert turn["state"] != reading["state"]
    differs = turns or any(len(found) > 1 for found in sides.values())
    assert [row["verdict"], *row["also"]] == expected(row, states, differs=differs)


def expected(row: dict[str, Any], states: list[str], *, differs: bool) -> list[str]:
    """Return what follows from where the answers lie, worked out a second time."""
    judged = {state for state in states if state in ("inside", "outside", "partly")}
    found = ["infeasible"] if "infeasible" in states else []
    if any(not check["agrees"] for check in row["checks"]):
        found.append("arithmetic_error")
    if differs or len(judged) > 1:
        found.append("depends")
    elif judged == {"outside"}:
        found.append("outside_range")
    elif not found:
        agreed = any(check["claimed"] is not None for check in row["checks"])
        found.append("holds" if judged or agreed else "not_answered")
    return found


def test_what_turns_an_answer_does() -> None:
    """A few of the values said to turn an answer, asked again; one a claim."""
    by_id = {claim.id: claim for claim in load_claims().claims}
    tried = 0
    for row in answered().values():
        for question in row["questions"]:
            reading = question["then"] if question["then"]["turns"] else question["today"]
            turn = next((t for t in reading["turns"] if t["path"]), None)
            if turn is not None:
                more = f"--set {turn['path']}={turn['at']:g}"
                assert again(question, by_id[row["id"]], reading["as_of"], more) == turn["state"]
                assert turn["low"] <= turn["at"] <= turn["high"]
                tried += 1
                break
    assert tried > 5


def test_what_cannot_exist_has_a_nearest_that_can() -> None:
    row = answered()["crazyrouter-breakeven-deepseek"]
    stuck = [q for q in row["questions"] if q["today"]["state"] == "infeasible"]
    assert len(stuck) == 2
    assert (row["verdict"], row["also"]) == ("infeasible", ["arithmetic_error"])
    for question in stuck:
        same, cheapest = question["nearest"]
        assert "a100-sxm-80gb" in same["option"]
        assert cheapest["monthly_usd"] < same["monthly_usd"]
        for near in (same, cheapest):
            assert near["option"].startswith("self/deepseek-v3@")
            assert near["gpus"] >= 8
            assert near["breakeven_tokens"] or near["never_because"]


def blocks() -> list[list[str]]:
    """Return the blocks of the page that can be typed."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL)
    return [block.splitlines() for block in found if "\ntco " in f"\n{block}"]


def test_every_command_of_the_page_runs_anywhere() -> None:
    lines = {line for block in blocks() for line in block if line.startswith("tco ")}
    plain = [line.removeprefix("tco ") for line in lines if " -f " not in line]
    assert len(plain) > 80
    for line in plain:
        asked_again(line, None)


@pytest.mark.parametrize("number", range(3))
def test_blocks_with_a_file_run_in_a_shell(number: int, tmp_path: Path) -> None:
    """As an outside reader would: pasted into a shell in an empty folder."""
    with_file = [block for block in blocks() if any("<<'END'" in line for line in block)]
    assert len(with_file) == 3
    script = f'tco() {{ "{sys.executable}" -m tco "$@"; }}\n' + "\n".join(with_file[number])
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=tmp_path,
        env=clean({"PYTHONPATH": str(ROOT / "src")}),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_the_command_beside_a_figure_gives_it() -> None:
    question = answered()["apiscout-10m-calls"]["questions"][0]
    words = shlex.split(question["today"]["commands"][0])
    document = json.loads(run(*words, "--format", "json").stdout)
    assert document["options"][0]["monthly_usd"] == question["today"]["value"][0]


def test_seven_rules_of_thumb_lie_on_one_axis() -> None:
    assert len(rules()) == 7
    assert [r["tokens"] for r in rules()] == sorted(r["tokens"] for r in rules())
    for rule in rules():
        assert rule["breakeven"] is not None or rule["reason"]
        assert any(c["spans"] for c in rule["conditions"]), f"nothing makes {rule['id']} true"


@pytest.mark.parametrize("number", range(7))
def test_a_value_that_makes_a_rule_true_does(number: int) -> None:
    """Between the ends of the interval, own GPUs pay above the rule's volume and not below it."""
    rule = rules()[number]
    condition = next(c for c in rule["conditions"] if c["variable"] == "price" and c["spans"])
    low, high = condition["spans"][0]
    inside = low * 1.001 if high is None else (low + high) / 2
    below, *above = [
        json.loads(run(*shlex.split(c), "--format", "json").stdout) for c in condition["commands"]
    ]
    assert not wins(below, inside)
    assert any(wins(document, inside) for document in above)


def wins(document: Any, value: float) -> bool:
    return any(low <= value and (high is None or value <= high) for low, high in document["wins"])


def test_the_rules_alone_as_json_as_a_screen_and_as_a_picture(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    made, saved = tmp_path / "rules.svg", tmp_path / "rules.json"
    result = run("claims", "--rules", "--format", "json", *DAY, "--export", f"svg={made}")
    assert result.exit_code == 0, result.stderr
    alone = json.loads(result.stdout)
    assert alone["rules"] == rules()
    assert alone["rows"] == []
    drawing = made.read_text(encoding="utf-8")
    if request.config.getoption("--update-golden"):
        PICTURE.write_text(drawing, encoding="utf-8")
    assert PICTURE.read_text(encoding="utf-8") == drawing, "run pytest --update-golden"
    assert "http" not in drawing.replace("http://www.w3.org/2000/svg", "")
    saved.write_text(result.stdout, encoding="utf-8")
    done = shell("render", str(saved), env={"COLUMNS": "80", "PYTHONIOENCODING": "ascii"})
    lines = done.stdout.decode("ascii").splitlines()
    assert max(map(len, lines)) <= 80
    assert any("####" in line for line in lines)


def test_one_claim_or_the_rules() -> None:
    both = run("claims", "longform-50k-rule", "--rules", *DAY)
    assert both.exit_code == 2
    assert "leave out the id" in both.stderr


def test_json_follows_its_schema() -> None:
    published("claims").validate(whole()[0])


def test_the_page_is_what_the_command_writes(request: pytest.FixtureRequest) -> None:
    text = whole()[1]
    if request.config.getoption("--update-golden"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text, "run pytest --update-golden"


def test_the_list_has_the_verdicts_of_the_page() -> None:
    """The list asks only as much as a verdict needs."""
    listed = run("claims", "--top", "99", *DAY)
    assert run("claims", *DAY).stdout.count("\n") <= 24
    verdicts = {row["id"]: row["verdict"].replace("_", " ") for row in answered().values()}
    short = {i: v for i, v in verdicts.items() if len(i) <= 24}
    for name, verdict in short.items():
        (line,) = [x for x in listed.stdout.splitlines() if x.split("  ")[0] == name]
        assert line.split("  ")[1:][0].strip() == verdict or verdict in line
    assert all(len(line) <= 80 for line in listed.stdout.splitlines())


def test_one_claim_and_a_wrong_name() -> None:
    one = run("claims", "longform-quantization", *DAY)
    assert one.exit_code == 0
    assert "longform-quantization: holds" in one.stdout
    wrong = run("claims", "longform-quantisation", *DAY)
    assert wrong.exit_code == 3
    assert "did you mean longform-quantization" in wrong.stderr


def test_an_answer_is_kept_where_nothing_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes in every format, from no question; what could change one is asked anew."""
    own = tmp_path / "config.yaml"
    own.write_text("people: {fte: 1}\n", encoding="utf-8")
    kept = {"XDG_CACHE_HOME": str(tmp_path)}
    asked: list[str] = []
    ask, whole = claims._answer_of, 0

    def counted(words: str, file: str | None) -> Any:
        asked.append(words)
        return ask(words, file)

    monkeypatch.setattr(claims, "_memory", lambda: counted)

    def said(*words: str, **env: str) -> tuple[str, int]:
        asked.clear()
        done = run("claims", "longform-quantization", *words, env={**kept, **env})
        assert done.exit_code == 0, done.stderr
        return done.stdout, len(asked)

    for form in ("table", "json", "md", "csv"):
        first, second = said(*DAY, "-o", form), said(*DAY, "-o", form)
        whole = max(first[1], whole)
        assert first[0] == second[0]
        assert second[1] == 0
        assert bool(first[1]) == (form == "table")  # one claim is one answer in every format
    # Of another day only today's questions are asked, and what the answer is in doubt with.
    text, count = said("--as-of", "2026-11-22", "-o", "json")
    assert 0 < count < whole / 3
    anew = said("--as-of", "2026-11-22", "-o", "json", XDG_CACHE_HOME=str(tmp_path / "other"))
    assert anew[0] == text and anew[1] > 3 * count
    assert said(*DAY, TCO_CONFIG=str(own))[1] > 0
    for entry in (tmp_path / "tco").iterdir():  # what was written by another hand is not believed
        entry.write_bytes(entry.read_bytes() + b" ")
    assert said(*DAY)[1] > 0


def test_variables_of_the_user_do_not_change_a_claim() -> None:
    plain = run("claims", "longform-quantization", *DAY, "--format", "json")
    other = run(
        *("claims", "longform-quantization", *DAY, "--format", "json"),
        env={"TCO_MODEL": "gpt-4.1", "TCO_BARE": "1", "TCO_TOP": "1"},
    )
    assert other.stdout == plain.stdout


@pytest.mark.parametrize(
    "expression",
    [
        "a % 2",
        "(0 - a) ** 0.5",
        "a ** 9999",
        "a.b",
        "f(a)",
        "[a]",
        "a if a else a",
        "'x'",
        "True",
        "a <",
        "b",
        "a / 0",
        "a@a",
        "",
    ],
)
def test_nothing_but_arithmetic_is_read(expression: str) -> None:
    with pytest.raises(DataError):
        calculated(expression, {"a": (1.0, 2.0)})


def test_other_commands_do_not_read_the_claims() -> None:
    code = (
        "import sys\nfrom tco.cli.app import app\n"
        "try:\n    app(['compare', '--tokens', '1B', '-q'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(any('claims' in name for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=clean({"PYTHONPATH": str(ROOT / "src")}),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0


def test_ranges_go_low_with_low() -> None:
    names = {"a": (20.0, 80.0), "b": (4.0, 8.0)}
    assert calculated("a / b", names) == (5, 10)
    assert calculated("-(a - b) * 2 + 1", names) == (-143, -31)
    assert calculated("1 / (1 + 10 ** (0 - b / 400))", {"b": (0.0, 400.0)}) == (0.5, 10 / 11)
