"""From the bytes of the data files to the catalogs: read, checked, overlays laid on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tco.catalog.coherence import called, key
from tco.catalog.defaults import Assumptions, Workloads
from tco.catalog.examine import examine
from tco.catalog.fields import Record
from tco.catalog.files import File
from tco.catalog.hardware import Hardware
from tco.catalog.load import HOMES, SHIPPED, Catalog
from tco.catalog.lookup import discounted
from tco.catalog.models import Models
from tco.catalog.overlay import Overlay
from tco.catalog.prices import Offer, Prices
from tco.errors import DataError

SCHEMAS: Mapping[str, type[Record]] = dict(
    zip(SHIPPED, (Prices, Hardware, Models, Workloads, Assumptions), strict=True)
)


def schemas(count: int) -> list[type[Record]]:
    """Return the schema of each of so many files: those that are shipped, then overlays."""
    return [*SCHEMAS.values(), *[Overlay] * (count - len(SCHEMAS))]


def built(files: Sequence[File], digest: str) -> Catalog:
    """Return the catalog that the data files and the overlays after them make.

    Raises:
        DataError: A file is wrong; the text is the first complaint.
    """
    examined = examine(files, schemas(len(files)), len(SCHEMAS))
    for complaint in examined.complaints:
        raise DataError(str(complaint))
    return _merged(examined.sound, [file.path for file in files], digest)


def _merged(parts: Sequence[Record], paths: Sequence[str], digest: str) -> Catalog:
    """Return the catalog with every overlay laid on what comes before it."""
    count = len(SCHEMAS)
    roots = dict(zip((name.removesuffix(".yaml") for name in SCHEMAS), parts, strict=False))
    origins: dict[tuple[str, str], str] = {}
    for path, overlay in zip(paths[count:], parts[count:], strict=True):
        for section in sorted(overlay.model_fields_set & HOMES.keys()):
            home = HOMES[section]
            if section == "scores":
                roots[home] = _scored(roots[home], overlay)
                continue
            under = getattr(roots[home], section)
            if section == "offers":
                under = _resold(under, getattr(overlay, section))
            laid = _laid(under, getattr(overlay, section))
            roots[home] = roots[home].model_copy(update={section: laid})
            origins |= {(section, n): path for n in _ids(getattr(overlay, section))}
        for home, root in roots.items():
            both = {**_field(root, "sources"), **_field(overlay, "sources")}
            roots[home] = root.model_copy(update={"sources": both})
    editions = [str(_field(part, "version")) for part in parts[:count]]
    dated = [edition for edition in editions if edition != "unversioned"]
    version = max(dated, default="unversioned")
    whole: dict[str, Any] = dict(roots)
    return Catalog(
        **whole, version=version, sha256=digest, overlays=tuple(paths[count:]), origins=origins
    )


def _scored(models: Any, overlay: Any) -> Any:
    """Return the models with the scores of an overlay; those of the same kind are replaced."""
    known = dict(models.models)
    for name, scores in overlay.scores.items():
        mine = {(s.benchmark, s.effort) for s in scores}
        kept = [s for s in known[name].scores if (s.benchmark, s.effort) not in mine]
        known[name] = known[name].model_copy(update={"scores": [*kept, *scores]})
    return models.model_copy(update={"models": known})


def _field(part: Record, name: str) -> Any:
    return getattr(part, name)


def _resold(offers: Sequence[Offer], over: Sequence[Offer]) -> list[Offer]:
    """Return the offers with every discount on one that is replaced worked out beforehand.

    A reseller's discount is one on the list price: what a user has agreed with the maker does not
    move it along.
    """
    replaced, known = {o.id for o in over}, {o.id: o for o in offers}
    return [
        _worked_out(o, known[o.discount.of])
        if o.discount is not None and o.discount.of in replaced and o.discount.of in known
        else o
        for o in offers
    ]


def _worked_out(offer: Offer, base: Offer) -> Offer:
    """Return an offer that is a discount as one with prices of its own."""
    discount = offer.discount
    if discount is None:
        return offer
    prices = [discounted(p, discount) for p in base.prices if p.status != "cancelled"]
    prices = [p for p in prices if p.until is None or p.until > p.since]
    return offer.model_copy(update={"prices": [*offer.prices, *prices], "discount": None})


def _laid(under: Any, over: Any) -> Any:
    """Return a section with the records of another laid over it by their id."""
    if isinstance(over, dict):
        return {**under, **over}
    if not isinstance(over, list) or not all(isinstance(record, Record) for record in over):
        return over
    records = {key(record): record for record in under}
    return list((records | {key(record): record for record in over}).values())


def _ids(section: Any) -> list[str]:
    """Return what the records of a section are called in `Catalog.origins`."""
    if isinstance(section, dict):
        return list(section)
    if not isinstance(section, list):
        return []
    return [called(record) for record in section if isinstance(record, Record)]
