"""The bytes of data files: those that came with this `tco`, and those that a user names."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tco.errors import DataError, printable

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

MAX_BYTES = 20_000_000
SHIPPED = ("prices.yaml", "hardware.yaml", "models.yaml", "workloads.yaml", "assumptions.yaml")
"""The data files, in the order in which they are read."""
_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class File:
    """A data file: its path as shown to the user, and its bytes."""

    path: str
    data: bytes


def shipped(name: str) -> Traversable:
    """Return the data file that came with this `tco`.

    A wheel carries it inside the package, maybe zipped; a checkout, editable or not, keeps it at
    the root. Plain paths come first: `importlib.resources` costs as much as reading the file.

    Raises:
        DataError: This installation lacks the file.
    """
    packaged = _PACKAGE / "_data" / name
    if packaged.is_file():
        return packaged
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "data" / name).is_file():
        return _CHECKOUT / "data" / name
    if not _PACKAGE.is_dir():
        from importlib.resources import files

        zipped = files("tco") / "_data" / name
        if zipped.is_file():
            return zipped
    raise DataError(f"data/{name}:1: not in this installation; reinstall llm-tco")


def shipped_file(name: str) -> File:
    """Return a shipped data file, which is called `data/NAME` wherever it lies."""
    path = f"data/{name}"
    try:
        return File(path, shipped(name).read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from None


def user_file(path: str | Path) -> File:
    """Return a file that the user named, called as they typed it.

    Raises:
        DataError: It is missing, no file, not readable, or larger than a data file can be.
    """
    shown = printable(str(path), 200)
    try:
        with Path(path).open("rb") as stream:
            # The size is asked for first, then the reading is bounded: a pipe has no size.
            if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                raise _too_large(shown)
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(shown, error) from None
    if len(data) > MAX_BYTES:
        raise _too_large(shown)
    return File(shown, data)


def write_atomically(path: Path, data: bytes, *, private: bool = False) -> None:
    """Write a file in one step: nobody ever reads half of it, and no temporary one is left.

    Args:
        path: The file, in a folder that exists.
        data: All of it.
        private: Only its owner may read it; others as the user's umask lets them.

    Raises:
        OSError: It cannot be written there.
        ValueError: It is no path.
    """
    import tempfile  # costs a start that writes nothing

    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tco-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        if not private:
            mask = os.umask(0)
            os.umask(mask)
            Path(temporary).chmod(0o666 & ~mask)  # mkstemp keeps it to the owner
        Path(temporary).replace(path)
    except BaseException:  # Ctrl-C too
        with suppress(OSError):
            Path(temporary).unlink()
        raise


def _too_large(shown: str) -> DataError:
    return DataError(f"{shown}:1: larger than {MAX_BYTES // 1_000_000} MB")


def _unreadable(shown: str, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or "not a path"
    return DataError(f"{shown}: {str(reason).lower()}")
