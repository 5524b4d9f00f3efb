"""Result files of benchmark tools: what each says of a measured rate, and the row it becomes."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NoReturn

from tco.catalog.fields import Count, Id, Positive, Record, Text
from tco.catalog.files import File
from tco.errors import DataError, printable
from tco.records import dataclass

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchReading:
    """One measured rate as a file tells it, or its owner; None is what is not said.

    Args:
        isl, osl: Mean length of a request [token].
        concurrency: Requests in flight, mean [1].
        by_law: The same by Little's law, rate times time in the system [1].
        output_tok_s: Output tokens per second over all GPUs; an owner adds nothing to it [token/s].
        gpu_layers: Layers that were on the GPUs, where the tool has it chosen [1].
        notes: What a reader should know.
    """

    output_tok_s: float = math.nan
    isl: float | None = None
    osl: float | None = None
    concurrency: float | None = None
    by_law: float | None = None
    model: str | None = None
    gpu: str | None = None
    gpus: int | None = None
    tp: int | None = None
    pp: int | None = None
    replicas: int | None = None
    precision: str | None = None
    kv_precision: str | None = None
    engine: str | None = None
    engine_version: str | None = None
    date: str | None = None
    mode: str = "continuous"
    dp_attention: bool = False
    expert_parallel: bool = False
    layer_split: bool = False
    gpu_layers: int | None = None
    prefill_included: bool = True
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bench:
    """A result file: the tool that wrote it, and what it measured."""

    path: str
    tool: str
    readings: tuple[BenchReading, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BenchPart:
    """One record of a file, with the line that it begins on."""

    path: str
    line: int
    cells: Document

    def refuse(self, why: str) -> NoReturn:
        """Raise the error that says why the file cannot be used."""
        raise DataError(f"{self.path}:{self.line}: {why}")

    def number(self, *names: str) -> float | None:
        """Return the first of these that is a number of more than 0; None without any."""
        for name in names:
            value = self.cells.get(name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if math.isfinite(value) and value > 0:
                return float(value)
        return None

    def need(self, name: str) -> float:
        """Return a number that every complete file has."""
        found = self.number(name)
        if found is None:
            shown = printable(json.dumps(self.cells.get(name)), 40)
            self.refuse(f"{name} is {shown}, not a number above 0: was the run cut off?")
        return found

    def whole(self, *names: str) -> int | None:
        """Return the first of these that is a whole number; None without any."""
        found = self.number(*names)
        return int(found) if found is not None and found == int(found) else None

    def text(self, *names: str) -> str | None:
        """Return the first of these that is a text; None without any."""
        values = (self.cells.get(name) for name in names)
        texts = (printable(v.strip(), 200) for v in values if isinstance(v, str))
        return next((text for text in texts if text), None)

    def switch(self, name: str) -> bool:
        """Return whether a switch is on, written as one or as a text."""
        return str(self.cells.get(name)).strip().lower() in ("true", "1", "yes")

    def part(self, name: str) -> BenchPart:
        """Return a mapping inside; an empty one where there is none."""
        inner = self.cells.get(name)
        return BenchPart(self.path, self.line, inner if isinstance(inner, Mapping) else {})

    def mean(self, name: str, key: str = "mean") -> float | None:
        """Return the mean of a metric inside; None without one."""
        return self.part(name).number(key)

    def agree(self, value: float, found: float, how: str, slack: float) -> None:
        """Refuse a file whose rate is not what its own counts and times come to."""
        if abs(value / found - 1.0) > slack:
            self.refuse(f"it says {value:,.5g} output tokens/s, but {how} are {found:,.5g}")


CONTRADICTION = 1.3
"""Ratio from which two figures of the requests in flight contradict each other [1]."""


def littles_law(requests_per_s: float | None, latency_s: float | None) -> float | None:
    """Return the mean requests in flight, rate times time in the system [1]."""
    return requests_per_s * latency_s if requests_per_s and latency_s else None


def request_s(ttft_ms: float | None, tpot_ms: float | None, osl: float | None) -> float | None:
    """Return how long a request takes, ``ttft + tpot * (osl - 1)`` [s]; None where not known."""
    if ttft_ms is None or tpot_ms is None or osl is None:
        return None
    return (ttft_ms + tpot_ms * (osl - 1.0)) / 1e3


def in_flight(
    part: BenchPart,
    *,
    by_law: float | None,
    stated: float | None = None,
    limit: float | None = None,
) -> tuple[float | None, tuple[str, ...]]:
    """Return the mean requests in flight and what to know of them; None where nothing says it.

    The tool's own figure, else Little's law. A limit of concurrency is an upper bound and no more:
    it is never taken for the requests in flight.

    Args:
        part: The record, which is refused where its figures contradict each other.
        by_law: Rate times time in the system [1].
        stated: The tool's own mean [1].
        limit: Most requests that were let in at once [1].
    """
    if stated and by_law and max(stated / by_law, by_law / stated) > CONTRADICTION:
        part.refuse(
            f"it says {stated:,.4g} requests in flight, but its rate times its latency are "
            f"{by_law:,.4g}"
        )
    found = stated or by_law
    if found is None:
        said = f"its limit of {limit:,.4g} requests in flight is no more than an upper bound"
        return None, (said,) if limit else ()
    if limit and found > limit * CONTRADICTION:
        part.refuse(
            f"at most {limit:,.4g} requests were let in at once, but its rate times its latency "
            f"are {found:,.4g}"
        )
    if limit and limit > found * CONTRADICTION:
        return found, (f"{found:,.4g} requests in flight; the limit of {limit:,.4g} was not met",)
    return found, ()


DRAFTS = "a run with speculative decoding was left out: its gain is a setting of its own"
DRAFTED = (
    *("speculative_config", "speculative_algorithm", "speculative_model", "draft_model"),
    *("num_speculative_tokens", "spec_decoding"),
)
"""Settings of servers that say that drafts were used, where a file repeats them. SGLang's number of
steps has a default in some versions, and drafts nothing without an algorithm."""


def drafted(cells: Document) -> bool:
    """Return whether settings in a file say that tokens were drafted."""
    said = (str(cells.get(name) or "none").strip().lower() for name in DRAFTED)
    return any(value not in ("none", "null", "false", "0", "off", "{}") for value in said)


def failures(failed: float | None) -> tuple[str, ...]:
    """Return that requests failed, where some did."""
    return (f"{failed:.0f} requests failed",) if failed and failed >= 1.0 else ()


MANY_AN_EVENT = 1.5
"""Tokens an event from which drafts are likely [1]."""


def several_an_event(itl_ms: float | None, tpot_ms: float | None) -> tuple[str, ...]:
    """Return that several tokens arrive at once, where events are farther apart than tokens."""
    if not itl_ms or not tpot_ms or itl_ms < MANY_AN_EVENT * tpot_ms:
        return ()
    each = itl_ms / tpot_ms
    return (f"{each:.1f} tokens arrive at once: speculative decoding is likely, and not told",)


def metadata(part: BenchPart) -> dict[str, Any]:
    """Return what `--metadata KEY=VALUE` added, numbers written as texts too."""
    texts = {k: float(v) for k, v in part.cells.items() if isinstance(v, str) and v.isdecimal()}
    cells = BenchPart(part.path, part.line, {**part.cells, **texts})
    return {
        "gpu": part.text("gpu", "gpu_type", "gpu_name", "hardware", "accelerator"),
        "gpus": cells.whole("gpus", "num_gpus", "gpu_count", "n_gpus"),
        "tp": cells.whole("tp", "tensor_parallel_size", "tensor_parallel"),
        "pp": cells.whole("pp", "pipeline_parallel_size", "pipeline_parallel"),
        "replicas": cells.whole("replicas", "data_parallel_size"),
        "precision": part.text("precision", "quantization", "dtype"),
        "kv_precision": part.text("kv_precision", "kv_cache_dtype", "kv_dtype"),
    }


def read_bench(file: File) -> Bench:
    """Return what a result file measured.

    Raises:
        DataError: It is cut off, of another tool, or contradicts itself; the text begins
            `file:line:`.
    """
    from tco.catalog.benches.formats import FORMATS, UNREAD

    records = list(_records(file))
    for form in FORMATS:
        if all(form.knows(part.cells) for part in records):
            return _bench(file.path, form.tool, records, form.read)
    for keys, why in UNREAD:
        if all(key in records[0].cells for key in keys):
            raise DataError(f"{file.path}:1: nothing to import: {why}")
    names = ", ".join(f"{form.tool} ({', '.join(form.keys)})" for form in FORMATS)
    raise DataError(f"{file.path}:1: not a result of any tool that is read here: {names}")


Reader = Callable[[list[BenchPart]], Iterator[BenchReading | str]]


@dataclass(frozen=True, slots=True)
class BenchFormat:
    """How the results of a tool are recognised and read.

    Args:
        tool: Its name.
        keys: Members that each of its records has.
        read: Yields its runs, and what is to be known of the others, from all records of a file.
        called: What people call the tools that write it, where that is not its name.
    """

    tool: str
    keys: tuple[str, ...]
    read: Reader
    called: tuple[str, ...] = ()

    def knows(self, cells: Document) -> bool:
        """Return whether a record is one of this tool's."""
        return all(key in cells for key in self.keys)


