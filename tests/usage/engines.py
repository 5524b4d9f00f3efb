"""Engines that tests of warehouses start: PostgreSQL in a temporary folder, and a local Spark."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

WRONG_ZONE = "Europe/Berlin"
SQL_TYPES = {"int64": "bigint", "bool": "boolean", "int16": "smallint", "float64": "float8"}


@contextmanager
def postgres() -> Iterator[str]:
    """Start a server whose sessions begin in the wrong zone; return its address."""
    pytest.importorskip("psycopg", reason="the driver of PostgreSQL is in the extra warehouse")
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    initdb = shutil.which("initdb") or (str(homes[-1] / "initdb") if homes else None)
    if initdb is None:
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    as_user: Sequence[str] = ()
    folder = Path(tempfile.mkdtemp(prefix="tco-pg-"))
    if os.getuid() == 0:
        # The server refuses to run as root.
        as_user = ("runuser", "-u", "postgres", "--")
        if subprocess.run([*as_user, "true"], capture_output=True, check=False).returncode:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        shutil.chown(folder, "postgres")
    real = Path(initdb).resolve().parent
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, log = str(folder / "data"), str(folder / "log")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    options += f" -c fsync=off -c timezone={WRONG_ZONE}"

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, cwd="/", timeout=120)

    try:
        run(str(real / "initdb"), "-D", data, "-U", "tco", "-A", "trust", "--locale=C.UTF-8")
        run(str(real / "pg_ctl"), "-D", data, "-o", options, "-l", log, "-w", "start")
        try:
            yield f"postgresql://tco:verysecret@127.0.0.1:{port}/postgres"
        finally:
            run(str(real / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(url: str, table: str, columns: dict[str, Any]) -> None:
    """Make a table of requests in PostgreSQL; `start` and `end` are seconds since 1970."""
    import psycopg

    made = {
        name: "timestamptz" if name in ("start", "end") else SQL_TYPES.get(v.dtype.name, "text")
        for name, v in columns.items()
    }
    listed = ", ".join(f'"{name}" {kind}' for name, kind in made.items())
    with psycopg.connect(url) as con:
        con.execute(f"CREATE TABLE {table} ({listed})")
        with con.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for row in zip(*(_cells(made[n], v) for n, v in columns.items()), strict=True):
                copy.write_row(row)


def _cells(kind: str, values: Any) -> list[Any]:
    plain: list[Any] = values.tolist()
    return [datetime.fromtimestamp(v, UTC) for v in plain] if kind == "timestamptz" else plain


SPENT = """CREATE TABLE "LiteLLM_SpendLogs" (request_id text PRIMARY KEY, call_type text,
api_key text DEFAULT '', spend float8 DEFAULT 0, total_tokens int DEFAULT 0,
prompt_tokens int DEFAULT 0, completion_tokens int DEFAULT 0, "startTime" timestamp(3),
"endTime" timestamp(3), "completionStartTime" timestamp(3), model text DEFAULT '',
custom_llm_provider text DEFAULT '', "user" text DEFAULT '', metadata jsonb DEFAULT '{}',
cache_hit text DEFAULT '', request_tags jsonb DEFAULT '[]', team_id text, end_user text,
session_id text, status text, messages jsonb DEFAULT '{}', response jsonb DEFAULT '{}',
proxy_server_request jsonb DEFAULT '{}')"""
"""LiteLLM's table as its schema has it, as far as it says what was used."""


def load_spent(url: str, rows: Sequence[dict[str, Any]]) -> None:
    """Make LiteLLM's table in PostgreSQL."""
    import psycopg
    from psycopg.types.json import Jsonb

    with psycopg.connect(url) as con:
        con.execute(SPENT)
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            values = [Jsonb(v) if isinstance(v, dict | list) else v for v in row.values()]
            con.execute(
                f'INSERT INTO "LiteLLM_SpendLogs" ({names}) '
                f"VALUES ({', '.join('%s' for _ in values)})",
                values,
            )


@contextmanager
def spark() -> Iterator[Any]:
    """Start a local Spark whose session is in the wrong zone."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: ibis-framework[pyspark]")
    if shutil.which("java") is None:
        pytest.skip("no Java for Spark: apt-get install openjdk-17-jre-headless")
    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", WRONG_ZONE)
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    try:
        yield session
    finally:
        session.stop()
