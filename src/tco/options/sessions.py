"""The sessions of a traffic profile: as settings, for the formulas, and what caches keep."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from tco.engine.capacity import kv_bytes_per_sequence
from tco.engine.gaps import Gaps
from tco.engine.ledger import believed_share, read_share, shared_read_share
from tco.engine.replica import BATCHES, FirstTokens, Replica, Target
from tco.engine.sessions import (
    FEW,
    SOME,
    SPREAD,
    CacheRoom,
    KeptSessions,
    Limits,
    Sessions,
    SessionServer,
    kept,
    session_replica,
    session_server,
    steady,
)
from tco.engine.shapes import (
    Floats,
    GpuShape,
    Layout,
    ModelShape,
    Number,
    ServerProfile,
    Workload,
    number,
)
from tco.errors import UsageError
from tco.options.prices import SHORTEST, Buying, as_sold, minutes
from tco.options.settings import AT, WARM, Settings, target, workload
from tco.options.shapes import stacked
from tco.records import dataclass, remember
from tco.units import GB, show_number

if TYPE_CHECKING:
    from tco.catalog.defaults import Profile as Traffic
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Modifier, Offer, Rates
    from tco.options.setups import SetUps

Shapes = tuple[ModelShape, GpuShape, Layout, ServerProfile]
Case = tuple[Any, ...]
Record = TypeVar("Record", SessionServer, KeptSessions)

OF_PROFILE = (
    *("turns", "first_tokens", "growth_tokens", "new_tokens", "shared_tokens"),
    *("lanes", "service_s"),
)
"""Settings that a profile's sessions say; the gap follows from its table."""


def gaps_of(traffic: Traffic) -> Gaps | None:
    """Return how long the sessions of a profile wait; None where it has none."""
    said = traffic.sessions
    return None if said is None else Gaps(beyond=tuple((s, p) for s, p in said.gap_beyond))


def with_sessions(settings: Settings, name: str, traffic: Traffic, gaps: Gaps | None) -> Settings:
    """Return the settings with what a profile says of sessions."""
    said = traffic.sessions
    if said is None or gaps is None:
        return settings
    values = {key: float(getattr(said, key)) for key in OF_PROFILE}
    values["gap_s"] = round(number(gaps.mean_s), 1)
    source = f"profile {name}: {', '.join(said.sources)}"
    told = {
        f"{AT}{key}": replace(
            settings[f"{AT}{key}"],
            value=value,
            low=min(settings[f"{AT}{key}"].low, value),
            high=max(settings[f"{AT}{key}"].high, value),
            origin="assumed" if key in said.judgment else "catalog",
            source=source,
        )
        for key, value in values.items()
    }
    return Settings({**settings, **told})


def check_sessions(settings: Settings) -> None:
    """Raise `UsageError` for sessions such as cannot be."""
    if number(settings.value(f"{AT}turns")) < 1.0:
        raise UsageError(f"{settings[f'{AT}turns'].source}: a session has 1 turn at least")
    isl = number(settings.value("workload.isl"))
    for path in (f"{AT}shared_tokens", f"{AT}new_tokens"):
        tokens = number(settings.value(path))
        if settings.given(path) and tokens > isl:
            raise UsageError(
                f"{settings[path].source}: {path} is {show_number(tokens)}, more than the "
                f"{show_number(isl)} tokens that a turn reads (--isl)"
            )


def sessions_of(settings: Settings, gaps: Gaps) -> Sessions:
    """Return the sessions under some settings.

    What no cache has is given by `--cached` where that is said. A request shorter than what the
    profile's sessions share or begin with has no more of it than its length.

    Args:
        gaps: The table of the profile.
    """
    load = workload(settings)
    context = load.isl
    value = {key: settings.value(f"{AT}{key}") for key in (*OF_PROFILE, "gap_s", "gap_cap_s")}
    new = np.minimum(value["new_tokens"], context)
    if settings.given("workload.cached_share"):
        new = (1.0 - load.cached_share) * context
    half = value["growth_tokens"] * value["turns"] / 2.0
    last = context + np.minimum(half, context)
    caps = np.where(np.greater(value["gap_cap_s"], 0.0), value["gap_cap_s"], np.inf)
    cap: Number = caps if caps.ndim else float(caps)
    return Sessions(
        context_tokens=context,
        output_tokens=load.osl * load.reasoning_factor,
        shared_tokens=np.minimum(value["shared_tokens"], context - new),
        new_tokens=new,
        # Later turns are as long as the last at most: of few turns the first is nearer to the mean
        first_tokens=np.maximum(
            np.minimum(value["first_tokens"], context),
            value["turns"] * context - (value["turns"] - 1.0) * last,
        ),
        last_tokens=last,
        turns=value["turns"],
        lanes=value["lanes"],
        at_once=np.minimum(settings.value(AT_ONCE), value["lanes"]) if AT_ONCE in settings else 1.0,
        gaps=replace(gaps, cap_s=cap, stretch=value["gap_s"] / gaps.mean_s),
    )


