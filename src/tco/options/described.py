"""Options that the user describes instead of naming."""

from __future__ import annotations

import math
from dataclasses import replace

from tco.catalog.lookup import find_gpu, find_model
from tco.catalog.trust import Trust
from tco.engine.ledger import ProvisionedUnit, Terms
from tco.engine.shapes import Layout, number, precision
from tco.errors import InfeasibleError, UsageError, unknown_name
from tco.options.bills import Option, SelfOption, TokenOption
from tco.options.hours import billing_note
from tco.options.machines import OWN
from tco.options.measurements import known
from tco.options.prices import LIST_PRICE
from tco.options.provisioned import UNKNOWN_MODEL, FixedOption, ProvisionedOption
from tco.options.question import Question
from tco.options.rents import described_gpu, life_months, life_name, machine_gpus
from tco.options.scenario import InlineOption
from tco.options.selection import PRECISION_NAMES
from tco.options.settings import workload
from tco.options.setups import GpuEntry, ModelEntry, SetUp, precisions_of, set_ups, uncut
from tco.options.shapes import gpu_shape, layout_of, model_shape, server_layout
from tco.units import show_number, show_tokens


def inline_option(inputs: Question, spec: InlineOption) -> Option:
    """Return an option that the request describes.

    Raises:
        UsageError: A description that lacks what its kind needs.
        UnknownNameError: A model or GPU that the catalog does not have.
        InfeasibleError: A model that cannot be cut over the GPUs described.
    """
    check_described(spec)
    _refuse_known(inputs, spec)
    made = _described(inputs, spec)
    if spec.kind == "seat":
        return made  # a second try takes no second seat
    return replace(made, tries=inputs.tries(made.model, made.id))


def _described(inputs: Question, spec: InlineOption) -> Option:
    if spec.kind == "fixed":
        return _fixed(inputs, spec)
    if spec.kind in ("self", "own"):
        return _own(inputs, spec)
    if spec.kind == "provisioned":
        return _provisioned(inputs, spec)
    if spec.kind == "seat":
        return _seats(inputs, spec)
    if spec.kind == "tuned":
        raise UsageError(
            f"{spec.source}: {spec.name!r} is a price of tuning, for tco train alone; leave it out"
        )
    return _tokens(inputs, spec)


def _refuse_known(inputs: Question, spec: InlineOption) -> None:
    """Raise `UsageError` for a name that an offer of the catalog has: one id, one option."""
    if spec.name in inputs.catalog.offers:
        raise UsageError(
            f"{spec.source}: {spec.name!r} is an offer of the catalog; give yours another name"
        )


def _model(inputs: Question, spec: InlineOption) -> str:
    """Return the model that a description names; a mark that says so when it names none."""
    return find_model(inputs.catalog, spec.model) if spec.model else UNKNOWN_MODEL


_ABOVE_0 = (
    "input",
    "output",
    "reasoning_output",
    "gpus",
    "instance_gpus",
    "output_tokens_per_s",
    "tokens_per_s",
    "tokens_per_month",
    "minimum_units",
    "increment_units",
    "gpu_usd",
    "server_usd",
    "watts",
    "training",
    "users",
)
_FROM_0 = (
    *("cached_input", "cache_write", "usd_per_gpu_hour", "usd_per_month", "commit_usd_per_month"),
    *("usd_per_unit_hour", "output_weight", "hosting_usd_per_month", "usd_per_user"),
)


def check_described(spec: InlineOption) -> None:
    """Raise `UsageError` for a figure outside the range in which it means anything."""
    for name in (*_ABOVE_0, *_FROM_0, "batch_discount", "cached_weight"):
        value = getattr(spec, name)
        allowed, words = value is None or value >= 0, "0 or more"
        if name in _ABOVE_0:
            allowed, words = value is None or value > 0, "more than 0"
        if name == "cached_weight":
            allowed, words = value is None or 0 <= value <= 1, "a share from 0 to 1"
        if name == "batch_discount":
            allowed, words = value is None or 0 <= value < 1, "a share from 0 to below 1"
        if not allowed or value == math.inf:
            raise UsageError(f"{spec.source}: {spec.name!r}: {name} is {value:g}, must be {words}")
    _check_above(spec)
    if spec.kind == "tuned":
        both = {"input": spec.input, "output": spec.output}
        called = both if any(v is not None for v in both.values()) else {}
        _need(spec, training=spec.training, **called)
    if spec.precision and precision(spec.precision) is None:
        raise unknown_name("precision", spec.precision, PRECISION_NAMES, where=f"{spec.source}: ")


def _check_above(spec: InlineOption) -> None:
    """Raise `UsageError` for a context tier that begins at 0 or costs nothing."""
    for limit, prices in spec.above:
        for name, value in prices.items():
            if not limit or (not value and name in ("multiply", *_ABOVE_0)):
                raise UsageError(
                    f"{spec.source}: {spec.name!r}: above {limit:,} tokens {name} is {value:g}; "
                    "both must be more than 0"
                )


