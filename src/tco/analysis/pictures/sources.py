"""Where the figures of a report were read, and when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tco.analysis.inputs import Inputs
from tco.analysis.options import Option
from tco.analysis.pictures.results import SourceRow
from tco.analysis.report import find_source

_PROFILE = re.compile(r"^profile [^:]+: ")


def sources_of(
    inputs: Inputs, said: Iterable[str], options: Sequence[Option]
) -> tuple[SourceRow, ...]:
    """Return the sources of assumptions and of the options' prices, by their id.

    Args:
        inputs: The question.
        said: Who said each assumption: source ids, flags, or `profile NAME: ID, ID`.
        options: The options whose prices were used.
    """
    names = {name for text in (*said, *(o.source for o in options)) for name in _ids(text)}
    return tuple(row for name in sorted(names) for row in _row(inputs, name))


def read_days(inputs: Inputs, said: str) -> str:
    """Return when the sources of an assumption were read, the oldest; empty for a flag."""
    days = [found.read for name in _ids(said) if (found := find_source(inputs, name))]
    return min(days).isoformat() if days else ""


def _ids(said: str) -> list[str]:
    """Return the source ids in what is said of a source.

    >>> _ids("profile chat: azure-2023, mooncake")
    ['azure-2023', 'mooncake']
    """
    return _PROFILE.sub("", said).split(", ")


def _row(inputs: Inputs, name: str) -> Iterator[SourceRow]:
    found = find_source(inputs, name)
    if found is not None:
        yield SourceRow(
            id=name,
            title=found.title,
            url=found.url,
            where=found.where,
            read=found.read.isoformat(),
            kind=found.kind,
        )
