"""`tco deploy`: the fleet is that of the bill, the task is YAML, the arguments are real ones."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from running import DAY, run

from tco.analysis.deploy.deploy import deploy
from tco.analysis.deploy.server import DeployResult
from tco.analysis.explain import explain
from tco.engine.capacity import max_batch, max_context_tokens
from tco.errors import InfeasibleError, UsageError
from tco.options.names import resolve
from tco.options.question import Question

Asked = Callable[..., Question]

# As the parsers of the engines list them: vllm/engine/arg_utils.py, and the server arguments of
# SGLang's documentation (2026).
REAL = {
    "vllm": {
        *("--tensor-parallel-size", "--pipeline-parallel-size", "--data-parallel-size"),
        *("--max-model-len", "--max-num-seqs", "--kv-cache-dtype", "--quantization"),
        *("--gpu-memory-utilization", "--distributed-executor-backend"),
        *("--enable-expert-parallel", "--speculative-config"),
    },
    "sglang": {
        *("--model-path", "--host", "--port", "--tp-size", "--pp-size", "--dp-size"),
        *("--context-length", "--max-running-requests", "--kv-cache-dtype", "--quantization"),
        *("--mem-fraction-static", "--nnodes", "--node-rank", "--dist-init-addr"),
        *("--ep-size", "--enable-dp-attention", "--speculative-algorithm"),
    },
}

QUESTIONS: list[tuple[str, dict[str, Any]]] = [
    ("self/llama-3.3-70b", {}),
    ("self/llama-3.3-70b@2xh100-sxm:fp8", {}),
    ("self/llama-3.3-70b@4xh100-sxm:bf16", {"engine": "sglang"}),
    ("self/llama-3.3-70b", {"purchases": ("spot",)}),
    ("self/llama-3.3-70b", {"purchases": ("own",)}),
    ("self/llama-3.3-70b", {"purchases": ("reserved_1y",)}),
    ("self/gpt-oss-120b", {"engine": "sglang", "profile": "rag"}),
    ("self/gpt-oss-20b@1xl40s", {}),
    ("self/deepseek-v3.2", {"settings": {"serving.kv_bytes": 1.0}}),
    ("self/kimi-k2.5@16xh100-sxm", {"settings": {"serving.max_tpot_s": 0.1}}),
    ("self/kimi-k2.5@16xh100-sxm", {"settings": {"serving.max_tpot_s": 0.1}, "engine": "sglang"}),
    ("self/glm-4.6", {"profile": "chat", "billing": "autoscaled"}),
    ("self/glm-4.6", {"profile": "chat", "billing": "scale_to_zero"}),
    ("self/qwen3-8b@1xrtx-4090", {}),
    ("self/mixtral-8x7b@4xa100-sxm-80gb", {"engine": "default"}),
    ("self/glm-4.6@8xh200-sxm", {"settings": {"serving.parallel": 2.0, "serving.drafts": 1.0}}),
]


@pytest.fixture(scope="module", params=range(len(QUESTIONS)), ids=lambda i: QUESTIONS[i][0])
def deployed(request: pytest.FixtureRequest, asked: Asked) -> tuple[DeployResult, Question, str]:
    name, said = QUESTIONS[request.param]
    inputs = asked(tokens=2e10, **said)
    return deploy(inputs, name), inputs, name


def words(result: DeployResult) -> list[str]:
    return shlex.split(result.command.replace("\\\n", " "))


def test_the_fleet_is_that_of_the_bill(deployed: tuple[DeployResult, Question, str]) -> None:
    result, inputs, name = deployed
    bill = replace(explain(inputs, name).option, first_token=None)  # which only explain works out
    assert result.option == bill
    task = result.task
    machines = task.max_servers * task.num_nodes
    assert machines * task.machine_gpus == bill.gpus
    copies = task.machine_gpus * task.num_nodes // task.servers_gpus
    assert task.max_servers * copies >= bill.replicas > (task.max_servers - 1) * copies
    assert 0 <= task.min_servers <= task.max_servers
    assert (task.target_qps is None) == (task.min_servers == task.max_servers)
    assert bill.replica is not None
    if task.target_qps is not None:
        assert task.target_qps < bill.replica.requests_per_s * copies
    said = {a.flag: a.value for a in result.arguments}
    most = said.get("--max-num-seqs") or said["--max-running-requests"]
    apart = "--enable-expert-parallel" in said  # vLLM counts the requests of each GPU
    assert float(most) * (int(said["--data-parallel-size"]) if apart else 1) == (
        bill.replica.concurrency
    )


def test_a_steeper_week_needs_fewer_servers_in_its_emptiest_hour(asked: Asked) -> None:
    least = []
    for peak in (1.1, 1.67, 2.5, 4.0):
        settings = {"workload.peak_to_mean": peak}
        inputs = asked(tokens=300e9, profile="chat", billing="autoscaled", settings=settings)
        least.append(deploy(inputs, "self/llama-3.3-70b@1xh200-sxm:fp8/nebius").task.min_servers)
    assert least == sorted(least, reverse=True)
    assert least[0] > least[-1] > 0


def test_the_task_is_yaml_and_runs_the_line(deployed: tuple[DeployResult, Question, str]) -> None:
    result, _, _ = deployed
    task = yaml.safe_load(result.skypilot)
    assert task["run"].strip() == result.command
    assert task["resources"]["ports"] == result.task.port
    assert task["resources"].get("accelerators") == result.task.accelerators
    assert task["resources"]["use_spot"] is result.task.use_spot
    assert task.get("num_nodes", 1) == result.task.num_nodes
    assert re.fullmatch(r"[a-z0-9-]+", task["name"])
    service = task["service"]
    if result.task.target_qps is None:
        assert service["replicas"] == result.task.max_servers
    else:
        policy = service["replica_policy"]
        assert policy["max_replicas"] == result.task.max_servers
        assert policy["min_replicas"] == result.task.min_servers
        assert policy["target_qps_per_replica"] == pytest.approx(result.task.target_qps, rel=0.01)
    assert all(len(line) <= 80 for line in result.skypilot.splitlines())
    assert f"${result.option.monthly_usd:,.0f} a month" in result.skypilot


def test_the_arguments_are_real(deployed: tuple[DeployResult, Question, str]) -> None:
    result, _, _ = deployed
    line = words(result)
    head = ["vllm", "serve"] if result.engine == "vllm" else ["python3", "-m"]
    assert line[:2] == head
    assert {word for word in line if word.startswith("--")} <= REAL[result.engine]
    assert len({a.flag for a in result.arguments}) == len(result.arguments)


def test_the_longest_request_fits(deployed: tuple[DeployResult, Question, str]) -> None:
    result, inputs, name = deployed
    option: Any = resolve(name, inputs).best
    said = {a.flag: a.value for a in result.arguments}
    length = float(said.get("--max-model-len") or said["--context-length"])
    mean = result.workload.isl + result.workload.osl
    assert length > mean
    assert length <= max_context_tokens(option.shape, option.gpu_shape, option.layout)
    assert max_batch(option.shape, option.gpu_shape, option.layout, length) >= 1
    known = inputs.catalog.models.models[option.model].context_tokens
    assert known is None or length <= known


def test_disk_holds_the_weights(deployed: tuple[DeployResult, Question, str]) -> None:
    result, inputs, _ = deployed
    model = inputs.catalog.models.models[result.option.model]
    assert model.params_b is not None
    least = {"bf16": 2.0, "fp8": 1.0}.get(str(model.native_precision), 0.5)
    assert model.params_b.total * least < result.task.disk_gb < model.params_b.total * 2.2 + 200


def test_weights_that_nobody_published_are_a_gap(asked: Asked) -> None:
    result = deploy(asked(tokens=1e10), "self/llama-3.3-70b@4xh100-sxm:int4")
    assert "--quantization" not in result.command
    assert "serve OWNER/llama-3.3-70b-int4 " in result.command
    assert any("weights in int4 are not what is published (bf16)" in gap for gap in result.gaps)
    assert "# TO DO: weights in int4" in result.skypilot
    fp8 = deploy(asked(tokens=1e10), "self/qwen2.5-72b@4xh100-sxm:fp8")
    assert "--quantization fp8" in fp8.command
    assert "serve Qwen/Qwen2.5-72B-Instruct " in fp8.command
    native = deploy(asked(tokens=1e10), "self/gpt-oss-120b@2xh100-sxm")
    assert "--quantization" not in native.command


def test_names_that_are_not_known_are_gaps(asked: Asked) -> None:
    result = deploy(asked(tokens=1e10), "self/glm-4.6@8xmi325x")
    assert (result.repository, result.task.accelerators) == (None, None)
    assert "serve OWNER/glm-4.6 " in result.command
    told = "\n".join(result.gaps)
    assert "does not know the repository of glm-4.6" in told
    assert "no name that means mi325x alone" in told
    assert "image for amd" in told
    assert "# accelerators: NAME:" in result.skypilot


def test_a_seller_may_have_a_name_of_its_own(asked: Asked) -> None:
    for seller, name in (("runpod", "H100-SXM:8"), ("lambda", "H100:8")):
        result = deploy(asked(tokens=1e10, sellers=(seller,)), "self/llama-3.3-70b@8xh100-sxm")
        assert result.task.accelerators == name


def test_drafted_tokens_and_narrow_caches_are_told(asked: Asked) -> None:
    faster = {"serving.speculative_gain": 1.4, "serving.kv_bytes": 0.75}
    result = deploy(asked(tokens=1e10, settings=faster), "self/llama-3.3-70b@4xh100-sxm")
    told = "\n".join(result.gaps)
    assert "drafted tokens (x1.4)" in told
    assert "no type of vllm's KV cache has 0.75 bytes" in told
    assert "--kv-cache-dtype" not in result.command


@pytest.mark.parametrize(
    ("engine", "cut", "said"),
    [
        ("tuned", 0.0, ("--tensor-parallel-size 8",)),
        ("tuned", 1.0, ("--tensor-parallel-size 8", "--enable-expert-parallel")),
        ("tuned", 2.0, ("--tensor-parallel-size 1", "--data-parallel-size 8", "--enable-expert-p")),
        ("sglang", 1.0, ("--tp-size 8", "--ep-size 8")),
        ("sglang", 2.0, ("--tp-size 8", "--dp-size 8", "--ep-size 8", "--enable-dp-attention")),
    ],
)
def test_the_server_is_cut_and_drafts_as_the_bill_has_it(
    asked: Asked, engine: str, cut: float, said: tuple[str, ...]
) -> None:
    """`--parallel` and `--speculative` were in the bill alone."""
    name = "self/deepseek-v3.2@8xh200-sxm"
    settings = {"serving.parallel": cut, "serving.drafts": 1.0}
    made = deploy(asked(tokens=1e11, engine=engine, settings=settings), name)
    assert all(one in made.command for one in said)
    assert ("experts" in made.command or "--ep-size" in made.command) is False or cut
    assert ("--speculative-config" if engine == "tuned" else "--speculative-alg") in made.command
    assert "heads that draft" in "\n".join(made.gaps)
    most = int(words(made)[words(made).index(deployed_most(made)) + 1])
    replica = made.option.replica
    assert replica is not None
    gpus = 8 if cut == 2.0 and engine == "tuned" else 1  # vLLM counts the requests of each GPU
    assert most == -(-int(replica.concurrency) // gpus)


def deployed_most(made: DeployResult) -> str:
    return "--max-num-seqs" if made.engine == "vllm" else "--max-running-requests"


def test_dense_models_and_host_caches(asked: Asked) -> None:
    dense = deploy(asked(tokens=1e10, settings={"serving.parallel": 2.0}), "self/llama-3.3-70b")
    assert "expert" not in dense.command
    said = {"profile": "agent-coding", "settings": {"serving.host_cache_gb": 1500.0}}
    kept = deploy(asked(developers=50, **said), "self/glm-5.3@8xb200-sxm")
    assert "1500 GB of host memory" in "\n".join(kept.gaps)
    boxes = deploy(asked(tokens=1e10), "self/gpt-oss-120b@2xh100-sxm:mxfp4/own")
    assert "--data-parallel-size 4" in boxes.command
    assert "start each replica as a server of its own" in "\n".join(boxes.gaps)


def test_weights_that_modelopt_narrowed_are_not_for_amd(asked: Asked) -> None:
    """vllm pull request 34750: not supported on ROCm; 16 bits are made fp8 while loading."""
    amd = deploy(asked(tokens=1e9), "self/llama-3.3-70b@1xmi300x:fp8")
    assert amd.repository == "meta-llama/Llama-3.3-70B-Instruct"
    assert "--quantization fp8" in amd.command


def test_memory_is_the_share_of_the_memory_model(asked: Asked) -> None:
    name = "self/llama-3.3-70b@4xh100-sxm:bf16"
    vllm, sglang = (deploy(asked(tokens=1e10, engine=e), name) for e in ("tuned", "sglang"))
    assert "--gpu-memory-utilization 0.9" in vllm.command
    # 0.9 less 2.5 GB of reserve on 80 GiB
    assert "--mem-fraction-static 0.87" in sglang.command


@given(
    margin=st.floats(min_value=2, max_value=32),
    isl=st.floats(min_value=16, max_value=60_000),
    osl=st.floats(min_value=16, max_value=4_000),
)
def test_length_is_a_power_of_two_unless_something_is_smaller(
    asked: Asked, margin: float, isl: float, osl: float
) -> None:
    inputs = asked(tokens=1e9, isl=isl, osl=osl, settings={"deploy.length_margin": margin})
    try:
        result = deploy(inputs, "self/llama-3.3-70b@8xh100-sxm:bf16")
    except InfeasibleError:
        return
    said = {a.flag: a for a in result.arguments}["--max-model-len"]
    length = int(said.value)
    wanted = margin * (isl + osl)
    if "less than" in said.why:
        assert length < 2 * wanted
    else:
        assert wanted * (1 - 1e-8) <= length < 2 * wanted * (1 + 1e-8)
        assert float(np.log2(length)).is_integer()


@pytest.mark.parametrize(
    ("name", "said", "message"),
    [
        ("gpt-4.1", {}, "openai/gpt-4.1 is bought by the token: nothing to deploy; its base URL"),
        ("deepinfra/llama-3.3-70b", {}, "is bought by the token: nothing to deploy"),
        (
            "self/llama-3.3-70b",
            {"engine": "local"},
            "tasks are written for vLLM and SGLang: choose --engine",
        ),
    ],
)
def test_what_one_does_not_deploy(
    asked: Asked, name: str, said: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        deploy(asked(tokens=1e10, **said), name)


def test_errors_on_the_command_line() -> None:
    nothing = run("deploy", "self/llama-3.3-70b", *DAY)
    assert (nothing.exit_code, nothing.stdout) == (2, "")
    assert "how many tokens a month?" in nothing.stderr
    api = run("deploy", "gpt-4.1", "--tokens", "1B", *DAY)
    assert (api.exit_code, api.stdout, api.stderr.count("\n")) == (2, "", 1)
    fixed = ("--option", "mine:kind=fixed,usd_per_month=5")
    sold = run("deploy", "mine", *fixed, "--tokens", "1B", *DAY)
    assert sold.exit_code == 2
    assert "mine is run by whoever sells it" in sold.stderr
    unknown = run("deploy", "self/lama-3.3-70b", "--tokens", "1B", *DAY)
    assert unknown.exit_code == 3
    small = run("deploy", "self/kimi-k2.5@1xl4", "--tokens", "1B", *DAY)
    assert small.exit_code == 4


def test_a_screen_in_a_file_is_the_task() -> None:
    line = ("deploy", "self/llama-3.3-70b", "--tokens", "50B", *DAY)
    screen, document = run(*line, "--notes").stdout, json.loads(run(*line, "-o", "json").stdout)
    assert screen == document["skypilot"]
    short = run(*line)
    brief, whole = (yaml.safe_load(text) for text in (short.stdout, screen))
    assert (
        brief.pop("run").replace("\\\n", " ").split()
        == whole.pop("run").replace("\\\n", " ").split()
    )
    assert brief == whole
    assert short.stdout.count("\n") < screen.count("\n")
    assert sum(-(-len(x) // 80) for x in f"{short.stdout}{short.stderr}".splitlines()) <= 24
    fields = run(*line, "--fields", "flag,value").stdout
    assert "--max-num-seqs" in fields
    assert "\x1b" not in screen


def test_the_precision_of_a_publisher_may_have_a_repository_of_its_own(asked: Asked) -> None:
    """GLM-5.2 is told as fp8; its first repository holds 16 bits, another 8."""
    made = deploy(asked(tokens=1e9), "self/glm-5.2@8xb300-sxm:fp8")
    assert "vllm serve zai-org/GLM-5.2-FP8" in made.command
    assert "--quantization" not in made.command


def test_a_repository_that_holds_the_precision_is_named(asked: Asked) -> None:
    made = deploy(asked(tokens=1e9), "self/qwen3-32b@1xh100-sxm:fp8")
    assert made.repository == "Qwen/Qwen3-32B-FP8"
    assert "vllm serve Qwen/Qwen3-32B-FP8" in made.command
    assert "--quantization" not in made.command
    assert made.engine_version == "0.8.5"
    assert not any("first serves this model" in gap for gap in made.gaps)
    nvidia = deploy(asked(tokens=1e9), "self/llama-3.3-70b@2xh100-sxm:fp8")
    assert nvidia.repository == "nvidia/Llama-3.3-70B-Instruct-FP8"
    loaded = deploy(asked(tokens=1e9), "self/qwen2.5-72b@2xh100-sxm:fp8")
    assert loaded.repository == "Qwen/Qwen2.5-72B-Instruct"
    assert "--quantization fp8" in loaded.command


def test_the_oldest_engine_that_serves_is_installed_where_a_recipe_says_it(asked: Asked) -> None:
    said = deploy(asked(tokens=1e9), "self/qwen3-32b")
    assert said.engine_version == "0.8.5"
    assert yaml.safe_load(said.skypilot)["setup"] == "pip install 'vllm>=0.8.5'"
    assert "# vLLM 0.8.5 or newer, as its recipe asks (vllm-recipes)" in said.skypilot
    for name, engine in (("qwen3-32b", "sglang"), ("phi-4", "tuned")):
        made = deploy(asked(tokens=1e9, engine=engine), f"self/{name}")
        assert made.engine_version is None
        assert any("first serves this model is not known here" in gap for gap in made.gaps)
        assert ">=" not in yaml.safe_load(made.skypilot)["setup"]
