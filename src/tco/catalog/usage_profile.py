"""A traffic profile made of a team's own logs: `tco profile LOGS --to traffic.yaml`.

The file tells lengths as bins, so that context tiers, cache minimums and memory see the tail; the
edges of the bins lie on every limit of the catalog's tiers, so that a bill from it is exact.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from tco.catalog.fields import NotNegative, Positive, Record, Text
from tco.errors import DataError, unknown_name
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.load import Catalog

KIND = "usage-profile"
OWN = "own-logs"
HOURS_PER_MONTH = 730.0
WEEK_H = 168

Whole = Annotated[int, Field(ge=0, lt=1 << 63)]


class UsageFrom(Record):
    """What a profile was made from."""

    files: Whole
    rows: Whole
    first: Text | None = None
    last: Text | None = None
    digest: Text
    left_out: dict[str, Whole] = {}
    incomplete: bool = False


class UsageInFlight(Record):
    """Requests in flight that shares of the requests find, over their mean."""

    quantiles: list[float]
    by_mean_seconds: list[list[float]]
    """The mean time of a request [s], then one figure a quantile."""

    @model_validator(mode="after")
    def _one_a_quantile(self) -> UsageInFlight:
        if any(len(row) != 1 + len(self.quantiles) for row in self.by_mean_seconds):
            raise ValueError("by_mean_seconds: every row is a time and one figure a quantile")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long requests are, in bins.

    Args:
        isl: Mean input of the requests of a bin [bins] [token/request].
        requests, input, read, written, output: Sums of each bin [bins].
    """

    isl: tuple[float, ...]
    requests: tuple[float, ...]
    input: tuple[float, ...]
    read: tuple[float, ...]
    written: tuple[float, ...]
    output: tuple[float, ...]


class UsageModel(Record):
    """The traffic of one model, or of all together."""

    offer: Text | None = None
    """The offer of the catalog that it was matched to."""
    requests: Whole | None = None
    """Answered requests; absent where the log does not count them."""
    errors: Whole = 0
    observed_hours: Positive | None = None
    requests_per_month: NotNegative | None = None
    tokens_per_month: NotNegative | None = None
    tokens: dict[str, Whole] = {}
    """Sums over answered requests, by kinds that never overlap; `reasoning` is a part of output."""
    hourly: list[NotNegative] = []
    busiest: dict[Literal["day", "hour", "minute", "second"], Positive] = {}
    """Busiest of each over the mean; absent where nobody can know."""
    columns: list[Text] = []
    """What the columns of `inputs` are; the first is the length that all requests lie below."""
    inputs: dict[str, list[list[Whole]]] = {}
    """By service tier (and `@region`): a row a bin of input length."""
    outputs: list[list[Whole]] = []
    """Output length that requests lie below, requests, output tokens."""
    in_flight_over_mean: UsageInFlight | None = None
    dispersion_10s: NotNegative | None = None
    """Variance over mean of the requests in 10 s, within their hour; 1 is chance alone."""
    reuse: list[list[float]] = []
    """Gap [s], and the share of input last used at most so long before."""
    stated_cost_usd: float | None = None

    @model_validator(mode="after")
    def _columns_fit_rows(self) -> UsageModel:
        rows = [row for some in self.inputs.values() for row in some]
        for name in ("requests", "input", "output") if rows else ():
            if name not in self.columns:
                raise ValueError(f"columns: {name} is missing, which inputs are read by")
        if len({*self.columns}) < len(self.columns):
            raise ValueError("columns: a name stands twice")
        if any(len(row) != len(self.columns) for row in rows):
            raise ValueError(f"inputs: every row has {len(self.columns)} figures, as columns")
        return self

    @property
    def written(self) -> int:
        """Return the input written to caches [token]."""
        return sum(n for kind, n in self.tokens.items() if kind.startswith("write_"))

    @property
    def taken(self) -> int:
        """Return all input [token]."""
        kinds = ("input", "read", "input_with_read")
        return sum(self.tokens.get(kind, 0) for kind in kinds) + self.written

    @property
    def batch_share(self) -> float:
        """Return the share of the tokens that went through a batch tier."""
        at = {name: i for i, name in enumerate(self.columns)}
        of = {"batch": 0.0, "all": 0.0}
        for service, rows in self.inputs.items():
            tokens = float(sum(row[at["input"]] + row[at["output"]] for row in rows))
            of["all"] += tokens
            of["batch"] += tokens if service.partition("@")[0] == "batch" else 0.0
        return of["batch"] / of["all"] if of["all"] else 0.0

    @property
    def lengths(self) -> Lengths | None:
        """Return the bins of length over all tiers; None where lengths are not known."""
        at = {name: i for i, name in enumerate(self.columns)}
        rows = [row for some in self.inputs.values() for row in some if row[at["requests"]]]
        if not rows:
            return None
        written = [i for name, i in at.items() if name.startswith("write_")]

        def column(name: str) -> tuple[float, ...]:
            return tuple(float(row[at[name]]) if name in at else 0.0 for row in rows)

        return Lengths(
            isl=tuple(row[at["input"]] / row[at["requests"]] for row in rows),
            requests=column("requests"),
            input=column("input"),
            read=column("read"),
            written=tuple(float(sum(row[i] for i in written)) for row in rows),
            output=column("output"),
        )


