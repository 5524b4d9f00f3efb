"""What goes to stderr: one line when something goes wrong, and how far a long run has come."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import typer

from tco.errors import TcoError, UsageError

# What a user sees when something goes wrong: one line on stderr, and an exit code.

EXIT_BUG = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
EXIT_PIPE = 141  # 128 + SIGPIPE


def guarded(function: Callable[..., None], **values: Any) -> None:
    """Call `function`; whatever it raises becomes one line and the exit code of its kind.

    Raises:
        typer.Exit: Something was raised.
    """
    _unsaid.clear()
    try:
        function(**values)
        sys.stdout.flush()
        if _unsaid:
            raise typer.Exit(UsageError.exit_code)
    except TcoError as error:
        say(f"tco: {error.typed}")
        raise typer.Exit(error.exit_code) from None
    except (typer.Exit, typer.Abort):
        raise
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except BrokenPipeError:
        silence()
        raise typer.Exit(EXIT_PIPE) from None
    except Exception as error:  # noqa: BLE001 - no traceback ever reaches a user
        _report(error)
        raise typer.Exit(EXIT_BUG) from None


@contextmanager
def usage_in_one_line() -> Iterator[None]:
    """Say what a parser complains of in one line, as everything else that goes wrong.

    Raises:
        typer.Exit: It complained.
    """
    try:
        yield
    except TcoError as error:
        say(f"tco: {error.typed}")
        raise typer.Exit(error.exit_code) from None
    except COMPLAINT as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            raise  # it is the help
        from tco.cli.mend import complaint

        say(f"tco: {complaint(error, typed)}")
        raise typer.Exit(error.exit_code) from None


COMPLAINT: Any = typer.BadParameter.__base__
"""What the parser raises, whichever copy of click typer brings along."""


typed: list[str] = []
"""The words of the command that runs, for messages that say what may have been meant."""


def _report(error: Exception) -> None:
    """Say that this is our mistake; with TCO_DEBUG=1 show where."""
    if os.environ.get("TCO_DEBUG", "") not in ("", "0"):
        import traceback

        traceback.print_exception(error)
    what = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    say(f"tco: internal error, please report it with the command you typed: {what}")


_unsaid: list[str] = []
"""Messages that could not be written: whoever relies on the answer lacks them."""


def say(line: str) -> None:
    """Write a message to stderr, in whatever encoding it has; a reader that left is no error."""
    stream = sys.stderr
    encoding = getattr(stream, "encoding", None) or "utf-8"
    clean = "".join(c if c.isprintable() or c == "\n" else "?" for c in line)
    try:
        stream.write(clean.encode(encoding, "replace").decode(encoding) + "\n")
        stream.flush()
    except BrokenPipeError:
        return
    except (OSError, ValueError, AttributeError):  # no room, closed, or closed before the start
        _unsaid.append(line)


def open_streams() -> None:
    """Take the places of closed streams, so that no file that is opened gets theirs.

    Raises:
        SystemExit: There is no stdout to answer on.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    if sys.stdout is None:
        say("tco: stdout is closed: there is nowhere to answer")
        sys.exit(UsageError.exit_code)


def silence() -> None:
    """Point stdout nowhere, so that the interpreter does not complain of the pipe when it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return


# How far a long run has come: one line on stderr, only for people.

PATIENCE_S = 2.0
EVERY_S = 0.2
WIDTH = 30


class Progress:
    """A bar that appears after two seconds and is wiped off at the end.

    Nothing is written unless stderr is a terminal.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        """Start the clock."""
        self._wanted = not quiet and sys.stderr.isatty()
        self._begun = self._written = time.monotonic()
        self._shown = False

    def __call__(self, share: float) -> None:
        """Show that a share of the work is done [1]."""
        now = time.monotonic()
        due = now - self._begun >= PATIENCE_S and now - self._written >= EVERY_S
        if not self._wanted or not due or share <= 0:
            return
        left = (now - self._begun) * (1.0 - share) / share
        bar = "#" * round(share * WIDTH)
        sys.stderr.write(f"\r[{bar:<{WIDTH}}] {share:4.0%}, {left:.0f} s left ")
        sys.stderr.flush()
        self._written, self._shown = now, True

    def __enter__(self) -> Progress:
        """Return the bar."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wipe the line."""
        if self._shown:
            sys.stderr.write("\r" + " " * (WIDTH + 30) + "\r")
            sys.stderr.flush()
