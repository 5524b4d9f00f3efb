"""The command line on a small catalog."""

from __future__ import annotations

import pytest
from running import load_small


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command read the small catalog."""
    monkeypatch.setattr("tco.catalog.load.load_catalog", load_small)
