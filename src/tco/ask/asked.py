"""All that was said, and the question that it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.ask.checks import checks_of
from tco.ask.fields import OUTPUT, QUESTION, Field, limit
from tco.ask.layers import Item, Layer, merged, read, request_of
from tco.errors import DataError, UsageError

if TYPE_CHECKING:
    from tco.analysis.inputs import Inputs
    from tco.analysis.request import Request
    from tco.catalog.scenario import ScenarioFile

FIELDS = (*QUESTION, *OUTPUT)

Ask = Callable[["Inputs"], Any]
"""A question, its words read and checked: what it answers for resolved inputs."""


class Asked(NamedTuple):
    """All that was said.

    Args:
        request: The question.
        overlays: Catalog files to lay over the shipped ones.
        measured: Files of the user's own measurements.
        output: How the answer is to be written, by the name of the field.
        file: The scenario file as it was named, or None.
        config: The file with the user's own defaults, or None.
    """

    request: Request
    overlays: tuple[Any, ...]
    measured: tuple[Any, ...]
    output: Mapping[str, Any]
    file: str | None
    config: str | None = None


def asked_of(layers: Iterable[Layer], file: str | None, config: str | None = None) -> Asked:
    """Return all that was said.

    Args:
        layers: What each place says, the nearest first; without the scenario file.
        file: That file, whose layer comes after those.
        config: A file with the user's own defaults, farther away than all others.

    Raises:
        DataError: A file that cannot be used.
    """
    files = [_loaded(path) for path in (file, config) if path is not None]
    said = merged([*layers, *(read(_said(one), DataError) for one in files)])
    checks = tuple(check for one in files for check in checks_of(one))
    return Asked(
        request=replace(request_of(said), checks=checks),
        overlays=said["catalog"].value if "catalog" in said else (),
        measured=said["measured"].value if "measured" in said else (),
        output={f.name: said[f.target].value for f in OUTPUT if f.target in said},
        file=file,
        config=config,
    )


def today() -> date:
    """Return the day of the user's own clock: the only place that reads it."""
    return datetime.now().astimezone().date()


def answered(ask: Ask, said: Asked) -> Any:
    """Return the answer to a question, from the catalogs as they are now.

    Raises:
        TcoError: It has none; the text says why.
    """
    from tco.analysis.inputs import prepare
    from tco.catalog.load import load_catalog

    catalog = load_catalog(said.overlays, measured=said.measured)
    if said.request.profile not in (None, *catalog.workloads.profiles):
        from tco.catalog.usage_profile import with_own_profile

        catalog = with_own_profile(catalog, said.request.profile)
    try:
        return ask(prepare(catalog, said.request, today()))
    except UsageError as error:
        # What a file says wrongly is bad data, however late it comes out.
        files = tuple(f"{path}:" for path in (said.file, said.config) if path is not None)
        if str(error).startswith(files):
            raise DataError(str(error)) from None
        raise


def given(values: Mapping[str, Any]) -> Iterator[Item]:
    """Return what a caller says, by the name of the option; None is what was not said."""
    for field in FIELDS:
        value = values.get(field.name)
        for raw in [] if value is None else parts(field, value):
            yield Item(field, raw, field.flag, field.flag)


def parts(field: Field, value: Any) -> Sequence[Any]:
    """Return the parts of a value that can be said several times, or separated by commas."""
    if isinstance(value, Mapping) and field.target == "settings":
        return [(path, plain(one)) for path, one in value.items()]
    if isinstance(value, Mapping) and field.target == "tokenizers":
        return [{name: plain(ratio)} for name, ratio in value.items()]
    if not field.many or (field.read is limit and isinstance(value, tuple)):
        return [plain(value)]
    alone = isinstance(value, str | PathLike | Mapping) or not isinstance(value, Iterable)
    several = [value] if alone else value
    if field.target == "options":
        return [*several]
    return [p for one in several for p in (one.split(",") if isinstance(one, str) else [one])]


def plain(value: Any) -> Any:
    """Return a value of Python for a single one of numpy; others as they are."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def _loaded(path: str) -> ScenarioFile:
    from tco.catalog.scenario import load_scenario

    return load_scenario(path)


def _said(scenario: ScenarioFile) -> Iterator[Item]:
    for field in FIELDS:
        for raw, place, name in scenario.items(field.key):
            # A file has lists in place of commas, but for limits, which are written as pairs.
            for one in parts(field, raw) if field.read is limit else [raw]:
                yield Item(field, one, place, f"{place}: {name}")
