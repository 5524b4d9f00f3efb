"""The page of formulas has every default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def test_every_default_is_on_the_page(catalog: Any) -> None:
    text = (DOCS / "formulas.md").read_text(encoding="utf-8")
    for path in catalog.assumptions.assumptions:
        assert f"`{path}`" in text
