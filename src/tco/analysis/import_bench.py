"""From what a benchmark file says, and what its owner adds, to a measured row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from tco.catalog.benches.read import CONTRADICTION
from tco.catalog.lookup import find_gpu, find_model
from tco.engine.shapes import KV_BYTES, precision
from tco.errors import DataError, UnknownNameError, UsageError, unknown_name
from tco.options.shapes import (
    FLAG_RATIO,
    Row,
    cases,
    complaint,
    gpu_shape,
    inputs,
    model_shape,
    predict,
)
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.benches.read import Bench, BenchReading
    from tco.catalog.load import Catalog


SOURCE = "yours"
ASKED = ("model", "gpu", "gpus", "precision", "engine", "isl", "osl", "concurrency", "date")
"""What every measurement needs; a file that does not say it is asked about by the flag."""
EXAMPLES = {
    "model": "--model llama-3.3-70b",
    "gpu": "--gpu h100-sxm",
    "gpus": "--gpus 2",
    "precision": "--precision fp8",
    "engine": "--engine vLLM",
    "isl": "--isl 1000",
    "osl": "--osl 300",
    "concurrency": "--concurrency 64",
    "date": "--date 2026-11-21",
    "kv_precision": "--kv-precision fp8",
}
PRECISIONS = {
    "float16": "fp16",
    "bfloat16": "bf16",
    "half": "fp16",
    "auto": "bf16",
    "fp8_e4m3": "fp8",
    "fp8_e5m2": "fp8",
    "fbgemm_fp8": "fp8",
    "w4a16_awq": "awq",
}
CARDS = (
    (r"a100.*(80|pcie.?80).*pcie|a100.*pcie.*80", "a100-pcie-80gb"),
    (r"a100.*pcie|a100.*40gb.*pcie", "a100-pcie-40gb"),
    (r"a100.*(sxm.*40|40gb)", "a100-sxm-40gb"),
    (r"a100", "a100-sxm-80gb"),
    (r"h100.*nvl", "h100-nvl"),
    (r"h100.*pcie", "h100-pcie"),
    (r"h200.*nvl", "h200-nvl"),
    (r"gh200", "gh200"),
    (r"gb200", "gb200"),
    (r"gb300", "gb300"),
    (r"v100.*32", "v100-32gb"),
    (r"v100", "v100-16gb"),
    (r"rtx pro 6000.*server", "rtx-pro-6000-server"),
    (r"rtx pro 6000", "rtx-pro-6000"),
    (r"rtx.?6000 ada", "rtx-6000-ada"),
    (r"rtx.?5000 ada", "rtx-5000-ada"),
    (r"rtx.?4000 ada|rtx 4000 sff ada", "rtx-4000-ada"),
    (r"rtx a6000", "rtx-a6000"),
    (r"rtx 3080 ti", "rtx-3080-ti"),
    (r"rtx 3090 ti", "rtx-3090-ti"),
    (r"rtx 4070 ti", "rtx-4070-ti"),
    (r"8060s|ryzen ai max", "strix-halo"),
    (r"arc.*b60", "arc-pro-b60"),
    (r"r9700", "r9700"),
    (r"7900 xtx", "rx-7900-xtx"),
)
"""What drivers call cards whose name in the catalog is another one: the first that is found."""

MAKERS = "nvidia|geforce|amd|instinct|radeon|tesla|tensor core|graphics|intel|oam|accelerator"
TRADE = rf"\b({MAKERS}|\d+ ?gi?b|hbm\d?e?)\b"
"""What drivers write around the name of a GPU."""


FACTS = (
    *("model", "gpu", "gpus", "tp", "pp", "replicas", "precision", "kv_precision"),
    *("engine", "engine_version", "isl", "osl", "concurrency", "date"),
)
"""What the owner of a file can add to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedRow:
    """One measurement, beside what the capacity model says of it."""

    model: str
    gpu: str
    gpus: int
    precision: str
    engine: str
    isl: float
    osl: float
    concurrency: float
    output_tokens_per_s: float
    predicted_tokens_per_s: float | None
    """None where the catalog cannot size the model or the GPU."""
    ratio: float | None
    """Measured over predicted."""
    action: Literal["added", "replaced", "unchanged", "none"]
    """What became of it in the file of measurements; none in a rehearsal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What was read from a benchmark file, and where it was written."""

    schema: Literal["tco.import-bench/1"] = "tco.import-bench/1"
    tool: str
    file: str
    to: str
    rows: tuple[ImportedRow, ...]
    warnings: tuple[str, ...]


