"""`tco profile`: what is found in tables of requests, the file, and the questions that take it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cases import CASES
from made import MODELS, START, drawn, spoilt, total, write
from running import ROOT, clean, run
from strategies import DAY

from tco.catalog.load import Catalog
from tco.errors import install_command
from tco.usage.aggregates import filled
from tco.usage.bill import BillAsk, billed
from tco.usage.logs import Logs
from tco.usage.matching import Matcher
from tco.usage.pricing import matches_of, priced
from tco.usage.profile import profiled
from tco.usage.read import Reading

duckdb = pytest.importorskip("duckdb")
REASONS = (
    *("negative", "cached_over_input", "reasoning_over_output", "ends_before_start"),
    *("out_of_range", "duplicate"),
)


def quiet(_: float) -> None:
    """Show no progress."""


@pytest.fixture(scope="module")
def rows() -> dict[str, Any]:
    return drawn()


@pytest.fixture(scope="module")
def made(rows: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return write(spoilt(rows, REASONS), tmp_path_factory.mktemp("made"), "parquet")


@pytest.fixture(scope="module")
def profile(made: list[str], catalog: Catalog) -> Any:
    return profiled(Reading(tuple(made)), catalog, DAY, quiet)


@pytest.fixture(scope="module")
def file(profile: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("profile") / "ours.yaml"
    path.write_text(profile[1])
    return str(path)


@pytest.mark.parametrize("form", ["parquet", "csv.gz", "jsonl.gz"])
def test_sums_and_bad_rows_are_those_of_the_table(
    rows: dict[str, Any], form: str, tmp_path: Path, catalog: Catalog
) -> None:
    paths = write(spoilt(rows, REASONS), tmp_path, form)
    found = profiled(Reading(tuple(paths)), catalog, DAY, quiet)[0]
    assert found.left_out == dict.fromkeys(sorted(REASONS), 1)
    for reason in REASONS:
        assert found.first_places[reason].startswith(str(tmp_path)), reason
    for model in MODELS:
        got = found.models[model]
        taken = (got.input or 0) + (got.read or 0) + got.write_unknown
        assert taken == total(rows, model, "input_tokens")
        assert got.read == total(rows, model, "cached_tokens")
        assert got.write_unknown == total(rows, model, "cache_write_tokens")
        assert got.output == total(rows, model, "output_tokens")
        assert got.reasoning == total(rows, model, "reasoning_tokens")
        assert got.errors == int((rows["status"][rows["model"] == model] == 429).sum())


def test_quantiles_curve_and_peaks_are_those_of_the_table(
    rows: dict[str, Any], profile: Any
) -> None:
    found = profile[0]
    ok = rows["status"] == 200
    assert found.isl["p50"] == np.quantile(rows["input_tokens"][ok], 0.5, method="inverted_cdf")
    assert found.isl["p99"] == np.quantile(rows["input_tokens"][ok], 0.99, method="inverted_cdf")
    assert found.isl["max"] == rows["input_tokens"][ok].max()
    assert found.osl["mean"] == pytest.approx(rows["output_tokens"][ok].mean())
    hours = (rows["start"] - START) // 3600
    week = np.bincount(hours % 168, minlength=168)
    assert found.curve == pytest.approx(week / week.mean())
    assert found.observed_hours == 672
    mean = len(hours) / 672
    assert found.peak_to_mean.hour == pytest.approx(np.bincount(hours).max() / mean)
    minutes = np.bincount((rows["start"] - START) // 60).max()
    assert found.peak_to_mean.minute == pytest.approx(minutes / (mean / 60))
    seconds = np.bincount(rows["start"] - START).max()
    assert found.peak_to_mean.second == pytest.approx(seconds / (mean / 3600))


def test_in_flight_is_what_requests_find(rows: dict[str, Any], profile: Any) -> None:
    steps = np.arange(START // 10, (START + 28 * 86_400) // 10 + 1000)
    begun = np.bincount(rows["start"] // 10 - START // 10, minlength=steps.size)
    ended = np.bincount(rows["end"] // 10 - START // 10, minlength=steps.size)
    now = np.cumsum(begun - ended)
    found = np.repeat(now, begun)
    assert profile[0].in_flight["p99"] == np.quantile(found, 0.99, method="inverted_cdf")


def test_the_order_of_files_changes_no_byte(
    made: list[str], catalog: Catalog, profile: Any
) -> None:
    for paths in (made[::-1], [made[1], made[0], made[2]]):
        assert profiled(Reading(tuple(paths)), catalog, DAY, quiet)[1] == profile[1]


def test_the_file_is_small(profile: Any) -> None:
    assert len(profile[1].encode()) <= 6_000 * len(MODELS)


MATCH = ("gpt-5-mini=openai/gpt-5-mini", "gemini-2.5-pro=google/gemini-2.5-pro")


def test_a_bill_from_the_profile_is_the_bill_row_by_row(
    made: list[str], file: str, catalog: Catalog
) -> None:
    recorded = billed(Reading((file,)), catalog, DAY, BillAsk(match=MATCH, beside=False), quiet)
    with Logs(Reading(tuple(made)), quiet) as logs:
        assert logs.store is not None
        every = logs.store.numbers("SELECT * FROM good WHERE status < 400")
    sign = every["n"]
    counts = ("n", "input", "read", "write_unknown", "output", "reasoning")
    every = {k: np.abs(v) if k in counts else v for k, v in every.items()}
    none = np.zeros(len(sign), np.int64)
    names = ("write_5m", "write_1h", "write_30m", "write_12h", "longer_than", "tier")
    flags = ("failed", "only_cost", "unsplit")
    every |= dict.fromkeys(names, none) | {name: none.astype(bool) for name in flags}
    every = filled(every)
    matches = matches_of(every, Matcher(catalog, dict(m.split("=") for m in MATCH)))
    each = priced(catalog, every, matches, DAY, on=DAY)
    assert recorded.list_usd == pytest.approx(float((each.usd * sign).sum()), rel=1e-9)
    mine = every["model"] == "gemini-2.5-pro"
    tier = mine & (every["input"] > 200_000)
    assert tier.any()
    assert not tier[mine].all()  # both sides of a limit are in it


def test_every_command_takes_the_profile(file: str) -> None:
    for command in (
        ("compare",),
        ("breakeven",),
        ("sensitivity",),
        ("plan",),
        ("horizon", "gpt-4.1", "self/llama-3.3-70b"),
        ("explain", "gpt-4.1"),
        ("size", "llama-3.3-70b"),
        ("config", "show"),
    ):
        done = run(*command, "--profile", file, "-q", "-o", "json")
        assert done.exit_code == 0, (command, done.output)
    done = run("compare", "--profile", f"{file}#gemini-2.5-pro", "-o", "json", "-q")
    load = json.loads(done.stdout)["workload"]
    assert load["profile"] == f"{file}#gemini-2.5-pro"
    assert load["requests_per_month"] > 0


def test_a_scenario_takes_the_profile(file: str, tmp_path: Path) -> None:
    scenario = tmp_path / "tco.yaml"
    scenario.write_text(f"workload:\n  profile: {file}\n")
    from_file = json.loads(run("compare", "-f", str(scenario), "-o", "json", "-q").stdout)
    typed = json.loads(run("compare", "--profile", file, "-o", "json", "-q").stdout)
    assert from_file["workload"] == typed["workload"]


def test_context_tiers_see_the_tail_of_the_profile(file: str, catalog: Catalog) -> None:
    told = run(
        "explain", "gemini-2.5-pro", "--profile", f"{file}#gemini-2.5-pro", "-o", "json", "-q"
    )
    option = json.loads(told.stdout)["option"]
    lines = {line["item"]: line for line in option["lines"]}
    recorded = billed(Reading((file,)), catalog, DAY, BillAsk(match=MATCH, beside=False), quiet)
    listed = recorded.models["gemini-2.5-pro"].list_usd
    month = sum(line["amount_usd"] for item, line in lines.items() if item.endswith("tokens"))
    assert month == pytest.approx(listed * 730 / 672, rel=1e-3)
    flat = lines["input tokens"]["rate_usd"]
    assert 1.25 < flat < 2.5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("schema: 1\nkind: other\n", ""),
        ("kind: usage-profile\n", "schema"),
        ("schema: 1\nkind: usage-profile\nmodels: [\n", ""),
        ("", ""),
    ],
)
def test_a_wrong_profile_file_is_one_line(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    done = run("compare", "--profile", str(path))
    assert done.exit_code == 3
    assert done.stderr.startswith(f"tco: {path}")
    assert done.stderr.count("\n") == 1
    assert complaint in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("columns: [below, requests, ", "columns: [below, input, ", "requests is missing"),
        ("columns: [below, requests, ", "columns: [requests, requests, ", "stands twice"),
        ("columns: [below, ", "columns: [below, other, ", "every row has"),
        ("quantiles: [", "quantiles: [0.1, ", "by_mean_seconds: every row"),
        ("  requests: ", f"  requests: {10**25}", "less than"),
    ],
)
def test_columns_that_do_not_fit_their_rows_are_told(
    old: str, new: str, complaint: str, file: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.yaml"
    text = Path(file).read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    for line in (["compare", "--profile"], ["bill"]):
        done = run(*line, str(path))
        assert (done.exit_code, done.stderr.count("\n")) == (3, 1), done.output
        assert complaint in done.stderr and f"{path}:" in done.stderr


def test_a_missing_profile_and_a_missing_model_are_told(file: str) -> None:
    assert "no such file" in run("compare", "--profile", "nowhere/ours.yaml").stderr
    done = run("compare", "--profile", f"{file}#gpt-5-mimi")
    assert done.exit_code == 3
    assert "did you mean gpt-5-mini" in done.stderr


def test_buckets_of_a_day_say_what_they_hide(tmp_path: Path) -> None:
    table = tmp_path / "days.csv"
    days = "".join(f"2026-11-{d:02d},gpt-5,1000000,20000,{10 * d}\n" for d in range(2, 16))
    table.write_text(f"date,model,input,output,requests\n{days}")
    found = json.loads(run("profile", str(table), "-o", "json", "-q").stdout)
    assert found["isl"] is None
    assert found["curve"] is None
    assert found["peak_to_mean"]["hour"] is None
    assert found["peak_to_mean"]["day"] == pytest.approx(150 / 85)
    assert "between" in found["unknown"]["peak_to_mean"]
    assert set(found["unknown"]) >= {"isl", "osl", "curve", "in_flight"}


FORBIDDEN = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('duckdb', 'pyarrow', 'ibis'):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from tco.cli.app import run
sys.argv = ['tco', *sys.argv[1:]]
run()
"""


