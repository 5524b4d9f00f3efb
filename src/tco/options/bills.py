"""The ways to serve a workload, and the bill of each: one formula for one case or a million."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from tco.catalog.trust import GIVEN, Trust
from tco.engine.capacity import stored_bytes
from tco.engine.fleet import Duty
from tco.engine.ledger import (
    Line,
    Origin,
    Terms,
    TokenRates,
    cheapest_way,
    mixed,
    no_dearer_late,
    retry_line,
    terms_lines,
    token_lines,
    total_usd,
)
from tco.engine.replica import Replica
from tco.engine.selfhost import Fleet, fleet_for
from tco.engine.shapes import (
    Floats,
    GpuShape,
    Indices,
    Layout,
    ModelShape,
    Number,
    ServerProfile,
    Workload,
    distinct,
    number,
)
from tco.options.cheapest import cheapest, sure_enough
from tco.options.hours import STEP, PaidByTheHour, as_paid, duty_of
from tco.options.machines import FREE_EGRESS, OWN, Egress, Machines, OwnedGpu, own_bill, team_lines
from tco.options.prices import LIST_PRICE, Buying, flows_of, scaled, token_rates
from tco.options.provisioned import (
    UNKNOWN_MODEL,
    FixedOption,
    ProvisionedOption,
    fixed_line,
    units_line,
)
from tco.options.settings import FACTOR, Settings, fleet_policy, price_factor, target, workload
from tco.options.setups import RentEntry, SetUps, Shapes, size_together, sized
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.prices import Modifier, Rates
    from tco.engine.gaps import Gaps
    from tco.options.sessions import Caching


Tier = Literal["api", "hosted", "self"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOption:
    """A model at a provider that charges by the token.

    Args:
        id: `PROVIDER/MODEL`.
        tier: `api` for a closed model, `hosted` for open weights.
        rates, modifiers: Its price on the day.
        later: Its prices on later days of the month, where the month is asked about by its days,
            each with its share of them [1].
        checked: When a source was last seen to say so; None for a price given by the user.
        factor: Factor on its prices alone, beside that of its tier [1].
        terms: Discounts by volume and a commitment, where a contract has them.
        buying: Service tier, region and load of the week that it is bought with.
        tokens_factor: Tokens that its tokenizer makes over those that the volume counts [1].
        tries: How often a request is asked until its answer is right [1].
        caching: What its cache keeps of sessions; None where shares of the input say it.
        cache_min_tokens: Input below which a request is not cached [token/request].
        context_tokens: Most that a request may have; None where that is not known [token/request].
        notes: What a reader should know of it.
        trust: How far its price can be trusted.
    """

    id: str
    tier: Tier
    model: str
    provider: str
    rates: Rates
    modifiers: list[Modifier]
    origin: Origin
    source: str
    checked: date | None = None
    later: tuple[tuple[float, Rates, list[Modifier]], ...] = ()
    factor: Number = 1.0
    terms: Terms | None = None
    buying: Buying = LIST_PRICE
    tokens_factor: Number = 1.0
    tries: Number = 1.0
    caching: Caching | None = None
    cache_min_tokens: int = 0
    context_tokens: int | None = None
    notes: tuple[str, ...] = ()
    trust: Trust = GIVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfOption:
    """A model on one's own GPUs.

    Args:
        id: `self/MODEL@COUNTxGPU:PRECISION/SELLER:PURCHASE`.
        gpus: GPUs of one replica [1].
        instance_gpus: GPUs of the smallest box that the seller rents [1].
        usd_per_gpu_hour: Rent; None for GPUs that are owned [USD/GPU-hour].
        owned: Price and power of one GPU, for those that are owned.
        egress: What the seller takes for what leaves its network.
        output_tokens_per_s, tokens_per_s: What a replica is said to make, or all that passes
            through it: one of the two in place of the capacity model, or neither [token/s].
        speed_factors: What measurements multiply the model's speeds by at each of the engine's
            `BATCHES`; empty where nothing was measured near it [1].
        evidence: How that is known, in words.
        band: Low and high true throughput over the predicted one, 80 % [1].
        hours: When its fleet is on; always when None.
        billing_step_s: Time that the seller counts in, where that is known [s].
        tries: How often a request is asked until its answer is right [1].
        trust: How far its rent, or the price of its GPUs, can be trusted.
        gaps: How long sessions wait between turns; None where requests belong to none.
    """

    id: str
    model: str
    gpu: str
    gpus: int
    precision: str
    seller: str
    purchase: str
    shape: ModelShape | None
    gpu_shape: GpuShape | None
    layout: Layout | None
    profile: ServerProfile
    instance_gpus: int
    band: tuple[float, float]
    origin: Origin
    source: str
    usd_per_gpu_hour: float | None = None
    owned: OwnedGpu | None = None
    egress: Egress = FREE_EGRESS
    output_tokens_per_s: float | None = None
    tokens_per_s: float | None = None
    speed_factors: tuple[float, ...] = ()
    evidence: str = ""
    checked: date | None = None
    notes: tuple[str, ...] = ()
    tier: Tier = "self"
    hours: Duty | None = None
    billing_step_s: float | None = None
    tries: Number = 1.0
    trust: Trust = GIVEN
    gaps: Gaps | None = None

    @property
    def provider(self) -> str:
        """Return who the GPUs come from."""
        return self.seller

    @property
    def hardware(self) -> str:
        """Return `COUNTxGPU`."""
        return f"{self.gpus}x{self.gpu}"

    @property
    def measured(self) -> bool:
        """Return whether its throughput is said, and not worked out."""
        return self.output_tokens_per_s is not None or self.tokens_per_s is not None

    @property
    def weights_gb(self) -> float | None:
        """Return what the weights take on a disk; None where nobody knows their size [GB]."""
        if self.shape is None or self.layout is None:
            return None
        return float(np.asarray(stored_bytes(self.shape, self.layout))) / 1e9


Option = TokenOption | SelfOption | ProvisionedOption | FixedOption


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An option that was asked for and cannot be had, and why."""

    id: str
    tier: Tier
    model: str
    provider: str
    reasons: tuple[str, ...]


