"""The answer of `tco deploy`, and the arguments of a server of vLLM or SGLang by a bill."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from tco.analysis.results import Envelope, OptionResult, WorkloadResult
from tco.engine.capacity import max_context_tokens
from tco.engine.constants import VISIBLE_SHARE
from tco.engine.shapes import number
from tco.options.bills import SelfOption, replica_of
from tco.options.settings import Settings, target
from tco.options.shapes import DATA_ATTENTION
from tco.records import dataclass
from tco.units import show_seconds

if TYPE_CHECKING:
    from tco.analysis.results import ReplicaResult
    from tco.catalog.hardware import Accelerator
    from tco.catalog.models import EngineVersion, Model
    from tco.engine.shapes import GpuShape, Layout, ModelShape


# The answer; None is what does not exist.

Engine = Literal["vllm", "sglang"]


@dataclass(frozen=True, kw_only=True)
class DeployArgument:
    """One argument of the server."""

    flag: str
    value: str
    why: str
    """Which figure of the bill it rests on."""


@dataclass(frozen=True, kw_only=True)
class DeployTask:
    """What a SkyPilot service asks for: machines that each run one server."""

    accelerators: str | None
    """GPUs of one machine as SkyPilot calls them; None where no name of its catalog is known."""
    machine_gpus: int
    num_nodes: int
    """Machines of one server."""
    servers_gpus: int
    """GPUs of one replica of the bill; a machine runs as many of them as it has room for."""
    min_servers: int
    max_servers: int
    """Servers in the busiest hour; the same as the least where the fleet is always on."""
    target_qps: float | None
    """Requests a second of one server at which another one is started; None for a fixed fleet."""
    use_spot: bool
    disk_gb: int
    port: int


@dataclass(frozen=True, kw_only=True)
class DeployResult(Envelope):
    """How a set-up is run: the line of its server, and a task for SkyPilot. Nothing is run."""

    schema: Literal["tco.deploy/1"] = "tco.deploy/1"
    workload: WorkloadResult
    option: OptionResult
    resolved: tuple[str, ...]
    engine: Engine
    repository: str | None
    """Where the weights are on Hugging Face; None where the catalog does not know."""
    arguments: tuple[DeployArgument, ...]
    command: str
    """The line that starts one server."""
    engine_version: str | None
    """The oldest version of the engine that serves the model by its recipe; None where the catalog
    does not know one."""
    task: DeployTask
    skypilot: str
    """The task as YAML, with what each value rests on."""
    gaps: tuple[str, ...]
    """What has to be filled in or done before it runs."""


# What a server is started with.

PORT = 8000

FLAGS: dict[Engine, dict[str, str]] = {
    "vllm": {
        "tp": "--tensor-parallel-size",
        "pp": "--pipeline-parallel-size",
        "dp": "--data-parallel-size",
        "length": "--max-model-len",
        "most": "--max-num-seqs",
        "kv": "--kv-cache-dtype",
        "quantization": "--quantization",
        "memory": "--gpu-memory-utilization",
        "experts": "--enable-expert-parallel",
        "drafts": "--speculative-config",
    },
    "sglang": {
        "tp": "--tp-size",
        "pp": "--pp-size",
        "dp": "--dp-size",
        "length": "--context-length",
        "most": "--max-running-requests",
        "kv": "--kv-cache-dtype",
        "quantization": "--quantization",
        "memory": "--mem-fraction-static",
        "experts": "--ep-size",
        "attention": "--enable-dp-attention",
        "drafts": "--speculative-algorithm",
    },
}
"""Names of arguments: vllm/engine/arg_utils.py and vllm/config/cache.py at 002f10e0, and
docs/advanced_features/server_arguments.md of SGLang at 004813e1."""

KV_CACHE: dict[Engine, dict[float, str]] = {
    "vllm": {2.0: "auto", 1.0: "fp8", 0.5625: "nvfp4"},
    "sglang": {2.0: "auto", 1.0: "fp8_e4m3"},
}
"""Types of the cache by the bytes of an element; `auto` is the model's own 16 bits [byte]."""


DRAFTS: dict[Engine, str] = {
    "vllm": '{"method":"mtp","num_speculative_tokens":1}',
    "sglang": "EAGLE",
}
"""What an engine is told where heads of the model draft tokens."""

ENGINE_NAMES: dict[Engine, str] = {"vllm": "vLLM", "sglang": "SGLang"}
HOST_CACHE: dict[Engine, str] = {
    "vllm": "--kv-offloading-size",
    "sglang": "--enable-hierarchical-cache and --hicache-size",
}
MODELOPT = "nvidia/"
"""Who publishes weights narrowed by ModelOpt, which engines read on NVIDIA's GPUs alone (vllm pull
request 34750: not supported on ROCm)."""

ROUNDING = 1e-9
"""What a logarithm may be above a whole number without being more."""


