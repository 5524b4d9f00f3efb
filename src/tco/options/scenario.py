"""What a user asked for, parsed but not yet resolved against any catalog; options described."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from tco import units
from tco.errors import UsageError, printable, suggestion
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.engine.fleet import Billing


ContextTier = tuple[int, Mapping[str, float]]
"""Tokens of a request, and what one that is longer pays."""

# `--option NAME:kind=api,input=$2.50,output=$10`: an option that the user describes.

EXAMPLE = "mine:kind=api,input=$2.50,output=$10"


def read_word(value: Any) -> str:
    if not str(value).strip():
        raise UsageError("empty")
    return str(value).strip()


def read_speed(value: Any) -> float:
    """Return tokens a second, with or without saying so: `2500` or `2500 tok/s`."""
    text = str(value).strip()
    for unit in ("tokens/s", "tok/s", "/s"):
        if text.endswith(unit):
            return units.number(text.removesuffix(unit).strip())
    return units.number(value)


def read_watts(value: Any) -> float:
    """Return a power, with or without its unit: `450`, `450 W`, `0.45 kW`."""
    text = str(value).strip()
    for unit, factor in (("kW", 1e3), ("W", 1.0)):
        if text.endswith(unit):
            return units.number(text.removesuffix(unit).strip()) * factor
    return units.number(value)


def read_unit_price(value: Any) -> float:
    """Return the price of a provisioned unit [USD/hour]: `$1/h`, `$260/month`, `$2,600/year`."""
    if isinstance(value, str) and "/" not in value:
        raise UsageError(f"{printable(value, 40)}: say per what; write $1/h, $260/month")
    return units.usd_per_gpu_hour(value)


def read_tiers(value: Any) -> tuple[tuple[float, float], ...]:
    """Return volumes and discounts of `10B:5%/100B:20%`, or of a mapping of a file."""
    if isinstance(value, Mapping):
        pairs = [(str(limit), str(off)) for limit, off in value.items()]
    else:
        parts = [part.partition(":") for part in str(value).split("/")]
        pairs = [(limit, off) for limit, _, off in parts]
    return tuple((units.tokens_per_month(limit), units.share(off)) for limit, off in pairs)


ABOVE = {
    "input": "input",
    "output": "output",
    "cached": "cached_input",
    "cache_write": "cache_write",
    "reasoning": "reasoning_output",
}
"""Prices of a context tier, in the order in which a flag says them, by the names of `Rates`."""


def read_above(value: Any) -> tuple[ContextTier, ...]:
    """Return context tiers of `200k:$4:$18/1M:2x`, or of a mapping of a file.

    A tier is a limit and what a longer request pays: prices of input, output, cached input, input
    written to a cache and hidden reasoning, the last three of which may be left out; or a factor.
    """
    if isinstance(value, Mapping):
        pairs = [(str(limit), said) for limit, said in value.items()]
    else:
        # A slash before a number begins another tier; one before `Mtok` belongs to a price.
        parts = [part.partition(":") for part in re.split(r"/(?=\s*[\d.])", str(value))]
        pairs = [(limit, said) for limit, _, said in parts]
    tiers = tuple(_tier(units.whole(limit), said) for limit, said in pairs)
    if len({limit for limit, _ in tiers}) < len(tiers):
        raise UsageError("a limit is said twice")
    return tiers


def _tier(limit: int, value: Any) -> ContextTier:
    """Return one context tier."""
    if isinstance(value, Mapping):
        for key in value:
            if key not in ABOVE:
                raise UsageError(f"{printable(str(key), 40)!r} is none of {', '.join(ABOVE)}")
        return limit, {ABOVE[key]: units.usd_per_mtok(price) for key, price in value.items()}
    prices = [price.strip() for price in str(value).split(":")]
    if len(prices) == 1 and prices[0].endswith("x"):
        return limit, {"multiply": units.number(prices[0][:-1])}
    if not 2 <= len(prices) <= len(ABOVE):
        raise UsageError(
            f"{printable(str(value), 40)!r} says no prices above a limit; write 200k:$4:$18 "
            f"({', '.join(ABOVE)}) or 200k:2x"
        )
    read = zip(ABOVE, prices, strict=False)
    return limit, {ABOVE[key]: units.usd_per_mtok(price) for key, price in read}


METHODS = ("lora", "qlora", "full")
"""Ways to tune a model on GPUs."""


def read_method(value: Any) -> str:
    """Return a way to tune a model."""
    word = str(value).strip().lower()
    if word not in METHODS:
        raise UsageError(f"{printable(word, 40)!r} is none of {', '.join(METHODS)}")
    return word


def read_cliff(value: Any) -> bool:
    """Return whether a tier's discount holds for all tokens, from `cliff` or `graduated`."""
    word = str(value).strip().lower()
    if word not in ("cliff", "graduated"):
        raise UsageError(f"{printable(word, 40)!r} is neither cliff nor graduated")
    return word == "cliff"


