"""The fleet that serves a model on one's own GPUs, and its bill: GPUs, people, and the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tco.engine.fleet import Duty, FleetPolicy, awake_share, load_served, paid_gpus, replicas_for
from tco.engine.ledger import Line, Origin
from tco.engine.replica import Replica, at_once, in_flight, request_s
from tco.engine.shapes import ROUND_OFF, Number, Workload, lifted
from tco.records import dataclass
from tco.units import HOURS_PER_MONTH, MONTHS_PER_YEAR

# The fleet that serves a model on one's own GPUs, and its bill when it is rented.

TINY = 1e-300
"""In place of no GPU at all, so that nothing over nothing is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The replicas that serve a month; numbers or arrays.

    Args:
        needed: Replicas that the peak needs [1].
        replicas: The same and the redundant ones [1].
        gpus: GPUs of all replicas [1].
        paid_gpus: GPUs of all their machines, in whole instances [1].
        busy_gpus: GPUs that the month's work would keep at capacity; all of them when None [1].
        mean_gpus: GPUs of the replicas that are on, in the average hour; `gpus` when None [1].
        mean_powered_gpus: The same of their machines; `paid_gpus` when None [1].
        mean_billed_gpus: GPUs whose hour is on the invoice, in the average hour; `paid_gpus`
            when None, for those that are paid whether they are on or off [1].
        awake_gpus: GPUs of replicas with something in flight, in the average hour; when None
            worked out of `at_once`, those of all that are on without that [1].
        at_once: Requests that a replica has in flight at its capacity, were none slowed by the
            others, where the work is spread evenly over the replicas that are on [1].
    """

    needed: Number
    replicas: Number
    gpus: Number
    paid_gpus: Number
    busy_gpus: Number | None = None
    mean_gpus: Number | None = None
    mean_powered_gpus: Number | None = None
    mean_billed_gpus: Number | None = None
    awake_gpus: Number | None = None
    at_once: Number | None = None

    @property
    def on_gpus(self) -> Number:
        """Return the GPUs of the replicas that are on, in the average hour [1]."""
        return self.gpus if self.mean_gpus is None else self.mean_gpus

    @property
    def serving_gpus(self) -> Number:
        """Return the GPUs of replicas with something in flight: only bought ones are asked [1]."""
        if self.awake_gpus is not None or self.busy_gpus is None or self.at_once is None:
            return self.on_gpus if self.awake_gpus is None else self.awake_gpus
        used = self.busy_gpus / np.maximum(self.on_gpus, TINY)
        return self.on_gpus * awake_share(used, self.at_once)

    @property
    def powered_gpus(self) -> Number:
        """Return the GPUs of machines that are on, in the average hour [1]."""
        return self.paid_gpus if self.mean_powered_gpus is None else self.mean_powered_gpus

    @property
    def billed_gpus(self) -> Number:
        """Return the GPUs whose hour is on the invoice, in the average hour [1]."""
        return self.paid_gpus if self.mean_billed_gpus is None else self.mean_billed_gpus


def fleet_of(
    replicas: Number, policy: FleetPolicy, gpus_per_replica: Number, instance_gpus: Number
) -> Fleet:
    """Return the fleet around so many needed replicas, on all month."""
    total = policy.kept(replicas)
    gpus = total * gpus_per_replica
    return Fleet(
        needed=replicas, replicas=total, gpus=gpus, paid_gpus=paid_gpus(gpus, instance_gpus)
    )


def fleet_for(
    load: Workload,
    replica: Replica,
    policy: FleetPolicy,
    gpus_per_replica: Number,
    instance_gpus: Number,
    duty: Duty | None = None,
) -> Fleet:
    """Return the fleet that serves `load`, sized at its peak.

    Args:
        policy: How much room to keep.
        gpus_per_replica: GPUs of one replica [1].
        instance_gpus: GPUs of the smallest machine [1].
        duty: When it is on; all month when None.
    """
    busy = busy_gpus(load, replica, gpus_per_replica)
    if duty is not None:
        by_hour = _fleet_by_hour(load, replica, policy, gpus_per_replica, instance_gpus, duty)
        return replace(by_hour, busy_gpus=busy, at_once=at_once(replica))
    peak = load.peak_requests_per_s / replica.requests_per_s
    needed = np.maximum(replicas_for(peak, replica.staffed, policy), _for_sessions(load, replica))
    servers = fleet_of(needed, policy, gpus_per_replica, instance_gpus)
    return replace(servers, busy_gpus=busy, at_once=at_once(replica))


def _for_sessions(load: Workload, replica: Replica) -> Number:
    """Return the replicas that keep the open sessions that were said; 0 where none were [1]."""
    if not np.any(load.open_sessions):
        return 0.0
    each = np.where(np.greater(load.open_sessions, 0.0), replica.sessions, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):  # a replica that keeps none serves none
        return np.ceil(load.open_sessions / each - ROUND_OFF)


def _fleet_by_hour(
    load: Workload,
    replica: Replica,
    policy: FleetPolicy,
    gpus_per_replica: Number,
    instance_gpus: Number,
    duty: Duty,
) -> Fleet:
    """Return a fleet that follows its load: each level of it is served by as many as it needs."""
    levels, lasts = duty.levels(load.peak_to_mean)
    work = np.asarray(load.requests_per_s / replica.requests_per_s, dtype=float)[..., None]
    slots = np.asarray(replica.staffed, dtype=float)[..., None]
    each, per = lifted(policy), np.asarray(gpus_per_replica, dtype=float)[..., None]
    needed = replicas_for(work * levels, slots, each)
    if np.any(load.open_sessions):
        keeping = np.asarray(_for_sessions(load, replica), dtype=float)[..., None]
        needed = np.maximum(needed, np.ceil(keeping * levels / load.peak_to_mean - ROUND_OFF))
    on = fleet_of(needed, each, per, np.asarray(instance_gpus, dtype=float)[..., None])
    requests = np.asarray(load.requests_per_s, dtype=float)[..., None] * levels
    service_s = np.asarray(request_s(replica), dtype=float)[..., None]
    on_share = duty.lifted().on_share(requests, service_s)
    share = lasts * np.maximum(on_share, work * levels / needed)
    most = fleet_of(np.max(needed, axis=-1), policy, gpus_per_replica, instance_gpus)
    machines = (share * on.paid_gpus).sum(axis=-1)
    return replace(
        most,
        mean_gpus=(share * on.gpus).sum(axis=-1),
        mean_powered_gpus=machines,
        mean_billed_gpus=machines,
    )


def busy_gpus(load: Workload, replica: Replica, gpus_per_replica: Number) -> Number:
    """Return the GPUs that the month's work would keep at capacity all the time [1]."""
    return load.requests_per_s / replica.requests_per_s * gpus_per_replica


