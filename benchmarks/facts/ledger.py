"""What came of every row of the facts: shipped, or left out with the reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Ledger:
    """Rows of one file of facts, by what came of them."""

    name: str
    shipped: list[str] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    """Row and reason."""

    def ship(self, row: str) -> None:
        """Note a row that is in the data."""
        self.shipped.append(row)

    def leave(self, row: str, why: str) -> None:
        """Note a row that is not."""
        self.left.append((row, why))

    def text(self, *, every: bool = False) -> str:
        """Return the sums, and every row left out where asked."""
        count = len(self.shipped) + len(self.left)
        lines = [f"{self.name}: {count} rows in = {len(self.shipped)} shipped + {len(self.left)}"]
        for why, times in Counter(why for _, why in self.left).most_common():
            lines.append(f"  {times:4d} left out: {why}")
            if every:
                lines += [f"         {row}" for row, reason in self.left if reason == why]
        return "\n".join(lines)