class UsageProfile(Record):
    """The whole of a profile file."""

    schema_: Literal[1] = Field(alias="schema")
    kind: Literal["usage-profile"]
    made: Text
    by: Text
    from_: UsageFrom = Field(alias="from")
    all: UsageModel
    models: dict[str, UsageModel] = {}


def is_path(name: str) -> bool:
    """Return whether the name of a profile is the path of a file.

    >>> is_path("chat"), is_path("ours.yaml#gpt-5-mini")
    (False, True)
    """
    path = name.partition("#")[0]
    return path.endswith((".yaml", ".yml")) or "/" in path


def read_usage_profile(path: str) -> UsageProfile:
    """Return a profile file.

    Raises:
        DataError: It is missing or wrong; the text begins `file:line:`.
    """
    from tco.catalog.build import read_record

    return read_record(path, UsageProfile)[0]


def chosen(name: str) -> tuple[UsageProfile, UsageModel, str]:
    """Return the file of `PATH` or `PATH#MODEL`, the part of it that is meant, and the path.

    Raises:
        DataError: It is missing or wrong, or has no such model.
    """
    path, mark, model = name.partition("#")
    profile = read_usage_profile(path)
    if not mark:
        return profile, profile.all, path
    if model not in profile.models:
        raise unknown_name("model", model, profile.models, where=f"{path}: ")
    return profile, profile.models[model], path


def with_own_profile(catalog: Catalog, name: str | None) -> Catalog:
    """Return the catalog with a profile of the user's own, under the name it was asked for by.

    Args:
        name: A profile as it was typed; that of the catalog is left alone.

    Raises:
        DataError: The file is missing, wrong, or cannot tell what a question needs.
    """
    if name is None or name in catalog.workloads.profiles or not is_path(name):
        return catalog
    profile, part, path = chosen(name)
    head = profile.from_
    where = f"{head.rows:,} rows in {head.files} files, {path}, {head.digest}"
    return with_traffic(catalog, name, part, where, date.fromisoformat(profile.made))


def with_traffic(catalog: Catalog, name: str, part: UsageModel, where: str, made: date) -> Catalog:
    """Return the catalog with a profile made of a user's own traffic.

    Args:
        name: What the profile is called.
        where: Where it was read.
        made: When.

    Raises:
        DataError: It cannot tell what a question needs.
    """
    from tco.catalog.defaults import Profile, Workloads
    from tco.catalog.fields import Source

    known = catalog.workloads
    source = Source(title="own logs", read=made, where=where, kind="measurement")
    workloads: Any = Workloads.model_construct(
        schema_=1,
        version=known.version,
        sources={**known.sources, OWN: source},
        profiles={**known.profiles, name: _traffic(part, name, Profile)},
    )
    return replace(catalog, workloads=workloads, own={**catalog.own, name: part})


def _traffic(part: UsageModel, name: str, kind: Any) -> Any:
    """Return a profile as the catalog has them, made of what was measured."""
    tokens, taken = part.tokens, part.taken
    if not part.requests or not taken:
        raise DataError(
            f"{name}: it does not count requests, so that their length is not known; "
            "give --isl and --osl with a named profile, or logs of single requests"
        )
    busiest = part.busiest.get("hour") or part.busiest.get("day")
    if busiest is None:
        raise DataError(
            f"{name}: totals tell no peak; give --profile NAME with --isl, --osl and --cached"
        )
    return kind.model_construct(
        title=f"own traffic: {name}",
        isl=taken / part.requests,
        osl=tokens.get("output", 0) / part.requests,
        cached_share=tokens.get("read", 0) / taken,
        peak_to_mean=max(busiest, 1.0),
        rate_cv=None,  # bursts are in the requests in flight, where those are known
        requests_per_user_per_month=None,
        hourly=list(part.hourly) if len(part.hourly) == WEEK_H else [],
        sources=[OWN],
        judgment=[],
        note=None,
    )
