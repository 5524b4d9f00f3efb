"""The JSON Schemas that are published in `schema/`: one for each result and each data file.

python -m tco.render.schemas schema/    writes them
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from dataclasses import is_dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel, TypeAdapter

from tco.analysis import bring, catalog_diff, figures, job_results, results, size_results
from tco.analysis.change import results as change_results
from tco.analysis.claims import results as claims_results
from tco.analysis.deploy import results as deploy_results
from tco.analysis.difference import results as difference_results
from tco.analysis.horizon import results as horizon_results
from tco.analysis.plan import results as plan_results
from tco.analysis.portfolio import results as portfolio_results
from tco.analysis.uncertain import results as uncertain_results
from tco.ask import effective
from tco.catalog import (
    claims,
    defaults,
    fields,
    hardware,
    measurement,
    models,
    overlay,
    portfolio,
    prices,
    scenario,
    summary,
    usage_profile,
    verify,
)
from tco.catalog.check import entry as check_entry
from tco.catalog.check import finding
from tco.usage import results as usage_results

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODULES: tuple[ModuleType, ...] = (
    effective,
    deploy_results,
    results,
    change_results,
    uncertain_results,
    size_results,
    job_results,
    plan_results,
    horizon_results,
    portfolio_results,
    claims_results,
    difference_results,
    bring,
    claims,
    defaults,
    fields,
    hardware,
    measurement,
    models,
    overlay,
    prices,
    scenario,
    portfolio,
    catalog_diff,
    figures,
    summary,
    verify,
    finding,
    check_entry,
    usage_profile,
    usage_results,
)
RESULTS: dict[str, Any] = {
    "compare": results.CompareResult,
    "breakeven": results.BreakevenResult,
    "breakeven-table": results.BreakevenTable,
    "sensitivity": results.SensitivityResult,
    "explain": results.ExplainResult,
    "breakeven-over": change_results.BreakevenOver,
    "map": change_results.MapResult,
    "what-if": change_results.WhatIfResult,
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
    "claims": claims_results.ClaimsResult,
    "config": effective.ConfigResult,
    "deploy": deploy_results.DeployResult,
    "import-bench": bring.ImportResult,
    "catalog-check": finding.CheckReport,
    "catalog-rules": check_entry.RuleList,
    "catalog-list": summary.CatalogList,
    "catalog-history": summary.CatalogHistory,
    "catalog-show": summary.CatalogRecord,
    "catalog-diff": catalog_diff.CatalogDiff,
    "catalog-verify": verify.VerifyReport,
}
FILES: dict[str, type[BaseModel]] = {
    "prices": prices.Prices,
    "hardware": hardware.Hardware,
    "models": models.Models,
    "workloads": defaults.Workloads,
    "assumptions": defaults.Assumptions,
    "overlay": overlay.Overlay,
    "scenario": scenario.Scenario,
    "portfolio": portfolio.Portfolio,
    "claims-file": claims.Claims,
    "usage-profile": usage_profile.UsageProfile,
    "throughput": measurement.Measurement,
}


def schemas() -> dict[str, str]:
    """Return the text of every published schema by the name of its file."""
    return {f"{name}.schema.json": schema(name) for name in (*RESULTS, *FILES)}


def schema(name: str) -> str:
    """Return the text of the schema of a result or file, such as `compare` or `scenario`."""
    if name in FILES:
        made = FILES[name].model_json_schema(by_alias=True)
    else:
        made = TypeAdapter(RESULTS[name]).json_schema(mode="serialization")
    return _text(name, made, _docs())


@cache
def _docs() -> dict[str, dict[str, str]]:
    """Return the texts under the attributes of every record, by its name."""
    return {cls.__name__: attribute_docs(cls) for m in MODULES for cls in _records(m)}


def _records(module: ModuleType) -> list[type]:
    """Return the record types that a module defines."""
    classes = [c for c in vars(module).values() if inspect.isclass(c)]
    ours = [c for c in classes if c.__module__ == module.__name__]
    return [c for c in ours if is_dataclass(c) or issubclass(c, BaseModel)]


def attribute_docs(cls: type) -> dict[str, str]:
    """Return the texts that stand under the attributes of a class.

    Pydantic can read them too, but it would do so at every start, which takes longer than building
    the classes.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    found = {}
    for node, after in pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = ast.get_docstring(ast.Module([after], [])) if isinstance(after, ast.Expr) else ""
            if text:
                found[node.target.id.rstrip("_")] = text
    return found


def _text(name: str, schema: dict[str, Any], docs: dict[str, dict[str, str]]) -> str:
    """Return a schema as it is published, every property with its description."""
    definitions = schema.get("$defs", {})
    for title, part in ((schema.get("title", ""), schema), *definitions.items()):
        for key, entry in part.get("properties", {}).items():
            entry.pop("title", None)  # the key again, in other letters
            if text := docs.get(title, {}).get(key):
                entry.setdefault("description", text)
    head = {"$schema": DIALECT, "$id": f"{name}.schema.json"}
    return json.dumps({**head, **schema}, indent=2, ensure_ascii=False, sort_keys=False) + "\n"


def write(directory: Path) -> None:
    """Write every schema into a directory."""
    for name, text in schemas().items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
