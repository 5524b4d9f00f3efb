"""Every log format: its case to the token, also mangled; every case offered to every reader."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest
from cases import CASES, SECRET, Case, format_of
from running import run

from tco.usage.formats import formats
from tco.usage.read import detected
from tco.usage.sources import LogSource, sampled

pytest.importorskip("duckdb")
BUCKETS = [name for name in CASES if formats()[format_of(name)].grain != "requests"]


def written(case: Case, folder: Path) -> list[str]:
    """Write the files of a case; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in case.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [str(folder / name) for name in case.files]


def profiled(*args: str) -> Any:
    """Return the JSON of `tco profile ARGS`."""
    done = run("profile", *args, "-o", "json", "-q")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def check(found: Any, case: Case) -> None:
    """Hold an answer against what must be found."""
    assert set(found["models"]) == set(case.models)
    for name, wanted in case.models.items():
        got = found["models"][name]
        for kind, value in wanted.items():
            if kind == "tiers":
                for tier, sums in value.items():
                    assert {k: got["tiers"][tier][k] for k in sums} == sums, (name, tier)
            elif isinstance(value, float):
                assert got[kind] == pytest.approx(value), (name, kind)
            else:
                assert got[kind] == value, (name, kind)
    assert found["left_out"] == case.left_out
    for key, value in case.top.items():
        assert found[key] == (pytest.approx(value) if isinstance(value, float) else value), key


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_right_to_the_token(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    found = profiled(*written(case, tmp_path))
    check(found, case)
    assert list(found["formats"]) == [format_of(name)]


@pytest.mark.parametrize("name", CASES)
def test_packed_and_with_its_fields_in_another_order(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    paths = []
    for file, text in case.files.items():
        path = tmp_path / f"{file}.gz"
        with gzip.open(path, "wt", encoding="utf-8") as stream:
            stream.write(_shuffled(text))
        paths.append(str(path))
    check(profiled(*reversed(paths)), case)


def _shuffled(text: str) -> str:
    """Return JSON with the keys of every mapping in another order; other text as it is."""
    chance = random.Random(5)

    def mixed(value: Any) -> Any:
        if isinstance(value, dict):
            keys = chance.sample(list(value), len(value))
            return {key: mixed(value[key]) for key in keys}
        return [mixed(one) for one in value] if isinstance(value, list) else value

    if text[:1] not in "{[":
        return text
    try:
        return json.dumps(mixed(json.loads(text)))
    except ValueError:
        return "".join(json.dumps(mixed(json.loads(line))) + "\n" for line in text.splitlines())


@pytest.mark.parametrize("name", [n for n in CASES if n not in ("vllm", "totals", "table")])
def test_torn_at_its_end_says_so_and_keeps_the_rest(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    file, text = list(case.files.items())[-1]
    (tmp_path / file).write_text(text + '{"torn": "lin', encoding="utf-8")
    others = [f for f in case.files if f != file]
    for other in others:
        (tmp_path / other).write_text(case.files[other], encoding="utf-8")
    done = run("profile", *(str(tmp_path / f) for f in case.files), "-o", "json", "-q")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    torn = found["left_out"].pop("torn_line", 0)
    page = text.lstrip()[:1] in "{[" and file.endswith(".json")
    assert torn == 1 or found["incomplete"] or page or file.endswith(".csv"), found["left_out"]
    if not file.endswith(".csv"):
        check({**found, "incomplete": case.top.get("incomplete", found["incomplete"])}, case)


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_told_by_its_content_and_by_one_reader_only(
    name: str, tmp_path: Path
) -> None:
    for path in written(CASES[name], tmp_path):
        sample = sampled(LogSource(path))
        assert [one.name for one in detected(sample)] == [format_of(name)], path
        looked = [one.name for one in formats().values() if one.looks(sample)]
        assert set(looked) <= {format_of(name), "table"}, path


def test_every_format_has_a_case() -> None:
    assert {format_of(name) for name in CASES} == set(formats())


def test_nothing_is_a_log_that_is_none(tmp_path: Path) -> None:
    texts = {
        "a.json": '{"hello": [1, 2, 3]}',
        "b.csv": "when,what\n2026-11-01,rain\n",
        "c.jsonl": '{"level":"info","msg":"started"}\n{"level":"info","msg":"stopped"}\n',
        "d.txt": "plain words and no more",
        "e.json": "[]",
        "f.json": "",
        "g.prom": "# TYPE up gauge\nup 1\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        assert detected(sampled(LogSource(str(tmp_path / name)))) == [], name
        done = run("profile", str(tmp_path / name))
        assert done.exit_code == 3, name
        assert done.stderr.startswith(f"tco: {tmp_path / name}:1: "), done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", range(2))
def test_mangled_values_are_counted_and_never_a_traceback(
    name: str, seed: int, tmp_path: Path
) -> None:
    paths = []
    for file, text in CASES[name].files.items():
        path = tmp_path / file
        path.write_text(_mangled(text, random.Random(seed), whole=file.endswith(".json")))
        paths.append(str(path))
    done = run("profile", *paths, "--from", format_of(name), "-o", "json", "-q")
    assert done.exit_code in (0, 2, 3), done.output
    assert "internal error" not in done.output
    assert "\x1b" not in done.output
    if done.exit_code == 0:
        found = json.loads(done.stdout)
        for row in found["models"].values():
            assert all((row[k] or 0) >= 0 for k in ("input", "read", "output", "write_5m"))


ODD = [None, -5, "x", "NaN", 1e30, [], {}, True, 2**63, "-1", "\x1b[31m", 1.5]


def _mangled(text: str, chance: random.Random, *, whole: bool) -> str:
    """Return a log of which a quarter of the values are something else."""

    def spoilt(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: spoilt(v) for k, v in value.items()}
        if isinstance(value, list):
            return [spoilt(v) for v in value]
        return chance.choice(ODD) if chance.random() < 0.25 else value

    if text[:1] not in "{[":
        return "".join(c if chance.random() > 0.02 else "9" for c in text)
    if whole:
        return json.dumps(spoilt(json.loads(text)))
    return "".join(json.dumps(spoilt(json.loads(line))) + "\n" for line in text.splitlines())


def test_sources_lists_every_format() -> None:
    done = run("profile", "--sources", "-o", "json")
    assert [row["name"] for row in json.loads(done.stdout)["rows"]] == sorted(formats())
    assert SECRET not in done.stdout
