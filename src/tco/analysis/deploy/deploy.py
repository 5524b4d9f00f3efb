"""How a chosen set-up is run: the line of its server and a task for SkyPilot, tied to its bill."""

from __future__ import annotations

from dataclasses import replace

from tco.analysis.deploy.results import DeployResult
from tco.analysis.deploy.server import Server, command
from tco.analysis.deploy.task import skypilot_text, task_of
from tco.analysis.inputs import Inputs
from tco.analysis.machines import DEDICATED
from tco.analysis.options import Option, SelfOption, TokenOption
from tco.analysis.priced import option_result
from tco.analysis.report import assumptions_of, stamp, warnings_of, workload_result
from tco.analysis.resolve import resolve
from tco.errors import InfeasibleError, UsageError


def deploy(inputs: Inputs, name: str) -> DeployResult:
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
    server = Server(option, model, inputs.settings, row.replica)
    gpu = catalog.hardware.accelerators.get(option.gpu)
    task = task_of(server, gpu, row, inputs.settings)
    first = None if model.hugging_face is None else model.hugging_face.repo
    repository = server.repository or first
    gaps = [*server.gaps()]
    if repository is None:
        gaps.append(f"the catalog does not know the repository of {option.model}: name it")
    elif model.license is not None and model.license.kind == "community":
        gaps.append(f"{repository} may ask for consent: sky serve up --env HF_TOKEN")
    if task.accelerators is None:
        gaps.append(f"SkyPilot's catalog has no name that means {option.gpu} alone: name it")
    if gpu is not None and gpu.vendor != "nvidia":
        gaps.append(
            f"pip installs {server.engine} for NVIDIA GPUs: take its image for {gpu.vendor}"
        )
    arguments = tuple(server.arguments())
    weights = repository if server.published else f"OWNER/{option.model}-{option.precision}"
    result = DeployResult(
        schema="tco.deploy/1",
        catalog=stamp(inputs, [option]),
        workload=workload_result(inputs),
        option=row,
        resolved=(found.said,) if found.said else (),
        engine=server.engine,
        repository=repository,
        arguments=arguments,
        command=command(server, arguments, weights or f"OWNER/{option.model}"),
        task=task,
        skypilot="",
        gaps=tuple(gaps),
        assumptions=assumptions_of(inputs, [option]),
        warnings=warnings_of(inputs, [option]),
    )
    return replace(result, skypilot=skypilot_text(result, server))


def _own(option: Option, inputs: Inputs) -> SelfOption:
    """Return a set-up that one runs oneself.

    Raises:
        UsageError: It is not one; the text says what it is.
    """
    if isinstance(option, TokenOption):
        raise UsageError(
            f"{option.id} is bought by the token: nothing to deploy; its base URL is not in the "
            f"catalog, {option.provider} documents it"
        )
    if not isinstance(option, SelfOption) or option.purchase == DEDICATED:
        raise UsageError(f"{option.id} is run by whoever sells it: nothing to deploy")
    if option.shape is None or option.gpu_shape is None or option.layout is None:
        raise UsageError(f"{option.id}: say its model and GPU, which the catalog must know")
    if bool(inputs.serving.single_stream):
        raise UsageError(
            "the engine local answers one request at a time (llama.cpp, Ollama): there is no line "
            "of vLLM or SGLang for it; choose --engine tuned or sglang"
        )
    return option
