"""The options that commands share: what is asked, from a floor below, and how it is answered.

Annotations here must be objects, not texts: `tco.cli.flags` hands them to typer.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from typer import Option

from tco.ask.question import SERVING, VALUES, VOLUME, WHICH, Question

__all__ = (
    "OUTPUT",
    "SERVING",
    "VALUES",
    "VOLUME",
    "WHICH",
    "Output",
    "Plot",
    "Question",
    "Switch",
    "Text",
    "Texts",
)

OUTPUT = "Output"

Text = str | None
Texts = list[str] | None
Switch = bool | None


def flag(panel: str, metavar: str | None, text: str, *names: str) -> Any:
    """Return an option under the heading of its panel."""
    return Option(*names, metavar=metavar, help=text, rich_help_panel=panel, show_default=False)


_option = flag


Plot = Annotated[Switch, _option(OUTPUT, None, "A picture under the answer.", "--plot")]
"""For the commands whose answer can be drawn with characters."""


@dataclass(eq=False, repr=False)
class Output:
    """How the answer is written, as it was typed."""

    format: Annotated[
        Text,
        _option(OUTPUT, "FMT", "table, json, csv, md, github, llm, focus.", "-o", "--format"),
    ] = None
    export: Annotated[
        Texts, _option(OUTPUT, "FMT=PATH", "Also a file: json=out.json, html=report.html.")
    ] = None
    top: Annotated[Text, _option(OUTPUT, "N", "At most so many rows; 20 in tables.")] = None
    sort: Annotated[Text, _option(OUTPUT, "KEY", "Order of the rows.")] = None
    fields: Annotated[
        Texts, _option(OUTPUT, "A,B", "Only these columns; a wrong one lists them.")
    ] = None
    color: Annotated[Text, _option(OUTPUT, "WHEN", "auto, always or never.")] = None
    quiet: Annotated[Switch, _option(OUTPUT, None, "No warnings on stderr.", "-q", "--quiet")] = (
        None
    )
