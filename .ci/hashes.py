"""Writes what `pip install --require-hashes` reads: each package that is installed, and its digest.

    python .ci/hashes.py > hashes.txt
    pip install --require-hashes -r hashes.txt && pip install --no-deps llm-tco

`pip` says which files it would install of what `pyproject.toml` asks for and `constraints.txt`
pins: those of this Python and this machine. Extras are named after it: `.ci/hashes.py mcp logs`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def installed(extras: list[str]) -> dict[str, str]:
    """Return the digest of every file that pip would install, by name and version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"]]
    for extra in extras:
        asked += project["optional-dependencies"][extra]
    pip = [sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed"]
    pip += ["-c", str(ROOT / "constraints.txt"), "--report", "-", *asked]
    said = subprocess.run(pip, capture_output=True, text=True, check=False)
    if said.returncode:
        raise SystemExit(f"pip found no files to install: {said.stderr.strip()}")
    found = {}
    for one in json.loads(said.stdout)["install"]:
        about = one["metadata"]
        digest = one["download_info"]["archive_info"]["hashes"]["sha256"]
        found[f"{about['name'].lower().replace('_', '-')}=={about['version']}"] = digest
    return dict(sorted(found.items()))


def main() -> None:
    """Print a line for each."""
    for name, digest in installed(sys.argv[1:]).items():
        print(f"{name} --hash=sha256:{digest}")


if __name__ == "__main__":
    main()
