"""The schemas of a user's files: a scenario (`tco.yaml`), and a portfolio of tasks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import PlainValidator, WithJsonSchema, create_model

from tco.ask.fields import (
    Field,
    Words,
    day,
    described,
    fields_of,
    limit,
    schedule,
    score,
    setting,
    some,
    switch,
    text,
)
from tco.ask.options import CHECKS, OUTPUT, OVER_TIME, QUESTION, SensitivityOptions
from tco.catalog.build import Overlay, read_record
from tco.catalog.configs.read import is_repository
from tco.catalog.fields import Limits, Named, Quantity, Record, Score, Text, Texts
from tco.catalog.files import File, user_file
from tco.catalog.tasks import PortfolioPart, Tasks
from tco.catalog.usage_profile import is_path
from tco.catalog.yaml_lines import Document, Loc
from tco.errors import printable
from tco.options.scenario import (
    DESCRIBED,
    KINDS,
    read_above,
    read_cliff,
    read_tiers,
    read_word,
)
from tco.ranges import success

# The schema of a scenario file (`tco.yaml`): everything that flags can say, kept in a file.
#
# Made from what is declared in `tco.ask.options`. Keys and shapes are checked here; what a text
# means is read where flags are read.


SHAPES: Mapping[Any, Any] = {
    switch: bool,
    text: Text,
    day: Text,
    schedule: Text,
    score: Score,
    limit: Limits,
    success: dict[Text, Quantity] | Texts,
    some: Named,
    setting: dict[Text, Quantity],
    read_word: Text,
    read_above: dict[Text, dict[Text, Quantity] | Text] | Text,
    read_tiers: dict[Text, Quantity] | Text,
    read_cliff: Literal["graduated", "cliff"],
}
"""How a value is written, by its reader; readers of `tco.units` take a `Quantity`."""

SECTIONS = {
    "workload": "The month: its volume by `tokens`, `requests`, `users` or `peak`; its requests.",
    "buying": "How tokens are bought, where an offer has a price for it.",
    "horizon": "",
    "over_time": "How the months of `tco horizon` differ.",
    "select": "Only these; a key that is left out lets everything through.",
    "success": "",
    "fleet": "When own GPUs are on.",
    "serving": "How self-hosted models are run.",
    "people": "Who looks after it.",
    "owning": "Where bought machines stand.",
    "extra": "Plain sums of self-hosting: a licence, a support contract, capital.",
    "settings": "",
    "options": "",
    "what_if": "",
    "catalog": "",
    "measured": "",
    "data": "",
    "without": "",
    "bare": "",
    "as_of": "",
    "checks": "What an answer must keep to: `tco compare` and `tco plan` exit 1 when it does not.",
    "output": "How the answer is written.",
}
"""What stands at the top of a file, in this order; of a section, what it says."""


one_of: Any = Literal


def _shape(field: Field) -> Any:
    """Return the type of the values of a key."""
    read = field.read
    if isinstance(read, Words) and not read.counted:
        return _some_of(read.words) if field.many else one_of[read.words]
    if field.many and read not in (limit, some, setting, described, success):
        return Texts
    if read is described:
        return list[_option()]  # type: ignore[misc]
    return Text if isinstance(read, Words) else SHAPES.get(read, Quantity)


def _some_of(words: tuple[str, ...]) -> Any:
    """Return the type of words of a closed list: one, or a list of them."""

    def check(value: Any) -> Any:
        for word in value if isinstance(value, list) else [value]:
            if word not in words:
                shown = f"'{printable(str(word), 40)}'"
                raise ValueError(f"expected one of {', '.join(words)}, not {shown}")
        return value

    word = {"enum": [*words], "type": "string"}
    schema = {"anyOf": [word, {"type": "array", "items": word}]}
    return Annotated[str | list[str], PlainValidator(check), WithJsonSchema(schema)]


def _option() -> Any:
    """Return the record of an option that a file describes."""
    keys: dict[str, Any] = {"name": (Text, ...), "kind": (one_of[KINDS], ...)}
    for key, filled in DESCRIBED.items():
        kind = SHAPES.get(filled.metadata["read"], Quantity)
        text = filled.metadata["doc"] or None
        keys[key] = (kind | None, pydantic.Field(default=None, description=text))
    return _made("OptionPart", "A way to serve the month that no catalog has.", keys)


def _key(field: Field) -> tuple[Any, Any]:
    """Return type and default of a key, for pydantic."""
    kind, text = _shape(field), field.doc or field.text
    if kind is Texts and "." not in field.key:
        return kind, pydantic.Field(default=[], description=text)
    return kind | None, pydantic.Field(default=None, description=text)


def _document() -> Any:
    """Return the record of a scenario file: sections, and keys of the whole."""
    inside: dict[str, Any] = {name: {} for name in SECTIONS}
    data = "The same, written here: `offers`, `models`, `accelerators`, `rentals` and so on."
    inside["data"] = (Overlay | None, pydantic.Field(default=None, description=data))
    asked = (*QUESTION, *OVER_TIME, fields_of(SensitivityOptions)["what_if"])
    for field in (*asked, *CHECKS, *OUTPUT):
        section, dot, name = field.key.rpartition(".")
        if dot:
            inside.setdefault(section, {})[name] = _key(field)
        else:
            inside[name] = _key(field)
    sections = {name: keys for name, keys in inside.items() if isinstance(keys, dict)}
    for name, keys in sections.items():
        part = _made(f"{name.capitalize()}Part", SECTIONS.get(name), keys)
        inside[name] = (part | None, None)
    about = "The whole of a scenario file; a section may be left empty."
    return _made("ScenarioDocument", about, {"version": (Literal[1], 1), **inside})


def _made(name: str, about: str | None, keys: Mapping[str, Any], *bases: type[Record]) -> Any:
    make: Any = create_model
    return make(name, __base__=bases or Record, __doc__=about, __module__=__name__, **keys)


ScenarioDocument: type[Record] = _document()
PortfolioDocument: type[PortfolioPart] = _made(
    "PortfolioDocument",
    "The whole of a portfolio file: everything that a scenario has, and the tasks.",
    {},
    PortfolioPart,
    ScenarioDocument,
)


PAIRS = ("serving.slo", "success")
"""Keys that are said as texts, or as a mapping."""


class ScenarioFile:
    """A scenario file that has been read, with the line of everything it says."""

    def __init__(self, document: Document) -> None:
        """Keep the document."""
        self._document = document

    def items(self, key: str) -> Iterator[tuple[Any, str, str]]:
        """Return every value of a key such as `select.models`: value, `file:line`, and name.

        Settings and limits come as pairs of name and value, catalogs as paths or files.
        """
        loc: Loc = tuple(key.split("."))
        value = self._at(loc)
        if isinstance(value, list):
            parts = [(one, (*loc, i)) for i, one in enumerate(value)]
        elif key == "settings" or (key in PAIRS and isinstance(value, Mapping)):
            parts = [((path, one), (*loc, path)) for path, one in (value or {}).items()]
        else:
            parts = [] if value is None else [(value, loc)]
        if key == "catalog":
            parts = [*self._overlays(parts)]
        if key in ("measured", "select.config_files"):
            parts = [(self._beside(name), at) for name, at in parts]
        if key == "workload.profile":
            parts = [(profile_beside(self._document.path, name), at) for name, at in parts]
        for one, at in parts:
            place = f"{self._document.path}:{self._document.line(at)}"
            yield one, place, ".".join(str(part) for part in at)

    def _at(self, loc: Loc) -> Any:
        here: Any = self._document.value
        for part in loc:
            here = here.get(part) if isinstance(here, Mapping) else None
        return here

    def _beside(self, name: str) -> Path:
        """Return a path looked up from where the scenario lies."""
        beside = Path(self._document.path).parent / name
        return Path(name) if is_repository(name) and not beside.exists() else beside

    def _overlays(self, named: list[tuple[Any, Loc]]) -> Iterator[tuple[Path | File, Loc]]:
        """Return the files named, looked up from where the scenario lies, and its own sections."""
        for name, loc in named:
            yield self._beside(name), loc
        sections = self._at(("data",))
        if sections:
            # JSON is YAML, so that they are read like any other overlay.
            text = json.dumps({"schema": 1, **sections})
            yield File(self._document.path, text.encode()), ("data",)


def load_scenario(path: str) -> ScenarioFile:
    """Return what a scenario file says, its keys and shapes checked.

    Raises:
        DataError: It is missing or wrong; the text begins `file:line:`.
    """
    if has_tasks(path):
        return ScenarioFile(read_record(path, PortfolioDocument)[1])
    return ScenarioFile(read_record(path, ScenarioDocument)[1])


def load_tasks(path: str) -> Tasks:
    """Return the tasks of a portfolio file.

    Raises:
        DataError: It is missing or wrong; the text begins `file:line:`.
    """
    record, document = read_record(path, PortfolioDocument)
    tasks = [
        task.model_copy(update={"profile": profile_beside(path, task.profile)})
        for task in record.tasks
    ]
    return Tasks(record.model_copy(update={"tasks": tasks}), document)


def profile_beside(path: str, name: Any) -> Any:
    """Return the profile that a file names: the path of one is looked up from where that lies."""
    if not isinstance(name, str) or not is_path(name):
        return name
    return str(Path(path).parent / name)


TASKS = re.compile(rb"^tasks\s*:", re.MULTILINE)


def has_tasks(path: str) -> bool:
    """Return whether a scenario file is a portfolio; a pipe, which is read once only, is none."""
    return Path(path).is_file() and bool(TASKS.search(user_file(path).data))
