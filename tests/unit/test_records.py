"""Records behave as frozen dataclasses of the library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any, ClassVar

import pytest

from tco import records


def _kinds(made: Any) -> tuple[Any, Any]:
    @made(frozen=True, slots=True)
    class Point:
        x: float
        y: float = 2.0
        kind: ClassVar[str] = "point"

        @property
        def far(self) -> float:
            return self.x + self.y

    @made(frozen=True, kw_only=True)
    class Named(Point):
        name: str
        more: Mapping[str, int] = field(default_factory=dict)

    return Point, Named


OURS, THEIRS = _kinds(records.dataclass), _kinds(dataclass)


@pytest.mark.parametrize("kinds", [OURS, THEIRS], ids=["ours", "theirs"])
def test_a_record_is_made_compared_and_told_alike(kinds: tuple[Any, Any]) -> None:
    point, named = kinds
    assert point(1.0).far == 3.0
    assert point(1.0) == point(1.0, 2.0) != point(1.0, 3.0)
    assert point(1.0) != named(x=1.0, name="a")
    assert hash(point(1.0)) == hash(point(x=1.0))
    assert repr(point(1.0)).endswith("Point(x=1.0, y=2.0)")
    one = named(1.0, name="a")
    assert one.more == {}
    assert one.more is not named(1.0, name="a").more
    assert [f.name for f in dataclasses.fields(named)] == ["x", "y", "name", "more"]
    assert dataclasses.replace(one, y=5.0) == named(1.0, 5.0, name="a")
    assert dataclasses.asdict(one) == {"x": 1.0, "y": 2.0, "name": "a", "more": {}}


@pytest.mark.parametrize("kinds", [OURS, THEIRS], ids=["ours", "theirs"])
def test_a_record_never_changes(kinds: tuple[Any, Any]) -> None:
    one = kinds[0](1.0)
    with pytest.raises(FrozenInstanceError):
        one.x = 2.0
    with pytest.raises(FrozenInstanceError):
        del one.x


@pytest.mark.parametrize("kinds", [OURS, THEIRS], ids=["ours", "theirs"])
def test_a_wrong_call_is_refused(kinds: tuple[Any, Any]) -> None:
    point, named = kinds
    for call in (
        lambda: point(),
        lambda: point(1.0, z=1.0),
        lambda: named(1.0, 2.0, "a"),
        lambda: point(1.0, x=2.0),
    ):
        with pytest.raises(TypeError):
            call()


@records.dataclass(frozen=True, slots=True)
class Kept:
    """A record that can be found by its name."""

    x: float
    y: tuple[int, ...] = ()


def test_a_record_is_copied_and_stored() -> None:
    one = Kept(1.0, (1, 2))
    assert copy.deepcopy(one) == one == copy.copy(one)
    assert pickle.loads(pickle.dumps(one)) == one


def test_pydantic_reads_a_record() -> None:
    pydantic = pytest.importorskip("pydantic")
    read = pydantic.TypeAdapter(Kept)
    assert read.validate_python({"x": 1, "y": [1]}) == Kept(1.0, (1,))
    assert read.json_schema()["required"] == ["x"]
