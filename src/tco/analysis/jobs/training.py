"""What tuning a model costs: at a provider by the token, or on rented GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from tco.analysis.jobs.bills import MOST_GPUS, Job, can_be_had, first_of, impossible, line, notes_of
from tco.analysis.jobs.results import JobRow, TrainResult
from tco.analysis.report import few, volume_notes
from tco.catalog.lookup import find_model, times
from tco.catalog.trust import tuning_trust
from tco.engine.ledger import Line, total_usd
from tco.engine.shapes import Number, number
from tco.engine.training import (
    gpu_hours,
    gpus_for_memory,
    gpus_in_time,
    training_bytes,
    training_flops,
    whole_gpus,
)
from tco.errors import DataError, InfeasibleError, UsageError
from tco.options.bills import TokenOption, lines
from tco.options.cheapest import least_trust
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.selection import token_tier
from tco.options.settings import price_factor
from tco.options.setups import GpuEntry, RentEntry
from tco.units import MTOK, show_share, show_usd

if TYPE_CHECKING:
    from tco.catalog.models import Model
    from tco.catalog.prices import FineTuning


MFU = "training.mfu"

Way = Literal["lora", "full"]
WAYS: tuple[Way, ...] = get_args(Way)


def train(
    inputs: Question,
    models: Sequence[str],
    training_tokens: float,
    ways: tuple[Way, ...] = WAYS,
    refresh_months: float | None = None,
) -> TrainResult:
    """Return what tuning the models costs, cheapest first.

    Args:
        inputs: The question.
        models: The models that could be tuned.
        training_tokens: Tokens of the training set [token].
        ways: How; both where nothing was said.
        refresh_months: How often it is done anew; None for once [month].

    Raises:
        UnknownNameError: A model that the catalog does not have.
        InfeasibleError: Nobody tunes any of them; the reasons are named.
    """
    if training_tokens <= 0:
        raise UsageError("--training-tokens must be more than 0")
    names = tuple(dict.fromkeys(find_model(inputs.catalog, name) for name in models))
    job = _Tuning(inputs, training_tokens, ways, refresh_months)
    words = "a run", "trained on"
    found = [one for name in names for one in job.rows(name)]
    answer = job.answer(found, f"tunes {' or '.join(names)}", words, crossed=True, own="training.")
    used = [r for r in answer["rows"] if r.feasible]
    answer["warnings"] = (
        *_few(inputs, training_tokens),
        *answer["warnings"],
        *_spread(job, used),
        *_serving(job, used),
    )
    return TrainResult(
        schema="tco.train/1",
        models=names,
        training_tokens=training_tokens,
        epochs=job.value("training.epochs"),
        refresh_months=refresh_months,
        within_h=job.value("training.within_h"),
        tokens_per_month=job.served,
        **answer,
    )


def _few(inputs: Question, training_tokens: float) -> tuple[str, ...]:
    """Return the question whether so little was meant."""
    said = few("training tokens", training_tokens, FEW_TRAINING_TOKENS)
    return (*([said] if said else []), *volume_notes(inputs))


FEW_TRAINING_TOKENS = 1000.0
"""Below this a training set is shorter than one text [token]."""


def _serving(job: _Tuning, used: Sequence[JobRow]) -> tuple[str, ...]:
    """Return that what is tuned on own GPUs is served at a cost that is not in these rows."""
    if job.served is None or all(r.tier != "self" for r in used):
        return ()
    return ("serving on own GPUs is not in these rows: tco compare prices it",)


def _spread(job: _Tuning, used: Sequence[JobRow]) -> tuple[str, ...]:
    """Return what the cheapest own run costs at the ends of the speed that is taken."""
    inputs, own = job.inputs, [r for r in used if r.tier == "self"]
    best, mfu = first_of(own, least_trust(inputs), lambda r: r.usd_once), inputs.settings[MFU]
    if best is None or mfu.origin == "given":
        return ()
    fast, slow = (
        "more than can be rented" if usd is None else show_usd(usd)
        for usd in (_least_usd(job, best, end) for end in (mfu.high, mfu.low))
    )
    return (
        f"an MFU of {show_share(number(mfu.value))} is judgment, on every GPU alike: from "
        f"{show_share(mfu.high)} to {show_share(mfu.low)} the cheapest own run costs {fast} to "
        f"{slow}",
    )


def _least_usd(job: _Tuning, like: JobRow, mfu: float) -> float | None:
    """Return the cheapest own run of a kind at another MFU; None when none is fast enough."""
    at = replace(job.inputs, settings=job.inputs.settings.with_values({MFU: mfu}))
    there = _Tuning(at, job.training_tokens, job.ways, job.refresh_months)
    runs = [r for r in there.rows(like.model) if (r.tier, r.method) == ("self", like.method)]
    best = first_of(runs, least_trust(at), lambda r: r.usd_once)
    return None if best is None else best.usd_once


class _Tuning(Job):
    """Tuning a model, to be priced in every way."""

    def __init__(
        self,
        inputs: Question,
        training_tokens: float,
        ways: tuple[Way, ...],
        refresh_months: float | None,
    ) -> None:
        super().__init__(inputs)
        self.training_tokens = training_tokens
        self.ways, self.refresh_months = ways, refresh_months
        self.selection = replace(self.selection, models=())
        self.trained = training_tokens * self.value("training.epochs")
        volume = self.value("workload.tokens_per_month")
        self.served = volume if inputs.volume_given else None

    def rows(self, name: str) -> Iterator[JobRow]:
        """Return every way to tune a model."""
        model = self.inputs.catalog.models.models[name]
        if self.selection.by_the_token(model):
            yield from self._hosted(name, model)
        if not self.selection.own_gpus:
            return
        if model.never:
            yield impossible(f"self/{name}", name, "self", model.never)
        elif model.weights != "open":
            yield impossible(f"self/{name}", name, "self", "its weights are closed")
        elif model.params_b is None:
            yield impossible(f"self/{name}", name, "self", "its size is not in the catalog")
        else:
            for way in self.ways:
                yield from self._rented(name, model, way)

    def _hosted(self, name: str, model: Model) -> Iterator[JobRow]:
        providers = self.selection.providers
        offers = [
            offer
            for offer in self.inputs.catalog.prices.fine_tuning
            if _is_for(offer, name, model) and (not providers or offer.provider in providers)
        ]
        if not offers:
            yield impossible(f"tuned/{name}", name, "hosted", "nobody's price is in the catalog")
        for offer in offers:
            yield self._at(offer, name)

    def _at(self, offer: FineTuning, name: str) -> JobRow:
        made = f"{offer.provider}/{name}:{offer.method}"
        reason = self._why_not(offer)
        if reason or offer.usd_per_mtok_training is None:
            return impossible(made, name, offer.provider, reason or "no price by the token")
        source, model = offer.evidence[0].source, self.inputs.catalog.models.models[name]
        usd = offer.usd_per_mtok_training * self.value(price_factor(token_tier(model)))
        run = (line("training tokens", self.trained / MTOK, "Mtok", usd, source),)
        once = (*run, self._evaluation(run))
        notes = [offer.note.removesuffix(".")] if offer.note else []
        if offer.retires is not None:
            notes.append(f"tuned models are answered for until {offer.retires}")
        dearer = self._surcharge(offer, name)
        if self.served is not None and not dearer:
            notes.append("what its tokens cost more than the base's is not known")
        monthly = (*self._again(once), *dearer)
        return self.row(
            once,
            monthly,
            tokens=self.trained,
            total_usd_of=self._total(once, dearer),
            checked=offer.checked,
            trust=tuning_trust(self.inputs.catalog, offer),
            id=made,
            tier="hosted",
            model=name,
            provider=offer.provider,
            method=offer.method,
            notes=tuple(notes),
        )

    def _why_not(self, offer: FineTuning) -> str:
        day, known = self.inputs.day, offer.usd_per_mtok_training
        if day < offer.since:
            return f"no price on {day}: the first known one is of {offer.since}"
        if (offer.until and day >= offer.until) or (offer.retires and day > offer.retires):
            return f"not offered since {offer.until or offer.retires}"
        if known is None:
            return f"by the hour, ${offer.usd_per_hour_training:g}: its hours are not known before"
        if offer.method not in ("any", *self.ways):
            return f"{offer.method} only"
        return ""

    def _evaluation(self, run: tuple[Line, ...]) -> Line:
        path = "training.evaluation_share"
        share, usd = self.value(path), total_usd(run)
        return line("evaluation", usd, "USD of training", share, path, given=False)

    def _again(self, once: tuple[Line, ...]) -> tuple[Line, ...]:
        """Return the new runs of a month."""
        if self.refresh_months is None:
            return ()
        runs, usd = 1.0 / self.refresh_months, total_usd(once)
        return (replace(line("new runs", runs, "run", usd, "--refresh"), origin="given"),)

    def _total(self, once: tuple[Line, ...], monthly: tuple[Line, ...] = ()) -> float:
        """Return all of the horizon: its runs, and what comes every month besides [USD]."""
        runs = max(self.months / self.refresh_months, 1.0) if self.refresh_months else 1.0
        return number(total_usd(once) * runs + total_usd(monthly) * self.months)

    def _surcharge(self, offer: FineTuning, name: str) -> tuple[Line, ...]:
        """Return what the month's tokens cost more from the tuned model than from its base."""
        if self.served is None:
            return ()
        try:
            base = resolve(f"{offer.provider}/{name}", self.inputs).best
        except (DataError, InfeasibleError):  # what it is dearer than has no price today
            return ()
        if not isinstance(base, TokenOption):
            return ()
        tuned = offer.inference_usd_per_mtok
        if tuned is None and offer.inference_multiply is not None:
            tuned = times(base.rates, offer.inference_multiply)
        if tuned is None:
            return ()
        settings = self.inputs.settings
        usual = total_usd(lines(base, settings), "tokens")
        dearer = total_usd(lines(replace(base, rates=tuned, modifiers=[]), settings), "tokens")
        said = line("serving surcharge", dearer - usual, "USD", 1.0, offer.evidence[-1].source)
        return (said,)

    def _rented(self, name: str, model: Model, way: Way) -> Iterator[JobRow]:
        """Return the cheapest set-up of each GPU."""
        assert model.params_b is not None
        params, active = model.params_b.total * 1e9, model.params_b.active * 1e9
        share = None if way == "full" else self.value("training.adapter_share")
        flops = training_flops(active, self.trained, full=way == "full")
        memory = training_bytes(params, share)
        rents = self.rents()
        found = [self._on(name, flops, memory, way, *pair) for pair in rents]
        rows = [one for one in found if one is not None]
        yield from rows
        if not rows:
            reason = "no GPUs that work together and can be rented hold it and finish in time"
            yield impossible(f"self/{name}:{way}", name, "self", reason, way)

    def _on(
        self,
        name: str,
        flops: Number,
        memory_bytes: Number,
        way: Way,
        gpu: GpuEntry,
        rents: Iterable[RentEntry],
    ) -> JobRow | None:
        start, within_h = self.value("training.startup_h"), self.value("training.within_h")
        if start >= within_h:
            raise UsageError(f"--within: a run takes {start:g} h to start alone; give it more")
        work = gpu_hours(flops, gpu.shape.flops_16, self.value(MFU))
        room = self.value("training.memory_share")
        held = gpus_for_memory(memory_bytes, gpu.shape.memory_bytes, room)
        if held > 1 and gpu.shape.pcie and not self.inputs.request.gpus:
            return None  # weights spread over GPUs that talk through PCIe: slower than `mfu` says
        least = np.maximum(held, gpus_in_time(work, within_h, start))
        found: list[tuple[float, RentEntry, float, tuple[Line, ...]]] = []
        for rent in rents:
            gpus = number(whole_gpus(least, gpu.node_gpus, rent.instance_gpus))
            if gpus > MOST_GPUS or not can_be_had(gpus, gpu, rent):
                continue
            begun = self.start_gpu_hours(gpus)
            run = self.rent_lines(rent, training=number(work), start=begun)
            found.append((number(total_usd(run)), rent, gpus, run))
        if not found:
            return None
        usd = [one[0] for one in found]
        _, rent, gpus, run = found[self.best_rent([one[1] for one in found], usd)]
        once = (*run, self._evaluation(run))
        notes = [*notes_of(rent)]
        if gpus > gpu.node_gpus:
            notes.append(f"{gpus / gpu.node_gpus:g} nodes, taken to be as fast together as alone")
        return self.row(
            once,
            self._again(once),
            tokens=self.trained,
            total_usd_of=self._total(once),
            checked=rent.checked,
            trust=rent.trust,
            id=f"self/{name}@{gpus:g}x{gpu.id}:{way}/{rent.seller}:{rent.way}",
            tier="self",
            model=name,
            provider=rent.seller,
            method=way,
            hardware=f"{gpus:g}x{gpu.id}",
            gpus=gpus,
            hours=start + number(work) / gpus,
            notes=tuple(notes),
        )


def _is_for(offer: FineTuning, name: str, model: Model) -> bool:
    """Return whether a price is for a model: by its name, or open weights by their size."""
    if offer.model is not None:
        return offer.model == name
    if model.weights != "open" or model.params_b is None or offer.usd_per_mtok_training is None:
        return False
    size = model.params_b.total
    above = offer.params_b_over is None or size > offer.params_b_over
    return above and (offer.params_b_up_to is None or size <= offer.params_b_up_to)