def same_weights(a: Option, b: Option) -> bool | None:
    """Return whether two options serve the same model; None when one of them does not say."""
    return None if UNKNOWN_MODEL in (a.model, b.model) else a.model == b.model


def lines(option: Option, settings: Settings) -> tuple[Line, ...]:
    """Return the lines of an option's monthly bill; amounts broadcast over the settings' arrays."""
    if isinstance(option, TokenOption):
        return (*charged_lines(option, settings), *settings.once(_callers))
    if isinstance(option, SelfOption):
        return own_bill(option, settings, fleet(option, settings, replica_of(option, settings)))
    if isinstance(option, ProvisionedOption):
        return (units_line(option, settings), *settings.once(_callers))
    return (fixed_line(option, settings),)


def usd_of(option: Option, settings: Settings) -> float:
    """Return an option's bill under settings without arrays [USD/month]."""
    return number(total_usd(lines(option, settings)))


def _callers(settings: Settings) -> tuple[Line, ...]:
    """Return who looks after what is called by the token: the same whichever option that is."""
    return team_lines(settings, by_token=True)


def charged_lines(option: TokenOption, settings: Settings) -> tuple[Line, ...]:
    """Return what a provider charges for the month: the bill without one's own people."""
    load, rates, _ = bought(option, settings)
    again = settings.value("workload.retry_share")
    bill = token_lines(rates, load, flows_of(load, settings))
    if option.terms is None:
        return (*bill, retry_line(bill, again))
    off, unused = terms_lines(
        option.terms,
        load.tokens_per_month,
        total_usd(bill),
        again,
        origin=option.origin,
        source=option.source,
    )
    return (*bill, off, unused, retry_line((*bill, off), again))


def _counted(option: TokenOption, settings: Settings) -> Workload:
    """Return the requests as asked, counted in the tokens of the option's own tokenizer."""
    load, factor = workload(settings, option.tries), option.tokens_factor
    if isinstance(factor, float) and factor == 1.0:
        return load
    return replace(
        load,
        tokens_per_month=load.tokens_per_month * factor,
        isl=load.isl * factor,
        osl=load.osl * factor,
    )


