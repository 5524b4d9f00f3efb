"""The checks of a scenario file, read: limits, and names that may or may not be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tco import units
from tco.ask.fields import Field, text
from tco.errors import DataError, UsageError

if TYPE_CHECKING:
    from tco.analysis.request import Check
    from tco.catalog.scenario import ScenarioFile

CHECKS = (
    Field("max_monthly", "checks.max_monthly", units.usd_per_month),
    Field("max_price_age", "checks.max_price_age", units.days),
    Field("allow_providers", "checks.allow_providers", text, many=True),
    Field("deny_providers", "checks.deny_providers", text, many=True),
    Field("allow_licenses", "checks.allow_licenses", text, many=True),
    Field("deny_licenses", "checks.deny_licenses", text, many=True),
)
"""What can be checked; a scenario file is the only place that says it."""


def checks_of(scenario: ScenarioFile) -> Iterator[Check]:
    """Return the checks of a scenario file, each with the line that says it.

    Raises:
        DataError: A limit that cannot be read; the text begins `file:line:`.
    """
    from tco.analysis.request import Check

    for field in CHECKS:
        said = list(scenario.items(field.key))
        if not said:
            continue
        values = [_read(field, raw, f"{place}: {name}") for raw, place, name in said]
        where = said[0][1]
        if field.many:
            names = tuple(value.lower() for value in values)
            yield Check(rule=field.name, where=where, names=names)
        else:
            yield Check(rule=field.name, where=where, limit=values[0])


def _read(field: Field, raw: object, where: str) -> Any:
    try:
        return field.read(raw)
    except UsageError as error:
        raise DataError(f"{where}: {error}") from None