def without_duckdb(*args: str) -> Any:
    """Return what a command does where DuckDB cannot be imported."""
    env = clean({"PYTHONPATH": str(ROOT / "src")})
    command = [sys.executable, "-c", FORBIDDEN, *args]
    return subprocess.run(
        command, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def test_totals_and_reports_need_no_extra(tmp_path: Path) -> None:
    table = tmp_path / "months.csv"
    table.write_text(
        "month,model,input,cached,output,cost\n2026-10,gpt-5,1000000,400000,20000,1.0\n"
    )
    done = without_duckdb("bill", str(table), "-o", "json", "-q")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["list_usd"] == pytest.approx(
        0.6 * 1.25 + 0.4 * 0.125 + 0.02 * 10
    )
    assert without_duckdb("profile", str(table)).returncode == 0
    assert without_duckdb("compare", "--tokens", "50B").returncode == 0


def test_requests_say_which_extra_they_need(made: list[str], tmp_path: Path) -> None:
    table = tmp_path / "requests.csv"
    table.write_text("start,model,input_tokens,output_tokens\n2026-11-18T10:00:00Z,gpt-5,5,5\n")
    done = without_duckdb("profile", str(table))
    assert done.returncode == 2
    assert install_command("logs").partition(" -e ")[2] in done.stderr


def test_times_without_a_zone_are_taken_in_the_one_that_is_named(tmp_path: Path) -> None:
    table = tmp_path / "requests.csv"
    table.write_text("start,model,input_tokens,output_tokens\n2026-11-18 00:30:00,gpt-5,5,5\n")
    utc = json.loads(run("profile", str(table), "-o", "json", "-q").stdout)
    berlin = json.loads(
        run("profile", str(table), "--timezone", "Europe/Berlin", "-o", "json", "-q").stdout
    )
    assert list(utc["days"]) == ["2026-11-18"]
    assert list(berlin["days"]) == ["2026-11-17"]
    assert run("profile", str(table), "--timezone", "Mars/Olympus").exit_code == 2


def test_own_names_of_columns(tmp_path: Path) -> None:
    table = tmp_path / "requests.csv"
    table.write_text("at,llm,prompt_tok,gen_tok\n2026-11-18T10:00:00Z,gpt-5,70,8\n")
    said = "--columns", "start=at,model=llm,input=prompt_tok,output=gen_tok"
    done = run("profile", str(table), *said, "--from", "table", "-o", "json", "-q")
    assert json.loads(done.stdout)["totals"]["output"] == 8
    assert run("profile", str(table)).exit_code == 3
    wrong = run("profile", str(table), "--columns", "output=tok", "--from", "table")
    assert wrong.exit_code == 2
    assert "no such column" in wrong.stderr


def test_the_day_of_the_file_is_the_day_asked_for(made: list[str], catalog: Catalog) -> None:
    other = profiled(Reading(tuple(made)), catalog, date(2026, 12, 24), quiet)
    assert 'made: "2026-12-24"' in other[1]


def test_totals_without_a_peak_propose_what_works(tmp_path: Path) -> None:
    """Counters tell no times: a named profile is proposed, with the lengths that they say."""
    for name, text in CASES["vllm"].files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = run("profile", str(tmp_path))
    assert done.exit_code == 0, done.stderr
    (line,) = [one.strip() for one in done.stdout.splitlines() if "tco compare" in one]
    assert line == "tco compare --profile general --isl 192 --osl 27 --cached 23.9%"
    assert "every command takes" not in done.stdout
    shown = run(*line.removeprefix("tco ").split(), "--tokens", "1B", "--as-of", str(DAY))
    assert shown.exit_code == 0, shown.stderr


AGENTS = """{start},model,input_tokens,output_tokens,{read}
2026-11-20T10:00:00Z,gpt-4.1,6012,50,5000
2026-11-20T10:01:00Z,gpt-4.1,7012,50,5000
"""


@pytest.mark.parametrize("start", ["time", "created_at", "timestamp", "ts", "start"])
@pytest.mark.parametrize("read", ["cache_read_tokens", "cached_input", "cache_read_input_tokens"])
def test_a_table_of_requests_is_no_spreadsheet_of_totals(
    start: str, read: str, tmp_path: Path
) -> None:
    """It was taken for one, its cache was not read, and the bill came out 2.3 times as large."""
    (tmp_path / "calls.csv").write_text(AGENTS.format(start=start, read=read))
    found = json.loads(run("bill", str(tmp_path / "calls.csv"), "-o", "json", "-q").stdout)
    assert found["requests"] == 2
    assert (found["totals"]["input"], found["totals"]["read"]) == (3024, 10000)


def test_columns_that_are_named_make_a_table(tmp_path: Path) -> None:
    calls = tmp_path / "calls.csv"
    calls.write_text(AGENTS.format(start="at", read="warm").replace("input_tokens", "sent"))
    said = "--columns", "start=at,input=sent,read=warm"
    found = json.loads(run("bill", str(calls), *said, "-o", "json", "-q").stdout)
    assert (found["requests"], found["totals"]["read"]) == (2, 10000)
    odd = run("bill", str(calls), *said, "--columns", "requests=sent", "--from", "table")
    assert (odd.exit_code, odd.stdout) == (2, "")
    assert "a table of requests has no such thing; there are id, start" in odd.stderr


def test_a_column_that_counts_tokens_and_is_not_read_is_told(tmp_path: Path) -> None:
    calls = tmp_path / "calls.csv"
    calls.write_text(
        "time,model,input,output,total_tokens,tokens_from_cache\n"
        "2026-11-20T10:00:00Z,gpt-4.1,6012,50,6062,5000\n"
    )
    (note,) = json.loads(run("bill", str(calls), "-o", "json", "-q").stdout)["warnings"][:1]
    assert note.endswith(
        "calls.csv: not read: tokens_from_cache; --columns read=tokens_from_cache and the like say "
        "what they are"
    )
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("month,model,input,output,warm tokens\n2026-10,gpt-4.1,100,5,50\n")
    assert "not read: warm tokens" in run("bill", str(sheet)).output
    named = run("bill", str(sheet), "--columns", "read=warm tokens", "-o", "json", "-q").stdout
    assert json.loads(named)["totals"]["read"] == 50
    wrong = run("bill", str(sheet), "--columns", "read=cold tokens")
    assert wrong.exit_code == 2
    assert "no such column; there are input, model, month" in wrong.stderr


@pytest.mark.parametrize(
    ("name", "offer"),
    [
        ("anthropic/claude-4.5-sonnet-20250929", "anthropic/claude-sonnet-4.5"),
        ("openai/gpt-4.1-mini-2025-04-14", "openai/gpt-4.1-mini"),
        ("anthropic/claude-4.5-nocturne-20250929", ""),
    ],
)
def test_names_as_openrouter_writes_them(name: str, offer: str, catalog: Catalog) -> None:
    assert Matcher(catalog).match("openrouter", name).offer == offer


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        *(("3,10", 3.1), ("1.234,56", 1234.56), ("12,3456", 12.3456), ("3.10", 3.1)),
        *(("1,234.56", 1234.56), ("1,234", 1.234), ("$ 12.30", 12.3)),
        *(("1.234.567", 1234567.0), ("1,234,567", 1234567.0), ("-1,5", -1.5)),
    ],
)
def test_a_spreadsheet_writes_numbers_as_its_country_does(
    cell: str, number: float, tmp_path: Path
) -> None:
    """A cost of 3,10 was read as 310."""
    sheet = tmp_path / "months.csv"
    sheet.write_text(f"Month;Model;Input;Output;Cost\n2026-09;gpt-5;1.000.000;20;{cell}\n")
    found = json.loads(run("profile", str(sheet), "-o", "json", "-q").stdout)
    assert (found["totals"]["input_with_read"], found["usd"]) == (1_000_000, number)


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl", "totals"])
def test_input_beside_its_cached_part(form: str, tmp_path: Path) -> None:
    """As agents log Claude: what no cache had, and what was read and written beside it."""
    row = {"model": "claude-sonnet-4-5", "input_tokens": 12, "output_tokens": 50}
    row |= {"cache_read_tokens": 5000, "cache_write_tokens": 1000}
    row |= {"day": "2026-11-20"} if form == "totals" else {"time": "2026-11-20T10:00:00Z"}
    calls = tmp_path / f"calls.{'csv' if form == 'totals' else form}"
    if form == "jsonl":
        calls.write_text(json.dumps(row) + "\n")
    elif form == "parquet":
        names = ", ".join(f"{value!r} AS {name}" for name, value in row.items())
        duckdb.sql(f"COPY (SELECT {names}) TO '{calls}'")
    else:
        calls.write_text("\n".join(",".join(map(str, r)) for r in (row, row.values())) + "\n")
    whole = run("bill", str(calls), "-o", "json", "-q")
    assert whole.exit_code == 3
    assert "cached_over_input" in whole.stderr
    said = run("bill", str(calls), "--columns", "fresh=input_tokens", "-o", "json", "-q")
    totals = json.loads(said.stdout)["totals"]
    assert (totals["input"], totals["read"], totals["write_unknown"]) == (12, 5000, 1000)


