"""Requests counted in arrays are those that the database counts, whatever their spread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import made
import numpy as np
import pytest

pytest.importorskip("duckdb")
from tco.usage import counted
from tco.usage.logs import Logs
from tco.usage.read import Reading

LIMITS = {
    "whole": {},
    "in slices": {"MOST_ROWS": 500, "MOST_CELLS": 5_000_000},
    "ends outside": {"MARGIN_S": -20 * 86_400},
    "too sparse": {"MOST_CELLS": 1000},
}


def requests() -> dict[str, Any]:
    """Return requests with duplicates, one of them alone in its hour, and a very full second."""
    columns = made.spoilt(made.drawn(), ("duplicate", "negative"))
    alone = {k: v[:1].copy() for k, v in columns.items()}
    alone["start"], alone["end"] = alone["start"] + 40 * 86_400, alone["end"] + 40 * 86_400
    return {k: np.concatenate([v, alone[k]]) for k, v in columns.items()}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logs]:
    """Return the requests as they are read."""
    folder = tmp_path_factory.mktemp("counted")
    made.write(requests(), folder, "parquet")
    with Logs(Reading((str(folder),)), lambda _: None) as found:
        yield found


def held(store: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> bool:
    """Hold a query against its counts; return whether these were made at all."""
    asked: dict[str, int] = {}

    def numbers(self: Any, query: str) -> Any:
        asked["rows"] = asked.get("rows", 0) + ("each" in query or "place" in query)
        return real(self, query)

    real = type(store).numbers
    store.keep(without={"team"})
    with monkeypatch.context() as patch:
        patch.setattr(type(store), "numbers", numbers)
        ours = store.ask(name)
    monkeypatch.setattr("tco.usage.store.TIMED", {})
    theirs = store.ask(name)
    assert {k: v.dtype for k, v in ours.items()} == {k: v.dtype for k, v in theirs.items()}
    rows = [sorted(zip(*(v.tolist() for v in one.values()), strict=True)) for one in (ours, theirs)]
    assert rows[0] == rows[1]
    assert rows[0]
    return asked["rows"] > 0


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("name", counted.TIMED)
def test_counts_in_arrays_are_those_of_the_database(
    logs: Logs, monkeypatch: pytest.MonkeyPatch, name: str, limits: dict[str, int]
) -> None:
    for limit, value in limits.items():
        monkeypatch.setattr(counted, limit, value)
    made_ = held(logs.store, monkeypatch, name)
    assert made_ is (limits.get("MOST_CELLS") != 1000)


def test_more_requests_in_a_second_than_its_count_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.csv"
    row = "2026-11-20T10:00:0{},gpt-5,7,5\n"
    path.write_text("start,model,input,output\n" + row.format(0) * 70_000 + row.format(1) * 3)
    with Logs(Reading((str(path),)), lambda _: None) as found:
        assert isinstance(found.store, object)
        held(found.store, monkeypatch, "busiest")
        assert found.store.ask("busiest")["n"].tolist() == [70_000, 70_000]  # type: ignore[union-attr]
