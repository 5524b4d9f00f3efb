"""Writes `docs/licences.md`: what is installed with the package, and under which licence.

python docs/licences.py     rewrites the page; a test holds it against what this would write
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib.metadata import metadata, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
HEAD = """# Licences

Written by `python docs/licences.py` from `pyproject.toml` and from what the installed packages say
of themselves; a test fails when this page differs. The code and the data of this project are under
the [MIT licence](../LICENSE). Nothing below is copied into the package: `pip` installs it beside.

`python .ci/hashes.py > hashes.txt` writes what is installed with the digest of each file, as
`constraints.txt` pins it, for the machine and the Python that it runs on; then
`pip install --require-hashes -r hashes.txt` installs exactly that, and
`pip install --no-deps llm-tco` the package.
"""
EXTRAS = ("solver", "mcp", "logs", "report")
WORDS = {"License :: OSI Approved :: ISC License (ISCL)": "ISC"}


def needed(asked: Iterable[str]) -> list[str]:
    """Return the names of what is installed for some requirements, theirs included."""
    found: dict[str, None] = {}
    left = [Requirement(text) for text in asked]
    while left:
        one = left.pop()
        name = canonicalize_name(one.name)
        if name in found or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        found[name] = None
        left += [Requirement(text) for text in requires(name) or ()]
    return sorted(found)


def licence(name: str) -> str:
    """Return what a package says of its licence, in the words of SPDX where it knows them."""
    said = metadata(name)
    if said.get("License-Expression"):
        return str(said["License-Expression"])
    short = str(said.get("License") or "")
    if short and "\n" not in short:
        return short.removesuffix(" License").removesuffix(" license")
    classes = [x for x in said.get_all("Classifier") or () if x.startswith("License")]
    return ", ".join(x.rpartition(" :: ")[2].removesuffix(" License") for x in classes)


def table(asked: Iterable[str]) -> list[str]:
    """Return the rows of a table of packages."""
    rows = ["| package | licence |", "|---|---|"]
    return [*rows, *(f"| {name} | {licence(name) or '**none stated**'} |" for name in asked)]


def page() -> str:
    """Return the page as it should be."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    always = needed(project["dependencies"])
    parts = [HEAD, "## Always\n", *table(always)]
    for extra in EXTRAS:
        more = [x for x in needed(project["optional-dependencies"][extra]) if x not in always]
        parts += [f"\n## With `llm-tco[{extra}]`\n", *table(more)]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "licences.md").write_text(page(), encoding="utf-8")
