"""How a load and the limits on it are said: means, peaks, `--slo`, old names, slips of the pen."""

from __future__ import annotations

import itertools
import json
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from running import DAY, run
from strategies import shipped_catalog

import tco
from tco.analysis.compare import compare
from tco.analysis.size.results import SizeResult
from tco.analysis.size.size import size
from tco.errors import InfeasibleError, UsageError
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario
from tco.units import SECONDS_PER_MONTH

RATIO = 1.86  # the peak over the mean of the profile `general`
LLAMA = {"models": ("llama-3.3-70b",), "tiers": ("self",), "gpus": ("h100-sxm",)}


def inputs(**said: Any) -> Question:
    return prepare(shipped_catalog(), Scenario(**said), date(2026, 11, 21))


def sized(*counts: int, **said: Any) -> SizeResult:
    return size(inputs(**{**LLAMA, **said}), counts=counts)


def answer(command: str) -> dict[str, Any]:
    done = run(*shlex.split(command), *DAY, "-o", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)  # type: ignore[no-any-return]


# ---- peaks and means


def test_a_peak_is_served_as_a_peak_and_a_mean_as_a_mean() -> None:
    peak = answer("compare --peak '200 req/s' --model llama-3.3-70b --tier self")["workload"]
    mean = answer("compare --requests '200 req/s' --model llama-3.3-70b --tier self")["workload"]
    assert peak["peak_requests_per_s"] == pytest.approx(200.0)
    assert mean["peak_requests_per_s"] == pytest.approx(200.0 * RATIO)
    assert peak["requests_per_month"] == pytest.approx(200.0 / RATIO * SECONDS_PER_MONTH)
    assert mean["requests_per_month"] == pytest.approx(200.0 * SECONDS_PER_MONTH)


def test_a_mean_is_told_beside_the_peak_that_it_makes() -> None:
    told = "200 req/s on average, 372 at peak"
    busiest = "busiest hour = 200 x 1.86 = 372 requests a second"
    own = "explain self/llama-3.3-70b"
    for command, words in (("compare --notes", told), (own, busiest), ("size llama-3.3-70b", told)):
        done = run(*shlex.split(command), "--requests", "200 req/s", *DAY)
        assert words in " ".join(done.stdout.split()), command
    assert "--peak-to-mean 1.86" in run("compare", "--requests", "200 req/s", *DAY).stdout


def test_a_peak_alone_says_which_mean_it_takes() -> None:
    done = run("compare", "--peak", "200 req/s", "--model", "gpt-4.1", *DAY)
    told = "200 req/s at peak are taken to be 108 on average, by a peak of 1.86 times the mean"
    assert f"tco: note: {told} (profile general)" in done.stderr
    other = run("compare", "--peak", "200 req/s", "--peak-to-mean", "4", *DAY)
    assert "200 req/s at peak are taken to be 50 on average" in other.stderr


@pytest.mark.parametrize(
    ("said", "ratio"),
    [
        ({"requests": 100.0 * SECONDS_PER_MONTH}, 3.0),
        ({"tokens": 100.0 * SECONDS_PER_MONTH * 1530.0}, 3.0),
        ({"users": 1e6}, 300.0 / (1e6 * 200.0 / SECONDS_PER_MONTH)),
    ],
)
def test_a_peak_beside_a_volume_is_the_ratio_of_the_two(said: Any, ratio: float) -> None:
    found = inputs(**said, peak=300.0, origins={"peak": "--peak"})
    setting = found.settings["workload.peak_to_mean"]
    assert float(setting.value) == pytest.approx(ratio)
    assert (setting.origin, setting.source) == ("given", "--peak")
    plain = inputs(**said, settings={"workload.peak_to_mean": ratio})
    models = {"models": ("llama-3.3-70b",), "tiers": ("self",)}
    one, other = (
        compare(inputs(**said, **models, **more)).options[0].monthly_usd
        for more in ({"peak": 300.0}, {"settings": dict.fromkeys(["workload.peak_to_mean"], ratio)})
    )
    assert one == pytest.approx(other, rel=1e-12)
    assert plain.settings.value("workload.tokens_per_month") == pytest.approx(
        found.settings.value("workload.tokens_per_month")
    )


