"""The catalogs as one object: the shipped files with overlays, or their compiled copy."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, fields, is_dataclass, replace
from datetime import date
from functools import cache, cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tco import __version__
from tco.catalog.files import NAME as THROUGHPUT
from tco.catalog.files import (
    SHIPPED,
    File,
    MeasuredTable,
    measurements,
    shipped,
    shipped_file,
    user_file,
    write_atomically,
)
from tco.errors import DataError, unknown_name
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.defaults import Assumptions, Workloads
    from tco.catalog.fields import Source
    from tco.catalog.hardware import Hardware
    from tco.catalog.models import Models
    from tco.catalog.prices import Offer, Prices
    from tco.catalog.usage_profile import UsageModel


# The catalogs as one JSON text that is read back without a schema library: a quick start.
#
# What is read back are plain look-alikes of the records: the same attributes with the same
# values, read-only, found valid when the text was made. The text is only believed when its digest
# holds (see `cache`), and everything that checks or edits catalogs uses the records themselves.

TAG, DAY = "~", "~day"

LATER = ("evidence", "scores")
"""Attributes that few answers look at: a line each, read when somebody first does."""


class Plain:
    """A record read back: its class is made from the names and defaults in the text."""

    __slots__ = ("__dict__",)
    _defaults: Mapping[str, Any] = MappingProxyType({})
    _read: Callable[[int], Any]

    def __getattr__(self, name: str) -> Any:
        """Return what is read when it is first asked for, or a default of it."""
        if name not in self._defaults:
            raise AttributeError(f"{type(self).__name__} has no {name}")
        line = self.__dict__.get(name + TAG)
        self.__dict__[name] = self._defaults[name] if line is None else type(self)._read(line)
        return self.__dict__[name]

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: records are shared."""
        raise AttributeError(f"{type(self).__name__}.{name} is read-only")

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Iterate over names and values, as the record does."""
        return ((name, getattr(self, name)) for name in self._defaults)

    def __eq__(self, other: object) -> bool:
        """Return whether another record says the same."""
        return isinstance(other, Plain) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]  # holds lists

    def model_copy(self, *, update: Mapping[str, Any]) -> Plain:
        """Return a copy with other values for some attributes, as the record does."""
        record: Plain = object.__new__(type(self))
        object.__setattr__(record, "__dict__", {**self.__dict__, **update})
        return record


class _Packing:
    """Records on their way into text."""

    def __init__(self) -> None:
        """Begin with no kinds of records; of each, its defaults and which of them are days."""
        self.kinds: dict[str, tuple[dict[str, Any], list[str]]] = {}
        self.lines: list[str] = []

    def text(self, value: Any) -> str:
        """Return a value as JSON."""
        return json.dumps(self.plain(value), separators=(",", ":"))

    def plain(self, value: Any) -> Any:
        """Return a value as what JSON knows."""
        if value is None or isinstance(value, str | int | float):
            return value
        if isinstance(value, date):
            return {DAY: value.toordinal()}
        if isinstance(value, Mapping):
            return {key: self.plain(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.plain(inner) for inner in value]
        return self._record(value)

    def _record(self, value: Any) -> dict[str, Any]:
        known: Any = type(value)
        defaults, days = self.kinds.setdefault(known.__name__, (_defaults(known), []))
        stored: dict[str, Any] = {TAG: known.__name__}
        for name, said in ((name, getattr(value, name)) for name in defaults):
            if isinstance(said, date):
                days += [name] * (name not in days)
                stored[name] = said.toordinal()
            elif said != defaults[name] and name in LATER:
                self.lines.append(self.text(said))
                stored[name + TAG] = len(self.lines)
            elif said != defaults[name]:
                stored[name] = self.plain(said)
        return stored


def packed(value: Any) -> bytes:
    """Return records, and whatever holds them, as lines of JSON: kinds, what is read later, all."""
    made = _Packing()
    body = made.text(value)
    return "\n".join([made.text(made.kinds), *made.lines, body]).encode()


def unpacked(text: bytes) -> Any:
    """Return what `packed` was given, its records as look-alikes and its tuples as lists."""
    day, new, put = cache(date.fromordinal), object.__new__, object.__setattr__
    *lines, body = text.split(b"\n")

    def hook(values: dict[str, Any]) -> Any:
        tag = values.pop(TAG, None)
        if tag is None:
            return day(values[DAY]) if DAY in values else values
        kind, days = kinds[tag]
        for name in days:
            if name in values:
                values[name] = day(values[name])
        record: Plain = new(kind)
        put(record, "__dict__", values)
        return record

    def read(line: int) -> Any:
        return json.loads(lines[line], object_hook=hook)

    kinds = {}
    for name, (defaults, days) in json.loads(lines[0]).items():
        usual = {key: value for key, value in defaults.items() if key not in LATER}
        own = {"__slots__": (), "_defaults": defaults, "_read": staticmethod(read), **usual}
        kinds[name] = type(name, (Plain,), own), days
    return json.loads(body, object_hook=hook)


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    """Return the attributes of a record type with their defaults; None for those that have none.

    Properties are attributes too, so that the look-alike has them.
    """
    names: dict[str, Any] = {}
    if is_dataclass(kind):
        names = {field.name: None for field in fields(kind)}
    else:
        for name, field in kind.model_fields.items():
            default = field.get_default(call_default_factory=True)
            names[name] = default if isinstance(default, str | int | float | list | dict) else None
    properties = [name for name, member in vars(kind).items() if isinstance(member, property)]
    return {**names, **dict.fromkeys(properties)}


# A compiled copy of the data files in the user's cache directory, so that a start reads no YAML.
#
# An entry is keyed by everything that decides its content: the bytes of all files, the version,
# and the source of this package, by size and time of change. It is JSON, held against its own
# digest when read, and nothing depends on it: what cannot be read or written is skipped in silence.
# Its digest stands in it, so whoever can write an entry can write a sound one: only the user's own,
# in a folder of their own, is believed.

_KEPT = 8  # entries; older ones belong to catalogs that have changed since
_NAME = 40  # characters of an entry's name; no other file of the folder is ever removed
_PACKAGE = Path(__file__).resolve().parents[1]


def cache_directory() -> Path | None:
    """Return where compiled catalogs are kept; None where there is no place for them."""
    if chosen := os.environ.get("TCO_CACHE_DIR"):
        return Path(chosen)
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    base = os.environ.get(variable, "")
    if Path(base).is_absolute():  # a relative one is to be ignored, says the XDG specification
        return Path(base) / "tco"
    home = os.environ.get("USERPROFILE" if sys.platform == "win32" else "HOME", "")
    return Path(home) / ".cache" / "tco" if Path(home).is_absolute() else None


def digest_of(files: Iterable[File]) -> str:
    """Return the SHA-256 of data files, by which two catalogs are told apart."""
    return str(_hashed(hashlib.sha256(), files).hexdigest())


def _hashed(total: Any, files: Iterable[File]) -> Any:
    for file in files:
        total.update(f"{len(file.data)}\n".encode())
        total.update(file.data)
    return total


def cache_key(catalog_digest: str, words: Sequence[str], *, answer: bool = False) -> str | None:
    """Return the name of the entry for a catalog; None where this package has no source on disk.

    Args:
        catalog_digest: The SHA-256 of the data files.
        words: What else decides what is kept.
        answer: Whether an answer is kept, that any module of the package may change, and not what
            `catalog` alone makes of the files.
    """
    total = hashlib.sha256(f"{sys.version_info[:2]} {catalog_digest} {words}".encode())
    total.update(f"{_PACKAGE} {__version__}".encode())
    inside = _PACKAGE.rglob("*.py") if answer else (_PACKAGE / "catalog").glob("*.py")
    try:
        for path in (_PACKAGE / "errors.py", *sorted(inside)):
            found = path.stat()
            total.update(f"{path} {found.st_size} {found.st_mtime_ns}".encode())
    except OSError:
        return None
    return total.hexdigest()[:_NAME]


def name_of(what: str) -> str:
    """Return the name of the entry for something else than a catalog, which takes long to make."""
    return hashlib.sha256(what.encode()).hexdigest()[:_NAME]


def recall(name: str | None) -> bytes | None:
    """Return the text kept under `name`; None if there is none, or none that can be believed."""
    place = cache_directory()
    if name is None or place is None:
        return None
    try:
        with (place / f"{name}.json").open("rb") as stream:
            if not (_ours(place.stat()) and _ours(os.fstat(stream.fileno()))):
                return None
            head, body = stream.readline(), stream.read()
    except (OSError, ValueError):
        return None
    if head.rstrip(b"\n").decode("latin-1") != hashlib.sha256(body).hexdigest():
        return None
    return body


def _ours(found: os.stat_result) -> bool:
    """Return whether nobody but the user could have written a file or folder."""
    if sys.platform == "win32":  # rights are not told by these bits there
        return True
    others = stat.S_IWGRP | stat.S_IWOTH
    return found.st_uid == os.geteuid() and not found.st_mode & others


def remember(name: str | None, body: bytes) -> None:
    """Keep a text under `name`, or do nothing if that is not possible."""
    place = cache_directory()
    if name is None or place is None:
        return
    with contextlib.suppress(OSError, ValueError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _ours(place.stat()):
            return  # what lies there is never believed
        _forget(place)
        entry = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        write_atomically(place / f"{name}.json", entry, private=True)


def _forget(place: Path) -> None:
    """Remove the oldest entries, so that editing a catalog does not fill the disk."""
    named = place.glob("[0-9a-f]" * _NAME + ".json")
    entries = sorted(named, key=lambda path: path.stat().st_mtime, reverse=True)
    for path in entries[_KEPT - 1 :]:
        path.unlink(missing_ok=True)


# The catalogs as one object: the shipped data files, with the user's overlays laid on top.

__all__ = ["SHIPPED", "Catalog", "load_catalog", "shipped"]

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
    measured: tuple[MeasuredTable, ...] = ()
    """Measured throughput: what came with this `tco`, then the user's own files."""
    own: Mapping[str, UsageModel] = field(default_factory=dict)
    """What the user's own logs tell beyond a profile, by the profile's name."""

    @cached_property
    def derived(self) -> dict[Hashable, Any]:
        """Return what has been made of the data so far that the next question needs as well."""
        return {}

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
    total = _hashed(hashlib.sha256(), files)
    digest = total.hexdigest()
    catalog = _catalog_of(_compiled(digest), digest) if cached else None
    if catalog is None:
        name = cache_key(digest, [file.path for file in files]) if cached else None
        catalog = _catalog_of(recall(name), digest)
    if catalog is None:
        from tco.catalog.build import built  # the schemas cost a start that needs none

        catalog = built(files, digest)
        remember(name, _kept(catalog))
    tables = (*(measurements(file) for file in known), *(measurements(f, yours=True) for f in own))
    return replace(catalog, measured=tables, sha256=_hashed(total, [*known, *own]).hexdigest())


