"""What cannot be: one clear line and exit 2 or 3, said by flag, file or --option alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import shell

MONTH = ("compare", "--tokens", "1B")


def told(*args: str) -> tuple[int, str]:
    result = shell(*args)
    lines = result.stderr.decode().strip().splitlines()
    assert "Traceback" not in result.stderr.decode()
    assert len(lines) == 1, lines
    return result.returncode, lines[0]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--cached", "1.5"), "--cached: 1.5: a share"),
        (("--cached", "-0.1"), "must not be negative"),
        (("--batch", "200%"), "--batch: 200%: a share"),
        (("--set", "workload.retry_share=2"), "a share between 0 and 1"),
        (("--cached", "0.7", "--set", "workload.cache_write_share=0.5"), "at most 100%"),
        (("--set", "own.residual_share=1.5"), "a share between 0 and 1"),
        (("--set", "own.yearly_rate=-0.1"), "must not be negative"),
        (("--set", "rent.factor=-1"), "--set: rent.factor: -1: must not be negative"),
        (("--slo", "ttft_p90=2s"), "limits: tpot, ttft, ttft_p50, ttft_p95, ttft_p99"),
        (("--slo", "tpot_p95=2s"), "limits: tpot, ttft, ttft_p50, ttft_p95, ttft_p99"),
        (("--salary=-5",), "must not be negative"),
        (("--set", "own.life_months=0"), "must be more than 0"),
        (("--set", "own.pue=0.5"), "must be at least 1"),
        (("--horizon", "0"), "must be more than 0"),
        (
            ("--horizon", "12 months", "--purchase", "reserved_3y"),
            "--horizon: reserved_3y binds for 36 months, longer than the horizon of 12",
        ),
        (("--option", "m:kind=self,gpus=1,rent=-2,tokens_per_s=9"), "rent: -2: must not"),
        (("--option", "m:kind=api,input=-1,output=2"), "input: -1: must not be negative"),
        (("--option", "m:kind=own,gpus=1,tokens_per_s=9"), "needs gpu_usd or server_usd"),
        (
            ("--option", "m:kind=own,gpus=1,tokens_per_s=9,gpu_usd=9,server_usd=9"),
            "has two prices; give one",
        ),
        (("--option", "m:kind=own,gpus=1,tokens_per_s=9,gpu_usd=0,watts=9"), "more than 0"),
        (("--option", "m:kind=own,gpus=1,tokens_per_s=9,gpu_usd=9"), "needs watts"),
        (("--option", "m:kind=own,gpus=1,tokens_per_s=9,rent=1"), "rent does not belong to"),
    ],
)
def test_by_flag(args: tuple[str, ...], words: str) -> None:
    code, line = told(*MONTH, *args)
    assert code == 2 and words in line


def test_owning_a_gpu_without_a_price_says_how_to_give_one() -> None:
    code, line = told(*MONTH, "--gpu", "a10g", "--purchase", "own")
    assert code == 3
    assert "a10g: no purchase price" in line and "kind=own" in line and "gpu_usd=" in line


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("workload: {cached: 150%}", ":2: workload.cached: 150%: a share"),
        ("settings: {own.life_months: 0}", ":2: own.life_months is 0 months"),
        ("settings: {own.residual_share: 120%}", ":2: settings.own.residual_share: 120%"),
        ("settings: {people.salary_usd_per_year: -5}", "must not be negative"),
        ("horizon: 12 months\nselect: {purchases: reserved_3y}", ":2: reserved_3y binds for 36"),
        ("options: [{name: m, kind: own, gpus: 1, tokens_per_s: 9}]", ":2: 'm' of kind own needs"),
        ("options: [{name: m, kind: self, gpus: 1, tokens_per_s: 9, rent: -2}]", "rent: -2"),
        ("without: [peeple]", ":2: no line of a bill called 'peeple'"),
        ("people: {coverage: always}", ":2: no coverage called 'always'"),
    ],
)
def test_by_file(said: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "tco.yaml"
    file.write_text(f"version: 1\n{said}\n", encoding="utf-8")
    code, line = told(*MONTH, "-f", str(file))
    assert code == 3 and words in line
