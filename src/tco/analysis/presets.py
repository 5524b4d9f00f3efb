"""Named sets of assumptions: on-call coverage, pay by region, the site, what power costs there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tco.analysis.request import Request
from tco.analysis.results import AssumptionResult
from tco.analysis.settings import Settings
from tco.analysis.switches import in_effect
from tco.engine.shapes import number
from tco.errors import UnknownNameError, nearest, printable

if TYPE_CHECKING:
    from tco.catalog.defaults import Assumptions, Preset

KINDS: Mapping[str, tuple[str, str, str]] = {
    "coverage": ("people.coverage", "who answers when it breaks", "give --fte"),
    "salary_region": ("people.salary_region", "where the engineers are paid", "give --salary"),
    "site": ("own.site", "where bought machines stand", "give --set own.pue=… and the like"),
    "electricity": ("own.electricity", "where power is bought", "give --set own.usd_per_kwh=…"),
    "ownership": ("own.ownership", "how bought GPUs are written off", "give --set own.…=…"),
}
"""Fields of a request: what each is called on a screen, its title, and what to do without it."""


def with_presets(
    settings: Settings, request: Request, data: Assumptions, layer: int = 0
) -> Settings:
    """Return the settings with the values of the named sets, each with its own range and source.

    Args:
        settings: What holds without them.
        request: The question.
        data: The sets that there are.
        layer: Only those that this place names, see `Request.layers`.

    Raises:
        UnknownNameError: The catalog has no such set.
    """
    entries = dict(settings)
    for _, preset in presets_of(request, data, layer):
        for path, value in preset.values.items():
            judged = data.sources[value.source].kind == "judgment"
            entries[path] = replace(
                entries[path],
                value=value.value,
                low=value.low,
                high=value.high,
                origin="assumed" if judged else "catalog",
                source=value.source,
                fixed=entries[path].fixed or value.low == value.high,
            )
    return Settings(entries)


def presets_of(request: Request, data: Assumptions, layer: int) -> Iterator[tuple[str, Preset]]:
    """Yield the sets that a place names, each with its kind.

    Raises:
        UnknownNameError: The catalog has no such set.
    """
    for kind, name in _named(request):
        if request.layers.get(kind, 0) != layer:
            continue
        known = data.presets.get(kind, {})
        if name not in known:
            hint = KINDS[kind][2]
            by = request.origins.get(kind, f"--{kind.replace('_', '-')}")
            raise UnknownNameError(
                f"{by}: no {kind.replace('_', ' ')} called {printable(name)!r}; "
                f"did you mean {', '.join(nearest(name, known))}? For another one {hint}"
            )
        yield kind, known[name]


def _named(request: Request) -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        name = getattr(request, kind)
        if name is not None:
            yield kind, name.strip().lower().replace("-", "_").replace(" ", "_")


def choices_of(request: Request, settings: Settings) -> Iterator[AssumptionResult]:
    """Return what is left out of every bill and which sets were named, as they are told."""
    left = in_effect(request.without, lambda path: number(settings.value(path)))
    gone = (*left, *(("bare",) if request.bare else ()))
    rows = [("bill.left_out", "left out of every bill", ", ".join(gone), "without")] if gone else []
    rows += [(*KINDS[kind][:2], name, kind) for kind, name in _named(request)]
    for path, title, value, field in rows:
        yield AssumptionResult(
            path=path,
            title=title,
            value=value,
            unit="",
            origin="given",
            source=request.origins.get(field, f"--{field.replace('_', '-')}"),
            judgment=False,
        )
