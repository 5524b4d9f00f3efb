"""The JSON Schemas that are published in `schema/`: one for each result and each data file.

What several of them speak of stands once, in `definitions.schema.json`.

python -m tco.render.schemas schema/    writes them
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from tco.analysis import import_bench, results
from tco.analysis.claims import judge
from tco.analysis.deploy import server as deployed
from tco.analysis.diff import results as difference_results
from tco.analysis.horizon import results as horizon_results
from tco.analysis.jobs import results as job_results
from tco.analysis.montecarlo import results as uncertain_results
from tco.analysis.plan import results as plan_results
from tco.analysis.portfolio import results as portfolio_results
from tco.analysis.size import results as size_results
from tco.analysis.vary import over, whatif
from tco.ask import effective, scenario
from tco.catalog import (
    build,
    claims,
    defaults,
    hardware,
    models,
    prices,
    summary,
    usage_profile,
    verify,
)
from tco.catalog.benches import read as bench_files
from tco.catalog.check import finding
from tco.catalog.check import run as check_entry
from tco.catalog.files import write_atomically
from tco.render.jsonio import member
from tco.usage import results as usage_results

DIALECT = "https://json-schema.org/draft/2020-12/schema"
RESULTS: dict[str, Any] = {
    "compare": results.CompareResult,
    "compare-volumes": results.CompareVolumes,
    "frontier": results.FrontierResult,
    "breakeven": results.BreakevenResult,
    "breakeven-table": results.BreakevenTable,
    "sensitivity": results.SensitivityResult,
    "explain": results.ExplainResult,
    "breakeven-over": over.BreakevenOver,
    "map": over.MapResult,
    "what-if": whatif.WhatIfResult,
    "montecarlo": uncertain_results.MonteCarloResult,
    "horizon": horizon_results.HorizonResult,
    "train": job_results.TrainResult,
    "embed": job_results.EmbedResult,
    "size": size_results.SizeResult,
    "size-validation": size_results.ValidationResult,
    "plan": plan_results.PlanResult,
    "plan-portfolio": portfolio_results.PortfolioResult,
    "profile": usage_results.ProfileResult,
    "bill": usage_results.BillResult,
    "sources": usage_results.SourcesResult,
    "diff": difference_results.DiffResult,
    "claims": judge.ClaimsResult,
    "config": effective.ConfigResult,
    "deploy": deployed.DeployResult,
    "import-bench": import_bench.ImportResult,
    "catalog-check": finding.CheckReport,
    "catalog-rules": check_entry.RuleList,
    "catalog-list": summary.CatalogList,
    "catalog-names": summary.CatalogNames,
    "catalog-history": summary.CatalogHistory,
    "catalog-show": summary.CatalogRecord,
    "catalog-diff": difference_results.CatalogDiff,
    "catalog-verify": verify.VerifyReport,
}
FILES: dict[str, type[BaseModel]] = {
    "prices": prices.Prices,
    "hardware": hardware.Hardware,
    "models": models.Models,
    "workloads": defaults.Workloads,
    "assumptions": defaults.Assumptions,
    "overlay": build.Overlay,
    "scenario": scenario.ScenarioDocument,
    "portfolio": scenario.PortfolioDocument,
    "claims-file": claims.Claims,
    "usage-profile": usage_profile.UsageProfile,
    "throughput": bench_files.Measurement,
}
MODES: dict[Literal["validation", "serialization"], Mapping[str, Any]] = {
    "serialization": RESULTS,
    "validation": FILES,
}
HERE = "#/$defs/"


SHARED = "definitions"
"""The file of what several schemas speak of; the others refer to it."""

WIDE = 100
"""Columns: what fits into them stands on one line, so that a review reads it."""


def schemas() -> dict[str, str]:
    """Return the text of every published schema by the name of its file.

    A definition stands once: in the schema that alone needs it, or in that of `SHARED`.
    """
    tops, definitions = _generated((*RESULTS, *FILES))
    files = {key: f"{name}.schema.json" for name, key in tops.items()}
    needs = {name: _reached(definitions, key) for name, key in tops.items()}
    shared = {k for k, n in Counter(chain(*needs.values())).items() if n > 1 and k not in files}
    places = {**{k: f"{SHARED}.schema.json#/$defs/{k}" for k in shared}, **files}
    made = {}
    for name, key in tops.items():
        own = needs[name] - shared - files.keys()
        made[name] = _placed(_whole(name, definitions, key, own), places)
    common = {"$id": f"{SHARED}.schema.json", "$defs": _some(definitions, shared)}
    made[SHARED] = _placed({"$schema": DIALECT, **common}, files)
    return {f"{name}.schema.json": _text(value) for name, value in sorted(made.items())}


def schema(name: str) -> str:
    """Return the text of one schema, such as `compare` or `scenario`, that needs no other file."""
    tops, definitions = _generated((name,))
    key = tops[name]
    needed = _reached(definitions, key) - {key}
    return _text(_whole(name, definitions, key, needed))


def _generated(names: tuple[str, ...]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return under which key each schema stands among the definitions, and these, described."""
    adapters = [
        (name, mode, TypeAdapter(cls))
        for mode, some in MODES.items()
        for name, cls in some.items()
        if name in names
    ]
    tops, rest = TypeAdapter.json_schemas(adapters, by_alias=True)
    definitions = rest["$defs"]
    _describe(definitions)
    return {name: top["$ref"].removeprefix(HERE) for (name, _), top in tops.items()}, definitions


