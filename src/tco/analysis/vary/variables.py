"""What can be varied, by the name that a user types, for which options, and their bills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tco.analysis.compare import answers, candidates, listed, short_list
from tco.analysis.verdict import FAR, staffed, usd_at
from tco.engine.ledger import total_usd
from tco.engine.selfhost import tokens_served
from tco.engine.shapes import Floats, Number, distinct, number
from tco.errors import InfeasibleError, UsageError, printable, suggestion
from tco.options.bills import (
    Option,
    SelfOption,
    TokenOption,
    fleet,
    lines,
    replica_of,
    usd_of,
)
from tco.options.candidates import setups_at, spoken
from tco.options.cheapest import cheapest_of, insist, least_trust, most_sure, of_two
from tco.options.names import Resolved, resolve
from tco.options.question import Question
from tco.options.selection import Selection, select
from tco.options.settings import (
    TOKENS,
    Setting,
    Settings,
    Values,
    Variable,
    fleet_policy,
    image_tokens,
    workload,
)
from tco.records import dataclass
from tco.units import MTOK

# What can be varied, by the name that a user types: its settings, range and value today.

PAIR = 2

WHOLE_UNITS = ("replicas", "requests")


def variable(name: str, options: Sequence[Option], settings: Settings) -> Variable:
    """Return the variable that a name means for some options.

    Args:
        name: One of `NAMES`, or the path of a setting.
        options: The options; for a pair, A first.
        settings: Today's values.

    Raises:
        UsageError: Nothing is called that, or it enters none of the bills.
    """
    word = name.strip().lower()
    if word in NAMES:
        made = NAMES[word](word, options, settings)
    elif word in settings and word != TOKENS:
        made = of_setting(settings[word])
    else:
        known = [*NAMES, *settings]
        hint = suggestion(word, known)
        names = ", ".join(NAMES)
        raise UsageError(f"nothing called {printable(name, 40)!r} to vary{hint}; there are {names}")
    if made is None or not _enters(made, options, settings):
        which = " and ".join(o.id for o in options[:2]) + (" and others" * (len(options) > 2))
        raise UsageError(f"{word} does not enter the bill of {which}: it cannot change the answer")
    return made


def _enters(made: Variable, options: Sequence[Option], settings: Settings) -> bool:
    """Return whether any bill is another at some other value."""
    if np.isnan(float(np.asarray(settings.value(TOKENS)))) and made.name != "volume":
        settings = settings.with_values({TOKENS: 1e12})
    tried = np.array([made.low, (made.low + made.high) / 2, made.high, made.now])
    bills = (usd_at(o, settings, [(made, tried)]) for o in options)
    return any(distinct(np.nan_to_num(usd, nan=np.inf)).size > 1 for usd in bills)


Maker = Callable[[str, Sequence[Option], Settings], Variable | None]


def _volume(name: str, options: Sequence[Option], settings: Settings) -> Variable:
    return Variable(
        name=name,
        title="volume",
        unit="tokens/month",
        now=number(settings.value(TOKENS)),
        low=1e8,
        high=1e13,
        settings=lambda v: {TOKENS: v},
        log=True,
    )


def _price(name: str, options: Sequence[Option], settings: Settings) -> Variable | None:
    """Return the blended price of the first option that charges by the token.

    Of more options than a pair, the factor on all closed prices, or else on all hosted ones.
    """
    tiers = {o.tier for o in options if isinstance(o, TokenOption)}
    if len(options) > PAIR and tiers:
        kind = "api" if "api" in tiers else "hosted"
        return of_setting(settings[f"price.{kind}_factor"], name)
    target = next((o for o in options if isinstance(o, TokenOption)), None)
    if target is None:
        return None
    now = blended_usd_per_mtok(target, settings)
    return Variable(
        name=name,
        title=f"price of {spoken(target.id)} at this mix",
        unit="USD/Mtok",
        now=now,
        low=now / FAR,
        high=now * FAR,
        factor=lambda v: np.asarray(v) / now,
        targets=frozenset({target.id}),
        log=True,
    )


def blended_usd_per_mtok(option: TokenOption, settings: Settings) -> float:
    """Return what a million tokens cost at the workload's mix, contract left out [USD/Mtok]."""
    listed = replace(option, terms=None)
    bill = lines(listed, settings.with_values({TOKENS: MTOK}))
    return number(total_usd(bill, "tokens"))


