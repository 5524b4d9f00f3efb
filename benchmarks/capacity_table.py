"""The measured tables beside this file as inputs of the capacity model."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tco.analysis.size.validation import gpu_of, model_of
from tco.catalog.load import load_catalog
from tco.engine.shapes import GpuShape, ModelShape
from tco.options.shapes import Cases, MeasuredInputs, Row, cases, inputs, usable

DATA = Path(__file__).parent / "data"
FILES = ("capacity_dev.csv", "capacity_new_2026_11.csv")
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.str_]

# Files that hold runs of one harness, or rounds of one series: left out together.
ONE_SOURCE = {
    "inferencex": "inferencex",
    "inferencex-dump": "inferencex",
    "mlperf-6.1": "mlperf",
    "neuron-2.2x": "neuron-2.18",
}
# And what comes of the same harness by way of somebody else, for the strictest test.
ONE_HARNESS = {**ONE_SOURCE, "silicon": "inferencex", "trtllm-v1.2": "trtllm-perf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The measured rows, as cells, inputs and cases, with the labels that they are split by."""

    rows: list[Row]
    inputs: MeasuredInputs
    cases: Cases
    group: Texts
    source: Texts
    one_source: Texts
    harness: Texts
    year: Texts
    model: Texts
    gpu: Texts
    new: Flags
    moe: Flags

    @property
    def amd(self) -> Flags:
        """Return which rows ran on AMD's GPUs of data centres."""
        return np.char.startswith(self.gpu, "MI")

    @property
    def nvidia_dc(self) -> Flags:
        """Return which rows ran on NVIDIA's GPUs of data centres since Hopper."""
        return np.isin(
            self.gpu, ["H100-SXM", "H200-SXM", "GH200", "B200", "B300", "GB200", "GB300"]
        )


def load(without: Sequence[str] = (), files: Sequence[str] = FILES) -> Table:
    """Return the usable rows of the tables, but for those of some sources."""
    every = [row for name in files for row in _read(name) if row["source"] not in without]
    models, gpus = shapes(every)
    rows, skipped = usable(every, models, gpus)
    if skipped:
        print(f"left out: {skipped}")
    data = inputs(rows, models, gpus)
    source = _texts(rows, "source")
    years = [re.findall(r"20\d\d", row["date"]) for row in rows]
    return Table(
        rows=rows,
        inputs=data,
        cases=cases(data),
        group=_texts(rows, "group"),
        source=source,
        one_source=np.array([ONE_SOURCE.get(name, name) for name in source]),
        harness=np.array([ONE_HARNESS.get(name, name) for name in source]),
        year=np.array([found[0] if found else "2025" for found in years]),
        model=_texts(rows, "model"),
        gpu=_texts(rows, "gpu"),
        new=np.array([row["file"] == FILES[1] for row in rows]),
        moe=np.asarray(data.model.routed_params) > 0.0,
    )


def _read(name: str) -> list[Row]:
    """Return the rows of a file, with the latencies that another has of some of them."""
    nothing = {"ttft_ms": "", "tpot_ms": ""}
    with (DATA / "silicon_latency.csv").open(newline="") as file:
        times = {row["id"]: row for row in csv.DictReader(file)}
    with (DATA / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{**nothing, **row, **times.get(row["id"], {}), "file": name} for row in rows]


def _texts(rows: Sequence[Row], column: str) -> Texts:
    return np.array([row[column] for row in rows])


def shapes(rows: Sequence[Row]) -> tuple[dict[str, ModelShape], dict[str, GpuShape]]:
    """Return the models and GPUs that rows name, as the catalog has them."""
    catalog = load_catalog()
    models = {name: model_of(catalog, name) for name in {row["model"] for row in rows}}
    gpus = {name: gpu_of(catalog, name) for name in {row["gpu"] for row in rows}}
    return (
        {name: shape for name, shape in models.items() if shape is not None},
        {name: machine for name, machine in gpus.items() if machine is not None},
    )
