"""An option is one entry: the diff of CONTRIBUTING.md makes flag, key, keyword and the rest."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from running import ROOT, clean

from tco.ask import fields
from tco.ask.fields import FORMATS, LIMITS, fields_of
from tco.ask.options import (
    OUTPUT,
    QUESTION,
    BillOptions,
    BreakevenOptions,
    EmbedOptions,
    HorizonOptions,
    Output,
    PlanOptions,
    QuestionOptions,
    SensitivityOptions,
    SizeOptions,
    TrainOptions,
)
from tco.catalog.load import load_catalog
from tco.catalog.trust import LEVELS
from tco.cli.complete import KINDS
from tco.engine.fleet import Billing
from tco.options import scenario
from tco.options.question import prepare
from tco.options.scenario import Scenario

ENTRY = """
import inspect, json, sys
from pathlib import Path
from typer.testing import CliRunner

sys.path.insert(0, "docs")
import commands
import tco
from tco.ask.options import lacking
from tco.cli.app import app
from tco.render.schemas import schema


def run(*words, **env):
    done = CliRunner().invoke(app, list(words), env=env)
    assert done.exit_code == 0, done.output
    return done.stdout


def value(*words, **env):
    rows = json.loads(run("config", "show", "-o", "json", *words, **env))["rows"]
    (row,) = [row for row in rows if row["key"] == "serving.headroom"]
    assert row["option"] == "--headroom"
    return row["value"], row["origin"]


tco_yaml = Path("tco.yaml")
tco_yaml.write_text("serving: {headroom: 70%}\\n")
usual, who = value()
assert who == "judgment"
assert value("--headroom", "80%") == (0.8, "flag")
assert value(TCO_HEADROOM="75%") == (0.75, "variable")
assert value("-f", "tco.yaml") == (0.7, "file")

month = {"tokens": "500B", "model": "llama-3.3-70b", "tier": "self", "as_of": "2026-11-21"}
said, by_path, unsaid = (
    tco.compare(**month, **more).options[0].monthly_usd
    for more in ({"headroom": "50%"}, {"set": {"serving.headroom": 0.5}}, {})
)
assert said == by_path > unsaid

assert "headroom" in inspect.signature(tco.size).parameters
assert "headroom" not in inspect.signature(tco.train).parameters
assert "--headroom %" in run("size", "--help")
assert "--headroom" not in run("train", "--help")
assert lacking("train").count("headroom") == 1

part = json.loads(schema("scenario"))["$defs"]["ServingPart"]["properties"]["headroom"]
assert part["anyOf"][0] == {"type": ["number", "string"]}
assert part["description"] == "How full a fleet may be at its peak: 80%."
assert f"# headroom: {usual:.0%} " in run("init", "-")
assert "| `--headroom %` | How full a fleet may be at its peak: 80%. |" in commands.page()

try:
    from tco.api import mcp
except ImportError:
    pass
else:
    assert "headroom" in mcp.TOOLS["explain"].options
"""


def applied(text: str, diff: str) -> str:
    """Return a text with the lines of a diff added after those that stand before them."""
    lines = diff.splitlines()
    before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    after = "\n".join(line[1:] for line in lines)
    assert text.count(before) == 1
    return text.replace(before, after)


def test_adding_an_option_is_one_entry(tmp_path: Path) -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = guide.partition("## Add an option")[2]
    found = re.search(r"```diff\n--- (\S+)\n(.*?)\n```", section, re.DOTALL)
    assert found is not None
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("data", "docs", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    path = tmp_path / found[1]
    path.write_text(applied(path.read_text(encoding="utf-8"), found[2]), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ENTRY],
        cwd=tmp_path,
        env=clean({"PYTHONPATH": str(tmp_path / "src"), "TCO_CACHE_DIR": str(tmp_path / "cache")}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


WORDS = ("options", "api", "hosted", "self", *scenario.METHODS, *LIMITS, *FORMATS)
"""What shells are offered that is no kind of names."""

RECORDS = (
    *(QuestionOptions, Output, BreakevenOptions, HorizonOptions),
    *(SensitivityOptions, PlanOptions, SizeOptions),
    *(TrainOptions, EmbedOptions, BillOptions),
)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_declaration_is_whole(record: type) -> None:
    for name, field in fields_of(record).items():
        assert field.panel and field.text.endswith("."), name
        assert field.read is not str or not field.key, f"{name}: a key without a reader"
        commanded = {"size", "train", "embed", "curve", "diff"}
        assert {*field.but.split()} <= commanded, name
        assert {*field.idle.split()} <= {"train", "embed", "unserved", "unrented"}, name
        assert {*field.tools.split()} <= {"compare", "breakeven", "explain", "size", "bill"}, name
        offered = {word.removesuffix("=") for word in field.offers.split()}
        assert offered <= {*KINDS, *WORDS}, name


def test_no_two_options_are_called_or_kept_alike() -> None:
    every = (*QUESTION, *OUTPUT)
    for of in ("name", "key", "variable"):
        said = [getattr(field, of) for field in every]
        assert len(said) == len(set(said)), of


def test_words_of_a_floor_below_are_the_same_here() -> None:
    """Declarations load nothing, so that help is quick; their words are held here."""
    nothing = prepare(load_catalog(), Scenario(), date(2026, 11, 21))
    declared = fields_of(QuestionOptions)
    assert declared["profile"].default == nothing.profile
    assert declared["engine"].default == nothing.engine
    assert fields.DISCOUNTING == scenario.DISCOUNTING
    assert get_args(Billing) == fields.BILLINGS
    assert fields.TRUST == LEVELS
