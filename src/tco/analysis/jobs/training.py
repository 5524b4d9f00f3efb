"""What tuning a model costs: at a provider by the token, or on rented GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.analysis.jobs.bills import (
    MOST_GPUS,
    Job,
    can_be_had,
    first_of,
    impossible,
    line,
    notes_of,
    paid_back,
)
from tco.analysis.jobs.results import JobRow, TrainResult
from tco.analysis.jobs.runs import (
    GPUS,
    MFU,
    RANK,
    ROOM,
    WAYS,
    GpuRun,
    Way,
    least_gpus,
    run_of,
    unpacked,
    work_hours,
)
from tco.analysis.report import few, volume_notes
from tco.catalog.lookup import find_model, times
from tco.catalog.trust import GIVEN, tuning_trust
from tco.engine.ledger import Line, total_usd
from tco.engine.shapes import Number, number
from tco.engine.training import pays_from, shorter_prompt, whole_gpus
from tco.errors import DataError, InfeasibleError, UsageError
from tco.options.bills import TokenOption, lines, usd_of
from tco.options.cheapest import least_trust
from tco.options.described import check_described
from tco.options.names import resolve
from tco.options.quality import some_of
from tco.options.question import Question
from tco.options.scenario import InlineOption
from tco.options.selection import token_tier
from tco.options.settings import Settings, price_factor, workload
from tco.options.setups import GpuEntry, RentEntry
from tco.units import GB, MTOK, show_number, show_rate, show_share, show_usd

if TYPE_CHECKING:
    from tco.catalog.models import Model
    from tco.catalog.prices import FineTuning, Rates


SAVED = "training.prompt_saved_tokens"
SPEEDS = {"training.gpu_hours": "--gpu-hours", "training.tokens_per_s": "--train-tokens-per-s"}
"""What replaces the speed that the MFU gives, and how it is said."""


def train(
    inputs: Question,
    models: Sequence[str],
    training_tokens: float,
    ways: tuple[Way, ...] = WAYS,
    refresh_months: float | None = None,
    against: str | None = None,
) -> TrainResult:
    """Return what tuning the models costs, cheapest first.

    Args:
        models: The models that could be tuned.
        training_tokens: Tokens of the training set [token].
        ways: How; all of them where nothing was said.
        refresh_months: How often it is done anew; None for once [month].
        against: The option that is used untuned; None for the base of each way.

    Raises:
        UsageError: What was said does not go together.
        UnknownNameError: A model that the catalog does not have.
        InfeasibleError: Nobody tunes any of them; the reasons are named.
    """
    if training_tokens <= 0:
        raise UsageError("--training-tokens must be more than 0")
    names = tuple(dict.fromkeys(find_model(inputs.catalog, name) for name in models))
    _check(inputs, names, ways, against)
    job = _Tuning(inputs, training_tokens, ways, refresh_months, against)
    words = "a run", "trained on"
    found = [one for name in names for one in job.rows(name)]
    answer = job.answer(found, f"tunes {' or '.join(names)}", words, crossed=True, own="training.")
    used = [r for r in answer["rows"] if r.feasible]
    best = next(r for r in used if r.id == answer["best"])
    answer["verdict"] += paid_back(best, job.untuned_name, job.untuned_usd)
    shown = (a for a in answer["assumptions"] if a.path not in _UNSAID or a.value)
    answer["assumptions"] = tuple(shown)
    told = (*_spread(job, used), *unpacked(job, names, ways), *_serving(job, used))
    told += (*_unused(inputs, names, against),)
    answer["warnings"] = (*_few(inputs, training_tokens), *answer["warnings"], *told)
    return TrainResult(
        models=names,
        training_tokens=training_tokens,
        epochs=job.value("training.epochs"),
        refresh_months=refresh_months,
        within_h=job.value("training.within_h"),
        tokens_per_month=job.served,
        against=against,
        untuned_usd_per_month=job.untuned_usd,
        prompt_saved_tokens=job.value(SAVED),
        **answer,
    )


_UNSAID = (*SPEEDS, RANK, SAVED, GPUS)
"""Settings that are none unless given."""


def _check(
    inputs: Question, names: Sequence[str], ways: tuple[Way, ...], against: str | None
) -> None:
    """Raise `UsageError` for what does not go together."""
    value = inputs.settings.value
    told = [flag for path, flag in SPEEDS.items() if value(path)]
    if inputs.settings.given(MFU):
        told.append(MFU)
    if len(told) > 1:
        raise UsageError(f"{' and '.join(told)} both say how fast a run is; keep one")
    if told and told[0] != MFU:
        _check_one_run(inputs, names, ways, told[0])
    if value(RANK) and ways == ("full",):
        raise UsageError(
            "--lora-rank: full fine-tuning has no adapters; leave it out, or --method lora"
        )
    if value(RANK) and inputs.settings.given("training.adapter_share"):
        raise UsageError("--lora-rank and training.adapter_share both size the adapters; keep one")
    flag = "--prompt-saved" if value(SAVED) else "--against" if against else ""
    if flag and not inputs.volume_given:
        raise UsageError(f"{flag} is about the tokens of a month; say how many: --requests 1M")
    if value(SAVED) >= value("workload.isl"):
        raise UsageError(
            f"--prompt-saved: {show_number(number(value(SAVED)))} tokens of an input of "
            f"{show_number(number(value('workload.isl')))}; it must be less, or say --isl"
        )


def _check_one_run(
    inputs: Question, names: Sequence[str], ways: tuple[Way, ...], flag: str
) -> None:
    """Raise `UsageError` where what was measured is of one run and several are asked about."""
    missing = (
        *(["one model"] if len(names) > 1 else []),
        *(["--method"] if len(ways) > 1 else []),
        *(["--gpu"] if len(inputs.request.gpus) != 1 else []),
    )
    if missing:
        raise UsageError(
            f"{flag} is of one run: name {' and '.join(missing)} that it was measured on"
        )


def _few(inputs: Question, training_tokens: float) -> tuple[str, ...]:
    """Return the question whether so little was meant."""
    said = few("training tokens", training_tokens, FEW_TRAINING_TOKENS)
    return (*([said] if said else []), *volume_notes(inputs))


FEW_TRAINING_TOKENS = 1000.0
"""Below this a training set is shorter than one text [token]."""


def _unused(inputs: Question, names: Sequence[str], against: str | None) -> Iterator[str]:
    """Return options of one's own that are neither a price of tuning nor what is used untuned."""
    for spec in inputs.request.options:
        where = f"{spec.source}: {spec.name} has no part in this answer"
        if spec.kind == "tuned":
            if spec.model is not None and find_model(inputs.catalog, spec.model) not in names:
                yield f"{where}: it tunes {spec.model}"
        elif spec.name != against:
            yield f"{where}: --against {spec.name}"


