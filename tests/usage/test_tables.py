"""Tables as programs and people write them: headings, numbers, encodings, empty ones."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cases import bucket, lines, page
from running import run

from tco.usage.logs import Logs
from tco.usage.read import Reading

duckdb = pytest.importorskip("duckdb")
HEAD = "start,model,input_tokens,output_tokens,cached_tokens\n"
ROW = "2026-11-20T10:00:00Z,gpt-5,700,50,100\n"
CALL = {"start": "2026-11-20T10:00:00Z", "model": "gpt-5", "input_tokens": 700, "output_tokens": 50}


def asked(folder: Path, *words: str, command: str = "profile", **files: str | bytes) -> Any:
    """Return what a command says of files; `__` stands for a dot in their names."""
    for name, text in files.items():
        raw = text if isinstance(text, bytes) else text.encode()
        (folder / name.replace("__", ".")).write_bytes(raw)
    return run(command, str(folder), *words, "-o", "json", "-q", "--as-of", "2026-11-21")


def sums(folder: Path, *words: str, **files: str | bytes) -> tuple[Any, ...]:
    """Return requests, fresh input (or all of it), what was read, output."""
    done = asked(folder, *words, **files)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["left_out"] == {}
    total = found["totals"]
    fresh = total["input_with_read"] if total["input"] is None else total["input"]
    return found["requests"], fresh, total["read"], total["output"]


@pytest.mark.parametrize(
    "head",
    [
        "Start, Model , Input Tokens,Output_Tokens ,Cached Tokens\n",
        "START TIME,MODEL NAME,inputTokens,outputTokens,cachedTokens\n",
        "start,model,input_tokens,output_tokens,input_cached\n",
        "timestamp,model,prompt-tokens,completion-tokens,cache-read-input-tokens\n",
        "\ufeffstart;model;input_tokens;output_tokens;cached_tokens\n",
    ],
)
def test_columns_go_by_their_names_whatever_their_letters(tmp_path: Path, head: str) -> None:
    text = head + (ROW.replace(",", ";") if ";" in head else ROW)
    assert sums(tmp_path, a__csv=text) == (1, 600, 100, 50)


def test_fields_of_json_and_of_structures_in_parquet(tmp_path: Path) -> None:
    usage = {"promptTokens": 700, "completionTokens": 50, "promptTokensDetails": {}}
    late: dict[str, Any] = {**usage, "promptTokensDetails": {"cachedTokens": 100}}
    call = {"timestamp": "2026-11-20T10:00:00Z", "Model": "gpt-5"}
    (tmp_path / "json").mkdir()
    rows = [{**call, "usage": usage} for _ in range(250)] + [{**call, "usage": late}]
    assert sums(tmp_path / "json", a__jsonl=lines(*rows)) == (251, 251 * 700 - 100, 100, 251 * 50)
    (tmp_path / "flat").mkdir()
    flat = {"usage.prompt_tokens": 700, "usage.completion_tokens": 50}
    flat["usage.prompt_tokens_details.cached_tokens"] = 100
    assert sums(tmp_path / "flat", a__jsonl=lines({**call, **flat})) == (1, 600, 100, 50)
    (tmp_path / "parquet").mkdir()
    duckdb.sql(
        "COPY (SELECT '2026-11-20T10:00:00Z' AS start, 'gpt-5' AS model, 'x' AS filename, "
        "{'prompt_tokens': 700, 'completion_tokens': 50, "
        "'prompt_tokens_details': {'cached_tokens': 100}} AS usage) "
        f"TO '{tmp_path}/parquet/a.parquet'"
    )
    assert sums(tmp_path / "parquet") == (1, 600, 100, 50)


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("start,model,Model,MODEL,input,output", "2026-11-20T10:00:00Z,gpt-5,x,y,700,50"),
        ("start,model,note,note,input,output", "2026-11-20T10:00:00Z,gpt-5,x,y,700,50"),
        ("start,model,,,input,output", "2026-11-20T10:00:00Z,gpt-5,x,y,700,50"),
        ("start,model,input,input,output", "2026-11-20T10:00:00Z,gpt-5,700,9,50"),
    ],
)
def test_headings_that_are_alike(tmp_path: Path, head: str, row: str) -> None:
    assert sums(tmp_path, a__csv=f"{head}\n{row}\n") == (1, 700, None, 50)
    month = "month" + head.removeprefix("start")
    text = f"{month}\n{row.replace('2026-11-20T10:00:00Z', '2026-10')}\n"
    assert sums(tmp_path, a__csv=text) == (None, 700, None, 50)


def test_the_second_of_two_headings_can_be_named(tmp_path: Path) -> None:
    text = "start,model,input,input,output\n2026-11-20T10:00:00Z,gpt-5,700,9,50\n"
    found = sums(tmp_path, "--columns", "input=input (2)", a__csv=text)
    assert found == (1, 9, None, 50)


def test_words_that_head_other_things(tmp_path: Path) -> None:
    """Whether there was a hit, and how hard it was to think, are no counts."""
    call = {**CALL, "cached": True, "reasoning": "high"}
    assert sums(tmp_path, a__jsonl=lines(call)) == (1, 700, None, 50)


@pytest.mark.parametrize("empty", [HEAD, "a,b\n", "", "[]", '{"data": []}', "\n \n"])
def test_an_empty_file_refuses_no_neighbour(tmp_path: Path, empty: str) -> None:
    assert sums(tmp_path, a__csv=HEAD + ROW, b__csv=empty) == (1, 600, 100, 50)
    if empty != "a,b\n":
        names = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
        assert run("profile", *names, "-q").exit_code == 0
        done = run("profile", names[1], "-q")
        assert done.exit_code == 3
        assert done.stderr.count("\n") == 1


def test_a_month_in_which_nothing_was_used(tmp_path: Path) -> None:
    used = {"object": "organization.usage.completions.result", "model": "gpt-5"}
    used |= {"input_tokens": 700, "output_tokens": 50, "num_model_requests": 1}
    (tmp_path / "a.json").write_text(page(bucket(1), bucket(2)))
    (tmp_path / "b.json").write_text(page(bucket(3, used)))
    names = [str(tmp_path / name) for name in ("a.json", "b.json")]
    found = json.loads(run("profile", *names, "-o", "json", "-q").stdout)
    assert found["days"] == {"2026-11-01": 0, "2026-11-02": 0, "2026-11-03": 1}
    found = json.loads(run("profile", names[0], "-o", "json", "-q").stdout)
    assert found["formats"] == {"openai-usage": 1}
    (tmp_path / "b.json").write_text(page(bucket(3, {**used, "input_tokens": -1})))
    for command in ("profile", "bill"):
        done = run(command, *names, "-q")
        assert done.exit_code == 3
        assert "no row can be used: 1 are left out as negative" in done.stderr


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("form", ["utf-16", "utf-16-be"])
def test_unicode_text_of_a_sheet(tmp_path: Path, form: str, packed: bool) -> None:
    def raw(text: str) -> bytes:
        coded = text.encode(form)
        coded = coded if form == "utf-16" else b"\xfe\xff" + coded
        return gzip.compress(coded) if packed else coded

    assert sums(tmp_path, a__csv=raw(HEAD + ROW * 9000)) == (9000, 5_400_000, 900_000, 450_000)
    sheet = "month\tmodel\tinput\toutput\n2026-10\tgpt-5\t700\t50\n"
    assert sums(tmp_path, a__csv=raw(sheet)) == (None, 700, None, 50)
    assert sums(tmp_path, a__csv=raw(lines(CALL))) == (1, 700, None, 50)
    assert sums(tmp_path, a__csv=sheet) == (None, 700, None, 50)


@pytest.mark.parametrize("first", ["start", "month"])
def test_places_after_line_breaks_in_quotes(tmp_path: Path, first: str) -> None:
    when = "2026-11-20T10:00:00Z" if first == "start" else "2026-10"
    text = f'{first},model,input_tokens,output_tokens,"the\nprompt"\n'
    text += f'{when},gpt-5,700,50,"a\nb\nc"\n\n{when},gpt-5,-7,50,"a\nb"\n{when},gpt-5,7,50,a,a\n'
    found = json.loads(asked(tmp_path, a__csv=text).stdout)
    assert found["left_out"] == {"negative": 1, "torn_line": 1}
    path = tmp_path / "a.csv"
    assert found["first_places"] == {"negative": f"{path}:7", "torn_line": f"{path}:9"}


@pytest.mark.parametrize(
    ("cell", "tokens"),
    [
        *((text, 2000) for text in ("2,000", "2.000", "2 000", "2\u00a0000", "2\u202f000")),
        *((text, 2000) for text in ("2'000", "2_000", "2000.0", "2e3", " 2000 ", "+2000")),
        *(("12,345,678", 12_345_678), ("2.000.000", 2_000_000)),
        *((text, "not_a_number") for text in ("2,00", "1.5", "x", "12,34,567", "0.500", "true")),
        *((text, "no_output") for text in ("null", "None", "NaN", "-", "\\N", " ")),
        *(("-5", "negative"), ("-2,000", "negative")),
        *(("1000000000000", "out_of_range"), ("99999999999999999999", "not_a_number")),
    ],
)
def test_counts_as_people_write_them(tmp_path: Path, cell: str, tokens: int | str) -> None:
    good = '2026-11-20T10:00:00Z,gpt-5,"1",50,0\n'
    text = HEAD + good + f'2026-11-20T10:00:00Z,gpt-5,"{cell}",50,0\n'
    found = json.loads(asked(tmp_path, a__csv=text).stdout)
    if isinstance(tokens, int):
        assert found["totals"]["input"] == 1 + tokens
        tokens = ""
    assert found["left_out"] == ({tokens: 1} if tokens else {})


def test_a_part_that_is_told_to_be_nothing_is_none(tmp_path: Path) -> None:
    text = HEAD + ROW + ROW.replace(",100\n", ",NULL\n")
    assert sums(tmp_path, a__csv=text) == (2, 1300, 100, 100)


def test_tables_with_other_marks_between_their_columns(tmp_path: Path) -> None:
    text = HEAD + ROW
    found = sums(
        tmp_path, a__csv=text, b__csv=text.replace(",", ";"), c__tsv=text.replace(",", "\t")
    )
    assert found == (3, 1800, 300, 150)


def test_a_line_of_a_packed_table_that_no_reader_can_hold(tmp_path: Path) -> None:
    long = "1,2," + "x" * 70_000_000 + "\n"
    found = json.loads(
        asked(tmp_path, a__csv__gz=gzip.compress((HEAD + ROW + long + ROW).encode())).stdout
    )
    assert (found["requests"], found["left_out"]) == (2, {"line_too_long": 1})
    assert found["first_places"] == {"line_too_long": f"{tmp_path / 'a.csv.gz'}:3"}


def test_the_same_requests_in_exports_of_other_shapes(tmp_path: Path) -> None:
    head = "id,start,model,input_tokens,output_tokens"
    rows = [f"{n},2026-11-20T10:00:0{n}Z,gpt-5,{700 + n},50" for n in range(3)]
    calls = [dict(zip(head.split(","), row.split(","), strict=True)) for row in rows]
    found = json.loads(
        asked(
            tmp_path,
            a__csv="\n".join([head, *rows, rows[0]]),
            b__jsonl=lines(*calls),
            c__csv="\n".join([f"{head},cached_tokens", *(f"{row},100" for row in rows)]),
            d__csv="\n".join([f"{head},team", rows[1].replace("701", "1") + ",of another system"]),
        ).stdout
    )
    assert found["left_out"] == {"duplicate": 7}
    total = found["totals"]
    assert (found["requests"], total["read"], total["output"]) == (4, 300, 200)


@pytest.mark.parametrize("nothing", ["", '""', "NULL", "null", "\\N", "None", "-", "n/a"])
def test_ids_that_say_nothing_make_no_duplicates(tmp_path: Path, nothing: str) -> None:
    rows = "".join(f"{nothing},{ROW}" for _ in range(3)) + f"x,{ROW}" * 2
    done = json.loads(asked(tmp_path, a__csv=f"id,{HEAD}{rows}").stdout)
    assert (done["requests"], done["left_out"]) == (4, {"duplicate": 1})


def test_ids_that_are_empty_texts_of_json_and_of_parquet(tmp_path: Path) -> None:
    (tmp_path / "json").mkdir()
    (tmp_path / "parquet").mkdir()
    assert sums(tmp_path / "json", a__jsonl=lines(*[{"id": "", **CALL}] * 3))[0] == 3
    duckdb.sql(
        "COPY (SELECT '' AS id, TIMESTAMP '2026-11-20 10:00:00' AS start, 'gpt-5' AS model, "
        "700 AS input, 50 AS output FROM range(3)) "
        f"TO '{tmp_path}/parquet/a.parquet'"
    )
    assert sums(tmp_path / "parquet")[0] == 3


@pytest.mark.parametrize("first", ["start", "month"])
@pytest.mark.parametrize(
    ("cell", "usd"),
    [
        *(("0,05", 0.05), ("0,005", 0.005), ('"1.234,56"', 1234.56), ('"1,234.56"', 1234.56)),
        *(("$ 12.30", 12.3), ("12.30 USD", 12.3), ("USD 12,30", 12.3), ("5e-2", 0.05)),
        *(("NULL", None), ("-", None), ("", None), ("\\N", None), ("nan", None)),
    ],
)
def test_costs_as_people_write_them(
    tmp_path: Path, first: str, cell: str, usd: float | None
) -> None:
    time = "2026-10" if first == "month" else "2026-10-20T10:00:00Z"
    text = f"{first};model;input;output;cost\n{time};gpt-5;700;50;{cell}\n"
    done = json.loads(asked(tmp_path, command="bill", a__csv=text).stdout)
    assert done["left_out"] == {}
    assert done["stated_usd"] == (usd if usd is None else pytest.approx(usd, rel=1e-12))
    assert done["totals"]["input_with_read"] == 700


def test_a_sheet_with_semicolons_has_commas_before_decimals(tmp_path: Path) -> None:
    rows = "".join(f"2026-11-20T10:00:00Z;gpt-5;1.234;1.000;{usd}\n" for usd in ("1,500", "0,25"))
    text = f"start;model;input;output;cost\n{rows}"
    done = json.loads(asked(tmp_path, command="bill", a__csv=text).stdout)
    assert done["stated_usd"] == pytest.approx(1.75)
    assert done["totals"]["input_with_read"] == 2468


@pytest.mark.parametrize("first", ["start", "month"])
@pytest.mark.parametrize(
    ("mark", "costs", "usd"),
    [
        *((";", ("1,234", "0,5"), 1.734), (";", ("1,234", "2,000"), 3.234)),
        *(("\t", ("1,234", "0,05"), 1.284), (";", ("1,234", "12.50"), 1246.5)),
        *(("\t", ("1,234", "2,000"), 3234), ("\t", ("1,234", "5.25"), 1239.25)),
    ],
)
def test_what_a_comma_is_in_an_amount(
    tmp_path: Path, first: str, mark: str, costs: tuple[str, str], usd: float
) -> None:
    """What parts the columns tells, or an amount that can be read in one way only."""
    rows = [
        mark.join((f"2026-10-0{n}{'T10:00:00Z' * (first == 'start')}", "gpt-5", "7", "5", cost))
        for n, cost in enumerate(costs, 1)
    ]
    text = "\n".join([mark.join((first, "model", "input", "output", "cost")), *rows])
    done = json.loads(asked(tmp_path, command="bill", a__csv=text).stdout)
    assert done["stated_usd"] == pytest.approx(usd)


@pytest.mark.parametrize("first", ["start", "month"])
def test_tokens_whose_cost_nobody_can_read_are_counted(tmp_path: Path, first: str) -> None:
    time = "2026-10" if first == "month" else "2026-10-20T10:00:00Z"
    rows = (f"{time},gpt-5,700,50,{cost}" for cost in ("free", "see invoice", "3", "", "1e30"))
    text = "\n".join([f"{first},model,input,output,cost", *rows])
    done = json.loads(asked(tmp_path, command="bill", a__csv=text).stdout)
    assert (done["left_out"], done["doubts"]) == ({}, {"cost_not_readable": 3})
    assert (done["totals"]["input_with_read"], done["stated_usd"]) == (3500, 3)


@pytest.mark.parametrize("period", ["20261120", "202611", "2026-11", "2026/11", "2026-11-20"])
def test_days_and_months_of_a_sheet_in_digits_alone(tmp_path: Path, period: str) -> None:
    text = f"month,model,input,output\n{period},gpt-5,700,50\n"
    done = json.loads(asked(tmp_path, command="bill", a__csv=text).stdout)
    assert (done["left_out"], done["months"].keys()) == ({}, {"2026-11"})
    assert done["first"][:10] == ("2026-11-20" if len(period) in (8, 10) else "2026-11-01")


def test_words_for_a_status_and_a_tier(tmp_path: Path) -> None:
    head = "status,service_tier," + HEAD
    tiers = ("NULL", "on_demand", " Default", "none", "", "standard")
    words = ("success", "Failed", "error", "503", "NULL", "")
    rows = (f"{word},{tier},{ROW}" for word, tier in zip(words, tiers, strict=True))
    text = head + "".join(rows)
    done = json.loads(asked(tmp_path, command="bill", a__csv=text).stdout)
    assert done["left_out"] == {}
    assert {n: t["errors"] for n, t in done["models"]["gpt-5"]["tiers"].items()} == {"standard": 3}
    assert done["list_usd"] == pytest.approx(3 * (600 * 1.25 + 100 * 0.125 + 50 * 10) / 1e6)


def test_what_embeds_puts_nothing_out(tmp_path: Path) -> None:
    rows = [{**CALL, "model": "text-embedding-3-small", "output_tokens": None}, CALL]
    assert sums(tmp_path, a__jsonl=lines(*rows)) == (2, 1400, None, 50)
    chat = {**CALL, "output_tokens": None}
    done = asked(tmp_path, a__jsonl=lines(*rows, chat))
    assert json.loads(done.stdout)["left_out"] == {"no_output": 1}


@pytest.mark.parametrize(
    ("time", "day"),
    [
        *(("2026-11-20", "2026-11-19"), ("2026-11-20 00:00:00", "2026-11-19")),
        *(("2026-11-20T00:00:00+09", "2026-11-19"), ("2026-11-20T00:00:00+0900", "2026-11-19")),
        *(("2026-11-20T00:00:00Z", "2026-11-20"), ("2026-11-20 00:00:00 UTC", "2026-11-20")),
        ("2026-11-20 00:00:00-05", "2026-11-20"),
    ],
)
def test_times_that_name_a_zone_and_times_that_do_not(tmp_path: Path, time: str, day: str) -> None:
    """Midnight in Tokyo is the day before in UTC."""
    words = ("--timezone", "Asia/Tokyo", "--by", "day")
    done = asked(tmp_path, *words, command="bill", a__csv=HEAD + f"{time},gpt-5,700,50,100\n")
    assert [group["name"] for group in json.loads(done.stdout)["groups"]] == [day]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_of_a_retry_with_the_same_id_the_answer_counts(tmp_path: Path, form: str) -> None:
    failed = {**CALL, "id": "x", "status": 503, "output_tokens": 0}
    rows = [failed, {**CALL, "id": "x", "status": 200, "start": "2026-11-20T10:00:05Z"}]
    if form == "jsonl":
        (tmp_path / "a.jsonl").write_text(lines(*rows))
    else:
        values = ", ".join(str(tuple(row[n] for n in failed)) for row in rows)
        how = "FORMAT parquet" if form == "parquet" else "FORMAT csv, HEADER"
        table = f"(VALUES {values}) AS t({', '.join(failed)})"
        duckdb.sql(f"COPY (SELECT * FROM {table}) TO '{tmp_path}/a.{form}' ({how})")
    done = json.loads(asked(tmp_path, command="bill").stdout)
    assert (done["requests"], done["left_out"]) == (1, {"duplicate": 1})
    assert done["totals"]["output"] == 50
    assert done["list_usd"] == pytest.approx((700 * 1.25 + 50 * 10) / 1e6)


@pytest.mark.parametrize(
    ("first", "other", "tokens"),
    [("12.000", "1234.000", 1246), ("12.000", "0.000", 12), ("12.000", "1.234", 13_234)],
)
def test_a_point_that_some_number_has_before_decimals_marks_no_thousands(
    tmp_path: Path, first: str, other: str, tokens: int
) -> None:
    head = "start,model,input,output\n"
    rows = [f"2026-11-20T10:00:0{n},gpt-5,{x},5\n" for n, x in enumerate((first, other))]
    (tmp_path / "a.csv").write_text(head + "".join(rows))
    totals = json.loads(run("profile", str(tmp_path / "a.csv"), "-o", "json", "-q").stdout)[
        "totals"
    ]
    assert totals["input_with_read"] == tokens


@pytest.mark.parametrize("how", ["file", "packed"])
@pytest.mark.parametrize(
    ("line", "more", "left"),
    [("{0}{1}", 2, 0), ("[{0}, {1}]", 2, 0), ("{0}, {1},", 2, 0), ("{0}{1:.20}", 1, 1)],
)
def test_lines_that_are_joined_far_down_have_their_records(
    tmp_path: Path, how: str, line: str, more: int, left: int
) -> None:
    """Only the first 200 lines tell how a file is read."""
    call = {"model": "gpt-5", "input_tokens": 10, "output_tokens": 2}
    every = [json.dumps({"id": f"r{n}", "ts": 1_794_900_000 + n, **call}) for n in range(302)]
    text = "\n".join([*every[:300], line.format(*every[300:])]) + "\n"
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(text.encode()) if how == "packed" else text.encode())
    done = run("profile", str(path), "-o", "json", "-q")
    answer = json.loads(done.stdout)
    assert (answer["requests"], answer["left_out"].get("torn_line", 0)) == (300 + more, left)
    if left:
        assert answer["first_places"]["torn_line"] == f"{path}:301"


HOURS = (("2026-11-20T10:00:00Z", 120), ("2026-11-20T11:00:00Z", 60))


@pytest.mark.parametrize("time", ["timestamp", "start_time", "hour", "created_at", "Date"])
@pytest.mark.parametrize("shape", ["csv", "jsonl"])
def test_rows_that_count_requests_are_buckets_and_no_requests(
    tmp_path: Path, time: str, shape: str
) -> None:
    """A mean of 1,000 tokens is no request of 120,000."""
    rows = [
        {time: at, "model": "gpt-5", "requests": n, "input_tokens": 1000 * n, "output_tokens": n}
        for at, n in HOURS
    ]
    path = tmp_path / f"a.{shape}"
    head = ",".join(rows[0])
    body = "".join(",".join(map(str, row.values())) + "\n" for row in rows)
    path.write_text(f"{head}\n{body}" if shape == "csv" else lines(*rows))
    answer = json.loads(run("profile", str(path), "-o", "json", "-q").stdout)
    assert list(answer["formats"]) == ["totals"]
    assert (answer["requests"], answer["totals"]["output"]) == (180, 180)
    assert (answer["isl"], answer["observed_hours"]) == (None, 2.0)


@pytest.mark.parametrize(("more", "calls"), [("requests", 1), ("request_id,calls", "r{n},3")])
def test_rows_of_one_request_each_are_requests_whatever_counts_them(
    tmp_path: Path, more: str, calls: int | str
) -> None:
    """Calls beside the id of a request are those that an agent made for it."""
    (tmp_path / "a.csv").write_text(
        f"timestamp,{more},model,input_tokens,output_tokens\n"
        + "".join(f"{at},{str(calls).format(n=n)},gpt-5,1000,10\n" for at, n in HOURS)
    )
    answer = json.loads(run("profile", str(tmp_path / "a.csv"), "-o", "json", "-q").stdout)
    assert (list(answer["formats"]), answer["requests"]) == (["table"], 2)


@pytest.mark.parametrize("name", ["usage", "object"])
def test_sheets_have_columns_of_any_name_beside_those_that_count(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.csv").write_text(
        f"date,model,{name},input_tokens,output_tokens\n2026-11-20,gpt-5,0.1,1000,10\n"
    )
    answer = json.loads(run("profile", str(tmp_path / "a.csv"), "-o", "json", "-q").stdout)
    assert list(answer["formats"]) == ["totals"]


DAYS = range(1, 29)
SHEETS = {
    "days that begin at six": ([f"2026-11-{d:02d} 06:00" for d in DAYS], 24 * 28),
    "days of another zone": ([f"2026-11-{d:02d}T00:00:00+02:00" for d in DAYS], 24 * 28),
    "days across a change of clocks": ([f"2026-10-{d}T22:00:00Z" for d in (23, 24)], 48),
    "quarters of a day": ([f"2026-11-20T{h:02d}:00:00Z" for h in (0, 6, 12, 18)], 24),
    "minutes": ([f"2026-11-20T10:{m:02d}:00Z" for m in range(30)], 0.5),
    "whenever": ([f"2026-11-20T{t}Z" for t in ("08:00:00", "08:30:00", "10:00:00")], 2.5),
    "an hour": (["2026-11-20T10:00:00Z"], 1),
    "hours of no day": (list("012"), 0),
}


@pytest.mark.parametrize("name", SHEETS)
def test_rows_of_a_sheet_last_as_long_as_most_of_them_lie_apart(tmp_path: Path, name: str) -> None:
    times, hours = SHEETS[name]
    rows = "".join(f"{time},gpt-5,10,1000,200\n" for time in times)
    (tmp_path / "a.csv").write_text(f"hour,model,requests,input_tokens,output_tokens\n{rows}")
    answer = json.loads(run("profile", str(tmp_path / "a.csv"), "-o", "json", "-q").stdout)
    assert answer["requests"] == 10 * len(times)
    assert answer["observed_hours"] == pytest.approx(hours)


@pytest.mark.parametrize("end", ["20.11.2026", "21.11.2026"])
def test_the_end_of_a_row_may_be_its_own_day(tmp_path: Path, end: str) -> None:
    (tmp_path / "a.csv").write_text(
        f"start,end,model,requests,input_tokens,output_tokens\n20.11.2026,{end},gpt-5,9,900,90\n"
    )
    answer = json.loads(run("profile", str(tmp_path / "a.csv"), "-o", "json", "-q").stdout)
    assert (answer["first"][:10], answer["observed_hours"]) == ("2026-11-20", 24.0)


@pytest.mark.parametrize(
    ("dates", "first", "days"),
    [
        (["20.11.2026"], "2026-11-20", 1),
        (["11/20/2026", "11/2/2026"], "2026-11-02", 2),
        (["20/11/2026", "2/11/2026"], "2026-11-02", 2),
        (["Nov 2026"], "2026-11-01", 30),
        (["November 2026"], "2026-11-01", 30),
        (["Nov-26"], "2026-11-01", 30),
        (["11/2026"], "2026-11-01", 30),
        (["20 Nov 2026"], "2026-11-20", 1),
        (["Nov 20, 2026"], "2026-11-20", 1),
    ],
)
def test_dates_of_sheets_as_people_write_them(
    tmp_path: Path, dates: list[str], first: str, days: int
) -> None:
    rows = "".join(f"{date};gpt-5;1.000.000;100.000;2,25\n" for date in dates)
    (tmp_path / "a.csv").write_text(f"Date;Model;Input Tokens;Output Tokens;Cost\n{rows}")
    answer = json.loads(
        run("bill", str(tmp_path / "a.csv"), "-o", "json", "-q", "--no-elsewhere").stdout
    )
    assert answer["first"][:10] == first
    assert answer["observed_hours"] == 24 * days
    assert answer["stated_usd"] == pytest.approx(answer["list_usd"])


def test_a_day_that_could_be_a_month_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "Date,Model,Input Tokens,Output Tokens\n11/02/2026,gpt-5,10,2\n11/11/2026,gpt-5,10,2\n"
    )
    answer = json.loads(run("profile", str(tmp_path / "a.csv"), "-o", "json", "-q").stdout)
    assert answer["left_out"] == {"day_or_month_first": 1}
    assert answer["days"] == {"2026-11-11": None}


def test_decimals_of_parquet_are_counts(tmp_path: Path) -> None:
    row = "DATE '2026-11-20' AS date, 'gpt-5' AS model, 1000::DECIMAL(18, 2) AS input_tokens"
    path = tmp_path / "a.parquet"
    duckdb.execute(f"COPY (SELECT {row}, 7 AS output_tokens) TO '{path}' (FORMAT parquet)")
    answer = json.loads(run("profile", str(path), "-o", "json", "-q").stdout)
    assert (answer["totals"]["input_with_read"], answer["totals"]["output"]) == (1000, 7)


LATE = [f"{3 + n % 9:02d}/11/2026 10:{n % 60:02d}" for n in range(300)]
TIMES: dict[str, tuple[list[str], list[str]]] = {
    "dotted": (["20.11.2026 10:00", "1.11.2026 9:05:01"], ["11-01T09:05", "11-20T10:00"]),
    "of America": (["11/20/2026 3:04 PM", "11/2/2026 12:04 AM"], ["11-02T00:04", "11-20T15:04"]),
    "of a browser": (["11/20/2026, 3:04:05\u202fPM", "11/2/2026, 12:04:05 AM"],
                     ["11-02T00:04", "11-20T15:04"]),
    "with dashes": (["20-11-2026 10:00", "02-11-2026 10:00"], ["11-02T10:00", "11-20T10:00"]),
    "with names": (["Nov 5, 2026 10:00", "20 November 2026 11:00", "6-Nov-2026 12:00",
                    "Fri, 13 Nov 2026 13:00:00"], ["11-05T10:00", "11-20T11:00"]),
    "half days": (["2026-11-20 9:05", "2026-11-20 3:04 PM"], ["11-20T09:05", "11-20T15:04"]),
    "told by the last row": ([*LATE, "20/11/2026 10:00"], ["11-03T10:00", "11-20T10:00"]),
    "told by the last row, month first": ([*LATE, "11/20/2026 10:00"],
                                          ["03-11T10:00", "11-20T10:00"]),
    "each for itself": (["20/11/2026 10:00", "11/21/2026 10:00", "3/3/2026 10:00"],
                        ["03-03T10:00", "11-21T10:00"]),
}  # fmt: skip


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("name", TIMES)
def test_times_of_single_requests_as_people_write_them(
    tmp_path: Path, name: str, packed: bool, zone: str | None
) -> None:
    """As sheets have them: one reader of dates for both, and the order by all rows of a file."""
    times, ends = TIMES[name]
    rows = "".join(f'r{n},"{time}",gpt-5,700,50\n' for n, time in enumerate(times))
    text = ("request_id,timestamp,model,input_tokens,output_tokens\n" + rows).encode()
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "a.csv").write_bytes(gzip.compress(text) if packed else text)
    with Logs(Reading((str(folder),), zone=zone), lambda _: None) as logs:
        assert (logs.tally.left, logs.found[0].format.name) == ({}, "table")
        seconds = logs.store.numbers("SELECT min(t) AS low, max(t) AS high FROM good")  # type: ignore[union-attr]
    found = [datetime.fromtimestamp(int(seconds[k][0]), UTC) for k in ("low", "high")]
    hour = timedelta(hours=1 if zone else 0)  # none of these is in summer
    wanted = [datetime.fromisoformat(f"2026-{end}:00+00:00") - hour for end in ends]
    assert [one.replace(second=0) for one in found] == wanted


@pytest.mark.parametrize(
    "head", ["timestamp,model,input_tokens,output_tokens", "date,model,input,output"]
)
def test_days_of_which_no_row_tells_how_they_are_written(tmp_path: Path, head: str) -> None:
    rows = "3/3/2026 10:00,gpt-5,700,50\n3/4/2026 10:00,gpt-5,700,50\n"
    done = json.loads(asked(tmp_path, a__csv=f"{head}\n{rows}").stdout)
    assert done["left_out"] == {"day_or_month_first": 1}
    assert any("save them as 2026-11-20" in note for note in done["warnings"])
    refused = asked(tmp_path, a__csv=f"{head}\nyesterday,gpt-5,700,50\n")
    assert refused.exit_code == 3
    assert "left out as no_time; write times as 2026-11-20T10:00:00Z" in refused.stderr


def test_bad_rows_of_a_packed_table_that_is_not_called_so_have_their_lines(tmp_path: Path) -> None:
    """The CSV of a download may be packed, whatever its name: that was exit 70."""
    text = HEAD + ROW + ROW.replace("gpt-5", "") + ROW
    done = asked(tmp_path, a__csv=gzip.compress(text.encode()))
    assert json.loads(done.stdout)["first_places"]["no_model"].endswith("a.csv:3")


@pytest.mark.parametrize("names", ["start,end", "period_start,period_end"])
@pytest.mark.parametrize(
    ("spans", "days", "said"),
    [
        (("2026-09-01,2026-09-30", "2026-10-01,2026-10-31"), 61, "is its last day, as others"),
        (("2026-09-01,2026-10-01", "2026-10-01,2026-11-01"), 61, "is the day after its last, as"),
        (("2026-11-02,2026-11-08", "2026-11-09,2026-11-15"), 14, "is its last day, as others"),
        (("2026-09-01,2026-09-30",), 30, "is its last day, taken so"),
        (("2026-09-03,2026-09-20",), 17, "is the day after its last, taken so"),
        (("2026-11-02,2026-11-02", "2026-11-03,2026-11-03"), 2, ""),
        (("2026-11-02T00:00,2026-11-02T23:59", "2026-11-03T00:00,2026-11-03T23:59"), 2, ""),
        (("2026-11-02T00:00:00Z,2026-11-02T23:59:59Z", "2026-11-03T00:00:00Z,"), 2, ""),
    ],
)
def test_the_end_of_a_bucket_counts_or_does_not_as_the_others_begin(
    tmp_path: Path, names: str, spans: tuple[str, ...], days: int, said: str
) -> None:
    """September to October were 1,416 hours where ends were last days."""
    rows = "".join(f"{span},gpt-5,700,50,5\n" for span in spans)
    done = json.loads(asked(tmp_path, a__csv=f"{names},model,input,output,requests\n{rows}").stdout)
    assert (done["observed_hours"], done["left_out"]) == (days * 24, {})
    notes = [note for note in done["warnings"] if "end of a row" in note]
    assert len(notes) == bool(said) and all(said in note for note in notes)


@pytest.mark.parametrize("calls", [1, 7])
def test_a_table_that_counts_calls_says_that_its_rows_are_buckets(
    tmp_path: Path, calls: int
) -> None:
    head = "time,model,calls,input_tokens,output_tokens\n"
    rows = "".join(f"2026-11-02T0{n}:00:00Z,gpt-5,{calls},1000,20\n" for n in range(3))
    done = json.loads(asked(tmp_path, a__csv=head + rows).stdout)
    assert done["requests"] == 3 * calls
    assert any("by its calls a row is a bucket" in note for note in done["warnings"])


OF_CLAUDE = {"cache_creation_input_tokens": 500, "cache_read_input_tokens": 1000}
AS_SENT = {"input_tokens": 2000, **OF_CLAUDE, "output_tokens": 300}
AI_SDK = {"inputTokens": 2000, "outputTokens": 300, "totalTokens": 2300, "cachedInputTokens": 1000}
SUM = {"input_tokens": 3500, "cached_tokens": 1000, "cache_write_tokens": 500, "output_tokens": 300}
BY_KIND = {"total": 3500, "noCache": 2000, "cacheRead": 1000, "cacheWrite": 500}
DETAILS = {"noCacheTokens": 2000, "cacheReadTokens": 1000, "cacheWriteTokens": 500}
OF_CHAIN = {"cache_read": 1000, "cache_creation": 0, "ephemeral_5m_input_tokens": 500}
CONVERSE = {"inputTokens": 2000, "outputTokens": 300, "totalTokens": 3800}
WHOLE: dict[str, dict[str, Any]] = {
    "Vercel's AI SDK 6": {"usage": {**AI_SDK, "inputTokens": 3500, "inputTokenDetails": DETAILS}},
    "providers of Vercel's AI SDK": {
        "usage": {"inputTokens": BY_KIND, "outputTokens": {"total": 300, "reasoning": 100}}
    },
    "LangChain": {
        "usage_metadata": {
            "input_tokens": 3500,
            "output_tokens": 300,
            "total_tokens": 3800,
            "input_token_details": OF_CHAIN,
        }
    },
    "names of anybody's, and a total of all": {**SUM, "total_tokens": 3800},
    "names of anybody's": SUM,
    "Anthropic's own, said to be all": {**AS_SENT, "input_tokens": 3500},
}
APART: dict[str, dict[str, Any]] = {
    "Anthropic's own": {"usage": AS_SENT},
    "Anthropic's own, flat": AS_SENT,
    "Converse": {"usage": {**CONVERSE, "cacheReadInputTokens": 1000, "cacheWriteInputTokens": 500}},
    "Vercel's AI SDK 5 with the provider's own": {
        "usage": AI_SDK,
        "providerMetadata": {"anthropic": {"cacheCreationInputTokens": 500}},
    },
    "a total of what lies apart": {**SUM, "input_tokens": 2000, "total_tokens": 3800},
}


@pytest.mark.parametrize("name", [*WHOLE, *APART])
@pytest.mark.parametrize("form", ["jsonl", "sheet"])
def test_input_has_what_was_cached_or_has_not_by_names_and_totals(
    tmp_path: Path, name: str, form: str
) -> None:
    told = {**WHOLE, **APART}[name]
    if form == "sheet" and any(isinstance(value, dict) for value in told.values()):
        pytest.skip("a sheet has columns alone")
    time = {"day": "2026-11-20"} if form == "sheet" else {"timestamp": "2026-11-20T10:00:00Z"}
    rows = [{**time, "model": "claude-sonnet-4-5", **told}] * 3
    log = tmp_path / ("a.csv" if form == "sheet" else "a.jsonl")
    table = [",".join(map(str, row)) for row in (rows[0], *(r.values() for r in rows))]
    log.write_text("\n".join(table) if form == "sheet" else lines(*rows))
    said = ("--columns", "input=input_tokens") if name.endswith("said to be all") else ()
    done = run("profile", str(log), *said, "-o", "json")
    total = json.loads(done.stdout)["totals"]
    written = total["write_unknown"] + total["write_5m"]
    assert (total["input"], total["read"], written) == (6000, 3000, 1500)
    assert total["output"] == 900
    assert ("leaves out what was read from a cache" in done.stderr) is (name in APART)


def test_names_of_claude_say_nothing_of_other_models(tmp_path: Path) -> None:
    row = {"timestamp": "2026-11-20T10:00:00Z", "usage": AI_SDK}
    log = tmp_path / "a.jsonl"
    log.write_text("".join(json.dumps({**row, "model": m}) + "\n" for m in ("gpt-5", "claude-5")))
    total = json.loads(run("profile", str(log), "-o", "json", "-q").stdout)["totals"]
    assert (total["input"], total["read"]) == (1000 + 2000, 2000)


def test_more_cached_than_all_input_says_what_to_do(tmp_path: Path) -> None:
    log = tmp_path / "a.csv"
    log.write_text(
        "start,model,input_tokens,cache_read_tokens,output_tokens\n"
        "2026-11-20T10:00:00Z,gpt-5,12,5000,3\n2026-11-20T10:00:00Z,gpt-5,6000,5000,3\n"
    )
    done = run("profile", str(log), "-o", "json")
    assert "if input_tokens leaves out what was cached, --columns fresh=input_tokens" in done.stderr


@pytest.mark.parametrize("repeated", [False, True])
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "sheet"])
def test_writes_by_lifetime_are_columns(tmp_path: Path, form: str, repeated: bool) -> None:
    time = {"day": "2026-11-20"} if form == "sheet" else {"start": "2026-11-20T10:00:00Z"}
    row = {**time, "model": "claude-sonnet-4-5", "input_tokens": 7100, "output_tokens": 300}
    row |= {"cached_tokens": 5000, "cache_write_5m_tokens": 500, "cache_write_1h_tokens": 1500}
    row |= {"request_id": "a"} if form != "sheet" else {}
    log = tmp_path / f"a.{'csv' if form == 'sheet' else form}"
    times = 2 if repeated and form != "sheet" else 1
    if form == "jsonl":
        log.write_text((json.dumps(row) + "\n") * times)
    elif form == "parquet":
        names = ", ".join(f"{value!r} AS {name}" for name, value in row.items())
        duckdb.sql(f"COPY (SELECT {names} FROM range({times})) TO '{log}'")
    else:
        log.write_text("\n".join(",".join(map(str, r)) for r in (row, *[row.values()] * times)))
    total = json.loads(run("profile", str(log), "-o", "json", "-q").stdout)["totals"]
    assert [total[n] for n in ("input", "read", "write_5m", "write_1h", "write_unknown")] == [
        *(100, 5000, 500, 1500, 0)
    ]


@pytest.mark.parametrize("whole", [(), ("cache_write_tokens",)])
def test_what_no_count_is_of_a_lifetime_leaves_the_row_out(
    tmp_path: Path, whole: tuple[str, ...]
) -> None:
    """Rows with half a token, a word or less than nothing written were billed without it."""
    cells = ("1.5", "abc", "-5", "500", "")
    rows = [f"2026-11-20T10:00:0{n}Z,gpt-5,1000,{cell},10" for n, cell in enumerate(cells)]
    head = "start,model,input_tokens,cache_write_5m_tokens,output_tokens"
    log = tmp_path / "a.csv"
    log.write_text("\n".join(f"{row}{',500' * len(whole)}" for row in rows))
    log.write_text("\n".join([",".join([head, *whole]), log.read_text()]))
    answer = json.loads(run("profile", str(log), "-o", "json", "-q").stdout)
    assert answer["left_out"] == {"not_a_number": 2, "negative": 1}
    odd = "2026-11-20T10:00:00Z,gpt-5,1000,500,10,abc\n"
    log.write_text(f"{head},cache_write_tokens\n{odd}{odd.replace('abc', '700')}")
    answer = json.loads(run("profile", str(log), "-o", "json", "-q").stdout)
    assert (answer["left_out"], answer["totals"]["write_unknown"]) == ({"not_a_number": 1}, 200)


def test_lines_may_tell_lifetimes_late(tmp_path: Path) -> None:
    """What only lines after the first ones said to be written for an hour was plain input."""
    line = {"start": "2026-11-20T10:00:00Z", "model": "gpt-5"}
    usage = {"input_tokens": 1000, "output_tokens": 10}
    late = {**usage, "cache_creation": {"ephemeral_1h_input_tokens": 500}}
    log = tmp_path / "a.jsonl"
    log.write_text("\n".join(json.dumps({**line, "usage": u}) for u in [usage] * 500 + [late] * 3))
    total = json.loads(run("profile", str(log), "-o", "json", "-q").stdout)["totals"]
    assert (total["write_1h"], total["write_unknown"]) == (1500, 0)


def test_times_as_the_portal_of_azure_saves_them(tmp_path: Path) -> None:
    """Nobody took its heading for a time: the requests were totals of no requests at all."""
    log = tmp_path / "a.csv"
    log.write_text(
        "TimeGenerated [UTC],ModelName,PromptTokens,CompletionTokens\n"
        '"11/20/2026, 10:00:00.123 PM",gpt-4.1,1000,50\n'
    )
    answer = json.loads(run("profile", str(log), "-o", "json", "-q").stdout)
    assert (answer["requests"], answer["first"][:16]) == (1, "2026-11-20T22:00")


@pytest.mark.parametrize(
    ("mark", "costs", "usd", "told"),
    [
        *((";", ("1,234", "2,500"), 3.734, True), ("\t", ("1,234", "2,500"), 3734.0, True)),
        *((";", ("1,234", "2,50"), 3.734, False), (";", ("1,234", "2.50"), 1236.5, False)),
    ],
)
@pytest.mark.parametrize("time", ["day", "start"])
def test_a_comma_that_could_be_either_is_told(
    tmp_path: Path, mark: str, costs: tuple[str, ...], usd: float, told: bool, time: str
) -> None:
    when = "2026-11-20" if time == "day" else "2026-11-20T10:00:00Z"
    rows = [
        (time, "model", "input", "output", "cost"),
        *((when, "gpt-5", "9", "1", c) for c in costs),
    ]
    (tmp_path / "a.csv").write_text("\n".join(mark.join(row) for row in rows) + "\n")
    done = run("profile", str(tmp_path / "a.csv"), "-o", "json")
    assert json.loads(done.stdout)["usd"] == pytest.approx(usd)
    assert ("a cost of 1,234 is read as" in done.stderr) is told