@pytest.mark.parametrize("command", ["compare", "size llama-3.3-70b", "deploy self/llama-3.3-70b"])
@pytest.mark.parametrize("volume", ["--tokens=50B", "--requests=20M", "--users=10k"])
def test_mean_peak_and_ratio_are_one_too_many(command: str, volume: str) -> None:
    said = ("--peak", "300 req/s", "--peak-to-mean", "2")
    done = run(*shlex.split(command), volume, *said, *DAY)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "say the peak over the mean: leave out --peak-to-mean" in done.stderr
    ratio = run(*shlex.split(command), volume, "--peak=300 req/s", "--set=workload.peak_to_mean=2")
    assert (ratio.exit_code, ratio.stdout) == (2, "")


def test_the_nearer_two_of_mean_peak_and_ratio_count(tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"

    def ratio(text: str, *flags: str) -> float:
        path.write_text(f"workload: {{{text}}}\n", encoding="utf-8")
        done = run("compare", "-f", str(path), "--model", "gpt-4.1", *flags, *DAY, "-o", "json")
        assert done.exit_code == 0, done.output
        return float(json.loads(done.stdout)["workload"]["peak_to_mean"])

    both = "requests: 10 req/s, peak_to_mean: 2"
    assert ratio(both, "--peak", "50 req/s") == pytest.approx(5.0)
    assert ratio("requests: 10 req/s, peak: 50 req/s", "--peak-to-mean", "2") == 2.0
    assert ratio("peak: 50 req/s, peak_to_mean: 2", "--requests", "10 req/s") == 2.0
    with_mean = ("--peak", "50 req/s", "--peak-to-mean", "2")
    assert ratio("requests: 10 req/s", *with_mean) == 2.0
    path.write_text(f"workload: {{{both}, peak: 50 req/s}}\n", encoding="utf-8")
    done = run("compare", "-f", str(path), *DAY)
    assert (done.exit_code, done.stdout) == (3, "")
    assert f"leave out {path}:1" in done.stderr


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("--peak 200", "--peak: 200: a rate needs its period; write '200 req/s' or 200/min"),
        ("--peak '200 tok/s'", "unknown unit 'tok'"),
        ("--peak=-3req/s", "must not be negative"),
        ("--peak '5 req/s' --requests '20 req/s'", "5 req/s is below the mean of 20 req/s"),
        ("--peak '5 req/s' --tokens 0", "a peak over a mean of nothing"),
    ],
)
def test_a_peak_that_cannot_be_is_one_line(said: str, words: str) -> None:
    done = run("compare", *shlex.split(said), *DAY)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert words in done.stderr


# ---- one name for volumes


@pytest.mark.parametrize(
    "volume", ["--tokens=50B", "--requests=20 req/s", "--users=100k", "--peak=60 req/s"]
)
def test_size_and_deploy_take_the_volumes_of_compare(volume: str) -> None:
    name = "self/llama-3.3-70b@2xh100-sxm:fp8"
    (row,) = answer(f"size llama-3.3-70b --gpu h100-sxm --gpus 2 --precision fp8 '{volume}'")[
        "rows"
    ]
    billed = answer(f"explain {name} '{volume}'")["option"]
    assert (row["replicas"], row["fleet_gpus"]) == (billed["replicas"], billed["gpus"])
    deployed = answer(f"deploy {name} '{volume}'")["option"]
    assert deployed["replicas"] == row["replicas"]


def test_demand_is_an_old_name_and_says_so() -> None:
    said = ("size", "llama-3.3-70b", "--gpu", "h100-sxm", *DAY)
    old = run(*said, "--demand", "20 req/s", "-o", "json")
    new = run(*said, "--requests", "20 req/s", "-o", "json")
    note = "--demand is an old name: --requests says the same, --peak says a peak"
    assert f"tco: note: {note}\n" in old.stderr
    one, other = json.loads(old.stdout), json.loads(new.stdout)
    assert one.pop("warnings") == [note, *other.pop("warnings")]
    assert one == other
    for more in ("--tokens=5B", "--requests=5M", "--users=10"):
        twice = run(*said, "--demand", "50B", more)
        assert (twice.exit_code, twice.stdout) == (2, "")
        assert "--demand is an old name of --tokens" in twice.stderr


