"""Refit the serving model on the measured table and print how far to trust it.

    python benchmarks/capacity.py            # all from the files beside this one
    python benchmarks/capacity.py --write    # and put the fit into the engine

Error is |predicted / measured - 1|; `a/b` is its median and the 90th percentile of |ln|.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

import capacity_checks as checks  # noqa: E402
import capacity_fit as fitting  # noqa: E402
import numpy as np  # noqa: E402
from capacity_table import (  # noqa: E402
    Floats,
    Table,
    Texts,
    gpu_shapes,
    load,
    model_shapes,
)

from tco.engine.capacity import replica  # noqa: E402
from tco.engine.constants import Constants  # noqa: E402
from tco.engine.layout import TUNED, Layout  # noqa: E402

SEEDS = range(8)
FOLDS = 5
DRAWS = 200
NOT_YET = {  # what each constant is before it enters the ladder
    "compute_share_8": 1.0,
    "moe_compute_share": 1.0,
    "weight_only_moe_share": 1.0,
    "layer_s": 1e-12,
    "moe_layer_factor": 1.0,
    "moe_layer_growth": 1e-12,
    "latent_layer_extra": 1e-12,
    "fp4_gpu_layer_factor": 1.0,
    "sglang_layer_factor": 1.0,
    "sequence_s": 1e-12,
    "sglang_sequence_factor": 1.0,
    "untuned_step_s": 1e-12,
    "untuned_sequence_s": 1e-12,
    "all_reduce_s": 1e-12,
    "legacy_all_reduce_factor": 1.0,
    "legacy_attention_flop_per_byte": 1e9,
    "legacy_rocm_bandwidth": 1.0,
    "legacy_rocm_attention_flops": 1e18,
    "legacy_rocm_host_factor": 1.0,
}
LADDER = (
    ("bandwidth_share",),
    ("all_reduce_s",),
    ("layer_s", "moe_layer_factor"),
    ("untuned_step_s", "untuned_sequence_s"),
    ("sequence_s", "sglang_sequence_factor", "sglang_layer_factor"),
    ("legacy_rocm_bandwidth", "legacy_rocm_attention_flops", "legacy_rocm_host_factor"),
    ("legacy_attention_flop_per_byte", "legacy_all_reduce_factor"),
    ("weight_only_moe_share", "moe_compute_share"),
    ("moe_layer_growth", "latent_layer_extra"),
    ("fp4_gpu_layer_factor", "compute_share_8"),
)


def measured_errors(table: Table, runs: Sequence[Floats]) -> None:
    """Print held-out errors of all rows and of the parts that the project has a figure for."""
    parts = {
        "all": np.ones(len(table.rows), dtype=bool),
        "without Argonne": table.source != "argonne-llm-bench",
        "mixture of experts": table.moe,
        "dense": ~table.moe,
    }
    for name, rows in parts.items():
        each = [checks.text(run[rows]) for run in runs]
        mean = np.mean([[float(v) for v in e.split("/")] for e in each], axis=0)
        print(f"  {name:20s} {mean[0]:.4f}/{mean[1]:.3f}   by seed {' '.join(each)}")


def leave_one_out(table: Table, labels: Texts, prior_sd: float = fitting.PRIOR_SD) -> Floats:
    """Return log residuals of each row by constants fitted without its label."""
    fold = np.unique(labels, return_inverse=True)[1]
    return fitting.held_out(table, fold, prior_sd=prior_sd)


def speed(count: int = 100_000) -> None:
    """Print how long `count` configurations take, beside as many multiplications in numpy."""
    shapes, (gpus, _) = model_shapes(), gpu_shapes()
    batch = np.random.default_rng(0).uniform(1.0, 512.0, count)
    best, plain = [], []
    for _ in range(5):
        began = time.perf_counter()
        replica(
            shapes["deepseek-v3"],
            gpus["B200"],
            Layout(tp=np.full(count, 8.0), compute_bits=8.0, weight_bytes=1.0),
            isl=batch * 8.0,
            osl=batch * 2.0,
            batch=batch,
            profile=TUNED,
        )
        best.append(time.perf_counter() - began)
        began = time.perf_counter()
        for _ in range(100):
            np.multiply(batch, 1.1)
        plain.append(time.perf_counter() - began)
    print(f"  {count} configurations {min(best) * 1e3:.0f} ms; 100 multiplications of that size")
    print(f"  {min(plain) * 1e3:.0f} ms")


def ladder(table: Table) -> None:
    """Print the held-out error as constants are let in, in a fixed order."""
    centre, names = replace(fitting.CENTRE, **NOT_YET), ()
    fold = fitting.folds(table.group, FOLDS, 0)
    other = table.source != "argonne-llm-bench"
    for step in LADDER:
        names = (*names, *step)
        centre = replace(centre, **{n: getattr(fitting.CENTRE, n) for n in step})
        run = fitting.held_out(table, fold, names=names, centre=centre)
        shown = f"{checks.text(run)}  without Argonne {checks.text(run[other])}"
        print(f"  {len(names):2d}  {shown}  + {', '.join(step)}")


def breakdown(table: Table, run: Floats) -> None:
    """Print held-out errors by source, GPU family and model; `!` marks a median beyond 2x."""
    for name, labels in (
        ("source", table.source),
        ("family", table.family),
        ("model", table.model),
    ):
        print(f"\nby {name} (held out; median is predicted / measured)")
        for label in np.unique(labels):
            rows = labels == label
            middle = float(np.exp(np.median(run[rows])))
            mark = "!" if not 0.5 <= middle <= 2.0 else " "
            print(f" {mark} {label:22s}{rows.sum():6d}  {checks.text(run[rows])}  {middle:.2f}")


def calibration(table: Table, runs: Sequence[Floats], splits: Sequence[Floats]) -> None:
    """Print how many held-out measurements fall inside the 80 % band."""
    inside = [checks.coverage(table, r, f) for r, f in zip(runs, splits, strict=True)]
    kinds = checks.kinds(table)
    groups = [[i[table.group == g].mean() for g in np.unique(table.group)] for i in inside]
    print(f"  rows {np.mean(inside):.3f}   mean over groups {np.mean(groups):.3f}")
    for name in np.unique(kinds):
        rows = kinds == name
        print(f"  {name:16s}{rows.sum():6d}  {np.mean([i[rows].mean() for i in inside]):.3f}")


def anchoring(table: Table, runs: Sequence[Floats]) -> tuple[float, float]:
    """Print errors once one measurement is known; return the band right beside it."""
    close = []
    for seed, run in enumerate(runs[:3]):
        before, after, weight = checks.anchored(table, run, seed)
        print(f"  before {checks.text(before)}  after {checks.text(after)}  ({after.size} rows)")
        close.append(-after[weight > 0.9])
    low, high = np.quantile(np.concatenate(close), checks.TAILS)
    return float(np.exp(low)), float(np.exp(high))


def written(fit: Constants, draws: dict[str, Floats], bands: dict[str, tuple[float, float]]) -> str:
    """Return the fitted block of the engine's constants as Python."""
    lines = ["FITTED = Constants("]
    lines += [f"    {name}={value:.4g}," for name, value in asdict(fit).items()]
    lines += [")", "# 90 % of 200 fits to resampled groups.", "INTERVALS = {"]
    for name, values in draws.items():
        low, high = np.quantile(values, (0.05, 0.95))
        lines.append(f'    "{name}": ({low:.3g}, {high:.3g}),')
    lines += [
        "}",
        "# 10th and 90th percentile of measured / predicted, held-out groups.",
        "BANDS = {",
    ]
    lines += [f'    "{name}": ({a:.3f}, {b:.3f}),' for name, (a, b) in bands.items() if name]
    return "\n".join([*lines, "}"])


