"""What embedding a corpus once, and queries every month, costs: by the token, or on rented GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tco.analysis.jobs.bills import Job, impossible, line, notes_of
from tco.analysis.jobs.results import EmbedResult, JobRow
from tco.analysis.report import FEW_REQUESTS, FEW_TOKENS, few
from tco.catalog.lookup import context_limit
from tco.catalog.trust import offer_trust
from tco.engine.fleet import paid_gpus
from tco.engine.ledger import Line, total_usd
from tco.engine.shapes import Workload, number
from tco.engine.training import WEIGHT_BYTES, embed_flops, gpu_hours, gpus_for_memory, serving_gpus
from tco.errors import UsageError
from tco.options.offers import days_of
from tco.options.prices import token_rates
from tco.options.question import Question
from tco.options.selection import token_tier
from tco.options.settings import price_factor
from tco.options.setups import GpuEntry, RentEntry
from tco.units import MTOK, in_month

if TYPE_CHECKING:
    from tco.catalog.prices import Offer, Price


RENTED = (
    "embedding. training.startup serving.headroom serving.redundancy "
    "workload.peak workload.batch_share workload.hours_per_month"
)
"""What enters the bill of a model on rented GPUs."""


def embed(
    inputs: Question,
    corpus_tokens: float,
    queries: float = 0.0,
    query_tokens: float = 0.0,
    params: float | None = None,
) -> EmbedResult:
    """Return what embedding costs, cheapest over the horizon first.

    Args:
        corpus_tokens: Tokens that are embedded once [token].
        queries: Queries every month [query/month].
        query_tokens: Tokens of a query [token].
        params: Weights of a model to run on rented GPUs; None for none [1].

    Raises:
        UsageError: There is nothing to embed, or queries without a length.
        InfeasibleError: Nobody embeds that; the reasons are named.
    """
    if corpus_tokens <= 0 and queries <= 0:
        raise UsageError("what is embedded? for example --corpus 10B or --queries 5M")
    if queries > 0 and query_tokens <= 0:
        raise UsageError("how long is a query? for example --query-tokens 200")
    hours = number(inputs.settings.value("workload.hours_per_month"))
    queries = in_month(queries, hours)
    job = _Texts(inputs, corpus_tokens, queries, query_tokens, params)
    words = "for the corpus", "of the corpus"
    answer = job.answer(
        [*job.hosted(), *job.rented()],
        "embeds this",
        words,
        crossed=corpus_tokens > 0,
        own="" if params is None else RENTED,
    )
    answer["warnings"] = (*_few(corpus_tokens, queries), *answer["warnings"])
    return EmbedResult(
        corpus_tokens=corpus_tokens,
        queries_per_month=queries,
        query_tokens=query_tokens,
        params=params,
        **answer,
    )


def _few(corpus_tokens: float, queries: float) -> tuple[str, ...]:
    """Return the question whether so little was meant."""
    said = (
        few("tokens of a corpus", corpus_tokens, FEW_TOKENS),
        few("queries a month", queries, FEW_REQUESTS),
    )
    return tuple(text for text in said if text)


class _Texts(Job):
    """Texts to embed, to be priced in every way."""

    def __init__(
        self,
        inputs: Question,
        corpus_tokens: float,
        queries: float,
        query_tokens: float,
        params: float | None,
    ) -> None:
        super().__init__(inputs)
        self.corpus_tokens, self.each_tokens, self.params = corpus_tokens, query_tokens, params
        self.query_tokens = queries * query_tokens

    def _total(self, once: tuple[Line, ...], monthly: tuple[Line, ...]) -> float:
        return number(total_usd(once) + total_usd(monthly) * self.months)

    def hosted(self) -> Iterator[JobRow]:
        """Return the offers of embedding models."""
        models = self.inputs.catalog.models.models
        for offer in self.inputs.catalog.prices.offers:
            model = models[offer.model]
            if model.kind != "embedding" or not self.selection.offer(offer, model):
                continue
            price = days_of(offer, self.inputs)[0][1]
            limit = None if price is None else context_limit(price, offer, model)
            if price is None or price.usd_per_mtok.input is None:
                reason = f"no price on {self.inputs.day} in the catalog"
                yield impossible(offer.id, offer.model, offer.provider, reason)
            elif limit and self.each_tokens > limit:
                reason = f"a query is longer than the {limit:,} tokens that it takes"
                yield impossible(offer.id, offer.model, offer.provider, reason)
            else:
                yield self._at(offer, price)

    def _tier(self, offer: Offer) -> str:
        return token_tier(self.inputs.catalog.models.models[offer.model])

    def _at(self, offer: Offer, price: Price) -> JobRow:
        """Return the row of an offer: the part of the corpus that can wait goes in batches."""
        rates = price.usd_per_mtok
        # Embedding makes no output; a price for it is asked for all the same, and never used.
        whole = rates.model_copy(update={"output": rates.input})
        made = token_rates(
            whole,
            list(price.modifiers),
            isl=max(self.each_tokens, 1.0),
            factor=self.value(price_factor(self._tier(offer))),
        )
        source, waits = price.evidence[0].source, self.value("workload.batch_share")
        plain, batch = (self.corpus_tokens * share / MTOK for share in (1.0 - waits, waits))
        once = (
            line("corpus tokens", plain, "Mtok", made.input, source),
            line("corpus tokens, batch", batch, "Mtok", made.batch_input, source),
        )
        monthly = (line("query tokens", self.query_tokens / MTOK, "Mtok", made.input, source),)
        notes = (f"retires {offer.retires}",) if offer.retires else ()
        if waits and not any(m.when.service == "batch" for m in price.modifiers):
            notes = (*notes, "no batch tier: its usual price")
        return self.row(
            once,
            monthly if self.query_tokens else (),
            tokens=self.corpus_tokens,
            total_usd_of=self._total(once, monthly),
            checked=price.checked,
            trust=offer_trust(self.inputs.catalog, offer, price, self.inputs.day),
            id=offer.id,
            tier="hosted",
            model=offer.model,
            provider=offer.provider,
            notes=notes,
        )

    def rented(self) -> Iterator[JobRow]:
        """Return the cheapest rent of each GPU that holds the model that was described."""
        request = self.inputs.request
        if self.params is None and (request.private or request.tiers == ("self",)):
            yield impossible("self/given", "given", "self", "how large is it? say --params 0.6B")
        if self.params is None or not self.selection.own_gpus:
            return
        found = [self._on(*pair) for pair in self.rents()]
        rows = [one for one in found if one is not None]
        yield from rows
        if not rows:
            yield impossible("self/given", "given", "self", "no single GPU holds its weights")

    def _on(self, gpu: GpuEntry, rents: Iterable[RentEntry]) -> JobRow | None:
        params, shape = self.params or 0.0, gpu.shape
        room = self.value("embedding.memory_share")
        if gpus_for_memory(WEIGHT_BYTES * params, shape.memory_bytes, room) > 1:
            return None
        mfu = self.value("embedding.mfu")
        flops = embed_flops(params, self.corpus_tokens)
        work = number(gpu_hours(flops, shape.flops_16, mfu))
        serving = self._serving(params, number(shape.flops_16) * mfu)
        priced = []
        for rent in rents:
            each = rent.instance_gpus
            start = self.start_gpu_hours(each)
            once = self.rent_lines(rent, corpus=work, start=start) if work else ()
            gpus = number(paid_gpus(serving, each))
            hours = self.value("workload.hours_per_month")
            monthly = self.rent_lines(rent, queries=gpus * hours)
            priced.append((self._total(once, monthly), rent, gpus, once, monthly))
        usd = [one[0] for one in priced]
        best = self.best_rent([one[1] for one in priced], usd)
        total, rent, gpus, once, monthly = priced[best]
        alone = rent.instance_gpus
        return self.row(
            once,
            monthly if gpus else (),
            tokens=self.corpus_tokens,
            total_usd_of=total,
            checked=rent.checked,
            trust=rent.trust,
            id=f"self/given@{gpu.id}/{rent.seller}:{rent.way}",
            tier="self",
            model="given",
            provider=rent.seller,
            hardware=f"{max(gpus, alone):g}x{gpu.id}",
            gpus=max(gpus, float(alone)),
            hours=self.value("training.startup_h") + work / alone if work else None,
            notes=notes_of(rent),
        )

    def _serving(self, params: float, flops_per_s: float) -> float:
        """Return the GPUs that are kept for the queries [GPU]."""
        if not self.query_tokens:
            return 0.0
        load = Workload(
            tokens_per_month=self.query_tokens,
            isl=self.each_tokens,
            osl=0.0,
            peak_to_mean=self.value("workload.peak_to_mean"),
            hours_per_month=self.value("workload.hours_per_month"),
        )
        return number(
            serving_gpus(
                load,
                params,
                flops_per_s,
                self.value("serving.headroom"),
                self.value("serving.redundancy"),
            )
        )
