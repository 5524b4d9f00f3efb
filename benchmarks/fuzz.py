"""Command lines, broken files and agents' messages without end, against their contract.

    python benchmarks/fuzz.py --count 200000 --seed 1

Drawn as in `tests/fuzz`, run in this process on the small catalog; each that breaks the contract
is printed with what it broke, and so is one that takes more than 20 s. A process that has done its
share is followed by another, so that one that grows beyond 1 GB is seen.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
SHARE = 1_000
LONGEST_S, MOST_BYTES = 20.0, 1 << 30


def tried(seed: int, count: int, keep: Path | None = None) -> int:
    """Try so many inputs in this process; return how many break the contract."""
    import running
    from fuzz.making import against, against_message, broken, command_line, message, samples

    from tco.api.mcp import called

    rng, wrong = random.Random(seed), 0
    with (
        tempfile.TemporaryDirectory() as place,
        contextlib.chdir(place),
        mock.patch("tco.catalog.load.load_catalog", running.load_small),
    ):
        files = [(path, path.read_bytes(), line) for path, line in samples(Path(place))]
        for number in range(count):
            begun = time.process_time()
            if number % 8 == 1:
                name, keywords = message(rng)
                line = [name, repr(keywords)]
                said = against_message(called(name, keywords))
            else:
                line = command_line(rng)
                if number % 4 == 0:
                    path, data, command = rng.choice(files)
                    bad = Path(place) / f"bad{path.suffix}"
                    bad.write_bytes(broken(data, rng))
                    line = [*command, str(bad)]
                said = against(line, running.run(*line))
            took = time.process_time() - begun
            if took > LONGEST_S:
                said = said or f"{took:.0f} s"
            if said is not None:
                wrong += 1
                print(f"{line}: {said}", flush=True)
                if keep is not None and Path(line[-1]).parent == Path(place):
                    shutil.copy(line[-1], keep / f"{seed}-{number}{Path(line[-1]).suffix}")
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MOST_BYTES:
        print(f"seed {seed}: more than 1 GB", flush=True)
        wrong += 1
    return wrong


def main() -> None:
    """Try a number of inputs, a share in each process."""
    said = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    said.add_argument("--count", type=int, default=SHARE)
    said.add_argument("--seed", type=int, default=1)
    said.add_argument("--keep", type=Path, help="folder for files that break the contract")
    args = said.parse_args()
    done = wrong = 0
    while done < args.count:
        share = min(SHARE, args.count - done)
        child = os.fork()
        if child == 0:
            os._exit(min(tried(args.seed * 1_000_003 + done, share, args.keep), 100))
        wrong += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        done += share
        print(f"{done} done", file=sys.stderr, flush=True)
    print(f"{wrong} of {done} break the contract")


if __name__ == "__main__":
    main()