def billed_of(folder: Path, **files: str) -> Any:
    """Return the bill of files, by their names with an underscore for the dot."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    done = run("bill", *(str(folder / n.replace("__", ".")) for n in files), "-o", "json", "-q")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


COSTS = "usage_date_utc,model,workspace,api_key,token_type,cost_usd,cost_type\n"
CURSOR = (
    "Date,Kind,Model,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Cost\n"
)


def test_charges_of_one_amount_are_not_one_charge(tmp_path: Path) -> None:
    rows = ("input_no_cache,0.50", "output,0.50")
    text = COSTS + "".join(f"2026-11-18,Claude Haiku 4.5,Default,k,{r},token\n" for r in rows)
    text += "2026-11-18,Claude Haiku 4.5,Default,k2,output,0.50,token\n"
    assert billed_of(tmp_path, costs__csv=text)["stated_usd"] == pytest.approx(1.5)


def test_a_count_of_thousands_and_another_money(tmp_path: Path) -> None:
    sheet = "Month;Model;Input;Cached;Output;Cost\n2026-09;gpt-5;1.234.567;1.000;10.000;12,30\n"
    found = billed_of(tmp_path, m__csv=sheet + "2026-10;gpt-5;5;0;5;€12,30\n")
    assert found["totals"]["output"] == 10_005  # what was used counts, whatever money it cost
    assert found["totals"]["read"] == 1_000
    assert found["left_out"] == {}
    assert found["stated_usd"] == pytest.approx(12.3)
    assert found["doubts"] == {"cost_not_in_usd": 1}


@pytest.mark.parametrize("week", ["week,2026-W46", "period,2026-W46", "week,2026-11-09"])
def test_a_week_is_no_day(week: str, tmp_path: Path) -> None:
    head, cell = week.split(",")
    sheet = tmp_path / "w.csv"
    sheet.write_text(f"{head},model,input,output\n{cell},gpt-5,1000000,1000\n")
    assert "168 hours" in run("bill", str(sheet)).stdout


def test_exports_of_the_same_days_count_once(tmp_path: Path) -> None:
    amounts = "start_time_iso,model,type,price,amount\n" + "".join(
        f"2026-11-18T00:00:00Z,deepseek-chat,{kind},1,{n}\n"
        for kind, n in (("request_count", 5), ("output_tokens", 900), ("output_tokens", 900))
    )
    found = billed_of(tmp_path, a__csv=amounts, b__csv=amounts)
    assert (found["requests"], found["totals"]["output"]) == (5, 1800)
    events = CURSOR + "2026-11-18T10:00:00.123Z,On-Demand,gpt-5,0,1000,0,50,$0.01\n"
    assert billed_of(tmp_path, c__csv=events, d__csv=events)["requests"] == 1


def test_an_errored_event_is_not_billed(tmp_path: Path) -> None:
    row = '2026-11-18T10:00:00.123Z,"Errored, No Charge",gpt-5,0,1000000,0,2000000,-\n'
    found = billed_of(tmp_path, c__csv=CURSOR + row)
    assert found["list_usd"] == 0.0


def test_cells_as_other_programs_write_them(tmp_path: Path) -> None:
    """Times as numbers, whole numbers with a point, amounts with a sign, a comma at the end."""
    head = "ts,model,input_tokens,output_tokens,cost_usd,\n"
    rows = "1795132800,gpt-5,2000.0,50,$0.01,\n1795132801.5,gpt-5,1.5,50,NaN,\n"
    found = billed_of(tmp_path, t__csv=head + rows)
    assert (found["requests"], found["totals"]["input_with_read"]) == (1, 2000)
    assert found["stated_usd"] == pytest.approx(0.01)
    assert found["left_out"] == {"not_a_number": 1}
    odd = CASES["openrouter-requests"].files
    (name, text), *_ = odd.items()
    (tmp_path / name).write_text(text.replace(",2300,", ",abc,"))
    assert run("bill", str(tmp_path / name), "-o", "json", "-q").exit_code == 0
