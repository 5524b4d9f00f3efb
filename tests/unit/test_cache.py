"""The compiled copy of the catalogs: the same answer, never believed when it is not sound."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tco.catalog import cache, load
from tco.catalog.files import File
from tco.catalog.load import Catalog, load_catalog

BASE = Path(__file__).parents[1] / "broken" / "base"
ROOT = Path(__file__).parents[2]


def loaded(*overlays: Path | str | File, cached: bool = True) -> Catalog:
    return load_catalog(overlays, data=BASE, cached=cached)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache directory of the test's own."""
    monkeypatch.setenv("TCO_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_compiled_copy_says_the_same_and_reads_no_yaml(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = loaded()
    assert len(list(kept.iterdir())) == 1
    monkeypatch.setattr(load, "_parsed", None)
    assert loaded() == first


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data.replace(b'"input":2', b'"input":1'),
        lambda data: b"\x00" * len(data),
    ],
)
def test_a_damaged_copy_is_not_believed(kept: Path, damage: Callable[[bytes], bytes]) -> None:
    first = loaded()
    (entry,) = kept.iterdir()
    sound = entry.read_bytes()
    entry.write_bytes(damage(sound))
    assert loaded() == first
    assert entry.read_bytes() == sound


def test_a_forged_copy_must_still_pass_the_schema(kept: Path) -> None:
    first = loaded()
    (entry,) = kept.iterdir()
    body = entry.read_bytes().partition(b"\n")[2].replace(b'"input":2', b'"input":-2')
    entry.unlink()
    cache.remember(entry.stem, body.split(b"\n"))
    assert loaded() == first


def test_the_copy_of_another_catalog_is_not_taken(kept: Path, tmp_path: Path) -> None:
    before = loaded()
    data = tmp_path / "data"
    shutil.copytree(BASE, data)
    prices = data / "prices.yaml"
    prices.write_text(prices.read_text("utf-8").replace("input: 0.5", "input: 0.4"), "utf-8")
    after = load_catalog(data=data)
    assert after.offers["hostly/llama-x-70b"] != before.offers["hostly/llama-x-70b"]
    assert after.sha256 != before.sha256
    assert len(list(kept.iterdir())) == 2


def test_few_copies_are_kept(kept: Path) -> None:
    for i in range(12):
        loaded(File("a.yaml", b"version: edition %d" % i))
    assert len(list(kept.iterdir())) == 8


@pytest.mark.parametrize("place", ["/dev/null/none", "/proc/none", "nul\0", "~nobody"])
def test_a_place_that_cannot_be_written_is_skipped(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cache, "directory", lambda: Path(place))
    assert loaded() == loaded()


def test_where_copies_are_kept_follows_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TCO_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache.directory() is None
    monkeypatch.setenv("HOME", "/home/ada")
    assert cache.directory() == Path("/home/ada/.cache/tco")
    monkeypatch.setenv("XDG_CACHE_HOME", "/tmp/xdg")
    assert cache.directory() == Path("/tmp/xdg/tco")
    monkeypatch.setenv("TCO_CACHE_DIR", "/tmp/mine")
    assert cache.directory() == Path("/tmp/mine")


def test_a_start_with_a_copy_imports_neither_yaml_nor_what_reads_it(tmp_path: Path) -> None:
    code = (
        "import sys; from tco.catalog.load import load_catalog; load_catalog();"
        "print(sorted({'yaml', 'tco.catalog.examine', 'tco.catalog.coherence'} & set(sys.modules)))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TCO_CACHE_DIR": str(tmp_path)}
    said = [
        subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert "yaml" in said[0]
    assert said[1] == "[]\n"
