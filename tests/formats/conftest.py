"""Every test here asks the small catalog, which changes only when a test needs it."""

from __future__ import annotations

import pytest
from running import load_small, small_file

from tco.catalog import editions


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command read the small catalog."""
    monkeypatch.setattr("tco.catalog.load.load_catalog", load_small)
    monkeypatch.setattr(editions, "load_catalog", load_small)
    monkeypatch.setattr(editions, "shipped_file", small_file)
