"""`tco config show`: every value in effect says where it comes from; the user's own file counts."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from running import DAY, ROOT, published, run

from tco.ask.layers import FIELDS
from tco.cli.answer import OTHER_VARIABLES


def rows(*args: str, env: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """Return the values in effect by their key."""
    result = run("config", "show", *args, *DAY, "-o", "json", env=env)
    assert result.exit_code == 0, result.output
    return {row["key"]: row for row in json.loads(result.stdout)["rows"]}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Return the variables that name a scenario file and the user's own file."""
    scenario, own = tmp_path / "tco.yaml", tmp_path / "config.yaml"
    scenario.write_text("workload:\n  cached: 10%\n  batch: 20%\n  tokens: 1B\n", encoding="utf-8")
    own.write_text(
        "people: {salary: $100k/year}\n"
        "workload: {cached: 5%, users: 7}\n"
        "select: {purchases: [spot]}\n"
        "output: {color: never}\n",
        encoding="utf-8",
    )
    return {"TCO_FILE": str(scenario), "TCO_CONFIG": str(own)}


def test_each_place_is_named(files: dict[str, str]) -> None:
    env = {**files, "TCO_BATCH": "30%", "TCO_ENGINE": "default"}
    found = rows("--peak-to-mean", "3", "--engine", "sglang", env=env)
    scenario, own = files["TCO_FILE"], files["TCO_CONFIG"]
    said = {key: (row["value"], row["origin"], row["source"]) for key, row in found.items()}
    assert said["workload.peak_to_mean"] == (3.0, "flag", "--peak-to-mean")
    assert said["serving.engine"] == ("sglang", "flag", "--engine")
    assert said["workload.batch"] == (0.3, "variable", "TCO_BATCH")
    assert said["workload.cached"] == (0.1, "file", f"{scenario}:2")
    assert said["workload.tokens"] == (1e9, "file", f"{scenario}:4")
    assert said["people.salary"] == (1e5, "user config", f"{own}:1")
    assert said["select.purchases"] == ("spot", "user config", f"{own}:3")
    assert said["output.color"] == ("never", "user config", f"{own}:4")
    assert said["workload.osl"][1:] == (
        "profile",
        "profile general: deepseek-2025, mooncake, servegen",
    )
    assert said["settings.serving.kv_bytes"][1:] == ("catalog", "vllm")
    assert said["settings.serving.headroom"][1:] == ("judgment", "judgment")
    assert said["workload.profile"] == ("general", "default", "")
    assert "workload.users" not in said  # the nearer file says tokens
    assert found["settings.serving.headroom"]["judgment"] is True
    assert found["settings.serving.kv_bytes"]["judgment"] is False


def test_the_bill_is_the_one_of_these_values() -> None:
    """What is shown as in effect is what a comparison says that it assumed."""
    said = ("--tokens", "50B", "--cached", "40%", "--set", "serving.headroom=90%")
    shown = rows(*said)
    told = json.loads(run("compare", *said, *DAY, "-o", "json").stdout)
    keys = {field.target: field.key for field in FIELDS}
    numbers = [a for a in told["assumptions"] if a["unit"]]
    assert len(numbers) > 15
    for a in numbers:
        row = shown[
            keys.get(a["path"].replace("workload.isl", "isl").replace("workload.osl", "osl"))
            or f"settings.{a['path']}"
        ]
        assert (row["value"], row["source"]) == (a["value"], a["source"]), a["path"]


def test_every_setting_and_every_default_is_there() -> None:
    from tco.catalog.load import load_catalog

    found = rows("--tokens", "1B")
    told = {field.target for field in FIELDS}
    for path in load_catalog().assumptions.assumptions:
        assert f"settings.{path}" in found or path in told, path
    assert {"output.format", "select.private", "as_of", "workload.isl"} <= found.keys()


