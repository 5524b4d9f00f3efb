"""The schemas of `workloads.yaml` and `assumptions.yaml`: named traffic, and every default."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from tco.catalog.fields import Id, NotNegative, Positive, Record, Share, Sources, Text

SettingPath = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")]


class ProfileSessions(Record):
    """How the requests of a profile follow each other: turns of sessions that wait in between."""

    turns: Annotated[float, Field(ge=1)]
    """Mean turns of a session [1]."""
    gap_beyond: list[Annotated[tuple[Positive, Share], Field(strict=False)]] = Field(min_length=2)
    """Gaps from the end of a turn to the next request [s], and the share that are longer."""
    first_tokens: Positive
    """Mean input of the first turn [token]."""
    growth_tokens: NotNegative
    """What the input grows by, in the mean over turns [token/turn]."""
    new_tokens: Positive
    """Input of a later turn that is no prefix of what came before: no cache has it [token]."""
    shared_tokens: NotNegative
    """System prompt and tools, the same in all sessions [token]."""
    lanes: Annotated[float, Field(ge=1)]
    """What an open session holds over its mean input: long turns last longer, sub-agents run
    beside [1]."""
    service_s: Positive
    """Mean time that a turn took where this was recorded [s]."""
    sources: list[Id] = Field(min_length=1)
    judgment: list[Text] = []
    """Fields that are our own estimate."""
    judged_until: date | None = None
    """When those are to be judged anew."""
    note: Text | None = None

    @model_validator(mode="after")
    def _in_order(self) -> ProfileSessions:
        seconds, shares = zip(*self.gap_beyond, strict=True)
        if list(seconds) != sorted(set(seconds)) or list(shares) != sorted(shares, reverse=True):
            raise ValueError("gap_beyond: seconds must rise, and the shares beyond them fall")
        if self.judgment and self.judged_until is None:
            raise ValueError("judged_until is missing: a judgment says when it ends")
        return self


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
    rate_cv: NotNegative | None = None
    """Variation of the rate within the busiest hour: 0 smooth, 0.2 drifting, 1 and more clumped."""
    requests_per_user_per_month: Positive | None = None
    hourly: list[NotNegative] = []
    """Load of each hour of a day (24) or week (168), relative to the mean."""
    sources: list[Id] = Field(min_length=1)
    judgment: list[Text] = []
    """Fields that are our own estimate."""
    note: Text | None = None
    sessions: ProfileSessions | None = None
    """Where requests are turns of sessions; None where each stands alone."""


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
