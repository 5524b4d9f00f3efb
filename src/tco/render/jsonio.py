"""Results as JSON, and read back from it, led by the types of the records."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from json.encoder import encode_basestring as quoted
from typing import Any, get_type_hints

from tco.analysis.results import Envelope, OptionResult, members
from tco.catalog.files import File
from tco.catalog.upstream.rows import Path, read_json, refuse_constant
from tco.errors import DataError, printable, suggestion
from tco.money import USD, Money
from tco.render.output import MODULES, screen
from tco.render.words import Sheet, View, unknown_word

# Results as JSON: the record's fields in the order of their declaration.


DECIMALS = 4
"""Digits of a dollar that very many bills are written with."""

BRIEF = ("id", "tier", "model", "feasible", "monthly_usd", "gpus", "trust")
"""Members of an option that has key figures alone; its provider is read from its id, and the class
and score of its model stand in the rows that are whole."""


AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def document(result: Any) -> Any:
    """Return a result as dicts, lists, texts, numbers and None."""
    if type(result) in AS_THEY_ARE:  # most of what there is
        return result
    if isinstance(result, OptionResult) and result.brief:
        row = {name: getattr(result, name) for name in BRIEF}
        return {**row, "monthly_usd": round(row["monthly_usd"], DECIMALS)}
    if is_dataclass(result):
        kind: Any = type(result)
        made = {key: document(getattr(result, name)) for key, name in _members(kind)}
        return _in_dollars_alone(made) if isinstance(result, Envelope) else made
    if isinstance(result, dict):
        return {str(key): document(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [document(value) for value in result]
    if isinstance(result, float) and not math.isfinite(result):
        return None  # JSON has no other number for what does not exist
    return result


def in_both(document: Any, currency: Money | None) -> Any:
    """Return a document whose amounts in dollars stand beside those in its other money.

    `monthly_usd` gets a `monthly_eur`, `usd_per_mtok` an `eur_per_mtok`.
    """
    if currency is None:
        return _in_dollars_alone(document) if isinstance(document, dict) else document
    return _twinned(document, currency.code.lower(), currency.per_usd)


def _twinned(value: Any, code: str, per_usd: float) -> Any:
    if isinstance(value, list | tuple):
        return [_twinned(one, code, per_usd) for one in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for key, inner in value.items():
        made[key] = _twinned(inner, code, per_usd)
        if USD.search(key) and key != "per_usd" and _amounts(inner):
            made[USD.sub(code, key)] = _times(inner, per_usd)
    return made


def _amounts(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_amounts(one) for one in value)
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _times(value: Any, per_usd: float) -> Any:
    if isinstance(value, list | tuple):
        return [_times(one, per_usd) for one in value]
    return None if value is None else value * per_usd


def in_dollars(document: Any) -> Any:
    """Return a document without what stands beside its amounts in dollars."""
    currency = document.get("currency") if isinstance(document, dict) else None
    code = currency.get("code") if isinstance(currency, dict) else None
    return _single(document, code.lower()) if isinstance(code, str) else document


def _single(value: Any, code: str) -> Any:
    if isinstance(value, list):
        return [_single(one, code) for one in value]
    if not isinstance(value, dict):
        return value
    twins = {USD.sub(code, key) for key in value if USD.search(key)}
    return {key: _single(one, code) for key, one in value.items() if key not in twins}


def _in_dollars_alone(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document of an answer without a money that it is not in."""
    if document.get("currency", 0) is None:
        del document["currency"]
    return document


@cache
def _members(kind: Any) -> tuple[tuple[str, str], ...]:
    """Return the members of a record's document with the field that each is of."""
    return tuple((member(name), name) for name in members(kind))


def member(field: str) -> str:
    """Return a member's name in the document: a field called by a word of Python ends in `_`."""
    return field.rstrip("_")


def projected(result: Any, sheet: Sheet, view: View, path: tuple[str, ...]) -> Any:
    """Return a result as a document whose rows are ordered, cut and projected like the sheet's.

    Args:
        sheet: Its rows, already ordered and cut.
        view: What the user asked for.
        path: Where the rows stand in the document; empty when the result itself is the row.

    Raises:
        UsageError: A field that no row has.
    """
    rows = [_row(row, sheet, view.fields) for row in sheet.rows]
    if not path:
        return rows[0] if view.fields else document(result)
    if len(path) == 1 and not isinstance(getattr(result, path[0]), dict):
        kind: Any = type(result)
        parts = ((member(name), getattr(result, name)) for name in members(kind))
        made = {name: rows if name == path[0] else document(one) for name, one in parts}
        return _in_dollars_alone(made)
    inner = whole = document(result)
    for key in path[:-1]:
        inner = inner[key]
    by_name = isinstance(inner[path[-1]], dict)
    names = [row.name for row in sheet.rows] if by_name else []
    inner[path[-1]] = dict(zip(names, rows, strict=True)) if by_name else rows
    return whole