def what_waits(settings: Settings, gaps: Gaps) -> tuple[Sessions, CacheRoom]:
    """Return what sessions are like, and what a replica keeps them in."""
    return settings.once(sessions_of, gaps), settings.once(_room)


def kept_sessions(
    shapes: tuple[ModelShape, GpuShape, Layout],
    profile: ServerProfile,
    settings: Settings,
    gaps: Gaps,
    factors: Floats | tuple[float, ...] = (),
) -> tuple[SessionServer, KeptSessions]:
    """Return what replicas have for sessions, and how many of them they keep.

    Measurements correct the speed of decoding; that of prefill is the model's.

    Args:
        shapes: The set-ups.
        gaps: The table of the profile.
        factors: What measurements multiply speeds by at each of `BATCHES` [..., batches] [1].
    """
    case = _case((*shapes, profile), settings, gaps, factors)
    try:
        few, some = (at.item() for at in case[-1])
        return _known(*case[:-1], (few, some))
    except (TypeError, ValueError):  # arrays have no hash, and many values are no number
        return _kept(*case)


def _case(
    shapes: Shapes, settings: Settings, gaps: Gaps, factors: Floats | tuple[float, ...]
) -> Case:
    """Return what says how many sessions some replicas keep: what `_kept` takes."""
    return (*shapes, target(settings), *what_waits(settings, gaps), _few_and_some(factors))


def keep_together(wanted: Iterable[tuple[Shapes, Settings, Gaps, tuple[float, ...]]]) -> None:
    """Work out how many sessions many replicas keep in one call, for `kept_sessions` to find."""
    alike: dict[Hashable, dict[Case, None]] = {}
    for one in wanted:
        model, gpu, layout, profile, goal, of, room, (few, some) = _case(*one)
        case = (model, gpu, layout, profile, goal, of, room, (few.item(), some.item()))
        try:
            if case not in _KEPT:
                alike.setdefault((profile, replace(goal, speed=1.0), of, room), {})[case] = None
        except TypeError:  # arrays have no hash
            return
    for cases in alike.values():
        models, gpus, layouts, (profile, *_), goals, (of, *_), (room, *_), factors = zip(
            *cases, strict=True
        )
        goal = replace(goals[0], speed=np.array([one.speed for one in goals]))
        few, some = np.array(factors).T
        shapes = stacked(models), stacked(gpus), stacked(layouts)
        made = _kept(*shapes, profile, goal, of, room, (few, some))
        for row, case in enumerate(cases):
            both = _at(made[0], row, few.shape), _at(made[1], row, few.shape)
            remember(_KEPT, case, both, _MOST_KEPT)


def _at(record: Record, row: int, shape: tuple[int, ...]) -> Record:
    """Return one of the records whose fields are arrays of a shape, or broadcast to it."""
    made: dict[str, Any] = {}
    for f in fields(record):
        value: Any = getattr(record, f.name)
        inner = is_dataclass(value)
        made[f.name] = _at(value, row, shape) if inner else np.broadcast_to(value, shape)[row]
    return replace(record, **made)


def _few_and_some(factors: Floats | tuple[float, ...]) -> tuple[Floats, Floats]:
    """Return what measurements multiply speeds by with `FEW` and with `SOME` in flight [1]."""
    every = np.asarray(factors) if len(factors) else np.ones(BATCHES.size)
    few, some = np.moveaxis(every[..., np.searchsorted(BATCHES, (FEW, SOME))], -1, 0)
    return few, some


def _kept(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: ServerProfile,
    goal: Target,
    of: Sessions,
    room: CacheRoom,
    factors: tuple[Number, Number],
) -> tuple[SessionServer, KeptSessions]:
    server = session_server(model, gpu, layout, profile, goal, of, room, factors)
    running = server.pool_tokens / (of.context_tokens - of.shared_tokens + of.output_tokens)
    limit = np.where(profile.single_stream, 1.0, np.minimum(goal.limit(gpu), running))
    slowest = goal.max_tpot_s * goal.speed, goal.max_ttft_s * goal.speed
    return server, kept(of, server, Limits(*slowest, limit))


_KEPT: dict[Case, tuple[SessionServer, KeptSessions]] = {}
_MOST_KEPT = 1_024
"""One bill after another asks for the same replica."""


def _known(*case: Any) -> tuple[SessionServer, KeptSessions]:
    if case not in _KEPT:
        remember(_KEPT, case, _kept(*case), _MOST_KEPT)
    return _KEPT[case]


