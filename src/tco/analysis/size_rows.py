"""The rows of `tco size`: one for every way to put the model on GPUs, possible or not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tco.analysis.candidates import OwnSetups
from tco.analysis.settings import fleet_policy, target, workload
from tco.analysis.setups import Setup
from tco.analysis.size_front import Front, correction_factor, row_id, usd_per_hour
from tco.analysis.size_results import SizeRow
from tco.engine.capacity import replica
from tco.engine.memory import free_bytes, max_batch, max_context_tokens, weights_bytes
from tco.engine.selfhost import fleet_for
from tco.units import GB, HOURS_PER_MONTH, MTOK, SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """The set-ups and what is asked of them.

    Args:
        own: What was searched.
        rents: The rent that each set-up is cheapest on, -1 for none [setups].
        max_ttft_s: Slowest first token; None without a limit [s].
        context_tokens: What the model was made for; None when it is not known [token].
    """

    own: OwnSetups
    rents: Indices
    max_ttft_s: float | None
    context_tokens: float | None

    @cached_property
    def memory(self) -> dict[str, Floats]:
        """Return weights, what is left, largest batch and longest context of each [setups]."""
        grid = self.own.found.grid
        goal = target(self.own.inputs.settings)
        model, gpu, layout = shapes = grid.shapes(np.arange(grid.size))
        context = np.minimum(max_context_tokens(*shapes), self.context_tokens or np.inf)
        return {
            "weights_gb": np.broadcast_to(weights_bytes(model, layout), grid.size) / GB,
            "free_gb": np.asarray(free_bytes(model, gpu, layout)) / GB,
            "max_batch": np.asarray(max_batch(*shapes, goal.isl + goal.osl)),
            "max_context_tokens": np.asarray(context),
        }

    @cached_property
    def ttft_s(self) -> tuple[Floats, Floats]:
        """Return the ends of the time to the first token at capacity [setups] [s]."""
        found, goal = self.own.found, target(self.own.inputs.settings)
        model, gpu, layout = found.grid.shapes(np.arange(found.grid.size))
        speed = replica(
            model,
            gpu,
            layout,
            isl=goal.isl,
            osl=goal.osl,
            batch=np.maximum(np.asarray(found.replica.slots), 1.0),
            profile=self.own.inputs.serving,
            cached_share=goal.cached_share,
            speculative_gain=goal.speculative_gain,
        )
        factor = correction_factor(self.own)
        low, high = speed.ttft_low_s / factor, speed.ttft_high_s / factor
        return np.broadcast_to(low, found.grid.size), np.broadcast_to(high, found.grid.size)


def sized_rows(asked: Asked, front: Front) -> list[SizeRow]:
    """Return a row for every set-up that was tried."""
    return [_row(asked, front, i) for i in range(asked.own.found.grid.size)]


def _row(asked: Asked, front: Front, i: int) -> SizeRow:
    own = asked.own
    setup = own.found.grid.setup(i)
    near = own.found.correction(i, own.inputs.serving)
    memory: dict[str, Any] = {name: float(col[i]) for name, col in asked.memory.items()}
    reasons = _reasons(asked, setup, i)
    kept = None if memory["max_batch"] < 1 else _ttft_slo(asked, i)
    return SizeRow(
        id=row_id(own, i),
        gpu=setup.gpu.id,
        gpus=setup.gpus,
        precision=setup.precision,
        fits=memory["max_batch"] >= 1,
        feasible=not reasons,
        reasons=reasons,
        **memory,
        **_speed(asked, i, fast=not reasons),
        ttft_slo=kept,
        evidence_tier=near.tier,
        evidence=near.evidence,
        band=near.band,
        **_price(asked, i, near.band, priced=not reasons),
        on_front=i in front.setups and not reasons,
    )


def _reasons(asked: Asked, setup: Setup, i: int) -> tuple[str, ...]:
    """Return why a set-up cannot be used, with the figures."""
    found, goal = asked.own.found, target(asked.own.inputs.settings)
    weights, free = asked.memory["weights_gb"][i], asked.memory["free_gb"][i]
    if free <= 0:
        return (
            f"{weights:,.0f} GB of {setup.precision} weights against {weights + free:,.0f} GB "
            f"usable: {-free:,.0f} GB short",
        )
    if asked.memory["max_batch"][i] < 1:
        tokens = float(np.asarray(goal.isl + goal.osl))
        return (
            f"{free:,.1f} GB left beside {weights:,.0f} GB of weights: less than one request "
            f"of {tokens:,.0f} tokens",
        )
    if not np.asarray(found.replica.slots)[i] >= 1:
        alone = float(np.asarray(found.replica.lone_tpot_s)[i]) * 1e3
        limit = float(np.asarray(goal.max_tpot_s)) * 1e3
        return (f"a request alone takes {alone:.1f} ms a token, the limit is {limit:g} ms",)
    if _ttft_slo(asked, i) == "missed":
        first = float(asked.ttft_s[0][i])
        return (
            f"the first token of a request alone takes {first:.2g} s, "
            f"the limit is {asked.max_ttft_s:g} s",
        )
    return ()


def _ttft_slo(asked: Asked, i: int) -> Literal["kept", "depends", "missed"] | None:
    low, high = float(asked.ttft_s[0][i]), float(asked.ttft_s[1][i])
    if asked.max_ttft_s is None or np.isnan(low):
        return None
    if low > asked.max_ttft_s:
        return "missed"
    return "kept" if high <= asked.max_ttft_s else "depends"


def _speed(asked: Asked, i: int, *, fast: bool) -> dict[str, Any]:
    """Return what one replica sustains at capacity."""
    names = ("concurrency", "output_tokens_per_s", "requests_per_s", "tpot_s", "user_tokens_per_s")
    if not fast:
        return dict.fromkeys((*names, "ttft_s"))
    replica = asked.own.found.replica_at(i)
    rate = float(np.asarray(replica.requests_per_s))
    tpot = float(np.asarray(replica.tpot_s))
    osl = float(np.asarray(target(asked.own.inputs.settings).osl))
    values = (float(np.asarray(replica.slots)), rate * osl, rate, tpot, 1.0 / tpot)
    ends = (float(asked.ttft_s[0][i]), float(asked.ttft_s[1][i]))
    return {**dict(zip(names, values, strict=True)), "ttft_s": ends}


def _price(asked: Asked, i: int, band: tuple[float, float], *, priced: bool) -> dict[str, Any]:
    """Return what a set-up costs at full load, and the fleet that the demand needs."""
    own = asked.own
    rent = own.found.rents[int(asked.rents[i])] if priced and asked.rents[i] >= 0 else None
    known: dict[str, Any] = dict.fromkeys(PRICED)
    if priced and own.inputs.volume_given:
        known |= _fleet(asked, i, rent.instance_gpus if rent else 1)
    if rent is None:
        return known | {"fleet_usd_per_month": None}
    hour = float(usd_per_hour(own, asked.rents)[i])
    goal = target(own.inputs.settings)
    rate = float(np.asarray(own.found.replica_at(i).requests_per_s))
    tokens = rate * float(np.asarray(goal.isl + goal.osl)) * SECONDS_PER_HOUR
    usd = hour / tokens * MTOK
    return known | {
        "seller": rent.seller,
        "purchase": rent.purchase,
        "instance_gpus": rent.instance_gpus,
        "usd_per_gpu_hour": rent.usd_per_gpu_hour,
        "usd_per_hour": hour,
        "usd_per_mtok": usd,
        "band_usd_per_mtok": (usd / band[1], usd / band[0]),
        "trust": rent.trust.level,
        "trust_reasons": rent.trust.reasons,
    }


PRICED = (
    *("seller", "purchase", "instance_gpus", "usd_per_gpu_hour", "usd_per_hour", "usd_per_mtok"),
    *("band_usd_per_mtok", "replicas", "fleet_gpus", "fleet_usd_per_month"),
)


def _fleet(asked: Asked, i: int, box: int) -> dict[str, float]:
    """Return replicas, GPUs on the invoice and their rent for the demand."""
    own = asked.own
    settings, count = own.inputs.settings, float(own.found.grid.count[i])
    policy = fleet_policy(settings)
    fleet = fleet_for(workload(settings), own.found.replica_at(i), policy, count, float(box))
    per_gpu = usd_per_hour(own, asked.rents)[i] / count
    gpus = float(np.asarray(fleet.paid_gpus))
    return {
        "replicas": float(np.asarray(fleet.replicas)),
        "fleet_gpus": gpus,
        "fleet_usd_per_month": gpus * float(per_gpu) * HOURS_PER_MONTH,
    }
