"""The file that `tco init` writes: it runs, says what is so, and each of its lines works."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from running import DAY, run

from tco.ask.scenario import ScenarioDocument
from tco.catalog.yaml_lines import load_yaml
from tco.cli.init import _scenario

TEXT = _scenario("tco.yaml", "scenario.schema.json")
KEY = re.compile(r"^( *)# (?=[a-z_0-9.]+:(?: |$)|- )", re.MULTILINE)
"""What is taken away before a key. Prose has no colon after its first word."""

LINES = [i for i, line in enumerate(TEXT.splitlines()) if KEY.match(line)]


def uncommented(*numbers: int) -> str:
    """Return the file with some of its lines said; what they stand instead of is not."""
    lines = TEXT.splitlines()
    if any("instead of tokens" in lines[i] for i in numbers):
        lines = [f"# {line}" if line.startswith("  tokens:") else line for line in lines]
    return "\n".join(KEY.sub(r"\1", v) if i in numbers else v for i, v in enumerate(lines)) + "\n"


def asked(tmp_path: Path, text: str, *flags: str) -> Any:
    path = tmp_path / "tco.yaml"
    path.write_text(text, encoding="utf-8")
    return run("compare", "-f", str(path), *DAY, "-o", "json", *flags)


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """Return a folder with the files that the examples name."""
    (tmp_path / "prices-of-ours.yaml").write_text("version: '1'\n", encoding="utf-8")
    head = "model,gpu,n_gpus,weight_dtype,kv_dtype,engine,mode,isl,osl,output_tok_s,source,date\n"
    (tmp_path / "tco-measured.csv").write_text(head, encoding="utf-8")
    (tmp_path / "our-model").mkdir()
    (tmp_path / "our-model" / "config.json").write_text(json.dumps(OURS), encoding="utf-8")
    return tmp_path


OURS = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
}
"""A model of 8.03B weights."""


def test_it_runs_as_it_is_and_says_nothing_but_the_volume(tmp_path: Path) -> None:
    plain = json.loads(run("compare", "--tokens", "50B", *DAY, "-o", "json").stdout)
    with_file = asked(tmp_path, TEXT)
    assert with_file.exit_code == 0, with_file.output
    answer = json.loads(with_file.stdout)
    assert (answer.pop("asked"), plain.pop("asked")) == (
        [*DAY, "--file", str(tmp_path / "tco.yaml")],
        ["--tokens", "50B", *DAY],
    )
    assert answer == plain


def test_every_key_of_the_schema_is_in_it() -> None:
    assert len(LINES) > 80
    for key in ScenarioDocument.model_fields:
        assert re.search(rf"^(# )?{key}:", TEXT, re.MULTILINE), key


@pytest.mark.parametrize("number", LINES, ids=[TEXT.splitlines()[i].split()[1] for i in LINES])
def test_each_line_works_once_its_mark_is_taken_away(
    number: int, beside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(beside)  # where `export` writes
    a_setting = "." in TEXT.splitlines()[number].partition(":")[0]
    quick = ("--tier", "api") if a_setting else ()
    lines = TEXT.splitlines()
    if re.search(r"^  # (sessions|turns|think_time):", lines[number]):
        quick = ("--profile", "agent-coding")  # whose requests belong to sessions
    # They say more of the line before: the weights of a config, when what can wait is done.
    alone = not re.search(r"\b(params|deadline):", lines[number])
    result = asked(beside, uncommented(*(() if alone else (number - 1,)), number), *quick)
    assert result.exit_code == 0, result.output


def test_the_values_are_the_defaults(tmp_path: Path) -> None:
    """All lines that are no examples together give the same bills as none of them."""
    lines = TEXT.splitlines()
    defaults = [i for i in LINES if not re.search(r"# (e\.g\.|instead of)", lines[i])]
    assert len(defaults) > 60
    said = asked(tmp_path, uncommented(*defaults).replace("format: table", "format: json"))
    assert said.exit_code == 0, said.output
    plain = json.loads(asked(tmp_path, TEXT).stdout)
    for key in ("options", "shown", "considered"):
        told, expected = json.loads(said.stdout)[key], plain[key]
        assert bills(told) == bills(expected), key


def bills(value: Any) -> Any:
    """Return a document without who said what: limits are told once somebody says them."""
    said = ("origin", "source", "date", "slo")
    if isinstance(value, dict):
        return {k: bills(v) for k, v in value.items() if k not in said}
    return [bills(v) for v in value] if isinstance(value, list) else value


def test_an_editor_accepts_it_and_sees_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"
    result = run("init", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    text = path.read_text(encoding="utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named is not None
    schema = json.loads((tmp_path / named[1]).read_text(encoding="utf-8"))  # no network is needed
    editor = jsonschema_rs.Draft202012Validator(schema)
    assert editor.is_valid(load_yaml(text.encode(), "tco.yaml").value)
    for number in LINES:
        editor.validate(load_yaml(uncommented(number).encode(), "tco.yaml").value)
    for wrong in ("workload: {tokns: 50B}", "output: {format: html}", "version: 2", "options: 3"):
        assert not editor.is_valid(load_yaml(wrong.encode(), "tco.yaml").value), wrong


def test_a_file_is_overwritten_only_when_told_so(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine", encoding="utf-8")
    refused = run("init", str(path))
    assert refused.exit_code == 2
    assert refused.stderr == (
        f"tco: {path} exists already; name another file, or overwrite it with --force\n"
    )
    assert path.read_text(encoding="utf-8") == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["mine.yaml"]
    assert run("init", str(path), "--force").exit_code == 0
    assert path.read_text(encoding="utf-8") == TEXT.replace("-f tco.yaml", f"-f {path}")


def test_it_can_be_written_to_stdout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("init", "-").stdout == TEXT
    assert run("init", "--plan", "-").stdout.startswith("# yaml-language-server: $schema=./portf")
    assert not [*tmp_path.iterdir()]


def test_without_a_name_it_is_called_tco_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("init")
    assert result.stderr.startswith("tco: wrote tco.yaml, and scenario.schema.json for editors; ")
    assert run("init", "--plan").exit_code == 0
    names = {"tco.yaml", "scenario.schema.json", "portfolio.yaml", "portfolio.schema.json"}
    assert {p.name for p in tmp_path.iterdir()} == names
    schema = json.loads((tmp_path / "portfolio.schema.json").read_text(encoding="utf-8"))
    value = load_yaml((tmp_path / "portfolio.yaml").read_bytes(), "portfolio.yaml").value
    jsonschema_rs.Draft202012Validator(schema).validate(value)
    assert run("init", "nowhere/tco.yaml").exit_code == 2
