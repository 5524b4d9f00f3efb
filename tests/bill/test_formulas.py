"""The page of formulas is in step with the code and with the defaults."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("formulas", DOCS / "formulas.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_code_says(request: pytest.FixtureRequest) -> None:
    made = generator().page()
    page = DOCS / "formulas.md"
    if request.config.getoption("--update-golden"):
        page.write_text(made, encoding="utf-8")
    assert page.read_text(encoding="utf-8") == made, "run python docs/formulas.py"


def test_every_default_is_on_the_page(catalog: Any) -> None:
    text = (DOCS / "formulas.md").read_text(encoding="utf-8")
    for path in catalog.assumptions.assumptions:
        assert f"`{path}`" in text
