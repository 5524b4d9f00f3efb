"""The shipped measurements: every row holds to the schema and to the catalogs."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from tco.catalog.files import File, checked, csv_of, measurements, read_table
from tco.catalog.load import load_catalog
from tco.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
HEAD = (
    "source,date,model,gpu,n_gpus,replicas,tp,pp,weight_dtype,kv_dtype,engine,mode,isl,osl,"
    "concurrency,output_tok_s\n"
)
GOOD = "mine,2026-11-01,llama-3.3-70b,h100-sxm,2,1,2,1,fp8,fp8,vLLM,continuous,1000,500,32,900\n"


def file(text: str | bytes) -> File:
    return File("mine.csv", text if isinstance(text, bytes) else text.encode())


def test_every_shipped_row_holds_to_the_schema_and_names_what_the_catalogs_know() -> None:
    catalog = load_catalog()
    shipped = catalog.measured[0]
    assert 300 < len(shipped.rows) < 1000
    for index in range(len(shipped.rows)):
        row = checked(shipped, index)
        assert any(remark.startswith(f"# source {row.source}:") for remark in shipped.remarks)
        assert row.model in catalog.models.models
        assert row.gpu in catalog.hardware.accelerators
        assert row.tp and row.replicas and row.n_gpus == row.tp * (row.pp or 1) * row.replicas
    assert csv_of(shipped.rows, shipped.remarks).count("\n") == (
        len(shipped.rows) + len(shipped.remarks) + 1
    )


def test_remarks_and_blank_lines_are_skipped_and_lines_still_counted() -> None:
    table = read_table(file(f"# one\n# source mine: a test\n{HEAD}\n{GOOD}"))
    assert table.lines == (5,)
    assert measurements(file(f"# source mine: a test\n{HEAD}{GOOD}")).remarks[0].endswith("test\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "mine.csv:1: empty"),
        ("a,b\n1,2\n", "mine.csv:1: no column called source, date, model"),
        ("a,a\n", "mine.csv:1: a column is there twice"),
        (HEAD + GOOD.replace("900", "9e"), "mine.csv:2: output_tok_s: a number is expected"),
        (HEAD + GOOD.replace("900", "-9"), "mine.csv:2: output_tok_s: Input should be greater"),
        (HEAD + GOOD.replace("900", "inf"), "mine.csv:2: output_tok_s"),
        (HEAD + GOOD.replace("continuous", "fast"), "mine.csv:2: mode: expected one of"),
        (HEAD + GOOD.replace(",900", ",900,7"), "mine.csv:2: not CSV: 17 cells under 16 columns"),
        (HEAD + '"never closed', "mine.csv:2: not CSV"),
        (b"\xff\xfe", "mine.csv:1: not UTF-8 text"),
        (HEAD.encode() + b"caf\xe9", "mine.csv:2: not UTF-8 text"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(text: str | bytes, words: str) -> None:
    with pytest.raises(DataError) as raised:
        measurements(file(text), yours=True)
    assert str(raised.value).startswith(words)


def test_the_shipped_file_is_what_the_benchmark_chooses() -> None:
    script = ROOT / "benchmarks" / "throughput.py"
    chosen = runpy.run_path(str(script))
    made = chosen["text"](chosen["curated"]())
    assert made == (ROOT / "data" / "throughput.csv").read_text("utf-8")
