"""The schema of `hardware.yaml`: what a GPU can do, what it draws, what it costs."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from tco.catalog.fields import (
    Count,
    Id,
    NotNegative,
    Positive,
    Record,
    RegionsServed,
    Share,
    Sources,
    Text,
    Url,
    Waivable,
)


class Tflops(Record):
    """Dense peak in TFLOP/s (int8: TOP/s), without structured sparsity; absent means not native."""

    bf16: Positive | None = None
    fp16: Positive | None = None
    fp8: Positive | None = None
    int8: Positive | None = None
    fp4: Positive | None = None


class KernelShare(Record):
    """Share of the dense peak that matrix kernels reach when measured on their own."""

    bf16: Share
    fp8: Share | None = None
    fp4: Share | None = None
    source: Id


class Link(Record):
    """How the GPUs of a node talk to each other."""

    kind: Literal["nvlink", "infinity_fabric", "pcie", "ethernet", "ici", "neuronlink", "none"]
    gb_per_s: Positive | None = None
    """Per GPU, in one direction [GB/s]."""
    joins: Count | None = None
    """GPUs that it joins, where that is fewer than the server has: an NVLink bridge."""
    beyond_gb_per_s: Positive | None = None
    """To the GPUs that it does not join, in one direction [GB/s]."""


class Purchase(Record):
    """Street price of one GPU, or of its share of a server."""

    low: Positive | None = None
    typical: Positive | None = None
    high: Positive | None = None
    server_usd: Positive | None = None
    """A whole server with `node_gpus` of them."""
    seen: Text
    """When, as exact as is known."""
    source: Id
    also: list[Id] = []
    """Other sources that the range rests on."""
    note: Text | None = None


class SkyPilotName(Record):
    """What SkyPilot calls a GPU in `resources.accelerators`."""

    name: Text
    at: dict[Id, Text] = {}
    """Its name with sellers of GPU hours that SkyPilot calls it otherwise with."""
    source: Id


class Accelerator(Waivable):
    """One kind of GPU or other accelerator."""

    name: Text
    aliases: list[Text] = []
    """Other names that people and measurement files use."""
    vendor: Id
    family: Id
    """Architecture, for example `hopper`, `cdna3`, `ada-dc`; kernels of one family behave alike."""
    launch_year: Count
    memory_gib: Positive
    """Memory as sold: "80 GB" of a GPU is 80 GiB."""
    visible_memory_mib: Positive | None = None
    """What the driver shows, where it is known."""
    bandwidth_gb_per_s: Positive
    tflops: Tflops
    kernel_share: KernelShare | None = None
    tdp_w: Positive | None = None
    """Board power; absent where the vendor publishes none."""
    all_in_w: Positive | None = None
    """Power of one GPU with its share of the server, switches and losses inside the rack."""
    link: Link
    node_gpus: Count = 1
    """GPUs of one server, at most."""
    purchase: Purchase | None = None
    skypilot: SkyPilotName | None = None
    """Absent where no name of SkyPilot's catalog means this GPU and no other."""
    sources: list[Id] = Field(min_length=1)
    """Who states memory, bandwidth, peak and power."""
    recalled: list[Text] = []
    """Fields that no stored source states; starred wherever they are printed."""
    notes: Text | None = None


class EgressPrice(Record):
    """What a seller takes for what leaves its network."""

    usd_per_gb: NotNegative
    """The first step of its tariff that is not free."""
    source: Id
    note: Text | None = None


class Seller(Record):
    """A company that rents GPUs."""

    name: Text
    kind: Literal["hyperscaler", "neocloud", "marketplace", "serverless"]
    billing_step_s: Positive | None = None
    """Time that it counts GPUs in, where a source says so: 1 for billing by the second [s]."""
    url: Url | None = None
    egress: EgressPrice | None = None
    """Absent where no charge is known."""
    serves: list[RegionsServed] = []
    """Regions where it has GPUs, for rents of a list that names no region."""


class Rent(Record):
    """The rent of one GPU in `[since, until)`."""

    since: date
    until: date | None = None
    since_is: Literal["effective", "first_seen", "audit"] = "first_seen"
    checked: date
    usd_per_gpu_hour: Positive
    source: Id
    also: list[Id] = []
    """Other sources that said so later, the last of them on the day of `checked`."""
    region: Text | None = None
    flag: Text | None = None
    only_if_named: bool = False
    """Never chosen as the cheapest: suspect, or a part of the bill only; the flag says why."""


class Rental(Record):
    """One seller's offer of one GPU, on one purchase option, in one instance size."""

    seller: Id
    gpu: Id
    option: Literal["on_demand", "spot", "reserved_1y", "reserved_3y"]
    channel: Id | None = None
    """A seller's own sub-offer, such as `community` or `secure`."""
    gpus: Count
    """GPUs of the instance: the smallest number that can be rented."""
    instance: Text | None = None
    vcpus: Count | None = None
    ram_gib: Positive | None = None
    rents: list[Rent] = Field(min_length=1)


class Hardware(Record):
    """The whole of `hardware.yaml`."""

    schema_: Literal[1] = Field(alias="schema")
    version: Text = "unversioned"
    sources: Sources = {}
    kernel_shares: dict[Id, KernelShare] = {}
    """Of GPUs whose own kernels nobody measured, by family; `other` for those of no family here."""
    accelerators: dict[Id, Accelerator] = {}
    sellers: dict[Id, Seller] = {}
    rentals: list[Rental] = []
