"""TCO7xx: models whose figures contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from tco.catalog.check.finding import Hit, Rule
from tco.catalog.check.world import Subject
from tco.catalog.complaints import Loc
from tco.catalog.dimensions import recomputed_params
from tco.catalog.models import Model

TOTAL = 0.02  # norms, biases and vision towers are left out of the sum
ACTIVE = 0.2  # vendors count embeddings and shared experts in their own ways
ROUTED = 0.005  # an exact product

PARAMS_RECOMPUTE = Rule(
    id="TCO701",
    name="params-recompute",
    severity="error",
    title="The weights are those that the dimensions add up to.",
    advice="read the dimensions again in config.json; layers and expert widths are the usual slips",
)
PARAMS_ORDER = Rule(
    id="TCO702",
    name="params-order",
    severity="error",
    title="One token passes through no more weights than there are.",
    advice="look whether `total` and `active` are swapped",
)
RULES = (PARAMS_RECOMPUTE, PARAMS_ORDER)


def hits(subject: Subject) -> Iterator[Hit]:
    """Return models whose figures do not fit together."""
    for loc, model in subject.section("models"):
        yield from _model(loc, model)


def _model(loc: Loc, model: Model) -> Iterator[Hit]:
    params = model.params_b
    if params is None:
        return
    if params.active > params.total:
        message = f"{params.active:g} B of {params.total:g} B weights are active"
        yield Hit(PARAMS_ORDER, (*loc, "params_b"), message)
    architecture = model.architecture
    found = None if architecture is None else recomputed_params(architecture)
    if architecture is None or found is None:
        return
    routed = architecture.experts.routed_params_b if architecture.experts else 0.0
    for key, stated, summed, off in (
        ("total", params.total, found.total_b, TOTAL),
        ("active", params.active, found.active_b, ACTIVE),
        ("routed", routed, found.routed_b, ROUTED),
    ):
        if abs(summed - stated) > off * max(stated, 1e-9):
            message = f"{key} is {stated:g} B, but the dimensions add up to {summed:.4g} B"
            yield Hit(PARAMS_RECOMPUTE, (*loc, "params_b"), message)
