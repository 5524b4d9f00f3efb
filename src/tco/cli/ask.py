"""From what was typed to a `Request`: flags beat `TCO_*` variables beat the scenario file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tco.ask.asked import FIELDS, Asked, asked_of, given, parts
from tco.ask.fields import OUTPUT
from tco.ask.layers import Item, read
from tco.errors import UsageError

if TYPE_CHECKING:
    from tco.cli.options import Output, Question


def asked(question: Question, output: Output) -> Asked:
    """Return all that was said, read and merged.

    Raises:
        UsageError: A flag or variable that cannot be read, or two that contradict each other.
        DataError: A scenario file that cannot be used.
    """
    typed = {**question, **{f.name: getattr(output, f.name) for f in OUTPUT}}
    layers = [read(given(typed), UsageError), read(_variables(), UsageError)]
    return asked_of(layers, file_of(question))


def file_of(question: Question) -> str | None:
    """Return the scenario file as it was named, by flag or variable; None without one."""
    return str(question.get("file") or os.environ.get("TCO_FILE") or "") or None


def _variables() -> Iterator[Item]:
    for field in FIELDS:
        value = os.environ.get(field.variable, "").strip()
        # An option has commas inside, so that several in one variable need another separator.
        texts = value.split(";") if field.target == "options" else [value]
        for raw in parts(field, texts if field.many else value) if value else []:
            yield Item(field, raw, field.variable, field.variable)
