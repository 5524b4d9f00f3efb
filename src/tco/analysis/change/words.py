"""Values of variables in words, by their unit."""

from __future__ import annotations

from tco.analysis.results import OpenSpan
from tco.show import show_number, show_seconds, show_share, show_tokens, show_usd

MOST_SPANS = 4


def told(value: float, unit: str) -> str:
    """Return a value as its unit is written.

    >>> told(2.1, "USD/GPU-hour"), told(0.35, "share"), told(3, "engineers"), told(1.5, "factor")
    ('$2.10/GPU-hour', '35%', '3 engineers', 'x1.5')
    """
    if unit.startswith("share"):
        return show_share(value) + unit.removeprefix("share")
    if unit.startswith("USD"):
        return show_usd(value) + unit.removeprefix("USD")
    if unit == "tokens/month":
        return f"{show_tokens(value)} tokens a month"
    if unit in ("s", "s/token"):
        return show_seconds(value)
    if unit == "factor":
        return f"x{show_number(value)}"
    return f"{show_number(value)} {unit}".strip()


def where(wins: tuple[OpenSpan, ...], low: float, unit: str) -> str:
    """Return winning intervals in words; those that begin at `low` have no beginning to tell.

    >>> where(((0.0, 1.8), (3.0, None)), 0.0, "USD/GPU-hour")
    'below $1.80/GPU-hour and from $3.00/GPU-hour'
    """
    parts = []
    for begin, end in wins[:MOST_SPANS]:
        if begin <= low and end is None:
            parts.append("at any value that was tried")
        elif end is None:
            parts.append(f"from {told(begin, unit)}")
        elif begin <= low:
            parts.append(f"below {told(end, unit)}")
        else:
            parts.append(f"from {told(begin, unit)} to {told(end, unit)}")
    more = len(wins) - MOST_SPANS
    return " and ".join(parts) + (f" and {more} more intervals" if more > 0 else "")