def turns_in_queue(
    shapes: tuple[ModelShape, GpuShape, Layout, ServerProfile],
    settings: Settings,
    gaps: Gaps,
    factors: Floats | tuple[float, ...],
    factor: Number,
    replica: Replica,
    per_s: Floats,
) -> list[Callable[[], FirstTokens]]:
    """Return what works out the first token of a turn in the busiest hour, one a case.

    Args:
        shapes, settings, gaps, factors: As in `kept_sessions`.
        factor: What speeds, and sessions kept, are multiplied by besides [1].
        replica: What replicas sustain with sessions that wait.
        per_s: Turns that come to one of each then [cases] [turn/s].
    """
    (of, room), goal = what_waits(settings, gaps), target(settings)
    server = session_server(*shapes, goal, of, room, _few_and_some(factors))
    part = per_s / replica.requests_per_s
    there = np.maximum(part * replica.sessions, 1.0)
    missed = steady(of, server, np.maximum(there / factor, 1.0)).missed
    begins = 1.0 / np.asarray(of.turns)
    columns = (
        *(server.hit_s / factor, (1.0 - begins) * (1.0 - missed)),
        *(server.miss_s / factor, (1.0 - begins) * missed),
        *(server.first_s / factor, begins),
        *(per_s * (1.0 - 1.0 / there), server.ttft_s / factor, part),
    )
    each = [np.broadcast_to(x, per_s.shape).ravel().tolist() for x in columns]
    return [partial(_first_token, *case) for case in zip(*each, strict=True)]


@lru_cache(maxsize=16_384)
def _first_token(*case: float) -> FirstTokens:
    """Return what is promised of the first token of turns: seconds and share of each kind, …"""
    from tco.engine.arrivals import (  # a comparison asks for none
        PROMISED,
        promised,
        turn_percentiles_s,
    )

    *kinds, others, before, part = case
    each = list(zip(kinds[::2], kinds[1::2], strict=True))
    return promised(turn_percentiles_s(each, others, SPREAD, before, PROMISED), part)


def check_pool(own: SetUps, settings: Settings, gaps: Gaps | None) -> None:
    """Raise `UsageError` for a stated pool of no sessions, of several set-ups, or too large."""
    tokens, by = number(settings.value(POOL)), settings[POOL].source
    if gaps is None or not own.size:
        return
    tried = {(own.row(i).model.id, own.row(i).gpu.id, own.row(i).gpus) for i in range(own.size)}
    if len(tried) > 1:
        raise UsageError(
            f"{by}: it is the cache of one set-up, and {len(tried)} are looked at: name its model "
            "and its GPUs (--gpu, --gpus)"
        )
    model, gpu, layout = own.shapes(np.arange(own.size))
    isl = settings.value("workload.isl")
    takes = tokens * kv_bytes_per_sequence(model, layout, isl) / isl
    over = np.ravel(takes / (gpu.memory_bytes * layout.gpus))
    if over.size and over.min() > 1.0:
        raise UsageError(
            f"{by}: {show_number(tokens)} tokens take {number(np.min(takes)) / GB:,.0f} GB, "
            f"{show_number(over.min())} times the memory of a replica; "
            f"`--set serving.kv_bytes=1` for a cache in fp8"
        )


def _room(settings: Settings) -> CacheRoom:
    """Return where a replica keeps what waits."""
    return CacheRoom(
        pool_tokens=settings.value(POOL),
        pool_share=settings.value("serving.kv_pool_share"),
        host_bytes=settings.value("serving.host_cache_gb") * GB,
        host_bytes_per_s=settings.value("serving.host_gb_per_s") * GB,
    )


def with_kept(
    best: Replica,
    shapes: tuple[ModelShape, GpuShape, Layout],
    profile: ServerProfile,
    settings: Settings,
    gaps: Gaps,
    factors: Floats | tuple[float, ...] = (),
) -> Replica:
    """Return what replicas sustain with sessions that wait between turns.

    Args:
        best: The same with requests that stand alone.
        shapes, profile, settings, gaps, factors: As in `kept_sessions`.
    """
    _, found = kept_sessions(shapes, profile, settings, gaps, factors)
    return session_replica(best, found, capped=np.equal(settings.value(CAPPED), 1.0))


CAPPED, POOL = "serving.admission_cap", "serving.kv_pool_tokens"
AT_ONCE = f"{AT}at_once"


# How a provider's cache meets the sessions of a profile: what it reads and writes, how long.

BY_USER = ("workload.cached_share", "workload.cache_write_share")
"""Shares of the input that a user may say; then nothing of them follows from gaps."""

KEEPS = "price.cache_lifetime_s"
"""How long a cache lives of whose provider nothing is known."""