def _discount(name: str, options: Sequence[Option], settings: Settings) -> Variable | None:
    price = _price("price", options[:PAIR], settings)
    if price is None:
        return None
    return replace(
        price,
        name=name,
        title=price.title.replace("price of", "discount on").replace(" at this mix", ""),
        unit="share",
        now=0.0,
        low=0.0,
        high=1.0,
        most=1.0,
        factor=lambda v: 1.0 - np.asarray(v),
        log=False,
    )


def _rent(name: str, options: Sequence[Option], settings: Settings) -> Variable | None:
    rented = [o for o in options if isinstance(o, SelfOption) and o.usd_per_gpu_hour]
    if not rented:
        return None
    factor = number(settings.value("rent.factor"))
    # One rent is told in dollars; of several only their common factor can be told.
    one = rented[0].usd_per_gpu_hour if len(rented) == 1 else None
    usd = float(one or 1.0)
    return Variable(
        name=name,
        title=f"GPU rent of {spoken(rented[0].id)}" if one else "GPU rent over today's",
        unit="USD/GPU-hour" if one else "factor",
        now=usd * factor,
        low=0.0,
        high=usd * factor * FAR,
        settings=lambda v: {"rent.factor": np.asarray(v) / usd},
    )


def _engineers(name: str, options: Sequence[Option], settings: Settings) -> Variable | None:
    return Variable(
        name=name,
        title="engineers of self-hosting",
        unit="engineers",
        now=number(settings.value("people.floor_fte")),
        low=0.0,
        high=FAR,
        settings=staffed,
    )


def _output_share(name: str, options: Sequence[Option], settings: Settings) -> Variable | None:
    load = workload(settings)
    whole, osl = number(load.tokens_per_request), number(load.osl)
    images = number(image_tokens(settings))
    factors = [number(settings.value(f"workload.{n}_factor")) for n in ("isl", "osl")]

    def lengths(v: Number) -> Values:
        share = np.asarray(v, dtype=float)
        return {
            "workload.isl": (whole * (1.0 - share) - images) / factors[0],
            "workload.osl": whole * share / factors[1],
        }

    return Variable(
        name=name,
        title="share of output in all tokens",
        unit="share",
        now=osl / whole,
        low=1 / whole,
        high=1.0 - (images + 1) / whole,
        most=1.0 - images / whole,
        settings=lengths,
    )


def _utilization(name: str, options: Sequence[Option], settings: Settings) -> Variable | None:
    """Return how well today's fleet is used: its bill stays, and more or fewer tokens pass it."""
    own = next((o for o in options if isinstance(o, SelfOption)), None)
    if own is None or own.hours is not None:
        return None  # a fleet that is switched has another size at another volume
    volume = number(settings.value(TOKENS))
    at = settings if np.isfinite(volume) else settings.with_values({TOKENS: 0.0})
    replica = replica_of(own, at)
    servers, load = fleet(own, at, replica), workload(at)
    per_s = servers.paid_gpus / own.gpus * replica.requests_per_s
    capacity = number(per_s * load.seconds_per_month * load.tokens_per_request)
    most = number(tokens_served(servers.needed, load, replica, fleet_policy(at))) / capacity
    capacity /= number(own.tries)  # of tokens that are asked for once
    return Variable(
        name=name,
        title=f"tokens served over what the fleet of {own.id} could serve",
        unit="share",
        now=number(load.tokens_per_month) / capacity,
        low=0.0,
        high=most,
        most=most,
        settings=lambda v: {TOKENS: np.asarray(v) * capacity},
        held=frozenset({own.id}),
    )