def _serving(job: _Tuning, used: Sequence[JobRow]) -> tuple[str, ...]:
    """Return whose serving is not in these rows: that on own GPUs, and where no price is known."""
    if job.served is None or job.compared:
        return ()
    hosted = [r.id for r in used if r.tier == "hosted" and r.total_usd is None]
    own = "serving on own GPUs is not in these rows: tco compare prices it"
    rest = f"what tokens of {some_of(hosted)} cost more is not known: they rank by the run alone"
    return (*([own] if any(r.tier == "self" for r in used) else []), *([rest] if hosted else []))


def _spread(job: _Tuning, used: Sequence[JobRow]) -> tuple[str, ...]:
    """Return what the cheapest own run costs at the ends of the speed that is taken."""
    inputs, own = job.inputs, [r for r in used if r.tier == "self"]
    best, mfu = first_of(own, least_trust(inputs), lambda r: r.usd_once), inputs.settings[MFU]
    if best is None or mfu.origin == "given" or any(job.value(path) for path in SPEEDS):
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
    there = _Tuning(at, job.training_tokens, job.ways, job.refresh_months, None)
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
        against: str | None,
    ) -> None:
        super().__init__(inputs)
        self.training_tokens = training_tokens
        self.ways, self.refresh_months = ways, refresh_months
        self.selection = replace(self.selection, models=())
        self.trained = training_tokens * self.value("training.epochs")
        volume = self.value("workload.tokens_per_month")
        self.served = volume if inputs.volume_given else None
        self.untuned_name = against
        self.untuned_usd: float | None = None
        if against:
            self.untuned_usd = usd_of(resolve(against, inputs).best, inputs.settings)
        self.compared = bool(against or self.value(SAVED))
        self.shorter = replace(inputs, settings=_shorter(inputs.settings))

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
        elif model.architecture is None:
            reason = "its dimensions are not in the catalog; --model-config gives those of a file"
            yield impossible(f"self/{name}", name, "self", reason)
        else:
            monthly = self._own_serving(name)
            for way in self.ways:
                yield from self._rented(run_of(self, name, model, way, self.trained), monthly)

    def _hosted(self, name: str, model: Model) -> Iterator[JobRow]:
        providers = self.selection.providers
        offers = [
            offer
            for offer in self.inputs.catalog.prices.fine_tuning
            if _is_for(offer, name, model) and (not providers or offer.provider in providers)
        ]
        given = [spec for spec in self.inputs.request.options if self._tunes(spec, name)]
        if not offers and not given:
            yield impossible(f"tuned/{name}", name, "hosted", "nobody's price is in the catalog")
        for offer in offers:
            yield self._at(offer, name)
        for spec in given:
            yield self._described(spec, name)

    def _tunes(self, spec: InlineOption, name: str) -> bool:
        """Return whether an option of one's own is a price of tuning a model."""
        if spec.kind != "tuned":
            return False
        check_described(spec)
        return spec.model is None or find_model(self.inputs.catalog, spec.model) == name

    def _described(self, spec: InlineOption, name: str) -> JobRow:
        """Return what tuning costs at a price of one's own."""
        from tco.catalog.prices import Rates  # a start without such options needs none

        if spec.method not in (None, "any", *self.ways):
            return impossible(spec.name, name, "given", f"{spec.method} only")
        assert spec.training is not None  # or its description was refused
        told = line("training tokens", self.trained / MTOK, "Mtok", spec.training, spec.source)
        run = (replace(told, origin="given"),)
        tuned = None
        if spec.input is not None and spec.output is not None:
            rates = Rates(input=spec.input, output=spec.output, cached_input=spec.cached_input)
            tuned = _called(spec.name, name, "given", rates, spec.source)
        hosting: tuple[Line, ...] = ()
        if spec.hosting_usd_per_month and self.served is not None:
            usd = spec.hosting_usd_per_month
            kept = line("hosting of the tuned model", 1.0, "month", usd, spec.source)
            hosting = (replace(kept, origin="given"),)
        return self._by_token(
            run, tuned, None, hosting, id=spec.name, model=name, provider="given",
            method=spec.method or "any", checked=None, trust=GIVEN, notes=(), source=spec.source,
        )  # fmt: skip

    def _at(self, offer: FineTuning, name: str) -> JobRow:
        made = f"{offer.provider}/{name}:{offer.method}"
        reason = self._why_not(offer)
        if reason or offer.usd_per_mtok_training is None:
            return impossible(made, name, offer.provider, reason or "no price by the token")
        source, model = offer.evidence[0].source, self.inputs.catalog.models.models[name]
        usd = offer.usd_per_mtok_training * self.value(price_factor(token_tier(model)))
        run = (line("training tokens", self.trained / MTOK, "Mtok", usd, source),)
        notes = [offer.note.removesuffix(".")] if offer.note else []
        if offer.retires is not None:
            notes.append(f"tuned models are answered for until {offer.retires}")
        base = self._base(offer, name) if self.served is not None else None
        tuned = None if self.served is None else _tuned(base, offer, name)
        return self._by_token(
            run, tuned, base, (), id=made, model=name, provider=offer.provider,
            method=offer.method, checked=offer.checked, notes=tuple(notes),
            trust=tuning_trust(self.inputs.catalog, offer), source=offer.evidence[-1].source,
        )  # fmt: skip

    def _by_token(
        self,
        run: tuple[Line, ...],
        tuned: TokenOption | None,
        base: TokenOption | None,
        hosting: tuple[Line, ...],
        *,
        source: str,
        notes: tuple[str, ...],
        **fields: Any,
    ) -> JobRow:
        """Return a way that is charged by the token trained on.

        Args:
            run: The training itself.
            tuned, base: What the tuned model, and its base, cost to call; None where not known.
            hosting: What comes every month besides.
            source: Who says what the tuned model costs.
        """
        once = (*run, self._evaluation(run))
        if self.untuned_name is not None and tuned is None:
            reason = "what its tuned model costs to call is not known, nor what it saves"
            return impossible(fields["id"], fields["model"], fields["provider"], reason)
        known = self.served is None or (tuned is not None and (base or self.untuned_name))
        if not known:
            notes = (*notes, "what its tokens cost more than the base's is not known")
        dearer = (*hosting, *self._dearer(tuned, base, source))
        return self.row(
            once,
            (*self._again(once), *dearer),
            tokens=self.trained,
            total_usd_of=self._total(once, dearer) if known else None,
            tier="hosted",
            notes=notes,
            **self._saved(once, dearer),
            **fields,
        )

    def _dearer(
        self, tuned: TokenOption | None, base: TokenOption | None, source: str
    ) -> tuple[Line, ...]:
        """Return what a month of the tuned model costs more than untuned, by lines."""
        if self.served is None:
            return ()
        short = self.shorter.settings
        if self.untuned_name is not None and tuned is not None:
            return self._instead(usd_of(tuned, short), source)
        if base is None:
            return ()
        full = total_usd(lines(base, self.inputs.settings), "tokens")
        usual = total_usd(lines(base, short), "tokens")
        told: tuple[Line, ...] = ()
        if tuned is not None:
            dearer = total_usd(lines(tuned, short), "tokens") - usual
            told = (line("serving surcharge", dearer, "USD", 1.0, source),)
        return (*told, *self._less(full - usual))

    def _instead(self, usd: Number, source: str) -> tuple[Line, ...]:
        """Return a month of the tuned model, and that of what it takes the place of."""
        assert self.untuned_usd is not None
        gone = line(
            "untuned, no longer paid", 1.0, "month", -self.untuned_usd, self.untuned_name or ""
        )
        return (line("serving, tuned", 1.0, "month", usd, source), gone)

    def _less(self, usd: Number) -> tuple[Line, ...]:
        """Return what a shorter prompt saves a month, where one was said."""
        if not self.value(SAVED):
            return ()
        return (replace(line("shorter prompt", 1.0, "month", -usd, SAVED), origin="given"),)

    def _own_serving(self, name: str) -> tuple[Line, ...] | str:
        """Return what a month on own GPUs costs more than untuned; why it cannot be had."""
        if not self.compared:
            return ()
        try:
            best = resolve(f"self/{name}", self.shorter).best
            usd = usd_of(best, self.shorter.settings)
            if self.untuned_name is not None:
                return self._instead(usd, best.id)
            base = resolve(f"self/{name}", self.inputs).best
            return self._less(usd_of(base, self.inputs.settings) - usd)
        except (DataError, InfeasibleError) as error:
            return str(error)

    def _saved(self, once: tuple[Line, ...], dearer: tuple[Line, ...]) -> dict[str, Any]:
        """Return what a month saves, and after how many it has paid for the run."""
        if not self.compared or not dearer:
            return {}
        usd, monthly = total_usd(once), total_usd((*self._again(once), *dearer))
        months = number(pays_from(usd, monthly, 0.0))
        requests = number(workload(self.inputs.settings).requests_per_month)
        pays = bool(np.isfinite(months))
        return {
            "saved_usd_per_month": -number(monthly),
            "pays_after_months": months if pays else None,
            "pays_after_requests": months * requests if pays else None,
        }

    def _why_not(self, offer: FineTuning) -> str:
        day, known = self.inputs.day, offer.usd_per_mtok_training
        if day < offer.since:
            return f"no price on {day}: the first known one is of {offer.since}"
        if (offer.until and day >= offer.until) or (offer.retires and day > offer.retires):
            return f"not offered since {offer.until or offer.retires}"
        if known is None:
            usd = show_rate(offer.usd_per_hour_training or 0.0)
            return f"by the hour, {usd}: its hours are not known before"
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

    def _base(self, offer: FineTuning, name: str) -> TokenOption | None:
        """Return the base of a tuned model at its provider; None where it has no price today."""
        try:
            base = resolve(f"{offer.provider}/{name}", self.inputs).best
        except (DataError, InfeasibleError):
            return None
        return base if isinstance(base, TokenOption) else None

    def _rented(self, run: GpuRun, monthly: tuple[Line, ...] | str) -> Iterator[JobRow]:
        """Return the cheapest set-up of each GPU."""
        made = f"self/{run.name}:{run.way}"
        if isinstance(monthly, str) and self.untuned_name is not None:
            yield impossible(made, run.name, "self", f"served: {monthly}", run.way)
            return
        dearer = () if isinstance(monthly, str) else monthly
        notes = (f"its serving is not priced: {monthly}",) if isinstance(monthly, str) else ()
        rows = [one for pair in self.rents() if (one := self._on(run, *pair, dearer, notes))]
        yield from rows
        if not rows:
            reason = (
                "no GPUs that work together and can be rented hold its "
                f"{show_number(number(run.shared) / GB)} GB and finish in time"
            )
            yield impossible(made, run.name, "self", reason, run.way)

    def _on(
        self,
        run: GpuRun,
        gpu: GpuEntry,
        rents: Iterable[RentEntry],
        dearer: tuple[Line, ...],
        notes: tuple[str, ...],
    ) -> JobRow | None:
        """Return a run on a GPU; None where it cannot be had and nobody asked for that GPU."""
        chosen = bool(self.inputs.request.gpus)
        work = work_hours(self, gpu, run, self.trained)
        least, reason = least_gpus(self, run, gpu, work)
        if least > 1 and gpu.shape.pcie and not chosen:
            return None  # weights spread over GPUs that talk through PCIe: slower than `mfu` says
        found = None if reason else self._picked(gpu, rents, least, work)
        if found is None:
            if not reason:
                least = number(whole_gpus(least, gpu.node_gpus, 1))
            why = reason or f"nobody in the catalog rents {least:g} that work together"
            name = f"self/{run.name}@{least:g}x{gpu.id}:{run.way}"
            return impossible(name, run.name, "self", why, run.way) if chosen else None
        rent, gpus, paid = found
        once = (*paid, self._evaluation(paid))
        told = [*notes_of(rent), *notes]
        known = self.served is None or (self.compared and not notes)
        if gpus > gpu.node_gpus:
            told.append(f"{gpus / gpu.node_gpus:g} nodes, taken to be as fast together as alone")
        return self.row(
            once,
            (*self._again(once), *dearer),
            tokens=self.trained,
            total_usd_of=self._total(once, dearer) if known else None,
            checked=rent.checked,
            trust=rent.trust,
            id=f"self/{run.name}@{gpus:g}x{gpu.id}:{run.way}/{rent.seller}:{rent.way}",
            tier="self", model=run.name, provider=rent.seller, method=run.way,
            hardware=f"{gpus:g}x{gpu.id}", gpus=gpus, notes=tuple(told),
            hours=self.value("training.startup_h") + work / gpus,
            memory_per_gpu=run.on(gpus, gpu, self.value(ROOM)),
            **self._saved(once, dearer),
        )  # fmt: skip

    def _picked(
        self, gpu: GpuEntry, rents: Iterable[RentEntry], least: float, work: float
    ) -> tuple[RentEntry, float, tuple[Line, ...]] | None:
        """Return the rent that is the answer for so many GPUs, how many those are, and its bill."""
        count = self.value(GPUS)
        found: list[tuple[RentEntry, float, tuple[Line, ...]]] = []
        for rent in rents:
            gpus = number(whole_gpus(least, gpu.node_gpus, rent.instance_gpus))
            if count and count % rent.instance_gpus == 0:
                gpus = count
            if gpus > MOST_GPUS or not can_be_had(gpus, gpu, rent) or (count and gpus != count):
                continue
            paid = self.rent_lines(rent, training=work, start=self.start_gpu_hours(gpus))
            found.append((rent, gpus, paid))
        if not found:
            return None
        usd = [number(total_usd(paid)) for _, _, paid in found]
        return found[self.best_rent([rent for rent, _, _ in found], usd)]


