"""Tables in a warehouse: the same whole numbers as of files, whatever the engine and its zone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engines
import made
import numpy as np
import pytest
import yaml
from running import run

from tco.errors import TcoError, UsageError
from tco.usage import aggregates, warehouse
from tco.usage.logs import Logs
from tco.usage.read import Reading
from tco.usage.rows import BAD
from tco.usage.store import QUERIES_FILE, queries

DAY = ("--as-of", "2026-11-30")
NAMES = [
    name
    for name in queries()
    if name not in ("over", "seconds", "cells_hourly") and not name.startswith("each_")
]
NEEDED = ("start", "model", "input", "output")
COLUMNS = "--columns=start=at,end=done,model=m,input=i,output=o,read=c,cost=usd,batch=b,session=s"
WAREHOUSES = ("postgres", "spark", "bigquery", "snowflake", "clickhouse", "trino", "duckdb")


def traffic(rows: int = 3000) -> dict[str, Any]:
    """Return requests with sessions, spending, and a bad row of each kind."""
    rng = np.random.default_rng(11)
    columns = made.drawn(rows)
    columns["session_id"] = np.array([f"s{n}" for n in rng.integers(0, rows // 20, rows)])
    columns["cost_usd"] = np.round(rng.random(rows) / 7, 9)
    told = ("negative", "cached_over_input", "reasoning_over_output", "ends_before_start")
    return made.spoilt(columns, (*told, "out_of_range", "duplicate"))


USAGES: tuple[dict[str, Any], ...] = (
    {},
    {"usage_object": {}},
    {"usage_object": {"cache_read_input_tokens": 40, "cache_creation_input_tokens": 30}},
    {
        "usage_object": {
            "prompt_tokens_details": {"cached_tokens": 50},
            "is_byok": False,
            "cost_details": {"upstream_inference_cost": 7},
        }
    },
    {
        "usage_object": {
            "cache_read_input_tokens": None,
            "is_byok": True,
            "cost_details": {"upstream_inference_cost": 0.0425},
        },
        "user_api_key": "x",
    },
    {"additional_usage_values": {"cache_read_input_tokens": 7}},
    {"usage_object": {"service_tier": "Flex", "server_tool_use": {"web_search_requests": 2}}},
    {"usage_object": {"service_tier": "flex"}, "cost_breakdown": {"service_tier": "priority"}},
    {"usage_object": {"prompt_tokens_details": {"web_search_requests": 1}}, "cost_breakdown": None},
    {
        "usage_object": {
            "completion_tokens_details": {"reasoning_tokens": 3},
            "prompt_tokens_details": {
                "cache_creation_tokens": 60,
                "cache_creation_token_details": {
                    "ephemeral_5m_input_tokens": 20,
                    "ephemeral_1h_input_tokens": 10,
                },
            },
        }
    },
    {
        "usage_object": {
            "cache_creation_input_tokens": 0,
            "prompt_tokens_details": {
                "cache_write_tokens": 90,
                "cache_write_tokens_details": {"ttl_30m_tokens": 40, "ttl_12h_tokens": 30},
            },
        }
    },
)
ODD: tuple[dict[str, Any], ...] = (
    {"cache_hit": "True"},
    {"status": "failure", "completion_tokens": 0, "total_tokens": 900},
    {"prompt_tokens": -1, "total_tokens": 4},
    {"model": ""},
    {"metadata": USAGES[2], "prompt_tokens": 69, "total_tokens": 74},
    {"metadata": {"usage_object": {"completion_tokens_details": {"reasoning_tokens": 6}}}},
    {"endTime": "2026-11-01T00:00:00"},
    {"startTime": "1970-01-02T00:00:00", "endTime": "1970-01-02T00:00:01"},
    {"total_tokens": 1},
    {"status": "failure"},
    {"end_user": "someone"},
    {"status": "failure", "spend": 0.0},
    {"status": "failure", "spend": None, "completion_tokens": 0, "total_tokens": 900},
    {"status": "failure", "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
)


def spent(rows: int = 300) -> list[dict[str, Any]]:
    """Return rows of LiteLLM's spend log: each way to tell a cache, and each that is left out."""
    rng = np.random.default_rng(5)
    out = []
    for n in range(rows):
        at = f"2026-11-{2 + n // 15:02d}T{n % 24:02d}:15:{n % 60:02d}.{n % 1000:03d}"
        row = {
            "request_id": f"r{n}",
            "model": made.MODELS[n % 3],
            "custom_llm_provider": ("openai", "gemini", "anthropic")[n % 3],
            "prompt_tokens": 900,
            "completion_tokens": 5,
            "total_tokens": 905,
            "spend": int(rng.integers(0, 10**7)) / 1e9,
            "startTime": at,
            "endTime": at[:-1] + "9",
            "metadata": USAGES[n % len(USAGES)],
            "api_key": f"key{n % 4}",
            "team_id": (None, "blue", "red")[n % 3],
            "request_tags": [["b", "a"], [], ["c"]][n % 3],
            "cache_hit": "False",
            "status": "success",
            "session_id": f"s{n % 20}",
            "call_type": ("acompletion", "aretrieve_batch", "")[n // 90 % 3],
            "proxy_server_request": [{}, {"service_tier": "flex"}, {"service_tier": "auto"}][n % 3],
        }
        out.append({**row, **(ODD[n] if n < len(ODD) else {})})
    return out


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logs]:
    """Return the requests as Parquet, read by DuckDB."""
    pytest.importorskip("duckdb")
    folder = tmp_path_factory.mktemp("requests")
    made.write(traffic(), folder, "parquet")
    with Logs(Reading((str(folder),)), lambda _: None, by=("team",)) as logs:
        yield logs


