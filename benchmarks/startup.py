"""How long `tco` takes to start, as ratios to importing what it is made of, and how much memory.

    python benchmarks/startup.py [--rounds 21] [--check]

Wall times of processes, interleaved so that a busy machine slows all of them alike; medians of one
run are compared. Bytecode is compiled first, because without it every start compiles anew and the
figures mean nothing. `--check` exits 1 when a limit is exceeded.
"""

from __future__ import annotations

import argparse
import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
DAY = "2026-11-21"

PYTHON = (sys.executable,)
COMMANDS = {
    "import typer": (*PYTHON, "-c", "import typer"),
    "tco --help": (*PYTHON, "-m", "tco", "--help"),
    "import typer, rich, pydantic, numpy, yaml": (
        *PYTHON,
        "-c",
        "import typer, rich, pydantic, numpy, yaml",
    ),
    "tco compare --tokens 50B": (
        *PYTHON,
        *("-m", "tco", "compare", "--tokens", "50B", "--as-of", DAY),
    ),
}
COMPLETING = {
    "completion of --model, bash": {
        "_TCO_COMPLETE": "complete_bash",
        "COMP_WORDS": "tco compare --model lla",
        "COMP_CWORD": "3",
    },
    "completion of --set, fish": {
        "_TCO_COMPLETE": "complete_fish",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": "tco compare --set ser",
    },
    "completion of options, zsh": {
        "_TCO_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": "tco compare --m",
    },
    "completion of commands, zsh": {
        "_TCO_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": "tco ",
    },
}
"""What a shell sets in the environment while a command is typed."""
COMMANDS |= dict.fromkeys(COMPLETING, (*PYTHON, "-m", "tco"))

RATIOS = (
    ("tco --help", "import typer", 1.5),
    *((name, "tco --help", 1.5) for name in COMPLETING),
    ("tco compare --tokens 50B", "import typer, rich, pydantic, numpy, yaml", 1.6),
)
MEMORY_MB = 120.0


def environment(cache: str) -> dict[str, str]:
    """Return an environment in which bytecode and compiled catalogs are kept."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TCO_", "PYTHON"))}
    return {**kept, "PYTHONPATH": str(SOURCE), "TCO_CACHE_DIR": cache}


def wall_s(command: Sequence[str], env: dict[str, str]) -> float:
    """Return how long a command takes [s]."""
    began = time.perf_counter()
    subprocess.run(command, env=env, check=True, capture_output=True)
    return time.perf_counter() - began


def medians(rounds: int, env: dict[str, str]) -> dict[str, float]:
    """Return the median wall time of every command [s]; a first round warms the caches."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for round_ in range(rounds + 1):
        for name, command in COMMANDS.items():
            taken = wall_s(command, {**env, **COMPLETING.get(name, {})})
            if round_:
                times[name].append(taken)
    return {name: statistics.median(taken) for name, taken in times.items()}


def peak_mb(name: str, env: dict[str, str]) -> float:
    """Return the peak resident memory of a command [MB], measured by a child of its own."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], check=True, capture_output=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    command = (sys.executable, "-c", code, *COMMANDS[name])
    result = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    unit = 1.0 if sys.platform == "darwin" else 1024.0
    return float(result.stdout) * unit / 1e6


def main() -> int:
    """Print the measurements; return 1 when `--check` finds a limit exceeded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    compileall.compile_dir(SOURCE, quiet=1)
    compileall.compile_path(skip_curdir=True, quiet=2)
    failed = False
    with tempfile.TemporaryDirectory() as cache:
        env = environment(cache)
        taken = medians(options.rounds, env)
        memory = peak_mb("tco compare --tokens 50B", env)
    for name, seconds in taken.items():
        print(f"{seconds * 1e3:8.1f} ms  {name}")
    for name, base, limit in RATIOS:
        ratio = taken[name] / taken[base]
        failed |= ratio > limit
        print(f"{ratio:8.2f}     {name} / {base} (limit {limit})")
    failed |= memory > MEMORY_MB
    print(f"{memory:8.0f} MB  tco compare --tokens 50B (limit {MEMORY_MB:.0f})")
    return int(failed and options.check)


if __name__ == "__main__":
    raise SystemExit(main())
