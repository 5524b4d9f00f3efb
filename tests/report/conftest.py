"""Reports of the small catalog, made once, and a real browser to look at them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from running import load_small, run

if TYPE_CHECKING:
    from reported import Made


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command read the small catalog."""
    monkeypatch.setattr("tco.catalog.load.load_catalog", load_small)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return a function from a command to its report, made once."""
    folder = tmp_path_factory.mktemp("reports")
    known: dict[tuple[str, ...], Path] = {}

    def make(*command: str) -> Path:
        if command not in known:
            path = folder / f"{len(known)}.html"
            result = run(*command, "-q", "--export", f"html={path}")
            assert result.exit_code == 0, result.output
            known[command] = path
        return known[command]

    return make


def _found(*names: str) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a headless Chromium that tells what it asked for and what went wrong."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = (
        _found("chromium", "chromium-browser", "google-chrome"),
        _found("chromedriver"),
    )
    if chromium is None or driver is None:
        pytest.skip("no chromium with chromedriver on this machine: the page was not looked at")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        *("headless=new", "no-sandbox", "disable-gpu", "no-first-run", "disable-dev-shm-usage"),
        *("disable-background-networking", "disable-component-update", "disable-sync"),
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    opened = webdriver.Chrome(options=options, service=service)
    yield opened
    opened.quit()
