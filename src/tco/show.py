"""Numbers as a screen shows them; `tco.units` reads each of them back to what it was, rounded."""

from __future__ import annotations

import math

_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
LONG = 1e15
"""From here on a number is written with an exponent: nobody reads forty digits."""
NOTHING = "–"  # what is shown where there is no number


def _rounded(value: float, digits: int) -> float:
    """Return `value` to so many significant digits."""
    return float(f"{value:.{digits - 1}e}")


def _digits(value: float) -> str:
    """Return a number without an exponent and without zeros at its end."""
    text = f"{value:.12f}".rstrip("0").rstrip(".")
    return text if text not in ("", "-0") else "0"


def show_number(value: float, digits: int = 3) -> str:
    """Return a number with the suffix k, M, B or T: `12.5k`.

    >>> show_number(12500), show_number(999_999)
    ('12.5k', '1M')
    """
    if not math.isfinite(value):
        return NOTHING
    near = _rounded(value, digits)
    if abs(near) >= LONG * 1e3:
        return f"{near:.{digits}g}"
    for size, suffix in _SUFFIXES:
        if abs(near) >= size:
            return f"{_digits(_rounded(near / size, digits))}{suffix}"
    return _digits(near)


def show_tokens(tokens: float, digits: int = 3) -> str:
    """Return a count of tokens as `50B`.

    >>> show_tokens(5e10)
    '50B'
    """
    return show_number(tokens, digits)


def show_usd(usd: float) -> str:
    """Return an amount of money, in whole dollars from $100 on: `$1,234,567`, `$2.50`.

    >>> show_usd(1234567), show_usd(-2.5), show_usd(0)
    ('$1,234,567', '-$2.50', '$0')
    """
    if not math.isfinite(usd):
        return NOTHING
    sign, size = ("-" if usd < 0 else ""), abs(usd)
    if size == 0:
        return "$0"
    if size >= LONG:
        return f"{sign}${size:.3g}"
    if size >= 99.995:
        return f"{sign}${size:,.0f}"
    return f"{sign}${show_price(size)}"


def show_price(usd: float) -> str:
    """Return a small price with two decimals, or as many as three digits need: `0.0375`.

    >>> show_price(2.5), show_price(0.0375)
    ('2.50', '0.0375')
    """
    if not math.isfinite(usd):
        return NOTHING
    if abs(usd) >= LONG:
        return f"{usd:.3g}"
    exact = _digits(_rounded(usd, 3)) if abs(usd) < 1 else f"{usd:.2f}"
    decimals = len(exact.partition(".")[2])
    return exact if decimals >= 2 else f"{usd:,.2f}"


def show_usd_per_mtok(usd_per_mtok: float) -> str:
    """Return a price of tokens [USD/Mtok] as `$2.50`, `$0.0375`."""
    return show_usd(usd_per_mtok) if math.isfinite(usd_per_mtok) else NOTHING


def show_share(share: float) -> str:
    """Return a share [1] in percent: `35%`, `0.25%`.

    >>> show_share(0.35)
    '35%'
    """
    return f"{_digits(_rounded(share * 100, 3))}%" if math.isfinite(share) else NOTHING


def show_seconds(seconds: float) -> str:
    """Return a duration [s] as `30ms`, `1.5s`, `2min`, `3h`.

    >>> show_seconds(0.03), show_seconds(90)
    ('30ms', '1.5min')
    """
    if not math.isfinite(seconds):
        return NOTHING
    near = _rounded(seconds, 3)
    for size, unit in ((3600.0, "h"), (60.0, "min"), (1.0, "s")):
        if near >= size:
            return f"{_digits(_rounded(near / size, 3))}{unit}"
    return f"{_digits(_rounded(near * 1000, 3))}ms" if near else "0s"