def tokens_per_load(load: Workload, replica: Replica) -> Number:
    """Return the monthly volume that is one replica's worth of work at the peak [token/month].

    ``requests/s of a replica * seconds of a month * tokens per request / peak to mean``.
    """
    requests = replica.requests_per_s * load.seconds_per_month
    return requests * load.tokens_per_request / load.peak_to_mean


def tokens_served(needed: Number, load: Workload, replica: Replica, policy: FleetPolicy) -> Number:
    """Return the largest monthly volume that `needed` replicas serve at this mix [token/month]."""
    return load_served(needed, replica.staffed, policy) * tokens_per_load(load, replica)


def utilization_of(load: Workload, replica: Replica, fleet: Fleet) -> tuple[Number, Number, Number]:
    """Return how much of what is paid for is used over the month, three ways.

    Mean requests in flight over the slots of the replicas that are on; tokens served over those
    that they could serve; the same over all GPU-hours on the invoice, those of no replica
    included [1].
    """
    on = np.maximum(fleet.replicas * (fleet.on_gpus / fleet.gpus), TINY)
    token_capacity = load.requests_per_s / (on * replica.requests_per_s)
    busy = in_flight(load.requests_per_s / on, replica)
    paid = token_capacity * fleet.on_gpus / np.maximum(fleet.billed_gpus, TINY)
    return busy / replica.slots, token_capacity, paid


def rent_lines(
    fleet: Fleet,
    usd_per_gpu_hour: Number,
    monitoring_share: Number,
    other_share: Number,
    *,
    origin: Origin,
    source: str,
    hours_per_month: Number = HOURS_PER_MONTH,
) -> tuple[Line, ...]:
    """Return the lines of a rented fleet.

    Rent runs for every hour that a GPU is on, whatever the load: it is never multiplied by
    utilization. An always-on fleet is on for all hours of the month.

    Args:
        fleet: The GPUs.
        usd_per_gpu_hour: Rent [USD/GPU-hour].
        monitoring_share: Metrics, logs and alarms, as a share of the rent [1].
        other_share: Control plane, gateways and test machines, as a share of the rent [1].
        origin, source: Who said the rent.
        hours_per_month: Hours of the month [h].
    """
    hours = fleet.billed_gpus * hours_per_month
    rent = rent_line("GPU rent", hours, usd_per_gpu_hour, origin=origin, source=source)
    usd = hours * usd_per_gpu_hour
    return (
        rent,
        share_line("monitoring", usd, "USD of rent", monitoring_share, "rent.monitoring_share"),
        share_line("control plane, test machines", usd, "USD of rent", other_share, OTHER),
    )


