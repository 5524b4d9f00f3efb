"""Write `formulas.md`: every formula of the engine and every default, from the code and the data.

python docs/formulas.py     rewrites the page; a test holds it against what this would write
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tco.catalog.load import load_catalog
from tco.options.without import GROUPS, SWITCHES

PAGE = Path(__file__).with_name("formulas.md")

STAR = "\\*"

ROOMS = {
    "shapes": "The month, models, GPUs",
    "ledger": "Tokens, contracts, provisioned units",
    "fleet": "Replicas, spares, hours",
    "selfhost": "Rented GPUs, people, what a fleet needs besides",
    "capital": "Bought GPUs, capital, cash",
    "replica": "What a replica sustains",
    "capacity": "Memory",
    "training": "Fine-tuning and embedding",
}
"""Modules of `tco.engine`, in the order of a bill."""

HEAD = """# Formulas and defaults

Written by `python docs/formulas.py` from the docstrings of `tco.engine` and from
`data/assumptions.yaml`; a test fails when this page differs. One month is 730 hours. Units stand in
square brackets. `tco explain OPTION` prints the same terms with their numbers for one bill, and
`--set PATH=VALUE` replaces any default.
"""


def page() -> str:
    """Return the page."""
    parts = [HEAD, "\n## Formulas\n", *(_room(name, title) for name, title in ROOMS.items())]
    return "".join([*parts, *_defaults(), *_presets(), *_switches()])


def _room(name: str, title: str) -> str:
    module = importlib.import_module(f"tco.engine.{name}")
    rows = [_entry(item, thing) for item, thing in _public(module)]
    return f"\n### {title}\n\n" + "\n".join(row for row in rows if row) + "\n"


def _public(module: Any) -> Iterator[tuple[str, Any]]:
    """Return the functions of a module and the properties of its records, as they stand there."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
            continue
        if inspect.isfunction(thing):
            yield name, thing
        elif inspect.isclass(thing):
            for inner, held in vars(thing).items():
                if isinstance(held, property):
                    yield f"{name}.{inner}", held.fget


def _entry(name: str, thing: Any) -> str:
    """Return a line: what it is, its formulas and its source."""
    paragraphs = re.split(r"\n\s*\n", inspect.getdoc(thing) or "")
    said = _flat(paragraphs[0]).removeprefix("Return ")
    formulas = [_flat(p) for p in paragraphs[1:] if "``" in p and not p.startswith(("Args", ">>>"))]
    source = [_flat(p).removeprefix("Source: ") for p in paragraphs if p.startswith("Source:")]
    out = f"- **{name}**: {said}"
    out += "".join(f"\n  {text}" for text in formulas)
    return out + "".join(f"\n  *Source: {text}*" for text in source)


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().replace("``", "`")


def _defaults() -> Iterator[str]:
    data = load_catalog().assumptions
    yield "\n## Defaults\n\nA star marks our own judgment.\n"
    group = ""
    for path, entry in sorted(data.assumptions.items(), key=lambda pair: pair[0].split(".")[0]):
        if path.split(".")[0] != group:
            group = path.split(".")[0]
            yield f"\n### {group}\n\n| path | what | value | range | unit | source |\n"
            yield "|---|---|---:|---|---|---|\n"
        star = STAR if data.sources[entry.source].kind == "judgment" else ""
        span = f"{entry.low:g} to {entry.high:g}"
        what = entry.title + (f"; {entry.note}" if entry.note else "")
        cells = (f"`{path}`", what, f"{entry.value:g}{star}", span, entry.unit, entry.source)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
    yield "\n### Sources\n\n"
    for name, source in sorted(data.sources.items()):
        place = source.url or source.where
        yield f"- `{name}`: {source.title}, read {source.read}" + (f" ({place})" * bool(place))
        yield "\n"


def _presets() -> Iterator[str]:
    """Return the named sets of assumptions."""
    data = load_catalog().assumptions
    yield "\n## Named sets\n\nEach replaces the defaults above; a star marks our own judgment.\n"
    for kind, sets in data.presets.items():
        yield f"\n### --{kind.replace('_', '-')}\n\n| name | what | sets |\n|---|---|---|\n"
        for name, preset in sets.items():
            told = [_told(data, path, value) for path, value in preset.values.items()]
            yield f"| `{name}` | {preset.title} | {'<br>'.join(told)} |\n"


def _told(data: Any, path: str, value: Any) -> str:
    star = STAR if data.sources[value.source].kind == "judgment" else ""
    said = f"`{path}` {value.value:g}{star} ({value.low:g} to {value.high:g}; {value.source})"
    return said + (f"; {value.note}" if value.note else "")


def _switches() -> Iterator[str]:
    """Return what `--without` can leave out."""
    yield "\n## What can be left out\n\n`--without NAME` of any command, repeatable; `--bare` is "
    yield "`--without bare`, of which single values can be set again.\n\n"
    yield "| name | lines that go | assumptions |\n|---|---|---|\n"
    for name, one in SWITCHES.items():
        told = ", ".join(f"`{path}` {value:g}" for path, value in one.settings.items())
        yield f"| `{name}` | {', '.join(one.items)} | {told} |\n"
    yield "\n"
    for name, names in GROUPS.items():
        yield f"- `{name}`: {', '.join(names)}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