def _describe(definitions: dict[str, Any]) -> None:
    """Give every property its name in the document and the text that stands under the attribute."""
    records = _records()
    for part in definitions.values():
        docs = _docs(records.get(part.get("title", ""), object))
        if "properties" in part:
            part["properties"] = {member(key): entry for key, entry in part["properties"].items()}
        if "required" in part:
            part["required"] = [member(key) for key in part["required"]]
        said = part.get("properties", {}).get("schema", {})
        if isinstance(said.get("default"), str):  # no file: an answer, which always says it
            del said["default"]
            part["required"] = ["schema", *part.get("required", [])]
        for key, entry in part.get("properties", {}).items():
            entry.pop("title", None)  # the key again, in other letters
            if text := docs.get(key):
                entry.setdefault("description", text)


def _reached(definitions: dict[str, Any], key: str) -> set[str]:
    """Return the keys of a definition and of all that it speaks of."""
    found: set[str] = set()
    waiting = [key]
    while waiting:
        if (one := waiting.pop()) not in found:
            found.add(one)
            waiting += _references(definitions[one])
    return found


def _references(value: Any) -> list[str]:
    """Return the keys of the definitions that a schema refers to itself."""
    if isinstance(value, list):
        return [key for item in value for key in _references(item)]
    if not isinstance(value, dict):
        return []
    own = value.get("$ref")
    here = [own.removeprefix(HERE)] if isinstance(own, str) else []
    return here + [key for item in value.values() for key in _references(item)]


def _whole(name: str, definitions: dict[str, Any], key: str, own: set[str]) -> dict[str, Any]:
    """Return a schema as it is published, with its own definitions before its properties."""
    defined = {"$defs": _some(definitions, own)} if own else {}
    return {"$schema": DIALECT, "$id": f"{name}.schema.json", **defined, **definitions[key]}


def _some(definitions: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: definitions[key] for key in sorted(keys)}


def _placed(value: Any, places: dict[str, str]) -> Any:
    """Return a schema whose references lead to where their definitions are."""
    if isinstance(value, list):
        return [_placed(item, places) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _placed(item, places) for key, item in value.items()}
    if isinstance(own := made.get("$ref"), str):
        made["$ref"] = places.get(own.removeprefix(HERE), own)
    return made


def _text(value: dict[str, Any]) -> str:
    """Return a schema as text: what fits into a line stands on one."""
    return _lines(value, 0, "", whole=False) + "\n"


def _lines(value: Any, indent: int, head: str, *, whole: bool = True) -> str:
    """Return a value as JSON after the key of its line.

    Args:
        indent: Columns that its line begins with.
        head: The key before it, with colon and blank.
        whole: Whether it may stand on one line.
    """
    line = head + json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or (whole and indent + len(line) < WIDE):
        return line
    inner = indent + 2
    if isinstance(value, dict):
        parts = [_lines(v, inner, f"{json.dumps(k)}: ") for k, v in value.items()]
        opened, closed = "{}"
    else:
        parts = [_lines(item, inner, "") for item in value]
        opened, closed = "[]"
    body = ",\n".join(" " * inner + part for part in parts)
    return f"{head}{opened}\n{body}\n{' ' * indent}{closed}"


def _records() -> dict[str, type]:
    """Return the record types of all modules that the results and files have loaded, by name."""
    loaded = [m for name, m in sys.modules.items() if name.startswith("tco.")]
    classes = (c for m in loaded for c in vars(m).values() if inspect.isclass(c))
    return {c.__name__: c for c in classes if is_dataclass(c) or issubclass(c, BaseModel)}


def _docs(kind: type) -> dict[str, str]:
    """Return the texts under the attributes of a record, those of its bases first."""
    ours = [c for c in kind.__mro__[::-1] if c.__module__.startswith("tco.")]
    return {key: text for base in ours for key, text in attribute_docs(base).items()}


def attribute_docs(cls: type) -> dict[str, str]:
    """Return the texts that stand under the attributes of a class.

    Pydantic can read them too, but it would do so at every start, which takes longer than building
    the classes.
    """
    found = {}
    for node, after in pairwise(_written(cls.__module__).get(cls.__name__, [])):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = ast.get_docstring(ast.Module([after], [])) if isinstance(after, ast.Expr) else ""
            if text:
                found[node.target.id.rstrip("_")] = text
    return found


@cache
def _written(module: str) -> dict[str, list[ast.stmt]]:
    """Return the bodies of the classes of a module; made ones have none, their keys say all."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: node.body for node in tree.body if isinstance(node, ast.ClassDef)}


def write(directory: Path) -> None:
    """Write every schema into a directory."""
    for name, text in schemas().items():
        write_atomically(directory / name, text.encode("utf-8"))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
