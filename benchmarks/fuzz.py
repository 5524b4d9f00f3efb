"""Command lines, broken files and agents' messages without end, against their contract.

    python benchmarks/fuzz.py --count 200000 --seed 1

Drawn as in `tests/fuzz` and given to the real command line on the shipped catalog: `main()` of the
entry point with arguments, streams and an environment of its own, in a process forked from one
that has imported the product, so that a try costs what the answer does. Each that breaks the
contract is printed with what it broke; so is one that takes more than 20 s or 1 GB.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
LONGEST_S, MOST_BYTES = 20.0, 1 << 30
SPOKEN = {"jsonrpc": "2.0"}
GREETING = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "fuzz", "version": "1"},
}


def ran(line: list[str], place: Path, said: str = "") -> Any:
    """Return what `tco LINE` does with what is said to it: exit code, streams, seconds, bytes."""
    (place / "out").unlink(missing_ok=True)
    streams, (reader, writer) = [place / "out", place / "err"], os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.dup2(reader, 0)
        for number, path in enumerate(streams, 1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        sys.stdin, sys.stdout, sys.stderr = (
            io.TextIOWrapper(os.fdopen(number, "rb" if number == 0 else "wb"), encoding="utf-8")
            for number in range(3)
        )
        limit = int(LONGEST_S) + 10
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        signal.alarm(10 * limit)  # who waits for nothing ends, too
        atexit._clear()  # the folder is the parent's to remove
        os._exit(_exit_of(line))
    os.close(reader)
    with contextlib.suppress(BrokenPipeError):
        os.write(writer, said.encode())
    ended = os.wait4(child, os.WNOHANG if said else 0)
    while ended[0] == 0 and not _answered(streams[0]):  # a server forgets calls when its input ends
        time.sleep(0.02)
        ended = os.wait4(child, os.WNOHANG)
    os.close(writer)
    _, status, used = ended if ended[0] else os.wait4(child, 0)
    out, err = (path.read_bytes().decode("utf-8", "replace") for path in streams)
    return SimpleNamespace(
        exception=None, exit_code=os.waitstatus_to_exitcode(status), stdout=out, stderr=err,
        output=out + err, seconds=used.ru_utime + used.ru_stime, bytes=used.ru_maxrss * 1024,
    )  # fmt: skip


def _answered(out: Path) -> bool:
    return out.exists() and b'"id":2' in out.read_bytes().replace(b" ", b"")


def _exit_of(line: list[str]) -> int:
    """Run the entry point as the interpreter does, to its end."""
    from tco.__main__ import main

    sys.argv[:] = ["tco", *line]
    code: Any = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - the interpreter would print it so
        sys.excepthook(*sys.exc_info())
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120
    return code


def spoken(name: str, keywords: dict[str, Any]) -> str:
    """Return the lines by which an agent calls a tool."""
    calls = (
        {"id": 1, "method": "initialize", "params": GREETING},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": name, "arguments": keywords}},
    )
    said = "".join(json.dumps(SPOKEN | call, default=str) + "\n" for call in calls)
    return said.replace("\\ud800", "\\ufffd")  # half a character: the package mcp drops the message


def against_answers(result: Any) -> str | None:
    """Return what of the contract the server's answers to `spoken` break."""
    from fuzz.making import against_message

    if result.exit_code or "Traceback" in result.output:
        return f"exit status {result.exit_code}: {result.stderr[-300:]}"
    answers = {(a := json.loads(line)).get("id"): a for line in result.stdout.splitlines()}
    answer = answers.get(2)
    if answer is None:
        return "no answer"
    if "error" in answer:
        return None if answer["error"]["code"] != -32603 else str(answer["error"])[:300]
    found = answer["result"]
    parts = [SimpleNamespace(text=part["text"]) for part in found["content"]]
    return against_message(
        SimpleNamespace(
            content=parts,
            is_error=found.get("isError", False),
            structured_content=found.get("structuredContent"),
        )
    )


def _too_much(result: Any) -> str | None:
    if result.seconds > LONGEST_S or result.bytes > MOST_BYTES:
        return f"{result.seconds:.0f} s, {result.bytes >> 20} MB"
    return None


def tried(seed: int, count: int, keep: Path | None) -> Counter[str]:
    """Try so many inputs; return how often each exit code came, and how many break the contract."""
    from fuzz.making import against, broken, command_line, message, samples

    rng, how = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as named:
        place = Path(named)
        os.chdir(place)
        files = [(path, path.read_bytes(), line) for path, line in samples(place)]
        for number in range(count):
            line, talk, bad = command_line(rng), "", None
            if number % 8 == 1:
                line, talk = ["mcp"], spoken(*message(rng))
            elif number % 4 == 0:
                path, data, command = rng.choice(files)
                bad = place / f"bad{path.suffix}"
                bad.write_bytes(broken(data, rng))
                line = [*command, str(bad)]
            result = ran(line, place, talk)
            said = against_answers(result) if talk else against(line, result)
            said = said or _too_much(result)
            how[f"exit {result.exit_code}"] += 1
            if said is not None:
                how["break"] += 1
                print(f"{seed}/{number} {line} {talk[-2000:]}: {said}", flush=True)
                if keep is not None and bad is not None:
                    shutil.copy(bad, keep / f"{seed}-{number}{bad.suffix}")
            if (number + 1) % 1000 == 0:
                print(f"{number + 1} done {dict(how)}", file=sys.stderr, flush=True)
    return how


def main() -> None:
    """Try a number of inputs and count what came out."""
    said = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    said.add_argument("--count", type=int, default=1000)
    said.add_argument("--seed", type=int, default=1)
    said.add_argument("--keep", type=Path, help="folder for files that break the contract")
    args = said.parse_args()
    for path in (ROOT / "src" / "tco").rglob("[a-z]*.py"):
        import_module(
            ".".join(("tco", *path.relative_to(ROOT / "src" / "tco").with_suffix("").parts))
        )
    how = tried(args.seed, args.count, args.keep and args.keep.resolve())
    print(f"{how.pop('break', 0)} of {args.count} break the contract; {dict(sorted(how.items()))}")


if __name__ == "__main__":
    main()
