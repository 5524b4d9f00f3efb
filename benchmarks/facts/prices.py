"""Facts of prices laid into `data/prices.yaml`: corrections, retirements, offers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from facts.blocks import DataFile, Record, Section, item_lines, pairs
from facts.ledger import Ledger
from facts.offers import NEW_MODELS, left_out, offered_as, same_model

SEEN = {"litellm 1.110.2": date(2026, 11, 19), "pi-ai 1.6.0": date(2026, 11, 20)}
"""The day that a list says its prices of."""
SOURCE = {"litellm 1.110.2": "litellm-1.110.2", "pi-ai 1.6.0": "pi-ai-1.6.0"}
RATES = ("input", "cached_input", "cache_write", "output")
COVERED = ("together", "fireworks", "cerebras", "groq")
"""Hosts whose list of serverless models pi-ai takes over whole."""
UNLISTED = (
    "Row of litellm 1.110.2 alone; not in the list of pi-ai 1.6.0 of 2026-11-20, so perhaps "
    "dedicated-only or retired."
)
SOURCES: Mapping[str, Record] = {
    "litellm-1.110.2": {
        "title": "litellm 1.110.2, price map of the wheel",
        "read": date(2026, 11, 19),
        "where": "litellm 1.110.2, litellm/model_prices_and_context_window_backup.json",
        "license": "MIT",
        "family": "litellm",
        "note": "Takes over the catalogs of OpenRouter and Vercel by itself.",
    },
    "pi-ai-1.6.0": {
        "title": "pi-ai 1.6.0, an extract of models.dev: current chat models that call tools",
        "read": date(2026, 11, 20),
        "where": "@earendil-works/pi-ai 1.6.0, dist/providers/data",
        "license": "MIT",
        "family": "models-dev",
    },
    "llmgateway-4144": {
        "title": "Azure meters of 2026-09-01 as quoted in pull request 4144 of llmgateway",
        "read": date(2026, 9, 19),
        "url": "https://github.com/theopenco/llmgateway/pull/4144",
        "kind": "vendor",
    },
    "models-dev-4541": {
        "title": "Azure meters of eastus2 as quoted in pull request 4541 of models.dev",
        "read": date(2026, 8, 12),
        "url": "https://github.com/anomalyco/models.dev/pull/4541",
        "kind": "vendor",
    },
    "models-dev-5992": {
        "title": "Microsoft Foundry blog as quoted in pull request 5992 of models.dev",
        "read": date(2026, 9, 1),
        "url": "https://github.com/anomalyco/models.dev/pull/5992",
        "kind": "vendor",
    },
}


def offer_id(record: Record) -> str:
    """Return `PROVIDER/MODEL`."""
    return f"{record['provider']}/{record['model']}"


def offer_lines(record: Record) -> list[str]:
    """Return an offer as its lines in the file."""
    top = {k: v for k, v in record.items() if k not in ("prices", "discount")}
    lines = pairs(top, 4)
    lines[0] = "  - " + lines[0].strip()
    if "discount" in record:
        lines += ["    discount:", *pairs(record["discount"], 6, ("evidence",))]
    if "prices" in record:
        lines.append("    prices:")
        for price in record["prices"]:
            window = pairs({k: v for k, v in price.items() if k not in _LONG}, 8)
            for key in ("modifiers", "evidence"):
                if key in price:
                    window += [f"        {key}:"]
                    window += [line for item in price[key] for line in item_lines(item, 10)]
            window += pairs({k: price[k] for k in ("currency", "note") if k in price}, 8)
            window[0] = "      - " + window[0].strip()
            lines += window
    return lines


_LONG = ("modifiers", "evidence", "currency", "note")


def ordered(record: Record) -> Record:
    """Return an offer with its keys in the order of the file."""
    order = (
        *("provider", "model", "api_name", "context_tokens", "max_output_tokens"),
        *("cache_min_tokens", "requests_per_minute", "tokens_per_minute", "usd_per_1k_searches"),
        *("retires", "snapshots_retire", "gone", "doubt", "url", "note"),
        *("free", "minimum_usd_per_month", "waive", "waive_because", "waive_on", "waive_until"),
        *("discount", "prices"),
    )
    return {key: record[key] for key in order if key in record}


class Prices:
    """The offers of the file while they are edited."""

    def __init__(self, file: DataFile, ledger: Ledger) -> None:
        """Take the file and the ledger that rows are noted in."""
        self.file = file
        self.ledger = ledger
        self.offers: Section = file.section("offers")

    def window(self, name: str, window: Record, *, inherit: bool = True) -> None:
        """Append a window to an offer; the last one ends where it begins."""
        offer = self.offers.record(name)
        prices = offer["prices"]
        last = prices[-1]
        if any(price["since"] == window["since"] for price in prices):
            return  # laid in before
        last["until"] = window["since"]
        prices[-1] = in_order(last)
        whole = {**window, "evidence": [*window["evidence"], *still(last, window)]}
        if inherit and "modifiers" in last and "modifiers" not in window:
            whole["modifiers"] = last["modifiers"]
        prices.append(in_order(whole))
        self.put(name, offer)

    def put(self, name: str, offer: Record) -> None:
        """Write an offer, in its provider's place."""
        lines, ids = offer_lines(ordered(offer)), self.offers.ids()
        same = [i for i in ids if i.partition("/")[0] == name.partition("/")[0]]
        before = [i for i in same if i <= name]
        if same and not before:
            self.offers.first(name, lines, before=same[0])
        else:
            others = [i for i in ids if i.partition("/")[0] < name.partition("/")[0]]
            self.offers.put(name, lines, after=(before or others)[-1])

    def change(self, name: str, **values: Any) -> None:
        """Set keys of an offer; None takes one out."""
        offer = {**self.offers.record(name), **values}
        self.put(name, {k: v for k, v in offer.items() if v is not None})


