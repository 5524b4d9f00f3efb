"""What measurements of other people, and one's own, do to predictions: the rule of `tco size`.

    python benchmarks/anchors.py

Every source of the table beside this file takes its turn as the user. First the others' rows are
the catalog's; then one row of the user's own, drawn at random for each model, GPU, precision,
layout and kind of server, is known as well. Errors are those of `tco size --validate`: the median
of |predicted / measured - 1| and the 90th percentile of |ln|, before and after, by tier, with the
10th and 90th percentile of measured / predicted that bands are made of. The constants were fitted
on these rows, which flatters "before" more than "after". Legacy software is left out.
"""

from __future__ import annotations

from dataclasses import fields

import capacity_table
import numpy as np
from numpy.typing import NDArray

from tco.engine.shapes import Layout, ServerProfile
from tco.options.measurements import TIERS, KnownMeasurements, Place, anchors, kin
from tco.options.shapes import MeasuredInputs, predict, taken

LAYOUT = ("tp", "pp", "weight_bytes", "compute_bits", "dp_attention", "layer_split")
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def column(inputs: MeasuredInputs, name: str) -> NDArray[np.generic]:
    """Return a column of the layout."""
    return np.asarray(getattr(inputs.layout, name))


class Table:
    """The rows, and everything that the rule needs to know of each."""

    def __init__(self) -> None:
        """Read the table and predict every row."""
        table = capacity_table.load()
        self.inputs = table.inputs
        self.batch = table.cases.batch[table.cases.first]
        self.ratio: Floats = self.inputs.measured / predict(table.cases)
        every = range(self.ratio.size)
        shapes = [taken(self.inputs.model, i) for i in every]
        self.kin = [kin(shape) for shape in shapes]
        self.gpu = [row["gpu"] for row in table.rows]
        self.source = np.array([row["source"] for row in table.rows])
        self.models = {name: i for i, name in enumerate(dict.fromkeys(self.kin))}
        self.gpus = {name: i for i, name in enumerate(dict.fromkeys(self.gpu))}
        flags = [f.name for f in fields(ServerProfile)]
        self.profile = [
            tuple(bool(np.asarray(getattr(self.inputs.profile, f))[i]) for f in flags)
            for i in every
        ]
        current = ~np.asarray(self.inputs.profile.legacy) & self.inputs.layout_known
        self.usable = np.flatnonzero(current & np.isfinite(self.ratio))

    def known(self, rows: Rows, own: Rows) -> KnownMeasurements:
        """Return these rows as the catalog's measurements, and some as the user's own."""
        both = np.concatenate([rows, own])
        return KnownMeasurements(
            models=self.models,
            gpus=self.gpus,
            rows=tuple({} for _ in both),
            model=np.array([self.models[self.kin[i]] for i in both]),
            gpu=np.array([self.gpus[self.gpu[i]] for i in both]),
            yours=np.arange(both.size) >= rows.size,
            inputs=_taken(self.inputs, both),
            batch=self.batch[both],
            ratio=self.ratio[both],
        )

    def place(self, rows: Rows) -> Place:
        """Return these rows as set-ups that are asked about."""
        return Place(
            model=np.array([self.models[self.kin[i]] for i in rows]),
            gpu=np.array([self.gpus[self.gpu[i]] for i in rows]),
            layout=Layout(**{name: column(self.inputs, name)[rows] for name in LAYOUT}),
            batch=self.batch[rows],
            isl=self.inputs.isl[rows],
            osl=self.inputs.osl[rows],
        )


def _taken(inputs: MeasuredInputs, rows: Rows) -> MeasuredInputs:
    from tco.options.shapes import _take

    return _take(inputs, rows)  # type: ignore[no-any-return]


def asked(table: Table, *, own: bool) -> tuple[Rows, Rows, Floats]:
    """Return which rows were asked about, the tier of each, and its factor."""
    chance = np.random.default_rng(20261121)
    rows, tiers, factors = [], [], []
    for source in np.unique(table.source[table.usable]):
        others = table.usable[table.source[table.usable] != source]
        mine = table.usable[table.source[table.usable] == source]
        drawn = _drawn(table, mine, chance) if own else mine[:0]
        rest = np.setdiff1d(mine, drawn)
        for profile in {table.profile[i] for i in rest}:
            group = np.array([i for i in rest if table.profile[i] == profile])
            kind = ServerProfile(
                **dict(zip([f.name for f in fields(ServerProfile)], profile, strict=True))
            )
            said = anchors(table.known(others, drawn), table.place(group), kind)
            rows.append(group)
            tiers.append(said.tier)
            factors.append(said.factor)
    return np.concatenate(rows), np.concatenate(tiers), np.concatenate(factors)


def _drawn(table: Table, mine: Rows, chance: np.random.Generator) -> Rows:
    """Return one row at random for each set-up of a source that has several."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for i in mine:
        layout = tuple(float(column(table.inputs, name)[i]) for name in LAYOUT)
        key = (table.kin[i], table.gpu[i], table.profile[i], layout)
        groups.setdefault(key, []).append(int(i))
    return np.array([chance.choice(g) for g in groups.values() if len(g) > 1], dtype=np.int64)


def line(name: str, ratio: Floats, factor: Floats) -> str:
    """Return the errors of some rows, before and after."""

    def errors(r: Floats) -> str:
        off = np.median(np.abs(1.0 / r - 1.0))
        return f"{off:.3f}/{np.quantile(np.abs(np.log(r)), 0.9):.3f}"

    after = ratio / factor
    low, high = np.quantile(after, [0.1, 0.9])
    text = f"{errors(ratio):>12} {errors(after):>12}   x{low:.2f} to x{high:.2f}"
    return f"{name:44}{ratio.size:6} {text}"


def main() -> None:
    """Print both experiments."""
    table = Table()
    for own in (False, True):
        rows, tiers, factors = asked(table, own=own)
        title = "with one measurement of one's own" if own else "with other people's measurements"
        print(f"{title:44}{'rows':>6} {'before':>12} {'after':>12}   80 %")
        for tier, words in TIERS.items():
            at = tiers == tier
            if at.sum() > 1:
                print(line(f"  {tier} {words}", table.ratio[rows[at]], factors[at]))
        print(line("  all", table.ratio[rows], factors))


if __name__ == "__main__":
    main()
