"""What can be left out of every bill, by name, and the assumptions that do so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from tco.errors import unknown_name


class Switch(NamedTuple):
    """One thing that can be left out of every bill.

    Args:
        settings: The assumptions that leave it out, with the values that do.
        items: The lines that it takes off; none where it makes a fleet smaller.
    """

    settings: Mapping[str, float]
    items: tuple[str, ...] = ()


def _off(*paths: str) -> dict[str, float]:
    return dict.fromkeys(paths, 0.0)


_TOKENS = (
    *("input tokens", "cached input tokens", "output tokens", "cache write tokens"),
    "reasoning tokens",
)

SWITCHES: Mapping[str, Switch] = {
    "tokens": Switch(
        _off("price.api_factor", "price.hosted_factor"),
        (
            *(*_TOKENS, *(f"{item}, batch" for item in _TOKENS)),
            *("volume discount", "provisioned units"),
        ),
    ),
    "retries": Switch(_off("workload.retry_share"), ("retries",)),
    "rent": Switch(_off("rent.factor"), ("GPU rent",)),
    "spot": Switch(
        _off("rent.spot_overprovision", "rent.spot_interruptions_per_month"),
        ("spot, over-provisioned", "spot, restarts"),
    ),
    "servers": Switch(_off("own.price_factor"), ("servers, amortized",)),
    "network": Switch(_off("own.network_share"), ("network, amortized",)),
    "installation": Switch(_off("own.installation_share"), ("installation, amortized",)),
    "spares": Switch(_off("own.spares_share"), ("spares, amortized",)),
    "interest": Switch(_off("own.yearly_rate")),
    "resale": Switch(_off("own.residual_share")),
    "chassis": Switch({"own.server_factor": 1.0, "own.host_power_factor": 1.0}),
    "part_load": Switch(
        {"own.idle_power_share": 1.0, "own.light_power_share": 1.0, "own.full_power_share": 1.0}
    ),
    "cooling": Switch({"own.pue": 1.0}),
    "support": Switch(_off("own.support_share_per_year"), ("support",)),
    "insurance": Switch(_off("own.insurance_share_per_year"), ("insurance",)),
    "repairs": Switch(_off("own.failures_per_year"), ("failures and repair",)),
    "power": Switch(
        _off("own.usd_per_kwh"), ("electricity, standing ready", "electricity, at work")
    ),
    "room": Switch(_off("own.colo_usd_per_kw_month"), ("room, without power",)),
    "storage": Switch(_off("service.storage_usd_per_gb_month"), ("storage of weights",)),
    "load_balancer": Switch(
        _off("service.balancer_usd_per_h", "service.balancer_usd_per_gb"),
        ("load balancer", "load balancer, traffic"),
    ),
    "egress": Switch(_off("service.egress_factor"), ("egress",)),
    "monitoring": Switch(_off("rent.monitoring_share", "own.monitoring_share"), ("monitoring",)),
    "control_plane": Switch(_off("rent.other_share"), ("control plane, test machines",)),
    "licence": Switch(_off("compliance.licence_usd_per_month"), ("licence of the model",)),
    "audit": Switch(_off("compliance.audit_usd_per_month"), ("audit and compliance",)),
    "extra": Switch(
        _off(
            *("extra.usd_per_month", "extra.upfront_usd"),
            *("extra.usd_per_gpu_month", "extra.usd_per_server_month"),
        ),
        (
            *("licence, support and the like", "capital, written off"),
            *("licence and support, by GPU", "licence and support, by server"),
        ),
    ),
    "engineers": Switch(
        _off("people.api_fte", "people.floor_fte", "people.fixed_fte", "people.fte_per_gpu"),
        ("engineers", "engineers for own GPUs"),
    ),
    "setup": Switch(_off("people.setup_fte_months"), ("set-up and migration",)),
    "refresh": Switch(_off("people.refresh_fte_months_per_year"), ("model refresh",)),
    "evaluation": Switch(_off("people.evaluation_fte"), ("evaluation",)),
    "cache": Switch(_off("workload.cached_share")),
    "peak": Switch({"workload.peak_to_mean": 1.0}),
    "headroom": Switch({"serving.headroom": 1.0}),
    "bursts": Switch(_off("serving.wait_beta")),
    "redundancy": Switch(_off("serving.redundancy")),
}
"""Each name, and the assumptions behind it."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "people": ("engineers", "setup", "refresh", "evaluation"),
    "idle": ("peak", "headroom", "bursts", "redundancy"),
    "service": ("storage", "load_balancer", "egress", "monitoring", "control_plane"),
    "compliance": ("licence", "audit"),
    "upkeep": ("support", "insurance", "repairs"),
    "extras": ("network", "installation", "spares"),
    "bare": (
        *("cache", "peak", "headroom", "bursts", "redundancy", "engineers"),
        *("storage", "load_balancer", "egress", "monitoring", "control_plane"),
        *("network", "installation", "spares", "support", "insurance", "repairs"),
        *("interest", "resale", "chassis", "part_load", "cooling", "room"),
    ),
}
"""Names for several at once; `bare` is what simple calculators leave out: bought GPUs cost their
price over their life and their rated power every hour."""


def left_out(names: Iterable[str], where: str = "") -> dict[str, float]:
    """Return the assumptions that leave some things out of every bill, with their values.

    Raises:
        UnknownNameError: Nothing in a bill is called that.
    """
    values: dict[str, float] = {}
    for name in names:
        word = name.strip().lower().replace("-", "_").replace(" ", "_")
        if word not in SWITCHES and word not in GROUPS:
            raise unknown_name("line of a bill", name, (*SWITCHES, *GROUPS), where=where)
        for one in GROUPS.get(word, (word,)):
            values |= SWITCHES[one].settings
    return values


def in_effect(names: Iterable[str], value: Callable[[str], object]) -> Iterator[str]:
    """Yield what is left out in fact; of a name that a nearer place takes a part back, the rest.

    Args:
        names: What was asked to be left out.
        value: Returns the value in use of an assumption.
    """
    for name in names:
        word = name.strip().lower().replace("-", "_").replace(" ", "_")
        members = GROUPS.get(word, (word,))
        gone = [m for m in members if all(value(p) == v for p, v in SWITCHES[m].settings.items())]
        yield from [word] if len(gone) == len(members) else gone


BARE = left_out(("bare",))
"""What simple calculators leave out: uneven load, caches, spares, engineers, all but the GPUs, and
of bought ones all but their price over their life and their rated power."""
