"""Each formula and answer on inputs made by hand gives what it gave: `figures.json` has it.

`pytest tests/figures --update-golden` rewrites the file; a changed figure is said in the commit.
"""

import json
from pathlib import Path

import pytest

from .cases import Figures, differs, flat
from .every import EVERY

FILE = Path(__file__).parent / "figures.json"


@pytest.fixture(scope="module")
def known(request: pytest.FixtureRequest) -> Figures:
    """Return the figures of the file, made anew first if asked to."""
    if request.config.getoption("--update-golden"):
        made = {name: list(flat(make())) for name, make in EVERY.items()}
        rows = (f"{json.dumps(name)}: {json.dumps(made[name])}" for name in made)
        FILE.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    loaded: Figures = json.loads(FILE.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("name", EVERY)
def test_figures(name: str, known: Figures) -> None:
    assert differs(list(flat(EVERY[name]())), known[name]) is None


def test_no_figure_is_left_over(known: Figures) -> None:
    assert known.keys() == EVERY.keys()
