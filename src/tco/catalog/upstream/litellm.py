"""litellm's `model_prices_and_context_window.json`: US dollars per token, one key a condition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tco.catalog.files import File
from tco.catalog.upstream.rows import (
    MTOK,
    ListTier,
    PriceList,
    PriceRow,
    day,
    not_a_price,
    number,
    other_money,
    read_json,
)
from tco.errors import DataError

NAMES = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cached_input",
    "cache_creation_input_token_cost": "cache_write",
    "output_cost_per_reasoning_token": "reasoning_output",
    "input_cost_per_audio_token": "audio_input",
}
SERVICES = {
    "batches": "batch",
    "flex": "flex",
    "priority": "priority",
    "fast": "fast",
    "ultrafast": "ultrafast",
    "balanced": None,
    "decisions": None,
}
"""Its names of services, and ours; None where we have none."""
_KEY = re.compile(
    rf"(?P<name>{'|'.join(NAMES)})"
    r"(?:_above_(?P<hours>\d+)hr)?(?:_above_(?P<over>\d+)k_tokens)?"
    rf"(?:_(?P<service>{'|'.join(SERVICES)}))?"
)
_OF_TOKENS = re.compile(r"\w*(_per_\w*tok(en)?s?|token_cost)(_\w+)?")
_OF_SEVERAL = re.compile(r"\w*_per_(\d|thousand|million|[km]_?tok)\w*")
"""Prices of a thousand tokens or a million: litellm reads none, so that they are none of its."""
_OTHER = re.compile(
    r"(input|output)(_dbu)?_cost_per_(image_|video_|audio_|reasoning_)?token"
    r"|(explicit_)?cache_(read|creation)_input_(audio_|image_)?token_cost"
    r"|citation_cost_per_token|input_cost_per_token_cache_hit"
)
"""Prices of tokens that are no text, or that other keys repeat."""
TEXT = ("chat", "completion", "responses", "embedding", "rerank", "moderation", None)
SAMPLE = "sample_spec"  # the first row explains the others
RANGES, OFF_PEAK = "tiered_pricing", "off_peak_pricing"


_At = tuple[str | None, int | None, str | None, str]
"""Service, limit, lifetime, and what else the condition says that these three do not."""


@dataclass(slots=True)
class _ListedPrices:
    """The prices of one entry, as far as they can be read."""

    rates: dict[_At, dict[str, float]] = field(default_factory=dict)
    words: dict[_At, str] = field(default_factory=dict)
    others: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def price_list(file: File, edition: str = "") -> PriceList:
    """Return the rows that price text tokens.

    Raises:
        DataError: The file is not such a map.
    """
    read = read_json(file, 1)
    if not isinstance(read.value, dict):
        raise DataError(f"{file.path}:1: not litellm's map of models to prices")
    found = PriceList(kind="litellm", file=file.path, edition=edition)
    for key, entry in read.value.items():
        if key == SAMPLE or not isinstance(entry, dict):
            continue
        line = read.line(key)
        if foreign := other_money(entry):
            found.wrong.append((line, key, foreign))
            continue
        said = _listed_prices(entry)
        found.wrong.extend((line, key, message) for message in said.wrong)
        for name in said.new:
            found.new.setdefault(name, (line, key, name))
        row = _row(file.path, line, key, entry, said)
        if row is not None:
            found.rows.append(row)
    found.twice.extend((read.line(*path), str(path[0])) for path in read.twice)
    return found.sound()


def _row(
    path: str, line: int, key: str, entry: Mapping[str, Any], listed: _ListedPrices
) -> PriceRow | None:
    base = listed.rates.get(_PLAIN, {})
    if "input" not in base and "output" not in base:
        return None
    tiers = tuple(
        ListTier(
            words=listed.words[at],
            rates=rates,
            service=at[0],
            over=at[1],
            ttl=at[2],
            whole=not at[3],
        )
        for at, rates in listed.rates.items()
        if at != _PLAIN
    )
    return PriceRow(
        file=path,
        line=line,
        provider=str(entry.get("litellm_provider", "")),
        key=key,
        model=key.rpartition("/")[2],
        rates=base,
        batch=listed.rates.get(("batch", None, None, ""), {}),
        tiers=tiers,
        others=listed.others,
        embedding=entry.get("mode") == "embedding",
        retires=day(entry.get("deprecation_date")),
        attested=bool(entry.get("source")),
        text=entry.get("mode") in TEXT,
    )


_PLAIN: _At = (None, None, None, "")


def _listed_prices(entry: Mapping[str, Any]) -> _ListedPrices:
    said = _ListedPrices()
    _keys(said, entry)
    for i, part in enumerate(_parts(entry.get(RANGES))):
        limits = part.get("range")
        over = number(limits[0]) if isinstance(limits, list) and limits else None
        _keys(said, part, over=int(over or 0) or None, words=f"range {i + 1}")
    for i, part in enumerate(_parts(entry.get(OFF_PEAK))):
        _keys(said, part, words=f"off-peak hours {i + 1}" if i else "off-peak hours", whole=False)
    return said


def _parts(value: Any) -> Iterator[Mapping[str, Any]]:
    """Return the prices inside a price: one, or a list of them."""
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, dict):
            yield part


def _keys(
    listed: _ListedPrices,
    entry: Mapping[str, Any],
    *,
    over: int | None = None,
    words: str = "",
    whole: bool = True,
) -> None:
    """Read every price of a mapping; what is under a condition of its own adds to that one's."""
    for key, value in entry.items():
        if not _OF_TOKENS.fullmatch(key) or "_dbu_" in key:
            continue  # units of databricks are no dollars
        rate, found = number(value), _KEY.fullmatch(key)
        if not_a_price(value):
            listed.wrong.append(f"{key} is {str(value)[:40]!r}, which is no price")
        elif _OF_SEVERAL.fullmatch(key):
            listed.new.append(key)
        elif rate is not None and found is not None:
            _one(listed, found, rate, key, over=over, words=words, whole=whole)
        elif rate is not None:
            listed.others[key] = rate * MTOK
            if not _OTHER.match(key):
                listed.new.append(key)


def _one(
    listed: _ListedPrices,
    found: re.Match[str],
    rate: float,
    key: str,
    *,
    over: int | None,
    words: str,
    whole: bool,
) -> None:
    service, hours = found["service"], found["hours"]
    ours = SERVICES.get(service) if service else None
    limit = int(found["over"]) * 1000 if found["over"] else over
    besides = "" if whole and (ours is not None) == bool(service) else f"{words} {service or ''}"
    at = (ours, limit, f"{hours}h" if hours else None, besides)
    name = NAMES[found["name"]]
    condition = key.removeprefix(found["name"]).strip("_")
    listed.words.setdefault(at, " ".join(word for word in (words, condition) if word))
    listed.rates.setdefault(at, {}).setdefault(name, rate * MTOK)
