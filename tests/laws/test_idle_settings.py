"""What was given and moves nothing is told, and what moves something is not called idle."""

from __future__ import annotations

import pytest
from running import run

OWN, BATCH = "self/llama-3.3-70b@4xh100-sxm --tokens 50B", "--batch 100% --deadline 24h"


@pytest.mark.parametrize(
    ("said", "idle"),
    [
        (f"{OWN} --host-cache 2000", "--host-cache"),
        (f"{OWN} --set workload.retry_share=3%", "workload.retry_share"),
        (f"{OWN} --set serving.replica_availability=99.9%", "serving.replica_availability"),
        ("gpt-4.1 --tokens 5B --set workload.retry_share=3%", None),
        (f"{OWN} --set latency.input_cv=1", None),  # the first token follows it
        (f"{OWN} {BATCH} --set serving.redundancy=2", None),
        ("deepseek/deepseek-v4.1-flash --developers 100 --set workload.cached_share=65%", None),
    ],
)
def test_what_moves_nothing_is_told_and_nothing_else(said: str, idle: str | None) -> None:
    done = run("explain", *said.split(), "--as-of", "2026-11-21")
    assert done.exit_code == 0, done.stderr
    told = f"{idle} was given and enters none of these bills"
    assert told in done.stderr if idle else "enters none" not in done.stderr
