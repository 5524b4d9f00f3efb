"""The base of every record in a data file, and the kinds of value that the records share."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from tco.errors import nearest, printable

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._+-]{0,79}$")]
"""A short lower-case name that can be typed: letters, digits, `.`, `_`, `+`, `-`."""

CLEAN = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=CLEAN)]
"""Prose without control characters, so that no catalog can send an escape to a terminal."""


def _zone(name: str) -> str:
    """Return the name of a time zone that this machine knows.

    Raises:
        ValueError: There is none of that name, or no data of any.
    """
    if name == "UTC":
        return name
    import zoneinfo  # reads files; most windows are in UTC

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
        if not known:
            raise ValueError("no time zones on this machine; pip install tzdata") from None
        cities = {zone.rpartition("/")[2]: zone for zone in sorted(known)}
        near = " or ".join(cities.get(one, one) for one in nearest(name, [*known, *cities], 2))
        hint = f"; did you mean {near}?" if near else ""
        raise ValueError(
            f"no time zone is called {printable(name, 40)!r}{hint}; "
            "write UTC, or a name of the IANA database such as Asia/Shanghai"
        ) from None
    return name


Zone = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_zone)]
"""A time zone by its name in the IANA database: `UTC`, `Asia/Shanghai`."""

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\x00-\x1f]+$", max_length=500)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(gt=0)]
NotNegativeCount = Annotated[int, Field(ge=0)]


# Values of a user's files. Quantities are texts in the grammar of `tco.units` (`50B`, `35%`) or
# plain numbers; what a text means is read by a floor above.


def _quantity(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a number or a text such as 50B is expected")
    return value


def _texts(value: Any) -> Any:
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) and one.strip() for one in listed):
        raise ValueError("a name or a list of names is expected")
    return value


def _limits(value: Any) -> Any:
    pairs = value.values() if isinstance(value, dict) and value else None
    if pairs is not None and all(isinstance(one, str) and one.strip() for one in pairs):
        return value
    if pairs is not None or not isinstance(value, str | list):
        raise ValueError("limits are expected, such as tpot=40ms,ttft=1s")
    return _texts(value)


def _named(value: Any) -> Any:
    if value == []:
        raise ValueError("a list without a name checks nothing; name one, or leave it out")
    return _texts(value)


def _score(value: Any) -> Any:
    pair = isinstance(value, dict) and len(value) == 1
    if not pair and not isinstance(value, str):
        raise ValueError("one benchmark and its lowest score are expected, such as arena=1400")
    return value


Quantity = Annotated[
    float | str, PlainValidator(_quantity), WithJsonSchema({"type": ["number", "string"]})
]
TEXT = {"type": "string", "minLength": 1}
Texts = Annotated[
    str | list[str],
    PlainValidator(_texts),
    WithJsonSchema({"anyOf": [TEXT, {"type": "array", "items": TEXT}]}),
]
LIMITED = {"type": "object", "minProperties": 1, "additionalProperties": TEXT}
Limits = Annotated[
    str | list[str] | dict[str, str],
    PlainValidator(_limits),
    WithJsonSchema({"anyOf": [TEXT, {"type": "array", "items": TEXT}, LIMITED]}),
]


NAMES = {"type": "array", "items": TEXT, "minItems": 1}
Named = Annotated[
    str | list[str],
    PlainValidator(_named),
    WithJsonSchema({"anyOf": [TEXT, NAMES]}),
]
SCORES = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": {"type": "number"},
}
Score = Annotated[
    str | dict[str, float],
    PlainValidator(_score),
    WithJsonSchema({"anyOf": [TEXT, SCORES]}),
]


class Record(BaseModel):
    """A record that refuses unknown keys, NaN, infinity and a text where a number is due."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
    )


class Waivable(Record):
    """A record that may break rules of `tco catalog check`, rightly and with its reason.

    What a source waives holds for every figure that no other source states.
    """

    waive: list[Id] = []
    """Names or ids of the rules."""
    waive_because: Text | None = None
    """What was looked up, and where."""
    waive_on: date | None = None
    """The day that this was judged: newer evidence is not covered by it."""
    waive_until: date | None = None
    """The last day on which this holds, for reasons that pass."""


class Source(Waivable):
    """Where a figure was read."""

    title: Text
    """What it is, as a reader would look it up."""
    read: date
    """The day the source was read, or the day its snapshot was made."""
    url: Url | None = None
    where: Text | None = None
    """Package, repository and file, where there is no page."""
    license: Text | None = None
    kind: Literal["vendor", "catalog", "measurement", "survey", "filing", "article", "judgment"] = (
        "catalog"
    )
    """`judgment` is our own estimate: it is starred wherever it is printed."""
    sought: date | None = None
    """The last day on which a newer statement was looked for and not found: its figures are old,
    which is told, but nobody is at fault for it until this day is old too."""
    family: Id | None = None
    """Sources of one family copy each other and count as one witness; absent: a family alone."""
    doubt: Text | None = None
    """Why it is not believed: it then attests nothing."""
    note: Text | None = None


Sources = dict[Id, Source]


class RegionsServed(Record):
    """Regions that a company is known to serve, and who says so."""

    regions: list[Id] = Field(min_length=1)
    source: Id
    note: Text | None = None
