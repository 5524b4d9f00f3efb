"""A compiled copy of the data files in the user's cache directory, so that a start reads no YAML.

An entry is keyed by everything that decides its content: the bytes of all files, the version, and
the source of this package. It is JSON, held against its own digest when read, and nothing depends
on it: what cannot be read or written is skipped in silence. Its digest stands in it, so whoever can
write an entry can write a sound one: only the user's own, in a folder of their own, is believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tco.catalog.files import File, write_atomically

_KEPT = 8  # entries; older ones belong to catalogs that have changed since
_NAME = 40  # characters of an entry's name; no other file of the folder is ever removed
_PACKAGE = Path(__file__).resolve().parents[1]


def directory() -> Path | None:
    """Return where compiled catalogs are kept; None where there is no place for them."""
    if chosen := os.environ.get("TCO_CACHE_DIR"):
        return Path(chosen)
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    base = os.environ.get(variable, "")
    if Path(base).is_absolute():  # a relative one is to be ignored, says the XDG specification
        return Path(base) / "tco"
    home = os.environ.get("USERPROFILE" if sys.platform == "win32" else "HOME", "")
    return Path(home) / ".cache" / "tco" if Path(home).is_absolute() else None


def digest(files: Iterable[File]) -> str:
    """Return the SHA-256 of data files, by which two catalogs are told apart."""
    total = hashlib.sha256()
    for file in files:
        total.update(f"{len(file.data)}\n".encode())
        total.update(file.data)
    return total.hexdigest()


def key(catalog_digest: str, paths: Sequence[str]) -> str | None:
    """Return the name of the entry for a catalog; None where this package has no source to hash."""
    total = hashlib.sha256(f"{sys.version_info[:2]} {catalog_digest} {paths}".encode())
    try:
        for name in ("errors.py", *sorted(f"catalog/{p.name}" for p in _sources())):
            total.update((_PACKAGE / name).read_bytes())
    except OSError:
        return None
    return total.hexdigest()[:_NAME]


def _sources() -> list[Path]:
    return list((_PACKAGE / "catalog").glob("*.py"))


def recall(name: str | None) -> bytes | None:
    """Return the text kept under `name`; None if there is none, or none that can be believed."""
    place = directory()
    if name is None or place is None:
        return None
    try:
        with (place / f"{name}.json").open("rb") as stream:
            if not (_ours(place.stat()) and _ours(os.fstat(stream.fileno()))):
                return None
            head, _, body = stream.read().partition(b"\n")
    except (OSError, ValueError):
        return None
    if head.decode("latin-1") != hashlib.sha256(body).hexdigest():
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
    place = directory()
    if name is None or place is None:
        return
    with contextlib.suppress(OSError, ValueError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _forget(place)
        entry = hashlib.sha256(body).hexdigest().encode() + b"\n" + body
        write_atomically(place / f"{name}.json", entry, private=True)


def _forget(place: Path) -> None:
    """Remove the oldest entries, so that editing a catalog does not fill the disk."""
    named = place.glob("[0-9a-f]" * _NAME + ".json")
    entries = sorted(named, key=lambda path: path.stat().st_mtime, reverse=True)
    for path in entries[_KEPT - 1 :]:
        path.unlink(missing_ok=True)
