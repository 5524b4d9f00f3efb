"""From what a benchmark file says, and what its owner adds, to a measured row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from tco.catalog.benches.read import CONTRADICTION
from tco.catalog.lookup import find_gpu, find_model
from tco.engine.shapes import KV_BYTES, precision
from tco.errors import DataError, UnknownNameError, UsageError, printable, unknown_name
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
    (r"\ba100\b.*80.*pcie|\ba100\b.*pcie.*80", "a100-pcie-80gb"),
    (r"\ba100\b.*pcie", "a100-pcie-40gb"),
    (r"\ba100\b.*40gb|tesla a100", "a100-sxm-40gb"),
    (r"\ba100\b", "a100-sxm-80gb"),
    (r"\bh100\b.*nvl", "h100-nvl"),
    (r"\bh100\b.*pcie", "h100-pcie"),
    (r"\bh200\b.*nvl", "h200-nvl"),
    (r"\bgh200\b", "gh200"),
    (r"\bgb200\b", "gb200"),
    (r"\bgb300\b", "gb300"),
    (r"\bv100\b.*32", "v100-32gb"),
    (r"\bv100\b", "v100-16gb"),
    (r"rtx pro 6000.*server", "rtx-pro-6000-server"),
    (r"rtx pro 6000", "rtx-pro-6000"),
    (r"rtx.?6000 ada", "rtx-6000-ada"),
    (r"rtx.?5000 ada", "rtx-5000-ada"),
    (r"rtx.?4000 ada", "rtx-4000-ada"),
    (r"rtx a6000", "rtx-a6000"),
    (r"rtx 3080 ti", "rtx-3080-ti"),
    (r"rtx 3090 ti", "rtx-3090-ti"),
    (r"rtx 4070 ti", "rtx-4070-ti"),
    (r"\bmi250x?\b", "mi250x-gcd"),  # a driver lists the two dies of a card apart
    (r"\bmi325x?\b", "mi325x"),
    (r"8060s|ryzen ai max", "strix-halo"),
    (r"arc.*b60", "arc-pro-b60"),
    (r"r9700", "r9700"),
    (r"7900 xtx", "rx-7900-xtx"),
)
"""What drivers call cards whose name in the catalog is another one: the first that is found."""

LOOKALIKES = (
    r"laptop|mobile|with max q|4070 ti super|\b144g|\bh20 3e\b|\bv100s\b"
    r"|\ba100\b.*\b64gb|\bh100\b(?!.*nvl).*(\b(64|94|96) ?gb|hbm2e)"
)
"""Cards that are called like one of the catalog's, and have another memory or bandwidth."""

PARTS = r"\bmig\b|\b\d+g\.\d+gb\b|\b\d+[abcq]\b"
"""What drivers call a slice of a card (MIG), or the profile of a virtual one."""

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
    _whole_cards(bench, reading.gpu)
    told = {name: getattr(reading, name) for name in known}
    notes = [*reading.notes, *_overruled(known, told)]
    whole = {name: told[name] if value is None else value for name, value in known.items()}
    missing = _settle(catalog, whole, given=known)
    if missing:
        flags = " ".join(EXAMPLES[name] for name in missing)
        raise DataError(
            f"{bench.path}:1: {bench.tool} does not say its {_listed(missing)}"
            f"{_unknown(missing, told)}; add it, for example: {flags}"
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
        "layer_split": f"{int(reading.layer_split and int(str(whole['gpus'])) > 1)}",
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


def _unknown(missing: Sequence[str], names: Mapping[str, object]) -> str:
    """Return, in brackets, the names that a file does say and that are none of the catalog's."""
    strange = [printable(f"{names[n]!r}", 80) for n in missing if isinstance(names[n], str)]
    return f" ({' and '.join(strange)}: not known here)" if strange else ""


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
    for name, find, typed in (("model", _model, find_model), ("gpu", _gpu, find_gpu)):
        value = whole[name]
        if isinstance(value, str) and given[name] is None:
            whole[name] = find(catalog, value)
        elif isinstance(value, str):
            whole[name] = find(catalog, value) or typed(catalog, value)
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
    """Return the GPU that a name means, whatever the driver writes around it.

    Nothing is guessed from how a name begins: an Apple M2 is no M2 Ultra.
    """
    marks = re.sub(r"\((r|tm)\)", " ", name, flags=re.IGNORECASE)
    bare = " ".join(re.sub(TRADE, " ", marks, flags=re.IGNORECASE).split())
    plain = _plain(name)
    if re.search(f"{LOOKALIKES}|{PARTS}", plain):
        return None
    card = next((ours for theirs, ours in CARDS if re.search(theirs, plain)), None)
    first = re.split(r"[-_ ]", bare)[0]
    for text in (name, card, bare, bare.replace(" ", "-"), first):
        try:
            found = find_gpu(catalog, text) if text else None
        except UnknownNameError:
            continue
        if found is not None and (text == card or _is_called(catalog, found, str(text))):
            return found
    return None


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[-_]", " ", name.lower()).split())


def _is_called(catalog: Catalog, gpu: str, name: str) -> bool:
    """Return whether a name is the whole name of a GPU, and not how it begins."""
    known = catalog.hardware.accelerators[gpu]
    names = (re.sub(r"[-_ ]", "", n.lower()) for n in (gpu, known.name, *known.aliases))
    return re.sub(r"[-_ ]", "", name.lower()) in names


def _whole_cards(bench: Bench, name: object) -> None:
    """Refuse a run on a part of a card, whoever says which card it is of."""
    if isinstance(name, str) and re.search(PARTS, _plain(name)):
        raise DataError(
            f"{bench.path}:1: nothing to import from {bench.tool}: {printable(name, 80)} is a part "
            "of a card, and what a part does is not worked out"
        )


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
