"""A run of tuning on GPUs: the memory that it takes, its GPU-hours, and how many GPUs hold it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from tco.analysis.jobs.bills import MOST_GPUS, Job
from tco.analysis.jobs.results import TrainingMemory
from tco.engine.shapes import Number, number
from tco.engine.training import (
    WEIGHT_BYTES,
    activation_bytes,
    adapter_params,
    gathered_bytes,
    gpu_hours,
    gpus_in_time,
    gpus_that_hold,
    hours_at_speed,
    state_bytes,
    total_of,
    training_flops,
)
from tco.errors import UsageError
from tco.options.setups import GpuEntry
from tco.options.shapes import model_shape
from tco.records import dataclass
from tco.units import GB, show_number

if TYPE_CHECKING:
    from tco.catalog.models import Architecture, Model

MFU, RANK = "training.mfu", "training.lora_rank"
PACKED, OTHER = "training.qlora_packed_experts", "training.qlora_other_bytes"
ROOM, GPUS = "training.memory_share", "training.gpus"

Way = Literal["lora", "qlora", "full"]
WAYS: tuple[Way, ...] = get_args(Way)


@dataclass(frozen=True, kw_only=True)
class GpuRun:
    """A way to tune a model on GPUs, before it is known on which.

    Args:
        state: Weights, adapters, gradients and optimizer, by what they are [byte].
        activations: What every GPU keeps of its own texts [byte].
        gathered: Layers that a GPU holds whole where the state is cut [byte].
        flops: The work [flop].
    """

    name: str
    way: Way
    state: dict[str, Number]
    activations: Number
    gathered: Number
    flops: Number

    @property
    def shared(self) -> Number:
        """Return what is cut over the GPUs [byte]."""
        return total_of(self.state)

    def on(self, gpus: float, gpu: GpuEntry, share: float) -> TrainingMemory:
        """Return the memory of one of some GPUs, of which a run may fill a share."""
        parts = {f"{name}_gb": number(part) / gpus / GB for name, part in self.state.items()}
        parts["activations_gb"] = number(self.activations) / GB
        parts["gathered_gb"] = number(self.gathered) / GB if gpus > 1 else 0.0
        used = sum(parts.values())
        return TrainingMemory(
            usable_gb=number(gpu.shape.memory_bytes) * share / GB, used_gb=used, **parts
        )


def run_of(job: Job, name: str, model: Model, way: Way, trained: float) -> GpuRun:
    """Return a run on GPUs: its memory and its work.

    Args:
        name, model: What is tuned; its dimensions are known.
        trained: Tokens that it is trained on, all epochs [token].

    Raises:
        UsageError: A rank of adapters on layers that are not plain and dense.
    """
    shape = model_shape(model)
    assert shape is not None and model.architecture is not None  # or the row says what lacks
    params = number(shape.params)
    adapters = None if way == "full" else _adapters(job, name, model.architecture, params)
    four_bit: Number = 0.0
    rest_bytes = WEIGHT_BYTES
    if way == "qlora":
        tables = shape.hidden_size * shape.vocab_size * (1.0 if shape.tied_embeddings else 2.0)
        loose = number(shape.routed_params) * (1.0 - job.value(PACKED))
        four_bit, rest_bytes = params - tables - loose, job.value(OTHER)
    optimizer_bytes = job.value("training.optimizer_bytes")
    state = state_bytes(params, adapters, four_bit, optimizer_bytes, rest_bytes)
    tokens = job.value("training.sequence_tokens") * job.value("training.texts_per_gpu")
    return GpuRun(
        name=name,
        way=way,
        state=state,
        activations=activation_bytes(
            tokens,
            shape.layers,
            shape.hidden_size,
            shape.vocab_size,
            checkpointing=job.value("training.checkpointing"),
        ),
        gathered=gathered_bytes(state["weights"], shape.layers),
        flops=training_flops(shape.active_params, trained, full=way == "full"),
    )


def unpacked(job: Job, names: Sequence[str], ways: Sequence[Way]) -> Iterator[str]:
    """Return which mixtures QLoRA leaves their experts unpacked, where no one said otherwise."""
    given = job.inputs.settings.given(PACKED)
    for name in names if "qlora" in ways and not given else ():
        shape = model_shape(job.inputs.catalog.models.models[name])
        if shape is not None and shape.routed_params:
            yield (
                f"qlora leaves the experts of {name} in {8 * job.value(OTHER):g} bits "
                "(bitsandbytes leaves 16, peft's preparation makes 32 of these); "
                f"for a trainer that packs them --set {PACKED}=100%"
            )


def _adapters(job: Job, name: str, arch: Architecture, params: float) -> Number:
    """Return the weights of the adapters: by their rank, or by their share."""
    rank = job.value(RANK)
    if not rank:
        return params * job.value("training.adapter_share")
    widths = _widths(arch)
    if widths is None:
        raise UsageError(
            f"--lora-rank: adapters of {name} are not worked out (its layers are not all "
            "plain and dense); give their share: --set training.adapter_share=0.5%"
        )
    return adapter_params(rank, arch.layers, arch.hidden_size, np.array(widths, dtype=float))


def _widths(arch: Architecture) -> list[int] | None:
    """Return the other side of each matrix of a layer; None where not all are plain and dense."""
    special = (arch.experts, arch.mla, arch.linear, arch.state_space, arch.compressed)
    if any(special) or arch.full_layers or arch.value_dim or arch.ffn is None:
        return None
    queries, keys = arch.heads * arch.head_dim, arch.kv_heads * arch.head_dim
    return [queries * (1 + arch.output_gate), keys, keys, queries, *[arch.ffn] * arch.ffn_matrices]


def work_hours(job: Job, gpu: GpuEntry, run: GpuRun, trained: float) -> float:
    """Return the GPU-hours of a run: as known, as measured, or by the MFU."""
    if known := job.value("training.gpu_hours"):
        return known
    if speed := job.value("training.tokens_per_s"):
        return number(hours_at_speed(trained, speed))
    hours = number(gpu_hours(run.flops, gpu.shape.flops_16, job.value(MFU)))
    return hours * job.value("training.qlora_time_factor") if run.way == "qlora" else hours


def least_gpus(job: Job, run: GpuRun, gpu: GpuEntry, work: float) -> tuple[float, str]:
    """Return the fewest GPUs that hold a run in time; why those that were asked for do not."""
    start, within_h = job.value("training.startup_h"), job.value("training.within_h")
    if start >= within_h:
        raise UsageError(f"--within: a run takes {start:g} h to start alone; give it more")
    room = job.value(ROOM)
    sized = run.shared, run.activations, run.gathered, gpu.shape.memory_bytes, room
    held, timed = number(gpus_that_hold(*sized)), number(gpus_in_time(work, within_h, start))
    count = job.value(GPUS)
    asked = count or MOST_GPUS
    if held > asked:
        state, each = (number(x) / GB for x in (run.shared, run.activations))
        usable = number(gpu.shape.memory_bytes) * room / GB
        return asked, (
            f"{_needs(held)}: {state:,.0f} GB of weights, gradients and optimizer, and {each:,.1f} "
            f"GB of activations on each, of {usable:,.1f} GB usable"
        )
    if timed > asked:
        long = show_number(work / asked + start)
        return asked, f"{long} h on {asked:g}, more than {within_h:g} (--within)"
    return float(count or max(held, timed)), ""


def _needs(gpus: float) -> str:
    """Return how many GPUs a run takes."""
    if not np.isfinite(gpus):
        return "no number of them holds it (a shorter --sequence would)"
    return f"it takes {gpus:g} of these GPUs"
