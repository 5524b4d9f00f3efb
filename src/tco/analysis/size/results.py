"""The answers of `tco size`, as plain records; None is what does not exist, never zero."""

from __future__ import annotations

from typing import Any, Literal

from tco.analysis.results import Band, Envelope, TrustLevel
from tco.engine.replica import FirstTokens
from tco.options.scenario import LimitState
from tco.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryParts:
    """What the memory of one GPU is for; the parts sum to all of it [GB]."""

    total_gb: float
    """What software sees of it."""
    weights_gb: float
    kv_cache_gb: float
    """What is left for the KV cache; below zero: what is missing."""
    runtime_gb: float
    """Activations, graphs and libraries."""
    unused_gb: float
    """What a server may not take: all but `serving.memory_share`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeCounts:
    """How many set-ups keep the limits; the four sum to all of them."""

    kept: int
    not_kept: int
    """They do not fit, or miss a limit."""
    too_close: int
    """Whether they keep the limit on the first token depends on how requests arrive."""
    not_judged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TtftResult:
    """The time to the first token at capacity [s]."""

    median: float | None
    """None in results of `tco.size/1`, which had no such figure."""
    low: float
    """10th percentile of what is measured where this is predicted."""
    high: float
    """90th percentile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsResult:
    """The open sessions of one replica, those that wait too; never requests in flight."""

    kept: float
    """Sessions that are counted on, within the limits on latency."""
    cold: float
    """Sessions up to which it finds its cache again after it was lost."""
    warm: float
    """Sessions up to which it keeps a cache that it has: beyond is the wall."""
    wall: float | None
    """The same where sessions meet it: None where limits on latency come first."""
    pool_tokens: float
    """Tokens that its KV cache holds."""
    pool_stated: bool
    """That was said (`--kv-pool`); otherwise it is worked out from the memory."""
    held_tokens: float
    """What an open session holds of it."""
    hit_share: float
    """Share of the input that comes from the cache, with the sessions that are counted on."""
    beyond_hit_share: float
    """The same with a tenth more than the wall, one at least."""
    turns_per_s: float
    """Turns that are finished, with those that are counted on."""
    capped: bool = False
    """Admitted sessions are limited, so that those kept warm are counted on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRow:
    """One model on so many of one GPU at one precision."""

    id: str
    """`MODEL@COUNTxGPU:PRECISION`."""
    gpu: str
    gpus: int
    """GPUs of one replica."""
    precision: str
    fits: bool
    """Weights and one request fit in memory."""
    feasible: bool
    """It fits and keeps the latency limits."""
    reasons: tuple[str, ...]
    """Why it is infeasible."""
    weights_gb: float
    free_gb: float
    """Memory left for the KV cache, over all GPUs; below zero: what is missing."""
    max_batch: float
    """Requests of the asked length whose KV cache fits."""
    max_context_tokens: float
    """Longest request that fits alone, at most what the model was made for."""
    concurrency: float | None
    """Requests in flight at capacity: as many as memory, latency and the engine allow."""
    output_tokens_per_s: float | None
    requests_per_s: float | None
    tpot_s: float | None
    user_tokens_per_s: float | None
    """What one user sees, `1 / tpot`."""
    ttft_s: TtftResult | None
    ttft_slo: LimitState | None
    """How the limit on the first token lies to that band: `depends` is too close to call; None
    without a limit."""
    evidence_tier: int
    """1 measured by you, 2 measured in the catalog, 3 scaled by a measurement, 4 model alone."""
    evidence: str
    band: Band
    """Low and high true speed over the predicted one, 80 %."""
    seller: str | None
    purchase: str | None
    instance_gpus: int | None
    """GPUs of the smallest box that the seller rents."""
    usd_per_gpu_hour: float | None
    usd_per_hour: float | None
    """The GPUs of one replica."""
    usd_per_mtok: float | None
    """Rent over input and output tokens at capacity, every hour of the month."""
    band_usd_per_mtok: Band | None
    replicas: float | None
    """Whole replicas that the demand needs, spares included."""
    fleet_gpus: float | None
    """GPUs on the invoice."""
    fleet_usd_per_month: float | None
    """Their rent; people and the rest are in `tco compare`."""
    on_front: bool
    """At some batch nothing is both cheaper and faster for a user."""
    first_token: FirstTokens | None = None
    """With the queue, in the fleet that the demand needs; None without a demand."""
    kv_bytes_per_token: float | None = None
    """KV cache of one token over all layers, copies over GPUs not counted."""
    memory_per_gpu: MemoryParts | None = None
    users: float | None = None
    """Users whose busiest hour one replica serves, at the profile's requests each, spares apart."""
    developers: float | None = None
    """The same of developers with a coding agent: another profile, with longer requests."""
    sessions: SessionsResult | None = None
    """None where requests belong to no session, and where a replica keeps none."""
    trust: TrustLevel = "low"
    """How far its rent can be trusted."""
    trust_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPoint:
    """A set-up and a batch that nothing beats in both price and speed."""

    id: str
    concurrency: float
    user_tokens_per_s: float
    usd_per_mtok: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimits:
    """What was asked of every set-up."""

    isl: float
    osl: float
    cached_share: float
    max_tpot_s: float
    max_ttft_s: float | None
    max_concurrency: float
    max_concurrency_large: float
    """The same on GPUs of which engines expect more: 70 GiB and above, A100s apart."""
    tokens_per_month: float | None
    """The demand; None when none was given."""
    peak_requests_per_s: float | None
    engine: str
    within: tuple[tuple[float, float], ...] = ()
    """Shares of the requests [1] whose first token is in time in the busiest hour, and that [s]."""
    peak_to_mean: float | None = None
    requests_per_user_per_month: float | None = None
    """What the profile says of a user; None where it does not."""
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeResult(Envelope):
    """Where a model fits, how fast it serves there, and what that costs."""

    schema: Literal["tco.size/2"] = "tco.size/2"
    model: str
    params: float
    active_params: float
    native_precision: str
    context_tokens: float | None
    limits: SizeLimits
    rows: tuple[SizeRow, ...]
    """Feasible ones by price at full load, then the others."""
    shown: tuple[str, ...]
    """Ids on the short list: the front and the cheapest of each GPU; empty when GPUs were named."""
    front: tuple[FrontPoint, ...]
    """Price against speed per user, cheapest first."""
    judged: SizeCounts | None = None
    best_fleet: str | None = None
    """The answer for the volume; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationResult:
    """How far the capacity model is from a file of measurements.

    The document is the contract of `tco size --validate`; the name of its schema is not part of it.
    """

    rows: int
    used: int
    skipped: dict[str, int]
    """Rows left out, by reason."""
    median_abs_pct_error: float | None
    """Median of |predicted / measured - 1|."""
    p90_abs_log_ratio: float | None
    within_25pct: float | None
    band_coverage: float | None
    """Share of the rows inside their 80 % band."""
    by: dict[str, dict[str, dict[str, Any]]]
    """The same by source, GPU, model and kind of evidence, of the last with the share inside the
    band; what is off by more than a factor of two is flagged."""
    tpot: dict[str, Any] | None = None
    """Rows, errors and share inside the band of the time per output token, where rows state it."""
    ttft: dict[str, Any] | None = None
    """The same of the time to the first token."""

    @property
    def schema(self) -> str:
        """Return which screen shows it."""
        return "tco.size-validation/1"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what is off by more than a factor of two in its median."""
        return tuple(
            f"{column} {name}: measured is {cell['median_ratio']:.2f} times the prediction in the "
            f"median of {cell['rows']} rows"
            for column, cells in self.by.items()
            for name, cell in cells.items()
            if cell.get("flagged")
        )
