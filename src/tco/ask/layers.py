"""What was said in several places, read and merged into one `Request`; the nearest place counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.ask.fields import QUESTION, Field
from tco.errors import TcoError, UsageError

if TYPE_CHECKING:
    from tco.analysis.request import Request

RIVALS = (
    {"tokens", "requests", "users"},
    {"input_output", "isl"},
    {"input_output", "osl"},
    {"fte", "people.floor_fte"},
    {"fte", "people.fixed_fte"},
    {"fte", "people.fte_per_gpu"},
    {"fte", "coverage"},
    {"coverage", "people.floor_fte"},
    {"salary_region", "people.salary_usd_per_year"},
    {"electricity", "own.usd_per_kwh"},
)
"""What says the same thing in two ways: the nearest layer counts, and one layer says only one."""

ADDED = ("options", "catalog", "measured")
"""What layers add up; elsewhere the nearest one counts alone."""


class Item(NamedTuple):
    """One value of one field, as it was found.

    Args:
        raw: The text of a flag or variable, or the value of a file.
        by: The flag, variable or `file:line` that gave it.
        where: How a complaint about it begins.
    """

    field: Field
    raw: Any
    by: str
    where: str


class Said(NamedTuple):
    """A value that has been read, and what gave it."""

    value: Any
    by: str
    field: Field


Layer = dict[str, Said]
"""What one place says, by the field of `Request`, the path of a setting or the output field."""


def read(items: Iterable[Item], error: type[TcoError]) -> Layer:
    """Return what one place says.

    Raises:
        TcoError: Of the kind `error`: a value cannot be read, or two contradict each other.
    """
    layer: Layer = {}
    for item in items:
        field = item.field
        try:
            value = field.read(item.raw)
        except UsageError as complaint:
            raise error(f"{item.where}: {complaint}") from None
        target = field.target
        if target == "settings":
            target, value = value
        elif target == "options":
            value = replace(value, source=item.by)
        if field.many and target == field.target:
            value = (*(layer[target].value if target in layer else ()), value)
        elif target in layer:
            raise error(f"{_both(layer[target].by, item.by)} say {target}; give one of them")
        layer[target] = Said(value, item.by, field)
    _refuse_rivals(layer, error)
    return layer


def _both(one: str, other: str) -> str:
    return f"{one} and {other} both" if one != other else f"{one}: two values"


def _refuse_rivals(layer: Layer, error: type[TcoError]) -> None:
    """Raise an error when one place says the same thing in two ways."""
    for rivals in RIVALS:
        for one, other in combinations([layer[name].by for name in layer if name in rivals], 2):
            raise error(f"{one} and {other} say the same thing in two ways; give one of them")


def merged(layers: Iterable[Layer]) -> Layer:
    """Return what the layers come to, the first one being nearest to the user."""
    merged: Layer = {}
    for layer in layers:
        driven_out = {n for rivals in RIVALS for n in rivals if rivals & merged.keys()}
        for target, said in layer.items():
            if target in merged and target in ADDED:
                near = merged[target]
                merged[target] = near._replace(value=_added(said.value, near.value))
            elif target not in driven_out:
                merged.setdefault(target, said)
    return merged


def _added(far: tuple[Any, ...], near: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return both, the nearer ones last; an option replaces a farther one of its name."""
    names = {getattr(value, "name", None) for value in near} - {None}
    return (*(value for value in far if getattr(value, "name", None) not in names), *near)


def request_of(said: Layer) -> Request:
    """Return the question, with who said each part of it."""
    from tco.analysis.request import Request

    known = {field.target for field in QUESTION} - {"catalog", "measured", "settings"}
    fields = {t: s.value for t, s in said.items() if t in known and "." not in t}
    settings = {t: s.value for t, s in said.items() if "." in t}
    origins = {t: s.by for t, s in said.items()}
    return Request(**fields, settings=settings, origins=origins)