@pytest.mark.parametrize(
    "command",
    [
        "compare --model gpt-4.1",
        "explain gpt-4.1",
        "size llama-3.3-70b --gpu h100-sxm",
        "deploy self/llama-3.3-70b",
        "breakeven gpt-4.1 self/llama-3.3-70b",
        "sensitivity gpt-4.1 self/llama-3.3-70b",
        "plan gpt-4.1 self/llama-3.3-70b",
        "horizon gpt-4.1 gpt-4.1-mini",
    ],
)
def test_next_to_nothing_a_month_is_asked_about(command: str) -> None:
    done = run(*shlex.split(command), "--tokens", "50", *DAY)
    assert (
        "--tokens: 50: so few in a month? write 50B, 50M, or 50/month" in done.stdout + done.stderr
    )
    much = run(*shlex.split(command), "--tokens", "50M", *DAY)
    assert "tokens a month?" not in much.stdout + much.stderr


def test_jobs_and_tasks_are_asked_about_too(tmp_path: Path) -> None:
    done = run("train", "gpt-4.1-mini", "--training-tokens", "5", *DAY)
    assert "5 training tokens? 5B is 5 billion, 5M 5 million" in done.stderr
    done = run("embed", "--corpus", "10", *DAY)
    assert "10 tokens of a corpus? 10B" in done.stderr
    path = tmp_path / "tasks.yaml"
    path.write_text("version: 1\ntasks: [{name: talk, tokens: 50, models: [gpt-4.1]}]\n", "utf-8")
    assert "talk: 50 tokens a month? 50B" in run("plan", "-f", str(path), *DAY).stderr


def test_a_few_requests_are_asked_about_but_not_a_few_users() -> None:
    done = run("compare", "--requests", "20", "--model", "gpt-4.1", *DAY)
    assert done.exit_code == 0 and "20 requests a month? 20B is" in done.stderr
    assert "a month?" not in run("compare", "--users", "5", "--model", "gpt-4.1", *DAY).stderr


# ---- one name for limits


def test_slo_and_max_tpot_are_one_limit() -> None:
    said = "compare --tokens 50B --model llama-3.3-70b --tier self --all"
    short, long = answer(f"{said} --max-tpot 30ms"), answer(f"{said} --slo tpot=30ms")
    assert short["options"] == long["options"]
    assert short["options"] != answer(said)["options"]
    for command in (said, "size llama-3.3-70b", "deploy self/llama-3.3-70b --tokens 50B"):
        done = run(*shlex.split(command), "--slo", "tpot=30ms", "--max-tpot", "30ms")
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == "tco: --max-tpot and --slo both say tpot; give one of them\n"


