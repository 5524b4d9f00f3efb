"""From what a user types to an option: full ids, and any shorter form that is unambiguous."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from tco.catalog.lookup import find_gpu, find_model
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats, precision
from tco.errors import (
    DataError,
    InfeasibleError,
    TcoError,
    UnknownNameError,
    printable,
    unknown_name,
)
from tco.options.bills import Option, TokenOption, best_pairs, lines, usd_of
from tco.options.candidates import option_of, own_setups, unserved
from tco.options.cheapest import answers_at, cheapest, insist, least_trust
from tco.options.curves import TYPICAL_VOLUMES
from tco.options.described import inline_option
from tco.options.machines import DEDICATED, OWN, check_horizon
from tco.options.offers import token_options
from tco.options.provisioned import provisioned_named
from tco.options.question import Question
from tco.options.rents import hosts, with_life
from tco.options.selection import PRECISION_NAMES, PURCHASES, Selection, select
from tco.options.settings import TOKENS
from tco.options.setups import SetUps
from tco.records import dataclass
from tco.units import MTOK, show_number

SELF = re.compile(
    r"^self/(?P<model>[^@/]+)"
    r"(?:@(?:(?P<count>\d+)x)?(?P<gpu>[^:/]+)(?::(?P<precision>[^/]+))?)?"
    r"(?:/(?P<seller>[^:/]+)(?::(?P<purchase>[^/]+))?)?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Some options, cheapest first, and how they came to be chosen.

    Args:
        options: The options; of a self-hosted short form every set-up that could be meant.
        said: Sentences that say so; none when the name was an id.
        names: What each was named, where one name stands for several; their ids when empty.
    """

    options: tuple[Option, ...]
    meant: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def called(self) -> tuple[str, ...]:
        """Return what each option was named."""
        return self.names or tuple(option.id for option in self.options)

    @property
    def best(self) -> Option:
        """Return the option meant, or the cheapest of them."""
        return self.options[0]


def resolve(name: str, inputs: Question, *, at: Floats | None = None) -> Resolved:
    """Return the option that `name` means.

    Args:
        name: What was typed.
        at: Look for the set-ups that are cheapest at one of these volumes, not at today's
            [token/month].

    Raises:
        UnknownNameError: Nothing is called that; the nearest names are given.
        InfeasibleError: A set-up that exists but cannot serve the workload.
    """
    for spec in inputs.request.options:
        if spec.name == name:
            return Resolved(options=(inline_option(inputs, spec),))
    if name.lower().startswith("self/"):
        return _own(name, inputs, at)
    return _tokens(name, inputs)


def month_typed(inputs: Question) -> str:
    """Return the volume that was asked about as it is typed; one to begin with where none was."""
    tokens = float(np.asarray(inputs.settings.value("workload.tokens_per_month")))
    if not inputs.volume_given or tokens <= 0:
        return "--tokens 50B"
    return f"--tokens {f'{tokens:.6g}' if tokens < MTOK else show_number(tokens, 6)}"


def pair_with(name: str, inputs: Question) -> tuple[str, str]:
    """Return two names that can be held against each other, one of them `name`: bought and own.

    An open model is held against itself on the other side, a closed one against an open model of
    the short list.

    Raises:
        TcoError: Nothing is called `name`.
    """
    option = resolve(name, inputs).best
    if option.id.startswith("self/"):
        offers = [o for o in inputs.catalog.prices.offers if o.model == option.model]
        rival = inputs.catalog.assumptions.closed_rival
        return (option.model if offers or rival is None else rival), name
    models = inputs.catalog.models.models
    known = models.get(option.model)
    if known is not None and known.weights == "open":
        return name, f"self/{option.model}"
    sizes = {
        model: models[model].params_b
        for model in inputs.catalog.assumptions.short_list
        if models[model].weights == "open"
    }
    smallest = min((size.total, model) for model, size in sizes.items() if size is not None)
    return name, f"self/{smallest[1]}"


def _everything(inputs: Question) -> Selection:
    """Return a selection that filters nothing but the volume's own limits."""
    request = replace(
        inputs.request,
        models=(),
        providers=(),
        tiers=(),
        licenses=(),
        min_score=None,
        as_good_as=None,
        classes=(),
        success=(),
        private=False,
    )
    return select(inputs.catalog, request)


