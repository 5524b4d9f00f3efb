"""What was said in several places, read and merged into one `Request`; the nearest place counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.ask.fields import LIMITS, QUESTION, Field
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

VOLUMES = frozenset({"tokens", "requests", "users"})
PEAK, RATIO = "peak", "workload.peak_to_mean"
"""A mean, a peak, and the ratio of the two: any two of them say the third."""

LIMITED = {path: name for name, path in LIMITS.items()}
"""Limits by the setting that holds them, each as it is called."""

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
    """A value that has been read, what gave it, and how far from the user that is."""

    value: Any
    by: str
    field: Field
    layer: int = 0


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
            both = _both(layer[target].by, item.by)
            raise error(f"{both} say {LIMITED.get(target, target)}; give one of them")
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
    volume = _volume(layer)
    if volume and PEAK in layer and RATIO in layer:
        raise error(
            f"{layer[volume].by} and {layer[PEAK].by} say the peak over the mean: "
            f"leave out {layer[RATIO].by}"
        )


def _volume(layer: Layer) -> str:
    """Return which field says the mean; empty when none does."""
    return next((name for name in VOLUMES if name in layer), "")


def _one_too_many(near: Layer, far: Layer) -> frozenset[str]:
    """Return what a farther layer may not add: mean, peak and ratio would say more than there is.

    A nearer peak takes the place of the ratio, or of the mean where the ratio is near too; any
    other nearer one takes the place of the peak.
    """
    both = {**far, **near}
    if not (_volume(both) and PEAK in both and RATIO in both):
        return frozenset()
    if PEAK not in near:
        return frozenset({PEAK})
    return VOLUMES if RATIO in near else frozenset({RATIO})


def merged(layers: Iterable[Layer]) -> Layer:
    """Return what the layers come to, the first one being nearest to the user."""
    merged: Layer = {}
    for distance, layer in enumerate(layers):
        driven_out = {n for rivals in RIVALS for n in rivals if rivals & merged.keys()}
        driven_out |= _one_too_many(merged, layer)
        for target, said in layer.items():
            if target in merged and target in ADDED:
                near = merged[target]
                merged[target] = near._replace(value=_added(said.value, near.value))
            elif target not in driven_out:
                merged.setdefault(target, said._replace(layer=distance))
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
    places = {t: s.layer for t, s in said.items()}
    return Request(**fields, settings=settings, origins=origins, layers=places)
