"""Where a set-up cannot exist: the nearest one that can, and its break-even."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from tco.analysis.claims.results import Nearest

VOLUME = ("--tokens", "--requests", "--users", "--tier")
WIDER = (("--gpus",), ("--gpus", "--precision"), ("--gpus", "--precision", "--gpu"))
"""What is given up, one after the other: how many GPUs, the precision, which GPU."""


def without(command: str, flags: tuple[str, ...]) -> str:
    """Return a command line without some of its flags and their values.

    >>> without("compare --tokens 5B --gpu a100 --bare", ("--gpu",))
    'compare --tokens 5B --bare'
    """
    words, kept = shlex.split(command), []
    skip = False
    for word in words:
        if not skip and word not in flags:
            kept.append(word)
        skip = not skip and word in flags
    return shlex.join(kept)


def nearest(command: str, day: str, ask: Callable[[str, str | None], Any]) -> tuple[Nearest, ...]:
    """Return the set-up that gives up as little as can be, and the cheapest of any.

    Args:
        command: The command line whose set-up cannot exist.
        day: Whose prices.
        ask: Runs a command line.
    """
    if not command.startswith("compare "):
        return ()
    tried = (_first(without(command, flags), day, ask) for flags in WIDER)
    found = [near for near in tried if near is not None]
    return tuple({near.option: near for near in (*found[:1], *found[-1:])}.values())


def _first(command: str, day: str, ask: Callable[[str, str | None], Any]) -> Nearest | None:
    wider = f"{command} --as-of {day}"
    options = (ask(wider, None).document or {}).get("options", [])
    best = next((o for o in options if o["feasible"] and o["tier"] == "self"), None)
    if best is None:
        return None
    rest = without(command, VOLUME).removeprefix("compare").strip()
    crossing = f"breakeven {rest} --as-of {day}"
    rows = (ask(crossing, None).document or {}).get("rows", [])
    same = next((row for row in rows if row["same_weights"]), None)
    return Nearest(
        command=wider,
        option=best["id"],
        gpus=best["gpus"],
        monthly_usd=best["monthly_usd"],
        breakeven_command=crossing,
        breakeven_tokens=same["first"] if same else None,
        never_because=same["never_because"] if same else None,
    )
