"""The compiled copy of the catalogs: the same answer, never believed when it is not sound."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tco.catalog import load
from tco.catalog.fields import Record
from tco.catalog.files import File
from tco.catalog.load import Catalog, load_catalog

BASE = Path(__file__).parents[1] / "broken" / "base"
ROOT = Path(__file__).parents[2]


def loaded(*overlays: Path | str | File, cached: bool = True) -> Catalog:
    return fresh(overlays, data=BASE, cached=cached)


def fresh(*args: Any, **values: Any) -> Catalog:
    """Return the catalogs as a new process would."""
    load._read.cache_clear()
    return load_catalog(*args, **values)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache directory of the test's own."""
    monkeypatch.setenv("TCO_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def same(read_back: Any, record: Any) -> bool:
    """Return whether what was read back says what the record says, in every attribute."""
    if isinstance(record, Record):
        names = [*type(record).model_fields, *(n for n in ("id",) if hasattr(type(record), n))]
        return all(same(getattr(read_back, n), getattr(record, n)) for n in names)
    if isinstance(record, dict):
        return record.keys() == read_back.keys() and all(
            same(read_back[k], record[k]) for k in record
        )
    if isinstance(record, list | tuple):
        return len(record) == len(read_back) and all(map(same, read_back, record))
    return bool(read_back == record) and type(read_back) is type(record)


def alike(one: Catalog, other: Catalog) -> bool:
    roots = ("prices", "hardware", "models", "workloads", "assumptions")
    plain = ("version", "sha256", "overlays", "origins")
    return all(same(getattr(one, r), getattr(other, r)) for r in roots) and all(
        getattr(one, name) == getattr(other, name) for name in plain
    )


def test_the_compiled_copy_says_the_same_and_builds_nothing(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = loaded()
    assert len(list(kept.iterdir())) == 1
    monkeypatch.setattr("tco.catalog.build.built", None)
    assert alike(loaded(), first)


def test_the_compiled_copy_of_the_shipped_catalogs_says_what_they_say(kept: Path) -> None:
    first = fresh()
    assert alike(fresh(), first)
    assert alike(fresh(), fresh(cached=False))


def test_a_record_read_back_cannot_be_changed(kept: Path) -> None:
    loaded()
    offer = loaded().prices.offers[0]
    with pytest.raises(AttributeError):
        offer.model = "another"  # type: ignore[misc]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data.replace(b"2", b"1"),
        lambda data: b"\x00" * len(data),
    ],
)
def test_a_damaged_copy_is_not_believed(kept: Path, damage: Callable[[bytes], bytes]) -> None:
    first = loaded()
    (entry,) = kept.iterdir()
    sound = entry.read_bytes()
    entry.write_bytes(damage(sound))
    assert alike(loaded(), first)
    assert entry.read_bytes() == sound


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"kinds":{},"body":"[1,2]"}', b"null"])
def test_a_copy_of_another_shape_is_not_believed(kept: Path, body: bytes) -> None:
    first = loaded()
    (entry,) = kept.iterdir()
    entry.unlink()
    load.remember(entry.stem, body)
    assert alike(loaded(), first)


def test_the_copy_of_another_catalog_is_not_taken(kept: Path, tmp_path: Path) -> None:
    before = loaded()
    data = tmp_path / "data"
    shutil.copytree(BASE, data)
    prices = data / "prices.yaml"
    prices.write_text(prices.read_text("utf-8").replace("input: 0.5", "input: 0.4"), "utf-8")
    after = fresh(data=data)
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
    monkeypatch.setattr(load, "cache_directory", lambda: Path(place))
    assert alike(loaded(), loaded(cached=False))


def test_where_copies_are_kept_follows_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TCO_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert load.cache_directory() is None
    monkeypatch.setenv("HOME", "/home/ada")
    assert load.cache_directory() == Path("/home/ada/.cache/tco")
    monkeypatch.setenv("XDG_CACHE_HOME", "/tmp/xdg")
    assert load.cache_directory() == Path("/tmp/xdg/tco")
    monkeypatch.setenv("TCO_CACHE_DIR", "/tmp/mine")
    assert load.cache_directory() == Path("/tmp/mine")


def test_a_start_with_a_copy_imports_neither_yaml_nor_the_schemas(tmp_path: Path) -> None:
    code = (
        "import sys; from tco.catalog.load import load_catalog; load_catalog();"
        "print(sorted({'yaml', 'pydantic', 'tco.catalog.build'} & set(sys.modules)))"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TCO_CACHE_DIR": str(tmp_path)}
    said = [
        subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    assert "yaml" in said[0]
    assert said[1] == "[]\n"


@pytest.mark.skipif(sys.platform == "win32", reason="rights are not told by these bits there")
@pytest.mark.parametrize("where", ["entry", "folder", "of another"])
def test_a_copy_that_others_could_have_written_is_made_anew(
    kept: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    first = loaded()
    (entry,) = kept.iterdir()
    body = entry.read_bytes().partition(b"\n")[2].replace(b"Acme", b"Evil")
    entry.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    assert not alike(loaded(), first)  # one's own is believed
    if where == "of another":
        monkeypatch.setattr(os, "geteuid", lambda: entry.stat().st_uid + 1)
    else:
        (entry if where == "entry" else kept).chmod(0o777)
    assert alike(loaded(), first)


def test_nothing_but_entries_is_removed_from_the_folder(kept: Path) -> None:
    kept.mkdir()
    for n in range(20):
        (kept / f"notes-{n}.json").write_text("mine")
    for n in range(12):
        load.remember(f"{n:040x}", b"x")
    assert len(list(kept.glob("notes-*.json"))) == 20
    assert len(list(kept.iterdir())) <= 28
