"""What is missing can be installed with the command that is printed."""

from __future__ import annotations

import json
import shlex
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tco import errors
from tco.errors import install_command

ROOT = Path(__file__).resolve().parents[2]
WHEEL = "file:///w/llm_tco-1-py3-none-any.whl"
REPOSITORY = "https://example.org/llm-tco.git"


class Installed:
    """A distribution of which only its origin is known."""

    def __init__(self, origin: dict[str, Any] | None) -> None:
        self.origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self.origin is None else json.dumps(self.origin)


def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, origin: Any) -> str:
    """Return what is installed for `report`, where tco came from some place."""
    monkeypatch.setattr(errors, "__file__", str(tmp_path / "site-packages" / "tco" / "errors.py"))
    monkeypatch.setattr(metadata, "distribution", lambda _: Installed(origin))
    return shlex.split(install_command("report"))[-1]


def test_checkout_is_installed_in_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    assert install_command("report").endswith(" install -e '.[report]'")
    monkeypatch.chdir(tmp_path)
    assert install_command("report").endswith(f" install -e '{ROOT}[report]'")


@pytest.mark.parametrize(
    ("origin", "url"),
    [
        (None, None),
        ({"url": WHEEL, "archive_info": {}}, WHEEL),
        ({"url": "file:///src/tco", "dir_info": {}}, "file:///src/tco"),
        ({"url": REPOSITORY, "vcs_info": {"vcs": "git"}}, f"git+{REPOSITORY}"),
    ],
)
def test_others_come_from_where_they_came_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, origin: Any, url: str | None
) -> None:
    asked = Requirement(installed(monkeypatch, tmp_path, origin))
    assert (asked.name, asked.extras, asked.url) == ("llm-tco", {"report"}, url)


def test_not_installed_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unknown(name: str) -> Any:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(errors, "__file__", str(tmp_path / "a" / "tco" / "errors.py"))
    monkeypatch.setattr(metadata, "distribution", unknown)
    assert shlex.split(install_command("logs"))[-1] == "llm-tco[logs]"


def test_environment_without_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert install_command("mcp").startswith("uv pip install --python /")
