"""Findings as SARIF 2.1.0, which code scanning of forges and editors read."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tco import __version__
from tco.catalog.check.finding import CheckReport, Finding, Rule
from tco.catalog.check.run import RULES
from tco.errors import UsageError
from tco.render.jsonio import json_text
from tco.render.words import View

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def text(result: Any, view: View) -> str:
    """Return the log of one run.

    Raises:
        UsageError: The result has no findings.
    """
    if not isinstance(result, CheckReport):
        raise UsageError("sarif is for the findings of tco catalog check")
    used = {found.rule for found in (*result.findings, *result.waived)}
    rules = [rule for rule in RULES if rule.id in used]
    index = {rule.id: i for i, rule in enumerate(rules)}
    driver = {
        "name": "tco catalog check",
        "version": __version__,
        "rules": [_rule(r) for r in rules],
    }
    results = [_result(f, index[f.rule]) for f in (*result.findings, *result.waived)]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "help": {"text": rule.advice},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(found: Finding, index: int) -> dict[str, Any]:
    where = f"{found.where}: " if found.where else ""
    place = {
        "artifactLocation": {"uri": quote(found.file.replace("\\", "/"))},
        "region": {"startLine": max(found.line, 1)},
    }
    made: dict[str, Any] = {
        "ruleId": found.rule,
        "ruleIndex": index,
        "level": found.severity,
        "message": {"text": f"{where}{found.message}; {found.advice}"},
        "locations": [{"physicalLocation": place}],
    }
    if found.waived_because is not None:
        made["suppressions"] = [{"kind": "inSource", "justification": found.waived_because}]
    return made