def _row(row: Any, sheet: Sheet, wanted: tuple[str, ...] | None) -> Any:
    """Return a row's document; the fields asked for may be its own or columns of the sheet."""
    whole = document(row)
    if wanted is None:
        return whole
    derived = {c.key: c for c in sheet.columns}
    for key in wanted:
        if key not in whole and key not in derived:
            raise unknown_word("--fields", "field", key, list(dict.fromkeys([*derived, *whole])))
    return {k: whole[k] if k in whole else document(derived[k].get(row)) for k in wanted}


def json_text(value: Any) -> str:
    """Return a document as indented JSON; options with key figures alone take a line each."""
    rows = value.get("options") if isinstance(value, dict) else None
    if not any(isinstance(row, dict) and tuple(row) == BRIEF for row in rows or ()):
        return _indented(value) + "\n"
    parts = [json.dumps(r, **SHORT) if tuple(r) == BRIEF else _indented(r) for r in rows or ()]
    joined, mark = ",\n".join(parts), "the options"
    head, _, tail = _indented({**value, "options": [mark]}).partition(json.dumps(mark))
    return f"{head.rstrip(' ')}{joined}{tail}\n"


SHORT: dict[str, Any] = {"ensure_ascii": False, "allow_nan": False, "separators": (",", ":")}


def _indented(value: Any, line: str = "\n") -> str:
    """Return a value as `json.dumps` indents it, in half of its time.

    Args:
        line: What a line begins with where the value stands.
    """
    kind, inner = type(value), f"{line}  "
    if kind is str:
        return quoted(value)
    if kind is dict and set(map(type, value)) == {str}:
        parts = [f"{quoted(key)}: {_indented(one, inner)}" for key, one in value.items()]
        return f"{{{inner}{f',{inner}'.join(parts)}{line}}}"
    if (kind is list or kind is tuple) and value:
        return f"[{inner}{f',{inner}'.join([_indented(one, inner) for one in value])}{line}]"
    if kind is float and value - value == 0.0:  # neither infinite nor missing
        return repr(value)
    if value is None or kind is int:
        return "null" if value is None else repr(value)
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False).replace("\n", line)


# Results read back from JSON: checked by pydantic, led by the types of the records.

DEPTH = 8  # how deep lines are known; what lies deeper is told by the line around it


class MisfitError(ValueError):
    """A value that is not what its record says, and where it stands in the document."""

    def __init__(self, path: Path, what: str) -> None:
        """Keep the place and what is wrong there."""
        super().__init__(what)
        self.path = path


def read_result(file: File) -> tuple[Any, tuple[str, ...]]:
    """Return the result that a file holds, as written by `--format json`, and what is unknown.

    Raises:
        DataError: It is no result, one of a newer tco, or not what its schema says; the text
            begins `file:line:`.
    """
    try:
        return from_document(_quickly(file))
    except MisfitError as error:
        name = _dotted(error.path)
        line = read_json(file, DEPTH).line(*error.path)
        raise DataError(f"{file.path}:{line}: {name}{': ' if name else ''}{error}") from None


def _quickly(file: File) -> Any:
    """Return the document of a file; one that cannot be read is read again, for its lines."""
    try:
        return json.loads(file.data.decode("utf-8-sig"), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return read_json(file, DEPTH).value


def from_document(document: Any) -> tuple[Any, tuple[str, ...]]:
    """Return the result that a document stands for, and members of it that this tco does not know.

    Raises:
        MisfitError: It stands for none.
    """
    document = in_dollars(_as_of_now(document))
    result = checked(record_of(_schema(document)), document)
    return result, tuple(_dotted(path) for path in _unknown(document, result, ()))


def checked(kind: Any, document: Any) -> Any:
    """Return a document as the record that it says it is.

    Raises:
        MisfitError: It is not; the text says what is wrong first.
    """
    # Most commands read no result.
    from pydantic import ConfigDict, TypeAdapter, ValidationError

    one: Any = tuple[kind]  # what a record cannot be told itself: how its members are called
    adapter = TypeAdapter(one, config=ConfigDict(alias_generator=member))
    try:
        # As text, so that lists are tuples and nothing else is taken for what it is not.
        return adapter.validate_json(json.dumps([document]), strict=True)[0]
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=True)[0]
        path = _place(document, detail["loc"][1:])
        what, given = detail["type"], detail["input"]
        if what == "missing" and isinstance(detail["loc"][-1], int):
            raise MisfitError(path, f"more values are expected, not {_shown(given)}") from None
        if what == "missing":
            why = "was it written with --fields, or by another tco?"
            raise MisfitError(path, f"lacks {detail['loc'][-1]}; {why}") from None
        if what == "literal_error":
            words = re.findall(r"'([^']*)'", str(detail["ctx"]["expected"]))
            raise MisfitError(path, f"{_shown(given)} is none of {', '.join(words)}") from None
        expected = next((name for start, name in EXPECTED if what.startswith(start)), None)
        if expected is None:
            raise MisfitError(path, f"{detail['msg'].lower()}: {_shown(given)}") from None
        raise MisfitError(path, f"{expected} expected, not {_shown(given)}") from None


