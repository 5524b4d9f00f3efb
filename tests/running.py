"""How tests run the command line: in this process, on a small catalog that does not change."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typer.testing
from jsonschema_rs import Draft202012Validator, Registry

from tco.catalog import load
from tco.catalog.files import File, shipped_file

ROOT = Path(__file__).parents[1]
SMALL = Path(__file__).parent / "golden" / "catalog"
SCHEMA = ROOT / "schema"
DAY = ("--as-of", "2026-11-21")

_load = load.load_catalog


def undated(text: str) -> str:
    """Return a screen without the catalog's digest, which every edit of a data file changes."""
    text = re.sub(r"\([0-9a-f]{7}\)", "(#######)", text)
    return re.sub(r"\b[0-9a-f]{64}\b", "#" * 64, text)


def rounded(text: str) -> str:
    """Return a text whose fractions have 12 digits: processors differ in the last of them."""
    return re.sub(r"-?\d+\.\d+(?:e[-+]?\d+)?", lambda found: f"{float(found[0]):.12g}", text)


def next_commands(screen: str) -> list[str]:
    """Return the commands that a screen proposes, as a shell reads them when they are pasted."""
    lines = screen.replace(" \\\n  ", " ").splitlines()
    return [line for line in lines if line.startswith("tco ")]


def load_small(overlays: Any = (), *, measured: Any = (), **_: Any) -> load.Catalog:
    """Return the small catalog with overlays, as `load_catalog` returns the shipped one."""
    return _load(overlays, measured=measured, data=SMALL)


def small_file(name: str) -> File:
    """Return a file of the small catalog in place of a shipped one."""
    path = SMALL / name
    if path.is_file():
        return File(f"data/{name}", path.read_bytes())
    shipped = shipped_file(name)
    lines = [line for line in shipped.data.splitlines() if not line.startswith(b"#")]
    return File(shipped.path, lines[0] + b"\n")  # nothing was measured


def schema_file(name: str) -> Any:
    """Return a published schema."""
    return json.loads((SCHEMA / f"{name}.schema.json").read_text(encoding="utf-8"))


@cache
def published(name: str) -> Draft202012Validator:
    """Return what holds a value against a published schema, which refers to those beside it."""
    beside = [json.loads(path.read_text(encoding="utf-8")) for path in SCHEMA.glob("*.schema.json")]
    registry = Registry([(schema["$id"], schema) for schema in beside])
    return Draft202012Validator(schema_file(name), registry=registry)


def clean(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment of 80 columns in which nothing is said to `tco`."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("TCO_", "GITHUB_"))
        and k not in ("NO_COLOR", "TERM", "COLUMNS", "FORCE_COLOR")
    }
    return {**kept, "COLUMNS": "80", "TCO_CONFIG": "", **(env or {})}


def run(*args: str, env: Mapping[str, str] | None = None) -> Any:
    """Return what `tco ARGS` does in this process; call with the fixture `small` in place."""
    from tco.cli.app import app

    wiped: dict[str, Any] = {k: None for k in os.environ if k.startswith(("TCO_", "GITHUB_"))}
    runner = typer.testing.CliRunner()
    return runner.invoke(app, list(args), env={**wiped, **clean(env)}, prog_name="tco")


def shell(*args: str, env: Mapping[str, str] | None = None, **options: Any) -> Any:
    """Return what `python -m tco ARGS` does as a process of its own, on the shipped catalog."""
    return subprocess.run(
        [sys.executable, "-m", "tco", *args],
        env=clean({"PYTHONPATH": str(ROOT / "src"), **(env or {})}),
        capture_output=True,
        timeout=120,
        check=False,
        **options,
    )