def bought(option: TokenOption, settings: Settings) -> tuple[Workload, TokenRates, Indices]:
    """Return the requests, what a token costs, and the cheapest way to cache them, case by case."""
    if option.caching is None:
        load = _counted(option, settings)
        return load, no_dearer_late(load, list_rates(option, settings)), np.array(0)
    return cheapest_way(ways_to_cache(option, option.caching, settings))


def ways_to_cache(
    option: TokenOption, caching: Caching, settings: Settings
) -> list[tuple[Workload, TokenRates]]:
    """Return the requests, and what a token of them costs, for each way to cache them."""
    load = _counted(option, settings)
    buyings = [replace(option.buying, cache_ttl=name) for name, _ in caching.lifetimes]
    rates = [list_rates(replace(option, buying=buying), settings) for buying in buyings]
    least, ways = option.cache_min_tokens, enumerate(caching.ways)
    each = [(caching.load(load, settings, way, least), rates[n]) for way, (n, _) in ways]
    return [(cached, no_dearer_late(cached, prices)) for cached, prices in each]


def list_rates(option: TokenOption, settings: Settings) -> TokenRates:
    """Return what a token of the option costs under the settings."""
    now = 1.0 - sum(share for share, _, _ in option.later)
    rows = [(now, option.rates, option.modifiers), *option.later]
    return mixed([(share, _rates(option, settings, r, m)) for share, r, m in rows])


def _rates(
    option: TokenOption, settings: Settings, rates: Rates, modifiers: list[Modifier]
) -> TokenRates:
    """Return what a token costs at some list price of the option."""
    load = _counted(option, settings)
    return token_rates(
        rates,
        modifiers,
        isl=load.isl,
        length_cv=settings.value("workload.length_cv"),
        cache_min_tokens=option.cache_min_tokens,
        buying=option.buying,
        factor=scaled(settings.value(price_factor(option.tier)), option.factor),
        holidays_per_year=settings.value("price.holidays_per_year"),
        origin=option.origin,
        source=option.source,
    )


def replica_of(option: SelfOption, settings: Settings) -> Replica:
    """Return what one replica of the option sustains."""
    goal = target(settings)
    if option.measured:
        made, each = option.output_tokens_per_s, goal.osl
        if made is None:
            made, each = option.tokens_per_s, goal.isl + goal.osl
        return Replica(
            slots=goal.max_concurrency,
            requests_per_s=made / np.asarray(each, dtype=float),
            tpot_s=np.nan,
            memory_slots=np.nan,
            lone_tpot_s=np.nan,
            lone_request_s=np.nan,
        ).scaled(goal.speed)
    shapes = shapes_of(option, settings)
    if shapes is None:
        raise ValueError(f"{option.id} has neither dimensions nor a measured throughput")
    best = sized((*shapes, goal, option.speed_factors))
    if option.gaps is not None:
        from tco.options.sessions import with_kept  # few questions are about sessions

        best = with_kept(best, shapes[:3], shapes[3], settings, option.gaps, option.speed_factors)
    best = best.scaled(goal.speed)
    if goal.within:
        from tco.options.first_tokens import in_time  # nor about the queue

        turns = (option.gaps, option.speed_factors, goal.speed)
        best = in_time(best, shapes, settings, turns, option.tries)
    return best


def at_speed(settings: Settings, factor: float) -> Settings:
    """Return the settings with GPUs so many times as fast [1]."""
    return settings.with_values({FACTOR: settings.value(FACTOR) * factor})


def size_bands(options: Iterable[Option], settings: Settings) -> None:
    """Size the replicas of own GPUs at both ends of their bands, before each is asked for."""
    wanted = [
        (option, shapes, at)
        for option in options
        if isinstance(option, SelfOption) and not option.measured
        for end in option.band
        for at in (settings.once(at_speed, end),)
        if (shapes := shapes_of(option, at)) is not None
    ]
    size_together((*shapes, target(at), o.speed_factors) for o, shapes, at in wanted)
    if waits := [(s, at, o.gaps, o.speed_factors) for o, s, at in wanted if o.gaps is not None]:
        from tco.options.sessions import keep_together  # few questions are about sessions

        keep_together(waits)


