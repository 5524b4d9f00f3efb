"""The bytes of data files: those that came with this `tco`, and those that a user names."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tco.errors import DataError, printable
from tco.records import dataclass

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


def looks_like_config(name: str) -> bool:
    """Return whether the name of a model may be a path of its config, or a hub repository."""
    return "/" in name or "\\" in name or name.lower().endswith(".json") or name == "."


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


def write_atomically(
    path: str | Path, data: bytes, *, private: bool = False, new: bool = False
) -> None:
    """Write a file in one step: nobody ever reads half of it, and no temporary one is left.

    What a symbolic link leads to is written, and the link stays. A device, a pipe or an open
    descriptor is written into, for it cannot be replaced.

    Args:
        path: The file, in a folder that exists.
        data: All of it.
        private: Only its owner may read it; others as before, or as the user's umask lets them.
        new: A file that is there already is left alone.

    Raises:
        FileExistsError: It is there, and is to be new.
        OSError: It cannot be written there.
        ValueError: It is no path.
    """
    place = _place(os.fspath(path))
    if place is None:
        _into(path, data)
        return
    if new and place.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    import tempfile  # costs a start that writes nothing

    mode = 0o600 if private else _mode(place)
    descriptor, temporary = tempfile.mkstemp(dir=place.parent, prefix=".tco-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(mode)
        Path(temporary).replace(place)
    except BaseException:  # Ctrl-C too
        with suppress(OSError):
            Path(temporary).unlink()
        raise


_DESCRIPTORS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")


def _place(name: str) -> Path | None:
    """Return the file that a path leads to; None for what is no file, or is open already.

    Raises:
        OSError: It leads to a folder, or nowhere.
    """
    try:
        mode = Path(name).stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISDIR(mode) or name.endswith(("/", os.sep)):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    opened = str(Path(name).absolute()).startswith(_DESCRIPTORS)
    return Path(name).resolve() if stat.S_ISREG(mode) and not opened else None


def _into(path: str | Path, data: bytes) -> None:
    """Write into a device, a pipe or an open descriptor, after what it holds already."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def _mode(place: Path) -> int:
    """Return the rights of a file that is replaced, or of a new one.

    Raises:
        PermissionError: It is there and may not be written.
    """
    if place.exists():
        if not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
        return stat.S_IMODE(place.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _too_large(shown: str) -> DataError:
    return DataError(f"{shown}:1: larger than {MAX_BYTES // 1_000_000} MB")


def _unreadable(shown: str, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or "not a path"
    return DataError(f"{shown}: {str(reason).lower()}")
