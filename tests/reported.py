"""The commands whose reports are looked at, and names that would like to be markup."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from running import DAY

PAIR = ("gpt-4.1", "self/llama-3.3-70b")
COMMANDS = {
    "compare": ("compare", "--tokens", "50B", *DAY),
    "breakeven": ("breakeven", *PAIR, "--tokens", "50B", *DAY),
    "breakeven-without-volume": ("breakeven", *PAIR, *DAY),
    "breakeven-table": ("breakeven", *DAY),
    "breakeven-over": ("breakeven", *PAIR, "--tokens", "50B", "--over", "rent", *DAY),
    "map": ("breakeven", *PAIR, "--tokens", "50B", "--map", "volume:rent", *DAY),
    "sensitivity": ("sensitivity", *PAIR, "--tokens", "50B", *DAY),
    "montecarlo": ("sensitivity", *PAIR, "--tokens", "50B", "--draws", "500", *DAY),
    "what-if": ("sensitivity", "--tokens", "50B", "--what-if", "rent +30%", *DAY),
    "plan": ("plan", "deepinfra/llama-3.3-70b", PAIR[1], "--tokens", "2T", *DAY),
}
EVIL = "<script>alert(1)</script>"
WORSE = "</script><img src=x onerror=alert(2)>"
HOSTILE = (
    *("compare", "--tokens", "50B", *DAY),
    *("--option", f"{EVIL}:kind=api,input=$2,output=$8"),
    *("--option", f"{WORSE}:kind=self,model=llama-3.3-70b,gpu=h100-sxm,gpus=2,rent=$2"),
)

Made = Callable[..., Path]
"""From a command to its report."""