Part = Literal["all", "shared", "nothing"]
"""What of its input a turn asks to be cached; `shared` is what all sessions begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """What an offer's cache keeps of sessions.

    Args:
        gaps: How long sessions wait.
        usual_share: Share of the input that the profile says a cache has [1].
        lifetimes: What a lifetime is asked for by, None for the usual one, and how long it is; None
            where nothing is known of it [s].
        written: Whether what is written has a price of its own.
        optional: Whether less may be cached, or nothing, as where writes cost extra.
    """

    gaps: Gaps
    usual_share: Number
    lifetimes: tuple[tuple[str | None, float | None], ...]
    written: bool
    optional: bool = False

    @property
    def ways(self) -> tuple[tuple[int, Part], ...]:
        """Return the ways to cache: a lifetime, by its place, and what is cached for so long.

        All of the input at each lifetime; where that is optional, also less at the usual one.
        """
        found: list[tuple[int, Part]] = [(n, "all") for n in range(len(self.lifetimes))]
        if self.optional:
            found += [(0, "shared"), (0, "nothing")]
        return tuple(found)

    def lifetime_s(self, lifetime: int, settings: Settings) -> Number:
        """Return how long a cache lives after it was last read [s]."""
        known = self.lifetimes[lifetime][1]
        return settings.value(KEEPS) if known is None else known

    def load(self, load: Workload, settings: Settings, way: int, least: int = 0) -> Workload:
        """Return requests with what is read of their input, and written, in one of the ways.

        What is written at the input price stays what it is: input.

        Args:
            load: The requests, in tokens of the offer.
            least: What is shorter is not cached [token].
        """
        lifetime, part = self.ways[way]
        if part == "nothing":
            return replace(load, cached_share=0.0, cache_write_share=0.0)
        sessions = sessions_of(settings, self.gaps)
        cached: Number = 1.0
        kept = (sessions, self.lifetime_s(lifetime, settings), settings.value(WARM))
        if part == "all":
            read = read_share(*kept)
        else:
            shared = np.asarray(sessions.shared_tokens) / sessions.context_tokens
            cached = np.where(shared * load.isl >= least, shared, 0.0)
            read = shared_read_share(*kept)
        read = believed_share(read, load.cached_share, self.usual_share)
        written = cached * (1.0 - read) * self.written
        return replace(load, cached_share=cached * read, cache_write_share=written)


def caching_of(
    settings: Settings,
    gaps: Gaps | None,
    rates: Rates,
    modifiers: Sequence[Modifier],
    buying: Buying,
    usual: str | None = None,
) -> Caching | None:
    """Return what an offer's cache keeps of sessions; None where that follows from no gaps.

    Args:
        gaps: How long sessions wait; None where requests belong to none.
        rates, modifiers: The offer's price.
        buying: A lifetime that is asked for is the only one, and all is cached for so long.
        usual: Lifetime at the usual price, where it is known.
    """
    if gaps is None or rates.cached_input is None or not follows_gaps(settings):
        return None
    written = rates.cache_write is not None
    usual = usual or (SHORTEST if written else None)
    sold = _sold(modifiers) if written else []
    if buying.cache_ttl is not None:
        asked = as_sold(buying, modifiers).cache_ttl
        sold = [name for name in sold if name == asked]
    known = [(None, None if usual is None else _seconds(usual))]
    found = [(name, _seconds(name)) for name in sold]
    return Caching(
        gaps=gaps,
        usual_share=float(np.asarray(settings.value("workload.cached_share"))),
        lifetimes=tuple(found if found and buying.cache_ttl is not None else [*known, *found]),
        written=written,
        optional=buying.cache_ttl is None and (rates.cache_write or 0.0) > (rates.input or 0.0),
    )


def _sold(modifiers: Iterable[Modifier]) -> list[str]:
    """Return the lifetimes that have a price of their own, short to long."""
    names = {m.when.cache_ttl for m in modifiers if m.when.cache_ttl is not None}
    return sorted(names, key=minutes)


def _seconds(lifetime: str) -> float:
    return minutes(lifetime) * 60.0


def usual_lifetime(catalog: Catalog, offer: Offer, *, written: bool) -> str | None:
    """Return how long a cache lives at the usual price, where that is known.

    A closed model's cache is its maker's wherever it is sold.

    Args:
        offer: What is bought.
        written: Whether what is written has a price of its own.
    """
    model, providers = catalog.models.models[offer.model], catalog.prices.providers
    sellers = [providers.get(offer.provider)]
    if model.weights == "closed":
        sellers += [one for one in providers.values() if one.name == model.org]
    known = [s.write_lifetime if written else s.cache_lifetime for s in sellers if s is not None]
    return next(filter(None, known), None)


def follows_gaps(settings: Settings) -> bool:
    """Return whether what a provider's cache reads and writes of sessions follows from gaps."""
    return not any(map(settings.given, BY_USER))