def rent_line(
    item: str, gpu_hours: Number, usd_per_gpu_hour: Number, *, origin: Origin, source: str
) -> Line:
    """Return the rent of some hours of GPUs: of a fleet in a month, or of a job."""
    return Line(item, "compute", gpu_hours, "GPU-hour", usd_per_gpu_hour, origin, source)


OTHER = "rent.other_share"


def share_line(item: str, quantity: Number, unit: str, rate: Number, path: str) -> Line:
    """Return a line at an assumed rate, such as a share of another amount."""
    return Line(item, "other", quantity, unit, rate, "assumed", path)


# What a fleet needs besides its GPUs: weights on disks, a load balancer, traffic, permissions.

BYTES_PER_GB = 1e9


def storage_line(replicas: Number, weights_gb: Number, usd_per_gb_month: Number) -> Line:
    """Return the disks that hold the weights, one copy a replica: ``replicas * GB * USD/GB``."""
    path = "service.storage_usd_per_gb_month"
    return share_line("storage of weights", replicas * weights_gb, "GB", usd_per_gb_month, path)


def balancer_line(usd_per_hour: Number, hours_per_month: Number = HOURS_PER_MONTH) -> Line:
    """Return one load balancer before the fleet, every hour of the month."""
    path = "service.balancer_usd_per_h"
    return share_line("load balancer", hours_per_month, "h", usd_per_hour, path)


def traffic_lines(
    load: Workload,
    *,
    bytes_per_input_token: Number,
    bytes_per_output_token: Number,
    balancer_usd_per_gb: Number,
    egress_usd_per_gb: Number,
    origin: Origin,
    source: str,
) -> tuple[Line, ...]:
    """Return what moving requests and answers costs; each is linear in the tokens.

    ``tokens * bytes per token``: both ways through the load balancer, and the answers out of the
    seller's network at the price of the first step of its tariff, so that a tariff that falls with
    the volume is an upper bound of it.

    Args:
        bytes_per_input_token: A request's text over its tokens [byte/token].
        bytes_per_output_token: An answer's text with its framing over its tokens [byte/token].
        balancer_usd_per_gb: What a load balancer takes for what it passes on [USD/GB].
        egress_usd_per_gb: What the seller takes for what leaves its network [USD/GB].
        origin, source: Who said the price of egress.
    """
    out = load.output_tokens * bytes_per_output_token / BYTES_PER_GB
    both = out + load.input_tokens * bytes_per_input_token / BYTES_PER_GB
    bytes_said = "service.bytes_per_output_token"
    rate, path = balancer_usd_per_gb, f"{bytes_said} + service.balancer_usd_per_gb"
    return (
        share_line("load balancer, traffic", both, "GB", rate, path),
        Line("egress", "other", out, "GB", egress_usd_per_gb, origin, f"{bytes_said} + {source}"),
    )


def permission_lines(
    licence_usd_per_month: Number, audit_usd_per_month: Number
) -> tuple[Line, ...]:
    """Return what the right to run it costs: fees of the model's licence, audits and compliance."""
    paths = [f"compliance.{what}_usd_per_month" for what in ("licence", "audit")]
    return (
        _given("licence of the model", licence_usd_per_month, "USD", 1.0, paths[0]),
        _given("audit and compliance", audit_usd_per_month, "USD", 1.0, paths[1]),
    )


def sum_lines(
    usd_per_month: Number, upfront_usd: Number, payment_usd_per_month: Number
) -> tuple[Line, ...]:
    """Return plain sums of self-hosting: one of every month, and capital that is written off.

    Args:
        usd_per_month: A licence, a support contract, a room that is paid for anyway [USD/month].
        upfront_usd: What is spent on the first day and has no resale [USD].
        payment_usd_per_month: What a dollar of it costs a month [1/month].
    """
    return (
        _given("licence, support and the like", usd_per_month, "USD", 1.0, "extra.usd_per_month"),
        _given(
            "capital, written off",
            upfront_usd,
            "USD",
            payment_usd_per_month,
            "extra.upfront_usd",
            spread=True,
        ),
    )


