"""An overlay that would bring the catalog to what price lists say, for a person to review.

The records are the lines of the file that they come from, comments included, with a window
appended; nothing is ever written into that file.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tco.catalog.check.finding import INPUT_WEIGHT, blended
from tco.catalog.check.prices import rate_hits, tier_hits
from tco.catalog.files import File, shipped_file, user_file
from tco.catalog.listed import FAMILIES, OtherPrice, folded, in_our_words, window
from tco.catalog.lookup import price_at, retired
from tco.catalog.trust import close, families
from tco.catalog.upstream.rows import PriceList, PriceRow
from tco.catalog.verify import Lacking, PriceComparison, VerifyReport
from tco.catalog.yaml_lines import Document, block_end, dated, flow, quoted, read_yaml
from tco.errors import DataError, printable
from tco.records import dataclass
from tco.units import show_price

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Offer, Price, Rates

HEAD = """\
# Proposed on {day} by `tco catalog update`, from {lists}.
# Nothing here has been looked up at a vendor: review each window, then move it into the catalog.
# Until then: tco compare --catalog THIS_FILE
schema: 1
version: "{day}"
sources:
{sources}
offers:
"""


Rows = Mapping[tuple[str, str], tuple[PriceList, PriceRow]]
"""Each list and row by the kind of list and the key in it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An overlay as text, and what is in it."""

    text: str
    offers: tuple[str, ...]
    """Offers with a new window, a day of retirement or a confirmation."""
    suspect: tuple[str, ...]
    """Offers left out because the other price cannot be meant, or the row may be another offer."""
    added: tuple[str, ...] = ()
    """Offers of known models and providers that the catalog does not have."""
    models: tuple[str, ...] = ()
    """Models that the catalog does not have, to decide on: what most sell first."""
    left: tuple[str, ...] = ()
    """Offers that a review has turned down."""
    aggregated: int = 0
    """New offers of aggregators, which are left out: their headline is of several hosts."""


@dataclass(slots=True)
class _Change:
    """What is proposed for one offer."""

    rows: list[tuple[PriceList, PriceRow]] = field(default_factory=list)
    """Lists and rows that say so, the first of them followed."""
    moved: bool = False
    earlier: bool = False
    """The list has the price of the first window before that begins."""
    retires: date | None = None
    lines: list[str] = field(default_factory=list)
    prices: list[OtherPrice] = field(default_factory=list)
    """What moves besides input and output."""

    @property
    def settles(self) -> bool:
        """Return whether more is said than that it was seen again."""
        return self.moved or self.retires is not None

    def follow(self, listed: tuple[PriceList, PriceRow]) -> None:
        """Note that a row says so, too."""
        if listed not in self.rows:
            self.rows.append(listed)


def proposal(
    catalog: Catalog,
    report: VerifyReport,
    lists: Sequence[PriceList],
    on: date,
    *,
    everything: bool = False,
    confirm: bool = False,
    leave: frozenset[str] = frozenset(),
) -> Proposal:
    """Return the overlay that follows the lists where they disagree with the catalog.

    Args:
        report: What the lists say.
        lists: The lists themselves, for whole windows.
        on: The day that the lists are of, from which proposed windows hold.
        everything: Whether also what the data has settled against a list, and aggregators.
        confirm: Whether also what a list repeats: its evidence, and the day that it said so.
        leave: Offers that a review has turned down.
    """
    lists = [in_our_words(catalog, listed) for listed in lists]
    rows = {(li.kind, row.key): (li, row) for li in lists for row in li.rows}
    open_ones = [one for one in report.disagreements if everything or not one.settled]
    changes, suspect = _moved(open_ones, rows)
    unsure = {s.partition(":")[0] for s in suspect}
    unsure |= {one.offer for one in report.disagreements if one.settled and not everything}
    wrong = _wrong_tiers(report, rows, unsure)
    suspect += wrong.values()
    _other(changes, report, rows, unsure | set(wrong))
    if confirm:
        _confirmed(catalog, changes, report, rows, unsure, on)
    lacking = [one for one in report.lacking if everything or not _aggregated(catalog, one)]
    down = [one for one in lacking if leave & {_offer_id(one), f"{one.provider}/*"}]
    new = {name for one in down if (name := _offer_id(one))}
    kept = [one for one in lacking if one not in down]
    refused = {name for name in leave & changes.keys() if changes[name].settles}
    told = {name: change for name, change in changes.items() if name not in refused}
    made = _whole(catalog, told, suspect, replace(report, lacking=tuple(kept)), rows, on)
    left = tuple(sorted(new | refused))
    return replace(made, left=left, aggregated=len(report.lacking) - len(lacking))


def _moved(
    disagreements: Iterable[PriceComparison], rows: Rows
) -> tuple[dict[str, _Change], list[str]]:
    """Return what follows from other prices of input and output, and what is not followed."""
    changes: dict[str, _Change] = {}
    suspect: list[str] = []
    for one in disagreements:
        why = _suspicious(one, rows[one.against, one.key][1])
        if why:
            suspect.append(f"{one.offer}: {why}")
            continue
        change = changes.setdefault(one.offer, _Change())
        change.rows.append(rows[one.against, one.key])
        change.moved = True
        change.lines.append(f"{one.against}: {one.culprit}")
    return changes, suspect


def _offer_id(one: Lacking) -> str:
    """Return what an offer would be called; empty where its model is not in the catalog."""
    return f"{one.provider}/{one.model}" if one.model is not None else ""


def _aggregated(catalog: Catalog, one: Lacking) -> bool:
    """Return whether a row is an aggregator's, whose headline is of several hosts."""
    return catalog.prices.providers[one.provider].kind == "aggregator"


