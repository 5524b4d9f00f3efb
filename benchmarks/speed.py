"""How long commands take, as ratios in one run, and what they need (docs/performance.md).

    python benchmarks/speed.py [--rounds 9] [--only compare,plan]

Processor time of whole processes, interleaved, medians; bytecode is compiled first. The peer is
genai-prices, which multiplies three numbers; a line is left out where a package is missing.
"""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DAY = ("--as-of", "2026-11-21")
PYTHON = sys.executable
VOLUME = ("--tokens", "50B", *DAY)

REACH = {  # what is measured over what, and what was set as a goal
    ("compare", "genai-prices calc"): 0.80,
    ("compare", "five imports"): 1.15,
    ("compare first run", "compare"): 1.3,
    ("breakeven", "compare"): 1.4,
    ("plan", "compare"): 1.8,
    ("report", "compare"): 4.0,
    ("claims", "compare"): 8.0,
    ("claims json", "compare"): 8.0,
    ("claims first run", "compare"): 8.0,
    ("compare tenfold", "compare"): 1.3,
    ("breakeven tenfold", "breakeven"): 3.0,
    ("check tenfold", "check"): 11.0,
    ("compare --all json", "compare"): None,
}
SLOW = ("check tenfold", "check", "compare tenfold", "breakeven tenfold")
"""What is measured once: nothing is gained by more."""


def commands(folder: Path) -> dict[str, list[str]]:
    """Return what is measured, by its name."""
    tco = [PYTHON, "-m", "tco"]
    # By a process of its own: a child's peak is never said to be less than its parent's size
    made = [PYTHON, str(ROOT / "benchmarks" / "tenfold.py"), str(folder)]
    big = subprocess.run(made, check=True, capture_output=True, text=True).stdout.split()
    files = [word for word in big if word != "--catalog"]
    found = {
        "python": [PYTHON, "-c", "pass"],
        "numpy": [PYTHON, "-c", "import numpy"],
        "five imports": [PYTHON, "-c", "import typer, rich, pydantic, numpy, yaml"],
        "compare": [*tco, "compare", *VOLUME],
        "compare first run": [*tco, "compare", *VOLUME],
        "breakeven": [*tco, "breakeven", *DAY],
        "plan": [*tco, "plan", *VOLUME],
        "report": [*tco, "compare", *VOLUME, "--export", f"html={folder}/page.html"],
        "compare --all json": [*tco, "compare", *VOLUME, "--all", "--format", "json"],
        "claims first run": [*tco, "claims", *DAY],
        "claims": [*tco, "claims", *DAY],
        "claims json": [*tco, "claims", *DAY, "--format", "json"],
        "compare tenfold": [*tco, "compare", *VOLUME, *big],
        "breakeven tenfold": [*tco, "breakeven", *DAY, *big],
        "check": [*tco, "catalog", "check", "--as-of", "edition", "--exit-zero"],
        "check tenfold": [*tco, "catalog", "check", "--exit-zero", *files],
    }
    if importlib.util.find_spec("genai_prices") is not None:
        peer = Path(PYTHON).with_name("genai-prices")
        tokens = ("--input-tokens", "1000", "--output-tokens", "200")
        found["genai-prices calc"] = [str(peer), "calc", "gpt-4.1", *tokens]
    return found


def spent(command: Sequence[str], cache: Path) -> tuple[float, float, bytes]:
    """Return processor time [s], peak memory [MiB] and output of a command."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TCO_", "PYTHON"))}
    env = {**kept, "PYTHONPATH": str(ROOT / "src"), "TCO_CACHE_DIR": str(cache), "COLUMNS": "80"}
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(
            command, env=env, stdout=out, stderr=subprocess.DEVNULL, cwd=cache.parent
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
        out.seek(0)
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, out.read()


def measured(asked: dict[str, list[str]], rounds: int, folder: Path) -> dict[str, list[float]]:
    """Return the processor times of each command, taken in turns [s]; says sizes on the way."""
    warm = folder / "cache"
    times: dict[str, list[float]] = {name: [] for name in asked}
    for name, command in asked.items():
        if "first run" in name:
            times[name].append(spent(command, folder / f"cold-{len(name)}")[0])
            continue
        spent(command, warm)  # compiles the catalogs
        if name in ("compare", "compare --all json"):
            _, mib, out = spent(command, warm)
            print(f"{name}: {mib:.1f} MiB at its peak, {len(out):,} bytes")
    often = {name: command for name, command in asked.items() if "first run" not in name}
    for turn in range(rounds):
        for name, command in often.items():
            if turn == 0 or name not in SLOW:
                times[name].append(spent(command, warm)[0])
    return times


def main() -> int:
    """Print the table; exit 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="names of commands, with commas between")
    arguments = parser.parse_args()
    compileall.compile_dir(ROOT / "src" / "tco", quiet=2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = commands(folder)
        only = [word.strip() for word in arguments.only.split(",") if word.strip()]
        wanted = {n: c for n, c in asked.items() if not only or n in only}
        times = measured(wanted, arguments.rounds, folder)
    middle = {name: statistics.median(some) for name, some in times.items() if some}
    for name, seconds in middle.items():
        print(f"{name:22} {seconds:7.3f} s")
    missed = False
    for (name, base), most in REACH.items():
        if name in middle and base in middle:
            ratio = middle[name] / middle[base]
            goal = "" if most is None else f"   goal {most:.2f}"
            missed |= most is not None and ratio > most
            print(f"{name:22} / {base:18} {ratio:6.2f}{goal}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
