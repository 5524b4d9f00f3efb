"""How large a report is, and how long it takes to make, against what was set as a goal.

python benchmarks/report.py

Times are the least of a few runs, side by side with the same command without a report. Code is
compiled before, and `PYTHONDONTWRITEBYTECODE` is left out: a start that compiles says nothing.
"""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MOST_BYTES = 1_500_000
MOST_S = 3.0
MOST_TIMES = 3.0
"""Processor time with a report over that without one."""
RUNS = 5
COMMANDS = {
    "compare": ["compare", "--tokens", "50B"],
    "breakeven": ["breakeven", "gpt-4.1", "self/llama-3.3-70b", "--tokens", "50B"],
    "overview": ["breakeven"],
    "sensitivity": ["sensitivity", "--tokens", "50B"],
    "plan": ["plan", "--tokens", "500B", "--profile", "chat"],
}


SOURCE = Path(__file__).resolve().parents[1] / "src" / "tco"


def spent(command: list[str], *more: str) -> tuple[float, float]:
    """Return the least wall and processor time of a command [s]."""
    walls, cpus = [], []
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(RUNS):
        before, begin = os.times(), time.perf_counter()
        words = [sys.executable, "-m", "tco", *command, "-q", *more]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=kept)
        walls.append(time.perf_counter() - begin)
        after = os.times()
        used = after.children_user + after.children_system
        cpus.append(used - before.children_user - before.children_system)
    return min(walls), min(cpus)


def main() -> int:
    """Print a line for each command; return 1 when one is too large, or `compare` too slow."""
    compileall.compile_dir(SOURCE, quiet=2)
    worst = 0.0
    print(f"{'report':<12} {'bytes':>10} {'of goal':>8} {'wall s':>8} {'cpu s':>7} {'times':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for name, command in COMMANDS.items():
            page = Path(folder) / f"{name}.html"
            wall, cpu = spent(command, "--export", f"html={page}")
            _, alone = spent(command)
            size = page.stat().st_size
            worst = max(worst, size / MOST_BYTES)
            if name == "compare":
                worst = max(worst, wall / MOST_S, cpu / alone / MOST_TIMES)
            print(
                f"{name:<12} {size:>10,} {size / MOST_BYTES:>8.0%} {wall:>8.2f} {cpu:>7.2f} "
                f"{cpu / alone:>6.2f}"
            )
    return int(worst > 1.0)


if __name__ == "__main__":
    raise SystemExit(main())
