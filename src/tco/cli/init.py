"""`tco init`: a scenario file with every key and default, made from what declares them."""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, get_args

import numpy as np
from typer import Option

from tco.ask import scenario
from tco.ask.effective import ConfigRow, in_effect
from tco.ask.fields import ANSWER, SERVING, VALUES, VOLUME, WHICH, Field
from tco.ask.layers import RIVALS
from tco.ask.options import OUTPUT, OVER_TIME, QUESTION
from tco.catalog.fields import Record
from tco.cli.options import flags, word
from tco.options.question import Question
from tco.options.scenario import EXAMPLE, parts_of
from tco.options.settings import Setting, Settings
from tco.units import show_number, show_seconds, show_share

# The files that `tco init` writes.

PLAN = """\
# yaml-language-server: $schema=./{schema}
#
# A portfolio of tasks for `tco plan -f {name}`: which model serves which task, where, and on what.
#
# Figures are an example, made up to be replaced. Quantities are written as on the command line
# (400k, 2 req/s, 35%, 30ms); a line that begins with # is not read.
version: 1

# All requests of a month. Each task takes a share of them, and the shares come to 100 %.
# Tasks may give their own `requests:` or `tokens:` instead; then leave this line out.
requests: 3M

# What everything would otherwise be sent to: the plan says what it saves against that.
against: claude-opus-4.8

# Who decides which task a request is: a small model that reads the request and writes a label.
# A price does as well: `usd_per_request: $0.0001`.
router: {{model: llama-3.1-8b, isl: 400, osl: 5}}

tasks:
  # A law firm's front door. Clients' words must not leave the house, so only own GPUs will do.
  - name: legal-intake
    share: 22%
    isl: 1800
    osl: 350
    peak_to_mean: 2.6          # office hours
    private: true
    licenses: [permissive, community]
    models: [llama-3.3-70b, llama-4-scout, qwen3-32b, gpt-oss-120b]

  # The few questions that are worth the best model there is.
  - name: legal-analysis
    share: 3%
    isl: 14k
    osl: 2k
    min_score: {{review-set: 0.9}}   # an evaluation of your own, see `scores` below

  # First answers to customers: a small model tries, and a large one does again what a judge
  # does not accept. The share that is handed on is yours to measure; no benchmark knows it.
  - name: support
    share: 60%
    profile: chat              # lengths, caching and peak of a measured service
    cascades: [small-first]
    models: [gpt-4.1, claude-opus-4.8, deepseek-v3.2, glm-5.2, gpt-oss-120b]

  # Scores of the night: nobody waits, so that a batch tier will do.
  - name: fraud-review
    share: 15%
    isl: 900
    osl: 60
    batch: true
    licenses: [permissive, community]

cascades:
  small-first:
    try: llama-3.1-8b
    escalate: 18%
    to: gpt-4.1
    judge: {{model: llama-3.1-8b}}   # reads question and answer, writes a verdict

# What models scored on evaluations of your own. Scores of public benchmarks are in the catalog:
# `min_score: {{arena: 1400}}` on a task asks for one of those.
scores:
  - {{model: claude-opus-4.8, benchmark: review-set, value: 0.93, source: "our review, 2026-10"}}
  - {{model: gpt-4.1, benchmark: review-set, value: 0.88, source: "our review, 2026-10"}}
  - {{model: glm-5.2, benchmark: review-set, value: 0.85, source: "our review, 2026-10"}}

# Everything that a scenario file says may stand here too, for example:
# settings: {{people.floor_fte: 0.5, serving.headroom: 90%}}
# select: {{purchases: [on_demand, reserved_1y]}}
"""


# The scenario file that `tco init` writes: every key there is, with its default, commented out.
#
# It is made from the schema of scenario files, the declared options and the catalog, so that it
# says what is so. A line means what it says once its first `# ` is taken away.

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

SAID = "tokens"
"""The one key that is said: without a volume there is no bill."""

UNITS: dict[str, Callable[[float], str]] = {
    "months": lambda value: f"{value:g} months",
    "s/token": show_seconds,
    "share": show_share,
    "USD/year": lambda value: f"${show_number(value)}/year",
}
"""How the value of a setting is written for the option that says it, by its unit."""


def scenario_text(inputs: Question, name: str, schema: str) -> str:
    """Return the whole file.

    Args:
        inputs: A question in which nothing was said.
        name: What the file will be called.
        schema: The file beside it that has the schema, for editors.
    """
    keys = [key for key in scenario.ScenarioDocument.model_fields if key != "version"]
    known = {row.key: row for row in in_effect(inputs, {})}
    text = HEAD.format(name=name, schema=schema)
    for panel in PANELS:
        text += f"\n# ---- {panel} ----\n"
        for key in (key for key in keys if _panel(key) == panel):
            text += "\n".join(_lines(key, known, inputs.settings)) + "\n"
    return text


Entry = tuple[str, str, str]
"""One key: what it is called in its section, its value as YAML, and what it means."""

PANELS = (VOLUME, WHICH, SERVING, VALUES, ANSWER)
FIELDS = {field.key: field for field in (*QUESTION, *OVER_TIME, *OUTPUT)}


def _panel(key: str) -> str:
    """Return the heading of the help screen under which a key of the whole file belongs."""
    inside = (field.panel for k, field in FIELDS.items() if k.split(".")[0] == key)
    return next(inside, VALUES)


