"""The money that amounts are shown in; all that is computed is in dollars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tco.records import dataclass


@dataclass(frozen=True)
class Money:
    """The money that sentences and screens are in; figures stay in dollars."""

    code: str
    per_usd: float
    """What a dollar is in it."""
    on: str
    """The day of that rate."""

    @property
    def sign(self) -> str:
        """Return what stands before an amount."""
        return _SIGNS.get(self.code, f"{self.code} ")


_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "INR": "₹"}
DOLLARS = Money("USD", 1.0, "")
_shown_in: ContextVar[Money] = ContextVar("money", default=DOLLARS)


def money() -> Money:
    """Return the money that amounts are shown in now."""
    return _shown_in.get()


@contextmanager
def shown_in(other: Money | None) -> Iterator[None]:
    """Show amounts in another money for as long as this lasts; in dollars for None.

    >>> with shown_in(Money("EUR", 0.92, "2026-11-21")):
    ...     money().code, in_money("$/month")
    ('EUR', '€/month')
    """
    before = _shown_in.set(other or DOLLARS)
    try:
        yield
    finally:
        _shown_in.reset(before)


def in_money(text: str) -> str:
    """Return a heading that says dollars with the sign of the money that amounts are shown in."""
    return text.replace("$", money().sign.strip())


USD = re.compile(r"(?<![a-z])usd(?![a-z])")


def in_code(key: str) -> str:
    """Return a key that says dollars with the code of the money that amounts are shown in."""
    return USD.sub(money().code.lower(), key)
