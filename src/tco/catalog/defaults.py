"""The schemas of `workloads.yaml` and `assumptions.yaml`: named traffic, and every default."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tco.catalog.fields import Id, NotNegative, Positive, Record, Share, Sources, Text

SettingPath = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")]


class Profile(Record):
    """What the requests of one kind of product look like."""

    title: Text
    isl: Positive
    """Mean input of a request, cached tokens included [token]."""
    osl: Positive
    """Mean output of a request, hidden reasoning included [token]."""
    cached_share: Share = 0.0
    """Share of the input that a prefix cache can serve."""
    peak_to_mean: Annotated[float, Field(ge=1)]
    """Busiest hour of the week over the average hour."""
    requests_per_user_per_month: Positive | None = None
    hourly: list[NotNegative] = []
    """Load of each hour of a day (24) or week (168), relative to the mean."""
    sources: list[Id] = Field(min_length=1)
    judgment: list[Text] = []
    """Fields that are our own estimate."""
    note: Text | None = None


class Workloads(Record):
    """The whole of `workloads.yaml`."""

    schema_: Literal[1] = Field(alias="schema")
    version: Text = "unversioned"
    sources: Sources = {}
    profiles: dict[Id, Profile] = {}


class Assumption(Record):
    """One default, with the range it can reasonably take and who says so."""

    title: Text
    value: float
    low: float
    high: float
    unit: Text
    source: Id
    """A source of this file; one of kind `judgment` is starred on the screen."""
    spread: Literal["uniform", "triangular", "lognormal", "fixed"] = "triangular"
    """How it is drawn between low and high (5th and 95th percentile) in a Monte Carlo run."""
    follows: SettingPath | None = None
    """The assumption whose value it takes where that one is given and this one is not."""
    note: Text | None = None


class PresetValue(Record):
    """What one assumption is in a named set."""

    value: float
    low: float
    high: float
    source: Id
    note: Text | None = None


class Preset(Record):
    """A named set of assumptions."""

    title: Text
    values: dict[SettingPath, PresetValue]


class Assumptions(Record):
    """The whole of `assumptions.yaml`."""

    schema_: Literal[1] = Field(alias="schema")
    version: Text = "unversioned"
    sources: Sources = {}
    assumptions: dict[SettingPath, Assumption] = {}
    presets: dict[Id, dict[Id, Preset]] = {}
    """Sets that a question can name: `coverage`, `salary_region`, `site`, `electricity`,
    `ownership`."""
    short_list: list[Id] = []
    """Models that `compare` shows when nothing was selected: judgment, edited as models come."""
    closed_rival: Id | None = None
    """Closed model that `breakeven` holds self-hosting against when none is named."""