def _bench(path: str, tool: str, records: list[BenchPart], reader: Reader) -> Bench:
    found = list(reader(records))
    readings = tuple(one for one in found if isinstance(one, BenchReading))
    notes = tuple(dict.fromkeys(one for one in found if isinstance(one, str)))
    if not readings:
        why = notes[0] if notes else "it holds no finished run"
        raise DataError(f"{path}:{records[0].line}: nothing to import from {tool}: {why}")
    return Bench(path, tool, readings, notes)


def _records(file: File) -> Iterator[BenchPart]:
    """Yield the records of a file: one document, a list of them, or one after the other."""
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{file.path}:1: not UTF-8 text") from None
    if _heads_a_sheet(text):
        yield from _lines_of_a_sheet(file.path, text)
        return
    decoder = json.JSONDecoder(parse_constant=lambda name: None)
    at, seen = 0, False
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        line = text.count("\n", 0, at) + 1
        try:
            document, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            raise DataError(_cut_off(file.path, text, line, error)) from None
        for cells in document if isinstance(document, list) else [document]:
            if not isinstance(cells, Mapping):
                raise DataError(f"{file.path}:{line}: not a result file: a mapping is expected")
            seen = True
            yield BenchPart(file.path, line, cells)
    if not seen:
        raise DataError(f"{file.path}:1: empty")