def _need(spec: InlineOption, **values: object) -> None:
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise UsageError(
            f"{spec.source}: {spec.name!r} of kind {spec.kind} needs {' and '.join(missing)}"
        )


def _fixed(inputs: Question, spec: InlineOption) -> FixedOption:
    _need(spec, usd_per_month=spec.usd_per_month)
    assert spec.usd_per_month is not None
    return FixedOption(
        id=spec.name,
        usd_per_month=spec.usd_per_month,
        tokens_per_month=spec.tokens_per_month,
        model=_model(inputs, spec),
        source=spec.source,
        notes=() if spec.tokens_per_month else ("no capacity given: cost does not grow",),
    )


def _seats(inputs: Question, spec: InlineOption) -> FixedOption:
    """Return a flat plan by the seat: of stated users, else of those that the volume comes from.

    Raises:
        InfeasibleError: A user takes more tokens than the plan allows.
    """
    _need(spec, usd_per_user=spec.usd_per_user)
    assert spec.usd_per_user is not None
    load, users = workload(inputs.settings), spec.users or inputs.request.people
    profile = inputs.catalog.workloads.profiles[inputs.profile]
    requests = profile.requests_per_user_per_month
    each = (requests or 0.0) * number(load.tokens_per_request)
    if users and inputs.volume_given:
        each = number(load.tokens_per_month) / users
    elif not (requests or users):
        raise UsageError(
            f"{spec.source}: {spec.name!r} needs users: the profile {inputs.profile} does not say "
            "how many requests one makes; write users=50"
        )
    limit, use = spec.tokens_per_month, f"{show_tokens(each)} tokens a month"
    if limit is not None and each > limit:
        raise InfeasibleError(
            f"{spec.source}: {spec.name!r}: a user takes {use}, its plan allows "
            f"{show_tokens(limit)}"
        )
    fair = "what fair use allows is not known" if limit is None else f"{show_tokens(limit)} allowed"
    sure = "limit unknown" if limit is None else "you gave it"
    who = f"{show_number(users)} users" if users else f"users by the profile, {requests:g} requests"
    told = f"a flat plan by the seat, no token and no engineer is billed: {who}, {use} each; {fair}"
    return FixedOption(
        id=spec.name,
        usd_per_month=spec.usd_per_user,
        tokens_per_month=None if users else each,
        count=users or 1.0,
        unit="seat",
        tier="api",
        model=_model(inputs, spec),
        source=spec.source,
        notes=(told,),
        trust=Trust("high", (sure,)),
    )


def _provisioned(inputs: Question, spec: InlineOption) -> ProvisionedOption:
    needs = {"unit_price": spec.usd_per_unit_hour, "tokens_per_s": spec.tokens_per_s}
    _need(spec, **needs, output_weight=spec.output_weight)
    assert spec.usd_per_unit_hour is not None
    assert spec.tokens_per_s is not None
    assert spec.output_weight is not None
    model = _model(inputs, spec)
    known = inputs.catalog.models.models.get(model)
    no_credit = spec.cached_weight is None
    return ProvisionedOption(
        id=spec.name,
        tier="hosted" if known is not None and known.weights == "open" else "api",
        model=model,
        provider="given",
        unit=ProvisionedUnit(
            tokens_per_s=spec.tokens_per_s,
            output_weight=spec.output_weight,
            cached_weight=1.0 if spec.cached_weight is None else spec.cached_weight,
            minimum_units=float(spec.minimum_units or 1),
            increment_units=float(spec.increment_units or 1),
        ),
        usd_per_unit_hour=spec.usd_per_unit_hour,
        origin="given",
        source=spec.source,
        notes=("no credit given for cached input",) if no_credit else (),
    )


def _tokens(inputs: Question, spec: InlineOption) -> TokenOption:
    from tco.catalog.prices import Modifier, Rates, When  # a start without such options needs none

    _need(spec, input=spec.input, output=spec.output)
    modifiers = []
    if spec.batch_discount is not None:
        off = 1.0 - spec.batch_discount
        modifiers = [Modifier(when=When(service="batch"), multiply=off)]
    for limit, prices in spec.above:
        when = When(input_tokens_over=limit)
        if "multiply" in prices:
            modifiers.append(Modifier(when=when, multiply=prices["multiply"]))
        else:
            modifiers.append(Modifier(when=when, usd_per_mtok=Rates(**prices)))
    rates = Rates(
        input=spec.input,
        output=spec.output,
        cached_input=spec.cached_input,
        cache_write=spec.cache_write,
        reasoning_output=spec.reasoning_output,
    )
    caching = None
    if inputs.gaps is not None:
        from tco.options.sessions import caching_of

        caching = caching_of(inputs.settings, inputs.gaps, rates, modifiers, LIST_PRICE)
    return TokenOption(
        id=spec.name,
        tier="api" if spec.kind == "api" else "hosted",
        model=_model(inputs, spec),
        provider="given",
        rates=rates,
        caching=caching,
        modifiers=modifiers,
        terms=_terms(spec),
        origin="given",
        source=spec.source,
    )


