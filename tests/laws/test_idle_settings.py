"""What was given and moves nothing is told, and what moves something is not called idle."""

from __future__ import annotations

import re

import pytest
from running import run

OWN, BATCH = "self/llama-3.3-70b@4xh100-sxm --tokens 50B", "--batch 100% --deadline 24h"


@pytest.mark.parametrize(
    ("said", "idle"),
    [
        (f"{OWN} --host-cache 2000", "--host-cache"),
        (f"{OWN} --set workload.retry_share=3%", "workload.retry_share"),
        (f"{OWN} --set serving.replica_availability=99.9%", "serving.replica_availability"),
        (f"{OWN} --set price.hosted_factor=2", "price.hosted_factor"),
        ("gpt-4.1 --tokens 5B --set workload.retry_share=3%", None),
        ("gpt-4.1 --tokens 5B --set price.api_factor=2", None),
        ("gpt-4.1 --tokens 5B --set price.hosted_factor=2", "price.hosted_factor"),
        ("gpt-4.1 --tokens 5B --fte 2", "--fte"),
        ("gpt-4.1 --tokens 5B --coverage dedicated_24x7", "--coverage"),
        ("gpt-4.1 --tokens 5B --electricity us", "--electricity us"),
        (f"{OWN} --fte 2 --site desk --engine sglang", None),
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


PAIR = ("deepinfra/llama-3.3-70b", "self/llama-3.3-70b", "--tokens", "50B")


@pytest.mark.parametrize(
    "command", [("breakeven",), ("breakeven", "--over", "rent"), ("sensitivity",)]
)
def test_every_answer_about_two_options_tells_what_moves_neither(command: tuple[str, ...]) -> None:
    for factor, told in (("price.api_factor", True), ("price.hosted_factor", False)):
        said = (*command, *PAIR, "--set", f"{factor}=2", "--as-of", "2026-11-21")
        done = run(*said)
        assert done.exit_code == 0, done.stderr
        assert (f"{factor} was given and enters none of these bills" in done.stderr) is told


def test_a_throughput_that_would_turn_the_answer_is_that_of_named_gpus() -> None:
    # Each set-up keeps its own limits at another speed: who wins there need not be today's
    def said(factor: float) -> str:
        words = ("--model", "llama-3.3-70b", "--set", f"serving.throughput_factor={factor}")
        done = run("compare", "--tokens", "500B", *words, "--as-of", "2026-11-21")
        return " ".join(done.stdout.split())

    found = re.search(r"with throughput of (\S+) at ([\d.]+) times the model's", said(1.0))
    assert found is not None
    gpu, times = found[1], float(found[2])
    assert said(times * 0.99).startswith("Buy tokens")
    own = said(times * 1.01)
    assert own.startswith("Run it yourself")
    assert re.search(rf"llama-3.3-70b on \d+ {gpu} ", own)
