"""From what was typed to a `Request`: flags beat `TCO_*` variables beat the scenario file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.cli.fields import OUTPUT, QUESTION, Field
from tco.errors import DataError, TcoError, UsageError

if TYPE_CHECKING:
    from tco.analysis.request import Request
    from tco.cli.options import Output, Question

FIELDS = (*QUESTION, *OUTPUT)

RIVALS = (
    {"tokens", "requests", "users"},
    {"input_output", "isl"},
    {"input_output", "osl"},
    {"fte", "people.floor_fte"},
    {"fte", "people.fixed_fte"},
    {"fte", "people.fte_per_gpu"},
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


class Asked(NamedTuple):
    """All that was said.

    Args:
        request: The question.
        overlays: Catalog files to lay over the shipped ones.
        measured: Files of the user's own measurements.
        output: How the answer is to be written, by the name of the field.
        file: The scenario file as it was named, or None.
    """

    request: Request
    overlays: tuple[Any, ...]
    measured: tuple[Any, ...]
    output: Mapping[str, Any]
    file: str | None


def asked(question: Question, output: Output) -> Asked:
    """Return all that was said, read and merged.

    Raises:
        UsageError: A flag or variable that cannot be read, or two that contradict each other.
        DataError: A scenario file that cannot be used.
    """
    typed = {f.name: getattr(question, f.name) for f in QUESTION}
    typed |= {f.name: getattr(output, f.name) for f in OUTPUT}
    file = question.file or os.environ.get("TCO_FILE") or None
    layers = [_layer(_typed(typed), UsageError), _layer(_variables(), UsageError)]
    if file is not None:
        layers.append(_layer(_scenario(file), DataError))
    said = _merged(layers)
    return Asked(
        request=_request(said),
        overlays=said["catalog"].value if "catalog" in said else (),
        measured=said["measured"].value if "measured" in said else (),
        output={f.name: said[f.target].value for f in OUTPUT if f.target in said},
        file=file,
    )


def _typed(values: Mapping[str, Any]) -> Iterator[Item]:
    for field in FIELDS:
        value = values[field.name]
        for raw in [] if value is None else _split(field, value):
            yield Item(field, raw, field.flag, field.flag)


def _variables() -> Iterator[Item]:
    for field in FIELDS:
        value = os.environ.get(field.variable, "").strip()
        # An option has commas inside, so that several in one variable need another separator.
        texts = value.split(";") if field.target == "options" else [value]
        for raw in _split(field, texts if field.many else value) if value else []:
            yield Item(field, raw, field.variable, field.variable)


def _split(field: Field, value: Any) -> list[Any]:
    """Return the parts of a value that can be said several times, or separated by commas."""
    if not field.many:
        return [value]
    if field.target == "options":
        return list(value)
    return [part for text in value for part in str(text).split(",")]


def _scenario(path: str) -> Iterator[Item]:
    from tco.catalog.scenario import load_scenario

    scenario = load_scenario(path)
    for field in FIELDS:
        for raw, place, name in scenario.items(field.key):
            yield Item(field, raw, place, f"{place}: {name}")


def _layer(items: Iterable[Item], error: type[TcoError]) -> Layer:
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


def _merged(layers: Iterable[Layer]) -> Layer:
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


def _request(said: Layer) -> Request:
    """Return the question, with who said each part of it."""
    from tco.analysis.request import Request

    known = {field.target for field in QUESTION} - {"catalog", "measured", "settings"}
    fields = {t: s.value for t, s in said.items() if t in known and "." not in t}
    settings = {t: s.value for t, s in said.items() if "." in t}
    origins = {t: s.by for t, s in said.items()}
    return Request(**fields, settings=settings, origins=origins)