def test_limits_can_be_a_mapping_a_list_or_a_text(tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"
    for text in ("{tpot: 40ms, ttft: 2s}", "[tpot=40ms, ttft=2s]", "tpot=40ms,ttft=2s"):
        path.write_text(
            f"serving: {{slo: {json.dumps(text) if '=' in text and text[0] != '[' else text}}}\n"
        )
        said = {a["path"]: a for a in answer(f"compare --tokens 50B -f {path}")["assumptions"]}
        assert said["serving.max_tpot_s"]["value"] == 0.04
        assert said["serving.max_ttft_s"]["value"] == 2.0
        assert said["serving.max_ttft_s"]["source"].startswith(str(path))
    (nearer,) = [
        a
        for a in answer(f"compare --tokens 50B -f {path} --slo ttft=3s")["assumptions"]
        if a["path"] == "serving.max_ttft_s"
    ]
    assert (nearer["value"], nearer["source"]) == (3.0, "--slo")


def test_the_first_token_is_judged_by_every_command() -> None:
    """No 70B model gives a first token in 5 ms: every command says so, with both figures."""
    name = "self/llama-3.3-70b@2xh100-sxm:fp8"
    for command in (
        f"explain {name} --tokens 50B",
        f"breakeven gpt-4.1 {name}",
        f"sensitivity gpt-4.1 {name} --tokens 50B",
        f"sensitivity gpt-4.1 {name} --tokens 50B --draws 100",
        f"plan gpt-4.1 {name} --tokens 50B",
        f"horizon gpt-4.1 {name} --tokens 50B",
        f"deploy {name} --tokens 50B",
        "compare --tokens 50B --model llama-3.3-70b --tier self",
        "compare --tokens 50B --option mine:kind=self,model=llama-3.3-70b,gpu=h100-sxm,gpus=2,"
        "precision=fp8,rent=2 --tier self --model llama-3.3-70b",
    ):
        done = run(*shlex.split(command), "--slo", "ttft=5ms", *DAY)
        assert done.exit_code == 4, (command, done.output)
        assert "the first token of a request alone takes" in done.stderr, command
        assert "the limit is 5ms" in done.stderr, command
    done = run("size", "llama-3.3-70b", "--slo", "ttft=5ms", *DAY)
    assert done.exit_code == 4
    assert "the limit is 5ms" in done.stdout


def test_a_limit_on_the_first_token_that_is_not_missed_is_kept_close_or_not_judged() -> None:
    said = "compare --tokens 50B --model llama-3.3-70b --slo tpot=40ms,ttft=1s"
    given = "given:kind=self,gpu=h100-sxm,gpus=2,rent=2,tokens_per_s=9000"
    rows = answer(f"{said} --option {given}")["options"]
    states = {row["id"]: row["slo"] for row in rows if row["feasible"]}
    assert states["given"] == {"tpot": "not judged", "ttft": "not judged"}
    assert states["deepinfra/llama-3.3-70b"] == {"tpot": "not judged", "ttft": "not judged"}
    own = [r for r in rows if r["id"].startswith("self/")]
    assert own
    for row in own:
        low, high = row["replica"]["ttft_s"]
        assert low < 1.0 < high
        assert row["slo"] == {"tpot": "kept", "ttft": "depends"}
        assert any(note.startswith("first token in ") for note in row["notes"])
    warned = run(*shlex.split(said), *DAY, "--notes").stderr
    assert "--slo ttft=1s is too close to call, by how requests arrive: self/" in warned
    assert "tpot and ttft not judged of what is not on own GPUs" in warned
    loose = answer(said.replace("ttft=1s", "ttft=1h"))["options"]
    assert {r["slo"]["ttft"] for r in loose if r["id"].startswith("self/")} == {"kept"}
    assert all(r["slo"] == {} for r in answer(said.partition(" --slo")[0])["options"])


def test_a_replica_takes_on_fewer_where_only_a_smaller_batch_answers_in_time() -> None:
    (plain,) = sized(2, precisions=("fp8",)).rows
    assert plain.ttft_s is not None
    alone = sized(2, precisions=("fp8",), settings={"serving.max_concurrency": 1.0}).rows[0]
    assert alone.ttft_s is not None
    limit = (alone.ttft_s.median + plain.ttft_s.median) / 2
    (row,) = sized(2, precisions=("fp8",), settings={"serving.max_ttft_s": limit}).rows
    assert row.feasible
    assert row.ttft_s is not None
    assert row.ttft_s.median <= limit < plain.ttft_s.median
    assert 1 <= (row.concurrency or 0) < (plain.concurrency or 0)


def test_what_is_not_judged_is_counted_as_neither_kept_nor_missed() -> None:
    result = sized(settings={"serving.max_ttft_s": 1.0})
    counts = result.judged
    assert counts is not None
    states = [row.ttft_slo for row in result.rows if row.feasible]
    assert counts.too_close == states.count("depends") > 0
    assert counts.kept == states.count("kept")
    assert counts.not_kept == sum(not row.feasible for row in result.rows)
    total = counts.kept + counts.not_kept + counts.too_close + counts.not_judged
    assert total == len(result.rows)
    assert f"{counts.kept} of {total} set-ups serve llama-3.3-70b within" in result.verdict
    assert f"{counts.too_close} are too close to call in the first token" in result.verdict
    free = sized().judged
    assert free is not None
    assert (free.too_close, free.not_judged) == (0, 0)


# ---- what size answers


def test_size_shows_the_gpus_of_the_fleet_in_every_format() -> None:
    said = ("size", "llama-3.3-70b", "--gpu", "h100-sxm", "--gpus", "2", "--precision", "fp8")
    volume = ("--requests", "20 req/s", *DAY, "-q")
    (row,) = json.loads(run(*said, *volume, "-o", "json").stdout)["rows"]
    assert row["fleet_gpus"] == row["replicas"] * 2 > 2
    gpus = f"{row['fleet_gpus']:g}"
    text = run(*said, *volume).stdout
    told = " ".join(text.split())
    assert f"Cheapest fleet: {gpus} GPUs for $" in told
    fleet = f"{row['replicas']:g} replicas of llama-3.3-70b@2xh100-sxm:fp8"
    assert f"a month (rent alone), {fleet}" in told
    said_next = [line for line in text.splitlines() if line.startswith("tco ")]  # to be copied
    assert all(len(line) <= 80 for line in text.splitlines() if line not in said_next)
    short = run(*said, *volume, "-o", "llm").stdout.splitlines()
    head = next(i for i, line in enumerate(short) if line.startswith("rows["))
    named = dict(
        zip(short[head].partition(": ")[2].split(","), short[head + 1].split(","), strict=True)
    )
    assert (named["fleet_gpus"], named["replicas"]) == (gpus, f"{row['replicas']:g}")
    head, first = run(*said, *volume, "-o", "csv").stdout.splitlines()[:2]
    assert (
        dict(zip(head.split(","), first.split(","), strict=False))["fleet_gpus"]
        == f"{row['fleet_gpus']}"
    )


def test_kv_cache_and_memory_of_a_gpu_by_part() -> None:
    """Llama 3.3 70B keeps 2 x 80 layers x 8 heads x 128 x 2 bytes a token: 327,680."""
    rows = sized().rows
    assert {row.kv_bytes_per_token for row in rows} == {327_680.0}
    half = sized(settings={"serving.kv_bytes": 1.0}).rows
    assert {row.kv_bytes_per_token for row in half} == {163_840.0}
    for row in rows:
        of = row.memory_per_gpu
        assert of is not None
        parts = of.weights_gb + of.kv_cache_gb + of.runtime_gb + of.unused_gb
        assert parts == pytest.approx(of.total_gb)
        assert of.unused_gb == pytest.approx(0.10 * of.total_gb)
        assert of.weights_gb * row.gpus == pytest.approx(row.weights_gb)
        assert of.kv_cache_gb * row.gpus == pytest.approx(row.free_gb)


def test_a_replica_serves_as_many_users_as_need_one_replica() -> None:
    """The figure is the inverse of the fleet: one user more needs one replica more."""
    (row,) = sized(2, precisions=("fp8",)).rows
    assert row.users is not None
    assert row.users > 1000
    no_spare = {"serving.redundancy": 0.0}
    for users, replicas in ((row.users, 1.0), (row.users + 1.0, 2.0)):
        (fleet,) = sized(2, precisions=("fp8",), users=users, settings=no_spare).rows
        assert fleet.replicas == replicas
    (coders,) = sized(2, precisions=("fp8",), profile="chat", models=("qwen3-32b",)).rows
    assert coders.developers is None  # 140,450 tokens are longer than its context
    (dev,) = sized(8, precisions=("fp4",), models=("glm-5.2",), gpus=("b300-sxm",)).rows
    (agent,) = sized(
        8, precisions=("fp4",), models=("glm-5.2",), gpus=("b300-sxm",), profile="agent-coding"
    ).rows
    assert dev.developers == agent.developers == agent.users
    assert (dev.users or 0) > (dev.developers or 0) > 0
    said = ("--gpu=b300-sxm", "--gpus=8", "--precision=fp4", "--profile=agent-coding")
    told = run("size", "glm-5.2", *said, *DAY, "--notes").stdout
    assert f"replica serves {agent.users:g} developers;" in " ".join(told.split())
    (machines,) = sized(2, precisions=("fp8",), profile="classify").rows
    assert machines.users is None


def test_one_set_up_and_batch_have_one_speed() -> None:
    """2 GPUs at 64 in flight had 61.3 tok/s a user on the front, and 67.8 when asked for alone.

    Both are 66.7 since kernels of 4 bits take their measured fixed time.
    """
    said: dict[str, Any] = {
        "models": ("gpt-oss-120b",),
        "tiers": ("self",),
        "gpus": ("h100-sxm",),
        "isl": 922.0,
        "osl": 922.0,
    }
    none = {"workload.cached_share": 0.0}
    result = size(inputs(**said, settings=none), counts=(1, 2))
    full = {row.id: row for row in result.rows}
    assert len(result.front) > 5
    for point in result.front:
        most = {"serving.max_concurrency": point.concurrency}
        capped = {**none, **most, "serving.max_concurrency_large": point.concurrency}
        alone = size(inputs(**said, settings=capped), counts=(1, 2))
        (row,) = [r for r in alone.rows if r.id == point.id]
        assert row.concurrency == point.concurrency
        assert row.user_tokens_per_s == pytest.approx(point.user_tokens_per_s, rel=1e-9)
        assert row.usd_per_mtok == pytest.approx(point.usd_per_mtok, rel=1e-9)
        if point.concurrency == full[point.id].concurrency:
            assert full[point.id].user_tokens_per_s == pytest.approx(point.user_tokens_per_s)
    two = [p for p in result.front if "@2x" in p.id and p.concurrency == 64]
    assert [round(p.user_tokens_per_s, 1) for p in two] == [66.7]


# ---- the share of memory that a server may take


def test_the_memory_share_is_a_setting_of_every_command() -> None:
    least = {"settings": {"serving.memory_share": 0.6}}
    (plain,), (less,) = (sized(2, precisions=("fp8",), **more).rows for more in ({}, least))
    assert plain.memory_per_gpu is not None
    assert less.memory_per_gpu is not None
    lost = plain.memory_per_gpu.kv_cache_gb - less.memory_per_gpu.kv_cache_gb
    assert lost == pytest.approx(0.3 * plain.memory_per_gpu.total_gb)
    assert less.max_batch < plain.max_batch
    name, volume = "self/llama-3.3-70b@2xh100-sxm:fp8", "--tokens 500B"
    share = "--set serving.memory_share=60%"
    bills = [answer(f"explain {name} {volume} {s}")["option"] for s in ("", share)]
    assert bills[1]["gpus"] > bills[0]["gpus"]
    compared = answer(f"compare {volume} {share} --model llama-3.3-70b --tier self --all")
    (row,) = [o for o in compared["options"] if o["id"] == bills[1]["id"]]
    assert row["monthly_usd"] == bills[1]["monthly_usd"]
    deployed = answer(f"deploy {name} {volume} {share}")
    (said,) = [a for a in deployed["arguments"] if a["flag"] == "--gpu-memory-utilization"]
    assert said["value"] == "0.6"
    varied = answer(
        f"sensitivity gpt-4.1 {name} {volume} --draws 200 --vary serving.memory_share=0.5..0.9"
    )
    fixed = answer(f"sensitivity gpt-4.1 {name} {volume} --draws 200")
    assert varied["options"] != fixed["options"]
    with pytest.raises(InfeasibleError, match="does not fit"):
        tco.compare(
            tokens="50B",
            model="llama-3.3-70b",
            tier="self",
            gpu="h100-sxm",
            gpus=1,
            set={"serving.memory_share": "50%"},
            as_of="2026-11-21",
        )
    with pytest.raises(UsageError, match="more than 0 and at most 1"):
        sized(settings={"serving.memory_share": 0.0})


def test_the_default_share_is_that_of_the_layouts_that_tests_build() -> None:
    from tco.engine.shapes import Layout

    entry = shipped_catalog().assumptions.assumptions["serving.memory_share"]
    assert entry.value == Layout().memory_share
    assert entry.low < entry.value < entry.high


def test_points_of_the_front_keep_the_limit() -> None:
    result = sized(settings={"serving.max_tpot_s": 0.02})
    assert all(p.user_tokens_per_s >= 50.0 * (1 - 1e-9) for p in result.front)
    assert all(a.usd_per_mtok <= b.usd_per_mtok for a, b in itertools.pairwise(result.front))


# ---- tasks of a portfolio


TASKS = """
version: 1
tasks:
  - {{name: talk, requests: 10 req/s, models: [llama-3.3-70b], {said}}}
"""


def planned(tmp_path: Path, said: str, *flags: str) -> Any:
    path = tmp_path / "tasks.yaml"
    path.write_text(TASKS.format(said=said), encoding="utf-8")
    return run("plan", "-f", str(path), *flags, *DAY, "-o", "json")


def test_tasks_take_the_same_names(tmp_path: Path) -> None:
    own = "private: true"
    plain = json.loads(planned(tmp_path, own).stdout)
    by_ratio = json.loads(planned(tmp_path, f"{own}, peak_to_mean: 6").stdout)
    by_peak = json.loads(planned(tmp_path, f"{own}, peak: 60 req/s").stdout)
    assert by_peak["monthly_usd"] == pytest.approx(by_ratio["monthly_usd"])
    assert by_peak["monthly_usd"] > plain["monthly_usd"]
    fast = json.loads(planned(tmp_path, f"{own}, max_tpot: 20ms").stdout)
    for said in (
        f"{own}, slo: tpot=20ms",
        f"{own}, slo: {{tpot: 20ms}}",
        f"{own}, slo: [tpot=20ms]",
    ):
        assert json.loads(planned(tmp_path, said).stdout)["fleets"] == fast["fleets"]
    for said, flags in ((f"{own}, slo: ttft=5ms", ()), (own, ("--slo", "ttft=5ms"))):
        done = planned(tmp_path, said, *flags)
        assert done.exit_code == 4, done.output
        assert "the first token of a request alone takes" in done.stderr


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("slo: tpot=20", "tasks.yaml:4: tasks.0.slo: tpot: 20: a duration needs its unit"),
        ("slo: tpot=20ms, max_tpot: 20ms", "tpot is said twice; give one of them"),
        ("peak: 60 req/s, peak_to_mean: 2", "peak_to_mean says the same; give one of them"),
        ("peak: 6", "a peak of 6 req/s is below the mean of 10 req/s"),
        ("peak: 6 tok/s", "unknown unit 'tok'"),
    ],
)
def test_tasks_that_contradict_themselves_are_one_line(
    tmp_path: Path, said: str, words: str
) -> None:
    done = planned(tmp_path, said)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert words in done.stderr