def _suspicious(one: PriceComparison, row: PriceRow) -> str:
    """Return why a row is not followed; empty where it is."""
    if any(rate_hits(dict(row.rates), kind="embedding" if row.embedding else "text")):
        return f"{one.against} says what cannot be meant ({one.culprit})"
    if tier := _tier_off(row):
        return f"{one.against} says what cannot be meant ({tier})"
    far = (one.ratio >= FAR or one.ratio <= 1 / FAR) and f"{one.ratio:.3g} times ours"
    if far:
        return f"{one.against} says what cannot be meant ({far}; {one.culprit})"
    if not one.exact:
        return f"{one.against} has {one.key}, which is called alike and may be another offer"
    return ""


def _wrong_tiers(report: VerifyReport, rows: Rows, unsure: Container[str]) -> dict[str, str]:
    """Return the offers of which a list has a price under a condition that cannot be meant."""
    found = {p.offer: _tier_off(rows[p.against, p.key][1]) for p in report.other_prices}
    said = "a list says what cannot be meant"
    return {o: f"{o}: {said} ({tier})" for o, tier in found.items() if tier and o not in unsure}


def _tier_off(row: PriceRow) -> str:
    """Return which price under a condition is far off the row's own; empty where none is."""
    off = (
        f"{tier.words}: {message}"
        for tier in row.tiers
        for _, message in tier_hits(dict(row.rates), dict(tier.rates), tier.conditions)
    )
    return next(off, "")


def _other(
    changes: dict[str, _Change], report: VerifyReport, rows: Rows, unsure: Container[str]
) -> None:
    """Add what lists say of caches, writes, tiers, services and retirements."""
    for price in report.other_prices:
        if price.offer in unsure or price.theirs is None:
            continue
        if price.ours and not 1 / FAR < price.theirs / price.ours < FAR:
            continue  # a unit error, or another kind of price
        change = changes.setdefault(price.offer, _Change())
        change.moved = True
        change.prices.append(price)
        change.follow(rows[price.against, price.key])
    for day in report.retirements:
        change = changes.setdefault(day.offer, _Change())
        change.retires = date.fromisoformat(day.theirs)
        change.lines.append(
            f"{day.against}: retires {day.theirs}, ours {day.ours or 'says nothing'}"
        )
        change.follow(rows[day.against, day.key])


def _confirmed(
    catalog: Catalog,
    changes: dict[str, _Change],
    report: VerifyReport,
    rows: Rows,
    unsure: Container[str],
    on: date,
) -> None:
    """Add the offers that a list repeats, so that their day moves to that of the list.

    What the catalog has of that list and that day already is not told again.
    """
    sources = catalog.prices.sources
    for one in report.agreeing:
        price = price_at(catalog.offers[one.offer], on, catalog.offers)
        known = price is not None and FAMILIES[one.against] in families(price.evidence, sources)
        told = known and price is not None and price.checked >= on
        if one.exact and one.offer not in unsure and not told:
            changes.setdefault(one.offer, _Change()).follow(rows[one.against, one.key])
    for one in report.earlier:
        change = changes.setdefault(one.offer, _Change())
        change.earlier = True
        change.rows.append(rows[one.against, one.key])


