"""What others predict for the rows that this model is held against."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import capacity_checks as checks
import numpy as np

from tco.catalog.load import load_catalog
from tco.engine import capacity
from tco.engine.shapes import GpuShape, ModelShape
from tco.options.shapes import gpu_shape, model_shape

if TYPE_CHECKING:
    from capacity_table import Floats, Table

CONFIGURATOR = Path(__file__).parent / "data" / "configurator.csv"
"""What AIConfigurator said of some rows; written by `python benchmarks/configurator.py`."""

SYSTEMS = {
    "H100-SXM": "h100_sxm",
    "H200-SXM": "h200_sxm",
    "B200": "b200_sxm",
    "B300": "b300_sxm",
    "GB200": "gb200",
    "GB300": "gb300",
}
BACKENDS = {"SGLang": "sglang", "sglang": "sglang", "vLLM": "vllm", "TensorRT-LLM": "trtllm"}
BACKENDS |= {"trt": "trtllm"}


def known_shapes(model: str, gpu: str) -> tuple[ModelShape, GpuShape]:
    """Return a model and a GPU of the catalog."""
    catalog = load_catalog()
    shape = model_shape(catalog.models.models[model])
    machine = gpu_shape(catalog.hardware, catalog.hardware.accelerators[gpu])
    assert shape is not None and machine is not None
    return shape, machine


def roofline(table: Table, share: float = 1.0) -> Floats:
    """Return the output rate of each row that datasheets allow [token/s].

    The slower of bytes and of arithmetic, for each step and for the prefill, at `share` of the
    datasheet's bandwidth and 2/3 of that share of its peak; no links, no host.
    """
    rows, batch = table.cases.inputs, table.cases.batch
    model, gpu, layout = rows.model, rows.gpu, rows.layout
    gpus = np.asarray(layout.gpus)
    touched = 1.0 - (1.0 - np.divide(model.experts_per_token, model.experts)) ** batch
    dense = capacity.stored_bytes(model, layout) - model.routed_params * layout.weight_bytes
    read = dense + model.routed_params * layout.weight_bytes * touched
    read = read + batch * capacity.kv_bytes_per_sequence(model, layout, rows.isl + rows.osl / 2.0)
    peak = np.where(np.equal(layout.compute_bits, 8.0), gpu.flops_8, gpu.flops_16)
    peak = np.where(np.equal(layout.compute_bits, 4.0), gpu.flops_4, peak)
    peak = (
        np.where(np.isfinite(peak), peak, gpu.flops_16) * share * (1.0 if share == 1.0 else 2 / 3)
    )
    flops = 2.0 * model.active_params / (gpus * peak)
    step = np.maximum(read / (gpus * gpu.bandwidth_bytes_per_s * share), batch * flops)
    rate = rows.replicas * batch / (step + batch / rows.osl * rows.prefill * rows.isl * flops)
    return np.asarray(np.maximum.reduceat(rate, table.cases.first))


def compare(table: Table, run: Floats) -> None:
    """Print the errors of this model, of rooflines, and of AIConfigurator on the same rows."""
    stated = np.array([bool(row["concurrency"]) for row in table.rows])
    rows = stated & table.nvidia_dc
    measured = table.inputs.measured
    print(f"  {'rows':34s}{rows.sum():6d}")
    print(f"  {'this model, source left out':34s}{checks.text(run[rows])}")
    for share in (1.0, 0.6):
        off = np.log(roofline(table, share) / measured)
        print(f"  {f'roofline at {share:.0%}':34s}{checks.text(off[rows])}")
    said = _said(table)
    both = rows & np.isfinite(said)
    if not both.any():
        print("  no answers of AIConfigurator: pip install aiconfigurator==0.12.0, then")
        print("  python benchmarks/configurator.py")
        return
    off = np.log(np.where(both, said, 1.0) / measured)
    for name, part in (("", both), (" of the newer table", both & table.new)):
        print(f"  where AIConfigurator answers{name}: {part.sum()} rows")
        print(f"  {'this model, source left out':34s}{checks.text(run[part])}")
        print(f"  {'AIConfigurator 0.12.0':34s}{checks.text(off[part])}")
        print(f"  {'both, geometric mean':34s}{checks.text((run[part] + off[part]) / 2.0)}")


def _said(table: Table) -> Floats:
    """Return what AIConfigurator says of each row; NaN where it was not asked or has no answer."""
    if not CONFIGURATOR.exists():
        return np.full(len(table.rows), np.nan)
    with CONFIGURATOR.open(newline="") as file:
        known = {row["id"]: float(row["output_tok_s"]) for row in csv.DictReader(file)}
    return np.array([known.get(row["id"], np.nan) for row in table.rows])
