"""The catalogs as one object: the shipped data files, with the user's overlays laid on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from tco.catalog import cache
from tco.catalog.compiled import packed, unpacked
from tco.catalog.files import SHIPPED, File, shipped, shipped_file, user_file
from tco.catalog.throughput import NAME as THROUGHPUT
from tco.catalog.throughput import Measurements, measurements
from tco.errors import unknown_name

if TYPE_CHECKING:
    from tco.catalog.defaults import Assumptions, Workloads
    from tco.catalog.examine import Examined
    from tco.catalog.fields import Source
    from tco.catalog.hardware import Hardware
    from tco.catalog.models import Models
    from tco.catalog.prices import Offer, Prices
    from tco.catalog.usage_profile import OwnTraffic

__all__ = ["SHIPPED", "Catalog", "complaints", "load_catalog", "shipped"]

HOMES = {  # the file that a section of an overlay belongs to
    "providers": "prices",
    "offers": "prices",
    "capacity": "prices",
    "fine_tuning": "prices",
    "kernel_shares": "hardware",
    "accelerators": "hardware",
    "sellers": "hardware",
    "rentals": "hardware",
    "models": "models",
    "scores": "models",
    "profiles": "workloads",
    "assumptions": "assumptions",
    "presets": "assumptions",
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
    own: Mapping[str, OwnTraffic] = field(default_factory=dict)
    """What the user's own logs tell beyond a profile, by the profile's name."""

    @cached_property
    def offers(self) -> Mapping[str, Offer]:
        """Return the offers by their id `PROVIDER/MODEL`."""
        return {offer.id: offer for offer in self.prices.offers}

    @cached_property
    def offers_of(self) -> Mapping[str, Sequence[Offer]]:
        """Return the offers of each model."""
        found: dict[str, list[Offer]] = {}
        for offer in self.prices.offers:
            found.setdefault(offer.model, []).append(offer)
        return found

    def source(self, section: str, name: str) -> Source:
        """Return the source `name` of the file that a section such as `offers` belongs to."""
        sources: Mapping[str, Source] = getattr(self, HOMES[section]).sources
        if name not in sources:
            raise unknown_name("source", name, sources)
        return sources[name]

    def origin(self, section: str, name: str) -> str:
        """Return the file that the record `name` of a section such as `offers` comes from."""
        return self.origins.get((section, name)) or f"data/{HOMES[section]}.yaml"


def load_catalog(
    overlays: Sequence[str | Path | File] = (),
    *,
    measured: Sequence[str | Path] = (),
    data: Path | None = None,
    cached: bool = True,
) -> Catalog:
    """Return the catalogs, each overlay laid on what comes before it.

    Read from the compiled copy, records are look-alikes of those of the schemas (see `compiled`).

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
    own = [user_file(path) for path in measured]
    read = _read if cached else _read.__wrapped__
    return read(tuple(files), tuple(_throughput(data)), tuple(own), cached=cached)


@lru_cache(maxsize=1)
def _read(
    files: tuple[File, ...], known: tuple[File, ...], own: tuple[File, ...], *, cached: bool
) -> Catalog:
    """Return the catalogs of some files; records are read-only, so the last ones are shared."""
    digest = cache.digest(files)
    name = cache.key(digest, [file.path for file in files]) if cached else None
    catalog = _recalled(name, digest)
    if catalog is None:
        from tco.catalog.build import built  # the schemas cost a start that needs none

        catalog = built(files, digest)
        cache.remember(name, _kept(catalog))
    tables = (*(measurements(file) for file in known), *(measurements(f, yours=True) for f in own))
    return replace(catalog, measured=tables, sha256=cache.digest([*files, *known, *own]))


def _kept(catalog: Catalog) -> bytes:
    """Return what the compiled copy keeps of a catalog."""
    roots = [getattr(catalog, name.removesuffix(".yaml")) for name in SHIPPED]
    origins = [[*key, path] for key, path in catalog.origins.items()]
    return packed([roots, catalog.version, list(catalog.overlays), origins])


def _recalled(name: str | None, digest: str) -> Catalog | None:
    """Return the catalog of a compiled copy, if there is a sound one."""
    text = cache.recall(name)
    if text is None:
        return None
    try:
        roots, version, overlays, origins = unpacked(text)
        named = zip((file.removesuffix(".yaml") for file in SHIPPED), roots, strict=True)
        paths = {(section, record): path for section, record, path in origins}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Catalog(
        **dict(named), version=version, sha256=digest, overlays=tuple(overlays), origins=paths
    )


def complaints(overlays: Sequence[str | Path | File] = (), *, data: Path | None = None) -> Examined:
    """Return the catalogs as far as they can be read, with everything that is wrong with them.

    Raises:
        DataError: A file cannot be read at all.
    """
    from tco.catalog.build import schemas
    from tco.catalog.examine import examine

    files = _files(overlays, data)
    return examine(files, schemas(len(files)), len(SHIPPED))


def _files(overlays: Sequence[str | Path | File], data: Path | None) -> list[File]:
    """Return the five data files and the overlays, in the order in which they are laid."""
    base = [shipped_file(n) if data is None else user_file(data / n) for n in SHIPPED]
    return [*base, *(o if isinstance(o, File) else user_file(o) for o in overlays)]


def _throughput(data: Path | None) -> list[File]:
    """Return the file of measured throughput; a directory of one's own need not have one."""
    if data is None:
        return [shipped_file(THROUGHPUT)]
    return [user_file(data / THROUGHPUT)] if (data / THROUGHPUT).exists() else []