def _lines(key: str, known: Mapping[str, ConfigRow], settings: Settings) -> list[str]:
    """Return the lines of one key of the whole file: a section with its keys, or a single one."""
    whole = scenario.ScenarioDocument
    part = _section(whole.model_fields[key].annotation)
    if part is not None:
        entries = [_entry(f"{key}.{name}", name, part, known) for name in part.model_fields]
    elif key == "settings":
        paths = [name.removeprefix("settings.") for name in known if name.startswith("settings.")]
        entries = [_assumption(settings[path]) for path in paths]
    elif key == "options":
        described = ", ".join(f"{k}: {v}" for k, v in parts_of(EXAMPLE).items())
        entries = [("-", f"{{{described}}}", f"e.g. {FIELDS['options'].text}")]
    else:
        return _aligned([_entry(key, key, whole, known)], "")
    return [f"{key}:", *_aligned(entries, "  ")]


def _aligned(entries: list[Entry], indent: str) -> list[str]:
    said = [f"{key} {value}" if key == "-" else f"{key}: {value}" for key, value, _ in entries]
    keys = zip(said, entries, strict=True)
    marked = [text if entry[0] == SAID else f"# {text}" for text, entry in keys]
    width = max(len(text) for text in marked)
    return [
        f"{indent}{t:<{width}}  # {note}" for t, (*_, note) in zip(marked, entries, strict=True)
    ]


def _section(annotation: Any) -> type[Record] | None:
    """Return the record of a section of scenario files."""
    kinds = (k for k in get_args(annotation) if isinstance(k, type) and issubclass(k, Record))
    return next((kind for kind in kinds if kind.__module__ == scenario.__name__), None)


def _entry(path: str, name: str, part: type[Record], known: Mapping[str, ConfigRow]) -> Entry:
    """Return the entry of a key: a declared option, or something that only files can say."""
    field, row = FIELDS.get(path), known.get(path)
    default = part.model_fields[name].get_default(call_default_factory=True)
    unsaid = "" if default is None else json.dumps(default)
    if field is None:
        return name, unsaid, part.model_fields[name].description or name
    if row is None or field.eg:
        rivals = any({SAID, field.target} <= both for both in RIVALS)
        note = "" if name == SAID else f"instead of {SAID}: " if rivals else "e.g. "
        return name, field.eg or unsaid, f"{note}{field.text}"
    judged = "; judgment" if row.judgment and row.source != "judgment" else ""
    source = f" ({row.source}{judged})" if row.source else ""
    return name, _readable(row, field), f"{field.text}{source}"


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
    return setting.path, value, f"{setting.title}; {ends}"


def _number(value: float) -> str:
    return f"{value:g}" if value == float(f"{value:g}") else repr(value)


# `tco init`.

SCENARIO, PORTFOLIO = "tco.yaml", "portfolio.yaml"

Where = Annotated[
    str | None, word("[FILE]", "File to write, tco.yaml or portfolio.yaml; - for stdout.")
]
Plan = Annotated[
    bool, Option("--plan", help="A portfolio of tasks for tco plan.", show_default=False)
]
Force = Annotated[bool, Option("--force", help="Overwrite a file that exists.", show_default=False)]


@flags
def init(file: Where = None, plan: Plan = False, force: Force = False) -> None:
    """Write a commented file to start from: every key with its default, for tco compare -f.

    \b
      tco init                          writes tco.yaml
      tco init ours.yaml --force
      tco init - | less
      tco init --plan                   writes portfolio.yaml, tasks for tco plan
    """
    from pathlib import Path

    from tco.cli.answer import write as put
    from tco.cli.options import say
    from tco.errors import printable
    from tco.render.schemas import schema

    kind, usual = ("portfolio", PORTFOLIO) if plan else ("scenario", SCENARIO)
    path = usual if file in (None, "-") else str(file)
    beside = Path(path).with_name(f"{kind}.schema.json")
    text = _portfolio(path, beside.name) if plan else _scenario(path, beside.name)
    if file == "-":
        put(text, "table")
        return
    _write(path, text, force=force)
    if force or not beside.exists():
        _write(str(beside), schema(kind), force=force)
    shown = printable(path, 200)
    command = f"tco {'plan' if plan else 'compare'} -f {shown}"
    say(f"tco: wrote {shown}, and {printable(beside.name)} for editors; now: {command}")


def _portfolio(path: str, schema: str) -> str:

    return PLAN.format(name=path, schema=schema)


def _scenario(path: str, schema: str) -> str:
    """Return a scenario file made from what is declared, and from the shipped catalog."""
    from tco.catalog.load import load_catalog
    from tco.cli.options import today
    from tco.options.question import prepare
    from tco.options.scenario import Scenario

    return scenario_text(prepare(load_catalog(), Scenario(), today()), path, schema)


def _write(path: str, text: str, *, force: bool) -> None:
    """Write a file, a new one unless forced.

    Raises:
        UsageError: It exists, or cannot be written.
    """
    from tco.catalog.files import write_atomically
    from tco.errors import UsageError, printable

    try:
        write_atomically(path, text.encode("utf-8"), new=not force)
    except FileExistsError:
        shown = printable(path, 200)
        raise UsageError(
            f"{shown} exists already; name another file, or overwrite it with --force"
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        raise UsageError(f"{printable(path, 200)}: {str(why).lower()}") from None
