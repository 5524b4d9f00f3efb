"""Data files as they were at a git revision."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tco.catalog.files import MAX_BYTES, File
from tco.errors import DataError, printable

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
