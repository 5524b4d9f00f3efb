"""What can be asked: each option once, and everything about it.

Flags, `TCO_*` variables, keys of the scenario file and its schema, keywords of `import tco`,
parameters of the MCP server, rows of `tco config show`, completions and `docs/commands.md` are made
from these declarations and those in `declared/`, a heading of help a module. Annotations here and
there must be objects, not texts.
"""

from typing import Annotated, TypedDict

from tco.ask.declared.serving import ServingOptions
from tco.ask.declared.traffic import TrafficOptions
from tco.ask.declared.values import ValueOptions
from tco.ask.declared.which import WhichOptions
from tco.ask.fields import (
    ANSWER,
    COLORS,
    FORMATS,
    Amount,
    Name,
    Names,
    Switch,
    Written,
    at_least_one,
    export,
    fields_of,
    flag,
    key,
    one_of,
    several,
    switch,
    text,
)


class QuestionOptions(TrafficOptions, WhichOptions, ServingOptions, ValueOptions, total=False):
    """What is asked: everything that ends up in a `Request`, as it was said."""


class Output(TypedDict, total=False):
    """How the answer is written, as it was typed."""

    format: Annotated[
        Name,
        flag(ANSWER, "FMT", "table, json, csv, md, github, llm, focus.", "-o", "--format"),
        key("output.format", Written(FORMATS), default="table"),
    ]
    export: Annotated[
        Names,
        several(
            ANSWER,
            "FMT=PATH",
            "Also a file: json=out.json, html=report.html.",
            offers=" ".join(f"{kind}=" for kind in FORMATS),
        ),
        key("output.export", export, eg="[json=out.json]"),
    ]
    top: Annotated[
        Amount,
        flag(ANSWER, "N", "At most so many rows; 20 in tables."),
        key("output.top", at_least_one, eg="15"),
    ]
    sort: Annotated[
        Name, flag(ANSWER, "KEY", "Order of the rows."), key("output.sort", text, eg="cost")
    ]
    fields: Annotated[
        Names,
        several(ANSWER, "A,B", "Only these columns; a wrong one lists them."),
        key("output.fields", text, eg="[id, tier, monthly_usd]"),
    ]
    assumptions: Annotated[
        Switch,
        flag(ANSWER, None, "Every assumption, on the screen."),
        key("output.assumptions", switch),
    ]
    notes: Annotated[
        Switch,
        flag(ANSWER, None, "Every note, on the screen and on stderr."),
        key("output.notes", switch),
    ]
    color: Annotated[
        Name,
        flag(ANSWER, "WHEN", "auto, always or never."),
        key("output.color", one_of(*COLORS), default="auto"),
    ]
    quiet: Annotated[
        Switch,
        flag(ANSWER, None, "No warnings on stderr.", "-q", "--quiet"),
        key("output.quiet", switch),
    ]


QUESTION = tuple(field for field in fields_of(QuestionOptions).values() if field.key)
"""Everything that a question is made of. A target with a dot is a setting."""

OUTPUT = tuple(fields_of(Output).values())
"""How an answer is written."""


def lacking(command: str) -> tuple[str, ...]:
    """Return the options of a question that a command does not take."""
    return tuple(f.name for f in fields_of(QuestionOptions).values() if command in f.but.split())


def idle(*cases: str) -> tuple[str, ...]:
    """Return the options that have no part in the answers of a command, however they are said.

    Args:
        cases: `train`, `embed`, `unserved` (`train` without a volume), `unrented` (`embed` without
            a model on rented GPUs).
    """
    return tuple(field.name for field in QUESTION if {*cases} & {*field.idle.split()})
