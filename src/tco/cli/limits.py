"""What `tco diff` fails on, as it is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tco.analysis.difference.gate import Limit


def limits(texts: Sequence[str] | None) -> tuple[Limit, ...]:
    """Return the limits on what the cheapest may cost more: `+5%`, `$500`.

    Raises:
        UsageError: A text that is neither a share nor money.
    """
    return tuple(_limit(text.strip()) for text in texts or ())


def _limit(text: str) -> Limit:
    from tco import units
    from tco.analysis.difference.gate import Limit
    from tco.errors import UsageError, printable

    amount = text.removeprefix("+").strip()
    try:
        if amount.endswith("%"):
            # More than double is a rise, too, which a share of something cannot be.
            return Limit(text, share=units.number(amount[:-1]) / 100)
        if "$" in amount:
            return Limit(text, usd=units.usd(amount))
    except UsageError as error:
        raise UsageError(f"--fail-over: {error}") from None
    raise UsageError(f"--fail-over: {printable(text, 40)!r} is no limit; write +5% or $500")


def conditions(texts: Sequence[str] | None) -> tuple[str, ...]:
    """Return the conditions named, each of a closed list.

    Raises:
        UsageError: A name that is not in it, with the nearest one.
    """
    from tco.analysis.difference.gate import CONDITIONS
    from tco.ask.fields import one_of
    from tco.errors import UsageError

    read = one_of(*CONDITIONS)
    try:
        return tuple(read(part) for text in texts or () for part in text.split(","))
    except UsageError as error:
        raise UsageError(f"--fail-if: {error}") from None
