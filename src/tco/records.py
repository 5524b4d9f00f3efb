"""Frozen dataclasses that are quick to define: a hundred of them are defined at every start."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(kind=None, /, *, frozen=False, **how):
        """Return a class as a dataclass; use it as `dataclasses.dataclass`.

        That compiles six functions a class, which together take longer than any answer. Here a
        frozen class shares five of them with the others, and its own is compiled when more than a
        few records are made. Fields, `replace`, `asdict` and pydantic work as they do there.
        """

        def made(kind):
            if not frozen:
                return dataclasses.dataclass(kind, **how)
            return _frozen(dataclasses.dataclass(kind, init=False, repr=False, eq=False, **how))

        return made if kind is None else made(kind)


def _frozen(kind: type[Any]) -> type[Any]:
    made = 0

    def __init__(self: Any, /, *args: Any, **values: Any) -> None:  # noqa: N807
        nonlocal made
        made += 1
        if args or made > FEW or not _filled(self, values):
            kind.__init__ = init = _init_of(kind)
            init(self, *args, **values)

    for function in (__init__, *SHARED):
        if function.__name__ not in kind.__dict__:
            setattr(kind, function.__name__, function)
    return kind


FEW = 20
"""Records of a type up to which filling them field by field is quicker than compiling."""


def _filled(record: Any, values: dict[str, Any]) -> bool:
    """Fill a record from keywords alone; return whether they are those that its type takes."""
    used = 0
    for field in dataclasses.fields(record):
        known = field.name in values
        used += known
        value = values[field.name] if known else field.default
        if value is dataclasses.MISSING:
            if field.default_factory is dataclasses.MISSING:
                return False
            value = field.default_factory()
        object.__setattr__(record, field.name, value)
    if used == len(values) and hasattr(record, "__post_init__"):
        record.__post_init__()
    return used == len(values)


def _init_of(kind: type[Any]) -> Callable[..., None]:
    """Return the `__init__` of a record type: a parameter a field, those by keyword last."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_unset": dataclasses.MISSING}
    places: list[str] = []
    words: list[str] = []
    body: list[str] = []
    for field in dataclasses.fields(kind):
        name = value = field.name
        known[f"_default_{name}"] = field.default
        said = name
        if field.default_factory is not dataclasses.MISSING:
            known[f"_make_{name}"] = field.default_factory
            said = f"{name}=_unset"
            value = f"_make_{name}() if {name} is _unset else {name}"
        elif field.default is not dataclasses.MISSING:
            said = f"{name}=_default_{name}"
        (words if field.kw_only else places).append(said)
        body.append(f"  _set(_self, {name!r}, {value})\n")
    if hasattr(kind, "__post_init__"):
        body.append("  _self.__post_init__()\n")
    listed = ", ".join(["_self", *places, *(["*", *words] if words else [])])
    exec(f"def __init__({listed}):\n{''.join(body) or '  pass'}", known)  # as the library does
    init: Callable[..., None] = known["__init__"]
    init.__qualname__ = f"{kind.__qualname__}.__init__"
    return init


Record = TypeVar("Record")
Key = TypeVar("Key")


def mapped(record: Record, change: Callable[[Any], Any]) -> Record:
    """Return a record of the same type with what `change` makes of each field."""
    kind: Any = type(record)
    made: Record = kind(**{f: change(getattr(record, f)) for f in kind.__dataclass_fields__})
    return made


def remember(kept: dict[Key, Record], key: Key, made: Record, most: int) -> Record:
    """Keep what was made under a key, the oldest of more than `most` forgotten, and return it."""
    while len(kept) >= most:
        del kept[next(iter(kept))]
    kept[key] = made
    return made


# What all record types share.


def _values(record: Any) -> tuple[Any, ...]:
    kind: Any = type(record)
    found: tuple[Any, ...] = _getter(kind)(record)
    return found


@cache
def _getter(kind: Any) -> Callable[[Any], Any]:
    """Return what reads all fields of a record at once: they are hashed for every bill."""
    names = tuple(kind.__dataclass_fields__)
    if len(names) > 1:
        return attrgetter(*names)
    return lambda record: tuple(getattr(record, name) for name in names)


def __repr__(self: Any) -> str:  # noqa: N807
    told = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self))
    return f"{type(self).__qualname__}({', '.join(told)})"


def __eq__(self: Any, other: object) -> bool:  # noqa: N807
    if other.__class__ is not self.__class__:
        return NotImplemented
    return _values(self) == _values(other)


def __hash__(self: Any) -> int:  # noqa: N807
    return hash(_values(self))


def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def __delattr__(self: Any, name: str) -> None:  # noqa: N807
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def __getstate__(self: Any) -> list[Any]:  # noqa: N807
    return list(_values(self))


def __setstate__(self: Any, state: list[Any]) -> None:  # noqa: N807
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        object.__setattr__(self, name, value)


SHARED = (__repr__, __eq__, __hash__, __setattr__, __delattr__, __getstate__, __setstate__)