def measured_rows(
    catalog: Catalog, bench: Bench, stated: BenchReading
) -> tuple[list[Row], list[str]]:
    """Return the rows of a file in the columns of measurements, and what to know of them.

    Raises:
        DataError: The file and the answers leave something open; the text names the flags.
        UnknownNameError: A model, GPU or precision that there is not.
        UsageError: GPUs that cannot be laid out as said.
    """
    rows: list[Row] = []
    notes: list[str] = list(bench.notes)
    for reading in bench.readings:
        row, more = _row(catalog, bench, reading, stated)
        rows.append(row)
        notes += more
    return rows, list(dict.fromkeys(notes))


def _row(
    catalog: Catalog, bench: Bench, reading: BenchReading, stated: BenchReading
) -> tuple[Row, tuple[str, ...]]:
    known = {name: getattr(stated, name) for name in FACTS}
    _lawful(bench, reading, stated)
    told = {name: getattr(reading, name) for name in known}
    notes = [*reading.notes, *_overruled(known, told)]
    whole = {name: told[name] if value is None else value for name, value in known.items()}
    missing = _settle(catalog, whole, given=known)
    if missing:
        flags = " ".join(EXAMPLES[name] for name in missing)
        raise DataError(
            f"{bench.path}:1: {bench.tool} does not say its {_listed(missing)}; "
            f"add it, for example: {flags}"
        )
    _all_on_gpus(catalog, bench, reading, str(whole["model"]))
    notes += _laid_out(whole, reading.layer_split)
    if whole["kv_precision"] is None:
        whole["kv_precision"] = "bf16"
        notes.append("KV cache taken to be in 16 bits; --kv-precision fp8 says otherwise")
    text = {name: "" if value is None else f"{value}" for name, value in whole.items()}
    row = {
        "source": SOURCE,
        "n_gpus": text.pop("gpus"),
        "weight_dtype": text.pop("precision"),
        "kv_dtype": text.pop("kv_precision"),
        **text,
        "mode": reading.mode,
        "dp_attention": f"{int(reading.dp_attention)}",
        "expert_parallel": f"{int(reading.expert_parallel)}",
        "layer_split": f"{int(reading.layer_split)}",
        "prefill_included": f"{int(reading.prefill_included)}",
        "output_tok_s": f"{reading.output_tok_s:.6g}",
        "ttft_ms": _short(reading.ttft_ms),
        "tpot_ms": _short(reading.tpot_ms),
        "note": "; ".join((bench.tool, *reading.notes)),
    }
    return row | {name: _short(whole[name]) for name in ("isl", "osl", "concurrency")}, tuple(notes)


def _lawful(bench: Bench, reading: BenchReading, stated: BenchReading) -> None:
    """Refuse requests in flight that the file's rate and latency contradict."""
    law, mine = reading.by_law, stated.concurrency
    if law and mine and max(law / mine, mine / law) > CONTRADICTION:
        raise DataError(
            f"{bench.path}:1: you say {mine:,.4g} requests in flight, but its rate times its "
            f"latency are {law:,.4g}"
        )


def _all_on_gpus(catalog: Catalog, bench: Bench, reading: BenchReading, model: str) -> None:
    """Refuse a run of which some layers were on the processor."""
    known = catalog.models.models[model].architecture
    if known is not None and reading.gpu_layers and reading.gpu_layers < known.layers:
        raise DataError(
            f"{bench.path}:1: nothing to import from {bench.tool}: {reading.gpu_layers} of "
            f"{known.layers} layers of {model} were on the GPU, the others on the processor"
        )


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _listed(names: Sequence[str]) -> str:
    called = {"gpus": "number of GPUs", "gpu": "GPU", "kv_precision": "precision of the KV cache"}
    words = [called.get(n, n) for n in names]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _overruled(known: dict[str, object], row: dict[str, object]) -> list[str]:
    """Return where the owner says something else than the file."""
    return [
        f"the file says {name} {row[name]}, you say {value}: yours counts"
        for name, value in known.items()
        if value is not None and row[name] is not None and str(row[name]) != str(value)
        if name not in ("model", "engine_version")
    ]


