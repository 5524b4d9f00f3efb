"""Loading catalogs: what is refused in which words, and overlays."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tco.catalog.build import SCHEMAS, Overlay
from tco.catalog.check import reading
from tco.catalog.files import SHIPPED, File, shipped, shipped_file, user_file
from tco.catalog.load import Catalog, load_catalog
from tco.catalog.yaml_lines import Complaint, load_yaml
from tco.errors import DataError, UnknownNameError

BROKEN = Path(__file__).parents[1] / "broken"
BASE = BROKEN / "base"
ROOT = Path(__file__).parents[2]
CASES = sorted(path.stem for path in BROKEN.glob("*.yaml"))


def loaded(*overlays: Path | str | File, cached: bool = False) -> Catalog:
    return load_catalog(overlays, data=BASE, cached=cached)


def refusal(*overlays: Path | str) -> str:
    with pytest.raises(DataError) as error:
        loaded(*overlays)
    assert error.value.exit_code == 3
    return str(error.value)


def complaints(*overlays: File) -> list[Complaint]:
    """Return all that is wrong with overlays, as `tco catalog check` reads them."""
    read = reading.read(overlays, [Overlay] * len(overlays), loaded())
    return [complaint for *_, wrong in read for _, complaint in wrong]


@pytest.mark.parametrize("case", CASES)
def test_a_broken_catalog_is_refused_with_its_line(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BROKEN)
    assert refusal(f"{case}.yaml") == (BROKEN / f"{case}.txt").read_text("utf-8").rstrip("\n")


@pytest.mark.parametrize("case", CASES)
def test_what_load_refuses_is_among_all_complaints(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(BROKEN)
    found = [str(c) for c in complaints(user_file(f"{case}.yaml"))]
    assert found[0] == refusal(f"{case}.yaml")
    assert all(line.isprintable() and len(line) < 500 for line in found)


def test_all_complaints_come_in_one_run() -> None:
    text = (
        b"providers:\n"
        b"  newco: {name: Newco, kind: hosts}\n"
        b"  newer: {nam: Newer, kind: host}\n"
        b"sellers:\n"
        b"  rent: {name: 012, kind: neocloud}\n"
        b"rentals:\n"
        b"  - {seller: rentt, gpu: h100-sxm, option: spot, gpus: 0, rents: []}\n"
    )
    found = complaints(File("my.yaml", text))
    assert [(c.line, c.where) for c in found] == [
        (5, "sellers.rent.name"),
        (2, "providers.newco.kind"),
        (3, "providers.newer.name"),
        (3, "providers.newer.nam"),
        (7, "rentals.0.gpus"),
        (7, "rentals.0.rents"),
    ]


def test_one_broken_file_does_not_make_the_names_of_others_unknown() -> None:
    broken = File("a.yaml", b"providers: {newco: {name: Newco, kind: wrong}}")
    uses = File("b.yaml", b"offers: [{provider: newco, model: acme-small, gone: withdrawn}]")
    found = complaints(broken, uses)
    assert [c.path for c in found] == ["a.yaml"]


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    assert refusal(path) == f"{path}: no such file or directory"
    assert refusal(tmp_path) == f"{tmp_path}: is a directory"
    assert refusal("nul\0.yaml") == "nul?.yaml: not a path"


def test_a_sparse_file_of_200_mb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as stream:
        stream.truncate(200_000_000)
    assert refusal(path) == f"{path}:1: larger than 20 MB"


@pytest.mark.skipif(sys.platform == "win32", reason="no such device")
def test_an_endless_file_is_not_read_to_its_end() -> None:
    assert refusal("/dev/zero") == "/dev/zero:1: larger than 20 MB"


def test_a_key_of_a_million_characters_is_shown_cut(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text(f"providers:\n  {'x' * 1_000_000}: {{name: X, kind: host}}\n", "utf-8")
    line = refusal(path)
    assert line.startswith(f"{path}:")
    assert len(line) < 400


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-6", 1e-6),
        ("1_000_000", 1_000_000),
        (".5", 0.5),
        ("-3", -3),
        ("+2.0", 2.0),
        ("12:30", "12:30"),
        ("2026-11-21", "2026-11-21"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("~", None),
        ("", None),
        ("4.1.2", "4.1.2"),
        ("5m", "5m"),
        ("'007'", "007"),
        ('"1e3"', "1e3"),
        ("1e3", 1000.0),
        ("nan", "nan"),
    ],
)
def test_a_scalar_is_read_without_the_traps_of_old_yaml(text: str, value: object) -> None:
    read = load_yaml(f"on: {text}\n".encode(), "a.yaml").value["on"]
    assert read == value
    assert type(read) is type(value)


def test_an_overlay_adds_and_replaces_records_and_says_so() -> None:
    mine = File(
        "mine.yaml",
        b"sources: {contract: {title: Our contract, read: 2026-10-01}}\n"
        b"providers: {newco: {name: Newco, kind: host}}\n"
        b"offers:\n"
        b"  - {provider: newco, model: acme-small, gone: withdrawn}\n"
        b"  - provider: acme\n"
        b"    model: acme-large\n"
        b"    prices:\n"
        b"      - since: 2026-01-01\n"
        b"        checked: 2026-10-01\n"
        b"        usd_per_mtok: {input: 1.5, output: 6}\n"
        b"        evidence: [{source: contract}]\n",
    )
    plain, laid = loaded(), loaded(mine)
    assert list(laid.offers) == [*plain.offers, "newco/acme-small"]
    assert laid.offers["acme/acme-large"].prices[0].usd_per_mtok.input == 1.5
    assert laid.origin("offers", "acme/acme-large") == "mine.yaml"
    assert laid.origin("providers", "newco") == "mine.yaml"
    assert laid.origin("offers", "hostly/llama-x-70b") == "data/prices.yaml"
    assert laid.source("offers", "contract").title == "Our contract"
    assert laid.overlays == ("mine.yaml",)
    assert laid.sha256 != plain.sha256
    assert laid.version == plain.version == "2026-11-01"


def test_the_last_of_several_overlays_wins() -> None:
    one = File("one.yaml", b"sellers: {lambda: {name: One, kind: neocloud}}")
    two = File("two.yaml", b"sellers: {lambda: {name: Two, kind: neocloud}}")
    laid = loaded(one, two)
    assert laid.hardware.sellers["lambda"].name == "Two"
    assert laid.origin("sellers", "lambda") == "two.yaml"


def test_a_rental_is_replaced_by_what_it_rents_not_by_its_place() -> None:
    rent = b"{since: 2026-01-01, checked: 2026-10-01, usd_per_gpu_hour: 1.11, source: sheet}"
    mine = b"rentals: [{seller: lambda, gpu: h100-sxm, option: on_demand, gpus: %d, rents: [%s]}]"
    same = loaded(File("a.yaml", mine % (8, rent))).hardware.rentals
    other = loaded(File("a.yaml", mine % (1, rent))).hardware.rentals
    assert [r.rents[0].usd_per_gpu_hour for r in same] == [1.11]
    assert [r.gpus for r in other] == [8, 1]


def test_a_source_that_is_not_there_is_unknown() -> None:
    with pytest.raises(UnknownNameError, match="did you mean page"):
        loaded().source("offers", "pages")


def test_the_shipped_catalogs_are_sound() -> None:
    read = reading.read([*map(shipped_file, SHIPPED)], [*SCHEMAS.values()], None)
    assert [wrong for *_, wrong in read if wrong] == []


def test_the_shipped_files_of_a_checkout_are_those_at_its_root() -> None:
    assert shipped("prices.yaml") == ROOT / "data" / "prices.yaml"
    with pytest.raises(DataError, match=r"data/none\.yaml:1: not in this installation"):
        shipped("none.yaml")


@pytest.mark.parametrize("zipped", [False, True])
def test_the_shipped_files_are_found_in_an_installed_package(zipped: bool, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(ROOT / "src/tco", site / "tco", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(BASE, site / "tco/_data")
    place = site
    if zipped:
        place = tmp_path / "site.zip"
        with zipfile.ZipFile(place, "w") as archive:
            for path in site.rglob("*"):
                archive.write(path, path.relative_to(site))
        shutil.rmtree(site)
    code = "from tco.catalog.load import load_catalog; print(load_catalog().version)"
    env = {**os.environ, "PYTHONPATH": str(place), "TCO_CACHE_DIR": str(tmp_path / "cache")}
    for _ in range(2):
        said = subprocess.run(
            [sys.executable, "-c", code], env=env, cwd=tmp_path, capture_output=True, text=True
        )
        assert (said.stdout, said.stderr) == ("2026-11-01\n", "")


ODD = st.sampled_from([None, True, -1, 0.5, "x", "", [], [1], {}, {"a": 1}, "2026-13-01", 10**30])


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_whatever_stands_where_something_else_is_due_is_a_complaint(data: st.DataObject) -> None:
    # Any one value of a sound file is replaced: what comes is a catalog or an error in one line
    name = data.draw(st.sampled_from(sorted(SHIPPED)))
    root = load_yaml((BASE / name).read_bytes(), name).value
    parent, key = data.draw(st.sampled_from(list(places(root))))
    parent[key] = data.draw(ODD)
    overlay = File("odd.yaml", json.dumps(root, indent=1).encode())
    try:
        loaded(overlay)
    except DataError as error:
        assert str(error).startswith("odd.yaml:")
        assert str(error).isprintable()


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Return every container below `value`, with the key or index of each of its parts."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(parts):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def test_a_file_is_called_as_the_user_typed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("over.yaml").write_text("offers: 1\n", "utf-8")
    assert user_file("./over.yaml").path == "./over.yaml"
    assert refusal("./over.yaml") == "./over.yaml:1: offers: a list is expected, not 1"
