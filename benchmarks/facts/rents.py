"""Facts of rents laid into `data/hardware.yaml`: windows, new sellers, rows that were wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from facts.blocks import DataFile, Record, Section, flow, pairs, scalar, wrapped
from facts.ledger import Ledger

READ = {
    "datareceipts": date(2026, 11, 9),
    "datareceipts_hyper": date(2026, 11, 9),
    "screener": date(2026, 10, 24),
    "silybench": date(2026, 9, 26),
    "lantern": date(2026, 10, 29),
    "tokenwatt": date(2026, 10, 8),
    "tanod": date(2026, 10, 16),
    "evangelist_runpod": date(2026, 10, 7),
    "evangelist_nebius": date(2026, 10, 7),
    "evangelist_lambda": date(2026, 9, 25),
    "evangelist_coreweave": date(2026, 9, 20),
    "evangelist_crusoe": date(2026, 9, 20),
    "evangelist_hyperstack": date(2026, 8, 26),
    "evangelist_koyeb": date(2026, 8, 17),
    "evangelist_akash": date(2026, 9, 20),
    "evangelist_fal": date(2026, 9, 20),
    "evangelist_qubrid": date(2026, 9, 20),
}
"""The last day of what each source says."""
SELLERS: Mapping[str, Record] = {
    "akash": {"name": "Akash", "kind": "marketplace", "url": "https://akash.network/"},
    "fal": {"name": "fal", "kind": "serverless", "url": "https://fal.ai/"},
    "lium": {"name": "Lium", "kind": "marketplace", "url": "https://lium.io/"},
    "massedcompute": {
        "name": "Massed Compute",
        "kind": "neocloud",
        "url": "https://massedcompute.com/",
    },
    "qubrid": {"name": "Qubrid AI", "kind": "neocloud", "url": "https://www.qubrid.com/"},
}
OPTIONS = {
    "on_demand_secure": ("on_demand", "secure"),
    "on_demand_community": ("on_demand", "community"),
    "on_demand": ("on_demand", None),
    "spot": ("spot", None),
    "reserved_1y": ("reserved_1y", None),
}
BETWEEN: Mapping[tuple[str, str, str], tuple[tuple[date, float], ...]] = {
    ("runpod", "h100-sxm", "on_demand_secure"): (
        (date(2026, 9, 25), 3.49),
        (date(2026, 10, 19), 3.99),
    ),
    ("runpod", "a100-pcie-80gb", "on_demand_secure"): ((date(2026, 10, 7), 1.59),),
}
"""Windows that the notes of a row state before its own day."""
PART = "the floor of floating prices, not what a given amount costs"
MEAN = "a mean over instances and form factors"
NO_FACTOR = "form factor not stated"
PAGE = date(2026, 9, 20)
FRESH = 30  # days
RENTAL = ("seller", "gpu", "option", "channel", "gpus", "instance")
RENT = ("since", "until", "since_is", "checked", "usd_per_gpu_hour", "source", "also", "region")
RENT += ("flag", "only_if_named")


def rental_id(record: Record) -> str:
    """Return what identifies a rental."""
    return "/".join(str(record.get(key)) for key in RENTAL)


def rental_lines(record: Record) -> list[str]:
    """Return a rental as its lines in the file."""
    top = ", ".join(f"{k}: {flow(v)}" for k, v in record.items() if k != "rents")
    lines = wrapped(f"  - {{{top}, rents: [", 5)
    for i, rent in enumerate(record["rents"]):
        last = i + 1 == len(record["rents"])
        said = {key: rent[key] for key in RENT if key in rent}
        lines += wrapped(f"      {flow(said)}{']}' if last else ','}", 7)
    return [line.rstrip() for line in lines]


class Rents:
    """The rentals of the file while they are edited."""

    def __init__(self, section: Section) -> None:
        """Take the section, and all records as data."""
        self.section = section
        self.records = {name: section.record(name) for name in section.ids()}

    def find(self, **wanted: Any) -> list[str]:
        """Return the rentals that have all of some values."""
        return [
            name
            for name, r in self.records.items()
            if all(r.get(key) == value for key, value in wanted.items())
        ]

    def put(self, record: Record, *, instead: str | None = None) -> str:
        """Write a rental, in its seller's place."""
        name = rental_id(record)
        if instead not in (None, name):
            self.records.pop(str(instead))
            self.section.drop(str(instead))
        self.records[name] = record
        near = [i for i in self.section.ids() if _rank(i) <= _rank(name)]
        self.section.put(name, rental_lines(record), after=near[-1] if near else None)
        return name