def test_a_way_to_cut_experts_is_told_to_change_nothing_without_any() -> None:
    said = "--parallel is of mixtures of experts and changes nothing for llama-3.3-70b"
    cut = ("--gpu", "h100-sxm", "--parallel", "data-attention", *DAY)
    for command in ("size llama-3.3-70b", "compare --tokens 50B --model llama-3.3-70b"):
        told = run(*command.split(), *cut)
        assert told.exit_code == 0
        assert f"tco: note: {said}\n" in told.stderr
        usual = run(*command.split(), "--gpu", "h100-sxm", *DAY)
        tops = (done.stdout.split("\nAssumed", 1)[0].splitlines() for done in (told, usual))
        mine, its = ([" ".join(line.split()) for line in top] for top in tops)
        assert len(mine) >= 8
        assert {*mine} <= {*its}, "rows may be fewer where there are more notes, none is another"
    mixture = run("size", "gpt-oss-120b", *cut)
    assert "changes nothing" not in mixture.stderr


def test_a_faster_memory_is_not_believed_in_silence_for_a_few_requests() -> None:
    def told(gpu: str, *said: str) -> bool:
        done = run("size", "gpt-oss-120b", "--gpu", gpu, *said, *DAY)
        assert done.exit_code == 0
        return "wait for launches more than for memory, of which b200-sxm is" in done.stderr

    assert told("b200-sxm", "--concurrency", "1")
    assert told("b200-sxm,h200-sxm", "--concurrency", "4")
    assert not told("b200-sxm", "--concurrency", "5")
    assert not told("h200-sxm", "--concurrency", "1")


def test_who_comes_back_after_a_night_begins_a_session_of_its_own() -> None:
    said = ("compare", "--developers", "100", "--think-time", "3d", *DAY)
    done = run(*said)
    assert done.exit_code == 2
    assert "must be 12 h at most" in done.output
    assert run(*said[:4], "12h", *DAY).exit_code == 0