def _settle(catalog: Catalog, whole: dict[str, object], given: dict[str, object]) -> list[str]:
    """Put the catalog's names in place; return what is still unknown.

    Names that the owner typed must be known; names of the file that are not are asked about.
    """
    for name, find in (("model", _model), ("gpu", _gpu)):
        value = whole[name]
        if isinstance(value, str):
            found = find(catalog, value)
            if found is None and given[name] is not None:
                find_model(catalog, value) if name == "model" else find_gpu(catalog, value)
            whole[name] = found
    for name in ("precision", "kv_precision"):
        value = whole[name]
        if isinstance(value, str):
            key = PRECISIONS.get(value.lower(), value.lower())
            good = precision(key) is not None if name == "precision" else key in KV_BYTES
            if not good and given[name] is not None:
                raise unknown_name("precision", value, KV_BYTES)
            whole[name] = key if good else None
            if not good and name == "kv_precision":
                return [n for n in (*ASKED, name) if whole[n] is None]
    return [name for name in ASKED if whole[name] is None]


def _model(catalog: Catalog, name: str) -> str | None:
    """Return the model that a name, a repository, a path or a folder of a cache means."""
    if cached := re.search(r"models--[^/]*?--([^/]+)", name):
        name = cached[1]
    last = re.sub(r"\.gguf$", "", name.rstrip("/").rpartition("/")[2], flags=re.IGNORECASE)
    bare = re.sub(
        r"[-_](fp8|nvfp4|mxfp4|fp4|awq|gptq|int4|int8|w\d+a\d+|quantized[.]w\d+a\d+|gguf|i?q\d\w*|instruct|it|chat|dynamic|hf|bf16)\b",
        "",
        last.lower(),
    )
    bare = re.sub(r"^(meta-)?llama-(\d)", r"llama-\2", re.sub(r"^meta-", "", bare))
    for text in (name, last, bare):
        try:
            return find_model(catalog, text)
        except UnknownNameError:
            continue
    return None


def _gpu(catalog: Catalog, name: str) -> str | None:
    """Return the GPU that a name means, whatever the driver writes around it."""
    marks = re.sub(r"\((r|tm)\)", " ", name, flags=re.IGNORECASE)
    bare = " ".join(re.sub(TRADE, " ", marks, flags=re.IGNORECASE).split())
    plain = " ".join(name.lower().replace("-", " ").split())
    card = next((ours for theirs, ours in CARDS if re.search(theirs, plain)), None)
    names = [name] if name in catalog.hardware.accelerators else [card] if card else []
    for text in (*names, name, bare, bare.replace(" ", "-"), re.split(r"[-_ ]", bare)[0]):
        try:
            return find_gpu(catalog, text)
        except UnknownNameError:
            continue
    return None


def _laid_out(whole: dict[str, object], by_layers: bool) -> list[str]:
    """Fill in how the GPUs are laid out; tensor parallel over all of a replica unless said."""
    gpus, pp, replicas = (int(str(whole[n] or 1)) for n in ("gpus", "pp", "replicas"))
    tp = whole["tp"]
    whole |= {"pp": pp, "replicas": replicas, "tp": int(str(tp)) if tp else gpus // pp // replicas}
    if int(str(whole["tp"])) * pp * replicas != gpus:
        raise UsageError(
            f"{gpus} GPUs are not --tp {whole['tp']} times --pp {pp} times --replicas {replicas}"
        )
    if tp is None and gpus > 1 and not by_layers:
        return [f"taken to be one replica of tensor parallel {whole['tp']}; --tp, --pp, --replicas"]
    return []


def predictions(catalog: Catalog, rows: Sequence[Row]) -> list[float | None]:
    """Return what the capacity model says of each row [token/s]; None where it cannot say."""
    return [_predicted(catalog, row) for row in rows]


def far_off(rows: Sequence[Row], expected: Sequence[float | None]) -> list[str]:
    """Return which measurements the model is more than twice above or below."""
    rates = [(float(row["output_tok_s"]), model) for row, model in zip(rows, expected, strict=True)]
    ratios = [rate / model for rate, model in rates if model]
    off = [ratio for ratio in ratios if not 1.0 / FLAG_RATIO <= ratio <= FLAG_RATIO]
    if not off:
        return []
    worst = max(off, key=lambda ratio: max(ratio, 1.0 / ratio))
    return [
        f"{len(off)} of {len(rows)} rates are not within x{FLAG_RATIO:g} of the model, at most "
        f"x{worst:.2g}: are GPU, precision, drafts and requests in flight what they were?"
    ]


def _predicted(catalog: Catalog, row: Row) -> float | None:
    model = model_shape(catalog.models.models[row["model"]])
    gpu = gpu_shape(catalog.hardware, catalog.hardware.accelerators[row["gpu"]])
    if model is None or gpu is None:
        return None
    shapes, machines = {row["model"]: model}, {row["gpu"]: gpu}
    if complaint(row, shapes, machines) is not None:
        return None
    return float(predict(cases(inputs([row], shapes, machines)))[0])
