"""A profile file as usage: so that a bill can be made of it, exact because no tier splits a bin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tco.catalog.usage_profile import UsageModel, UsageProfile, read_usage_profile
from tco.errors import UsageError
from tco.usage.aggregates import Arrays, cells_of
from tco.usage.matching import Matched
from tco.usage.rows import WRITES, LeftOutTally, UsageRow
from tco.usage.traffic import TimeSpan

HEAD_BYTES = 400


def is_profile(path: str) -> bool:
    """Return whether a file is a profile that `tco profile` wrote."""
    if not path.endswith((".yaml", ".yml")) or not Path(path).is_file():
        return False
    with Path(path).open("rb") as stream:
        return b"kind: usage-profile" in stream.read(HEAD_BYTES)


def cells_of_profile(profile: UsageProfile) -> tuple[Arrays, dict[tuple[str, str], Matched]]:
    """Return the sums of a profile by model, tier and bin of length, and what its models are."""
    rows: list[UsageRow] = []
    matches: dict[tuple[str, str], Matched] = {}
    for name, part in profile.models.items():
        matches["", name] = Matched(part.offer or "", "as the profile says")
        rows += list(_bins(name, part)) or [_sums(name, part)]
    cells = cells_of(rows)
    return {**cells, "t": np.full(len(cells["t"]), -1)}, matches


def _bins(name: str, part: UsageModel) -> list[UsageRow]:
    at = {column: i for i, column in enumerate(part.columns)}

    def value(row: list[int], column: str, empty: Any = 0) -> Any:
        return row[at[column]] if column in at else empty

    return [
        UsageRow(
            model=name,
            service=service.partition("@")[0],
            region=service.partition("@")[2],
            requests=value(row, "requests"),
            input=value(row, "input"),
            read=value(row, "read"),
            output=value(row, "output"),
            reasoning=value(row, "reasoning", None),
            **{kind: value(row, kind) for kind in WRITES},
        )
        for service, some in part.inputs.items()
        for row in some
    ]


def _sums(name: str, part: UsageModel) -> UsageRow:
    """Return the sums of a model whose lengths nobody knows."""
    tokens = part.tokens
    written: dict[str, Any] = {kind: tokens.get(kind, 0) for kind in WRITES}
    unsplit = tokens.get("input_with_read")
    read = None if unsplit is not None and "read" not in tokens else tokens.get("read", 0)
    taken = tokens.get("input", 0) + (unsplit or 0) + (read or 0) + sum(written.values())
    return UsageRow(
        model=name,
        requests=part.requests,
        bucket_s=1,
        input=taken,
        read=read,
        output=tokens.get("output", 0),
        reasoning=tokens.get("reasoning"),
        **written,
    )


class Recorded:
    """A profile file in place of logs: what `tco.usage.logs.Logs` offers, as far as it is known."""

    store = None

    def __init__(self, path: str) -> None:
        """Read the file.

        Raises:
            DataError: It is wrong; the text begins `file:line:`.
        """
        self.tally = LeftOutTally()
        self.profile = read_usage_profile(path)
        self.formats = {"profile": 1}
        self.files_left_out: tuple[str, ...] = ()
        head = self.profile.from_
        self.tally.left.update(head.left_out)
        if head.incomplete:
            self.tally.part(f"the logs of {path} were")

    def __enter__(self) -> Recorded:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: nothing was taken."""

    def matches(self) -> dict[tuple[str, str], Matched]:
        """Return what its models were taken for."""
        return cells_of_profile(self.profile)[1]

    def cells(self, *, by: Sequence[str] = (), **_: object) -> Arrays:
        """Return its sums.

        Raises:
            UsageError: They are asked for by what a profile does not keep.
        """
        if by:
            raise UsageError(f"a profile keeps no {by[0]}: give the logs for a bill by it")
        return cells_of_profile(self.profile)[0]

    def span(self, _: Arrays, hours: object = None) -> TimeSpan:
        """Return the time that its logs covered."""
        return TimeSpan(None, None, self.profile.all.observed_hours or 0.0)

    def part(self, _: Arrays) -> UsageModel:
        """Return the traffic of all models together."""
        return self.profile.all