def _terms(spec: InlineOption) -> Terms | None:
    """Return the contract that was described; None when there is none."""
    if not spec.tiers and spec.commit_usd_per_month is None:
        return None
    limits, discounts = [limit for limit, _ in spec.tiers], [off for _, off in spec.tiers]
    if sorted(set(limits)) != limits or any(limit <= 0 for limit in limits):
        raise UsageError(f"{spec.source}: {spec.name!r}: tiers go from low to high volumes")
    return Terms(
        limits=tuple(limits),
        discounts=tuple(discounts),
        cliff=spec.cliff,
        commit_usd_per_month=spec.commit_usd_per_month or 0.0,
    )


def _own(inputs: Question, spec: InlineOption) -> SelfOption:
    _need(spec, gpus=spec.gpus)
    bought = described_gpu(inputs, spec) if spec.kind == "own" else None
    if bought is None:
        _need(spec, usd_per_gpu_hour=spec.usd_per_gpu_hour)
    assert spec.gpus is not None
    sized = None if _is_measured(spec) else _sized(inputs, spec)
    gpu = spec.gpu or "gpu"
    width = _precision(inputs, spec, *sized) if sized else spec.precision or "given"
    layout = _layout(inputs, spec, width, *sized) if sized else None
    near = _near(inputs, spec, width, *sized) if sized else None
    option = SelfOption(
        id=spec.name,
        model=sized[0].id if sized else _model(inputs, spec),
        gpu=sized[1].id if sized else gpu,
        gpus=spec.gpus,
        precision=width,
        seller="given" if bought is None else OWN,
        purchase="given" if bought is None else life_name(life_months(inputs)),
        shape=sized[0].shape if sized else None,
        gpu_shape=sized[1].shape if sized else None,
        layout=layout,
        profile=inputs.serving,
        instance_gpus=machine_gpus(inputs, spec),
        band=near.band if near else (1.0, 1.0),
        speed_factors=near.factors if near else (),
        evidence=near.evidence if near else "",
        origin="given",
        source=spec.source,
        usd_per_gpu_hour=spec.usd_per_gpu_hour,
        owned=bought,
        output_tokens_per_s=spec.output_tokens_per_s,
        tokens_per_s=spec.tokens_per_s,
        hours=inputs.hours,
    )
    note = billing_note(option, inputs.hours)
    return replace(option, notes=(note,)) if note else option


def _is_measured(spec: InlineOption) -> bool:
    """Return whether what a replica sustains is said, in one of two ways."""
    known = [one for one in (spec.output_tokens_per_s, spec.tokens_per_s) if one is not None]
    if len(known) > 1:
        raise UsageError(
            f"{spec.source}: {spec.name!r}: give output_tokens_per_s or tokens_per_s, not both"
        )
    return bool(known)


def _sized(inputs: Question, spec: InlineOption) -> tuple[ModelEntry, GpuEntry]:
    _need(spec, model=spec.model, gpu=spec.gpu)
    name = find_model(inputs.catalog, spec.model or "")
    gpu_id = find_gpu(inputs.catalog, spec.gpu or "")
    model, gpu = inputs.catalog.models.models[name], inputs.catalog.hardware.accelerators[gpu_id]
    shape, machine = model_shape(model), gpu_shape(inputs.catalog.hardware, gpu)
    if shape is None or machine is None:
        lacking = name if shape is None else gpu_id
        raise UsageError(
            f"{spec.source}: the catalog lacks the figures to size {lacking}; "
            f"say output_tokens_per_s of a replica"
        )
    return (
        ModelEntry(id=name, shape=shape, native=model.native_precision or "bf16"),
        GpuEntry(id=gpu_id, shape=machine, node_gpus=gpu.node_gpus),
    )


def _precision(inputs: Question, spec: InlineOption, model: ModelEntry, gpu: GpuEntry) -> str:
    """Return the precision that was said, else the smallest that catalog set-ups are tried at."""
    usual = precisions_of(model, gpu.shape) or (model.native,)
    return spec.precision or (inputs.request.precisions[:1] or usual)[-1]


def _layout(
    inputs: Question, spec: InlineOption, width: str, model: ModelEntry, gpu: GpuEntry
) -> Layout:
    assert spec.gpus is not None
    server = server_layout(inputs.settings, inputs.serving)
    why = uncut(model.shape, gpu.node_gpus, spec.gpus, server)
    if why is not None:
        raise InfeasibleError(
            f"{spec.source}: {model.id} cannot be cut over {spec.gpus}x{gpu.id}: {why}"
        )
    return layout_of(model.shape, spec.gpus, gpu, width, server)


def _near(
    inputs: Question, spec: InlineOption, width: str, model: ModelEntry, gpu: GpuEntry
) -> SetUp:
    """Return the set-up described, with what measurements say of it."""
    assert spec.gpus is not None
    measured = known(inputs.catalog, [model.shape], [gpu.id])
    one = replace(model, precisions=(width,))
    return set_ups(inputs, [one], [gpu], (spec.gpus,), measured).row(0)
