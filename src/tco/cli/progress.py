"""How far a long run has come: one line on stderr, only for people."""

from __future__ import annotations

import sys
import time
from types import TracebackType

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
