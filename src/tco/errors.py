"""What can go wrong, and the exit code that each kind ends with.

    TcoError                 never raised itself
    ├── UsageError           exit 2   --tokens 50m: 'm' could be milli or million; write 50M
    ├── DataError            exit 3   data/prices.yaml:6: offers.0.prices.0: input should be > 0
    │   └── UnknownNameError exit 3   no model called 'llama-x-7ob'; did you mean llama-x-70b?
    └── InfeasibleError      exit 4   nothing fits, or no fleet meets the latency asked for

`ValueError` stays for a caller's bug inside the engine. "Never breaks even" is an answer, not an
error. Exit 1 means findings or a threshold exceeded, and is not raised.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TcoError(Exception):
    """The root of every error that a user can cause; its text is one line meant for them."""

    exit_code = 1


class UsageError(TcoError):
    """A flag, a quantity or a combination of flags that cannot be understood."""

    exit_code = 2


class DataError(TcoError):
    """A catalog, scenario or measurement file that cannot be used; the text begins `file:line:`."""

    exit_code = 3


class UnknownNameError(DataError):
    """A model, provider, GPU or option that no catalog knows; the text names the nearest ones."""


class InfeasibleError(TcoError):
    """A question without an answer: no set-up fits, or none meets what was asked."""

    exit_code = 4


def unknown_name(
    kind: str, name: str, known: Iterable[str], *, where: str = ""
) -> UnknownNameError:
    """Return the error for a misspelt `name`, with the three nearest of `known`."""
    near = nearest(name, known)
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    return UnknownNameError(f"{where}no {kind} called {printable(name)!r}{hint}")


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` of `known` that look or begin most like `name`, best first."""
    folded = name[:200].lower()
    names = {k.lower(): k for k in sorted(known)}
    close = difflib.get_close_matches(folded, names, n=count, cutoff=0.6)
    inside = sorted((n for n in names if folded and folded in n and n not in close), key=len)
    found = [*close, *inside]
    if len(found) < count:
        far = difflib.get_close_matches(folded, names, n=2 * count, cutoff=0.0)
        found += [n for n in far if n not in found]
    return [names[n] for n in found[:count]]


def printable(text: str, limit: int = 80) -> str:
    """Return `text` cut to `limit` characters, with control characters shown as `?`."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