def _rank(name: str) -> tuple[str, ...]:
    return tuple(name.split("/")[:2])


def lay_in(file: DataFile, facts: Mapping[str, Any], ledger: Ledger) -> None:
    """Lay in corrections, then rows."""
    _sources(file, facts)
    _sellers(file)
    _bridges(file)
    rents = Rents(file.section("rentals"))
    _correct(rents, facts, ledger)
    for row in sorted(facts["rows"], key=lambda r: str(r["date"])):
        called = f"{row['provider']} {row['gpu_id']} x{row['gpus']} {row['option']} {row['date']}"
        why = _left_out(row)
        if why:
            ledger.leave(called, why)
        else:
            _row(rents, row)
            ledger.ship(called)
    _sought(file, rents)
    for row in facts["provisioned_units"]:
        # In `prices.yaml`, by hand: what a unit serves is in another source, and by model.
        ledger.ship(f"{row['provider']} {row['unit']}")


def _sources(file: DataFile, facts: Mapping[str, Any]) -> None:
    """Describe the sources; those that copied a seller's page or interface are its word."""
    section = file.section("sources")
    for name, told in facts["sources"].items():
        head, _, rest = str(told).split(";")[0].split(" (excerpt")[0].partition(", ")
        record = {"title": f"Rents, {head}", "read": READ[name], "where": f"{head}; {rest}"}
        record["kind"] = "survey" if name == "screener" else "vendor"
        if "CC BY 4.0" in str(told):
            record["license"] = "CC BY 4.0"
        if name.startswith("datareceipts"):
            record["family"] = "datareceipts"
        mine = name.replace("_", "-")
        lines = [f"  {mine}:", *pairs(record, 4)]
        section.sort_in(mine, lines)


def _sellers(file: DataFile) -> None:
    section = file.section("sellers")
    for name, record in SELLERS.items():
        line = f"  {name}: {flow_url(record)}"
        section.sort_in(name, [line])


def flow_url(record: Record) -> str:
    """Return a seller in flow style, its address plain as the others are."""
    inner = ", ".join(
        f"{key}: {value if key == 'url' else scalar(value, flow=True)}"
        for key, value in record.items()
    )
    return "{" + inner + "}"


def _left_out(row: Mapping[str, Any]) -> str:
    if row["option"] == "reserved_long":
        return "a reservation whose term is not stated"
    if row["option"] == "dedicated_endpoint":
        return "the deployment of a model, not the rent of a GPU"
    note = str(row.get("note", ""))
    if row["source"] == "screener" and row["provider"] in ("runpod", "lambda"):
        return "a mean over GPUs that are shipped one by one"
    return "another row has this price" if note == "duplicate" else ""


def _seller(row: Mapping[str, Any]) -> str:
    return str(row["provider"]).replace(" ", "")


def _flag(row: Mapping[str, Any]) -> Record:
    """Return what a rent says of itself, and whether it may be chosen without being named."""
    note = str(row.get("note", ""))
    if "floats" in note or note == '"starting at"':
        return {"flag": f"{note.partition(':')[0].strip(chr(34))}: {PART}", "only_if_named": True}
    if "mean of 1 " in note:
        return {"flag": f"{NO_FACTOR}, read as SXM"}
    if "mean of" in note:
        return {"flag": f"{note[: note.index('prices') + 6]}: {MEAN}", "only_if_named": True}
    if "on-demand-equivalent" in note:
        return {"flag": note, "only_if_named": True}
    told = note if note and not note[0].isdigit() else ""
    return {"flag": told} if told else {}


