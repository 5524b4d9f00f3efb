"""Figures of an answer: a path into its JSON, and which of those found counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.analysis.claims.arithmetic import Span

if TYPE_CHECKING:
    from tco.catalog.claims import Pick


class Picked(NamedTuple):
    """A figure with its band; None where the answer has none."""

    value: Span | None
    band: Span | None
    ends: tuple[str, ...] = ()
    """Of a range: the ids of what has its low and its high end."""


def picked(document: Any, pick: Pick) -> Picked:
    """Return the figure that a pick means in a document."""
    *way, last = pick.path
    if pick.take == "count":
        count = float(len(list(walked(document, pick.path))))
        return Picked((count, count), None)
    found = []
    for holder in walked(document, way):
        for value in walked(holder, [last]):
            number = _number(value)
            if number is not None:
                found.append((number, _band(holder, pick.band), _id(holder)))
    if pick.take == "best":
        best = document.get("best") if isinstance(document, dict) else None
        found = [one for one in found if one[2] == best]
    return _taken(found, pick.take)


def _number(value: Any) -> float | None:
    """Return a number, also one that a catalog's facts give as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _taken(found: list[tuple[float, Span | None, str]], take: str) -> Picked:
    if not found:
        return Picked(None, None)
    least, most = (end(found, key=lambda one: one[0]) for end in (min, max))
    if take == "range":
        ends = (least[2], most[2]) if least[2] != most[2] else ()
        return Picked((least[0], most[0]), None, ends)
    value, band, _ = {"least": least, "most": most}.get(take, found[0])
    return Picked((value, value), band)


def _id(holder: Any) -> str:
    return str(holder.get("id", "")) if isinstance(holder, dict) else ""


def _band(holder: Any, key: str | None) -> Span | None:
    band = holder.get(key) if key is not None and isinstance(holder, dict) else None
    return (float(band[0]), float(band[1])) if band and None not in band else None


def walked(value: Any, path: Sequence[str | int]) -> Iterator[Any]:
    """Return everything in a document that a path leads to.

    >>> list(walked({"rows": [{"a": "x", "n": 1}, {"a": "y", "n": 2}]}, ["rows", "a=y", "n"]))
    [2]
    """
    if not path:
        yield value
        return
    step, *rest = path
    for inner in _step(value, step):
        yield from walked(inner, rest)


def _step(value: Any, step: str | int) -> list[Any]:
    if isinstance(value, list):
        if isinstance(step, int):
            return [value[step]] if -len(value) <= step < len(value) else []
        if step == "*":
            return value
        key, _, wanted = step.partition("=")
        wants = not key.endswith("!")
        name = key.removesuffix("!")
        return [v for v in value if isinstance(v, dict) and (_said(v.get(name)) == wanted) is wants]
    return [value[step]] if isinstance(value, dict) and step in value else []


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
