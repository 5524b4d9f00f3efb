"""How a chosen set-up is run: its server's arguments, a task for SkyPilot, tied to its bill."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from tco.analysis.explain import costs
from tco.analysis.report import carried, workload_result
from tco.analysis.results import Envelope, OptionResult, WorkloadResult
from tco.analysis.rows import option_result
from tco.engine.capacity import max_context_tokens, stored_bytes
from tco.engine.constants import VISIBLE_SHARE
from tco.engine.fleet import replicas_for, steepened
from tco.engine.shapes import number, precision
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import Option, SelfOption, TokenOption, replica_of
from tco.options.machines import DEDICATED
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.settings import Settings, fleet_policy, target, workload
from tco.options.setups import DATA_ATTENTION
from tco.records import dataclass
from tco.units import show_number, show_seconds, show_tokens, show_usd

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


# The arguments of a server of vLLM or SGLang, from what a bill assumes of one replica.

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
        if np.any(self.settings.value("serving.drafts")):
            flag = FLAGS[self.engine]["drafts"]
            name = self.option.model
            yield f"whether {name} has heads that draft is not known: leave {flag} out if not"
        if self.copies > 1 and self.shape.routed_params and (self.cut or self.engine == "vllm"):
            yield (
                f"{ENGINE_NAMES[self.engine]} spreads experts over all GPUs of a server, the bill "
                "over those of a replica: start each replica as a server of its own"
            )
        host = number(self.settings.value("serving.host_cache_gb"))
        if host:
            yield (
                f"the bill counts on {host:g} GB of host memory behind the cache of a replica: "
                f"{HOST_CACHE[self.engine]}"
            )
        if self.nodes > 1 and self.engine == "vllm":
            yield "a server on several machines needs Ray running on all of them before it starts"

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


# A service for SkyPilot: as many machines as the bill has, each with one server.

WIDTH = 78
WIDEST = 40
"""Arguments that are longer have their reason behind them, not in a column."""
SETUP = {"vllm": "pip install vllm", "sglang": "pip install 'sglang[all]'"}


def task_of(
    server: Server, gpu: Accelerator | None, row: OptionResult, settings: Settings
) -> DeployTask:
    """Return what a service asks for.

    Args:
        gpu: Its GPU, as the catalog has it.
        row: The bill.
        settings: The values that it was made with.
    """
    option = server.option
    gpus = option.gpus // server.nodes
    machine = max(option.instance_gpus, gpus) if server.nodes == 1 else gpus
    called = None if gpu is None else gpu.skypilot
    name = None if called is None else called.at.get(option.seller, called.name)
    most = -(-int(row.replicas or 0) // server.copies)
    scaled = row.scaling is not None and row.scaling.billing != "scheduled"
    return DeployTask(
        accelerators=None if name is None else f"{name}:{machine}",
        machine_gpus=machine,
        num_nodes=server.nodes,
        servers_gpus=option.gpus,
        min_servers=_least(server, settings) if scaled else most,
        max_servers=most,
        target_qps=_target_qps(server, settings) if scaled else None,
        use_spot=option.purchase.startswith("spot"),
        disk_gb=_disk_gb(server, settings),
        port=PORT,
    )


def _least(server: Server, settings: Settings) -> int:
    """Return the servers that the emptiest hour needs; 0 for a fleet that scales to zero [1]."""
    hours = server.option.hours
    if hours is None or hours.billing == "scale_to_zero":
        return 0
    load, policy = workload(settings, server.option.tries), fleet_policy(settings)
    emptiest = np.min(steepened(hours.week, load.peak_to_mean))
    work = load.requests_per_s * emptiest / server.replica.requests_per_s
    places = replica_of(server.option, settings).staffed
    needed = replicas_for(work, places, policy)
    return -(-int(np.asarray(policy.kept(needed))) // server.copies)


def _target_qps(server: Server, settings: Settings) -> float:
    """Return the load of a server at which the bill has another one [request/s]."""
    headroom = float(np.asarray(fleet_policy(settings).headroom))
    return server.replica.requests_per_s * server.copies * headroom


def _disk_gb(server: Server, settings: Settings) -> int:
    """Return room for the weights as published and for the system, in steps of 50 [GB]."""
    native = precision(server.model.native_precision or server.option.precision)
    columns = {} if native is None else native.columns(server.shape)
    published = replace(server.layout, **columns)
    weights = float(np.asarray(stored_bytes(server.shape, published)))
    spare = float(np.asarray(settings.value("deploy.disk_spare_gb")))
    return int(np.ceil((weights / 1e9 + spare) / 50.0)) * 50


def skypilot_text(result: DeployResult, server: Server) -> str:
    """Return the task as YAML, with what each value rests on; `skypilot` of `result` is not read.

    Keys as in https://docs.skypilot.co/en/latest/serving/service-yaml-spec.html.
    """
    lines = [*_head(result), "", f"name: {_name(result.option.model)}"]
    lines += ["service:", "  readiness_probe: /health", *_replicas(result, server)]
    lines += ["resources:", *_resources(result, server)]
    if result.task.num_nodes > 1:
        lines += [*_why(f"one server spreads over {result.task.num_nodes} machines")]
        lines += [f"num_nodes: {result.task.num_nodes}"]
    lines += ["", "# The server. Each of its arguments rests on a figure of the bill:"]
    width = max(n for a in result.arguments if (n := len(f"{a.flag} {a.value}")) <= WIDEST)
    for a in result.arguments:
        lines += _wrapped(f"{a.flag} {a.value:<{width - len(a.flag) - 1}}  {a.why}", width + 4)
    lines += [*_needed(server), f"setup: {_setup(server)}  # pin the version that you measured"]
    lines += ["run: |", *(f"  {line}" for line in result.command.split("\n"))]
    return "\n".join(lines) + "\n"


def _setup(server: Server) -> str:
    """Return the line that installs the engine, no older than the model needs."""
    needs = server.needs
    if needs is None:
        return SETUP[server.engine]
    name = "sglang[all]" if server.engine == "sglang" else "vllm"
    return f"pip install '{name}>={needs.version}'"


def _needed(server: Server) -> Iterator[str]:
    needs = server.needs
    if needs is not None:
        name = ENGINE_NAMES[server.engine]
        yield from _why(f"{name} {needs.version} or newer, as its recipe asks ({needs.source})")


def _head(result: DeployResult) -> Iterator[str]:
    row = result.option
    usd = show_usd(row.monthly_usd or 0.0)
    yield from _wrapped(f"{row.id}")
    month = show_tokens(result.workload.tokens_per_month)
    yield from _wrapped(
        f"{usd} a month for {month} tokens, people included: `tco explain` says how. "
        "Printed, not run; save it and say `sky serve up FILE`."
    )
    for text in (*result.resolved, *(f"TO DO: {gap}" for gap in result.gaps)):
        yield from _wrapped(text, 2)


def _replicas(result: DeployResult, server: Server) -> Iterator[str]:
    row, task = result.option, result.task
    shared = f", {server.copies} of them on a machine" if server.copies > 1 else ""
    yield from _why(
        f"{show_number(row.replicas or 0)} replicas for the busiest hour, spares included{shared}; "
        f"one sustains {show_number(server.replica.requests_per_s)} requests a second",
        2,
    )
    if task.target_qps is None:
        yield f"  replicas: {task.max_servers}"
        if row.scaling is not None:
            yield from _why("the bill switches them off outside the opening hours; so must you", 2)
        return
    yield "  replica_policy:"
    yield f"    min_replicas: {task.min_servers}  # what the emptiest hour needs"
    yield f"    max_replicas: {task.max_servers}"
    yield f"    target_qps_per_replica: {task.target_qps:.3g}  # the highest load in the bill"


def _resources(result: DeployResult, server: Server) -> Iterator[str]:
    option, task = server.option, result.task
    if option.usd_per_gpu_hour is None:
        paid = "bought; SkyPilot finds them in a cluster of your own (infra: kubernetes)"
    else:
        paid = f"{show_usd(option.usd_per_gpu_hour)} a GPU-hour at {option.seller}"
        paid += f", {option.purchase.replace('_', ' ')}"
    yield from _why(f"{show_number(result.option.gpus or 0)} GPUs on the invoice, {paid}", 2)
    if task.accelerators is None:
        yield f"  # accelerators: NAME:{task.machine_gpus}"
    else:
        yield f"  accelerators: {task.accelerators}"
    if option.purchase.startswith("reserved"):
        yield from _why("SkyPilot rents on demand: make the reservation with the seller", 2)
    if task.use_spot:
        yield from _why("the bill keeps more of them than it needs: see its over-provision", 2)
    yield f"  use_spot: {str(task.use_spot).lower()}"
    yield f"  disk_size: {task.disk_gb}  # GB: the weights as published, and the system"
    yield f"  ports: {task.port}"


def _why(text: str, indent: int = 0) -> Iterator[str]:
    yield from (f"{' ' * indent}{line}" for line in _wrapped(text))


def _wrapped(text: str, hanging: int = 0) -> list[str]:
    lead = "# "
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=lead,
        subsequent_indent=lead + " " * hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _name(model: str) -> str:
    """Return a name as SkyPilot takes it: letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")


