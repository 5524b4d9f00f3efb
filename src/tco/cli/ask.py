"""From what was typed to a `Request`: flags beat `TCO_*` variables beat the scenario file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.ask.fields import OUTPUT, QUESTION, Field
from tco.ask.layers import Item, merged, read, request_of
from tco.errors import DataError, UsageError

if TYPE_CHECKING:
    from tco.analysis.request import Request
    from tco.cli.options import Output, Question

FIELDS = (*QUESTION, *OUTPUT)


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
    typed: dict[str, Any] = {f.name: question.get(f.name) for f in QUESTION}
    typed |= {f.name: getattr(output, f.name) for f in OUTPUT}
    file = file_of(question)
    layers = [read(_typed(typed), UsageError), read(_variables(), UsageError)]
    if file is not None:
        layers.append(read(_scenario(file), DataError))
    said = merged(layers)
    return Asked(
        request=request_of(said),
        overlays=said["catalog"].value if "catalog" in said else (),
        measured=said["measured"].value if "measured" in said else (),
        output={f.name: said[f.target].value for f in OUTPUT if f.target in said},
        file=file,
    )


def file_of(question: Question) -> str | None:
    """Return the scenario file as it was named, by flag or variable; None without one."""
    return str(question.get("file") or os.environ.get("TCO_FILE") or "") or None


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