def still(last: Record, window: Record) -> list[Record]:
    """Return the evidence of a window whose input and output the next one keeps."""
    old, new = last["usd_per_mtok"], window["usd_per_mtok"]
    if any(old.get(key) != new.get(key) for key in ("input", "output")):
        return []
    told = {e.get("key") for e in window["evidence"]}
    return [e for e in last["evidence"] if e.get("key") is None or e["key"] not in told]


def in_order(price: Record) -> Record:
    """Return a window with its keys in the order of the file."""
    first = ("since", "until", "since_is", "checked", "status")
    last = ("usd_per_mtok", "modifiers", "currency", "evidence", "note")
    between = [key for key in price if key not in (*first, *last)]
    return {key: price[key] for key in (*first, *between, *last) if key in price}


def _rates(row: Mapping[str, Any]) -> Record:
    return {k: _plain(row[k]) for k in RATES if row.get(k) is not None and _counts(k, row[k])}


def _counts(key: str, value: float) -> bool:
    return key == "cached_input" or value > 0


def _plain(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


# --- corrections ---------------------------------------------------------------------------------


def correct(book: Prices, facts: Mapping[str, Any]) -> None:
    """Lay in the corrections of shipped offers."""
    by_name = {str(row["offer"]): row for row in facts["corrections"]}
    for name, row in by_name.items():
        if name in _SPECIAL:
            _SPECIAL[name](book, row)
        elif name in book.offers.ids():
            _correct_one(book, name, row)
        else:
            raise KeyError(f"corrections: no way is known to lay in {name}")


def _correct_one(book: Prices, name: str, row: Mapping[str, Any]) -> None:
    _renewed(book, name, row)
    book.ledger.ship(f"correction {name}")


def _renewed(book: Prices, name: str, row: Mapping[str, Any]) -> None:
    """Append a window with the rates that a newer list has, the others carried over."""
    offer = book.offers.record(name)
    last = offer["prices"][-1]
    rates = {**last["usd_per_mtok"], **row["right"]}
    key = next((e["key"] for e in last["evidence"] if e["source"] == "litellm"), None)
    day = SEEN["litellm 1.110.2"]
    evidence = {"source": "litellm-1.110.2", "input": rates["input"], "output": rates["output"]}
    if key:
        evidence["key"] = key
    moved = "since" in row
    note = "Moved between 2026-11-12 and 2026-11-19." if moved else _cached_note(row)
    rates = {k: rates[k] for k in RATES if k in rates}
    window = {"since": day, "checked": day, "usd_per_mtok": rates, "evidence": [evidence]}
    book.window(name, {**window, "note": note})


def _cached_note(row: Mapping[str, Any]) -> str:
    was = row["shipped"].get("cached_input")
    told = f"cached input at {was}" if was is not None else "no cached price"
    return f"litellm had {told} on 2026-11-12."


def _azure_sol(book: Prices, row: Mapping[str, Any]) -> None:
    name, right = str(row["offer"]), row["right"]
    day = SEEN["litellm 1.110.2"]
    long = {"input": right["above_272k"]["input"], "output": right["above_272k"]["output"]}
    rates = {k: right[k] for k in RATES}
    evidence = [
        {"source": "litellm-1.110.2", "input": 4, "output": 20, "key": name},
        {"source": "llmgateway-4144", "input": 4, "output": 20},
        {"source": "models-dev-5992", "input": 4, "output": 20},
    ]
    modifiers = [
        {"when": {"input_tokens_over": 272000}, "usd_per_mtok": long},
        {"when": {"service": "flex"}, "multiply": 0.5},
        {"when": {"service": "priority"}, "multiply": 2},
    ]
    window = {
        "since": date(2026, 9, 1),
        "since_is": "effective",
        "checked": day,
        "usd_per_mtok": rates,
        "modifiers": modifiers,
        "evidence": evidence,
        "note": "A promotion of Azure, at least until 2026-11-30; its end is not stated.",
    }
    book.window(name, window)
    book.change(
        name,
        doubt=None,
        waive=["sources-disagree"],
        waive_because="Of the price until 2026-09-01: settled on the meters of that time.",
        waive_on=date(2026, 11, 29),
        waive_until=date(2027, 1, 31),
    )
    book.ledger.ship(f"correction {name}")


def _azure_luna(book: Prices, row: Mapping[str, Any]) -> None:
    name, right = str(row["offer"]), row["right"]
    rates = {k: right[k] for k in RATES}
    window = {
        "since": date(2026, 8, 12),
        "checked": SEEN["litellm 1.110.2"],
        "usd_per_mtok": rates,
        "modifiers": [
            {
                "when": {"input_tokens_over": 272000},
                "usd_per_mtok": {"input": 0.4, "output": 1.8},
            },
            {"when": {"service": "flex"}, "multiply": 0.5},
            {"when": {"service": "priority"}, "multiply": 2},
        ],
        "evidence": [
            {"source": "litellm-1.110.2", "input": 0.2, "output": 1.2, "key": name},
            {"source": "models-dev-4541", "input": 0.2, "output": 1.2},
            {"source": "azure-meters", "input": 1, "output": 6, "seen": date(2026, 8, 7)},
        ],
        "note": "Long context at the ratio of the window before: 2 times input, 1.5 times output.",
    }
    book.window(name, window)
    book.change(
        name,
        doubt=(
            "Contradicted: threads of 2026-08-02 to 08-12 quote Azure's meters at 1/6 and at "
            "0.20/1.20; nobody has shown the meter since."
        ),
        waive=["sources-disagree"],
        waive_because="The doubt says so; to be looked up at the meter.",
        waive_on=date(2026, 11, 29),
        waive_until=date(2027, 1, 31),
    )
    book.ledger.ship(f"correction {name}")


def _nebius_cached(book: Prices, row: Mapping[str, Any]) -> None:
    for model, cached in row["right"].items():
        one = {"right": {"cached_input": cached}, "shipped": {}}
        _renewed(book, f"nebius/{model}", one)
    book.ledger.ship(str(row["offer"]))


def _azure_flex(book: Prices, row: Mapping[str, Any]) -> None:
    for model, (entry, output) in row["right"].items():
        name = f"azure/{model}"
        last = book.offers.record(name)["prices"][-1]
        rates = last["usd_per_mtok"]
        flex = {"when": {"service": "flex"}, "usd_per_mtok": {"input": entry, "output": output}}
        evidence = {
            "source": "litellm-1.110.2",
            "input": rates["input"],
            "output": rates["output"],
            "key": next((e["key"] for e in last["evidence"] if e.get("key")), name),
        }
        kept = [m for m in last.get("modifiers", []) if m["when"] != {"service": "flex"}]
        day = SEEN["litellm 1.110.2"]
        window = {"since": day, "checked": day, "usd_per_mtok": rates, "evidence": [evidence]}
        book.window(name, {**window, "modifiers": [*kept, flex]})
    book.ledger.ship(str(row["offer"]))


ROUTED = (
    "The headline of the default route: input and output are of different hosts, so that nobody "
    "sells at this pair; it moves weekly."
)
MIXED = ("z-ai/glm-5.3", "moonshotai/kimi-k3")
_OPENROUTER = {
    "deepseek/deepseek-v4.1-flash": "deepseek-v4.1-flash",
    "z-ai/glm-5.3": "glm-5.3",
    "openai/gpt-oss-120b": "gpt-oss-120b",
    "openai/gpt-oss-20b": "gpt-oss-20b",
    "moonshotai/kimi-k3": "kimi-k3",
    "meta-llama/llama-3.3-70b-instruct": "llama-3.3-70b",
    "qwen/qwen3-235b-a22b-2507": "qwen3-235b-2507",
    "deepseek/deepseek-v3.2": "deepseek-v3.2",
}


def _openrouter(book: Prices, row: Mapping[str, Any]) -> None:
    day = SEEN["pi-ai 1.6.0"]
    for key, right in row["right"].items():
        name = f"openrouter/{_OPENROUTER[key]}"
        rates = {"input": right["input"]}
        if right.get("cache_read", right["input"]) < right["input"]:
            rates["cached_input"] = right["cache_read"]
        rates["output"] = right["output"]
        pair = {"input": right["input"], "output": right["output"]}
        evidence = [{"source": "pi-ai-1.6.0", **pair, "key": f"openrouter/{key}"}]
        window = {"since": day, "checked": day, "usd_per_mtok": rates, "evidence": evidence}
        book.window(name, window, inherit=False)
        book.change(name, doubt=ROUTED)
        if key in MIXED:
            book.change(
                name,
                waive=["sellers-far-off", "pair-far-off"],
                waive_because="The doubt says so: the input is that of another host.",
                waive_on=day,
                waive_until=date(2027, 1, 31),
            )
    _still_routed(book)
    book.ledger.ship(str(row["offer"]))


UNCHANGED = {
    "claude-opus-5.5": "anthropic/claude-opus-5.5",
    "gpt-6.1-sol": "openai/gpt-6.1-sol",
    "grok-4.7": "x-ai/grok-4.7",
    "llama-4-maverick": "meta-llama/llama-4-maverick",
    "llama-4-scout": "meta-llama/llama-4-scout",
    "qwen2.5-72b": "qwen/qwen-2.5-72b-instruct",
}
"""Offers of OpenRouter whose price pi-ai 1.6.0 repeats; each was read in the package."""
UNSEEN = ("gemma-2-27b", "phi-4")
"""Offers of OpenRouter that pi-ai, which has models that call tools alone, does not list."""


def _still_routed(book: Prices) -> None:
    for model, key in UNCHANGED.items():
        offer = book.offers.record(f"openrouter/{model}")
        last, rates = offer["prices"][-1], offer["prices"][-1]["usd_per_mtok"]
        said = {"source": "pi-ai-1.6.0", "input": rates["input"], "output": rates["output"]}
        if all(e["source"] != "pi-ai-1.6.0" for e in last["evidence"]):
            last["evidence"].insert(0, {**said, "key": f"openrouter/{key}"})
            last["checked"] = SEEN["pi-ai 1.6.0"]
            book.put(f"openrouter/{model}", offer)
    for model in UNSEEN:
        book.change(
            f"openrouter/{model}",
            waive=["stale"],
            waive_because="No list after 2026-11-09 has it: pi-ai lists models that call tools.",
            waive_on=date(2026, 11, 29),
            waive_until=date(2027, 1, 31),
        )


def _unsettled(book: Prices, row: Mapping[str, Any]) -> None:
    book.ledger.leave(str(row["offer"]), "a correction that no second source settles")


_SPECIAL = {
    "azure/gpt-5.6-sol": _azure_sol,
    "azure/gpt-5.6-luna": _azure_luna,
    "bedrock/nova-{micro,lite,pro,2-lite}": _unsettled,
    "nebius/* (9 offers)": _nebius_cached,
    "azure/gpt-6-astra, gpt-6-luna, gpt-6.1-sol": _azure_flex,
    "openrouter/*": _openrouter,
}


def confirm(book: Prices, facts: Mapping[str, Any]) -> None:
    """Note the prices that a newer list has come round to."""
    for text in facts["confirmed_since"]:
        name, prices = str(text).split(" ")[:2]
        entry, output = (float(p) for p in prices.rstrip(":").split("/"))
        offer = book.offers.record(name)
        last, day = offer["prices"][-1], SEEN["litellm 1.110.2"]
        said = {"source": "litellm-1.110.2", "input": _plain(entry), "output": _plain(output)}
        if all(e["source"] != "litellm-1.110.2" for e in last["evidence"]):
            last["evidence"].insert(0, said)
            last["checked"] = max(last["checked"], day)
            book.put(name, offer)
        book.ledger.ship(f"confirmed {name}")


NEVER = ("deepseek/deepseek-r2", "groq/llama-3.2-8b")
"""Offers of models that never appeared."""


# --- retirements ---------------------------------------------------------------------------------


def retire(book: Prices, facts: Mapping[str, Any]) -> None:
    """Lay in days of retirement; what has none any more has no open price."""
    for name in NEVER:
        if name in book.offers.ids():
            book.offers.drop(name)
    for row in facts["retirements"]:
        name = str(row["offer"])
        if "snapshots" in row["source"]:
            note = (
                "What the alias leads to after its dated snapshots retire is not said (litellm "
                "1.110.2; veqen-pricebook 2026.10.23)."
            )
            day = date.fromisoformat(str(row["retires"]))
            book.change(name, snapshots_retire=day, note=note)
        elif "retires" in row:
            book.change(name, retires=date.fromisoformat(str(row["retires"])[:10]))
        else:
            _gone(book, name, str(row["retired"]))
        book.ledger.ship(f"retirement {name}")


def _gone(book: Prices, name: str, told: str) -> None:
    offer = book.offers.record(name)
    last = offer["prices"][-1]
    dropped = SEEN["litellm 1.110.2"]
    if told[:2] == "20":
        day = date.fromisoformat(told[:10])
        offer["retires"] = day
        offer["gone"] = f"Retired {day} by the deprecation date of litellm 1.110.2{told[10:]}."
        last["until"] = day if day > last["since"] else dropped
    else:
        offer["gone"] = "Retired, day unknown; litellm dropped it between 2026-11-12 and 11-19."
        last["until"] = dropped
    offer["prices"][-1] = in_order(last)
    offer.pop("doubt", None)
    book.put(name, offer)


# --- new offers ----------------------------------------------------------------------------------


def add_offers(book: Prices, facts: Mapping[str, Any]) -> None:
    """Lay in offers of models that are known, and of those in `NEW_MODELS`."""
    merged: dict[str, list[Mapping[str, Any]]] = {}
    for row in [*facts["new_offers_of_known_models"], *facts["new_offers_of_new_models"]]:
        called = f"{row['provider']}/{row['model']}"
        why = left_out(row)
        if why:
            book.ledger.leave(called, why)
            continue
        merged.setdefault(offered_as(row), []).append(row)
    for name, rows in merged.items():
        first, *others = rows
        lists = dict(first["lists"])
        for other in others:
            lists = {**other["lists"], **lists}
        if name in book.offers.ids() and not _laid_in(book, name):
            _witness(book, name, lists, rows)
            continue
        if name not in book.offers.ids():
            book.put(name, _offer(name, lists, rows))
        for row in rows:
            book.ledger.ship(f"offer {row['provider']}/{row['model']}")


def _laid_in(book: Prices, name: str) -> bool:
    offer = book.offers.record(name)
    sources = {e["source"] for p in offer.get("prices", ()) for e in p["evidence"]}
    return bool(offer.get("gone")) or sources <= {*SOURCE.values()}


def _witness(book: Prices, name: str, lists: Mapping[str, Any], rows: list[Any]) -> None:
    """Take a row that names a shipped offer otherwise as one more witness of it."""
    offer = book.offers.record(name)
    last = offer["prices"][-1]
    said = {e["source"] for e in last["evidence"]}
    for title, one in lists.items():
        same = one["input"] == last["usd_per_mtok"].get("input")
        if same and SOURCE[title] not in said and one["output"] == last["usd_per_mtok"]["output"]:
            last["evidence"].append(_evidence(title, one))
            last["checked"] = max(last["checked"], SEEN[title])
    book.put(name, offer)
    for row in rows:
        book.ledger.ship(f"witness of {name}: {row['model']}")


def _evidence(title: str, row: Mapping[str, Any]) -> Record:
    said: Record = {"source": SOURCE[title]}
    said |= {k: _plain(row[k]) for k in ("input", "output") if row.get(k)}
    return {**said, "key": row["key"]} if row.get("key") else said


def _offer(name: str, lists: Mapping[str, Any], rows: list[Any]) -> Record:
    provider, _, model = name.partition("/")
    best = lists.get("litellm 1.110.2") or next(iter(lists.values()))
    key = str(best.get("key", ""))
    evidence = [_evidence(title, row) for title, row in lists.items()]
    days = [SEEN[title] for title in lists]
    window = {
        "since": min(days),
        "checked": max(days),
        "usd_per_mtok": _rates(best),
        "evidence": evidence,
    }
    offer: Record = {"provider": provider, "model": model}
    called = key.split("/", 1)[-1] if key else same_model(rows[0])
    if called and called != model:
        offer["api_name"] = called
    for ours, theirs in (("context_tokens", "context"), ("max_output_tokens", "max_output")):
        if best.get(theirs):
            offer[ours] = best[theirs]
    if best.get("retires"):
        offer["retires"] = date.fromisoformat(str(best["retires"]))
    if provider in COVERED and "pi-ai 1.6.0" not in lists:
        offer["doubt"] = UNLISTED
    if "claude_platform" in key:
        offer["note"] = "The Claude Platform on AWS, at the prices of Anthropic itself."
    entry, output = best["input"], best.get("output") or best["input"]
    if output < entry:
        offer |= {"waive": ["output-below-input"], "waive_because": "As the source states it."}
        offer |= {"waive_on": max(days), "waive_until": date(2027, 2, 28)}
    return {**offer, "prices": [window]}


ASKED: Mapping[str, Record] = {
    "tencent/hy4": {
        "key": "tencent/hy4",
        "input": 0.834,
        "cached_input": 0.042,
        "output": 2.501,
        "context": 262144,
    },
}
"""Rows of litellm 1.110.2 that the facts give as a range only; each was read in the wheel."""


def add_asked_for(book: Prices, facts: Mapping[str, Any]) -> None:
    """Lay in the models that people ask for, and note what became of each."""
    for name, row in ASKED.items():
        lists = {"litellm 1.110.2": row}
        if name in book.offers.ids():
            continue
        book.put(name, _offer(name, lists, [{"model": name.partition("/")[2]}]))
    for told, text in facts["new_models_asked_for"].items():
        name = told.split(" ")[0]
        known = any(i.partition("/")[2].startswith(name) for i in book.offers.ids())
        if known:
            book.ledger.ship(f"asked for: {told}")
        else:
            book.ledger.leave(f"asked for: {told} ({text})", "no list names who sells it")


def add_sources(file: DataFile) -> None:
    """Describe the sources that the facts rest on."""
    section = file.section("sources")
    for name, source in SOURCES.items():
        lines = [f"  {name}:", *pairs(source, 4)]
        section.sort_in(name, lines)


def add_providers(file: DataFile) -> None:
    """Describe the providers that are new."""
    section = file.section("providers")
    for name, record in {p: m for p, m in NEW_PROVIDERS.items() if p not in section.ids()}.items():
        section.sort_in(name, [f"  {name}:", *pairs(record, 4)])


NEW_PROVIDERS: Mapping[str, Record] = {
    "tencent": {
        "name": "Tencent Cloud",
        "kind": "first_party",
        "url": "https://www.tencentcloud.com/document/product/1300/78937",
    },
}

__all__ = ["NEW_MODELS", "Prices", "add_offers", "correct", "retire"]
