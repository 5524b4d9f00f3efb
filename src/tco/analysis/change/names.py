"""What can be varied, by the name that a user types: its settings, range and value today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.change.variables import Values, Variable, usd_of
from tco.analysis.curves import TOKENS
from tco.analysis.options import Option, SelfOption, TokenOption, fleet, lines, replica_of
from tco.analysis.settings import Setting, Settings, fleet_policy, image_tokens, workload
from tco.engine.ledger import total_usd
from tco.engine.selfhost import tokens_served
from tco.engine.shapes import Number, number
from tco.errors import UsageError, nearest, printable
from tco.units import MTOK

FAR = 100.0
"""How far from today's value to look where nothing limits it: a hundredth to a hundred times."""

PAIR = 2


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
        made = _setting(settings[word])
    else:
        known = [*NAMES, *settings]
        hint = f"; did you mean {', '.join(nearest(word, known))}?" if nearest(word, known) else ""
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
    bills = [usd_of(o, settings, [(made, tried)]) for o in options]
    return any(np.unique(usd).size > 1 for usd in bills)


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
        return _setting(settings[f"price.{kind}_factor"], name)
    target = next((o for o in options if isinstance(o, TokenOption)), None)
    if target is None:
        return None
    now = blended_usd_per_mtok(target, settings)
    return Variable(
        name=name,
        title=f"price of {target.id} at this mix",
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
        title=f"GPU rent of {rented[0].id}" if one else "GPU rent over today's",
        unit="USD/GPU-hour" if one else "factor",
        now=usd * factor,
        low=0.0,
        high=usd * factor * FAR,
        settings=lambda v: {"rent.factor": np.asarray(v) / usd},
    )


def _engineers(name: str, options: Sequence[Option], settings: Settings) -> Variable | None:
    def staff(v: Number) -> Values:
        none = np.zeros_like(np.asarray(v, dtype=float))
        return {"people.floor_fte": v, "people.fixed_fte": v, "people.fte_per_gpu": none}

    return Variable(
        name=name,
        title="engineers of self-hosting",
        unit="engineers",
        now=number(settings.value("people.floor_fte")),
        low=0.0,
        high=FAR,
        settings=staff,
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


def _setting(setting: Setting, name: str = "") -> Variable:
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
    )


def _named(path: str) -> Maker:
    def make(name: str, options: Sequence[Option], settings: Settings) -> Variable:
        return _setting(settings[path], name)

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
