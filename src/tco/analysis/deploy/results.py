"""The answer of `tco deploy`, as plain records; None is what does not exist."""

from __future__ import annotations

from typing import Literal

from tco.analysis.results import Envelope, OptionResult, WorkloadResult
from tco.records import dataclass

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
