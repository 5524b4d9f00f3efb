"""Reading YAML: plain values with their lines, and none of its traps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tco.catalog.build import as_json, read_record
from tco.catalog.hardware import Seller
from tco.catalog.yaml_lines import load_yaml, read_yaml
from tco.errors import DataError


def test_a_million_brackets_do_not_exhaust_the_stack() -> None:
    document = read_yaml(b"a: " + b"[" * 1_000_000, "deep.yaml")
    (complaint,) = document.complaints
    assert (complaint.path, complaint.line) == ("deep.yaml", 1)
    assert complaint.message == "nested deeper than 50 levels"


def test_a_file_full_of_mistakes_stops_at_a_thousand() -> None:
    document = read_yaml(b"a: 1\n" * 5000, "twice.yaml")
    assert len(document.complaints) == 1001
    assert document.complaints[-1].message == "too many mistakes to go on"


@given(
    data=st.binary(max_size=60)
    | st.text("ab:-[]{}&*!|>'\"#\n\t %?,.0", max_size=40).map(str.encode)
)
@settings(max_examples=500)
def test_any_bytes_are_a_document_or_complaints_with_lines(data: bytes) -> None:
    document = read_yaml(data, "any.yaml")
    assert document.value or document.complaints or data.strip()
    for complaint in document.complaints:
        assert 1 <= complaint.line <= data.count(b"\n") + data.count(b"\r") + 2
        assert str(complaint).isprintable()


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz019_-", min_size=1, max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=st.dictionaries(st.text("abcxyz", min_size=1, max_size=6), PLAIN, max_size=4))
@settings(max_examples=300)
def test_plain_values_come_back_as_they_were_written(value: dict[str, object]) -> None:
    # JSON is YAML, so its writer is an oracle that shares nothing with our reader
    document = read_yaml(json.dumps(value, ensure_ascii=False).encode(), "any.yaml")
    if not document.complaints:
        assert document.value == value
        assert json.loads(as_json(document)) == value


@pytest.mark.parametrize(
    "text", ["0123", "-0123", "0x1F", "0o17", "0b101", ".inf", "-.Inf", ".NaN"]
)
def test_a_scalar_that_tools_read_differently_is_refused(text: str) -> None:
    with pytest.raises(DataError, match=r"^a\.yaml:1: a: "):
        load_yaml(f"a: {text}\n".encode(), "a.yaml")


def test_the_line_of_every_part_is_known() -> None:
    text = b"# first\na:\n  b: 1\n  c:\n    - x\n    - y: 2\n      z: >-\n        long\n\nd: 3\n"
    document = load_yaml(text, "a.yaml")
    lines = {
        (): 2, ("a",): 2, ("a", "b"): 3, ("a", "c"): 4, ("a", "c", 0): 5, ("a", "c", 1): 6,
        ("a", "c", 1, "z"): 7, ("d",): 10, ("a", "c", 9): 4, ("a", "b", "none"): 3,
    }  # fmt: skip
    assert {loc: document.line(loc) for loc in lines} == lines


def test_windows_line_ends_and_a_byte_order_mark_are_no_mistake() -> None:
    assert load_yaml(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "a.yaml").value == {"a": 1, "b": 2}


def test_a_users_file_is_read_as_a_record_of_any_schema(tmp_path: Path) -> None:
    path = tmp_path / "seller.yaml"
    path.write_text("name: Lambda\nkind: neocloud\n", "utf-8")
    record, document = read_record(path, Seller)
    assert record.name == "Lambda"
    assert document.line(("kind",)) == 2
    path.write_text("name: Lambda\nkind: cloudy\n", "utf-8")
    with pytest.raises(DataError, match=r":2: kind: expected one of hyperscaler, neocloud"):
        read_record(path, Seller)


def test_a_file_of_too_many_values_is_not_read_to_its_end() -> None:
    document = read_yaml(b"a: [" + b"1," * 600_000 + b"1]", "many.yaml")
    assert [str(c) for c in document.complaints] == ["many.yaml:1: a: more than 500,000 values"]