def described(
    read: Callable[[Any], Any], kinds: str, doc: str = "", key: str = "", default: Any = None
) -> Any:
    """Return a field of a described option: its reader, the kinds that have it, what it is.

    Args:
        key: What it is called in a description, if not by its name.
    """
    told = {"read": read, "kinds": kinds.split(), "doc": doc, "key": key}
    return field(default=default, metadata=told)


KINDS = ("api", "hosted", "self", "own", "fixed", "seat", "provisioned", "tuned")
TOKENS, GPUS = "api hosted", "self own"
CALLED = f"{TOKENS} tuned"


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineOption:
    """An option that the user describes instead of naming; `None` is what was not said.

    Prices of tokens are in USD/Mtok, of GPUs in USD; what a tier pays beyond a limit is by the
    names of `Rates`, or a factor, `multiply` [1]. The keys of `--option`, and of `options` in a
    scenario file with its schema, are made from these fields.

    Args:
        name: What it is called in tables.
        kind: `api` (closed, by the token), `hosted` (open, by the token), `self` (rented GPUs),
            `own` (bought GPUs), `provisioned` (throughput by the unit), `fixed` (a given
            monthly price), `seat` (a flat plan by the user), or `tuned` (a price of tuning, for
            `tco train`).
        source: The flag or `file:line` that described it.
    """

    name: str
    kind: Literal["api", "hosted", "self", "own", "fixed", "seat", "provisioned", "tuned"]
    source: str
    model: str | None = described(
        read_word, " ".join(KINDS), "The model of the catalog that it serves."
    )
    input: float | None = described(units.usd_per_mtok, CALLED, "`$2.50/Mtok`.")
    output: float | None = described(units.usd_per_mtok, CALLED)
    cached_input: float | None = described(
        units.usd_per_mtok,
        CALLED,
        "Price of input read from the cache; left out, it costs as much as other input.",
        "cached",
    )
    cache_write: float | None = described(
        units.usd_per_mtok,
        TOKENS,
        "Price of input written to the cache; left out, it costs as much as other input.",
    )
    reasoning_output: float | None = described(
        units.usd_per_mtok,
        TOKENS,
        "Price of hidden reasoning; left out, it costs as much as other output.",
        "reasoning",
    )
    above: tuple[ContextTier, ...] = described(
        read_above,
        TOKENS,
        "What longer requests pay: `{200k: {input: $4, output: $18}}`, or `200k: 2x`.",
        default=(),
    )
    batch_discount: float | None = described(units.share, TOKENS)
    tiers: tuple[tuple[float, float], ...] = described(
        read_tiers,
        TOKENS,
        "Volume and what is taken off beyond it: `{10B: 5%, 100B: 20%}`.",
        default=(),
    )
    cliff: bool = described(
        read_cliff,
        TOKENS,
        "The discount holds for the tokens beyond a limit, or for all of them once it is passed.",
        "tier_kind",
        default=False,
    )
    commit_usd_per_month: float | None = described(
        units.usd_per_month, TOKENS, "Least that is paid for tokens: `$50k/month`.", "commit"
    )
    gpu: str | None = described(read_word, GPUS)
    gpus: int | None = described(units.whole, GPUS, "GPUs of one replica.")
    precision: str | None = described(read_word, GPUS)
    usd_per_gpu_hour: float | None = described(
        units.usd_per_gpu_hour, "self", "`$2.10/gpu-h`.", "rent"
    )
    gpu_usd: float | None = described(
        units.usd, "own", "Price of a GPU that is bought, alone: `$1,900`."
    )
    server_usd: float | None = described(
        units.usd, "own", "The same with its share of the machine."
    )
    watts: float | None = described(
        read_watts, "own", "Rated power of one GPU with its share of the machine: `600 W`."
    )
    instance_gpus: int | None = described(
        units.whole, GPUS, "The smallest number of GPUs that can be rented."
    )
    output_tokens_per_s: float | None = described(
        read_speed, GPUS, "Throughput of one replica, output only."
    )
    tokens_per_s: float | None = described(
        read_speed,
        f"{GPUS} provisioned",
        "Throughput of one replica, input and output; of a provisioned unit, in input tokens.",
    )
    usd_per_unit_hour: float | None = described(
        read_unit_price,
        "provisioned",
        "Price of a provisioned unit: `$1/h`, `$260/month`.",
        "unit_price",
    )
    output_weight: float | None = described(
        units.number, "provisioned", "Input tokens that one output token counts for."
    )
    cached_weight: float | None = described(
        units.share,
        "provisioned",
        "Input tokens that one read from the cache counts for; left out, there is no credit.",
    )
    minimum_units: int | None = described(units.whole, "provisioned", key="minimum")
    increment_units: int | None = described(
        units.whole, "provisioned", "Numbers that provisioned units are sold in.", "increment"
    )
    usd_per_month: float | None = described(units.usd_per_month, "fixed")
    tokens_per_month: float | None = described(
        units.tokens_per_month,
        "fixed seat",
        "Tokens a month that one `fixed` set-up serves, or that one user of a `seat` may use.",
        "capacity",
    )
    usd_per_user: float | None = described(
        units.usd_per_month, "seat", "Price of one seat: `$39/month`."
    )
    users: float | None = described(
        units.number, "seat", "Seats that are paid for; left out, those of `--users`."
    )
    training: float | None = described(
        units.usd_per_mtok, "tuned", "Price of a million tokens trained on: `$4`."
    )
    method: str | None = described(
        read_method, "tuned", "What it is the price of: `lora`, `qlora`, `full`; any unless said."
    )
    hosting_usd_per_month: float | None = described(
        units.usd_per_month, "tuned", "What the tuned model costs to stand ready.", "hosting"
    )


