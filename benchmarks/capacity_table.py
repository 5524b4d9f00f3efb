"""The measured table beside this file as inputs of the capacity model."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from tco.analysis.measured import Inputs, Row, inputs, usable
from tco.analysis.validate import Cases, cases
from tco.engine.constants import GIB
from tco.engine.shapes import GpuShape, ModelShape

DATA = Path(__file__).parent / "data"
Floats = NDArray[np.float64]
Texts = NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The measured rows, as cells, inputs and cases, with the labels that they are split by."""

    rows: list[Row]
    inputs: Inputs
    cases: Cases
    group: Texts
    source: Texts
    model: Texts
    family: Texts
    moe: NDArray[np.bool_]


def load() -> Table:
    """Return the usable rows of `data/capacity_dev.csv`."""
    with (DATA / "capacity_dev.csv").open(newline="") as file:
        every = list(csv.DictReader(file))
    models, (gpus, families) = model_shapes(), gpu_shapes()
    rows, skipped = usable(every, models, gpus)
    if skipped:
        print(f"left out: {skipped}")
    data = inputs(rows, models, gpus)
    return Table(
        rows=rows,
        inputs=data,
        cases=cases(data),
        group=_texts(rows, "group"),
        source=_texts(rows, "source"),
        model=_texts(rows, "model"),
        family=np.array([families[row["gpu"]] for row in rows]),
        moe=np.asarray(data.model.routed_params) > 0.0,
    )


def _texts(rows: Sequence[Row], column: str) -> Texts:
    return np.array([row[column] for row in rows])


def _yaml(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text())


def model_shapes() -> dict[str, ModelShape]:
    """Return the models of the table by key."""
    more = _yaml("capacity_keys_more.yaml")
    models = _yaml("capacity_keys.yaml")["models"] | more["models"]
    for key, corrected in more["corrections"].items():
        models[key] |= corrected
    return {
        key: ModelShape(
            params=m["params_total_b"] * 1e9,
            active_params=m["params_active_b"] * 1e9,
            layers=m["layers"],
            attention_layers=m.get("attention_layers", m["layers"]),
            hidden_size=m["hidden_size"],
            heads=m["n_heads"],
            kv_heads=m["n_kv_heads"],
            head_dim=m["head_dim"],
            vocab_size=m["vocab_size"],
            routed_params=m.get("routed_expert_params_b", 0.0) * 1e9,
            experts=m.get("experts", 1),
            experts_per_token=m.get("experts_per_token", 1),
            tied_embeddings=m.get("tied_embeddings", False),
            mla=m.get("attention") == "mla",
            full_attention_share=m.get("full_attention_share", 1.0),
            window_tokens=m.get("window", np.inf),
            state_bytes=m.get("state_bytes", 0.0),
            index_topk=m.get("index_topk", np.inf),
        )
        for key, m in models.items()
    }


def gpu_shapes() -> tuple[dict[str, GpuShape], dict[str, str]]:
    """Return the GPUs of the table and their families, by key."""
    gpus, more = _yaml("capacity_keys.yaml")["gpus"], _yaml("gpus_more.yaml")
    shapes = {key: _gpu_shape(key, g, more) for key, g in gpus.items()}
    return shapes, {key: g["family"] for key, g in gpus.items()}


def _gpu_shape(key: str, g: dict[str, Any], more: dict[str, Any]) -> GpuShape:
    measured = more["measured"].get(key) or more["measured_families"].get(g["family"])
    judged = more["judgment_families"].get(g["family"], more["judgment"])
    by_width = [*(measured or judged), np.nan, np.nan][:3]
    link = more["link_gb_s_per_direction"].get(key, g["interconnect_gb_s_per_direction"])
    visible = more["visible_memory_share"].get(key, 1.0)
    return GpuShape(
        memory_bytes=g["memory_gib_nominal"] * GIB * visible,
        bandwidth_bytes_per_s=g["bandwidth_tb_s"] * 1e12,
        flops_16=g["bf16_tflops"] * 1e12,
        flops_8=g.get("fp8_tflops", np.nan) * 1e12,
        flops_4=g.get("fp4_tflops", np.nan) * 1e12,
        kernel_share_16=by_width[0],
        kernel_share_8=by_width[1],
        kernel_share_4=by_width[2],
        link_bytes_per_s=link * 1e9,
        pcie=g["pcie"],
        measured=measured is not None,
    )
