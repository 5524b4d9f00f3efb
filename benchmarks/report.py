"""How large a report is, and how long it takes to make, against what was set as a goal.

python benchmarks/report.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_BYTES = 1_500_000
MOST_S = 5.0
RUNS = 3
COMMANDS = {
    "compare": ["compare", "--tokens", "50B"],
    "breakeven": ["breakeven", "gpt-4.1", "self/llama-3.3-70b", "--tokens", "50B"],
    "overview": ["breakeven"],
    "sensitivity": ["sensitivity", "--tokens", "50B"],
    "plan": ["plan", "--tokens", "500B", "--profile", "chat"],
}


def made(command: list[str], page: Path) -> tuple[float, float]:
    """Return the least wall and processor time of making a report [s]."""
    walls, cpus = [], []
    for _ in range(RUNS):
        before, begin = os.times(), time.perf_counter()
        words = [sys.executable, "-m", "tco", *command, "-q", "--export", f"html={page}"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - begin)
        after = os.times()
        spent = after.children_user + after.children_system
        cpus.append(spent - before.children_user - before.children_system)
    return min(walls), min(cpus)


def main() -> int:
    """Print a line for each command; return 1 when one is too large."""
    worst = 0.0
    print(f"{'report':<12} {'bytes':>10} {'of goal':>8} {'wall s':>8} {'cpu s':>7} {'of goal':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for name, command in COMMANDS.items():
            page = Path(folder) / f"{name}.html"
            wall, cpu = made(command, page)
            size = page.stat().st_size
            worst = max(worst, size / MOST_BYTES)
            print(
                f"{name:<12} {size:>10,} {size / MOST_BYTES:>8.0%} {wall:>8.2f} {cpu:>7.2f} "
                f"{wall / MOST_S:>8.0%}"
            )
    return int(worst > 1.0)


if __name__ == "__main__":
    raise SystemExit(main())
