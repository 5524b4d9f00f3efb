"""What the tests share: the shipped catalogs, a fixed day, and a question put in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))  # `strategies` is no package

from strategies import DAY, shipped_catalog

from tco.catalog.load import Catalog
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario

settings.register_profile("tco", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=2_000)  # --hypothesis-profile
settings.load_profile("tco")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that rewrites golden files; their diff is what a reviewer reads."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")


Asked = Callable[..., Question]


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fix the day, so that no answer depends on when the tests run."""
    monkeypatch.setattr("tco.ask.layers.today", lambda: DAY)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Return the shipped catalogs."""
    return shipped_catalog()


@pytest.fixture(scope="session")
def asked(catalog: Catalog) -> Asked:
    """Return a function from the fields of a request to the question, on a fixed day."""

    def ask(**fields: Any) -> Question:
        return prepare(catalog, Scenario(**fields), DAY)

    return ask