def _row(rents: Rents, row: Mapping[str, Any]) -> None:
    option, channel = OPTIONS[row["option"]]
    wanted = {
        "seller": _seller(row),
        "gpu": row["gpu_id"],
        "option": option,
        "channel": channel,
        "gpus": row["gpus"],
    }
    name = _known(rents, wanted, row.get("instance"))
    if name is None:
        record = {k: v for k, v in wanted.items() if v is not None}
        if row.get("instance"):
            record["instance"] = _instance(row)
        record["rents"] = []
    else:
        record = rents.records[name]
    for day, usd in BETWEEN.get((_seller(row), row["gpu_id"], row["option"]), ()):
        _append(record, _rent(row, day, usd, checked=day))
    _append(record, _rent(row, _since(row), row["usd_per_gpu_hour"]))
    rents.put(record, instead=name)


def _instance(row: Mapping[str, Any]) -> str:
    told = str(row["instance"])
    azure = row["provider"] == "azure" and not told.startswith("Standard_")
    return f"Standard_{told}" if azure else told


def _known(rents: Rents, wanted: Record, instance: str | None) -> str | None:
    """Return the rental that a row is of: of the same instance, or of one that is not named."""
    found = rents.find(**wanted)
    if instance:
        same = [n for n in found if str(rents.records[n].get("instance", "")).endswith(instance)]
        return same[0] if same else None
    plain = [n for n in found if "instance" not in rents.records[n]]
    return (plain or found or [None])[0]


def _since(row: Mapping[str, Any]) -> date:
    return date.fromisoformat(str(row.get("since") or row["date"]))


def _rent(row: Mapping[str, Any], since: date, usd: float, checked: date | None = None) -> Record:
    rent: Record = {"since": since}
    if row.get("since"):
        rent["since_is"] = "effective"
    rent["checked"] = checked or date.fromisoformat(str(row["date"]))
    rent["usd_per_gpu_hour"] = usd
    rent["source"] = str(row["source"]).replace("_", "-")
    if row.get("region"):
        rent["region"] = row["region"]
    return {**rent, **_flag(row)}


def _append(record: Record, rent: Record) -> None:
    """Append a window; one with the price that holds is a later sighting of it."""
    windows = record["rents"]
    open_ones = [w for w in windows if "until" not in w and _same_place(w, rent)]
    last = open_ones[-1] if open_ones else None
    if last is None:
        if all(w["since"] != rent["since"] or w.get("region") != rent.get("region")
               for w in windows):  # fmt: skip
            windows.append(rent)
        return
    if "region" in last:
        rent["region"] = last["region"]
    if last["usd_per_gpu_hour"] == rent["usd_per_gpu_hour"]:
        _seen_again(last, rent)
    elif last["since"] < rent["since"]:
        last["until"] = rent["since"]
        windows.append(rent)


def _same_place(window: Record, rent: Record) -> bool:
    return "region" not in rent or window.get("region") in (None, rent["region"])


def _seen_again(last: Record, rent: Record) -> None:
    last["checked"] = max(last["checked"], rent["checked"])
    others = [*last.get("also", []), rent["source"]]
    others = [name for name in dict.fromkeys(others) if name != last["source"]]
    if others:
        last["also"] = others


BRIDGES = {"h100-nvl": 2, "h200-nvl": 4}
"""GPUs that a bridge joins; beyond, they talk over PCIe 5.0 x16."""


def _bridges(file: DataFile) -> None:
    section = file.section("accelerators")
    for name, joins in BRIDGES.items():
        lines = next(block for known, block in section.blocks if known == name)
        for at, line in enumerate(lines):
            if line.startswith("    link: {kind: nvlink") and "joins" not in line:
                lines[at] = line.replace("}", f", joins: {joins}, beyond_gb_per_s: 64}}")