# How a chosen set-up is run: the line of its server and a task for SkyPilot, tied to its bill.


def deploy(inputs: Question, name: str) -> DeployResult:
    """Return how a set-up of own GPUs is run at the volume asked about.

    Args:
        inputs: The question, with a volume.
        name: The option, by id or any unambiguous shorter form.

    Raises:
        UsageError: It is nothing that one deploys, or no volume was said.
        InfeasibleError: It does not serve the workload.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    found = resolve(name, inputs)
    option = _own(found.best, inputs)
    row = option_result(option, inputs)
    if not row.feasible or row.replica is None:
        raise InfeasibleError(f"{row.id}: {', '.join(row.reasons)}")
    catalog, model = inputs.catalog, inputs.catalog.models.models[option.model]
    gpu = catalog.hardware.accelerators.get(option.gpu)
    server = Server(option, model, inputs.settings, row.replica, gpu)
    task = task_of(server, gpu, row, inputs.settings)
    first = None if model.hugging_face is None else model.hugging_face.repo
    repository = server.repository or first
    arguments = tuple(server.arguments())
    weights = repository if server.published else f"OWNER/{option.model}-{option.precision}"
    result = DeployResult(
        workload=workload_result(inputs),
        option=row,
        resolved=found.meant,
        engine=server.engine,
        repository=repository,
        arguments=arguments,
        command=command(server, arguments, weights or f"OWNER/{option.model}"),
        engine_version=None if server.needs is None else server.needs.version,
        task=task,
        skypilot="",
        gaps=tuple(_gaps(server, gpu, task, repository)),
        verdict=costs(row, inputs),
        **carried(inputs, [option], [option]),
    )
    return replace(result, skypilot=skypilot_text(result, server))


def _gaps(
    server: Server, gpu: Accelerator | None, task: DeployTask, repository: str | None
) -> Iterator[str]:
    """Yield what is left to whoever runs it: what no catalog knows, or nobody may do for them."""
    option, licence = server.option, server.model.license
    yield from server.gaps()
    if repository is None and server.published:  # else it is named already
        yield f"the catalog does not know the repository of {option.model}: name it"
    if repository and licence is not None and licence.kind == "community":
        yield f"{repository} may ask for consent: sky serve up --env HF_TOKEN"
    if task.accelerators is None:
        yield f"SkyPilot's catalog has no name that means {option.gpu} alone: name it"
    if gpu is not None and gpu.vendor != "nvidia":
        yield f"pip installs {server.engine} for NVIDIA GPUs: take its image for {gpu.vendor}"


def _own_name(option: Option, inputs: Question) -> str:
    """Return how own GPUs with the same weights are named, where they are open."""
    known = inputs.catalog.models.models.get(option.model)
    return f"; on own GPUs it is self/{option.model}" if known and known.weights == "open" else ""


def _own(option: Option, inputs: Question) -> SelfOption:
    """Return a set-up that one runs oneself.

    Raises:
        UsageError: It is not one; the text says what it is.
    """
    if isinstance(option, TokenOption):
        raise UsageError(
            f"{option.id} is bought by the token: nothing to deploy; its base URL is not in the "
            f"catalog, {option.provider} documents it{_own_name(option, inputs)}"
        )
    if not isinstance(option, SelfOption) or option.purchase == DEDICATED:
        raise UsageError(f"{option.id} is run by whoever sells it: nothing to deploy")
    if option.shape is None or option.gpu_shape is None or option.layout is None:
        raise UsageError(f"{option.id}: say its model and GPU, which the catalog must know")
    if bool(inputs.serving.single_stream):
        goal = target(inputs.settings)
        slots = max(number(goal.max_concurrency), 1.0)
        raise UsageError(
            "tasks are written for vLLM and SGLang: choose --engine tuned or sglang, or on your "
            f"machine `llama-server -m FILE.gguf -np {slots:.0f} -ngl 999 "
            f"-c {slots * number(goal.isl + goal.osl):.0f}`"
        )
    return option