def held(logs: Logs, warehouse: Logs, name: str) -> None:
    """Hold what an engine says against what DuckDB says, to the last digit."""
    said: dict[str, Any] = {}
    if name == "cells":
        said = {"edges": (1000, 128_000), "hourly": (made.MODELS[0],)}
    rows = []
    for one in (logs, warehouse):
        assert one.store is not None
        one.store.keep(without={*aggregates.BY} - {"team"})
        found = one.store.ask(name, **said)
        found = aggregates.filled(found) if name == "cells" else found
        assert all(v.dtype.kind in "iubO" for v in found.values()), "a sum is no double"
        rows.append(rows_of(found))
    assert rows[0] == rows[1]
    assert rows[0]


def same_profile(files: str, url: str, tmp_path: Path) -> None:
    """Hold the profile file of a warehouse against that of files."""
    texts = []
    for n, said in enumerate(((files,), ("--warehouse", url))):
        path = tmp_path / f"{n}.yaml"
        done = run("profile", *said, "--to", str(path), "-q", *DAY)
        assert done.exit_code == 0, done.stderr
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
        del body["from"]["files"], body["from"]["digest"]
        texts.append(body)
    assert texts[0] == texts[1]


def test_the_sql_that_duckdb_runs_is_that_of_the_trees() -> None:
    pytest.importorskip("ibis", reason="Ibis is in the extra warehouse")
    from tco.usage.expressions import duckdb_text

    assert QUERIES_FILE.read_text(encoding="utf-8") == duckdb_text(), (
        "write it again: python -m tco.usage.expressions"
    )


@pytest.mark.parametrize("dialect", WAREHOUSES)
def test_sql_is_printed_without_a_server_and_parses(dialect: str) -> None:
    pytest.importorskip("ibis", reason="Ibis is in the extra warehouse")
    import sqlglot

    done = run("bill", "--sql", dialect, COLUMNS, "--by", "team")
    assert done.exit_code == 0, done.stderr
    parsed = sqlglot.parse(done.stdout, dialect=dialect)
    assert len([one for one in parsed if one is not None]) == len(NAMES) + 1
    assert "COUNT" in done.stdout.upper()


def test_sql_takes_the_dialect_and_the_table_of_an_address() -> None:
    pytest.importorskip("ibis", reason="Ibis is in the extra warehouse")
    url = "trino://me:verysecret@nowhere.example/hive/logs?table=calls"
    done = run("profile", "--sql", "url", "--warehouse", url, COLUMNS)
    assert done.exit_code == 0
    assert '"calls"' in done.stdout
    assert "verysecret" not in done.stdout


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (("--warehouse", "mysql://h/d"), "there are postgresql://"),
        (("--warehouse", "postgresql://h:port/d"), "port is no number"),
        (("--warehouse", "postgresql://h/d", "logs.csv"), "give one of them"),
        (("--warehouse", "postgresql://h/d", "--timezone", "Europe/Berlin"), "a view says"),
        (("--sql", "oracle"), "there are postgresql"),
        (("--sql", "bigquery"), "--columns start=at"),
        (("--sql", "url"), "url with an address"),
        (("--sql", "trino", "--columns", "input=i,output=o,model=m"), "which column is start?"),
    ],
)
def test_what_means_nothing_is_told_in_one_line(said: tuple[str, ...], words: str) -> None:
    if "--sql" in said:
        pytest.importorskip("ibis", reason="Ibis is in the extra warehouse")
    done = run("profile", *said)
    assert done.exit_code == 2, done.stderr
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_the_extra_a_line_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ibis", None)
    done = run("bill", "--warehouse", "postgresql://me:verysecret@127.0.0.1:1/litellm")
    assert done.exit_code == 2
    assert "[warehouse]" in done.stderr
    assert "verysecret" not in done.stderr