EXPECTED = (
    ("float", "a number is"),
    ("int", "a whole number is"),
    ("string", "a text is"),
    ("bool", "true or false is"),
    ("none", "null is"),
    ("tuple", "a list is"),
    ("dict", "members are"),
    ("dataclass", "members are"),
    ("too_", "fewer values are"),
)
"""What is expected, by how the refusal of pydantic begins."""


def _place(document: Any, loc: Path) -> Path:
    """Return where a refusal stands: names of kinds that pydantic puts between are left out."""
    path: Path = ()
    for part in loc:
        inside = document if isinstance(document, dict) else {}
        if isinstance(document, list) and isinstance(part, int) and part < len(document):
            inside = {part: document[part]}
        if part in inside:
            path, document = (*path, part), inside[part]
    return path


def _unknown(found_schema: Any, made: Any, path: Path) -> Iterator[Path]:
    """Return what a document says and its record has no room for."""
    if is_dataclass(made):
        known = {member(f.name): f.name for f in fields(made)}
        for key, value in found_schema.items():
            if key not in known:
                yield (*path, key)
            else:
                yield from _unknown(value, getattr(made, known[key]), (*path, key))
    elif isinstance(made, dict):
        for key, value in found_schema.items():
            yield from _unknown(value, made[key], (*path, key))
    elif isinstance(made, tuple | list):
        for i, (value, one) in enumerate(zip(found_schema, made, strict=True)):
            yield from _unknown(value, one, (*path, i))


def _as_of_now(document: Any) -> Any:
    """Return a document of an older schema that is still read, in the form of today."""
    if not isinstance(document, dict):
        return document
    document = {**EARLIER.get(str(document.get("schema")), {}), **document}
    if document.get("schema") == "tco.compare/1" and isinstance(document.get("options"), list):
        return {**document, "options": [_with_provider(row) for row in document["options"]]}
    if document.get("schema") != "tco.size/1":
        return document
    rows = document.get("rows")
    rows = [_with_ttft(row) for row in rows] if isinstance(rows, list) else rows
    return {**document, "schema": "tco.size/2", "rows": rows}


EARLIER: dict[str, dict[str, Any]] = {
    **{f"tco.{name}/1": {"verdict": ""} for name in ("explain", "deploy")},
    **{f"tco.{name}/1": {"assumptions": []} for name in ("profile", "bill", "claims")},
}
"""What answers say that those of an earlier tco did not."""


def _with_provider(row: Any) -> Any:
    """Return an option with its provider: the seller of `self/…/SELLER:…`, else what leads."""
    if not isinstance(row, dict) or "provider" in row or not isinstance(row.get("id"), str):
        return row
    first, _, rest = row["id"].partition("/")
    own = rest.rpartition("/")[2].partition(":")[0]
    return {**row, "provider": own if first == "self" else first}


def _with_ttft(row: Any) -> Any:
    """Return a row whose first token lies between two ends, none of them its median."""
    ends = row.get("ttft_s") if isinstance(row, dict) else None
    if not isinstance(ends, list) or len(ends) != 2:
        return row
    return {**row, "ttft_s": {"median": None, "low": ends[0], "high": ends[1]}}


@cache
def record_of(schema: str) -> Any:
    """Return the record of a kind of results: what its screen shows."""
    return get_type_hints(screen(schema).blocks)["result"]


def _schema(document: Any) -> str:
    """Return which kind of result a document says it is."""
    advice = "no result of tco; write one with --format json"
    if not isinstance(document, dict):
        raise MisfitError((), advice)
    said = document.get("schema")
    if said is None:
        return _unnamed(document, advice)
    if not isinstance(said, str):
        raise MisfitError(("schema",), "a text such as tco.compare/1 is expected")
    if said in MODULES:
        return said
    kind, _, number = said.partition("/")
    ours = next((known for known in MODULES if known.partition("/")[0] == kind), None)
    if ours is not None:
        newer = number.isdecimal() and int(number) > int(ours.partition("/")[2])
        what = "written by a newer tco; update this one" if newer else "ask the question again"
        raise MisfitError(("schema",), f"{printable(said)} is not read, {ours} is: {what}")
    near = suggestion(said, MODULES, 1)
    raise MisfitError(("schema",), f"{printable(said, 40)!r} is no result of this tco{near}")


def _unnamed(document: Mapping[str, Any], advice: str) -> str:
    """Return the kind of a document that does not say it: its contract has no such member."""
    for schema in MODULES:
        record = record_of(schema)
        every = fields(record) if is_dataclass(record) else ()
        named = {f.name for f in every if f.default is MISSING and f.default_factory is MISSING}
        if every and "schema" not in {f.name for f in every} and named <= document.keys():
            return schema
    raise MisfitError((), f"{advice} (it has no schema)")


def _dotted(path: Path) -> str:
    return printable(".".join(str(part) for part in path))


def _shown(value: Any) -> str:
    """Return a value as a complaint names it."""
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "members"
    return "null" if value is None else printable(repr(value), 40)
