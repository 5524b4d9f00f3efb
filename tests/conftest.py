"""What the tests share: the shipped catalogs, a fixed day, and a question put in one line."""

from __future__ import annotations

import gc
import ipaddress
import socket
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

gc.set_threshold(100_000)  # as the entry point has it
settings.register_profile("tco", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=2_000)  # --hypothesis-profile
settings.load_profile("tco")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that rewrites golden files; their diff is what a reviewer reads."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")


VERSIONS = (
    *("tests/unit/test_", "tests/unit/engine/", "tests/unit/render/", "tests/unit/cli/test_output"),
    *("tests/golden/test_screens.py", "tests/test_readme.py::test_a_block_shows_what_its_command"),
)
"""What runs with the oldest and the newest versions, too: a minute of each part of the product."""

WORDED = ("test_screens.py::test_screen[help", "tests/unit/render/test_schemas.py")
"""Not those: each version of typer words help, each of pydantic schemas, in a way of its own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs with other versions; of the pages that is the README alone."""
    for item in items:
        of_docs = "test_readme" in item.nodeid and "[README.md" not in item.nodeid
        worded = any(name in item.nodeid for name in WORDED)
        if item.nodeid.startswith(VERSIONS) and not of_docs and not worded:
            item.add_marker("versions")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the claims in one process, which asks them all once for every test of them."""
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "claims" if nodeid.startswith("tests/claims/") else nodeid

    return Together(config, log)


Asked = Callable[..., Question]


@pytest.fixture(autouse=True)
def unplugged(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody connect, send or look a name up; a test marked `loopback` may, on this machine."""
    local = request.node.get_closest_marker("loopback") is not None

    def guarded(name: str, usual: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if not local or not any(_here(arg) for arg in args):
                raise AssertionError(f"somebody wants to go out: {name} {args[-1]}")
            return usual(*args, **more)

        return call

    for name in ("connect", "connect_ex", "sendto"):
        usual = getattr(socket.socket, name)
        monkeypatch.setattr(socket.socket, name, guarded(name, usual))
    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, guarded(name, getattr(socket, name)))


def _here(address: object) -> bool:
    """Return whether an address is one of this machine."""
    host = address[0] if isinstance(address, tuple) and address else address
    try:
        return host == "localhost" or ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


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