@pytest.mark.filterwarnings("ignore")
def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is in the extra warehouse")
    done = run("bill", "--warehouse", "postgresql://me:verysecret@127.0.0.1:1/litellm")
    assert done.exit_code == 3
    assert "127.0.0.1:1/litellm LiteLLM_SpendLogs: cannot connect" in done.stderr
    assert "verysecret" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.warehouse
@pytest.mark.loopback
@pytest.mark.filterwarnings("ignore")
class TestPostgres:
    """A real server, whose sessions begin in the wrong zone."""

    @pytest.fixture(scope="class")
    def url(self) -> Iterator[str]:
        """Return the address of a server with the requests and LiteLLM's table."""
        with engines.postgres() as url:
            engines.load(url, "requests", traffic())
            engines.load_spent(url, spent())
            yield url

    @pytest.mark.parametrize("name", NAMES)
    def test_every_whole_number_is_that_of_duckdb(self, url: str, local: Logs, name: str) -> None:
        reading = Reading(warehouse=f"{url}?table=requests")
        with Logs(reading, lambda _: None) as logs:
            held(local, logs, name)

    def test_bad_rows_are_counted_as_of_files(self, url: str, local: Logs) -> None:
        with Logs(Reading(warehouse=f"{url}?table=public.requests"), lambda _: None) as logs:
            assert logs.tally.left == local.tally.left
            assert set(logs.tally.left) <= {*BAD}

    def test_the_profile_is_that_of_files(self, url: str, local: Logs, tmp_path: Path) -> None:
        folder = str(Path(local.found[0].source.path).parent)
        same_profile(folder, f"{url}?table=requests", tmp_path)

    def test_litellms_own_table_is_read_as_its_export(self, url: str, tmp_path: Path) -> None:
        path = tmp_path / "spend.json"
        path.write_text(json.dumps(spent(), default=str), encoding="utf-8")
        same_profile(str(path), url, tmp_path)
        for by in ("team", "key", "tag"):
            bills = [
                json.loads(run("bill", *said, "--by", by, "-o", "json", "-q", *DAY).stdout)
                for said in ((str(path),), ("--warehouse", url))
            ]
            doubts = {"total_contradicts_parts": 1, "output_of_failed": 1}
            assert bills[0]["doubts"] == bills[1]["doubts"] == doubts
            assert bills[0]["totals"]["errors"] == 2
            for bill in bills:
                del bill["first_places"]
                for group in bill["groups"]:
                    for name in ("list_usd", "share"):
                        group[name] = pytest.approx(group[name], rel=1e-9)
            for name in ("groups", "totals", "left_out", "requests", "warnings"):
                assert bills[0][name] == bills[1][name], name
            assert bills[0]["list_usd"] == pytest.approx(bills[1]["list_usd"], rel=1e-9)

    @pytest.mark.parametrize(
        ("said", "code", "words"),
        [
            (("?table=nothing",), 3, "there are LiteLLM_SpendLogs, few"),
            (("?table=requests", "--columns", "input=tok"), 2, "there are request_id, start"),
            (("?table=texts",), 2, "cast it in a view"),
            (("?table=few",), 2, "which column is start?"),
        ],
    )
    def test_what_is_missing_is_told_with_what_is_there(
        self, url: str, said: tuple[str, ...], code: int, words: str
    ) -> None:
        import psycopg

        with psycopg.connect(url) as con:
            con.execute("CREATE TABLE IF NOT EXISTS few (model text)")
            con.execute(
                "CREATE TABLE IF NOT EXISTS texts (start timestamptz, model text, input text, "
                "output bigint)"
            )
        done = run("bill", "--warehouse", url + said[0], *said[1:])
        assert done.exit_code == code, done.stderr
        assert words in done.stderr
        assert "verysecret" not in done.stderr
        assert done.stderr.count("\n") == 1

    def test_nothing_can_be_written(self, url: str) -> None:
        with (
            Logs(Reading(warehouse=f"{url}?table=requests"), lambda _: None) as logs,
            pytest.raises(Exception, match="read-only"),
        ):
            assert logs.table is not None
            logs.table.connection.con.execute("CREATE TABLE more (n int)")