def unit_lines(
    paid_gpus: Number, servers: Number, usd_per_gpu: Number, usd_per_server: Number
) -> tuple[Line, ...]:
    """Return what is paid for each GPU or server of a fleet: a licence, a support contract.

    Args:
        paid_gpus, servers: The fleet [1].
        usd_per_gpu, usd_per_server: Price of one [USD/month].
    """
    by_gpu, by_server = "extra.usd_per_gpu_month", "extra.usd_per_server_month"
    return (
        _given("licence and support, by GPU", paid_gpus, "GPU", usd_per_gpu, by_gpu),
        _given("licence and support, by server", servers, "server", usd_per_server, by_server),
    )


def _given(
    item: str, quantity: Number, unit: str, rate: Number, path: str, *, spread: bool = False
) -> Line:
    return Line(item, "other", quantity, unit, rate, "given", path, spread=spread)


# What the people cost who keep a serving system running.


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who looks after it and what they cost; numbers or arrays.

    Args:
        salary_usd_per_year: One engineer with taxes, benefits and equipment [USD/year].
        api_fte: Engineers that calling someone else's endpoint takes [1].
        floor_fte: Engineers that self-hosting takes at least, however small the fleet [1].
        fixed_fte: Engineers of self-hosting that do not depend on the fleet [1].
        fte_per_gpu: Engineers for each further GPU [1/GPU].
        setup_fte_months: Work of setting self-hosting up and moving to it, once [month].
        horizon_months: Months that this is spread over [month].
        refresh_fte_months_per_year: Work of changing models [month/year].
        evaluation_fte: Engineers who test the quality of answers [1].
    """

    salary_usd_per_year: Number
    api_fte: Number
    floor_fte: Number
    fixed_fte: Number
    fte_per_gpu: Number
    setup_fte_months: Number = 0.0
    horizon_months: Number = 36.0
    refresh_fte_months_per_year: Number = 0.0
    evaluation_fte: Number = 0.0

    @property
    def usd_per_month(self) -> Number:
        """Return what one engineer costs [USD/month]."""
        return self.salary_usd_per_year / MONTHS_PER_YEAR


def selfhost_fte(people: People, gpus: Number) -> Number:
    """Return the engineers a fleet takes, ``max(floor, fixed + per_gpu * gpus)`` [1]."""
    return np.maximum(people.floor_fte, people.fixed_fte + people.fte_per_gpu * gpus)


def project_ftes(people: People) -> tuple[Number, Number, Number]:
    """Return the engineers of set-up and migration, of changes of model, and of evaluation [1]."""
    return (
        people.setup_fte_months / np.asarray(people.horizon_months, dtype=float),
        np.asarray(people.refresh_fte_months_per_year, dtype=float) / MONTHS_PER_YEAR,
        people.evaluation_fte,
    )


def team_usd(people: People, own_gpus: Number, hosted_gpus: Number, by_token: Number) -> Number:
    """Return what the people of a month cost, one team for all that it looks after [USD/month].

    Own GPUs take a team of their own. An endpoint of somebody else, and GPUs that a host runs,
    take a few engineers once. Without either there is nobody. Set-up, model changes and evaluation
    come with GPUs, whoever runs them.

    Args:
        people: Who they are.
        own_gpus: GPUs that the team looks after itself [1].
        hosted_gpus: GPUs that a host runs [1].
        by_token: More than 0 where something is called at somebody else's endpoint [1].
    """
    own, hosted, called = (np.greater(n, 0.0) for n in (own_gpus, hosted_gpus, by_token))
    pay = people.usd_per_month
    usd = np.where(own, pay * selfhost_fte(people, own_gpus), 0.0)
    usd = usd + np.where(hosted | called, pay * people.api_fte, 0.0)
    return usd + np.where(own | hosted, pay * sum(project_ftes(people)), 0.0)


def people_line(
    fte: Number, people: People, origin: Origin, source: str, item: str = "engineers"
) -> Line:
    """Return a line of engineers of a monthly bill."""
    return Line(item, "people", fte, "engineer", people.usd_per_month, origin, source)


def project_lines(people: People) -> tuple[Line, ...]:
    """Return the work that is not operation: set-up and migration, changes of model, evaluation.

    ``months of work / months of the horizon`` engineers for what is done once, without the cost of
    capital; ``months of work a year / 12`` for what comes again.
    """
    setup, refresh, evaluation = project_ftes(people)
    rows = (
        ("set-up and migration", setup, "people.setup_fte_months + horizon.months"),
        ("model refresh", refresh, "people.refresh_fte_months_per_year"),
        ("evaluation", evaluation, "people.evaluation_fte"),
    )
    first, *later = (
        people_line(fte, people, "assumed", f"{path} + people.salary_usd_per_year", item)
        for item, fte, path in rows
    )
    return replace(first, spread=True), *later