COMPILED = "catalog.json"
"""The copy that a wheel carries beside the data files: their digest, and what a cache keeps."""


def compiled(data: Path) -> bytes:
    """Return the copy that a wheel carries of the data files of a checkout."""
    files = [File(f"data/{name}", (data / name).read_bytes()) for name in SHIPPED]
    from tco.catalog.build import built

    digest = digest_of(files)
    return digest.encode() + b"\n" + _kept(built(tuple(files), digest))


def _compiled(digest: str) -> bytes | None:
    """Return the copy inside the package, where it was made of these very files.

    It is believed as the code beside it is: who can write there can write anything.
    """
    try:
        head, _, body = shipped(COMPILED).read_bytes().partition(b"\n")
    except (DataError, OSError):
        return None
    return body if head.decode("latin-1") == digest else None


def _kept(catalog: Catalog) -> bytes:
    """Return what the compiled copy keeps of a catalog."""
    roots = [getattr(catalog, name.removesuffix(".yaml")) for name in SHIPPED]
    origins = [[*key, path] for key, path in catalog.origins.items()]
    return packed([roots, catalog.version, list(catalog.overlays), origins])


def _catalog_of(text: bytes | None, digest: str) -> Catalog | None:
    """Return the catalog of a compiled copy, if there is a sound one."""
    if text is None:
        return None
    try:
        roots, version, overlays, origins = unpacked(text)
        named = zip((file.removesuffix(".yaml") for file in SHIPPED), roots, strict=True)
        paths = {(section, record): path for section, record, path in origins}
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return Catalog(
        **dict(named), version=version, sha256=digest, overlays=tuple(overlays), origins=paths
    )


def _files(overlays: Sequence[str | Path | File], data: Path | None) -> list[File]:
    """Return the five data files and the overlays, in the order in which they are laid."""
    base = [shipped_file(n) if data is None else user_file(data / n) for n in SHIPPED]
    return [*base, *(o if isinstance(o, File) else user_file(o) for o in overlays)]


def _throughput(data: Path | None) -> list[File]:
    """Return the file of measured throughput; a directory of one's own need not have one."""
    if data is None:
        return [shipped_file(THROUGHPUT)]
    return [user_file(data / THROUGHPUT)] if (data / THROUGHPUT).exists() else []