def shapes_of(option: SelfOption, settings: Settings) -> Shapes | None:
    """Return the engine's view of an option; None where dimensions are not known."""
    if option.shape is None or option.gpu_shape is None or option.layout is None:
        return None
    layout = replace(
        option.layout,
        kv_bytes=settings.value("serving.kv_bytes"),
        memory_share=settings.value("serving.memory_share"),
    )
    return option.shape, option.gpu_shape, layout, option.profile


class Served(Machines, PaidByTheHour, Protocol):
    """Whatever is billed as GPUs of one's own: one option, or many of them as arrays."""

    @property
    def gpus(self) -> Number: ...

    @property
    def instance_gpus(self) -> Number: ...

    @property
    def hours(self) -> Duty | None: ...

    @property
    def billing_step_s(self) -> Number | None: ...


def fleet(option: Served, settings: Settings, replica: Replica) -> Fleet:
    """Return the fleet that serves the month."""
    duty = duty_of(option.hours, settings, option.billing_step_s)
    policy = fleet_policy(settings)
    servers = fleet_for(
        workload(settings, option.tries), replica, policy, option.gpus, option.instance_gpus, duty
    )
    return as_paid(option, servers)


# What pairs of a set-up and a rent cost, all at once, and which is the cheapest.
# Pairs that are billed by the same formulas are one option of arrays to `own_bill`, which is the
# bill of every option: nothing here adds anything up.


@dataclass(frozen=True, slots=True, kw_only=True)
class PairGroup:
    """Pairs that are billed by the same formulas; every number a column [pairs, 1].

    The fields are those of `SelfOption`.
    """

    seller: str
    purchase: str
    gpus: Number
    instance_gpus: Number
    usd_per_gpu_hour: Number
    owned: OwnedGpu | None
    egress: Egress
    weights_gb: Number
    billing_step_s: Number | None
    hours: Duty | None
    tries: Number
    origin: Origin
    source: str


def monthly_usd(found: SetUps, settings: Settings, rows: Indices, volumes: Floats) -> Floats:
    """Return the monthly cost of some pairs at some volumes [pairs, volumes] [USD/month]."""
    return monthly_bills(found, settings, rows, volumes)[0]


def monthly_bills(
    found: SetUps, settings: Settings, rows: Indices, volumes: Floats
) -> tuple[Floats, Floats]:
    """Return the monthly cost [USD/month] and the GPUs paid for [1] of some pairs, both
    [pairs, volumes].

    Args:
        settings: All values but the volume.
        rows: Which pairs [pairs].
        volumes: Tokens a month [volumes].
    """
    at = settings.with_values({"workload.tokens_per_month": volumes[None, :]})
    usd, gpus = np.empty((2, rows.size, volumes.size))
    for places, pairs, replica in pair_groups(found, settings, rows):
        servers = fleet(pairs, at, replica)
        usd[places] = total_usd(own_bill(pairs, at, servers))
        gpus[places] = servers.paid_gpus
    return usd, gpus


def pair_groups(
    found: SetUps, settings: Settings, rows: Indices
) -> Iterator[tuple[Indices, PairGroup, Replica]]:
    """Yield where in `rows` pairs stand that are billed alike, they as one, and their replica."""
    codes: dict[Hashable, int] = {}
    kinds = [codes.setdefault(_formula(rent), len(codes)) for rent in found.rents]
    of = np.array(kinds, dtype=np.int64)[found.pair_rent[rows]]
    for code in distinct(of).tolist():
        places = np.flatnonzero(of == code)
        setups = found.pair_setup[rows[places]]
        yield places, _alike(found, settings, rows[places]), found.replica_at(setups[:, None])


