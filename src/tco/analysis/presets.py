"""Named sets of assumptions: on-call coverage, pay by region, the site, what power costs there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tco.analysis.request import Request
from tco.analysis.results import AssumptionResult
from tco.analysis.settings import Settings
from tco.errors import UnknownNameError, nearest, printable

if TYPE_CHECKING:
    from tco.catalog.defaults import Assumptions

KINDS: Mapping[str, tuple[str, str, str]] = {
    "coverage": ("people.coverage", "who answers when it breaks", "give --fte"),
    "salary_region": ("people.salary_region", "where the engineers are paid", "give --salary"),
    "site": ("own.site", "where bought machines stand", "give --set own.pue=… and the like"),
    "electricity": ("own.electricity", "where power is bought", "give --set own.usd_per_kwh=…"),
}
"""Fields of a request: what each is called on a screen, its title, and what to do without it."""


def with_presets(settings: Settings, request: Request, data: Assumptions) -> Settings:
    """Return the settings with the values of the named sets, each with its own range and source.

    Raises:
        UnknownNameError: The catalog has no such set.
    """
    entries = dict(settings)
    for kind, name in _named(request):
        known = data.presets.get(kind, {})
        if name not in known:
            hint = KINDS[kind][2]
            by = request.origins.get(kind, f"--{kind.replace('_', '-')}")
            raise UnknownNameError(
                f"{by}: no {kind.replace('_', ' ')} called {printable(name)!r}; "
                f"did you mean {', '.join(nearest(name, known))}? For another one {hint}"
            )
        for path, value in known[name].values.items():
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


def _named(request: Request) -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        name = getattr(request, kind)
        if name is not None:
            yield kind, name.strip().lower().replace("-", "_").replace(" ", "_")


def choices_of(request: Request) -> Iterator[AssumptionResult]:
    """Return what was left out of every bill and which sets were named, as they are told."""
    gone = (*request.without, *(("bare",) if request.bare else ()))
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
