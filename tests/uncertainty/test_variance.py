"""Sobol indices agree with the closed form, with SALib, and on our own bills."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tco.analysis.montecarlo.beliefs import Beliefs, beliefs
from tco.analysis.montecarlo.montecarlo import variance_shares
from tco.analysis.montecarlo.sample import model_of, usd
from tco.engine.draws import hypercube, midpoints, quantiles, sobol_indices
from tco.options.bills import Option
from tco.options.names import resolve

FIRST = (0.3139, 0.4424, 0.0)
TOTAL = (0.5576, 0.4424, 0.2437)
SIZE = 1 << 14


def ishigami(x: np.ndarray) -> np.ndarray:
    return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])


def columns(rng: np.random.Generator) -> np.ndarray:
    return np.pi * (2 * midpoints(SIZE)[hypercube(rng, SIZE, [np.eye(1)] * 3)] - 1)


def mixed(a: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    return [np.where(np.arange(len(a))[:, None] == i, b, a) for i in range(len(a))]


def test_ishigami() -> None:
    rng = np.random.default_rng(1)
    a, b = columns(rng), columns(rng)
    found = sobol_indices(ishigami(a), ishigami(b), np.stack([ishigami(m) for m in mixed(a, b)]))
    assert found[0] == pytest.approx(FIRST, abs=0.02)
    assert found[1] == pytest.approx(TOTAL, abs=0.02)


def test_nothing_varies() -> None:
    found = sobol_indices(np.ones(4), np.ones(4), np.ones((2, 4)))
    assert [part.tolist() for part in found] == [[0.0, 0.0]] * 2


def salib(problem: dict, rows: np.ndarray, f: np.ndarray) -> dict:  # type: ignore[type-arg]
    analyze = pytest.importorskip("SALib.analyze.sobol")
    return analyze.analyze(problem, f, calc_second_order=False, seed=1)  # type: ignore[no-any-return]


def test_same_sample_same_indices_as_salib() -> None:
    sample = pytest.importorskip("SALib.sample.sobol")
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[-np.pi, np.pi]] * 3}
    rows = sample.sample(problem, 4096, calc_second_order=False, seed=1)
    f = ishigami(rows.T)
    theirs = salib(problem, rows, f)
    blocks = f.reshape(-1, 5).T  # A, three mixtures, B
    first, total = sobol_indices(blocks[0], blocks[4], blocks[1:4])
    assert total == pytest.approx(theirs["ST"], rel=1e-9)
    assert first == pytest.approx(theirs["S1"], abs=5e-3)


def own_pair(asked):  # type: ignore[no-untyped-def]
    inputs = asked(tokens=20e9)
    options: tuple[Option, ...] = tuple(
        resolve(name, inputs).best for name in ("gpt-4.1", "self/llama-3.3-70b")
    )
    believed = beliefs(inputs, options, {}, {})
    alone = Beliefs(
        rows=believed.rows, groups=tuple(np.eye(1) for _ in believed.rows), correlations=()
    )
    return model_of(options, inputs.settings, believed.rows), alone


def test_our_own_bills_agree_with_salib(asked) -> None:  # type: ignore[no-untyped-def]
    sample = pytest.importorskip("SALib.sample.sobol")
    model, believed = own_pair(asked)
    keys = [row.key for row in believed.rows]
    problem = {"num_vars": len(keys), "names": keys, "bounds": [[0.0, 1.0]] * len(keys)}
    rows = sample.sample(problem, 4096, calc_second_order=False, seed=2)
    fine = 1 << 16
    tables = [quantiles(row.spread, midpoints(fine)) for row in believed.rows]
    strata = np.minimum((rows.T * fine).astype(int), fine - 1)
    drawn = {key: table[at] for key, table, at in zip(keys, tables, strata, strict=True)}
    a, b = usd(model, drawn)
    theirs = salib(problem, rows, a - b)
    ours = variance_shares(model, believed, (0, 1), 100_000, 3)
    assert ours is not None
    first, total, error = ours
    assert total == pytest.approx(theirs["ST"], abs=0.02)
    assert first == pytest.approx(theirs["S1"], abs=0.03)
    assert np.all(error < 0.02)


def test_members_of_a_group_share_its_indices(asked) -> None:  # type: ignore[no-untyped-def]
    model, alone = own_pair(asked)
    joined = replace(alone, groups=(np.eye(2), *alone.groups[2:]))
    shares = variance_shares(model, joined, (0, 1), 100_000, 3)
    assert shares is not None
    assert shares[1][0] == shares[1][1]