def main() -> None:
    """Fit, check, print; with --write put the result into the engine."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the fit into the engine")
    parser.add_argument("--draws", type=int, default=DRAWS, help="bootstrap fits")
    asked = parser.parse_args()
    began, table = time.perf_counter(), load()
    print(f"{len(table.rows)} rows, {len(np.unique(table.group))} groups")
    fit = fitting.fit(table, fitting.source_weights(table.source))
    print(f"\nin sample             {checks.text(fitting.residuals(table, fit))}")
    splits = [fitting.folds(table.group, FOLDS, seed) for seed in SEEDS]
    runs = [fitting.held_out(table, split) for split in splits]
    print(f"\ngrouped {FOLDS}-fold cross-validation, mean of {len(runs)} splits")
    measured_errors(table, runs)
    print(f"\nleave one source out  {checks.text(leave_one_out(table, table.source))}")
    print(f"leave one model out   {checks.text(leave_one_out(table, table.model))}")
    print(f"leave one family out  {checks.text(leave_one_out(table, table.family))}")
    print(f"  with half the prior {checks.text(leave_one_out(table, table.source, prior_sd=0.3))}")
    print("\nladder (one split): constants, error")
    ladder(table)
    breakdown(table, runs[0])
    print("\n80 % band, held-out groups")
    calibration(table, runs, splits)
    print("\none measurement of the same engine, precision and layout known")
    near = anchoring(table, runs)
    print("\nspeed")
    speed()
    draws = fitting.bootstrap(table, asked.draws, seed=0)
    block = written(fit, draws, checks.bands(table, runs))
    block += f"\nBAND_ANCHORED = ({near[0]:.3f}, {near[1]:.3f})  # beside a measurement"
    print(f"\n{block}\n\n{time.perf_counter() - began:.0f} s")
    if asked.write:
        write(block)


def write(block: str) -> None:
    """Put the fitted block into the engine's constants."""
    path = ROOT / "src/tco/engine/constants.py"
    pattern = re.compile(r"(# fitted: begin\n).*?(\n# fitted: end)", re.DOTALL)
    path.write_text(pattern.sub(lambda m: m[1] + block + m[2], path.read_text()))
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
