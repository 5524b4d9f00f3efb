"""The catalogs as one JSON text that is read back without a schema library: a quick start.

What is read back are plain look-alikes of the records: the same attributes with the same values,
read-only, found valid when the text was made. The text is only believed when its digest holds (see
`cache`), and everything that checks or edits catalogs uses the records themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any

TAG, DAY = "~", "~day"


class Plain:
    """A record read back: its class is made from the names and defaults in the text."""

    __slots__ = ("__dict__",)
    _names: tuple[str, ...] = ()

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: records are shared."""
        raise AttributeError(f"{type(self).__name__}.{name} is read-only")

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Iterate over names and values, as the record does."""
        return ((name, getattr(self, name)) for name in self._names)

    def __eq__(self, other: object) -> bool:
        """Return whether another record says the same."""
        return isinstance(other, Plain) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]  # holds lists

    def model_copy(self, *, update: Mapping[str, Any]) -> Plain:
        """Return a copy with other values for some attributes, as the record does."""
        return _made(type(self), {**self.__dict__, **update})


def _made(kind: type[Plain], values: dict[str, Any]) -> Plain:
    record = object.__new__(kind)
    object.__setattr__(record, "__dict__", values)
    return record


def packed(value: Any) -> bytes:
    """Return records, and whatever holds them, as one line of JSON."""
    kinds: dict[str, dict[str, Any]] = {}
    body = _packed(value, kinds)
    return json.dumps({"kinds": kinds, "body": body}, separators=(",", ":")).encode()


def unpacked(text: bytes) -> Any:
    """Return what `packed` was given, its records as look-alikes and its tuples as lists."""
    head = json.loads(text)  # the kinds stand first, but the body needs them while it is read
    kinds = {
        name: type(name, (Plain,), {"__slots__": (), **defaults, "_names": tuple(defaults)})
        for name, defaults in head["kinds"].items()
    }

    def hook(values: dict[str, Any]) -> Any:
        if DAY in values:
            return date.fromordinal(values[DAY])
        tag = values.pop(TAG, None)
        return values if tag is None else _made(kinds[tag], values)

    return json.loads(head["body"], object_hook=hook)


def _packed(value: Any, kinds: dict[str, dict[str, Any]]) -> str:
    return json.dumps(_plain(value, kinds), separators=(",", ":"))


def _plain(value: Any, kinds: dict[str, dict[str, Any]]) -> Any:
    if isinstance(value, date):
        return {DAY: value.toordinal()}
    if isinstance(value, Mapping):
        return {key: _plain(inner, kinds) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, kinds) for inner in value]
    if value is None or isinstance(value, str | int | float):
        return value
    kind: Any = type(value)
    defaults = _defaults(kind)
    kinds.setdefault(kind.__name__, defaults)
    said = {name: getattr(value, name) for name in defaults}
    stored = {name: _plain(v, kinds) for name, v in said.items() if v != defaults[name]}
    return {TAG: kind.__name__, **stored}


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    """Return the attributes of a record type with their defaults; None for those that have none.

    Properties are attributes too, so that the look-alike has them.
    """
    names: dict[str, Any] = {}
    if is_dataclass(kind):
        names = {field.name: None for field in fields(kind)}
    else:
        for name, field in kind.model_fields.items():
            default = field.get_default(call_default_factory=True)
            names[name] = default if isinstance(default, str | int | float | list | dict) else None
    properties = [name for name, member in vars(kind).items() if isinstance(member, property)]
    return {**names, **dict.fromkeys(properties)}