def of_setting(setting: Setting, name: str = "") -> Variable:
    """Return a setting as a variable: a share from 0 to 1, a factor a hundredfold either way."""
    now = number(setting.value)
    share = setting.unit == "share"
    one = setting.path in ("workload.peak_to_mean", "own.pue", "serving.max_concurrency")
    positive = setting.path.endswith(("_factor", "headroom", "tpot_s", "kv_bytes", "life_months"))
    least = 1.0 if one else max(now, 1e-3) / FAR if positive else 0.0
    return Variable(
        name=name or setting.path,
        title=setting.title,
        unit=setting.unit,
        now=now,
        low=min(least, now),
        high=1.0 if share else max(now * FAR, 1.0),
        least=1.0 if one else 0.0,
        most=1.0 if share else np.inf,
        settings=lambda v: {setting.path: v},
        log=not share and least > 0,
        whole=setting.unit in WHOLE_UNITS,
    )


def _named(path: str) -> Maker:
    def make(name: str, options: Sequence[Option], settings: Settings) -> Variable:
        return of_setting(settings[path], name)

    return make


NAMES: dict[str, Maker] = {
    "volume": _volume,
    "price": _price,
    "discount": _discount,
    "rent": _rent,
    "utilization": _utilization,
    "engineers": _engineers,
    "cached": _named("workload.cached_share"),
    "batch": _named("workload.batch_share"),
    "peak": _named("workload.peak_to_mean"),
    "output-share": _output_share,
    "throughput": _named("serving.throughput_factor"),
    "horizon": _named("own.life_months"),
}
"""Names that a user can type; any other setting goes by its path."""


# Which options a question about several of them is asked of.

MOST = 10
NOTHING = "nothing that was asked for can serve this"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """An option with its bill at the volume asked about."""

    option: Option
    monthly_usd: float | None
    """None where it cannot serve [USD/month]."""

    @property
    def id(self) -> str:
        """Return its id."""
        return self.option.id

    @property
    def trust(self) -> str:
        """Return how far its price can be trusted."""
        return self.option.trust.level

    @property
    def trust_reasons(self) -> tuple[str, ...]:
        """Return why."""
        return self.option.trust.reasons

    @property
    def tier(self) -> str:
        """Return what kind of option it is."""
        return self.option.tier

    @property
    def model(self) -> str:
        """Return the model that it serves."""
        return self.option.model

    @property
    def provider(self) -> str:
        """Return who sells it."""
        return self.option.provider


def weighed(option: Option, inputs: Question) -> Weighed:
    """Return an option with its bill."""
    usd = usd_of(option, inputs.settings)
    return Weighed(option=option, monthly_usd=usd if np.isfinite(usd) else None)


def envelope(inputs: Question, names: Sequence[str], volumes: Floats) -> Resolved:
    """Return the options named; of a name of several set-ups all that are cheapest at a volume.

    Args:
        inputs: The question, with a volume.
        volumes: Volumes that are looked at, beside today's [token/month].

    Raises:
        InfeasibleError: None of them can serve today's volume.
    """
    now = np.asarray(inputs.settings.value("workload.tokens_per_month"))
    found: dict[str, tuple[Option, str]] = {}
    said: list[str] = []
    for name in names:
        meant = resolve(name, inputs, at=np.append(now, volumes))
        found = {o.id: (o, name) for o in meant.options} | found
        several = f"{name} is at each volume the cheapest of {len(meant.options)} set-ups"
        said += [several] if len(meant.options) > 1 else meant.meant
    order = {name: i for i, name in enumerate(names)}
    kept = sorted(found.values(), key=lambda one: order[one[1]])  # A stays A
    kept = [(o, name) for o, name in kept if np.isfinite(usd_of(o, inputs.settings))]
    if not kept:
        raise InfeasibleError(NOTHING)
    return Resolved(
        options=tuple(option for option, _ in kept),
        meant=tuple(said),
        names=tuple(name for _, name in kept),
    )