@pytest.mark.warehouse
@pytest.mark.loopback
@pytest.mark.filterwarnings("ignore")
class TestSpark:
    """A real local Spark, whose session is in the wrong zone."""

    @pytest.fixture(scope="class")
    def url(self, local: Logs) -> Iterator[str]:
        """Return the address of the requests; a session runs."""
        pytest.importorskip("ibis", reason="Ibis is in the extra warehouse")
        folder = Path(local.found[0].source.path).parent
        with engines.spark() as session:
            yield f"spark://local?path={folder}"
            assert session.conf.get("spark.sql.session.timeZone") == engines.WRONG_ZONE

    @pytest.fixture(scope="class")
    def logs(self, url: str) -> Iterator[Logs]:
        """Return the requests, asked of Spark."""
        with Logs(Reading(warehouse=url), lambda _: None) as logs:
            yield logs

    @pytest.mark.parametrize("name", NAMES)
    def test_every_whole_number_is_that_of_duckdb(self, logs: Logs, local: Logs, name: str) -> None:
        held(local, logs, name)

    def test_bad_rows_are_counted_as_of_files(self, logs: Logs, local: Logs) -> None:
        assert logs.tally.left == local.tally.left

    def test_nothing_there(self, url: str) -> None:
        with pytest.raises(TcoError, match="no table"):
            Logs(Reading(warehouse="spark://local?path=/nowhere/at/all"), lambda _: None)
        with pytest.raises(UsageError, match="has no such column"):
            Logs(Reading(warehouse=url, columns={"input": "tok"}), lambda _: None)


SAME = """request_id,start,model,input_tokens,output_tokens,{cached},cost_usd,{hit}
a,2026-11-20T10:00:00Z,claude-sonnet-4-5,2000,300,1000,500,0.01,{no}
b,2026-11-20T10:00:01Z,claude-sonnet-4-5,700,30,0,0,0.0,{yes}
c,2026-11-20T10:00:02Z,gpt-5,2000,300,1000,500,0.01,{yes}
d,2026-11-20T10:00:03Z,gpt-5,2000,300,0,0,0.01,{no}
e,2026-11-20T10:00:03Z,gpt-5,2000,300,0,0,0.0,{yes}
"""


@pytest.mark.parametrize(
    "cached",
    ["cache_read_input_tokens,cache_creation_input_tokens", "cached_tokens,cache_write_1h_tokens"],
)
@pytest.mark.parametrize(
    ("hit", "no", "yes"), [("cache_status", "miss", "hit"), ("cache_hit", "false", "true")]
)
def test_what_was_cached_and_by_whom_is_told_as_of_files(
    cached: str, hit: str, no: str, yes: str, tmp_path: Path
) -> None:
    ibis = pytest.importorskip("ibis", reason="Ibis is in the extra warehouse")
    duckdb = pytest.importorskip("duckdb")
    (tmp_path / "a.csv").write_text(SAME.format(cached=cached, hit=hit, no=no, yes=yes))
    kinds = {"request_id": "string", "start": "timestamp('UTC')", "model": "string"}
    kinds |= dict.fromkeys(("input_tokens", "output_tokens", *cached.split(",")), "int64")
    kinds |= {"cost_usd": "float64", hit: "boolean" if no == "false" else "string"}
    _, rows = warehouse.rows_of(ibis.table(kinds, name="calls"), {}, "calls")
    con = duckdb.connect()
    con.execute("SET TimeZone='UTC'")
    con.execute(f"CREATE TABLE calls AS FROM read_csv('{tmp_path}/a.csv')")
    names = ("n", "input", "read", "write_1h", "write_unknown", "output")
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in names)
    asked = f"SELECT model, {sums} FROM ({{}}) WHERE bad IS NULL GROUP BY model ORDER BY model"
    sql = warehouse.expressions.sql(rows, "duckdb")
    with Logs(Reading((str(tmp_path / "a.csv"),)), lambda _: None) as logs:
        assert logs.store is not None
        files = logs.store.con.execute(asked.format("FROM good")).fetchall()
        left = dict(logs.tally.left)
    assert con.execute(asked.format(sql)).fetchall() == files
    bad = con.execute(f"SELECT bad, count(*) FROM ({sql}) WHERE bad IS NOT NULL GROUP BY bad")
    assert dict(bad.fetchall()) == left == {"answered_by_proxy_cache": 2}


