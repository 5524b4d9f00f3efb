"""Every command in every format at 80 columns, on a small catalog.

A command is run once, to JSON; the formats are written from that, which is the same, byte for byte:
`tests/formats` holds it against what the commands print. `pytest --update-golden` rewrites all.
"""

from __future__ import annotations

import csv
import json
import shlex
from functools import cache
from io import StringIO
from pathlib import Path

import pytest
from running import DAY, ROOT, load_small, published, rounded, run, schema_file, small_file, undated

from tco.catalog import editions
from tco.catalog.check import run as entry
from tco.catalog.files import File
from tco.errors import UsageError
from tco.render.jsonio import read_result
from tco.render.output import MODULES, rendered
from tco.render.words import View

HERE = Path(__file__).parent
FORMATS = {"table": "txt", "json": "json", "csv": "csv", "md": "md", "github": "txt", "llm": "txt"}
ONLY = {
    "focus": ("compare", "explain"),
    "sarif": ("catalog-check",),
}
"""Formats that only some results have."""

EVERY_FORMAT = ("compare", "breakeven", "plan", "catalog-check")
"""Answers of which a review reads more than table and JSON."""

FILES = "tests/golden/files"
CASES = {
    "compare": "compare --tokens 50B",
    "frontier": "compare --tokens 50B --frontier",
    "compare-volumes": "compare",
    "breakeven": "breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B",
    "breakeven-table": "breakeven",
    "breakeven-over": "breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B --over rent",
    "map": "breakeven --map volume:rent --tokens 50B --x 1B..100B:log3 --y 1..2:2",
    "sensitivity": "sensitivity gpt-4.1 self/llama-3.3-70b --tokens 10B",
    "montecarlo": "sensitivity gpt-4.1 self/llama-3.3-70b --tokens 10B --draws 200",
    "what-if": "sensitivity --tokens 50B --what-if 'api price x3' --what-if 'rent +30%'",
    "size": "size llama-3.3-70b --gpu h100-sxm",
    "size-validation": "size --validate tests/size/files/mine.csv",
    "plan": "plan deepinfra/llama-3.3-70b --tokens 500B --profile chat",
    "plan-portfolio": f"plan -f {FILES}/portfolio.yaml",
    "horizon": "horizon gpt-4.1 self/llama-3.3-70b --tokens 20B",
    "profile": f"profile {FILES}/spend.jsonl",
    "bill": f"bill {FILES}/spend.jsonl --invoice 0.15",
    "bill-by-team": f"bill {FILES}/spend.jsonl --by team --no-elsewhere",
    "sources": "profile --sources",
    "train": "train llama-3.3-70b gpt-4.1 --training-tokens 10M",
    "embed": "embed --queries 5M --query-tokens 200 --params 0.6B",
    "diff": f"diff --catalog tests/golden/catalog {FILES}/cheaper.yaml --tokens 50B"
    " --fail-if winner-changes",
    "explain": "explain self/llama-3.3-70b --tokens 50B",
    "config": "config show --tokens 50B --cached 40% --top 18",
    "deploy": "deploy self/llama-3.3-70b --tokens 50B",
    "claims": "claims crazyrouter-breakeven-deepseek",
    "import-bench": "import bench tests/size/files/vllm.json --gpu h100-sxm --gpus 2"
    " --precision fp8 --engine vLLM --dry-run",
    "catalog-check": "catalog check tests/catalog/files/wrong.yaml",
    "catalog-rules": "catalog check --rules",
    "catalog-list": "catalog list",
    "catalog-names": "catalog list --profiles",
    "catalog-history": "catalog history gpt-4.1",
    "catalog-show": "catalog show h100-sxm",
    "catalog-verify": f"catalog verify --against litellm {FILES}/litellm.json",
    "catalog-diff": f"catalog diff tests/golden/catalog {FILES}/cheaper.yaml --tokens 50B",
}
SCHEMAS = {"bill-by-team": "bill"}
"""Cases beside the one that is called as its schema."""

DAYLESS = ("size-validation", "plan-portfolio", "import-bench", "catalog-rules")
TO_BE_COPIED = ("tco ", "https://", "/v1/")  # what is copied from a screen is not broken
CODES = {"catalog-check": 1, "diff": 1}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command read the small catalog, at the root of the repository."""
    monkeypatch.setattr("tco.catalog.load.load_catalog", load_small)
    monkeypatch.setattr(entry, "load_catalog", load_small)
    monkeypatch.setattr(editions, "load_catalog", load_small)
    monkeypatch.setattr(editions, "shipped_file", small_file)
    monkeypatch.chdir(ROOT)


def words(name: str) -> list[str]:
    """Return the command of a case, on the day of the tests."""
    return [*shlex.split(CASES[name]), *(() if name in DAYLESS else DAY)]


@cache
def saved(name: str) -> str:
    """Return the JSON of a case."""
    result = run(*words(name), "--format", "json")
    assert result.exit_code == CODES.get(name, 0), result.output
    return str(result.stdout)


def test_every_result_has_a_case() -> None:
    named = {schema.partition("/")[0].removeprefix("tco.") for schema in MODULES}
    assert CASES.keys() - SCHEMAS.keys() == named


@pytest.mark.parametrize("kind", [*FORMATS, *ONLY])
@pytest.mark.parametrize("name", CASES)
def test_golden(name: str, kind: str, request: pytest.FixtureRequest) -> None:
    result, unknown = read_result(File("saved.json", saved(name).encode()))
    assert not unknown
    if name not in ONLY.get(kind, CASES):
        with pytest.raises(UsageError, match=kind):
            rendered(result, kind, View())
        return
    text = rendered(result, kind, View())
    assert "\x1b" not in text
    if kind == "json":
        assert text == saved(name)
    if kind == "table":
        long = [line for line in text.splitlines() if len(line) > 80]
        assert all(line.lstrip().startswith(TO_BE_COPIED) for line in long), long
    if kind == "csv":
        head, *rows = csv.reader(StringIO(text))
        assert rows and {len(row) for row in rows} == {len(head)}
    if kind == "md":
        tables = [line for line in text.splitlines() if line.startswith("| ")]
        assert all(line.endswith(" |") for line in tables), tables
    assert text.strip() or kind == "github"
    if name not in EVERY_FORMAT and kind not in ("table", "json"):
        return
    path = HERE / "formats" / f"{name}.{kind}.{FORMATS.get(kind, 'txt')}"
    text = undated(text)
    golden = path.read_text(encoding="utf-8") if path.exists() else ""
    if request.config.getoption("--update-golden") and rounded(text) != rounded(golden):
        path.write_text(text, encoding="utf-8")
        golden = text
    assert rounded(text) == rounded(golden)


@pytest.mark.parametrize("name", CASES)
def test_json_follows_its_schema(name: str) -> None:
    called = SCHEMAS.get(name, name)
    document = json.loads(saved(name))
    published(called).validate(document)
    # In dollars alone, a document does not speak of money.
    assert document.keys() | {"currency"} == schema_file(called)["properties"].keys() | {"currency"}


def test_no_golden_is_left_over() -> None:
    kept = {tuple(path.name.split(".")[:2]) for path in (HERE / "formats").iterdir()}
    read = [("table", "json"), (*FORMATS, *ONLY)]
    meant = {(name, kind) for name in CASES for kind in read[name in EVERY_FORMAT]}
    assert kept == {(n, k) for n, k in meant if n in ONLY.get(k, CASES)}