def over_volume(inputs: Question, volumes: Floats, most: int) -> Resolved:
    """Return the usual options of several volumes; own GPUs as what decides at each of them.

    Args:
        volumes: Volumes that are looked at, beside today's [token/month].
        most: Names at most: those that come nearest to the cheapest at today's volume or an end.
    """
    now = number(inputs.settings.value(TOKENS))
    near: dict[str, tuple[float, Option]] = {}
    for volume in dict.fromkeys((now, float(volumes.min()), float(volumes.max()))):
        there = replace(inputs, settings=inputs.settings.with_values({TOKENS: volume}))
        rows = [row for row in usual(there) if row.monthly_usd is not None]
        least = min((row.monthly_usd or 0.0 for row in rows), default=0.0)
        for row in rows:
            name = f"self/{row.model}" if row.id.startswith("self/") else row.id
            ratio = (row.monthly_usd or 0.0) / least if least > 0 else 1.0
            if name not in near or ratio < near[name][0]:
                near[name] = ratio, row.option
    if not near:
        raise InfeasibleError(NOTHING)
    kept = sorted(near, key=lambda name: near[name][0])[:most]
    own = {near[name][1].model for name in kept if name.startswith("self/")}
    setups = setups_at(inputs, own, np.append(now, volumes))
    found = [
        (option, name)
        for name in kept
        for option in (
            setups.get(near[name][1].model, []) if name.startswith("self/") else [near[name][1]]
        )
    ]
    dropped = len(near) - len(kept)
    said = (f"the {most} nearest of {len(near)} options; name others to see them",) * (dropped > 0)
    return Resolved(
        options=tuple(o for o, _ in found), meant=said, names=tuple(name for _, name in found)
    )


def chosen(inputs: Question, names: Sequence[str], most: int = MOST) -> Resolved:
    """Return the options named, or else the cheapest of what the request lets through.

    Without a selection that is what `compare` shows: of each model the maker's own offer, the
    answer among hosts and among set-ups, and what is cheaper than all but not sure enough.

    Args:
        inputs: The question, with a volume.
        names: Names of options; empty for the usual ones.

    Raises:
        InfeasibleError: Nothing is left.
    """
    if names:
        return _chosen_named(inputs, names)
    rows = usual(inputs)
    best = cheapest_of(rows, least_trust(inputs))
    if best is None:
        raise InfeasibleError(NOTHING)
    kept = most_sure(rows, best, least_trust(inputs), most)
    count = sum(row.monthly_usd is not None for row in rows)
    said = (f"the {most} cheapest of {count} options; name others to see them",)
    return Resolved(options=tuple(r.option for r in kept), meant=said if count > len(kept) else ())


def _chosen_named(inputs: Question, names: Sequence[str]) -> Resolved:
    """Return the options named, in the order in which they were typed: A stays A."""
    found = [resolve(name, inputs) for name in names]
    options = {r.best.id: r.best for r in found}.values()
    able = tuple(o for o in options if weighed(o, inputs).monthly_usd is not None)
    if not able:
        raise InfeasibleError(NOTHING)
    return Resolved(options=able, meant=tuple(text for r in found for text in r.meant))


def usual(inputs: Question) -> list[Weighed]:
    """Return the options that an answer is about when none are named: those of `compare`.

    Raises:
        InfeasibleError: None of them has the trust that the user asked for.
    """
    selection = select(inputs.catalog, inputs.request)
    wanted = short_list(inputs, selection)
    rows = _weighed(inputs, replace(selection, within=wanted))
    if wanted and not any(row.model in wanted and answers(row, inputs) for row in rows):
        wanted = frozenset()
        rows = _weighed(inputs, selection)
    insist(inputs, (row.trust for row in rows if row.monthly_usd is not None))
    return [*listed(inputs, wanted, rows)]


def _weighed(inputs: Question, selection: Selection) -> list[Weighed]:
    """Return the options that a selection lets through, by their bill."""
    rows = [weighed(option, inputs) for option, _ in candidates(inputs, selection)[0]]
    return sorted(rows, key=lambda row: (row.monthly_usd is None, row.monthly_usd or 0.0, row.id))


def both_bills(inputs: Question, two: Sequence[Option], *, known: bool = True) -> dict[str, Any]:
    """Return the bills of A and B and which is the answer, by the fields that say so [USD/month].

    Args:
        known: A volume was given; else there are no bills.
    """
    usd = [usd_of(option, inputs.settings) if known else None for option in two]
    best, unsure = of_two(two, usd, least_trust(inputs))
    return {"a_usd": usd[0], "b_usd": usd[1], "best": best, "cheaper_but_unsure": unsure}