def _whole(
    catalog: Catalog,
    changes: Mapping[str, _Change],
    suspect: Sequence[str],
    report: VerifyReport,
    rows: Rows,
    on: date,
) -> Proposal:
    wanted = {name: change for name, change in sorted(changes.items()) if change.rows}
    files = {path: _document(path) for path in {catalog.origin("offers", i) for i in wanted}}
    blocks = [_block(catalog, files, name, change, on) for name, change in wanted.items()]
    added: list[str] = []
    for one in report.lacking:
        row, name = rows[one.against, one.key][1], _offer_id(one)
        wrong = any(rate_hits(dict(row.rates))) or _tier_off(row)
        if name and name not in added and not wrong:
            added.append(name)
            blocks.append(_new_offer(one, row, on))
    models = _unknown([one for one in report.lacking if one.model is None])
    used = [source for listed in report.lists for source in _source(listed.against, listed, on)]
    names = {listed.against for listed in report.lists}
    head = HEAD.format(day=on, lists=", ".join(sorted(names)), sources="\n".join(used))
    told = "".join(f"# not in the catalog, to decide on: {printable(m, 150)}\n" for m in models)
    body = "".join(blocks) or "  []\n"
    return Proposal(head + body + told, tuple(wanted), tuple(suspect), tuple(added), tuple(models))


def _unknown(lacking: Sequence[Lacking]) -> list[str]:
    """Return the models that the catalog does not have, those first that most sell."""
    sold: dict[str, list[Lacking]] = {}
    for one in lacking:
        sold.setdefault(folded(one.key), []).append(one)
    told = []
    for some in sold.values():
        sellers = sorted({one.provider for one in some})
        cheap = min(some, key=lambda one: (one.input or 0.0, one.key))
        usd = "/".join(show_price(p) for p in (cheap.input, cheap.output) if p is not None)
        name = cheap.key.rpartition("/")[2]
        told.append((-len(sellers), name, f"{name}: from {usd}, {', '.join(sellers)}"))
    return [text for _, _, text in sorted(told)]


FAR = 9.5
"""Times ours from which another price is taken for a mistake; see `check.magnitude`."""


def _source(name: str, listed: Any, on: date) -> Iterable[str]:
    """Return the lines that describe a list as a source."""
    title = f"{name} {listed.edition}".strip()
    yield f"  {_id(name)}:"
    yield f'    title: "{title}, as read by tco catalog update"'
    yield f"    read: {on}"
    yield f"    where: {quoted(Path(listed.file).name)}"
    yield f"    family: {FAMILIES[name]}"


def _id(name: str) -> str:
    return f"{FAMILIES[name]}-new"


def _document(path: str) -> tuple[Document, list[str]]:
    name = path.removeprefix("data/")
    file: File = shipped_file(name) if path.startswith("data/") else user_file(path)
    return read_yaml(file.data, path), file.data.decode("utf-8").splitlines()


def _block(
    catalog: Catalog,
    files: Mapping[str, tuple[Document, list[str]]],
    name: str,
    change: _Change,
    on: date,
) -> str:
    """Return one offer with what is proposed for it, under comments for who reviews it."""
    document, lines = files[catalog.origin("offers", name)]
    offers = document.value["offers"]
    index = next(i for i, o in enumerate(offers) if f"{o['provider']}/{o['model']}" == name)
    offer = catalog.offers[name]
    now = price_at(offer, on)
    made = None
    if change.moved and change.retires is None and now is not None:
        made = _edited(offer, document, lines, index, change, on)
    return _review(catalog, offer, change, on) + (made or _dumped(offer, offers[index], change, on))


def _review(catalog: Catalog, offer: Offer, change: _Change, on: date) -> str:
    """Return what a reviewer has to know: was, is, who says so, since when, and what it turns."""
    now = price_at(offer, on)
    what = "changes" if change.settles else "seen again"
    lines = [f"{offer.id}: {'seen earlier' if change.earlier else what}"]
    if now is not None:
        lines.append(f"ours: {_pair(now.usd_per_mtok)} since {now.since}, last seen {now.checked}")
    for listed, row in change.rows:
        shown = {k: f"{v:.6g}" for k, v in row.rates.items() if v}
        edition = f"{listed.kind} {listed.edition}".strip()
        said = ", ".join(f"{k} {v}" for k, v in shown.items())
        lines.append(f"{edition} of {on}, {row.key}: {said}")
    lines += change.lines
    for one in change.prices[:MOST_TOLD]:
        was = "nothing" if one.ours is None else f"{one.ours:.6g}"
        lines.append(f"{one.price}: {was} becomes {one.theirs:.6g}")
    if len(change.prices) > MOST_TOLD:
        lines.append(f"and {len(change.prices) - MOST_TOLD} prices more")
    if change.moved and now is not None:
        lines.append(_turns(catalog, offer, change.rows[0][1], on))
        kept = window(now, change.rows[0][1])[2]
        lines += [f"not in the list, carried over: {', '.join(kept)}"] if kept else []
    return "".join(f"  # {printable(line, 160)}\n" for line in lines)