class Server:
    """One server: replicas of the bill that share a machine."""

    def __init__(
        self,
        option: SelfOption,
        model: Model,
        settings: Settings,
        replica: ReplicaResult,
        gpu: Accelerator | None,
    ) -> None:
        """Keep what is served, on what, and what one replica sustains."""
        if option.shape is None or option.gpu_shape is None or option.layout is None:
            raise ValueError(f"{option.id} has no dimensions")
        self.option, self.model, self.settings, self.replica = option, model, settings, replica
        self.vendor = None if gpu is None else gpu.vendor
        self.shape: ModelShape = option.shape
        self.gpu: GpuShape = option.gpu_shape
        self.layout: Layout = option.layout
        self.engine: Engine = "sglang" if bool(np.all(option.profile.sglang)) else "vllm"

    @property
    def copies(self) -> int:
        """Return how many replicas fit on the smallest machine that can be had."""
        return max(1, self.option.instance_gpus // self.option.gpus)

    @property
    def nodes(self) -> int:
        """Return over how many machines one replica spreads."""
        return int(np.asarray(self.layout.pp))

    @property
    def cut(self) -> float:
        """Return the value of `serving.parallel`; 0 where no experts could be cut otherwise."""
        return number(self.settings.value("serving.parallel")) if self.shape.routed_params else 0.0

    @property
    def attends_apart(self) -> bool:
        """Return whether each GPU has the attention of requests of its own."""
        return self.cut == DATA_ATTENTION

    def arguments(self) -> Iterator[DeployArgument]:
        """Return the arguments, each with the figure that it rests on."""
        yield from self._spread()
        length, why = self._length()
        yield self._argument("length", length, why)
        yield self._argument("most", *self._most())
        kept = KV_CACHE[self.engine].get(self._kv_bytes)
        if kept is not None:
            yield self._argument("kv", kept, f"{self._kv_bytes:g} bytes an element")
        if self._made_on_loading:
            native = self.model.native_precision
            yield self._argument(
                "quantization", "fp8", f"published in {native}, made fp8 when they are loaded"
            )
        yield self._memory()
        if np.any(self.settings.value("serving.drafts")):
            yield self._argument("drafts", DRAFTS[self.engine], "heads of the model draft tokens")

    def _spread(self) -> Iterator[DeployArgument]:
        """Return over how many GPUs a replica is cut and how, and how many share a machine."""
        tp, setup = int(np.asarray(self.layout.tp)), self.option.hardware
        apart = self.attends_apart and self.engine == "vllm"
        yield self._argument("tp", 1 if apart else tp, f"GPUs of a replica in one machine: {setup}")
        if self.nodes > 1:
            yield self._argument("pp", self.nodes, f"machines that {setup} spreads over")
        if self.attends_apart:
            each = tp * (self.copies if apart else 1)
            yield self._argument("dp", each, "GPUs with attention of their own requests")
        elif self.copies > 1:
            box = f"{self.option.instance_gpus} GPUs"
            yield self._argument("dp", self.copies, f"replicas on one machine, rented by {box}")
        if self.cut:
            value = "" if self.engine == "vllm" else tp
            yield self._argument("experts", value, "whole experts on some of the GPUs")
        if self.attends_apart and self.engine == "sglang":
            yield self._argument("attention", "", "as --parallel data-attention says")

    def _most(self) -> tuple[int, str]:
        """Return the requests that a replica takes on at once, and why so many."""
        if self.option.gaps is None:
            most = int(self.replica.concurrency)
            if self.attends_apart and self.engine == "vllm":  # which counts those of each GPU
                each = int(np.ceil(most / number(self.layout.tp)))
                return each, f"requests at once on a GPU, of {most} in a replica{self._pace()}"
            return most, f"requests at once in a replica{self._pace()}"
        kept = int(number(replica_of(self.option, self.settings).sessions))
        return kept, "open sessions that a replica keeps, each of which may have a turn at once"

    def gaps(self) -> Iterator[str]:
        """Return what the arguments leave open."""
        native, asked = self.model.native_precision, self.option.precision
        if not self.published:
            yield (
                f"weights in {asked} are not what is published ({native or 'unknown'}): "
                f"name a repository that has them in {asked}"
            )
        if self.needs is None:
            name = ENGINE_NAMES[self.engine]
            yield f"which {name} first serves this model is not known here: take the newest"
        if self._kv_bytes not in KV_CACHE[self.engine]:
            yield f"no type of {self.engine}'s KV cache has {self._kv_bytes:g} bytes an element"
        gain = number(self.settings.value("serving.speculative_gain"))
        if gain != 1.0:
            yield f"the bill counts on drafted tokens (x{gain:g}): add a draft model to the server"
        yield from self._as_billed()
        if self.nodes > 1 and self.engine == "vllm":
            yield "a server on several machines needs Ray running on all of them before it starts"

    def _as_billed(self) -> Iterator[str]:
        """Return what the bill counts on and no argument says as it is."""
        if np.any(self.settings.value("serving.drafts")):
            flag = FLAGS[self.engine]["drafts"]
            name = self.option.model
            yield f"whether {name} has heads that draft is not known: leave {flag} out if not"
        if self.copies > 1 and self.shape.routed_params and (self.cut or self.engine == "vllm"):
            yield (
                f"{ENGINE_NAMES[self.engine]} spreads experts over all GPUs of a server, the bill "
                "over those of a replica: start each replica as a server of its own"
            )
        if self.option.gaps is None:
            return  # nothing waits in a cache
        if host := number(self.settings.value("serving.host_cache_gb")):
            yield (
                f"the bill counts on {host:g} GB of host memory behind the cache of a replica: "
                f"{HOST_CACHE[self.engine]}"
            )

    def _argument(self, name: str, value: object, why: str) -> DeployArgument:
        return DeployArgument(flag=FLAGS[self.engine][name], value=str(value), why=why)

    @property
    def _kv_bytes(self) -> float:
        return number(self.settings.value("serving.kv_bytes"))

    @property
    def repository(self) -> str | None:
        """Return where the weights are published at the precision of the set-up, or as they are
        made on loading; None where that is not known."""
        known = self.model.hugging_face
        if known is None:
            return None
        return self._quantized or (known.repo if self.published else None)

    @property
    def needs(self) -> EngineVersion | None:
        """Return the oldest version of the engine that is said to serve the model."""
        known = self.model.hugging_face
        return None if known is None else known.served_since.get(self.engine)

    @property
    def published(self) -> bool:
        """Return whether weights that are published will do."""
        native = self.option.precision == self.model.native_precision
        return native or bool(self._quantized) or self._made_on_loading

    @property
    def _quantized(self) -> str | None:
        """Return the repository that holds the weights in this precision and no other."""
        known, asked = self.model.hugging_face, self.option.precision
        if known is None:
            return None
        found = known.quantized.get("nvfp4" if asked == "fp4" else asked)
        for_others = self.vendor not in (None, "nvidia") and (found or "").startswith(MODELOPT)
        return None if for_others else found

    @property
    def _made_on_loading(self) -> bool:
        """Return whether the server makes the weights narrower while it loads them."""
        narrower = self.option.precision == "fp8" and self.model.native_precision == "bf16"
        return narrower and self._quantized is None

    def _pace(self) -> str:
        tpot = self.replica.tpot_s
        return f", at {show_seconds(tpot)} a token" if tpot else " (given)"

    def _length(self) -> tuple[int, str]:
        """Return the longest request to accept [token], and why.

        ``2 ** ceil(log2(margin * mean request))``, at most what the model and one replica hold.
        """
        goal = target(self.settings)
        mean = number(goal.isl) + number(goal.osl)
        margin = number(self.settings.value("deploy.length_margin"))
        wanted = 2 ** int(np.ceil(np.log2(margin * mean) - ROUNDING))
        fits = int(number(max_context_tokens(self.shape, self.gpu, self.layout)))
        known = self.model.context_tokens or wanted
        why = (
            f"{margin:g} times the mean request of {mean:,.0f} tokens, rounded up to a power of "
            "two; set it to your longest"
        )
        if min(known, fits) < wanted:
            who = "the model's context" if known <= fits else "what the memory of a replica holds"
            why = f"{who}, less than {why}"
        return min(wanted, known, fits), why

    def _memory(self) -> DeployArgument:
        """Return the share of memory that a server may take, as its engine counts it.

        vLLM counts all that it takes; SGLang weights and cache only, so what the memory model
        reserves for the rest is taken off: ``share - reserve / visible memory``, rounded down.
        """
        share = number(self.layout.memory_share)
        if self.engine == "vllm":
            return self._argument("memory", f"{share:g}", "share of memory that the bill counts on")
        visible = number(self.gpu.memory_bytes) * VISIBLE_SHARE
        static = share - number(self.layout.reserve_bytes) / visible
        why = f"weights and cache, of {share:g} that the bill counts on"
        return self._argument("memory", f"{np.floor(static * 100) / 100:g}", why)


def command(server: Server, arguments: tuple[DeployArgument, ...], repository: str) -> str:
    """Return the line that starts a server, an argument to a line."""
    said = [f"{a.flag} {shlex.quote(a.value)}" if a.value else a.flag for a in arguments]
    if server.engine == "sglang":
        head = "python3 -m sglang.launch_server"
        said = [f"--model-path {repository}", f"--host 0.0.0.0 --port {PORT}", *said]
        if server.nodes > 1:
            first = '"$(echo "$SKYPILOT_NODE_IPS" | head -n 1):20000"'
            said.append(f'--nnodes {server.nodes} --node-rank "$SKYPILOT_NODE_RANK"')
            said.append(f"--dist-init-addr {first}")
    else:
        head = f"vllm serve {repository}"
        if server.nodes > 1:
            said.append("--distributed-executor-backend ray")
    return " \\\n  ".join([head, *said])
