"""The wheel carries the data, and the command works from it wherever it is started."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
DATA = (
    "assumptions.yaml",
    "claims.yaml",
    "hardware.yaml",
    "models.yaml",
    "prices.yaml",
    "throughput.csv",
    "workloads.yaml",
)


def test_everything_that_is_installed_by_name_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {canonicalize_name(line.split("==")[0]) for line in lines if "==" in line}
    assert {canonicalize_name(Requirement(text).name) for text in asked} <= pins


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (made,) = out.glob("*.whl")
    return made


def run(where: Path, code: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(code), "TCO_CACHE_DIR": str(where / "cache")}
    return subprocess.run(
        [sys.executable, "-m", "tco", *arguments],
        cwd=where,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_wheel_holds_every_data_file_as_it_stands_in_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in DATA:
            assert archive.read(f"tco/_data/{name}") == (ROOT / "data" / name).read_bytes()
        names = set(archive.namelist())
    assert "tco/py.typed" in names
    page = {
        p.name for p in (ROOT / "src/tco/render/report").iterdir() if p.suffix not in (".py", "")
    }
    assert {f"tco/render/report/{name}" for name in page} <= names and len(page) >= 3


@pytest.mark.parametrize("route", ["unpacked", "zipped"])
def test_compare_runs_from_the_wheel_in_another_folder(
    wheel: Path, tmp_path: Path, route: str
) -> None:
    code = wheel
    if route == "unpacked":
        code = tmp_path / "site"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(code)
    made = run(tmp_path, code, "compare", "--tokens", "50B", "--as-of", "2026-11-21")
    assert made.returncode == 0, made.stderr
    assert "self/" in made.stdout


def test_the_wheel_holds_the_compiled_catalogs_and_believes_them_where_they_fit(
    wheel: Path, tmp_path: Path
) -> None:
    code = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(code)
    ask = ("compare", "--tokens", "50B", "--model", "gpt-4.1", "--as-of", "2026-11-21")
    first = run(tmp_path, code, *ask)
    assert first.returncode == 0, first.stderr
    assert not (tmp_path / "cache").exists(), "nothing had to be compiled"

    copy = code / "tco" / "_data" / "catalog.json"
    digest, _, body = copy.read_bytes().partition(b"\n")
    copy.write_bytes(b"0" * len(digest) + b"\n" + body)
    again = run(tmp_path, code, *ask)
    assert again.stdout == first.stdout
    assert (tmp_path / "cache").exists(), "a copy of other data files is not believed"