MOST_TOLD = 8  # prices of one offer above it in the overlay; all of them are in its window


def _pair(rates: Rates) -> str:
    said = ((key, rate) for key, rate in rates if rate is not None)
    return ", ".join(f"{key} {rate:.6g}" for key, rate in said)


def _turns(catalog: Catalog, offer: Offer, row: PriceRow, on: date) -> str:
    """Return who sells the model cheapest before and after, at three parts of input to one."""
    asked: dict[str, float] = {}
    for other in catalog.prices.offers:
        price = price_at(other, on, catalog.offers)
        mix = blended(price.usd_per_mtok) if price is not None else None
        if other.model == offer.model and mix is not None and not retired(other, on):
            asked[other.id] = mix
    before = min(asked, key=lambda i: asked[i], default=offer.id)
    entry, output = row.rates.get("input", 0.0), row.rates.get("output") or 0.0
    asked[offer.id] = (INPUT_WEIGHT * entry + output) / (INPUT_WEIGHT + 1)
    after = min(asked, key=lambda i: asked[i])
    same = "still" if after == before else f"was {before}, would be"
    return f"cheapest seller of {offer.model}: {same} {after}"


def _new_offer(one: Lacking, row: PriceRow, on: date) -> str:
    """Return an offer that the catalog does not have, in block style."""
    offer: dict[str, Any] = {"provider": one.provider, "model": one.model}
    prefix = f"{row.provider}/"
    called = row.key.removeprefix(prefix) if row.key.startswith(prefix) else row.model
    if called != one.model:
        offer["api_name"] = called
    if row.retires is not None:
        offer["retires"] = row.retires
    text = yaml.safe_dump([offer], sort_keys=False, allow_unicode=True, width=100)
    lines = [f"  {line}" for line in text.splitlines()]
    body = _price_lines(None, [(one.against, row)], on)
    lines += ["    prices:", f"      - {body[0]}", *(f"        {line}" for line in body[1:])]
    head = f"  # new: {one.provider}/{one.model}, from {one.against} ({row.key})\n"
    return head + "\n".join(lines) + "\n"


def _edited(
    offer: Offer, document: Document, lines: Sequence[str], index: int, change: _Change, on: date
) -> str | None:
    """Return the lines of an offer with a window appended; None where it is not in block style."""
    now = price_at(offer, on)
    place = next((i for i, p in enumerate(offer.prices) if p == now), None)
    if place is None or now is None or now.since >= on:
        return None
    start = document.line(("offers", index)) - 1
    since = document.line(("offers", index, "prices", place, "since")) - 1
    first = lines[since]
    dash = len(first) - len(first.lstrip())
    if not lines[start].startswith("  - ") or not first.strip().startswith("- since:"):
        return None
    end = block_end(lines, since + 1, dash)
    said = [(listed.kind, row) for listed, row in change.rows]
    made = _price_lines(now, said, on, _following(offer, on))
    added = [f"{' ' * (dash + 2)}{line}" for line in made]
    added[0] = f"{' ' * dash}- {made[0]}"
    before = list(lines[start : since + 1])
    rest = list(lines[since + 1 : end])
    at = next((i for i, line in enumerate(rest) if line.strip().startswith("until:")), -1)
    rest[max(at, 0) : at + 1] = [f"{' ' * (dash + 2)}until: {on}"]
    after = list(lines[end : block_end(lines, start + 1, 2)])
    return "\n".join([*before, *rest, *added, *after]) + "\n"


def _following(offer: Offer, on: date) -> date | None:
    """Return when the next window of an offer begins, which an older list comes before."""
    return min((price.since for price in offer.prices if price.since > on), default=None)