def _tokens(name: str, inputs: Question) -> Resolved:
    if name.strip().lower() in ("self", "own", "self/"):
        raise DataError("own GPUs are named by the model they serve: self/llama-3.3-70b")
    units = provisioned_named(name, inputs, _everything(inputs))
    if units is not None:
        return Resolved(options=(units,))
    folded, offers = name.lower(), inputs.catalog.offers
    provider, _, model = folded.rpartition("/")
    if folded not in offers:
        try:
            model = find_model(inputs.catalog, model)
        except DataError:
            names = [*offers, *inputs.catalog.models.models]
            raise unknown_name("option", name, names) from None
    found, missing = token_options(inputs, _only(inputs, model))
    if provider:
        found = [o for o in found if o.provider == provider]
        missing = [m for m in missing if m.provider == provider]
    if not found:
        raise _no_offer(name, provider, [m.reasons for m in missing], model, inputs)
    insist(inputs, (option.trust.level for option in found), name)
    if len(found) == 1 and found[0].id == folded:
        return Resolved(options=(found[0],))
    best = _preferred(found, inputs)
    return Resolved(options=(best,), meant=(_meaning(name, best, len(found), inputs),))


def _only(inputs: Question, model: str) -> Selection:
    return replace(_everything(inputs), models=(model,))


def _no_offer(
    name: str, provider: str, reasons: list[tuple[str, ...]], model: str, inputs: Question
) -> TcoError:
    if reasons:
        return InfeasibleError(f"{name}: {reasons[0][0]}")
    offers = [o.id for o in inputs.catalog.prices.offers if o.model == model]
    if provider and offers:
        error = unknown_name("option", name, offers)
        error.command = f"tco catalog list --model {model} has all {len(offers)}"
        return error
    own = f"self/{model}"
    return DataError(f"nobody in the catalog offers {model} by the token; {own} is its own option")


def _preferred(found: list[TokenOption], inputs: Question) -> TokenOption:
    """Return the maker's own offer of a closed model, or the answer among hosts of an open one."""
    providers = inputs.catalog.prices.providers
    own = [o for o in found if o.tier == "api" and providers[o.provider].kind == "first_party"]
    some = own or found
    usd = np.array([_usd(o, inputs) for o in some])
    rank = np.array([o.trust.rank for o in some])
    return some[int(cheapest(usd, rank, least_trust(inputs), [o.id for o in some]))]


def _usd(option: TokenOption, inputs: Question) -> float:
    settings = inputs.settings
    if not inputs.volume_given:
        settings = settings.with_values({"workload.tokens_per_month": 1e9})
    return usd_of(option, settings)


def _meaning(name: str, best: TokenOption, count: int, inputs: Question) -> str:
    if count == 1:
        return f"{name} is {best.id}"
    kind = inputs.catalog.prices.providers[best.provider].kind
    why = "its maker" if best.tier == "api" and kind == "first_party" else "the cheapest"
    return f"{name} is {best.id}, {why} of {count} that offer it"


def _own(name: str, inputs: Question, at: Floats | None) -> Resolved:
    parts = SELF.match(name.strip())
    if parts is None:
        raise DataError(
            f"{name!r} is not a set-up; write self/MODEL@COUNTxGPU:PRECISION/SELLER:PURCHASE, "
            "or as much of it as you like from the left"
        )
    selection = _selection(parts, inputs)
    inputs = with_life(inputs, parts["seller"], parts["purchase"])
    check_horizon([parts["purchase"] or ""], inputs.settings)
    model = next(iter(selection.models))
    if inputs.catalog.models.models[model].weights == "closed":
        raise InfeasibleError(f"{name}: the weights of {model} are closed, only sellers run it")
    own = own_setups(inputs, selection)
    if parts["purchase"]:
        own = _with_purchase(own, parts["purchase"])
    rows = _rows(own, model, inputs, at)
    if not rows:
        reasons = [r for item in unserved(own) for r in item.reasons]
        text = "; ".join(reasons) or "no such set-up is rented by anyone in the catalog"
        raise InfeasibleError(f"{name}: {text}")
    options = tuple(option_of(own, i) for i in rows)
    insist(inputs, (option.trust.level for option in options), name)
    said = () if options[0].id == name else (f"{name} is {options[0].id}{_of(own, model)}",)
    return Resolved(options=options, meant=said)


