"""The scenario file that `tco init` writes: every key there is, with its default, commented out.

It is made from the schema of scenario files, the declared options and the catalog, so that it says
what is so. A line means what it says once its first `# ` is taken away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

import numpy as np

from tco.analysis.inputs import Inputs
from tco.analysis.settings import Setting, Settings
from tco.ask.effective import ConfigRow, in_effect
from tco.ask.fields import OUTPUT, QUESTION, Field
from tco.ask.inline import EXAMPLE, parts_of
from tco.ask.layers import RIVALS
from tco.catalog import scenario
from tco.catalog.fields import Record
from tco.cli import options
from tco.cli.flags import options_of
from tco.render.schemas import attribute_docs
from tco.show import show_number, show_seconds, show_share

HEAD = """\
# yaml-language-server: $schema=./{schema}
#
# A question to tco, kept in a file:  tco compare -f {name}
#
# Only the volume is said yet. Every other line shows what holds when it is not said; take the `# `
# before a key away to say something else. Lines marked `e.g.` are examples: without them nothing is
# said. Who says so stands in brackets; judgment is ours, to be replaced by yours. Flags and TCO_
# variables beat this file.
# Quantities are written as for flags: 50B, 500M/day, 20 req/s, 35%, $2.50/Mtok, $2.10/gpu-h, 50ms.
version: 1
"""

EXAMPLES = {
    "tokens": "50B",
    "requests": "20M",
    "users": "10k",
    "peak": "200 req/s",
    "input_output": "3:1",
    "service": "flex",
    "region": "eu",
    "tokenizer": "[gpt-4.1=1.1]",
    "model": "[gpt-4.1, llama-3.3-70b]",
    "provider": "[openai, together]",
    "tier": "[hosted, self]",
    "license": "[permissive, community]",
    "min_score": "{mmlu: 80}",
    "min_trust": "high",
    "gpu": "[h100-sxm, h200-sxm]",
    "gpus": "8",
    "precision": "[bf16, fp8]",
    "seller": "[nebius, runpod]",
    "billing": "autoscaled",
    "slo": "[ttft=1s]",
    "fte": "0.5",
    "coverage": "business_hours",
    "site": "colo",
    "electricity": "us",
    "ownership": "annuity",
    "extra_monthly": "$4k/month",
    "extra_per_gpu": "$375/month",
    "extra_per_server": "$1,500/month",
    "extra_upfront": "$300k",
    "without": "[power]",
    "as_of": "2026-03-01",
    "catalog": "[prices-of-ours.yaml]",
    "measured": "[tco-measured.csv]",
    "export": "[json=out.json]",
    "top": "15",
    "sort": "cost",
    "fields": "[id, tier, monthly_usd]",
}
"""What is written for an option that is said by nobody, by its name."""

SAID = "tokens"
"""The one key that is said: without a volume there is no bill."""

UNITS: dict[str, Callable[[float], str]] = {
    "months": lambda value: f"{value:g} months",
    "s/token": show_seconds,
    "share": show_share,
    "USD/year": lambda value: f"${show_number(value)}/year",
}
"""How the value of a setting is written for the option that says it, by its unit."""


class Entry(NamedTuple):
    """One key: what it is called in its section, its value as YAML, and what it means."""

    key: str
    value: str
    note: str


def scenario_text(inputs: Inputs, name: str, schema: str) -> str:
    """Return the whole file.

    Args:
        inputs: A question in which nothing was said.
        name: What the file will be called.
        schema: The file beside it that has the schema, for editors.
    """
    keys = [key for key in scenario.Scenario.model_fields if key != "version"]
    known = {row.key: row for row in in_effect(inputs, {})}
    text = HEAD.format(name=name, schema=schema)
    for panel in PANELS:
        text += f"\n# ---- {panel} ----\n"
        for key in (key for key in keys if _panel(key) == panel):
            text += "\n".join(_lines(key, known, inputs.settings)) + "\n"
    return text


PANELS = (options.VOLUME, options.WHICH, options.SERVING, options.VALUES, options.OUTPUT)
FIELDS = {field.key: field for field in (*QUESTION, *OUTPUT)}
DECLARED = {
    option.name: option.annotation.__metadata__[0]
    for record in (options.Question, options.Output)
    for option in options_of(record)
}


def _panel(key: str) -> str:
    """Return the heading of the help screen under which a key of the whole file belongs."""
    inside = (DECLARED[f.name].rich_help_panel for k, f in FIELDS.items() if k.split(".")[0] == key)
    return next(inside, options.VALUES)


def _lines(key: str, known: Mapping[str, ConfigRow], settings: Settings) -> list[str]:
    """Return the lines of one key of the whole file: a section with its keys, or a single one."""
    whole = scenario.Scenario
    part = _section(whole.model_fields[key].annotation)
    if part is not None:
        entries = [_entry(f"{key}.{name}", name, part, known) for name in part.model_fields]
    elif key == "settings":
        paths = [name.removeprefix("settings.") for name in known if name.startswith("settings.")]
        entries = [_assumption(settings[path]) for path in paths]
    elif key == "options":
        described = ", ".join(f"{k}: {v}" for k, v in parts_of(EXAMPLE).items())
        entries = [Entry("-", f"{{{described}}}", f"e.g. {DECLARED['option'].help}")]
    else:
        return _aligned([_entry(key, key, whole, known)], "")
    return [f"{key}:", *_aligned(entries, "  ")]


def _aligned(entries: list[Entry], indent: str) -> list[str]:
    said = [f"{e.key} {e.value}" if e.key == "-" else f"{e.key}: {e.value}" for e in entries]
    marked = [text if e.key == SAID else f"# {text}" for text, e in zip(said, entries, strict=True)]
    width = max(len(text) for text in marked)
    return [f"{indent}{t:<{width}}  # {e.note}" for t, e in zip(marked, entries, strict=True)]


def _section(annotation: Any) -> type[Record] | None:
    """Return the record of a section of scenario files."""
    kinds = (k for k in (annotation, *get_args(annotation)) if isinstance(k, type))
    ours = (k for k in kinds if issubclass(k, Record) and k.__module__ == scenario.__name__)
    return next(ours, None)


def _entry(path: str, name: str, part: type[Record], known: Mapping[str, ConfigRow]) -> Entry:
    """Return the entry of a key: a declared option, or something that only files can say."""
    field, row = FIELDS.get(path), known.get(path)
    default = part.model_fields[name].get_default(call_default_factory=True)
    unsaid = "" if default is None else json.dumps(default)
    if field is None:
        return Entry(name, unsaid, attribute_docs(part).get(name, name))
    help_text = DECLARED[field.name].help
    if row is None or field.name in EXAMPLES:
        rivals = any({SAID, field.target} <= both for both in RIVALS)
        note = "" if name == SAID else f"instead of {SAID}: " if rivals else "e.g. "
        return Entry(name, EXAMPLES.get(field.name, unsaid), f"{note}{help_text}")
    judged = "; judgment" if row.judgment and row.source != "judgment" else ""
    source = f" ({row.source}{judged})" if row.source else ""
    return Entry(name, _readable(row, field), f"{help_text}{source}")


def _readable(row: ConfigRow, field: Field) -> str:
    """Return a value as people write it, if that is read back as the same."""
    if isinstance(row.value, bool):
        return "true" if row.value else "false"
    if isinstance(row.value, str):
        return f"[{row.value}]" if field.many else row.value
    write = UNITS.get(row.unit)
    text = write(row.value) if write else ""
    return text if write and field.read(text) == row.value else _number(row.value)


def _assumption(setting: Setting) -> Entry:
    ends = f"{setting.low:g} to {setting.high:g} {setting.unit} ({setting.source})"
    value = _number(float(np.asarray(setting.value)))
    return Entry(setting.path, value, f"{setting.title}; {ends}")


def _number(value: float) -> str:
    return f"{value:g}" if value == float(f"{value:g}") else repr(value)