def test_all_kinds_of_values_are_shown(tmp_path: Path) -> None:
    found = rows(
        *("--option", "mine:kind=fixed,usd_per_month=5", "--min-score", "mmlu=80"),
        *("--tokenizer", "gpt-4.1=1.1", "--model", "gpt-4.1,llama-3.3-70b"),
        *("--export", f"json={tmp_path}/x.json"),
    )
    assert found["options"]["value"] == "mine"
    assert found["select.min_score"]["value"] == "mmlu=80"
    assert found["buying.tokenizers"]["value"] == "gpt-4.1=1.1"
    assert found["select.models"]["value"] == "gpt-4.1, llama-3.3-70b"
    assert found["output.export"]["value"] == f"json={tmp_path}/x.json"


def test_it_follows_its_schema() -> None:
    document = json.loads(run("config", "show", *DAY, "-o", "json").stdout)
    published("config").validate(document)


def test_csv_has_every_column() -> None:
    head, *lines = run("config", "show", *DAY, "-o", "csv", "--origin").stdout.splitlines()
    assert head == "key,value,origin,source"
    assert any(line == "settings.serving.headroom,0.85,judgment,judgment" for line in lines)


def test_the_users_own_file_is_found_where_it_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tco.cli.answer import config_file

    monkeypatch.delenv("TCO_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_file() is None
    own = tmp_path / "tco" / "config.yaml"
    own.parent.mkdir()
    own.write_text("people: {fte: 1}\n", encoding="utf-8")
    assert config_file() == str(own)
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config_file() is None
    own.parent.rename(tmp_path / "x")
    (tmp_path / ".config").mkdir()
    (tmp_path / "x").rename(tmp_path / ".config" / "tco")
    assert config_file() == str(tmp_path / ".config" / "tco" / "config.yaml")
    monkeypatch.setenv("TCO_CONFIG", "")
    assert config_file() is None


def test_a_wrong_file_of_the_user_is_bad_data(tmp_path: Path) -> None:
    own = tmp_path / "config.yaml"
    own.write_text("settings:\n  serving.headroom: 7\n", encoding="utf-8")
    result = run("compare", "--tokens", "1B", *DAY, env={"TCO_CONFIG": str(own)})
    assert result.exit_code == 3
    assert result.stderr.startswith(f"tco: {own}:2: serving.headroom is 7")
    missing = run("compare", "--tokens", "1B", env={"TCO_CONFIG": str(tmp_path / "no.yaml")})
    assert missing.exit_code == 3
    assert "no.yaml: no such file" in missing.stderr


def test_variables_that_mean_nothing_are_told_once(tmp_path: Path) -> None:
    env = {"TCO_TOKNS": "1B", "TCO_MODLE": "x"}
    note = (
        "tco: note: ignored, since no option is called so: TCO_MODLE (did you mean TCO_MODEL?), "
        "TCO_TOKNS (did you mean TCO_TOKENS?)\n"
    )
    failed = run("compare", "--tokens", "x", *DAY, env=env)
    assert (failed.exit_code, failed.stderr.startswith(note)) == (2, True)
    result = run("explain", "gpt-4.1", "--tokens", "1B", *DAY, env=env)
    assert result.exit_code == 0
    assert result.stderr.count(note) == 1
    assert run("compare", "--tokens", "1B", "-q", *DAY, env=env).stderr == note
    assert note in run("catalog", "list", *DAY, env=env).stderr
    shown = run("config", "show", *DAY, env=env)
    assert "called so: TCO_MODLE, TCO_TOKNS" in shown.stdout


def test_every_variable_that_is_read_is_known() -> None:
    """Nothing in the code reads a variable that users would be told means nothing."""
    known = {*OTHER_VARIABLES, *(field.variable for field in FIELDS)}
    read = re.compile(r"environ(?:\.get\(|\.pop\(|\[)\s*\"(TCO_[A-Z_]+)\"")
    for path in (ROOT / "src").rglob("*.py"):
        for name in read.findall(path.read_text(encoding="utf-8")):
            assert name in known, f"{path.name} reads {name}{os.linesep}"
