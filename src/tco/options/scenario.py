"""What a user asked for, parsed but not yet resolved against any catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tco.engine.fleet import Billing


ContextTier = tuple[int, Mapping[str, float]]
"""Tokens of a request, and what one that is longer pays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineOption:
    """An option that the user describes instead of naming; `None` is what was not said.

    Args:
        name: What it is called in tables.
        kind: `api` (closed, by the token), `hosted` (open, by the token), `self` (rented GPUs),
            `own` (bought GPUs), `provisioned` (throughput by the unit), or `fixed` (a given
            monthly price).
        input, output, cached_input: Prices of `api` and `hosted` [USD/Mtok].
        cache_write, reasoning_output: The same of input written to a cache and of hidden reasoning.
        above: Input of a request beyond which it pays other prices, and these by the names of
            `Rates` [USD/Mtok] or a factor, `multiply` [1].
        batch_discount: Share taken off for batch requests [1].
        tiers: Volumes and the share taken off beyond each [token/month, 1].
        cliff: A tier's share is taken off all tokens, not only those beyond it.
        commit_usd_per_month: Least that is paid for tokens [USD/month].
        model: Model of the catalog that it serves, for the same-weights flag and for its size.
        gpu, gpus, precision: Set-up of `self` and `own`: GPUs of one replica [1].
        usd_per_gpu_hour: Rent of `self` [USD/GPU-hour].
        gpu_usd, server_usd: Price of a GPU alone, or of the whole machine of `instance_gpus` [USD].
        watts: Rated power of one GPU with its share of the machine [W].
        instance_gpus: Smallest number of GPUs that can be rented [1].
        output_tokens_per_s, tokens_per_s: Throughput of one replica, counting output only or input
            and output; without either, the capacity model says [token/s].
        usd_per_unit_hour: Price of a `provisioned` unit, which serves `tokens_per_s` input tokens
            [USD/hour].
        output_weight, cached_weight: Input tokens that one of output, or one read from the cache,
            counts for [1].
        minimum_units, increment_units: Numbers that units are sold in [1].
        usd_per_month, tokens_per_month: Price of a `fixed` set-up and the volume that one serves.
        source: The flag or `file:line` that described it.
    """

    name: str
    kind: Literal["api", "hosted", "self", "own", "fixed", "provisioned"]
    source: str
    model: str | None = None
    input: float | None = None
    output: float | None = None
    cached_input: float | None = None
    cache_write: float | None = None
    reasoning_output: float | None = None
    above: tuple[ContextTier, ...] = ()
    batch_discount: float | None = None
    tiers: tuple[tuple[float, float], ...] = ()
    cliff: bool = False
    commit_usd_per_month: float | None = None
    gpu: str | None = None
    gpus: int | None = None
    precision: str | None = None
    usd_per_gpu_hour: float | None = None
    gpu_usd: float | None = None
    server_usd: float | None = None
    watts: float | None = None
    instance_gpus: int | None = None
    output_tokens_per_s: float | None = None
    tokens_per_s: float | None = None
    usd_per_month: float | None = None
    tokens_per_month: float | None = None
    usd_per_unit_hour: float | None = None
    output_weight: float | None = None
    cached_weight: float | None = None
    minimum_units: int | None = None
    increment_units: int | None = None


Schedule = tuple[tuple[frozenset[int], int, int], ...]
"""Opening hours of a week: weekdays (Monday is 0), first and last minute of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What an answer must keep to.

    Args:
        rule: Its key in a scenario file.
        where: `file:line` of it.
        limit: Of `max_monthly` [USD/month], of `max_price_age` [day].
        names: Of the others: companies or kinds of licence.
    """

    rule: str
    where: str
    limit: float = 0.0
    names: tuple[str, ...] = ()


DEFAULT_PROFILE = "general"
"""Profile of a question that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A question about a month; a field left at None takes the default of the catalog.

    Args:
        tokens, requests, users: Volume, by one of the three [per month].
        peak: Requests of the busiest hour [request/s]: the volume, by the profile's peak over mean,
            or beside a volume the peak over mean itself.
        profile: Named traffic profile.
        isl, osl: Length of a request [token/request].
        input_output: Input tokens for one output token, at the profile's request length [1].
        settings: Values of assumptions by path, for example `people.floor_fte`.
        models, providers, gpus, sellers, tiers, purchases, precisions, licenses: Only these.
        gpu_count: Only replicas of so many GPUs.
        private: Only what keeps the data on one's own machines.
        min_score: Benchmark and the lowest score on it that is acceptable.
        min_trust: Least trust of a price that wins: `low`, `medium` or `high`.
        fte: Engineers that self-hosting takes, instead of the staircase [1].
        engine: How the serving engine is run: `tuned`, `default`, `local` or `legacy`.
        bare: Leave out what simple calculators leave out (`switches.BARE`), to repeat their sums.
        without: What to leave out of every bill, by the names of `switches`, whoever gives it.
        coverage, salary_region, site, electricity, ownership: Named sets of assumptions
            (`presets.KINDS`).
        as_of: The day whose prices hold; today when None.
        options: Options described inline.
        service: Service tier that tokens are bought in, such as `flex`, where an offer has it.
        region: Region that tokens are bought in, where an offer has a price for it.
        cache_ttl: Lifetime of a cache that is written, such as `1h`, where an offer has a price.
        by_day: The prices of the 30 days from `as_of`, weighed by their days.
        tokenizers: Models and the tokens that theirs makes over those that the volume counts [1].
        all_setups: Every set-up, not only the cheapest of each open model.
        all_lines: Work all bills out whole, of however many options.
        marketplaces: Also rents of marketplaces and community hosts.
        billing: When own GPUs are on: always, on a schedule, or following the load.
        schedule: The opening hours of a fleet that is on a schedule.
        checks: What an answer must keep to.
        origins: Which flag, variable or file line gave a field, by the name of the field or the
            path of the setting.
        layers: How far from the user it was said, by the same names: 0 for flags and keywords,
            then variables, the scenario file, the user's own defaults. The nearer one wins.
        typed: The question as flags, as it was typed.
    """

    tokens: float | None = None
    requests: float | None = None
    users: float | None = None
    peak: float | None = None
    profile: str | None = None
    isl: float | None = None
    osl: float | None = None
    input_output: float | None = None
    settings: dict[str, float] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()
    sellers: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    purchases: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ()
    licenses: tuple[str, ...] = ()
    gpu_count: int | None = None
    private: bool = False
    min_score: tuple[str, float] | None = None
    min_trust: Literal["low", "medium", "high"] | None = None
    fte: float | None = None
    engine: str | None = None
    bare: bool = False
    without: tuple[str, ...] = ()
    coverage: str | None = None
    salary_region: str | None = None
    site: str | None = None
    electricity: str | None = None
    ownership: str | None = None
    as_of: date | None = None
    options: tuple[InlineOption, ...] = ()
    service: str | None = None
    region: str | None = None
    cache_ttl: str | None = None
    by_day: bool = False
    tokenizers: tuple[tuple[str, float], ...] = ()
    all_setups: bool = False
    all_lines: bool = False
    marketplaces: bool = False
    billing: Billing | None = None
    schedule: Schedule | None = None
    checks: tuple[Check, ...] = ()
    origins: dict[str, str] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    typed: tuple[str, ...] = ()


LimitState = Literal["kept", "depends", "missed", "not judged"]
"""How a limit on latency is kept: `depends` on how requests arrive is too close to call."""