# --- rows that were wrong ------------------------------------------------------------------------


def _correct(rents: Rents, facts: Mapping[str, Any], ledger: Ledger) -> None:
    for gpu in ("h100-sxm", "b200-sxm"):
        _move_to_eight(rents, "lambda", gpu)
    _coreweave(rents)
    for gpu in ("gb200", "mi355x"):
        for name in rents.find(seller="crusoe", gpu=gpu, option="on_demand"):
            _ended(rents, name, "by contract alone on the seller's page of 2026-09-20")
    for instance in ("Standard_NC80adis_H100_v5", "Standard_NC96ads_A100_v4"):
        for name in rents.find(seller="azure", instance=instance, option="on_demand"):
            _relabelled(rents, name)
    for name in rents.find(seller="hotaisle", gpu="mi300x"):
        record = rents.records[name]
        record["rents"][-1]["flag"] = (
            "not found again by 2026-11-29; some hours are charged in advance (dstack pull 3633)"
        )
        rents.put(record, instead=name)
    for row in facts["corrections_of_shipped_rows"]:
        ledger.ship(f"correction {row['row']}")


def _coreweave(rents: Rents) -> None:
    """File prices of the eight as that, and end what the seller's page does not have any more."""
    for gpu in ("h100-sxm", "a100-sxm-80gb", "h200-sxm", "l40s"):
        ones = {"gpu": gpu, "option": "on_demand", "channel": None, "gpus": 1}
        for name in rents.find(seller="coreweave", **ones):
            rents.put({**rents.records[name], "gpus": 8}, instead=name)
    for name in rents.find(seller="coreweave", channel="classic"):
        _ended(rents, name, "not on the seller's page of 2026-09-20")


def _move_to_eight(rents: Rents, seller: str, gpu: str) -> None:
    """Take a price of the eight from the one GPU that it was filed under."""
    for name in rents.find(seller=seller, gpu=gpu, option="on_demand", channel=None, gpus=1):
        record = rents.records[name]
        wrong = [w for w in record["rents"] if w["source"] == "gpu-tracker"]
        if not wrong:
            continue
        kept = [w for w in record["rents"] if w["source"] != "gpu-tracker"]
        kept[-1].pop("until", None)
        rents.put({**record, "rents": kept}, instead=name)
        rents.put({**record, "gpus": 8, "rents": wrong})


def _ended(rents: Rents, name: str, why: str) -> None:
    record = rents.records[name]
    for window in record["rents"]:
        if "until" not in window:
            window["until"] = PAGE
            told = str(window.get("flag", "")).partition(":")[0]
            window["flag"] = f"{told}; {why}" if told and why not in told else why
    rents.put(record, instead=name)


def _relabelled(rents: Rents, name: str) -> None:
    """Say that a price is that of the cheapest region and not of the one it was filed under."""
    record = rents.records[name]
    for window in record["rents"]:
        if window["source"] == "karpenter-azure":
            window["region"] = "the cheapest of 27"
    rents.put(record, instead=name)


SOUGHT = date(2026, 11, 29)


def _sought(file: DataFile, rents: Rents) -> None:
    """Say of the sources of rents that nobody has stated since that they were looked for.

    It takes the place of the waivers: what is old is told as old, and no source's word is hidden.
    """
    old = {
        w["source"]
        for record in rents.records.values()
        for w in record["rents"]
        if "until" not in w and (SOUGHT - w["checked"]).days > FRESH
    }
    section = file.section("sources")
    for name in section.ids():
        source = dict(section.record(name))
        if name not in old and "stale" not in source.get("waive", []):
            continue
        for key in ("waive", "waive_because", "waive_until"):
            source.pop(key, None)
        note = source.pop("note", None)
        source["sought"] = SOUGHT
        if note:
            source["note"] = note
        section.put(name, [f"  {name}:", *pairs(source, 4)])