def _of(own: SetUps, model: str) -> str:
    count = own.pairs_of(model).size
    return f", the best of {count} set-ups" if count > 1 else ""


def _rows(own: SetUps, model: str, inputs: Question, at: Floats | None) -> list[int]:
    """Return the set-ups that are cheapest at the volume, or at one of many volumes [pairs]."""
    settings = inputs.settings
    if at is None:
        now = np.atleast_1d(np.asarray(settings.value("workload.tokens_per_month")))
        at = now if inputs.volume_given else TYPICAL_VOLUMES
    return [int(i) for i in best_pairs(own, settings, model, at, least_trust(inputs))]


def _selection(parts: re.Match[str], inputs: Question) -> Selection:
    base = _everything(inputs)
    catalog = inputs.catalog
    changes: dict[str, object] = {"models": (find_model(catalog, parts["model"]),)}
    if parts["gpu"]:
        changes["gpus"] = (find_gpu(catalog, parts["gpu"]),)
    if parts["count"]:
        changes["gpu_count"] = _count(parts)
    if parts["precision"]:
        if precision(parts["precision"]) is None:
            raise unknown_name("precision", parts["precision"], PRECISION_NAMES)
        changes["precisions"] = (parts["precision"],)
    if parts["seller"]:
        changes |= _of_seller(parts["seller"], bool(parts["purchase"]), base, inputs)
    return replace(base, **changes)  # type: ignore[arg-type]  # keys are fields of Selection


def _count(parts: re.Match[str]) -> int:
    count = int(parts["count"])
    if count < 1:
        told = f"{printable(parts[0])}: a replica has one GPU or more"
        raise UnknownNameError(f"{told}; write self/{parts['model']}@1x{parts['gpu']}")
    return count


def _of_seller(name: str, all_ways: bool, base: Selection, inputs: Question) -> dict[str, object]:
    """Return the part of a selection that lets one seller through.

    Args:
        all_ways: Every purchase option of it, since the id names one of them.
        base: What the request lets through.
    """
    seller, sellers = name.lower(), inputs.catalog.hardware.sellers
    if seller not in (OWN, *hosts(inputs), *sellers):
        raise unknown_name("GPU seller", name, sellers)
    purchases = PURCHASES if all_ways else base.purchases
    if seller not in sellers:
        purchases = (OWN if seller == OWN else DEDICATED,)
    return {"sellers": (seller,), "purchases": purchases}


def _with_purchase(own: SetUps, wanted: str) -> SetUps:
    """Return the set-ups on one purchase option only: its channel, and its box where it is said."""
    known = {name for rent in own.rents for name in (rent.purchase, rent.way)}
    if known and wanted not in known:
        raise unknown_name("purchase option", wanted, known)
    meant = [wanted in (rent.purchase, rent.way) for rent in own.rents]
    kept = np.array([meant[j] for j in own.pair_rent]).astype(bool)
    return replace(own, pair_setup=own.pair_setup[kept], pair_rent=own.pair_rent[kept])


# What an option costs at many volumes at once.


def costs(inputs: Question, name: str, tokens: Floats) -> Floats:
    """Return the bill of an option at each volume [USD/month].

    Args:
        inputs: The question; its own volume is not looked at.
        name: An option. A name that stands for several set-ups costs, at each volume, what the
            answer among them does there.
        tokens: Volumes, in any shape [token/month].
    """
    at = inputs.settings.with_values({TOKENS: tokens})
    found = resolve(name, inputs, at=tokens.ravel()).options
    bills = [np.broadcast_to(total_usd(lines(option, at)), tokens.shape) for option in found]
    usd = np.stack(bills)
    best = np.maximum(answers_at(found, usd, least_trust(inputs)), 0)
    chosen: Floats = np.take_along_axis(usd, best[None], axis=0)[0]
    return chosen
