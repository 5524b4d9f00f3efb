"""Prints the oldest version of everything that `pyproject.toml` lets in, for `pip install -c`.

python .ci/oldest.py test > oldest.txt        # of the dependencies, and of the extra `test`
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LEAST = re.compile(r"^(?P<name>[\w.-]+).*?>=(?P<version>[\w.]+)")


def main() -> None:
    """Print a pin for each requirement; what it needs itself is as new as it likes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"]]
    for extra in sys.argv[1:]:
        asked += project["optional-dependencies"][extra]
    for text in asked:
        found = LEAST.match(text)
        if found is None:
            raise SystemExit(f"{text}: has no lower bound")
        print(f"{found['name']}=={found['version']}")


if __name__ == "__main__":
    main()