DESCRIBED = {f.metadata["key"] or f.name: f for f in fields(InlineOption) if f.metadata}
"""The keys of a description: the field that each fills, with reader and kinds."""
KEY_OF = {f.name: key for key, f in DESCRIBED.items()}
"""The key of each of those fields."""


def inline_option(described: Any, source: str = "--option") -> InlineOption:
    """Return an option from the text of a flag or the mapping of a scenario file.

    Args:
        described: `NAME:key=value,…`, or a mapping with `name`, `kind` and the same keys.
        source: Who described it.

    Raises:
        UsageError: A key that does not exist or does not belong to the kind, or a value that
            cannot be read.
    """
    parts = dict(described) if isinstance(described, Mapping) else parts_of(str(described))
    name, kind = str(parts.pop("name", "")).strip(), str(parts.pop("kind", "")).strip()
    if not name:
        raise UsageError(f"an option needs a name; write for example {EXAMPLE}")
    if kind not in KINDS:
        said = f"{printable(kind, 40)!r} is none of them" if kind else "none was said"
        known = f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"
        raise UsageError(f"kind is {known}, {said}; write {EXAMPLE}")
    values = {}
    for key, value in parts.items():
        filled = DESCRIBED[_known(key, kind)]
        try:
            values[filled.name] = filled.metadata["read"](value)
        except UsageError as error:
            raise UsageError(f"{key}: {error}") from None
    return InlineOption(name=printable(name), kind=kind, source=source, **values)  # type: ignore[arg-type]


def parts_of(text: str) -> dict[str, Any]:
    """Return the keys and values of `NAME:key=value,…`."""
    name, colon, rest = text.partition(":")
    if not colon:
        raise UsageError(f"{printable(text, 60)!r} describes no option; write {EXAMPLE}")
    parts: dict[str, Any] = {"name": name}
    for part in rest.split(","):
        key, equals, value = part.partition("=")
        key = key.strip()
        if not equals or not key:
            raise UsageError(f"{printable(part, 40)!r} is no key=value; write {EXAMPLE}")
        if key in parts:
            raise UsageError(f"{printable(key, 40)} is said twice")
        parts[key] = value.strip()
    return parts


def _known(key: str, kind: str) -> str:
    allowed = {name for name, filled in DESCRIBED.items() if kind in filled.metadata["kinds"]}
    if key in allowed:
        return key
    if key in DESCRIBED:
        raise UsageError(f"{key} does not belong to kind {kind}: {', '.join(sorted(allowed))}")
    raise UsageError(f"no key called {printable(key, 40)!r}{suggestion(key, DESCRIBED)}")


# `mon-fri 08:00-20:00`: the opening hours of a week.

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_A_DAY = 24 * 60
SCHEDULE_EXAMPLE = "write for example mon-fri 08:00-20:00, sat 10:00-14:00"
_PART = re.compile(
    r"^(?:(?P<days>[a-z]{3}(?:-[a-z]{3})?)\s+)?"
    r"(?P<h1>\d{1,2}):(?P<m1>\d\d)-(?P<h2>\d{1,2}):(?P<m2>\d\d)$"
)


Schedule = tuple[tuple[frozenset[int], int, int], ...]
"""Opening hours of a week: weekdays (Monday is 0), first and last minute of the day."""


def schedule(value: Any) -> Schedule:
    """Return opening hours, in UTC as the hours of traffic profiles are.

    Spans are separated by commas. Without days a span holds for all of them; one that ends before
    it begins goes on after midnight.

    >>> [(sorted(days), start, end) for days, start, end in schedule("sat 22:00-02:00")]
    [([5], 1320, 1440), ([6], 0, 120)]
    """
    spans: list[tuple[frozenset[int], int, int]] = []
    for part in str(value).lower().split(","):
        spans += _spans(part.strip())
    return tuple(spans)


