"""The scenario file: what is wrong with it is said with file and line; the example works."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import DAY, ROOT, run

EXAMPLE = ROOT / "tests" / "scenario" / "tco.yaml"


def scenario(tmp_path: Path, text: str) -> str:
    path = tmp_path / "tco.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("workload:\n  tokns: 50B\n", 2, "unknown key 'tokns'; did you mean 'tokens'?"),
        ("wokload: {tokens: 50B}\n", 1, "unknown key 'wokload'; did you mean 'workload'?"),
        ("workload:\n  tokens: 50m\n", 2, "workload.tokens: 50m: 'm' could mean"),
        ("workload:\n  tokens: [1]\n", 2, "a number or a text such as 50B is expected"),
        ("workload: {tokens: 1B}\nsettings:\n  serving.hedroom: 1\n", 3, "serving.headroom"),
        ("workload: {tokens: 1B}\nsettings:\n  serving.headroom: 7\n", 3, "at most 1"),
        ("workload: {tokens: 1B}\noptions:\n  - {name: a, kind: api, input: 1}\n", 3, "output"),
        (
            "options:\n  - {name: a, kind: cloud}\n",
            2,
            "expected one of api, hosted, self, own, fixed, seat, provisioned, tuned",
        ),
        ("options:\n  - {name: a, kind: api, inptu: 1}\n", 2, "did you mean 'input'?"),
        ("select:\n  min_score: 85\n", 2, "arena=1400"),
        ("select:\n  private: maybe\n", 2, "true or false"),
        ("as_of: yesterday\n", 1, "as_of: 'yesterday' is not a date"),
        ("version: 2\n", 1, "version"),
        ("data:\n  offers:\n    - {provider: x, modle: y}\n", 3, "model"),
        ("output: {format: html}\n", 1, "json"),
        ("a: &x [1]\n", 1, "anchor"),
        ("", 1, "empty"),
        ("- 1\n", 1, "keys are expected"),
        ("workload: {tokens: 1B\n", 1, "not YAML"),
        ("workload: {tokens: 1B}\nworkload: {tokens: 2B}\n", 2, "duplicate key 'workload'"),
    ],
)
def test_wrong_file(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = scenario(tmp_path, text)
    result = run("compare", "-f", path, *DAY)
    assert result.exit_code == 3, result.output
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"tco: {path}:{line}: "), result.stderr
    assert words in result.stderr


def test_unknown_name_in_the_file(tmp_path: Path) -> None:
    path = scenario(tmp_path, "workload: {tokens: 1B}\nselect:\n  models: [gtp-4.1]\n")
    result = run("compare", "-f", path, *DAY)
    assert result.exit_code == 3
    assert "did you mean gpt-4.1" in result.stderr


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"
    path.write_bytes(b"workload: {tokens: \xff}\n")
    result = run("compare", "-f", str(path), *DAY)
    assert result.exit_code == 3
    assert result.stderr == f"tco: {path}:1: not UTF-8 text; save the file as UTF-8\n"
    assert run("compare", "-f", str(tmp_path), *DAY).exit_code == 3


def test_example(tmp_path: Path) -> None:
    result = run("compare", "-f", str(EXAMPLE), "-o", "json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["workload"]["tokens_per_month"] == 50e9
    assert document["catalog"]["as_of"] == "2026-11-21"
    ids = {option["id"] for option in document["options"]}
    assert {"our-contract", "our-gpus", "reserved-units"} <= ids
    given = {a["path"]: a["source"] for a in document["assumptions"] if a["origin"] == "given"}
    assert given["serving.headroom"].startswith(f"{EXAMPLE}:")
    flags = run("compare", "-f", str(EXAMPLE), "--tokens", "1B", "-o", "json")
    assert json.loads(flags.stdout)["workload"]["tokens_per_month"] == 1e9


def test_example_names_every_key() -> None:
    from tco.ask.layers import FIELDS

    text = EXAMPLE.read_text(encoding="utf-8")
    for field in FIELDS:
        assert f"{field.key.rsplit('.', 1)[-1]}:" in text, field.key


def test_docs_carry_the_example() -> None:
    page = (ROOT / "docs" / "scenario.md").read_text(encoding="utf-8")
    assert f"```yaml\n{EXAMPLE.read_text(encoding='utf-8')}```\n" in page


def test_sections_of_a_catalog_in_the_file(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        "workload: {tokens: 50B}\n"
        "select: {models: [gpt-4.1], tiers: [api]}\n"
        "data:\n"
        "  sources: {us: {title: our contract, read: 2026-11-01}}\n"
        "  offers:\n"
        "    - {provider: openai, model: gpt-4.1, prices: [{since: 2026-01-01,"
        " checked: 2026-11-01, usd_per_mtok: {input: 1, output: 1}, evidence: [{source: us}]}]}\n",
    )
    result = run("compare", "-f", path, *DAY, "-o", "json")
    assert result.exit_code == 0, result.output
    (option,) = json.loads(result.stdout)["options"]
    tokens = [line for line in option["lines"] if line["group"] == "tokens"]
    assert sum(line["amount_usd"] for line in tokens) == pytest.approx(50_000)