def _shorter(settings: Settings) -> Settings:
    """Return the settings with the prompt that a tuned model needs."""
    saved = settings.value(SAVED)
    if not np.any(saved):
        return settings
    load = workload(settings)
    isl, cached = shorter_prompt(load.isl, load.cached_share, saved)
    tokens = load.requests_per_month * (isl + load.osl)
    said = {"isl": isl, "cached_share": cached, "tokens_per_month": tokens}
    return settings.with_values({f"workload.{k}": number(v) for k, v in said.items()})


def _tuned(base: TokenOption | None, offer: FineTuning, name: str) -> TokenOption | None:
    """Return the tuned model as what is called; None where its price is not known."""
    rates = offer.inference_usd_per_mtok
    if rates is None and base is not None and offer.inference_multiply is not None:
        rates = times(base.rates, offer.inference_multiply)
    if rates is None:
        return None
    if base is not None:
        return replace(base, rates=rates, modifiers=[])
    return _called(
        f"{offer.provider}/{name}", name, offer.provider, rates, offer.evidence[-1].source
    )


def _called(made: str, model: str, provider: str, rates: Rates, source: str) -> TokenOption:
    """Return a tuned model whose base nobody prices."""
    return TokenOption(
        id=made,
        tier="hosted",
        model=model,
        provider=provider,
        rates=rates,
        modifiers=[],
        origin="given" if provider == "given" else "catalog",
        source=source,
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