NUMBERS = re.compile(r"(?:n|avg)_\w+ (-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)")
"""Columns that count, with such a cell: a commit may be of digits alone, too."""


def _heads_a_sheet(text: str) -> bool:
    head = "" if text.lstrip()[:1] in ("[", "{") else text.partition("\n")[0]
    return {"n_prompt", "n_gen", "avg_ts"} <= {*re.split('[,"]+', head.strip())}


def _lines_of_a_sheet(path: str, text: str) -> Iterator[BenchPart]:
    """Yield the tests of llama-bench's CSV, whose columns are called as the members of its JSON."""
    names, *rows = csv.reader(text.splitlines())
    for line, row in enumerate(rows, 2):
        if len(row) != len(names):
            raise DataError(f"{path}:{line}: {len(row)} cells under {len(names)} names: cut off?")
        found = (
            (name, NUMBERS.fullmatch(f"{name} {cell}"))
            for name, cell in zip(names, row, strict=True)
        )
        counts = {name: float(number[1]) for name, number in found if number}
        yield BenchPart(path, line, dict(zip(names, row, strict=True)) | counts)
    if not rows:
        raise DataError(f"{path}:1: empty")


def _cut_off(path: str, text: str, line: int, error: Exception) -> str:
    """Return what is wrong with a file that is no JSON, or not all of it."""
    if not isinstance(error, json.JSONDecodeError):
        return f"{path}:{line}: nested too deeply for a result file"
    if text[:1] not in "[{" and line == 1:
        return (
            f"{path}:1: not JSON; the tools' .json result is read, not their tables "
            "(llama-bench: -o json, jsonl or csv)"
        )
    if not text[error.pos :].strip() or text.count("{") > text.count("}"):
        return f"{path}:{error.lineno}: cut off: the JSON does not end"
    return f"{path}:{error.lineno}: not JSON: {error.msg.lower()}"


Switch = Literal["0", "1"]


class Measurement(Record):
    """One measured rate of one set-up; an empty cell is what is not known."""

    source: Id
    date: Text
    """When it was measured or published: a day, a month, a year or `FIRST..LAST`."""
    model: Text
    """Id or another name of a model of the catalog."""
    gpu: Text
    n_gpus: Count
    """All GPUs that worked on it."""
    replicas: Count | None = None
    """Copies of the model that the rate sums over."""
    tp: Count | None = None
    """Tensor-parallel GPUs of a replica."""
    pp: Count | None = None
    """Pipeline stages of a replica."""
    dp_attention: Switch = "0"
    expert_parallel: Switch = "0"
    layer_split: Switch = "0"
    """Layers are dealt out to GPUs that work one after the other (llama.cpp)."""
    weight_dtype: Text
    kv_dtype: Text
    engine: Text
    engine_version: Text | None = None
    mode: Literal["continuous", "static_batch", "single_stream"]
    isl: Positive
    """Input tokens of a request, mean."""
    osl: Positive
    """Output tokens of a request, mean."""
    concurrency: Positive | None = None
    """Requests in flight over all replicas; empty: as many as fit."""
    max_batch_per_replica: Positive | None = None
    prefill_included: Switch = "1"
    output_tok_s: Positive
    """Output tokens per second over all replicas [token/s]."""
    ttft_ms: Positive | None = None
    tpot_ms: Positive | None = None
    note: Text | None = None


COLUMNS = tuple(Measurement.model_fields)

REQUIRED = tuple(name for name, f in Measurement.model_fields.items() if f.is_required())
