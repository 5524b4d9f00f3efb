"""The answers of `tco train` and `tco embed`, as plain records; None is what does not exist."""

from __future__ import annotations

from typing import Literal

from tco.analysis.results import BillLine, Envelope, TrustLevel
from tco.records import dataclass

Method = Literal["full", "lora", "qlora", "rft", "any"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingMemory:
    """What a run keeps in the memory of one GPU, its state cut evenly over all of them [GB]."""

    usable_gb: float
    """What a run may fill of it."""
    used_gb: float
    """The sum of the parts."""
    weights_gb: float
    adapters_gb: float
    gradients_gb: float
    optimizer_gb: float
    activations_gb: float
    """Of its own texts: they are not cut."""
    gathered_gb: float
    """Layers that it holds whole while it works on them; 0 where one GPU holds all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One way to have a model tuned, or texts embedded."""

    id: str
    tier: Literal["hosted", "self"]
    """Charged by the token, or on GPUs that are rented."""
    model: str
    provider: str
    """Who is paid: the provider, or the seller of the GPUs."""
    method: Method | None
    """How it is tuned; `any` where the provider does not say; None for embedding."""
    hardware: str | None
    """`COUNTxGPU`."""
    gpus: float | None
    hours: float | None
    """How long the one-off work takes, on all GPUs together."""
    feasible: bool
    reasons: tuple[str, ...]
    """Why it is infeasible."""
    notes: tuple[str, ...]
    usd_once: float | None
    """One training run with its evaluation, or embedding the corpus once."""
    usd_per_mtok: float | None
    """The same per million tokens trained on or embedded [USD/Mtok]."""
    monthly_usd: float | None
    """What comes every month: new runs and dearer serving, or queries; None for nothing."""
    total_usd: float | None
    """All of it over the horizon."""
    price_checked: str | None
    once: tuple[BillLine, ...]
    monthly: tuple[BillLine, ...]
    trust: TrustLevel = "low"
    """How far its price, or the rent of its GPUs, can be trusted."""
    trust_reasons: tuple[str, ...] = ()
    memory_per_gpu: TrainingMemory | None = None
    """Of a run on GPUs."""
    saved_usd_per_month: float | None = None
    """What a month costs less than untuned, new runs paid; below 0: more. None where not asked."""
    pays_after_months: float | None = None
    """When that has paid for the run; None for never, and where not asked."""
    pays_after_requests: float | None = None
    """The same in requests, at the volume asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCrossing:
    """From how many tokens rented GPUs cost less than the cheapest price by the token."""

    hosted: str
    rented: str
    hosted_usd_per_mtok: float
    rented_usd_per_mtok: float
    rented_usd_fixed: float
    """What starting the GPUs costs, however few the tokens."""
    tokens: float | None
    """None where that never happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult(Envelope):
    """What tuning a model costs, cheapest first."""

    schema: Literal["tco.train/1"] = "tco.train/1"
    models: tuple[str, ...]
    training_tokens: float
    epochs: float
    refresh_months: float | None
    """How often the model is tuned anew; None for once."""
    within_h: float
    tokens_per_month: float | None
    """What the tuned model serves, for what its tokens cost more; None where not asked."""
    horizon_months: float
    rows: tuple[JobRow, ...]
    crossing: JobCrossing | None
    """Of the cheapest of both kinds; None where one of them is missing."""
    against: str | None = None
    """What is used untuned; None for the base of each way."""
    untuned_usd_per_month: float | None = None
    """What that costs a month."""
    prompt_saved_tokens: float = 0.0
    """Input of a request that a tuned model does not need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedResult(Envelope):
    """What embedding a corpus, and then queries, costs, cheapest first."""

    schema: Literal["tco.embed/1"] = "tco.embed/1"
    corpus_tokens: float
    queries_per_month: float
    query_tokens: float
    params: float | None
    """Weights of the model on own GPUs; None where none was asked for."""
    horizon_months: float
    rows: tuple[JobRow, ...]
    crossing: JobCrossing | None
    """Of the corpus alone."""