def _formula(rent: RentEntry) -> Hashable:
    """Return what decides by which formulas a rent is billed."""
    gpu = rent.owned
    if gpu is None:
        return rent.purchase, rent.seller == OWN
    known = (gpu.server_usd is None, gpu.all_in_w is None)
    return rent.purchase, rent.seller == OWN, gpu.whole, gpu.life_months, known


def _alike(found: SetUps, settings: Settings, rows: Indices) -> PairGroup:
    """Return pairs that are billed by the same formulas as one option of arrays."""
    used = distinct(found.pair_rent[rows]).tolist()
    of = np.searchsorted(used, found.pair_rent[rows])
    rents = [found.rents[j] for j in used]
    column = partial(_of_pairs, of)
    setups, first = found.pair_setup[rows], rents[0]
    model, _, layout = found.shapes(setups)
    owned = [rent.owned for rent in rents if rent.owned is not None]
    usual = float(np.asarray(settings.value(STEP)))
    steps = [usual if r.billing_step_s is None else r.billing_step_s for r in rents]
    return PairGroup(
        seller=first.seller,
        purchase=first.purchase,
        gpus=found.count[setups].astype(float)[:, None],
        instance_gpus=column([r.instance_gpus for r in rents]),
        usd_per_gpu_hour=column([r.usd_per_gpu_hour for r in rents]),
        owned=_bought(owned, of) if owned else None,
        egress=replace(first.egress, usd_per_gb=column([r.egress.usd_per_gb for r in rents])),
        weights_gb=np.asarray(stored_bytes(model, layout))[:, None] / 1e9,
        billing_step_s=None if found.inputs.hours is None else column(steps),
        hours=found.inputs.hours,
        tries=np.array([m.tries for m in found.models])[found.model[setups]][:, None],
        origin=first.origin,
        source=first.source,
    )


def _of_pairs(of: Indices, values: Sequence[Number | None]) -> Floats:
    """Return a number of every rent, or of every GPU, as that of every pair [pairs, 1]."""
    return np.array(values, dtype=float)[of][:, None]


def _bought(gpus: Sequence[OwnedGpu], of: Indices) -> OwnedGpu:
    """Return the bought GPUs of some pairs as one of arrays [pairs, 1]."""
    first, column = gpus[0], partial(_of_pairs, of)
    return replace(
        first,
        gpu_usd=column([g.gpu_usd for g in gpus]),
        server_usd=None if first.server_usd is None else column([g.server_usd for g in gpus]),
        all_in_w=None if first.all_in_w is None else column([g.all_in_w for g in gpus]),
        board_w=column([g.board_w for g in gpus]),
    )


def best_pairs(
    found: SetUps, settings: Settings, model: str, volumes: Floats, *least: int
) -> Indices:
    """Return the pairs of a model that are the answer at a volume, in the volumes' order [pairs].

    Args:
        settings: All values but the volume.
        volumes: Tokens a month [volumes].
        least: Rank of a trust in a rent that is enough, one after the other; 0 for all [1].
    """
    rows = found.pairs_of(model)
    return answers_of(found, rows, monthly_usd(found, settings, rows, volumes), *least)


def answers_of(found: SetUps, rows: Indices, cost: Floats, *least: int) -> Indices:
    """Return which of some pairs are the answer at what they cost [pairs, volumes] [USD/month]."""
    trust = trust_ranks(found, rows)
    each = least if rows.size else ()
    places = [place for one in each for place in cheapest(cost, trust, one).tolist()]
    return rows[list(dict.fromkeys(places))]


def sure_pairs(found: SetUps, model: str, least: int) -> Indices:
    """Return the pairs of a model that may be the answer: their rent is sure enough [pairs].

    Args:
        least: Rank of the trust in a rent that is sure enough [1].
    """
    rows = found.pairs_of(model)
    sure: Indices = rows[sure_enough(np.zeros(rows.size), trust_ranks(found, rows), least)]
    return sure


def trust_ranks(found: SetUps, rows: Indices) -> Indices:
    """Return the rank of the trust in the rent of some pairs [pairs]."""
    return np.array([r.trust.rank for r in found.rents], dtype=np.int64)[found.pair_rent[rows]]
