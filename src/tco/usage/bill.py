"""`tco bill`: what was used, at the list price of each day, beside what logs say that it cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.records import dataclass
from tco.units import HOURS_PER_MONTH, show_number, show_tokens, show_usd
from tco.usage import elsewhere
from tco.usage.aggregates import BY, DAY_S, Arrays
from tco.usage.logs import Logs, Recorded, is_profile
from tco.usage.matching import Matcher, given_matches
from tco.usage.pricing import (
    LIST,
    NOT_EXPLAINED,
    Otherwise,
    PricedUsage,
    differences,
    matches_of,
    month_changes,
    priced,
    searches_usd,
    timed_models,
)
from tco.usage.profile import counts_of, data_of, models_of, tier_edges, tiers_of, what_was_read
from tco.usage.read import Reading
from tco.usage.results import (
    BillResult,
    Charge,
    Difference,
    ForecastMonth,
    InvoiceCheck,
    ModelBill,
    TokenCounts,
    Unpriced,
    UsageGroup,
)
from tco.usage.rows import WRITES, day_of
from tco.usage.store import Shown

if TYPE_CHECKING:
    from tco.catalog.load import Catalog

GROUPS = ("model", "team", "project", "key", "tag", "provider", "service", "region", "day", "month")
FORECAST_MONTHS = 12
UNNAMED = "(none)"


@dataclass(frozen=True, slots=True)
class BillAsk:
    """What is asked of a bill besides the logs.

    Args:
        by: Which of `GROUPS` it is summed by.
        match: Offers that the user names for models, `NAME=PROVIDER/MODEL`.
        growth: Growth of the traffic a month, for the forecast [1].
        invoice: An invoice that it is held against [USD].
        charges: With a line for each group, model, kind of token and day, for chargeback.
        beside: What the traffic would cost elsewhere, too.
    """

    by: str = "model"
    match: tuple[str, ...] = ()
    growth: float = 0.0
    invoice: float | None = None
    charges: bool = False
    beside: bool = True


def billed(
    reading: Reading, catalog: Catalog, today: date, ask: BillAsk, shown: Shown
) -> BillResult:
    """Return what was used, re-priced.

    Args:
        catalog: Prices by day, and names of models.
        today: The day whose prices hold for what has no day, and for the months to come.
        shown: Is told how far it has come [1].

    Raises:
        UsageError: Something that was said means nothing, or DuckDB is needed.
        DataError: A log cannot be used, or nothing is left of all of them.
    """
    matcher = Matcher(catalog, given_matches(catalog, ask.match))
    by = BY if ask.charges else (ask.by,) if ask.by in BY else ()
    with _opened(reading, shown, by) as logs:
        known = logs.matches().items()
        matcher.known.update({k: m for k, m in known if m.offer and k[1] not in matcher.given})
        edges = tier_edges(catalog)
        first = logs.cells()
        hourly = timed_models(catalog, matches_of(first, matcher))
        cells = _read_estimated(logs.cells(by=by, edges=edges, hourly=hourly))
        shown(0.7)
        made = _by_days(catalog, cells, matches_of(cells, matcher), today, LIST)
        shown(0.9)
        return _result(logs, catalog, today, ask, made)


def _opened(reading: Reading, shown: Shown, by: Sequence[str]) -> Any:
    """Return the logs, or a profile that was made of some."""
    if reading.warehouse is None and len(reading.paths) == 1 and is_profile(reading.paths[0]):
        return Recorded(reading.paths[0])
    return Logs(reading, shown, by=by)


def _read_estimated(cells: Arrays) -> Arrays:
    """Return cells whose cached part is taken from a stated rate where nothing else tells it."""
    apart = cells["unsplit"].astype(bool)
    return {**cells, "read": np.where(apart, cells["read_estimate"], cells["read"])}


def _by_days(
    catalog: Catalog, cells: Arrays, matches: Any, today: date, way: Otherwise
) -> PricedUsage:
    """Return what cells cost; a bucket of several days has the mean price of its days."""
    found = priced(catalog, cells, matches, today, way)
    long = np.flatnonzero((cells["bucket_s"] > DAY_S) & (cells["t"] >= 0))
    if not len(long):
        return found
    part = {name: values[long] for name, values in cells.items()}
    usd, made, known = np.zeros(len(long)), np.zeros(len(long)), np.ones(len(long), bool)
    spans = (part["bucket_s"] // DAY_S).astype(int)
    for n in range(int(spans.max())):
        inside = n < spans
        shifted = {**part, "t": np.where(inside, part["t"] + n * DAY_S, part["t"])}
        that = priced(catalog, shifted, matches, today, way)
        usd += np.where(inside, that.usd, 0.0) / spans
        made += np.where(inside, that.output_usd, 0.0) / spans
        known &= that.known | ~inside
    found.usd[long], found.output_usd[long] = np.where(known, usd, 0.0), np.where(known, made, 0.0)
    found.known[long] = known
    for i in long[~known]:
        found.why.setdefault(int(i), "no price on some days of the bucket")
    return found


def _result(
    logs: Logs, catalog: Catalog, today: date, ask: BillAsk, made: PricedUsage
) -> BillResult:
    span = logs.span(made.cells)
    charged = _charged(made, catalog)
    models = {name: _model(name, made, catalog, today, charged) for name in models_of(made.cells)}
    stated = _stated(models, charged)
    listed = sum(m.list_usd or 0.0 for m in models.values())
    difference = _added(models)
    counts = counts_of(made.cells)
    month = HOURS_PER_MONTH / span.hours if span.hours else None  # over what was logged [1]
    notes = [*_of_logs(logs, ask), *_partial(span, _months(made)), *made.notes, *_searches(models)]
    beside: tuple[Any, ...] = ()
    if ask.beside and month is not None and models:
        beside, more = elsewhere.elsewhere(logs, catalog, today, made, month)
        notes += more
    return BillResult(
        catalog=data_of(catalog, today, _oldest(made, catalog, today)),
        **what_was_read(logs, span),
        requests=counts.requests,
        totals=counts,
        models=models,
        list_usd=listed,
        stated_usd=stated,
        difference=difference,
        unpriced=_unpriced_of([u for m in models.values() for u in m.unpriced]),
        other_charges_usd=charged.get("") if charged else None,
        by=ask.by,
        groups=_groups(made, ask.by),
        months=_months(made),
        changes=_changes(made, catalog, today),
        elsewhere=beside,
        forecast=_forecast(made, catalog, today, month, ask.growth),
        growth_per_month=ask.growth,
        invoice=None if ask.invoice is None else _invoice(ask.invoice, listed, stated),
        charges=tuple(_charges(made, catalog, today)) if ask.charges else (),
        verdict=_verdict(counts, listed, stated, models, difference),
        assumptions=(),
        warnings=tuple(dict.fromkeys(notes)),
    )


def _of_logs(logs: Logs, ask: BillAsk) -> Iterator[str]:
    """Yield what is to be said of the logs, but for models that the user has named offers for."""
    given = {text.partition("=")[0].strip() for text in ask.match}
    yield from (note for note, of in logs.tally.notes.items() if of not in given)
    yield from (f"incomplete: {why}" for why in logs.tally.incomplete)


def _searches(models: dict[str, ModelBill]) -> list[str]:
    """Return how many web searches are in no sum of the bill, and what they cost."""
    usd = sum(m.searches_usd or 0.0 for m in models.values())
    other = sum(m.searches for m in models.values() if m.searches_usd is None)
    known = sum(m.searches for m in models.values()) - other
    return [
        f"{show_number(count)} web search{'es' * (count != 1)} not in the list price: {why}"
        for count, why in (
            (known, f"{show_usd(usd)} at the price of today"),
            (other, "no price of them is known"),
        )
        if count
    ]


def _charged(made: PricedUsage, catalog: Catalog) -> dict[str, float]:
    """Return what reports of costs say that each model was charged [USD]; "" is for no model.

    A report of costs names models its own way: charges belong to the usage of the same offer.
    """
    cells = made.cells
    cost = cells["only_cost"].astype(bool)
    if not cost.any():
        return {}
    by_offer: dict[str, str] = {}
    for name in models_of(cells):
        for (_, model), matched in made.matches.items():
            if model == name and matched.offer:
                by_offer.setdefault(matched.offer, name)
    out: dict[str, float] = {}
    used = set(models_of(cells))
    for i in np.flatnonzero(cost):
        model, provider = str(cells["model"][i]), str(cells["provider"][i])
        offer = made.matches[provider, model].offer
        name = model if model in used else by_offer.get(offer, "")
        out[name] = out.get(name, 0.0) + int(cells["usd_nano"][i]) / 1e9
    return out


def _model(
    name: str, made: PricedUsage, catalog: Catalog, today: date, charged: dict[str, float]
) -> ModelBill:
    where = (made.cells["model"] == name) & ~made.cells["only_cost"].astype(bool)
    cells = {k: v[where] for k, v in made.cells.items()}
    at = np.flatnonzero(where)
    usd, known = made.usd[where], made.known[where]
    counts = counts_of(cells)
    providers = {m.how: m for (_, model), m in made.matches.items() if model == name}
    matched = next((m for m in providers.values() if m.offer), next(iter(providers.values())))

    def price(way: Otherwise) -> Any:
        found = _by_days(catalog, cells, made.matches, today, way)
        return np.where(found.known, found.usd, np.nan)

    parts = differences(cells, usd, known, price)
    stated = cells["stated"].astype(bool)
    said = float(cells["usd_nano"][stated].sum()) / 1e9 if stated.any() else None
    if name in charged:
        said = (said or 0.0) + charged[name]
        parts = (Difference(reason=NOT_EXPLAINED, usd=said - float(usd.sum())),)
    return ModelBill(
        **{f.name: getattr(counts, f.name) for f in fields(TokenCounts)},
        name=name,
        offer=matched.offer or None,
        matched=matched.how,
        tiers=tiers_of(cells),
        list_usd=float(usd.sum()) if known.any() else None,
        stated_usd=said,
        difference=parts,
        searches_usd=searches_usd(catalog.offers.get(matched.offer), counts.searches),
        unpriced=_unpriced(cells, known, [made.why.get(int(i), "") for i in at]),
    )


def _unpriced(cells: Arrays, known: Any, why: Sequence[str]) -> tuple[Unpriced, ...]:
    """Return the tokens that no price is known of, by reason."""
    tokens = cells["input"] + cells["output"]
    rows = [
        Unpriced(reason=why[int(i)], tokens=int(tokens[i]))
        for i in np.flatnonzero(~known)
        if tokens[i]
    ]
    return _unpriced_of(rows)


def _unpriced_of(rows: Sequence[Unpriced]) -> tuple[Unpriced, ...]:
    by: dict[str, int] = {}
    for row in rows:
        by[row.reason] = by.get(row.reason, 0) + row.tokens
    return tuple(Unpriced(reason=r, tokens=n) for r, n in sorted(by.items(), key=lambda x: -x[1]))


def _stated(models: dict[str, ModelBill], charged: dict[str, float]) -> float | None:
    """Return what the logs say that everything cost [USD]; None where they say nothing."""
    said = [m.stated_usd for m in models.values() if m.stated_usd is not None]
    other = [usd for name, usd in charged.items() if name not in models]
    return sum(said) + sum(other) if said or other else None


def _added(models: dict[str, ModelBill]) -> tuple[Difference, ...]:
    """Return the differences of all models together, by reason."""
    by: dict[str, float] = {}
    for model in models.values():
        for part in model.difference:
            by[part.reason] = by.get(part.reason, 0.0) + part.usd
    rows = [Difference(reason=reason, usd=usd) for reason, usd in by.items()]
    return tuple(sorted(rows, key=lambda row: -abs(row.usd)))


def _labels(made: PricedUsage, by: str) -> Any:
    """Return the group of each cell."""
    cells = made.cells
    if by == "month":
        return made.months
    if by == "day":
        return np.array([day_of(float(t)) if t >= 0 else "" for t in cells["t"]], dtype=object)
    return cells[by]


def _groups(made: PricedUsage, by: str) -> tuple[UsageGroup, ...]:
    """Return the sums of each group: by time in its order, else the dearest first."""
    cells = made.cells
    labels = _labels(made, by)
    whole = float(made.usd.sum())
    rows = []
    for label in sorted({str(name) for name in labels}):
        mine = labels == label
        counted = mine & ~cells["only_cost"].astype(bool)
        stated = mine & cells["stated"].astype(bool)
        if not counted.any() and not stated.any():
            continue
        usd = float(made.usd[mine].sum())
        uncounted = bool(cells["uncounted"][counted].astype(bool).all()) and counted.any()
        lost = counted & ~made.known
        rows.append(
            UsageGroup(
                name=label or UNNAMED,
                requests=None if uncounted else int(cells["n"][counted].sum()),
                input_tokens=int(cells["input"][counted].sum()),
                read=int(cells["read"][counted].sum()),
                output=int(cells["output"][counted].sum()),
                list_usd=usd,
                stated_usd=float(cells["usd_nano"][stated].sum()) / 1e9 if stated.any() else None,
                unpriced_tokens=int((cells["input"] + cells["output"])[lost].sum()),
                share=usd / whole if whole else 0.0,
            )
        )
    return tuple(
        rows if by in ("day", "month") else sorted(rows, key=lambda r: (-r.list_usd, r.name))
    )


def _months(made: PricedUsage) -> dict[str, float]:
    months = made.months
    return {m: float(made.usd[months == m].sum()) for m in sorted({*months} - {""})}


def _partial(span: Any, months: dict[str, float]) -> list[str]:
    """Return that the first or the last month is not whole, so that changes compare parts."""
    if len(months) < 2 or span.first is None:
        return []
    first, last = (datetime.fromtimestamp(t, UTC) for t in (span.first, span.last - 1.0))
    after = (last.date().replace(day=28) + timedelta(days=4)).replace(day=1)
    out = []
    if first.day > 1:
        out.append(f"{first:%Y-%m} begins on its day {first.day}: a change from it compares a part")
    if (after - last.date()).days > 1:
        out.append(f"{last:%Y-%m} ends on its day {last.day}: a change to it compares a part")
    return out


def _changes(made: PricedUsage, catalog: Catalog, today: date) -> Any:
    """Return the change from month to month; prices of a month are those of its last day."""
    some = made.known & ~made.cells["only_cost"].astype(bool)
    cells = {name: values[some] for name, values in made.cells.items()}
    now = replace(
        made, cells=cells, usd=made.usd[some], output_usd=made.output_usd[some], known=some[some]
    )

    def then(month: str) -> PricedUsage:
        year, number = (int(part) for part in month.split("-"))
        first = date(year + number // 12, number % 12 + 1, 1)
        at = priced(catalog, cells, made.matches, today, on=first - timedelta(days=1))
        # A model without a price in the month before is priced as now: it is new, and so mix.
        usd = np.where(at.known, at.usd, now.usd)
        return replace(at, usd=usd, output_usd=np.where(at.known, at.output_usd, now.output_usd))

    return month_changes(now, then)


def _forecast(
    made: PricedUsage, catalog: Catalog, today: date, month: float | None, growth: float
) -> tuple[ForecastMonth, ...]:
    """Return the months to come: the traffic as it was, grown, at list prices scheduled by then."""
    if month is None:
        return ()
    rows = []
    for n in range(1, FORECAST_MONTHS + 1):
        at = today.month - 1 + n
        first = date(today.year + at // 12, at % 12 + 1, 1)
        then = priced(catalog, made.cells, made.matches, today, on=first)
        usd = float(np.where(then.known, then.usd, made.usd).sum())
        rows.append(ForecastMonth(month=f"{first:%Y-%m}", usd=usd * month * (1.0 + growth) ** n))
    return tuple(rows)


def _invoice(invoice: float, listed: float, stated: float | None) -> InvoiceCheck:
    known = [listed] if stated is None else [listed, stated]
    nearest = min(known, key=lambda usd: abs(invoice - usd))
    return InvoiceCheck(
        invoice_usd=invoice, list_usd=listed, stated_usd=stated, unexplained_usd=invoice - nearest
    )


def _oldest(made: PricedUsage, catalog: Catalog, today: date) -> str | None:
    from tco.catalog.lookup import price_at

    days = []
    for matched in made.matches.values():
        offer = catalog.offers.get(matched.offer)
        price = None if offer is None else price_at(offer, today, catalog.offers)
        if price is not None:
            days.append(price.checked)
    return min(days).isoformat() if days else None


ITEMS = {
    "input": "input tokens",
    "read": "cached input tokens",
    **{name: f"cache write tokens, {name.removeprefix('write_')}" for name in WRITES},
    "output": "output tokens",
}


def _charges(made: PricedUsage, catalog: Catalog, today: date) -> Any:
    """Return a line for each group, model, kind of token and day, which add up to the bill."""
    cells = made.cells
    fresh = cells["input"] - cells["read"] - sum(cells[n] for n in WRITES)
    kinds = {"input": fresh, "read": cells["read"], "output": cells["output"]}
    kinds |= {n: cells[n] for n in WRITES}
    usd = {}
    for kind in kinds:
        usd[kind] = _by_days(catalog, cells, made.matches, today, Otherwise("", only=kind)).usd
    for i in range(len(cells["model"])):
        if cells["only_cost"][i] or not made.known[i]:
            continue
        said = int(cells["usd_nano"][i]) / 1e9 if cells["stated"][i] else float(made.usd[i])
        whole = float(made.usd[i])
        start = float(cells["t"][i])
        end = start + max(int(cells["bucket_s"][i]), DAY_S)
        names = {
            n: str(cells[n][i]) for n in ("service", "region", "team", "project", "key", "tag")
        }
        for kind, tokens in kinds.items():
            if not tokens[i]:
                continue
            part = float(usd[kind][i])
            yield Charge(
                start=_moment(start, today),
                end=_moment(end if start >= 0 else -1.0, today),
                provider=str(cells["provider"][i]),
                offer=made.matches[str(cells["provider"][i]), str(cells["model"][i])].offer,
                model=str(cells["model"][i]),
                **names,
                item=ITEMS[kind],
                tokens=int(tokens[i]),
                list_usd=part,
                billed_usd=said * part / whole if whole else 0.0,
            )


def _moment(seconds: float, today: date) -> str:
    if seconds < 0:
        return f"{today.isoformat()}T00:00:00Z"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _verdict(
    counts: TokenCounts,
    listed: float,
    stated: float | None,
    models: dict[str, ModelBill],
    difference: tuple[Difference, ...],
) -> str:
    """Return the bill in two sentences."""
    asked = "" if counts.requests is None else f"{show_number(counts.requests)} requests of "
    text = f"{asked}{len(models)} model{'s' * (len(models) != 1)}: {show_usd(listed)} at list price"
    if stated is not None:
        text += f", {show_usd(stated)} as the log states"
        if difference and abs(stated - listed) > 0.005 * max(listed, stated, 1e-9):
            first = difference[0]
            text += f" ({show_usd(first.usd)}: {first.reason})"
    lost = sum(u.tokens for m in models.values() for u in m.unpriced)
    return f"{text}." + (f" {show_tokens(lost)} tokens have no price." if lost else "")
