"""What can go wrong, and the exit code that each kind ends with.

    TcoError                 never raised itself
    ├── UsageError           exit 2   --tokens 50m: 'm' could be milli or million; write 50M
    ├── DataError            exit 3   data/prices.yaml:6: offers.0.prices.0: input should be > 0
    │   └── UnknownNameError exit 3   no model called 'llama-x-7ob'; did you mean llama-x-70b?
    └── InfeasibleError      exit 4   nothing fits, or no fleet meets the latency asked for

`ValueError` stays for a caller's bug inside the engine. "Never breaks even" is an answer, not an
error. Exit 1 means findings or a threshold exceeded, and is not raised.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable
from pathlib import Path


class TcoError(Exception):
    """The root of every error that a user can cause; its text is one line meant for them."""

    exit_code = 1


class UsageError(TcoError):
    """A flag, a quantity or a combination of flags that cannot be understood."""

    exit_code = 2


class DataError(TcoError):
    """A catalog, scenario or measurement file that cannot be used; the text begins `file:line:`."""

    exit_code = 3


class UnknownNameError(DataError):
    """A model, provider, GPU or option that no catalog knows; the text names the nearest ones."""


class InfeasibleError(TcoError):
    """A question without an answer: no set-up fits, or none meets what was asked."""

    exit_code = 4


def unknown_name(
    kind: str, name: str, known: Iterable[str], *, where: str = ""
) -> UnknownNameError:
    """Return the error for a misspelt `name`, with the three nearest of `known`."""
    near = nearest(name, known)
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    return UnknownNameError(f"{where}no {kind} called {printable(name)!r}{hint}")


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` of `known` that look or begin most like `name`, best first."""
    folded = name[:200].lower()
    names = {k.lower(): k for k in sorted(known)}
    close = difflib.get_close_matches(folded, names, n=count, cutoff=0.6)
    inside = sorted((n for n in names if folded and folded in n and n not in close), key=len)
    found = [*close, *inside]
    if len(found) < count:
        far = difflib.get_close_matches(folded, names, n=2 * count, cutoff=0.0)
        found += [n for n in far if n not in found]
    return [names[n] for n in found[:count]]


def printable(text: str, limit: int = 80) -> str:
    """Return `text` cut to `limit` characters, with control characters shown as `?`."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


# What is missing on this machine, and the command that brings it here.

PROJECT = "llm-tco"


def install_command(extra: str) -> str:
    """Return the command that installs an extra beside this copy of tco, ready to paste.

    A checkout is installed in place; what came from a wheel, a folder or a repository (PEP 610)
    comes from there again, and anything else from an index. The installer is the one of the
    environment that runs: uv's where it has no pip of its own.
    """
    root = Path(__file__).resolve().parents[2]
    if (root / "pyproject.toml").is_file():
        where = "." if root == Path.cwd() else str(root)
        return f"{_installer()} -e '{where}[{extra}]'"
    address = _came_from()
    return f"{_installer()} '{PROJECT}[{extra}]{f' @ {address}' if address else ''}'"


def _came_from() -> str:
    """Return the address that this copy was installed from; nothing for an index."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = json.loads(distribution(PROJECT).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    kind = found.get("vcs_info", {}).get("vcs")
    return f"{f'{kind}+' if kind else ''}{found.get('url', '')}"


def _installer() -> str:
    """Return the command that installs into the environment that runs."""
    import shutil
    from importlib.util import find_spec

    if find_spec("pip") is None:
        return f"uv pip install --python {sys.executable}"
    found = shutil.which("pip")
    here = found is not None and Path(found).parent == Path(sys.executable).parent
    return "pip install" if here else f"{sys.executable} -m pip install"