@pytest.mark.warehouse
@pytest.mark.loopback
@pytest.mark.filterwarnings("ignore")
def test_a_total_tells_what_input_has_in_it_as_of_files(tmp_path: Path) -> None:
    """Of a file input was 2,000 with 1,500 cached beside it, of a warehouse 500 of 2,000."""
    head = ("start", "model", "input_tokens", "cached_tokens", "output_tokens", "total_tokens")
    row = ("2026-11-20T10:00:00Z", "gpt-5", 2000, 1500, 300, 3800)
    log = tmp_path / "a.csv"
    log.write_text("\n".join(",".join(map(str, line)) for line in (head, row)))
    kinds = ("timestamptz", "text", *["bigint"] * 4)
    with engines.postgres() as url:
        import psycopg

        with psycopg.connect(url) as con:
            columns = ", ".join(f"{name} {kind}" for name, kind in zip(head, kinds, strict=True))
            con.execute(f"CREATE TABLE calls ({columns})")
            con.execute(f"INSERT INTO calls VALUES {row!r}")
        for said in ((str(log),), ("--warehouse", f"{url}?table=calls")):
            done = run("profile", *said, "-o", "json", *DAY)
            total = json.loads(done.stdout)["totals"]
            assert (total["input"], total["read"]) == (2000, 1500), said
            assert "by its totals" in done.stderr


@pytest.fixture(scope="module")
def clickhouse(local: Logs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a function from a query to its columns: the engine itself, in this process."""
    pytest.importorskip("ibis", reason="Ibis is in the extra warehouse")
    chdb = pytest.importorskip("chdb.session", reason="chdb, ClickHouse as a package")
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = Path(local.found[0].source.path).parent
    path = tmp_path_factory.mktemp("clickhouse") / "all.parquet"
    pq.write_table(pq.ParquetDataset(folder).read(), path)
    kinds = {"start": "DateTime64(6, 'UTC')", "model": "String", "cost_usd": "Float64"}
    kinds |= {"end": kinds["start"], "team": "String", "session_id": "String", "batch": "Bool"}
    names = pq.read_schema(path).names
    cast = ", ".join(f'"{n}"::Nullable({kinds.get(n, "Int64")}) "{n}"' for n in names)
    session = chdb.Session()
    session.query(f"SET session_timezone = '{engines.WRONG_ZONE}'")
    session.query("CREATE DATABASE d")
    session.query("USE d")
    session.query(
        "CREATE TABLE requests ENGINE = MergeTree ORDER BY tuple() AS "
        f"SELECT {cast} FROM file('{path}', Parquet)"
    )
    yield lambda sql: pa.ipc.open_file(session.query(sql, "Arrow").bytes()).read_all()
    session.close()


@pytest.mark.warehouse
def test_clickhouse_says_the_whole_numbers_of_duckdb(clickhouse: Any, local: Logs) -> None:
    columns = {"id": "request_id", "start": "start", "end": "end", "model": "model"}
    columns |= {"team": "team", "input": "input_tokens", "read": "cached_tokens"}
    columns |= {"written": "cache_write_tokens", "output": "output_tokens"}
    columns |= {"reasoning": "reasoning_tokens", "batch": "batch", "status": "status"}
    columns |= {"session": "session_id", "cost": "cost_usd"}
    edges = (1000, 128_000)
    text = warehouse.shown_sql("clickhouse", None, columns, edges, ("team",))
    assert local.store is not None
    local.store.keep(without={*aggregates.BY} - {"team"})
    for name, sql in re.findall(r"^-- (\w+)\n(.*?);\n", text, re.MULTILINE | re.DOTALL):
        if name == "left_out":
            bad = {row["bad"]: row["rows"] for row in clickhouse(sql).to_pylist() if row["bad"]}
            assert bad == dict(local.tally.left)
            continue
        table = clickhouse(sql)
        found = {n: warehouse._array(n, table[n].combine_chunks()) for n in table.column_names}
        there = local.store.ask(name, **({"edges": edges} if name == "cells" else {}))
        if name == "cells":
            found, there = aggregates.filled(found), aggregates.filled(there)
        assert rows_of(found) == rows_of(there), name


def rows_of(columns: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of some columns, by name, in an order that the engine does not choose."""
    ordered = [v.tolist() for _, v in sorted(columns.items())]
    return sorted(zip(*ordered, strict=True), key=repr)