def _spans(part: str) -> list[tuple[frozenset[int], int, int]]:
    found = _PART.match(part)
    if found is None:
        raise UsageError(f"{printable(part, 40)!r} is no opening hours; {SCHEDULE_EXAMPLE}")
    start, end = _minute(found["h1"], found["m1"]), _minute(found["h2"], found["m2"])
    days = _days(found["days"], part)
    if start == end:
        raise UsageError(f"{printable(part, 40)!r} is no time at all; {SCHEDULE_EXAMPLE}")
    if start < end:
        return [(days, start, end)]
    after = frozenset((day + 1) % len(DAYS) for day in days)
    return [(days, start, MINUTES_OF_A_DAY), *([(after, 0, end)] if end else [])]


def _minute(hour: str, minute: str) -> int:
    at = int(hour) * 60 + int(minute)
    if int(minute) > 59 or at > MINUTES_OF_A_DAY:
        raise UsageError(f"there is no {hour}:{minute}; {SCHEDULE_EXAMPLE}")
    return at


def _days(word: str | None, part: str) -> frozenset[int]:
    """Return weekdays, Monday being 0."""
    if word is None:
        return frozenset(range(len(DAYS)))
    first, _, last = word.partition("-")
    unknown = [day for day in (first, last or first) if day not in DAYS]
    if unknown:
        raise UsageError(f"{printable(part, 40)!r}: {unknown[0]!r} is no day; {SCHEDULE_EXAMPLE}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    length = (end - begin) % len(DAYS) + 1
    return frozenset((begin + i) % len(DAYS) for i in range(length))


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


DISCOUNTING = ("end-of-month", "year-end")
"""When cash counts in a present value: at the end of its month, or of its year."""

END_OF_MONTH, YEAR_END = DISCOUNTING

DEFAULT_PROFILE = "general"
"""Profile of a question that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A question about a month; a field left at None takes the default of the catalog.

    Args:
        tokens, requests, users, developers: Volume, by one of them [per month].
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
        model_configs: Configs of models that no catalog has: files, or hub repositories.
        params: Their weights, in the same order; empty where nobody says [1].
        as_good_as: A model: only those at least as good.
        classes: Only models of these classes: `small`, `mid`, `flagship`.
        success: How often models are right, by class, model or option of one's own [1].
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
        currency: Code of the money that amounts are shown in.
        fx: What a dollar is in it, and on which day; None for the day asked about.
        region: Region that everything must be known to serve; tokens at their price there.
        cache_ttl: Lifetime of a cache that is written, such as `1h`, where an offer has a price.
        by_day: The prices of the 30 days from `as_of`, weighed by their days.
        tokenizers: Models and the tokens that theirs makes over those that the volume counts [1].
        all_setups: Every set-up, not only the cheapest of each open model.
        all_lines: Work all bills out whole, of however many options.
        marketplaces: Also rents of marketplaces and community hosts.
        billing: When own GPUs are on: always, on a schedule, or following the load.
        schedule: The opening hours of a fleet that is on a schedule.
        growth: What the volume grows by over the months of a horizon [1/month].
        discounting: When cash counts in a present value, one of `DISCOUNTING`.
        flat_prices: Prices stay as they are over a horizon, whatever their history was.
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
    developers: float | None = None
    peak: float | None = None
    profile: str | None = None
    isl: float | None = None
    osl: float | None = None
    input_output: float | None = None
    settings: dict[str, float] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    model_configs: tuple[str, ...] = ()
    params: tuple[float, ...] = ()
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
    as_good_as: str | None = None
    classes: tuple[str, ...] = ()
    success: tuple[tuple[str, float], ...] = ()
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
    currency: str | None = None
    fx: tuple[float, date | None] | None = None
    cache_ttl: str | None = None
    by_day: bool = False
    tokenizers: tuple[tuple[str, float], ...] = ()
    all_setups: bool = False
    all_lines: bool = False
    marketplaces: bool = False
    billing: Billing | None = None
    schedule: Schedule | None = None
    growth: float | None = None
    discounting: str | None = None
    flat_prices: bool = False
    checks: tuple[Check, ...] = ()
    origins: dict[str, str] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    typed: tuple[str, ...] = ()

    @property
    def seats(self) -> tuple[str, ...]:
        """Return the names of the plans by the seat that were described."""
        return tuple(o.name for o in self.options if o.kind == "seat")

    @property
    def people(self) -> float | None:
        """Return how many use it: developers, or users; None where nobody said [1]."""
        return self.users if self.developers is None else self.developers


LimitState = Literal["kept", "depends", "missed", "not judged"]
"""How a limit on latency is kept: `depends` on how requests arrive is too close to call."""
