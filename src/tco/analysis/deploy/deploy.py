"""How a chosen set-up is run: its server's arguments, a task for SkyPilot, tied to its bill."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.deploy.server import (
    ENGINE_NAMES,
    PORT,
    DeployResult,
    DeployTask,
    Server,
    command,
)
from tco.analysis.explain import costs
from tco.analysis.report import carried, workload_result
from tco.analysis.results import OptionResult
from tco.analysis.rows import option_result
from tco.engine.capacity import stored_bytes
from tco.engine.fleet import replicas_for, steepened
from tco.engine.shapes import number, precision
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import Option, SelfOption, TokenOption, replica_of
from tco.options.machines import DEDICATED
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.settings import Settings, fleet_policy, target, workload
from tco.units import show_number, show_tokens, show_usd

if TYPE_CHECKING:
    from tco.catalog.hardware import Accelerator

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
