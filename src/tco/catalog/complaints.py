"""What is wrong with a data file, where, and in words that its author can act on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from tco.errors import nearest, printable

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with a file; `str` gives the line that a user reads."""

    path: str
    line: int
    where: str
    message: str
    column: int | None = None

    def __str__(self) -> str:
        """Return `path:line: where: message`; lines count from 1, `where` may be empty."""
        where = f"{self.where}: " if self.where else ""
        return f"{self.path}:{self.line}: {where}{self.message}"


def dotted(loc: Loc) -> str:
    """Return a place inside a file as `offers.4.prices.0`, fit for a terminal."""
    return ".".join(printable(str(part)) for part in loc if part != "[key]")


def by_line(complaints: Iterable[Complaint]) -> list[Complaint]:
    """Return complaints in the order in which a reader of the file meets them."""
    return sorted(complaints, key=lambda c: (c.path, c.line))


def in_words(error: ValidationError, root: type[BaseModel]) -> Iterator[tuple[Loc, str]]:
    """Return place and message of everything that the schema `root` refuses."""
    for detail in error.errors(include_url=False):
        yield detail["loc"], _message(detail, root)


def _message(detail: ErrorDetails, root: type[BaseModel]) -> str:
    """Return one refusal in plain words."""
    kind, loc, given = detail["type"], detail["loc"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "missing":
        return "this key is required"
    if kind == "extra_forbidden":
        return _unknown_key(str(loc[-1]), _keys_at(root, loc[:-1]))
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return _not_one_of(given, str(context["expected"]))
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(context["pattern"])[:4], detail["msg"]) + _given(given)
    for start, expected in _EXPECTED:
        if kind.startswith(start):
            quote = "; put it in quotes" if start == "string_type" and _scalar(given) else ""
            return f"{expected} is expected{_given(given)}{quote}"
    return f"{detail['msg']}{_given(given)}"


# Id and OfferId, Text, Url, Hours: told apart by how their patterns begin
_PATTERNS = {
    "^[a-": "an id is lower-case letters, digits and . _ + -",
    "^[^\\": "control characters are not allowed",
    "^htt": "an address begins with http:// or https:// and has no blanks",
    "^([0": "hours are written 09:00-17:30",
}
_EXPECTED = (
    ("float", "a number"),
    ("int", "a whole number"),
    ("bool", "true or false"),
    ("string_type", "a text"),
    ("date", "a date written YYYY-MM-DD"),
    ("list_type", "a list"),
    ("dict_type", "a mapping of keys to values"),
    ("model_type", "a mapping of keys to values"),
    ("model_attributes_type", "a mapping of keys to values"),
)


def _scalar(given: object) -> bool:
    return isinstance(given, int | float)


def _given(given: object) -> str:
    """Return `, not …` for a value that is short enough to show."""
    if given is None:
        return ", not nothing"
    if isinstance(given, str):
        return f", not '{printable(given, 40)}'"
    if isinstance(given, bool):
        return f", not {str(given).lower()}"
    if isinstance(given, int | float):
        return f", not {given:.12g}"
    return ", not a list" if isinstance(given, list) else ", not a mapping"


def _unknown_key(key: str, known: Sequence[str]) -> str:
    near = nearest(key, known, 1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    if not near and known:
        hint = f"; known are {', '.join(sorted(known)[:12])}"
    return f"unknown key '{printable(key, 40)}'{hint}"


def _not_one_of(given: object, expected: str) -> str:
    """Return the refusal of a word that is not in a list such as `'a', 'b' or 'c'`."""
    words = expected.replace("'", "").replace(" or ", ", ").split(", ")
    near = nearest(given, words, 1) if isinstance(given, str) else []
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"expected one of {', '.join(words)}{_given(given)}{hint}"


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the record types that a field's annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _keys_at(root: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys that a record at `loc` may have."""
    here: list[type[BaseModel]] = [root]
    for part in loc:
        for model in here:
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            if part in fields:
                here = _models_in(fields[str(part)].annotation)
                break
    return [f.alias or name for model in here for name, f in model.model_fields.items()]
