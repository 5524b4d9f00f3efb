"""What profiles of request logs cost, against the same aggregates in plain SQL of DuckDB.

    python benchmarks/usage.py LOGS plain.sql      LOGS is a folder of Parquet, CSV or JSON lines

`plain.sql` holds statements over the files `LOGS`, as a user would write them by hand; of text, the
base is DuckDB's own reader, reading the same fields once. CPU seconds of the process tree (user and
system), two threads, both sides in one session; the machine should do nothing else. Figures:
docs/performance.md. On 2026-11-29, two cores shared with other work, duckdb 2.0.1, 101,065,380
rows of Parquet, models as texts:

    plain.sql, eight aggregates                       180.1 s CPU   0.94 GB (limit 1 GB)
    profile and sums by team and tag, exact duplicates
    taken off (plain.sql does not), in flight at one speed  142.8 s CPU   0.72 GB    ratio 0.79
    of these, finding and taking off duplicates               about 20 s             without: 0.68

The joint table of input and output lengths that plain.sql also makes (20.5 s) is no part of a
profile; without it on the one side the ratios are 0.89 and 0.77.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SPEED = (50,)


def cpu() -> float:
    """Return the CPU time of this process so far [s]."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def rss_gb() -> float:
    """Return the most memory that this process has had [GB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def plain(folder: str, sql: str) -> None:
    """Run hand-written SQL over Parquet."""
    import duckdb

    con = duckdb.connect(config={"memory_limit": "1GB", "threads": "2"})
    con.execute("SET TimeZone='UTC'")
    text = Path(sql).read_text(encoding="utf-8").replace("LOGS", f"{folder}/*.parquet")
    for statement in re.split(r";\s*\n", text):
        if re.sub(r"--[^\n]*", "", statement).strip():
            con.execute(statement).fetchnumpy()


def reader(folder: str, _: str) -> None:
    """Read the fields of text once with DuckDB's own reader."""
    from tco.usage.raw_table import raw_of
    from tco.usage.read import Reading, found_files
    from tco.usage.rows import LeftOutTally
    from tco.usage.store import Store

    with Store(memory="1GB", threads=2) as store:
        found = found_files(Reading((folder,)), LeftOutTally())
        raw = raw_of([f.source for f in found], [f.sample for f in found], {}, store)
        files = [one.source.path for one in found]
        fields = [raw.field(name) for name in raw.at]
        sums = ", ".join(f"count({name})" for name in fields)
        store.con.execute(f"SELECT {sums} FROM {raw.relation(files)}").fetchall()


def ours(folder: str, _: str) -> None:
    """Make everything that a profile is made of, and sums by team and tag."""
    from tco.usage.aggregates import cells, distributions
    from tco.usage.raw_table import raw_of
    from tco.usage.read import Reading, found_files
    from tco.usage.requests_table import add_table
    from tco.usage.rows import LeftOutTally
    from tco.usage.store import Store

    tally = LeftOutTally()
    with Store(threads=2) as store:
        found = found_files(Reading((folder,)), tally)
        raw = raw_of([f.source for f in found], [f.sample for f in found], {}, store)
        files = [one.source for one in found]
        add_table(store, files, raw, None, tally, lambda _: None, ("team", "tag"))
        store.view()
        cells(store, by=("team", "tag"))
        distributions(store, dict.fromkeys(("read", "write_unknown", "reasoning"), 1), SPEED)


SIDES: dict[str, Callable[[str, str], None]] = {"plain": plain, "reader": reader, "ours": ours}


def measured(side: str, args: argparse.Namespace) -> dict[str, float]:
    """Return CPU and memory of one side, in a process of its own."""
    command = [sys.executable, __file__, args.logs, args.sql, "--side", side]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    print(f"{side:<7} {found['cpu_s']:8.1f} s CPU   {found['rss_gb']:.2f} GB", flush=True)
    return found


def main() -> None:
    """Run one side, or both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("logs")
    parser.add_argument("sql", nargs="?", default="")
    parser.add_argument("--side", choices=SIDES)
    args = parser.parse_args()
    if args.side:
        begun = cpu()
        SIDES[args.side](args.logs, args.sql)
        print(json.dumps({"cpu_s": cpu() - begun, "rss_gb": rss_gb()}))
        return
    base = measured("plain" if args.sql else "reader", args)
    mine = measured("ours", args)
    print(f"ratio {mine['cpu_s'] / base['cpu_s']:.2f}")


if __name__ == "__main__":
    main()
