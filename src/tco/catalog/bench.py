"""Result files of benchmark tools: what each says of a measured rate, and what it leaves out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from tco.catalog.files import File
from tco.errors import DataError, printable

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measured rate as a file tells it; None is what it does not say.

    Args:
        isl, osl: Mean length of a request [token].
        concurrency: Requests in flight, mean [1].
        output_tok_s: Output tokens per second over all GPUs [token/s].
        notes: What a reader should know.
    """

    output_tok_s: float
    isl: float | None = None
    osl: float | None = None
    concurrency: float | None = None
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
    prefill_included: bool = True
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bench:
    """A result file: the tool that wrote it, and what it measured."""

    path: str
    tool: str
    readings: tuple[Reading, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
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

    def part(self, name: str) -> Part:
        """Return a mapping inside; an empty one where there is none."""
        inner = self.cells.get(name)
        return Part(self.path, self.line, inner if isinstance(inner, Mapping) else {})

    def agree(self, said: float, found: float, how: str, slack: float) -> None:
        """Refuse a file whose rate is not what its own counts and times come to."""
        if abs(said / found - 1.0) > slack:
            self.refuse(f"it says {said:,.5g} output tokens/s, but {how} are {found:,.5g}")


def read_bench(file: File) -> Bench:
    """Return what a result file measured.

    Raises:
        DataError: It is cut off, of another tool, or contradicts itself; the text begins
            `file:line:`.
    """
    from tco.catalog.bench_formats import FORMATS

    records = list(_records(file))
    for tool, known, reader in FORMATS:
        if all(known(part.cells) for part in records):
            return _bench(file.path, tool, records, reader)
    names = ", ".join(tool for tool, _, _ in FORMATS)
    raise DataError(f"{file.path}:1: not a result of any tool that is read here: {names}")


def _bench(
    path: str, tool: str, records: list[Part], reader: Callable[[Part], Iterator[Reading | str]]
) -> Bench:
    found = [one for part in records for one in reader(part)]
    readings = tuple(one for one in found if isinstance(one, Reading))
    notes = tuple(dict.fromkeys(one for one in found if isinstance(one, str)))
    if not readings:
        why = notes[0] if notes else "it holds no finished run"
        raise DataError(f"{path}:{records[0].line}: nothing to import from {tool}: {why}")
    return Bench(path, tool, readings, notes)


def _records(file: File) -> Iterator[Part]:
    """Yield the records of a file: one document, a list of them, or one after the other."""
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{file.path}:1: not UTF-8 text") from None
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
            yield Part(file.path, line, cells)
    if not seen:
        raise DataError(f"{file.path}:1: empty")


def _cut_off(path: str, text: str, line: int, error: Exception) -> str:
    """Return what is wrong with a file that is no JSON, or not all of it."""
    if not isinstance(error, json.JSONDecodeError):
        return f"{path}:{line}: nested too deeply for a result file"
    if text[:1] not in "[{" and line == 1:
        return f"{path}:1: not JSON; the tools' .json result is read, not their tables"
    if not text[error.pos :].strip() or text.count("{") > text.count("}"):
        return f"{path}:{error.lineno}: cut off: the JSON does not end"
    return f"{path}:{error.lineno}: not JSON: {error.msg.lower()}"
