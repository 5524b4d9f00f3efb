"""The catalogs as one object: the shipped data files, with the user's overlays laid on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tco.catalog import cache
from tco.catalog.defaults import Assumptions, Workloads
from tco.catalog.fields import Record, Source
from tco.catalog.files import File, shipped, shipped_file, user_file
from tco.catalog.hardware import Hardware
from tco.catalog.models import Models
from tco.catalog.prices import Offer, Prices
from tco.catalog.throughput import NAME as THROUGHPUT
from tco.catalog.throughput import Measurements, measurements
from tco.errors import DataError, unknown_name

if TYPE_CHECKING:
    from tco.catalog.examine import Examined

__all__ = ["SHIPPED", "Catalog", "complaints", "load_catalog", "shipped"]

SHIPPED: Mapping[str, type[Record]] = {
    "prices.yaml": Prices,
    "hardware.yaml": Hardware,
    "models.yaml": Models,
    "workloads.yaml": Workloads,
    "assumptions.yaml": Assumptions,
}
_HOMES = {  # the file that a section of an overlay belongs to
    "providers": "prices",
    "offers": "prices",
    "capacity": "prices",
    "fine_tuning": "prices",
    "accelerators": "hardware",
    "sellers": "hardware",
    "rentals": "hardware",
    "models": "models",
    "profiles": "workloads",
    "assumptions": "assumptions",
    "short_list": "assumptions",
    "closed_rival": "assumptions",
}


@dataclass(frozen=True)
class Catalog:
    """All that the data files say; `origins` names the overlay of each record that has one."""

    prices: Prices
    hardware: Hardware
    models: Models
    workloads: Workloads
    assumptions: Assumptions
    version: str
    """Edition of the shipped files: the latest among them."""
    sha256: str
    """Digest of the bytes of all files, overlays included."""
    overlays: tuple[str, ...] = ()
    origins: Mapping[tuple[str, str], str] = field(default_factory=dict)
    measured: tuple[Measurements, ...] = ()
    """Measured throughput: what came with this `tco`, then the user's own files."""

    @cached_property
    def offers(self) -> Mapping[str, Offer]:
        """Return the offers by their id `PROVIDER/MODEL`."""
        return {offer.id: offer for offer in self.prices.offers}

    def source(self, section: str, name: str) -> Source:
        """Return the source `name` of the file that a section such as `offers` belongs to."""
        sources: Mapping[str, Source] = getattr(self, _HOMES[section]).sources
        if name not in sources:
            raise unknown_name("source", name, sources)
        return sources[name]

    def origin(self, section: str, name: str) -> str:
        """Return the file that the record `name` of a section such as `offers` comes from."""
        return self.origins.get((section, name)) or f"data/{_HOMES[section]}.yaml"


def load_catalog(
    overlays: Sequence[str | Path | File] = (),
    *,
    measured: Sequence[str | Path] = (),
    data: Path | None = None,
    cached: bool = True,
) -> Catalog:
    """Return the catalogs, each overlay laid on what comes before it.

    Args:
        overlays: Files that add or replace records, by their path or already read.
        measured: Files of the user's own measurements.
        data: Directory with the five data files, and maybe `throughput.csv`, instead of the
            shipped ones.
        cached: Whether the compiled copy may be used and written.

    Raises:
        DataError: A file is missing or wrong; the text is the first complaint.
    """
    files = _files(overlays, data)
    digest = cache.digest(files)
    name = cache.key(digest) if cached else None
    parts = _recalled(name, len(files))
    if parts is None:
        parts, texts = _parsed(files)
        cache.remember(name, texts)
    own = [user_file(path) for path in measured]
    known = _throughput(data)
    tables = (*(measurements(file) for file in known), *(measurements(f, yours=True) for f in own))
    merged = _merged(parts, [file.path for file in files], cache.digest([*files, *known, *own]))
    return replace(merged, measured=tables)


def complaints(overlays: Sequence[str | Path | File] = (), *, data: Path | None = None) -> Examined:
    """Return the catalogs as far as they can be read, with everything that is wrong with them.

    Raises:
        DataError: A file cannot be read at all.
    """
    from tco.catalog.examine import examine

    files = _files(overlays, data)
    return examine(files, _schemas(len(files)), len(SHIPPED))


def _files(overlays: Sequence[str | Path | File], data: Path | None) -> list[File]:
    """Return the five data files and the overlays, in the order in which they are laid."""
    base = [shipped_file(n) if data is None else user_file(data / n) for n in SHIPPED]
    return [*base, *(o if isinstance(o, File) else user_file(o) for o in overlays)]


def _throughput(data: Path | None) -> list[File]:
    """Return the file of measured throughput; a directory of one's own need not have one."""
    if data is None:
        return [shipped_file(THROUGHPUT)]
    return [user_file(data / THROUGHPUT)] if (data / THROUGHPUT).exists() else []


def _schemas(count: int) -> list[type[Record]]:
    """Return the schema of each of so many files."""
    if count == len(SHIPPED):
        return list(SHIPPED.values())
    from tco.catalog.overlay import Overlay  # costs a start without overlays nothing

    return [*SHIPPED.values(), *[Overlay] * (count - len(SHIPPED))]


def _recalled(name: str | None, count: int) -> list[Record] | None:
    """Return the parts of a compiled copy, if there is one that the schemas accept."""
    texts = cache.recall(name)
    if texts is None or len(texts) != count:
        return None
    try:
        return [
            schema.model_validate_json(text)
            for schema, text in zip(_schemas(count), texts, strict=True)
        ]
    except ValidationError:
        return None


def _parsed(files: Sequence[File]) -> tuple[list[Record], list[bytes]]:
    """Return the parts as read from YAML, and their JSON texts."""
    from tco.catalog.examine import examine

    examined = examine(files, _schemas(len(files)), len(SHIPPED))
    for complaint in examined.complaints:
        raise DataError(str(complaint))
    return examined.sound, examined.texts


def _merged(parts: Sequence[Record], paths: Sequence[str], digest: str) -> Catalog:
    """Return the catalog with every overlay laid on what comes before it."""
    count = len(SHIPPED)
    roots = dict(zip((name.removesuffix(".yaml") for name in SHIPPED), parts, strict=False))
    origins: dict[tuple[str, str], str] = {}
    for path, overlay in zip(paths[count:], parts[count:], strict=True):
        for section in sorted(overlay.model_fields_set & _HOMES.keys()):
            home = _HOMES[section]
            laid = _laid(getattr(roots[home], section), getattr(overlay, section))
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


def _field(part: Record, name: str) -> Any:
    return getattr(part, name)


def _laid(under: Any, over: Any) -> Any:
    """Return a section with the records of another laid over it by their id."""
    if isinstance(over, dict):
        return {**under, **over}
    if not isinstance(over, list) or not all(isinstance(record, Record) for record in over):
        return over
    from tco.catalog.coherence import key

    records = {key(record): record for record in under}
    return list((records | {key(record): record for record in over}).values())


def _ids(section: Any) -> list[str]:
    """Return what the records of a section are called in `Catalog.origins`."""
    if isinstance(section, dict):
        return list(section)
    if not isinstance(section, list):
        return []
    from tco.catalog.coherence import called

    return [called(record) for record in section if isinstance(record, Record)]
