"""Every value in effect, and where each of them comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np

from tco.analysis.report import stamp
from tco.analysis.results import CatalogStamp
from tco.ask.fields import Field, Words, switch
from tco.ask.layers import Given
from tco.ask.options import OUTPUT, OVER_TIME, QUESTION
from tco.options.question import Question
from tco.options.settings import Setting, Settings
from tco.records import dataclass

Place = Literal[
    "flag", "variable", "file", "user config", "profile", "catalog", "judgment", "default"
]


@dataclass(frozen=True, kw_only=True)
class ConfigRow:
    """One value in effect."""

    key: str
    """Its key in a scenario file; under `settings` the path of an assumption."""
    option: str | None
    """The flag that says it; None where only --set does."""
    title: str
    value: float | str | bool
    unit: str
    origin: Place
    """Who says so: the nearest of flag, variable, scenario file and user config, or a default."""
    source: str
    """Which flag, variable, `file:line`, profile or source of the catalog; empty for a default."""
    judgment: bool
    """It is our own estimate."""


@dataclass(frozen=True, kw_only=True)
class ConfigResult:
    """Every value in effect, and where each of them comes from."""

    schema: Literal["tco.config/1"] = "tco.config/1"
    catalog: CatalogStamp
    files: tuple[str, ...]
    """The scenario file and the user's configuration, those that were read."""
    rows: tuple[ConfigRow, ...]
    ignored: tuple[str, ...]
    """Variables that look like ours and mean nothing."""
    warnings: tuple[str, ...]


def config(inputs: Question, given: Given, ignored: tuple[str, ...]) -> ConfigResult:
    """Return every value in effect; what nobody says and has no default is left out.

    Args:
        ignored: Variables that look like ours and mean nothing.
    """
    values = {**given.output, "catalog": given.overlays, "measured": given.measured}
    return ConfigResult(
        catalog=stamp(inputs, []),
        files=tuple(file for file in (given.file, given.config) if file is not None),
        rows=tuple(in_effect(inputs, values, given.config)),
        ignored=ignored,
        warnings=(),
    )


def in_effect(
    inputs: Question, values: Mapping[str, Any], config_file: str | None = None
) -> Iterator[ConfigRow]:
    """Return the values in effect: options in the order of their declaration, then assumptions.

    Args:
        values: What was said that no request has, by the name of the option.
        config_file: The user's configuration.
    """
    for field in (*QUESTION, *OVER_TIME, *OUTPUT):
        setting = setting_of(field, inputs.settings)
        if setting is not None:
            yield _setting(setting, field, config_file)
        else:
            yield from _option(field, inputs, values, config_file)
    told = {field.target for field in QUESTION} | {f"workload.{name}" for name in _LENGTHS}
    for path, setting in inputs.settings.items():
        if path not in told and path != "workload.tokens_per_month":
            yield _setting(setting, None, config_file)


_LENGTHS = ("isl", "osl")
"""Options that a setting says when nobody else does, under another name than their target."""


def setting_of(field: Field, settings: Settings) -> Setting | None:
    """Return the setting that holds the value of an option; None for options that are words."""
    return settings.get(f"workload.{field.name}" if field.name in _LENGTHS else field.target)


def _setting(setting: Setting, field: Field | None, config_file: str | None) -> ConfigRow:
    given = setting.origin == "given"
    judged = setting.origin == "assumed"
    place: Place = "judgment" if judged else "catalog"
    if setting.source.startswith("profile "):
        place = "profile"
    return ConfigRow(
        key=f"settings.{setting.path}" if field is None else field.key,
        option=None if field is None else field.flag,
        title=setting.title,
        value=_word(float(np.asarray(setting.value)), field),
        unit="" if _words(field) else setting.unit,
        origin=_place(setting.source, config_file) if given else place,
        source=setting.source,
        judgment=judged,
    )


def _word(value: float, field: Field | None) -> float | str:
    """Return the value of a setting as its option says it: a word where it is the number of one."""
    words = _words(field)
    return words[int(value)] if value in range(len(words)) else value


def _words(field: Field | None) -> tuple[str, ...]:
    """Return the words that a setting counts; nothing for one that is a quantity."""
    read = field.read if field else None
    return read.words if isinstance(read, Words) and read.counted else ()


def _option(
    field: Field, inputs: Question, values: Mapping[str, Any], config_file: str | None
) -> Iterator[ConfigRow]:
    """Return the value of an option that is no setting, if somebody says it or it has a default."""
    by = inputs.request.origins.get(field.target, "")
    value = values.get(field.name, getattr(inputs.request, field.target, None))
    if not by:
        value = False if field.read is switch else field.default
    if field.name == "as_of":
        value = inputs.day
    if value is not None:
        yield ConfigRow(
            key=field.key,
            option=field.flag,
            title=field.name if field in OUTPUT else field.text,
            value=value if isinstance(value, bool | float | int) else _text(value),
            unit="",
            origin=_place(by, config_file) if by else "default",
            source=by,
            judgment=False,
        )


def _place(by: str, config_file: str | None) -> Place:
    """Return what kind of place said a value."""
    if by.startswith("--"):
        return "flag"
    if by.startswith("TCO_"):
        return "variable"
    ours = config_file is not None and by.startswith(f"{config_file}:")
    return "user config" if ours else "file"


def _text(value: Any) -> str:
    """Return a value in words: names, pairs, options, files, days."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], float):
        return f"{value[0]}={value[1]:g}"
    if isinstance(value, tuple | list):
        return ", ".join("=".join(v) if _is_export(v) else _text(v) for v in value)
    return str(getattr(value, "name", None) or getattr(value, "path", None) or value)


def _is_export(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(part, str) for part in value)
