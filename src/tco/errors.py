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
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


class TcoError(Exception):
    """The root of every error that a user can cause; its text is one line meant for them.

    What a command line says besides, in its own words, is `command`.
    """

    exit_code = 1
    command = ""

    @property
    def typed(self) -> str:
        """Return the text for whoever types commands, with the one that shows more."""
        text = str(self)
        return (
            f"{text}{' ' if text.endswith('?') else '; '}{self.command}" if self.command else text
        )


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


LISTS = {
    "model": "tco catalog list --models",
    "GPU": "tco catalog list --gpus",
    "provider": "tco catalog list --providers",
    "seller": "tco catalog list --sellers",
    "GPU seller": "tco catalog list --sellers",
    "traffic profile": "tco catalog list --profiles",
    "offer": "tco catalog list",
    "option": "tco catalog list",
    "claim": "tco claims",
}
"""The command that lists all names of a kind."""

FEW = 12
"""So many names are told whole."""

ALSO_CALLED = {
    "tier": {
        **dict.fromkeys(("closed", "proprietary", "commercial"), "api"),
        **dict.fromkeys(("open", "open-weights", "host"), "hosted"),
        **dict.fromkeys(("own", "self-host", "self-hosted", "selfhosted", "on-prem"), "self"),
    },
    "licence": {
        **dict.fromkeys(("mit", "apache", "apache-2.0", "bsd"), "permissive"),
        **dict.fromkeys(("closed", "commercial"), "proprietary"),
    },
    "purchase option": {
        **dict.fromkeys(("buy", "bought", "purchase", "capex"), "own"),
        **dict.fromkeys(("1y", "1yr", "1-year", "yearly", "reserved", "committed"), "reserved_1y"),
        **dict.fromkeys(("3y", "3yr", "3-years"), "reserved_3y"),
    },
    "class": {
        **dict.fromkeys(("big", "large", "frontier", "best"), "flagship"),
        **dict.fromkeys(("medium", "middle"), "mid"),
        **dict.fromkeys(("cheap", "mini", "tiny"), "small"),
    },
    "region": {"europe": "eu", "usa": "us", "america": "us", "asia": "apac", "japan": "jp"},
    "precision": {
        "4bit": "int4",
        "4-bit": "int4",
        "8bit": "int8",
        "8-bit": "int8",
        "16bit": "bf16",
    },
    "line of a bill": {
        **dict.fromkeys(("staff", "engineers", "salary", "salaries"), "people"),
        **dict.fromkeys(("energy", "electricity"), "power"),
    },
    "traffic profile": {
        **dict.fromkeys(("support", "assistant", "chatbot", "conversation"), "chat"),
        **dict.fromkeys(("default", "mixed"), "general"),
        **dict.fromkeys(("agent", "agents", "coding", "code-agent"), "agent-coding"),
        **dict.fromkeys(("completion", "copilot", "autocomplete"), "code-complete"),
        **dict.fromkeys(("documents", "search", "retrieval", "summarize"), "rag"),
        **dict.fromkeys(("thinking", "math"), "reasoning"),
        **dict.fromkeys(("classification", "extraction", "labels"), "classify"),
    },
}
"""What others call things that have another name here, by kind."""


def unknown_name(
    kind: str, name: str, known: Iterable[str], *, where: str = ""
) -> UnknownNameError:
    """Return the error for a misspelt name, with what may have been meant and how to list all.

    Args:
        kind: What the name is of.
        known: All names, those that are rather meant first.
        where: How the message begins.
    """
    names = [*known] if isinstance(known, Sequence | Mapping) else sorted(known)
    also = ALSO_CALLED.get(kind, {}).get(name.strip().lower().replace("_", "-").replace(" ", "-"))
    near = [also] if also is not None and also in names else nearest(name, names)
    parts = [f"did you mean {', '.join(near)}?"] if near else []
    if len(names) <= FEW:
        parts.append(f"there are {', '.join(names)}")
    hint = f"; {'; '.join(parts)}".replace("?; ", "? ") if parts else ""
    error = UnknownNameError(f"{where}no {kind} called {printable(name)!r}{hint}")
    if kind in LISTS:
        error.command = f"{LISTS[kind]} has all {len(names)}"
    return error


_RUNS = re.compile(r"[a-z]+|[0-9]+(?:\.[0-9]+)*")
_LOOKS = str.maketrans("oil", "011")
"""Letters that are typed for digits, or digits for them."""
_LIKE, _LESS = 0.6, 0.2
"""Share of the characters from which on a name is like another one, and by how much less than the
most like one."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return up to `count` of `known` that may have been meant, best first; none that are far.

    Those that say the same in other punctuation, if there are any; else those that say all of it
    and more, in the order of `known`; those that look like it; those that are a part of it.

    >>> nearest("gpt4", ["gpt-5", "gpt-4o", "gpt-4"]), nearest("foo", ["o3", "gpt-4o"])
    (['gpt-4'], [])
    >>> nearest("gpt-4", ["gpt-5", "gpt-4o"])
    ['gpt-4o', 'gpt-5']
    """
    folded = name[:200].lower()
    some = known if isinstance(known, Sequence | Mapping) else sorted(known)
    names = {k.lower(): k for k in some}
    said = set(_RUNS.findall(folded))
    runs = {n: set(_RUNS.findall(n)) for n in names}
    same = [n for n in names if said and runs[n] == said]
    more = [n for n in names if said and all(_in(run, runs[n]) for run in said)]
    close = _close(folded, list(names), count)
    seen = folded.translate(_LOOKS)
    inside = sorted((n for n in names if len(seen) > 1 and seen in n.translate(_LOOKS)), key=len)
    part = [n for n in names if len(runs[n]) > 1 and len(n) > 3 and runs[n] <= said]
    part.sort(key=lambda n: -len(n))
    found = dict.fromkeys(same or (*more, *close, *inside, *part))
    return [names[n] for n in found][:count]


def _close(name: str, names: list[str], count: int) -> list[str]:
    """Return the names that look like one, best first; none that are much less like than that."""
    found = difflib.get_close_matches(name, names, n=count, cutoff=_LIKE)
    likeness = [difflib.SequenceMatcher(None, name, one).ratio() for one in found]
    return [one for one, like in zip(found, likeness, strict=True) if like > likeness[0] - _LESS]


def suggestion(name: str, known: Iterable[str], count: int = 3) -> str:
    """Return the end of a message that says what may have been meant; nothing where that is far."""
    near = nearest(name, known, count)
    return f"; did you mean {', '.join(near)}?" if near else ""


def _in(run: str, others: set[str]) -> bool:
    """Return whether a run of letters or digits is among others; `3` is in `3.3`."""
    return run in others or (run.isdigit() and any(o.startswith(f"{run}.") for o in others))


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
