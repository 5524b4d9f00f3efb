"""Catalogs as a user names them: a file, a folder, a git revision, or a file at a revision."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tco.catalog import load
from tco.catalog.build import built
from tco.catalog.files import (
    MAX_BYTES,
    NAME,
    SHIPPED,
    File,
    measurements,
    shipped,
    shipped_file,
    user_file,
)
from tco.catalog.load import load_catalog
from tco.catalog.yaml_lines import read_yaml
from tco.errors import DataError, printable

if TYPE_CHECKING:
    from tco.catalog.load import Catalog


# Data files as they were at a git revision.

TIMEOUT_S = 60


def at_revision(path: Path, revision: str, shown: str) -> File | None:
    """Return a file as it was at a revision of the repository that it lies in; None if it was not.

    Args:
        path: The file today; it need not exist any more, its folder must.
        revision: A commit, branch or tag.
        shown: What the file is called in messages.

    Raises:
        DataError: There is no repository, no such revision, or no git.
    """
    commit = _commit(path, revision, shown)
    name = f"{commit}:./{path.name}"
    size = _git(path.parent, "cat-file", "-s", name)
    if size is None:
        return None
    if int(size) > MAX_BYTES:
        raise DataError(f"{shown}:1: larger than {MAX_BYTES // 1_000_000} MB")
    data = _git(path.parent, "cat-file", "blob", name)
    return None if data is None else File(f"{printable(revision, 40)}:{shown}", data)


def is_revision(folder: Path, revision: str) -> bool:
    """Return whether a text names a commit of the repository around a folder."""
    if revision.startswith("-"):
        return False
    return _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") is not None


def _commit(path: Path, revision: str, shown: str) -> str:
    name = printable(revision, 40)
    if _git(path.parent, "rev-parse", "--git-dir") is None:
        raise DataError(f"{shown}:1: not in a git repository, so that {name!r} means nothing")
    if not is_revision(path.parent, revision):
        raise DataError(f"no file and no git revision called {name!r}")
    found = _git(path.parent, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return (found or b"").decode("ascii", "replace").strip()


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git prints; None where it fails."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
    except FileNotFoundError:
        raise DataError("git is not installed: give a file instead of a revision") from None
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return None
    return done.stdout if done.returncode == 0 else None


def edition(spec: str | None, overlays: Sequence[str | Path | File] = ()) -> Catalog:
    """Return the catalog that `spec` names, with overlays laid on.

    A folder or a revision has data files that stand in for the shipped ones of the same name. A
    file called like a data file stands in for it where it has at least half of its records; any
    other file is an overlay, whatever it is called.

    Args:
        spec: A path, a revision, or `REVISION:PATH`; None for what came with this tco.
        overlays: Files to lay on.

    Raises:
        DataError: Nothing is called that, or it cannot be read.
    """
    instead, added = ({}, []) if spec is None else _named(spec)
    more = [o if isinstance(o, File) else user_file(o) for o in overlays]
    files = [instead.get(name) or shipped_file(name) for name in SHIPPED] + [*added, *more]
    catalog = built(files, load.digest_of(files))
    catalog = replace(catalog, measured=(measurements(shipped_file(NAME)),))
    return _completed(catalog) if SHIPPED[4] in instead or SHIPPED[3] in instead else catalog


def _completed(catalog: Catalog) -> Catalog:
    """Return an older catalog with the assumptions and profiles that were added since.

    Without them this tco could not answer anything on it.
    """
    today = load_catalog()
    values = {**today.assumptions.assumptions, **catalog.assumptions.assumptions}
    profiles = {**today.workloads.profiles, **catalog.workloads.profiles}
    own = catalog.assumptions
    changes = {
        "assumptions": values,
        "presets": {**today.assumptions.presets, **own.presets},
        "short_list": own.short_list or list(today.assumptions.short_list),
        "closed_rival": own.closed_rival or today.assumptions.closed_rival,
    }
    return replace(
        catalog,
        assumptions=own.model_copy(update=changes),
        workloads=catalog.workloads.model_copy(update={"profiles": profiles}),
    )


def _named(spec: str) -> tuple[Mapping[str, File], list[File]]:
    """Return the files that stand in for shipped ones, and those that are laid on them."""
    try:
        here = Path(spec)
        if here.is_dir():
            found = [user_file(here / name) for name in SHIPPED if (here / name).is_file()]
            return _by_name(found, spec), []
        if here.exists():
            return _one(user_file(spec), here.name)
    except (OSError, ValueError):
        raise DataError(f"{printable(spec, 60)!r} is no path and no git revision") from None
    revision, colon, path = spec.partition(":")
    if colon:
        file = at_revision(Path(path), revision, path)
        if file is None:
            raise DataError(f"{printable(path, 60)}:1: not in git revision {revision!r}")
        return _one(file, Path(path).name)
    return _by_name(_at(spec), spec), []


def _one(file: File, name: str) -> tuple[Mapping[str, File], list[File]]:
    whole = name in SHIPPED and _is_whole(file, name)
    return ({name: file}, []) if whole else ({}, [file])


def _is_whole(file: File, name: str) -> bool:
    """Return whether a file that is called like a data file has what that one has.

    An overlay may well be called `prices.yaml`: it names a few offers, and providers that only
    the shipped file describes.
    """
    section = MAIN[name]
    own = read_yaml(file.data, file.path).value.get(section) or ()
    known: Any = getattr(load_catalog(), name.removesuffix(".yaml"))
    return len(own) >= len(getattr(known, section)) / 2


MAIN = {
    "prices.yaml": "providers",
    "hardware.yaml": "accelerators",
    "models.yaml": "models",
    "workloads.yaml": "profiles",
    "assumptions.yaml": "assumptions",
}
"""The section of each data file that an overlay repeats least of."""


def _by_name(files: Sequence[File], spec: str) -> Mapping[str, File]:
    if not files:
        raise DataError(f"{printable(spec, 60)}: none of {', '.join(SHIPPED)} is in it")
    return {Path(file.path).name: file for file in files}


def _at(revision: str) -> list[File]:
    """Return the data files of the checkout that this tco runs from, or of `data/` here."""
    folder = Path(str(shipped(SHIPPED[0]))).parent
    if not (folder.parent / ".git").exists() and Path("data").is_dir():
        folder = Path("data")
    found = (at_revision(folder / name, revision, f"data/{name}") for name in SHIPPED)
    return [file for file in found if file is not None]