def _price_lines(
    now: Price | None, rows: Sequence[tuple[str, PriceRow]], on: date, until: date | None = None
) -> list[str]:
    """Return the lines of the proposed window, that of the list that is named first."""
    rates, modifiers, carried = window(now, rows[0][1])
    lines = [f"since: {on}", *([f"until: {until}"] if until else []), f"checked: {on}"]
    lines.append(f"usd_per_mtok: {flow(rates)}")
    if modifiers:
        lines.append("modifiers:")
        lines += [f"  - {flow(modifier)}" for modifier in modifiers]
    lines.append("evidence:")
    lines += [f"  - {flow(_evidence(kind, row))}" for kind, row in rows]
    lines += [f"  - {flow(e)}" for e in _still(now, rates, {row.key for _, row in rows})]
    if carried:
        told = f"Not in the list, carried over at the ratio of the input: {', '.join(carried)}."
        lines.append(f"note: {quoted(told)}")
    return lines


def _still(
    now: Price | None, rates: Mapping[str, float], known: Container[str]
) -> Iterable[Mapping[str, Any]]:
    """Yield what the window before had as evidence, where input and output stay what they were."""
    if now is None:
        return
    old = now.usd_per_mtok
    pairs = ((old.input, rates.get("input")), (old.output, rates.get("output")))
    if any(a != b and not (a and b and close(a, b)) for a, b in pairs):
        return
    for one in now.evidence:
        if one.key not in known:
            yield {k: v for k, v in one if v is not None}


def _evidence(kind: str, row: PriceRow) -> dict[str, Any]:
    known = (key for key in ("input", "output") if row.rates.get(key))
    tidy = {key: float(f"{row.rates[key]:.10g}") for key in known}
    return {"source": _id(kind), **tidy, "key": row.key}


def _dumped(offer: Offer, raw: Mapping[str, Any], change: _Change, on: date) -> str:
    """Return an offer written anew: with a window, a day of retirement, or a sighting."""
    prices = [dict(price) for price in raw.get("prices") or ()]
    said = [(listed.kind, row) for listed, row in change.rows]
    now = price_at(offer, on)
    place = next((i for i, p in enumerate(offer.prices) if p == now), None)
    if change.earlier:
        place = min(range(len(prices)), key=lambda i: offer.prices[i].since)
        prices[place] = {**prices[place], "since": on}
    if change.moved and (place is None or offer.prices[place].since < on):
        if place is not None:
            prices[place]["until"] = on
        new = yaml.safe_load("\n".join(_price_lines(now, said, on, _following(offer, on))))
        prices.insert(len(prices) if place is None else place + 1, new)
    elif place is not None:
        prices[place] = _seen_again(prices[place], said, on)
        if change.moved:  # the window is of that very day: it is made whole, not followed by one
            rates, modifiers, _ = window(offer.prices[place], said[0][1])
            prices[place] |= {"usd_per_mtok": dict(rates)}
            prices[place] |= {"modifiers": [dict(m) for m in modifiers]}
    whole = {**raw, "prices": prices}
    if change.retires is not None:
        whole = {**{k: v for k, v in raw.items() if k != "prices"}, "retires": change.retires}
        whole["prices"] = prices
    text = yaml.safe_dump(dated([whole]), sort_keys=False, allow_unicode=True, width=100)
    return "".join(f"  {line}\n" for line in text.splitlines())


def _seen_again(
    price: Mapping[str, Any], rows: Sequence[tuple[str, PriceRow]], on: date
) -> dict[str, Any]:
    """Return a window with the evidence of lists that repeat it, and the day that they did."""
    known = {(e["source"], e.get("key")) for e in price["evidence"]}
    more = [
        e for kind, row in rows if ((e := _evidence(kind, row))["source"], e["key"]) not in known
    ]
    checked = max(str(price["checked"]), on.isoformat())
    return {**price, "checked": checked, "evidence": [*price["evidence"], *more]}


_TURNED_DOWN = re.compile(r"(?P<offer>[\w.-]+/([\w.-]+|\*))\s+(?P<why>\S.*)")


def turned_down(path: str) -> frozenset[str]:
    """Return the offers of a file of `PROVIDER/MODEL reason` lines; `#` begins a comment.

    `PROVIDER/*` stands for every offer of a provider that the catalog does not have.

    Raises:
        DataError: The file cannot be read, or a line is neither.
    """
    file = user_file(path)
    found = set()
    for number, line in enumerate(file.data.decode("utf-8", "replace").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _TURNED_DOWN.fullmatch(line.strip())
        if match is None:
            raise DataError(
                f"{file.path}:{number}: an offer and why it is turned down, as in "
                f"azure/o1 a regional meter; not {printable(line.strip(), 60)!r}"
            )
        found.add(match["offer"])
    return frozenset(found)
