"""One number that could be another, and the bills at some values of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.options import Option, TokenOption, lines
from tco.analysis.settings import Settings
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats, Number
from tco.errors import UsageError

Values = dict[str, Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One number that could be another.

    Args:
        name: What the user types.
        title, unit: What it is.
        now: Its value today.
        low, high: The range that is searched unless the user says another.
        least, most: The range in which it means anything.
        settings: Returns the settings at some values of it.
        factor: Returns what the prices of `targets` are multiplied by [1].
        targets: Ids of the options whose own prices it changes.
        held: Ids of the options whose bill stays as it is today.
        log: It is spread by factors rather than evenly.
    """

    name: str
    title: str
    unit: str
    now: float
    low: float
    high: float
    least: float = 0.0
    most: float = np.inf
    settings: Callable[[Number], Values] = lambda _: {}
    factor: Callable[[Number], Number] | None = None
    targets: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    log: bool = False

    def within(self, low: float, high: float) -> Variable:
        """Return the variable with a range of the user's.

        Raises:
            UsageError: The range is upside down, or lies outside what the variable can be.
        """
        if low >= high:
            raise UsageError(f"{self.name}: a range goes from low to high, not {low:g}..{high:g}")
        if low < self.least or high > self.most:
            raise UsageError(
                f"{self.name}: {low:g}..{high:g} goes beyond {self.least:g} to {self.most:g}"
            )
        return replace(self, low=low, high=high, log=self.log and low > 0)


def usd_of(
    option: Option, settings: Settings, changes: Sequence[tuple[Variable, Number]]
) -> Floats:
    """Return the bill of an option with some variables at other values [USD/month].

    Infinite where it serves nothing. Values broadcast against each other.
    """
    for variable, value in changes:
        if option.id in variable.held:
            continue
        settings = settings.with_values(variable.settings(value))
        if variable.factor is not None and option.id in variable.targets:
            assert isinstance(option, TokenOption)
            option = replace(option, factor=option.factor * variable.factor(value))
    usd = np.asarray(total_usd(lines(option, settings)), dtype=float)
    shape = np.broadcast_shapes(*(np.shape(value) for _, value in changes))
    return np.broadcast_to(np.where(np.isnan(usd), np.inf, usd), shape)
